// SPDX-License-Identifier: Apache-2.0
// Reads the codec "context". Layout in scodec(7).
#pragma once

#include "screen/impl/packet.hpp"
#include "screen/impl/packet_body.hpp"
#include "screen/impl/video_decoder.hpp"

namespace rescue::screen {

class ContextDecoder {
 public:
  /// The packet's header was judged in full, its order too. What changed, or an error after which only a keyframe makes
  /// sense. The caller compares the canvas check.
  [[nodiscard]] base::Result<Damage> apply(const PacketHeader& h, base::ByteView body);
  [[nodiscard]] const Canvas& canvas() const { return shared_.canvas; }
  [[nodiscard]] Damage inexact() const;

 private:
  SharedState shared_;
  VideoDecoder video_;
  bool complete_ = true;
  std::uint8_t version_ = 0;  // of the last packet
};

}  // namespace rescue::screen
