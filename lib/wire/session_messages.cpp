// SPDX-License-Identifier: Apache-2.0
#include "wire/session_messages.hpp"

#include <array>

#include "base/utf8.hpp"
#include "wire/impl/action_checks.hpp"
#include "wire/permission.hpp"
#include "wire/session_limits.hpp"

namespace rescue::wire {
namespace {
using base::Errc;
using base::fail;
using base::Result;
using session::Message;
using namespace checks;

constexpr unsigned kDepthMax = 8;  // SysinfoReply nests deepest: root, reply, section, item
constexpr unsigned kTablesMax = kSysinfoItemsMax + kSysinfoSectionsMax + 16;

enum class From : std::uint8_t { applet = 1, console = 2, both = 3 };
struct Rule {
  Message type;
  Channel channel;
  From from;
};
// Who may send what, and on which channel; one row per member of the union, in its order.
constexpr auto kRules = std::to_array<Rule>({
    {Message::Hello, Channel::control, From::both},
    {Message::PermissionAsk, Channel::control, From::console},
    {Message::PermissionState, Channel::control, From::applet},
    {Message::DisplayList, Channel::control, From::applet},
    {Message::ViewStart, Channel::control, From::console},
    {Message::ViewStop, Channel::control, From::console},
    {Message::ViewState, Channel::control, From::applet},
    {Message::ScreenAck, Channel::control, From::console},
    {Message::KeyframeRequest, Channel::control, From::console},
    {Message::ControlStart, Channel::control, From::console},
    {Message::ControlStop, Channel::control, From::console},
    {Message::ControlState, Channel::control, From::applet},
    {Message::RecordingNotice, Channel::control, From::console},
    {Message::ActionRefused, Channel::control, From::applet},
    {Message::SessionEnd, Channel::control, From::both},
    {Message::Chat, Channel::chat, From::both},
    {Message::InputKey, Channel::input, From::console},
    {Message::InputText, Channel::input, From::console},
    {Message::InputPointer, Channel::input, From::console},
    {Message::InputReleaseAll, Channel::input, From::console},
    {Message::ScreenPacket, Channel::screen, From::applet},
    {Message::CursorShape, Channel::screen, From::applet},
    {Message::CursorPosition, Channel::screen, From::applet},
    {Message::FileOffer, Channel::files, From::both},
    {Message::FileAccept, Channel::files, From::both},
    {Message::FileReject, Channel::files, From::both},
    {Message::FileChunk, Channel::files, From::both},
    {Message::FileAck, Channel::files, From::both},
    {Message::FileDone, Channel::files, From::both},
    {Message::FileReceived, Channel::files, From::both},
    {Message::FileCancel, Channel::files, From::both},
    {Message::FileRequest, Channel::files, From::console},
    {Message::SysinfoRequest, Channel::files, From::console},
    {Message::SysinfoReply, Channel::files, From::applet},
    {Message::FileRestart, Channel::files, From::both},
    {Message::SasCommit, Channel::control, From::applet},
    {Message::SasNonce, Channel::control, From::console},
    {Message::SasReveal, Channel::control, From::applet},
    {Message::SasState, Channel::control, From::applet},
    {Message::UrlSend, Channel::control, From::console},
    {Message::UrlState, Channel::control, From::applet},
    {Message::RebootRequest, Channel::control, From::console},
    {Message::RebootState, Channel::control, From::applet},
    {Message::CredentialsRequest, Channel::control, From::console},
    {Message::CredentialsState, Channel::control, From::applet},
    {Message::ClipboardStart, Channel::control, From::console},
    {Message::ClipboardState, Channel::control, From::applet},
    {Message::ClipboardOffer, Channel::files, From::both},
    {Message::ClipboardRequest, Channel::files, From::both},
    {Message::ClipboardText, Channel::files, From::both},
    {Message::ClipboardGone, Channel::files, From::both},
    {Message::ScriptRun, Channel::files, From::console},
    {Message::ScriptState, Channel::files, From::applet},
    {Message::ScriptOutput, Channel::files, From::applet},
    {Message::ScriptAck, Channel::files, From::console},
    {Message::ScriptKill, Channel::files, From::console},
    {Message::FsRequest, Channel::files, From::console},
    {Message::FsReply, Channel::files, From::applet},
    {Message::FsDone, Channel::files, From::console},
    {Message::FsCancel, Channel::files, From::console},
});
static_assert(kRules.size() == static_cast<std::size_t>(Message::MAX));
static_assert(
    [] {
      for (std::size_t i = 0; i < kRules.size(); ++i)
        if (static_cast<std::size_t>(kRules[i].type) != i + 1) return false;
      return true;
    }(),
    "one row per message, in the order of the union");

const Rule& rule(Message type) { return kRules[static_cast<std::size_t>(type) - 1]; }

// ---- one check per message; what has no cap of its own needs none
template <typename T>
Result<void> check(const T&) {
  return {};
}
// Declared here: by a directive alone the template above, which is nearer, would hide them all.
using checks::check;
template <>
Result<void> check(const session::Hello& m) {
  if (m.version() == 0) return fail(Errc::bad_format, "hello version is 0");
  return text_max(m.software(), kSoftwareNameMax, "hello software");
}
template <>
Result<void> check(const session::PermissionState& m) {
  RESCUE_CHECK(bytes_max(m.receipt(), kReceiptMax, "receipt"));
  return in_range(m.state(), "consent state");
}
template <>
Result<void> check(const session::DisplayList& m) {
  RESCUE_CHECK(count(m.displays()->size(), 0, kDisplaysMax, "displays"));
  for (const auto* d : *m.displays()) {
    RESCUE_CHECK(text_max(d->name(), kDisplayNameMax, "display name"));
    RESCUE_CHECK(coordinate(d->x(), "display x"));
    RESCUE_CHECK(coordinate(d->y(), "display y"));
    if (d->width() == 0 || d->height() == 0 || d->width() > kDisplaySideMax || d->height() > kDisplaySideMax)
      return fail(Errc::bad_format, fmt::format("display of {}x{} pixels", d->width(), d->height()));
  }
  return {};
}
template <>
Result<void> check(const session::ViewState& m) {
  return in_range(m.reason(), "view stop reason");
}
template <>
Result<void> check(const session::ControlState& m) {
  return in_range(m.reason(), "control stop reason");
}
template <>
Result<void> check(const session::ActionRefused& m) {
  RESCUE_CHECK(in_range(m.action(), "refused action"));
  return in_range(m.reason(), "refusal reason");
}
template <>
Result<void> check(const session::SessionEnd& m) {
  RESCUE_CHECK(in_range(m.by(), "ended by"));
  return text_max(m.reason(), kEndReasonMax, "end reason");
}
template <>
Result<void> check(const session::Chat& m) {
  RESCUE_CHECK(count(m.text()->size(), 1, kChatTextMax, "chat text"));
  return text_max(m.text(), kChatTextMax, "chat text");
}
template <>
Result<void> check(const session::InputKey& m) {
  if (m.keysym() == 0 && m.keycode() == 0) return fail(Errc::bad_format, "key without keysym and keycode");
  return {};
}
template <>
Result<void> check(const session::InputText& m) {
  RESCUE_CHECK(count(m.text()->size(), 1, kInputTextMax, "input text"));
  return text_max(m.text(), kInputTextMax, "input text");
}
template <>
Result<void> check(const session::InputPointer& m) {
  RESCUE_CHECK(coordinate(m.x(), "pointer x"));
  return coordinate(m.y(), "pointer y");
}
template <>
Result<void> check(const session::ScreenPacket& m) {
  return count(m.data()->size(), 1, kScreenDataMax, "screen packet");
}
template <>
Result<void> check(const session::CursorShape& m) {
  if (m.width() > kCursorSideMax || m.height() > kCursorSideMax)
    return fail(Errc::too_large, fmt::format("cursor of {}x{} pixels", m.width(), m.height()));
  const auto size = std::size_t{m.width()} * m.height() * 4;
  if (m.rgba()->size() != size)
    return fail(Errc::bad_format, fmt::format("cursor picture has {} bytes, not {}", m.rgba()->size(), size));
  if ((m.hot_x() >= m.width() && m.hot_x() != 0) || (m.hot_y() >= m.height() && m.hot_y() != 0))
    return fail(Errc::bad_format, "cursor hot spot lies outside its picture");
  return {};
}
template <>
Result<void> check(const session::CursorPosition& m) {
  RESCUE_CHECK(coordinate(m.x(), "cursor x"));
  return coordinate(m.y(), "cursor y");
}
template <>
Result<void> check(const session::FileOffer& m) {
  RESCUE_CHECK(not_zero(m.transfer(), "transfer"));
  // The name is judged by session/file_name.hpp, which refuses the file and not the peer; here only its size.
  RESCUE_CHECK(count(m.name()->size(), 0, kFileNameOnWireMax, "file name"));
  return bytes_max(m.folder(), kFsPathMax, "folder of a file");
}
template <>
Result<void> check(const session::FileAccept& m) {
  RESCUE_CHECK(not_zero(m.transfer(), "transfer"));
  if (m.offset() > kFileSizeMax) return fail(Errc::too_large, "offset to go on from");
  if (m.offset() > 0 && (m.prefix_sha256() == nullptr || m.prefix_sha256()->size() != 32))
    return fail(Errc::bad_format, "digest of the part that is there has a wrong size");
  return {};
}
template <>
Result<void> check(const session::FileReject& m) {
  return in_range(m.reason(), "file reject reason");
}
template <>
Result<void> check(const session::FileCancel& m) {
  return in_range(m.reason(), "file cancel reason");
}
template <>
Result<void> check(const session::FileChunk& m) {
  RESCUE_CHECK(not_zero(m.transfer(), "transfer"));
  if (m.offset() > kFileSizeMax) return fail(Errc::too_large, "chunk offset");
  return count(m.data()->size(), 1, kFileChunkMax, "chunk");
}
template <>
Result<void> check(const session::FileDone& m) {
  if (m.md5()->size() != 16 || m.sha256()->size() != 32) return fail(Errc::bad_format, "file digests have wrong sizes");
  return {};
}
template <>
Result<void> check(const session::SysinfoRequest& m) {
  if (m.sections() == nullptr) return {};
  RESCUE_CHECK(count(m.sections()->size(), 0, kSysinfoSectionsMax, "sections asked for"));
  for (const auto* s : *m.sections()) RESCUE_CHECK(text_max(s, kSysinfoKeyMax, "section name"));
  return {};
}
template <>
Result<void> check(const session::SysinfoReply& m) {
  RESCUE_CHECK(count(m.sections()->size(), 0, kSysinfoSectionsMax, "sections"));
  std::size_t items = 0;
  for (const auto* s : *m.sections()) {
    RESCUE_CHECK(text_max(s->name(), kSysinfoKeyMax, "section name"));
    items += s->items()->size();
    RESCUE_CHECK(count(items, 0, kSysinfoItemsMax, "system information"));
    for (const auto* i : *s->items()) {
      RESCUE_CHECK(text_max(i->key(), kSysinfoKeyMax, "information key"));
      RESCUE_CHECK(text_max(i->value(), kSysinfoValueMax, "information value"));
    }
  }
  return {};
}

Result<void> check_body(const session::SessionMessage& m) {
  switch (m.message_type()) {
#define RESCUE_CASE(T) \
  case Message::T:     \
    return check(*m.message_as_##T());
    RESCUE_CASE(Hello)
    RESCUE_CASE(PermissionAsk)
    RESCUE_CASE(PermissionState)
    RESCUE_CASE(DisplayList)
    RESCUE_CASE(ViewStart)
    RESCUE_CASE(ViewStop)
    RESCUE_CASE(ViewState)
    RESCUE_CASE(ScreenAck)
    RESCUE_CASE(KeyframeRequest)
    RESCUE_CASE(ControlStart)
    RESCUE_CASE(ControlStop)
    RESCUE_CASE(ControlState)
    RESCUE_CASE(RecordingNotice)
    RESCUE_CASE(ActionRefused)
    RESCUE_CASE(SessionEnd)
    RESCUE_CASE(Chat)
    RESCUE_CASE(InputKey)
    RESCUE_CASE(InputText)
    RESCUE_CASE(InputPointer)
    RESCUE_CASE(InputReleaseAll)
    RESCUE_CASE(ScreenPacket)
    RESCUE_CASE(CursorShape)
    RESCUE_CASE(CursorPosition)
    RESCUE_CASE(FileOffer)
    RESCUE_CASE(FileAccept)
    RESCUE_CASE(FileReject)
    RESCUE_CASE(FileChunk)
    RESCUE_CASE(FileAck)
    RESCUE_CASE(FileDone)
    RESCUE_CASE(FileReceived)
    RESCUE_CASE(FileCancel)
    RESCUE_CASE(FileRequest)
    RESCUE_CASE(SysinfoRequest)
    RESCUE_CASE(SysinfoReply)
    RESCUE_CASE(FileRestart)
    RESCUE_CASE(SasCommit)
    RESCUE_CASE(SasNonce)
    RESCUE_CASE(SasReveal)
    RESCUE_CASE(SasState)
    RESCUE_CASE(UrlSend)
    RESCUE_CASE(UrlState)
    RESCUE_CASE(RebootRequest)
    RESCUE_CASE(RebootState)
    RESCUE_CASE(CredentialsRequest)
    RESCUE_CASE(CredentialsState)
    RESCUE_CASE(ClipboardStart)
    RESCUE_CASE(ClipboardState)
    RESCUE_CASE(ClipboardOffer)
    RESCUE_CASE(ClipboardRequest)
    RESCUE_CASE(ClipboardText)
    RESCUE_CASE(ClipboardGone)
    RESCUE_CASE(ScriptRun)
    RESCUE_CASE(ScriptState)
    RESCUE_CASE(ScriptOutput)
    RESCUE_CASE(ScriptAck)
    RESCUE_CASE(ScriptKill)
    RESCUE_CASE(FsRequest)
    RESCUE_CASE(FsReply)
    RESCUE_CASE(FsDone)
    RESCUE_CASE(FsCancel)
#undef RESCUE_CASE
    case Message::NONE:
      break;
  }
  return fail(Errc::bad_format, fmt::format("session message of unknown type {}", static_cast<int>(m.message_type())));
}
}  // namespace

Channel channel_of(Message type) { return rule(type).channel; }

bool may_send(End sender, Message type) {
  const auto bit = static_cast<unsigned>(sender == End::applet ? From::applet : From::console);
  return (static_cast<unsigned>(rule(type).from) & bit) != 0;
}

Result<const session::SessionMessage*> verify_and_check(base::ByteView b) {
  if (b.size() > kScreenMessageMax)
    return fail(Errc::too_large,
                fmt::format("session message of {} bytes, at most {} are allowed", b.size(), kScreenMessageMax));
  // 8 bytes: root offset and identifier, which the identifier check reads unchecked.
  if (b.size() < 8 || !session::SessionMessageBufferHasIdentifier(b.data()))
    return fail(Errc::bad_format,
                fmt::format("session message does not begin with '{}'", session::SessionMessageIdentifier()));
  flatbuffers::Verifier verifier(b.data(), b.size(), kDepthMax, kTablesMax);
  if (!session::VerifySessionMessageBuffer(verifier)) return fail(Errc::bad_format, "session message is malformed");
  const auto* m = session::GetSessionMessage(b.data());
  RESCUE_CHECK(check_body(*m));
  return m;
}

Result<const session::SessionMessage*> read_session_message(base::ByteView b, Channel channel, End sender) {
  if (b.size() > message_max(channel))
    return fail(Errc::too_large, fmt::format("message of {} bytes on channel {}", b.size(), name(channel)));
  RESCUE_TRY(const auto* m, verify_and_check(b));
  if (channel_of(m->message_type()) != channel)
    return fail(Errc::bad_format,
                fmt::format("{} on channel {}", session::EnumNameMessage(m->message_type()), name(channel)));
  if (!may_send(sender, m->message_type()))
    return fail(Errc::bad_format, fmt::format("{} from the wrong end", session::EnumNameMessage(m->message_type())));
  return m;
}

}  // namespace rescue::wire
