// SPDX-License-Identifier: Apache-2.0
#include "applet/core/log_spool.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"

namespace rescue::applet {

std::uint64_t LogSpool::add(base::WallTime time, std::string_view type, std::string_view actor, std::string_view data) {
  std::string json = fmt::format(R"({{"seq":{},"time":"{}","type":{},"actor":{},"data":{}}})", next_seq_,
                                 base::to_rfc3339(time), base::json_quote(type), base::json_quote(actor), data);
  if (bytes_ + json.size() > kSpoolBytes) {
    ++lost_;
    return 0;
  }
  bytes_ += json.size();
  events_.push_back({next_seq_, std::move(json)});
  return next_seq_++;
}

std::optional<std::string> LogSpool::next_batch(base::SteadyTime now) {
  if (under_way_ || events_.empty() || (not_before_ && now < *not_before_)) return std::nullopt;
  std::string body = R"({"events":[)";
  std::size_t count = 0;
  for (const auto& event : events_) {
    if (count == kBatchEvents || (count > 0 && body.size() + event.json.size() > kBatchBytes)) break;
    if (count++ > 0) body += ',';
    body += event.json;
  }
  body += "]}";
  under_way_ = true;
  return body;
}

void LogSpool::accepted(std::uint64_t through) {
  under_way_ = false;
  failures_ = 0;
  not_before_.reset();
  while (!events_.empty() && events_.front().seq <= through) {
    bytes_ -= events_.front().json.size();
    events_.pop_front();
  }
}

void LogSpool::failed(base::SteadyTime now) {
  under_way_ = false;
  // Doubling, at most kLongestRetry, a random half of it so that the applets of a site do not come back together.
  const auto longest = std::min<base::Duration>(kLongestRetry, base::Duration(kFirstRetry) * (1 << std::min(failures_, 6U)));
  const auto half = static_cast<std::uint64_t>(longest.count() / 2);
  not_before_ = now + base::Duration(half + random_->below(half + 1));
  ++failures_;
}

std::optional<base::SteadyTime> LogSpool::next_deadline() const {
  if (under_way_ || events_.empty()) return std::nullopt;
  return not_before_;
}

}  // namespace rescue::applet
