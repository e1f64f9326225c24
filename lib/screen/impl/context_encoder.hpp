// SPDX-License-Identifier: Apache-2.0
// Writes the codec "context". See Encoder for the contract.
#pragma once

#include "screen/impl/motion.hpp"
#include "screen/impl/tile_chooser.hpp"
#include "screen/impl/video_encoder.hpp"

namespace rescue::screen {

class ContextEncoder {
 public:
  /// Which kernels are used changes nothing in the packets.
  explicit ContextEncoder(const Kernels& kernels = best_kernels()) { shared_.kernels = &kernels; }
  [[nodiscard]] base::Result<std::optional<Packet>> encode(const FrameView& frame, const EncodeRequest& request);
  [[nodiscard]] bool pending() const { return pending_; }
  [[nodiscard]] bool inexact() const { return !must_reset_ && !shared_.exact(); }

 private:
  base::Result<> reset(Size size);
  std::size_t find_dirty(const FrameView& frame, const Damage* damage, Fidelity fidelity);
  bool find_rest(const EncodeRequest& request);
  void begin_picture(const FrameView& frame, std::size_t dirty_tiles, Fidelity fidelity, bool keyframe);
  void choose(const FrameView& frame, const EncodeRequest& request, bool continues);
  [[nodiscard]] FrameView make_target(const FrameView& frame, Fidelity fidelity);
  void remember_cached(const FrameView& frame);

  SharedState shared_;
  SourceTwin twin_;
  VideoEncoder video_;
  TileFinder finder_;
  MotionFinder motion_;
  PacketSequence sequence_;
  bool must_reset_ = true;
  std::uint8_t version_ = kContextVersion;
  bool begun_ = false;              // a picture is in work: it ends when the next one begins
  std::vector<std::uint8_t> left_;  // tiles that the last packet left out
  bool pending_ = false;

  // Of the frame in hand.
  std::vector<std::uint8_t> dirty_;
  std::vector<std::uint64_t> keys_;
  std::vector<std::uint8_t> searched_;  // for moves
  std::vector<std::uint8_t> at_rest_;
  base::Bytes section_;  // of video
  Frame target_;         // what coded tiles are to show, where that is not the frame

  std::vector<base::Duration> changed_at_;  // by tile
};

}  // namespace rescue::screen
