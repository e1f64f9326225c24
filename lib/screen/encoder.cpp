// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/context_encoder.hpp"

namespace rescue::screen {

struct Encoder::State {
  ContextEncoder context;
};

Encoder::Encoder() : state_(std::make_unique<State>()) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder& Encoder::operator=(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

base::Result<std::optional<Packet>> Encoder::encode(const FrameView& frame, const EncodeRequest& request) {
  return state_->context.encode(frame, request);
}
bool Encoder::pending() const { return state_->context.pending(); }
bool Encoder::inexact() const { return state_->context.inexact(); }

}  // namespace rescue::screen
