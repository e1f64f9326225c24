// SPDX-License-Identifier: Apache-2.0
#include "wire/frame.hpp"

#include "base/assert.hpp"

namespace rescue::wire {
namespace {
constexpr std::size_t kLengthSize = 4;
}

base::Bytes make_frame(base::ByteView message, std::size_t max) {
  RESCUE_ASSERT(!message.empty() && message.size() <= max);
  base::ByteWriter w;
  w.u32(static_cast<std::uint32_t>(message.size()));
  w.bytes(message);
  return std::move(w).take();
}

std::size_t FrameReader::wanted() const { return length_ ? *length_ - buffer_.size() : kLengthSize - buffer_.size(); }

base::Result<void> FrameReader::put(base::ByteView bytes) {
  RESCUE_ASSERT(bytes.size() <= wanted());
  base::append(buffer_, bytes);
  if (length_ || buffer_.size() < kLengthSize) return {};
  const std::size_t length = *base::ByteReader(buffer_).u32();
  if (length == 0) return base::fail(base::Errc::bad_format, "frame of length zero");
  if (length > max_)
    return base::fail(base::Errc::too_large, fmt::format("frame of {} bytes, at most {} are allowed", length, max_));
  length_ = length;
  buffer_.clear();
  buffer_.reserve(length);
  return {};
}

std::optional<base::Bytes> FrameReader::take() {
  if (!length_ || buffer_.size() != *length_) return std::nullopt;
  length_.reset();
  return std::exchange(buffer_, {});
}

}  // namespace rescue::wire
