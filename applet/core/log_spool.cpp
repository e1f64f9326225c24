// SPDX-License-Identifier: Apache-2.0
#include "applet/core/log_spool.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.hpp"

namespace rescue::applet {

std::string LogSpool::event_json(std::uint64_t seq, base::WallTime time, std::string_view type, std::string_view actor,
                                 std::string_view data) const {
  return fmt::format(R"({{"seq":{},"time":"{}","type":{},"actor":{},"data":{}}})", seq, base::to_rfc3339(time),
                     base::json_quote(type), base::json_quote(actor), data);
}

std::uint64_t LogSpool::add(base::WallTime time, std::string_view type, std::string_view actor, std::string_view data) {
  std::string json = event_json(next_seq_, time, type, actor, data);
  if (bytes_ + json.size() > kSpoolBytes || next_seq_ > kEventsMax) {
    ++lost_;
    return 0;
  }
  bytes_ += json.size();
  events_.push_back({next_seq_, std::move(json), time, std::string(type), false});
  return next_seq_++;
}

std::optional<std::string> LogSpool::next_batch(base::SteadyTime now) {
  if (under_way_ > 0 || events_.empty() || (not_before_ && now < *not_before_)) return std::nullopt;
  std::string body = R"({"events":[)";
  for (const auto& event : events_) {
    if (under_way_ == batch_limit_ || (under_way_ > 0 && body.size() + event.json.size() > kBatchBytes)) break;
    if (under_way_++ > 0) body += ',';
    body += event.json;
  }
  body += "]}";
  return body;
}

void LogSpool::accepted(std::uint64_t through) {
  under_way_ = 0;
  failures_ = 0;
  batch_limit_ = std::min(kBatchEvents, batch_limit_ * 2);
  not_before_.reset();
  while (!events_.empty() && events_.front().seq <= through) {
    bytes_ -= events_.front().json.size();
    events_.pop_front();
  }
}

void LogSpool::failed(base::SteadyTime now) {
  under_way_ = 0;
  // Doubling, at most kLongestRetry, a random half of it so that the applets of a site do not come back together.
  const auto longest =
      std::min<base::Duration>(kLongestRetry, base::Duration(kFirstRetry) * (1 << std::min(failures_, 6U)));
  const auto half = static_cast<std::uint64_t>(longest.count() / 2);
  not_before_ = now + base::Duration(half + random_->below(half + 1));
  ++failures_;
}

bool LogSpool::refused(base::SteadyTime now) {
  if (under_way_ > 1) {
    batch_limit_ = under_way_ / 2;
    under_way_ = 0;
    return false;
  }
  auto& bad = events_.front();
  if (bad.replaced) {  // not even that: the site is not itself
    failed(now);
    return false;
  }
  under_way_ = 0;
  bytes_ -= bad.json.size();
  bad.json =
      event_json(bad.seq, bad.time, "alert", "applet",
                 fmt::format(R"({{"reason":{}}})", base::json_quote("the site refused an event of type " + bad.type)));
  bad.replaced = true;
  bytes_ += bad.json.size();
  return true;
}

std::vector<std::string> LogSpool::unsent() const {
  std::vector<std::string> out;
  for (const auto& event : events_) out.push_back(event.json);
  return out;
}

void LogSpool::restore(std::uint64_t next_seq, const std::vector<std::string>& unsent, base::WallTime now) {
  next_seq_ = next_seq;
  auto seq = next_seq - unsent.size();
  for (const auto& json : unsent) {
    bytes_ += json.size();
    events_.push_back({seq++, json, now, "of before the restart", false});
  }
}

std::optional<base::SteadyTime> LogSpool::next_deadline() const {
  if (under_way_ > 0 || events_.empty()) return std::nullopt;
  return not_before_;
}

}  // namespace rescue::applet
