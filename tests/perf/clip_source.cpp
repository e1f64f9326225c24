// SPDX-License-Identifier: Apache-2.0
#include "perf/clip_source.hpp"

#include <algorithm>

namespace rescue::perf {

using std::chrono::microseconds;

base::Result<ClipSource> ClipSource::open(const std::string& path, microseconds until) {
  RESCUE_TRY(auto reader, XcpReader::open(path));
  return ClipSource(std::move(reader), until);
}

base::Result<ClipSource::Step> ClipSource::step(microseconds limit) {
  RESCUE_TRY(const auto next, reader_.peek());
  if (next.kind == XcpReader::Kind::end || next.t >= until_) {
    if (std::min(next.t, until_) > limit) return Step::later;
    now_ = std::min(next.t, until_);
    return Step::end;
  }
  if (next.t > limit) return Step::later;
  RESCUE_TRY(const auto record, reader_.next());
  now_ = record.t;
  if (record.kind == XcpReader::Kind::frame) {
    damage_.add(record.damage);
    ++pictures_;
    return Step::picture;
  }
  if (record.kind == XcpReader::Kind::cursor_move) cursor_ = record.position;
  if (on_cursor) RESCUE_CHECK(on_cursor(record));
  return Step::cursor;
}

base::Result<bool> ClipSource::next_picture() {
  for (;;) {
    RESCUE_TRY(const Step s, step(microseconds::max()));
    if (s != Step::cursor) return s == Step::picture;
  }
}

base::Result<bool> ClipSource::advance_to(microseconds t) {
  for (;;) {
    RESCUE_TRY(const Step s, step(t));
    if (s == Step::later || s == Step::end) return s == Step::later;
  }
}

base::Result<microseconds> ClipSource::upcoming() {
  for (;;) {
    RESCUE_TRY(const auto next, reader_.peek());
    if (next.kind == XcpReader::Kind::end || next.t >= until_) return std::min(next.t, until_);
    if (next.kind == XcpReader::Kind::frame) return next.t;
    RESCUE_TRY(const Step s, step(next.t));
    if (s == Step::end) return now_;
  }
}

}  // namespace rescue::perf
