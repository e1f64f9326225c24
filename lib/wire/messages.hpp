// SPDX-License-Identifier: Apache-2.0
// The only door through which received FlatBuffers of the hand-off, gateway and token schemas enter: structure is
// verified with bounded depth and table count, then required sizes and caps (limits.hpp). The returned pointer lives as
// long as `b`.
#pragma once

#include "base/bytes.hpp"
#include "wire/gateway_generated.h"
#include "wire/handoff_generated.h"
#include "wire/tokens_generated.h"

namespace rescue::wire {

/// Hand-off message, at most kMaxHandoffMessage.
[[nodiscard]] base::Result<const handoff::Handoff*> read_handoff(base::ByteView b);
/// Gateway message, at most kMaxGatewayMessage.
[[nodiscard]] base::Result<const gateway::GatewayMessage*> read_gateway_message(base::ByteView b);
/// Payload of a signed envelope, after its signature was checked.
[[nodiscard]] base::Result<const tokens::TokenEnvelope*> read_token(base::ByteView b);

/// A FlatBuffers byte vector as a view; null is empty.
[[nodiscard]] inline base::ByteView view(const flatbuffers::Vector<std::uint8_t>* v) {
  return v == nullptr ? base::ByteView{} : base::ByteView(v->data(), v->size());
}
/// A FlatBuffers string as text; null is empty.
[[nodiscard]] inline std::string_view text(const flatbuffers::String* s) {
  return s == nullptr ? std::string_view{} : std::string_view(s->c_str(), s->size());
}
/// A finished builder's bytes.
[[nodiscard]] inline base::Bytes finished_bytes(const flatbuffers::FlatBufferBuilder& b) {
  return {b.GetBufferPointer(), b.GetBufferPointer() + b.GetSize()};
}

}  // namespace rescue::wire
