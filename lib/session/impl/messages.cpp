// SPDX-License-Identifier: Apache-2.0
#include "session/impl/messages.hpp"

#include "base/utf8.hpp"

namespace rescue::session::messages {
namespace {
using Builder = flatbuffers::FlatBufferBuilder;

std::int64_t micros(base::WallTime t) { return t.time_since_epoch().count(); }

auto text(Builder& b, std::string_view s) { return b.CreateString(s.data(), s.size()); }
auto vector(Builder& b, base::ByteView v) { return b.CreateVector(v.data(), v.size()); }

/// For messages without strings and vectors: Create(builder, fields…).
template <auto Create, typename... Fields>
Bytes plain(Fields... fields) {
  Builder b(128);
  const auto body = Create(b, fields...);
  return wire::finish(b, body);
}
}  // namespace

std::string fit_text(std::string_view s, std::size_t max) {
  auto out = base::to_valid_utf8(s);
  if (out.size() <= max) return out;
  std::size_t n = max;
  while (n > 0 && (static_cast<unsigned char>(out[n]) & 0xc0u) == 0x80u) --n;
  out.resize(n);
  return out;
}

Bytes hello(std::string_view software, std::uint64_t capabilities) {
  Builder b(128);
  const auto name = text(b, software);
  return wire::finish(b, msg::CreateHello(b, 1, name, capabilities));
}
Bytes permission_ask(Permission p) { return plain<msg::CreatePermissionAsk>(static_cast<std::uint8_t>(p)); }
Bytes permission_state(Permission p, msg::ConsentState state, base::ByteView receipt) {
  Builder b(128 + receipt.size());
  const auto signed_answer =
      receipt.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>() : vector(b, receipt);
  return wire::finish(b, msg::CreatePermissionState(b, static_cast<std::uint8_t>(p), state, signed_answer));
}
Bytes display_list(const std::vector<DisplayInfo>& displays) {
  Builder b(512);
  std::vector<flatbuffers::Offset<msg::Display>> list;
  for (const auto& d : displays) {
    const auto name = text(b, d.name);
    list.push_back(msg::CreateDisplay(b, d.id, d.x, d.y, d.width, d.height, d.scale_percent, d.primary, name));
  }
  const auto vec = b.CreateVector(list);
  return wire::finish(b, msg::CreateDisplayList(b, vec));
}
Bytes view_start(std::uint32_t display, std::uint8_t fps, msg::Fidelity fidelity) {
  return plain<msg::CreateViewStart>(display, fps, fidelity);
}
Bytes view_stop() { return plain<msg::CreateViewStop>(); }
Bytes view_state(bool active, std::uint32_t display, msg::StopReason reason) {
  return plain<msg::CreateViewState>(active, display, reason);
}
Bytes screen_ack(std::uint32_t sequence) { return plain<msg::CreateScreenAck>(sequence); }
Bytes keyframe_request(std::uint32_t display) { return plain<msg::CreateKeyframeRequest>(display); }
Bytes control_start(std::uint32_t request) { return plain<msg::CreateControlStart>(request); }
Bytes control_stop(std::uint32_t request) { return plain<msg::CreateControlStop>(request); }
Bytes control_state(bool active, bool held, msg::StopReason reason, std::uint32_t request) {
  return plain<msg::CreateControlState>(active, held, reason, request);
}
Bytes recording_notice(bool active) { return plain<msg::CreateRecordingNotice>(active); }
Bytes action_refused(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
  return plain<msg::CreateActionRefused>(action, id, reason);
}
Bytes session_end(msg::EndedBy by, std::string_view reason) {
  Builder b(512);
  const auto why = text(b, reason);
  return wire::finish(b, msg::CreateSessionEnd(b, by, why));
}
Bytes chat(base::WallTime sent, std::string_view words) {
  Builder b(256 + words.size());
  const auto content = text(b, words);
  return wire::finish(b, msg::CreateChat(b, micros(sent), content));
}
Bytes input_key(std::uint32_t keysym, std::uint32_t keycode, bool down) {
  return plain<msg::CreateInputKey>(keysym, keycode, down);
}
Bytes input_text(std::string_view words) {
  Builder b(256 + words.size());
  const auto content = text(b, words);
  return wire::finish(b, msg::CreateInputText(b, content));
}
Bytes input_pointer(std::uint32_t display, std::int32_t x, std::int32_t y, std::uint32_t buttons, std::int8_t wheel_x,
                    std::int8_t wheel_y) {
  return plain<msg::CreateInputPointer>(display, x, y, buttons, wheel_x, wheel_y);
}
Bytes input_release_all() { return plain<msg::CreateInputReleaseAll>(); }
Bytes screen_packet(std::uint32_t sequence, std::uint32_t display, bool keyframe, base::WallTime captured,
                    base::ByteView data, bool more) {
  Builder b(256 + data.size());
  const auto content = vector(b, data);
  return wire::finish(b, msg::CreateScreenPacket(b, sequence, display, keyframe, micros(captured), content, more));
}
Bytes cursor_shape(std::uint16_t width, std::uint16_t height, std::uint16_t hot_x, std::uint16_t hot_y,
                   base::ByteView rgba) {
  Builder b(256 + rgba.size());
  const auto content = vector(b, rgba);
  return wire::finish(b, msg::CreateCursorShape(b, width, height, hot_x, hot_y, content));
}
Bytes cursor_position(std::uint32_t display, std::int32_t x, std::int32_t y, bool visible) {
  return plain<msg::CreateCursorPosition>(display, x, y, visible);
}
Bytes file_offer(std::uint32_t transfer, std::uint32_t request, std::uint64_t size, base::WallTime modified,
                 std::string_view name, std::string_view folder, std::uint32_t clipboard) {
  Builder b(512);
  const auto file = text(b, name);
  const auto below = folder.empty() ? flatbuffers::Offset<flatbuffers::String>() : text(b, folder);
  return wire::finish(b, msg::CreateFileOffer(b, transfer, request, size, micros(modified), file, below, clipboard));
}
Bytes file_accept(std::uint32_t transfer, std::uint64_t offset, base::ByteView prefix_sha256) {
  Builder b(128);
  const auto digest =
      prefix_sha256.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>() : vector(b, prefix_sha256);
  return wire::finish(b, msg::CreateFileAccept(b, transfer, offset, digest));
}
Bytes file_reject(std::uint32_t transfer, FileStop reason) { return plain<msg::CreateFileReject>(transfer, reason); }
Bytes file_chunk(std::uint32_t transfer, std::uint64_t offset, base::ByteView data) {
  Builder b(256 + data.size());
  const auto content = vector(b, data);
  return wire::finish(b, msg::CreateFileChunk(b, transfer, offset, content));
}
Bytes file_ack(std::uint32_t transfer, std::uint64_t offset) { return plain<msg::CreateFileAck>(transfer, offset); }
Bytes file_done(std::uint32_t transfer, std::uint64_t size, const FileDigests& digests) {
  Builder b(256);
  const auto md5 = vector(b, digests.md5);
  const auto sha256 = vector(b, digests.sha256);
  return wire::finish(b, msg::CreateFileDone(b, transfer, size, md5, sha256));
}
Bytes file_received(std::uint32_t transfer) { return plain<msg::CreateFileReceived>(transfer); }
Bytes file_cancel(std::uint32_t transfer, FileStop reason) { return plain<msg::CreateFileCancel>(transfer, reason); }
Bytes file_request(std::uint32_t request) { return plain<msg::CreateFileRequest>(request); }
Bytes sysinfo_request(std::uint32_t request, const std::vector<std::string>& sections) {
  Builder b(512);
  std::vector<flatbuffers::Offset<flatbuffers::String>> list;
  for (const auto& s : sections) list.push_back(text(b, s));
  const auto vec = b.CreateVector(list);
  return wire::finish(b, msg::CreateSysinfoRequest(b, request, vec));
}
Bytes sysinfo_reply(std::uint32_t request, const std::vector<SysinfoSection>& sections) {
  Builder b(4096);
  std::vector<flatbuffers::Offset<msg::SysinfoSection>> list;
  for (const auto& s : sections) {
    std::vector<flatbuffers::Offset<msg::SysinfoItem>> items;
    for (const auto& i : s.items) {
      const auto key = text(b, i.key);
      const auto value = text(b, i.value);
      items.push_back(msg::CreateSysinfoItem(b, key, value));
    }
    const auto name = text(b, s.name);
    const auto vec = b.CreateVector(items);
    list.push_back(msg::CreateSysinfoSection(b, name, vec));
  }
  const auto vec = b.CreateVector(list);
  return wire::finish(b, msg::CreateSysinfoReply(b, request, vec));
}

}  // namespace rescue::session::messages
