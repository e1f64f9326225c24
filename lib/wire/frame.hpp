// SPDX-License-Identifier: Apache-2.0
// Framing on byte streams: u32 big-endian length, then that many bytes. Used by the hand-off (man rescue-protocol(7)).
#pragma once

#include <optional>

#include "base/bytes.hpp"

namespace rescue::wire {

/// One frame ready to send. Precondition (our bug otherwise): message.size() <= max.
[[nodiscard]] base::Bytes make_frame(base::ByteView message, std::size_t max);

/// Takes bytes as they come and yields whole frames. A length above `max` or of zero is too_large/bad_format for good:
/// the peer must be dropped. Holds at most 4 + max bytes.
class FrameReader {
 public:
  explicit FrameReader(std::size_t max) : max_(max) {}
  /// How many bytes to read next and no more: what the present frame still lacks. This keeps a reader from taking bytes
  /// that belong to whatever follows the framed part of the stream.
  [[nodiscard]] std::size_t wanted() const;
  /// Appends at most wanted() bytes (more is our bug).
  base::Result<void> put(base::ByteView bytes);
  /// The finished frame's payload, once.
  std::optional<base::Bytes> take();

 private:
  std::size_t max_;
  base::Bytes buffer_;
  std::optional<std::size_t> length_;
};

}  // namespace rescue::wire
