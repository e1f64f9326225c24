// SPDX-License-Identifier: Apache-2.0
// Writes the codec "context". See Encoder for the contract.
#pragma once

#include "screen/impl/motion.hpp"
#include "screen/impl/tile_chooser.hpp"

namespace rescue::screen {

class ContextEncoder {
 public:
  /// Which kernels are used changes nothing in the packets.
  explicit ContextEncoder(const Kernels& kernels = best_kernels()) { shared_.kernels = &kernels; }
  [[nodiscard]] base::Result<std::optional<Packet>> encode(const FrameView& frame, const EncodeRequest& request);
  [[nodiscard]] bool pending() const { return pending_; }

 private:
  base::Result<> reset(Size size);
  std::size_t find_dirty(const FrameView& frame, const Damage* damage);
  void begin_picture(const FrameView& frame, std::size_t dirty_tiles, bool keyframe);
  void remember_cached();

  SharedState shared_;
  TileFinder finder_;
  MotionFinder motion_;
  PacketSequence sequence_;
  bool must_reset_ = true;
  bool begun_ = false;              // a picture is in work: it ends when the next one begins
  std::vector<std::uint8_t> left_;  // tiles that the last packet left out
  bool pending_ = false;

  // Of the frame in hand.
  std::vector<std::uint8_t> dirty_;
  std::vector<std::uint64_t> keys_;
};

}  // namespace rescue::screen
