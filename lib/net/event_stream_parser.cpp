// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include "net/event_stream_client.hpp"

namespace rescue::net {

base::Result<std::vector<ServerEvent>> EventStreamParser::feed(std::string_view bytes) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  std::vector<ServerEvent> out;
  pending_ += bytes;
  if (!started_) {
    if (pending_.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(pending_)) return out;
    if (pending_.starts_with(kByteOrderMark)) pending_.erase(0, kByteOrderMark.size());
    started_ = true;
  }
  std::size_t at = 0;
  while (at < pending_.size()) {
    if (std::exchange(skip_lf_, false) && pending_[at] == '\n') {
      ++at;
      continue;
    }
    const auto end = pending_.find_first_of("\r\n", at);
    if (end == std::string::npos) break;
    skip_lf_ = pending_[end] == '\r';
    line(std::string_view(pending_).substr(at, end - at), out);
    at = end + 1;
    if (data_.size() > kEventCap) return base::fail(base::Errc::too_large, "event of an event stream");
  }
  pending_.erase(0, at);
  if (pending_.size() > kEventCap) return base::fail(base::Errc::too_large, "line of an event stream");
  return out;
}

void EventStreamParser::line(std::string_view text, std::vector<ServerEvent>& out) {
  if (text.empty()) {
    last_id_ = id_;
    if (has_data_) {
      data_.pop_back();  // the last newline is not data
      out.emplace_back(id_, type_, std::move(data_));
    }
    data_.clear();
    type_.clear();
    has_data_ = false;
    return;
  }
  const auto colon = text.find(':');
  if (colon == 0) return;  // a comment
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    (data_ += value) += '\n';
    has_data_ = true;
  } else if (field == "event") {
    type_ = value;
  } else if (field == "id") {
    if (value.find('\0') == std::string_view::npos) id_ = value;
  } else if (field == "retry") {
    unsigned ms = 0;
    const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), ms);
    if (ec == std::errc() && end == value.data() + value.size()) retry_ = std::chrono::milliseconds(ms);
  }
}

}  // namespace rescue::net
