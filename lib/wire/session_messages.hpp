// SPDX-License-Identifier: Apache-2.0
// Reading and writing of session messages: verified, capped, on the right channel from the right end, or refused.
#pragma once

#include "base/bytes.hpp"
#include "wire/channel.hpp"
#include "wire/messages.hpp"
#include "wire/session_generated.h"

namespace rescue::wire {

/// Bits of Hello.capabilities.
enum class Capability : std::uint64_t {
  screen_tiles_1 = 1u << 0,  // screen codec of lib/screen, version 1
  cursor_shape = 1u << 1,
  input_keycodes = 1u << 2,
};

/// Which end sent a message.
enum class End : std::uint8_t { applet, console };

/// Verifies `b` (FlatBuffers verifier, identifier, depth and table caps), then every string and vector against
/// session_limits.hpp, enums against their range, UTF-8, and that this message may come from `sender` on `channel`.
/// The pointer lives as long as `b`, whose storage must be aligned as `new` aligns. Errors: bad_format, too_large; the
/// peer that sent it is to be dropped.
[[nodiscard]] base::Result<const session::SessionMessage*> read_session_message(base::ByteView b, Channel channel,
                                                                                End sender);
/// The same without knowing channel and sender: for dumps, recordings and tests.
[[nodiscard]] base::Result<const session::SessionMessage*> verify_and_check(base::ByteView b);

/// The channel a message belongs to; one row of the message table.
[[nodiscard]] Channel channel_of(session::Message type);
[[nodiscard]] bool may_send(End sender, session::Message type);

/// Finishes a message: `return finish(fbb, session::CreateChatDirect(fbb, now_us, text));`
template <typename T>
[[nodiscard]] base::Bytes finish(flatbuffers::FlatBufferBuilder& fbb, flatbuffers::Offset<T> body) {
  fbb.Finish(session::CreateSessionMessage(fbb, session::MessageTraits<T>::enum_value, body.Union()),
             session::SessionMessageIdentifier());
  return finished_bytes(fbb);
}

}  // namespace rescue::wire
