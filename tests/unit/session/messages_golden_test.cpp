// SPDX-License-Identifier: Apache-2.0
#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "unit/wire/golden.hpp"
#include "wire/dump.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using base::Bytes;
namespace m = messages;
namespace msg = wire::session;
const base::WallTime kTime{std::chrono::microseconds(1'764'000'000'123'456)};

FileDigests digests() {
  FileDigests d;
  d.md5.fill(0x11);
  d.sha256.fill(0x22);
  return d;
}

wire::test::GoldenTable all_messages() {
  const Bytes data = {1, 2, 3, 4, 5};
  const Bytes rgba(2 * 1 * 4, 0x7f);
  return {
      {"Hello", m::hello("rescue 0.1.0", 7)},
      {"PermissionAsk", m::permission_ask(Permission::remote_control)},
      {"PermissionState", m::permission_state(Permission::desktop_view, msg::ConsentState::granted)},
      {"DisplayList", m::display_list({{1, -1920, 0, 1920, 1080, 150, true, "HDMI-1"}})},
      {"ViewStart", m::view_start(1, 15)},
      {"ViewStop", m::view_stop()},
      {"ViewState", m::view_state(false, 1, msg::StopReason::revoked)},
      {"ScreenAck", m::screen_ack(77)},
      {"KeyframeRequest", m::keyframe_request(2)},
      {"ControlStart", m::control_start(1)},
      {"ControlStop", m::control_stop(2)},
      {"ControlState", m::control_state(true, true, msg::StopReason::none, 3)},
      {"RecordingNotice", m::recording_notice(true)},
      {"ActionRefused", m::action_refused(msg::Action::file_to_console, 3, msg::RefusalReason::user_declined)},
      {"SessionEnd", m::session_end(msg::EndedBy::user, "stop button")},
      {"Chat", m::chat(kTime, "Grüße")},
      {"InputKey", m::input_key(0xff0d, 28, true)},
      {"InputText", m::input_text("hello")},
      {"InputPointer", m::input_pointer(1, 10, -20, 1, 0, -1)},
      {"InputReleaseAll", m::input_release_all()},
      {"ScreenPacket", m::screen_packet(9, 1, true, kTime, data)},
      {"CursorShape", m::cursor_shape(2, 1, 1, 0, rgba)},
      {"CursorPosition", m::cursor_position(1, 640, 480, false)},
      {"FileOffer", m::file_offer(4, 2, 123'456'789'012, kTime, "report.pdf")},
      {"FileAccept", m::file_accept(4)},
      {"FileReject", m::file_reject(4, FileStop::bad_name)},
      {"FileChunk", m::file_chunk(4, 65'536, data)},
      {"FileAck", m::file_ack(4, 262'144)},
      {"FileDone", m::file_done(4, 5, digests())},
      {"FileReceived", m::file_received(4)},
      {"FileCancel", m::file_cancel(4, FileStop::source)},
      {"FileRequest", m::file_request(2)},
      {"SysinfoRequest", m::sysinfo_request(6, {"os", "disk"})},
      {"SysinfoReply", m::sysinfo_reply(6, {{"os", {{"name", "Debian 12"}}}})},
      {"FileRestart", m::file_restart(4)},
      {"SasCommit", m::sas_commit(Bytes(32, 0x33))},
      {"SasNonce", m::sas_nonce(Bytes(32, 0x44))},
      {"SasReveal", m::sas_reveal(Bytes(32, 0x55))},
      {"SasState", m::sas_state(msg::SasOutcome::missed, 1)},
      {"UrlSend", m::url_send(7, "https://example.org/help")},
      {"UrlState", m::url_state(7, msg::Outcome::declined, "")},
      {"RebootRequest", m::reboot_request(8, msg::RebootKind::safe_mode)},
      {"RebootState", m::reboot_state(8, msg::Outcome::done, "")},
      {"CredentialsRequest", m::credentials_request(9, "to install the driver")},
      {"CredentialsState", m::credentials_state(9, msg::Outcome::done, "root", "")},
      {"ClipboardStart", m::clipboard_start(true, false)},
      {"ClipboardState", m::clipboard_state(true, false)},
      {"ClipboardOffer", m::clipboard_offer(3, 11, 0)},
      {"ClipboardRequest", m::clipboard_request(3, false)},
      {"ClipboardText", m::clipboard_text(3, data, false)},
      {"ClipboardGone", m::clipboard_gone(3)},
      {"ScriptRun", m::script_run({10, "disk check", "sh", "df -h\n", {"-a"}, 60, false})},
      {"ScriptState", m::script_state({10, msg::ScriptPhase::ended, 3, 0, "", Bytes(32, 0x66)})},
      {"ScriptOutput", m::script_output(10, msg::ScriptStream::err, 512, data)},
      {"ScriptAck", m::script_ack(10, 517)},
      {"ScriptKill", m::script_kill(10)},
      {"FsRequest", m::fs_request({11, msg::FsOp::rename, "/home/u/a", "/home/u/b", false, true, ""})},
      {"FsReply",
       m::fs_reply({11, msg::FsStatus::ok, "", {{"a.txt", msg::FsKind::file, 5, 1, 0644, ""}}, "a.txt", true, 1, 5})},
      {"FsDone", m::fs_done(11)},
      {"FsCancel", m::fs_cancel(11)},
  };
}

TEST(SessionGolden, EveryMessageHasItsBytes) {
  const auto table = all_messages();
  EXPECT_EQ(table.size(), static_cast<std::size_t>(msg::Message::MAX)) << "a message is missing here";
  wire::test::expect_golden("session.txt", table);
}

TEST(SessionGolden, EveryMessageVerifiesOnItsChannelOnlyAndFromItsEndOnly) {
  for (const auto& [name, bytes] : all_messages()) {
    const auto checked = wire::verify_and_check(bytes);
    ASSERT_TRUE(checked) << name << ": " << checked.error().message();
    const auto type = (*checked)->message_type();
    EXPECT_EQ(msg::EnumNameMessage(type), name);
    for (auto c : wire::kChannels) {
      for (auto end : {wire::End::applet, wire::End::console}) {
        const auto r = wire::read_session_message(bytes, c, end);
        EXPECT_EQ(r.has_value(), c == wire::channel_of(type) && wire::may_send(end, type)) << name << wire::name(c);
      }
    }
  }
}

TEST(SessionGolden, TheDumpOfEachMessageNamesItsFields) {
  for (const auto& [name, bytes] : all_messages())
    EXPECT_NE(wire::dump(bytes, msg::SessionMessageTypeTable()).find(name), std::string::npos) << name;
  const auto chat = wire::dump(m::chat(kTime, "hello there"), msg::SessionMessageTypeTable());
  EXPECT_NE(chat.find("text"), std::string::npos);
  EXPECT_NE(chat.find("hello there"), std::string::npos);
}

TEST(SessionGolden, TruncatedAndFlippedMessagesNeverPassForAnotherSize) {
  for (const auto& [name, bytes] : all_messages()) {
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      (void)wire::verify_and_check(cut);  // must not read past the end (address sanitizer)
    }
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      auto flipped = bytes;
      flipped[i / 8] = static_cast<std::uint8_t>(flipped[i / 8] ^ (1u << (i % 8)));
      if (const auto r = wire::verify_and_check(flipped)) (void)wire::dump(flipped, msg::SessionMessageTypeTable());
    }
    EXPECT_FALSE(wire::verify_and_check(base::ByteView(bytes).first(8))) << name;
  }
}

TEST(SessionLimits, EachCapIsHeld) {
  const auto too_large = [](const Bytes& b) {
    const auto r = wire::verify_and_check(b);
    return !r && r.error().code == base::Errc::too_large;
  };
  const auto malformed = [](const Bytes& b) {
    const auto r = wire::verify_and_check(b);
    return !r && r.error().code == base::Errc::bad_format;
  };
  const auto good = [](const Bytes& b) { return wire::verify_and_check(b).has_value(); };
  EXPECT_TRUE(good(m::chat(kTime, std::string(wire::kChatTextMax, 'x'))));
  EXPECT_TRUE(too_large(m::chat(kTime, std::string(wire::kChatTextMax + 1, 'x'))));
  EXPECT_TRUE(malformed(m::chat(kTime, "")));
  EXPECT_TRUE(malformed(m::chat(kTime, "\xff\xfe")));
  EXPECT_TRUE(good(m::input_text(std::string(wire::kInputTextMax, 'x'))));
  EXPECT_TRUE(too_large(m::input_text(std::string(wire::kInputTextMax + 1, 'x'))));
  EXPECT_TRUE(malformed(m::input_key(0, 0, true)));
  EXPECT_TRUE(malformed(m::input_pointer(1, INT32_MIN, 0, 0, 0, 0)));
  EXPECT_TRUE(too_large(m::hello(std::string(wire::kSoftwareNameMax + 1, 'x'), 0)));
  EXPECT_TRUE(too_large(m::session_end(msg::EndedBy::user, std::string(wire::kEndReasonMax + 1, 'x'))));
  EXPECT_TRUE(malformed(m::session_end(static_cast<msg::EndedBy>(200), "x")));
  EXPECT_TRUE(malformed(m::permission_state(Permission::reboot, static_cast<msg::ConsentState>(99))));
  EXPECT_TRUE(malformed(m::view_state(false, 0, static_cast<msg::StopReason>(99))));
  EXPECT_TRUE(malformed(m::file_reject(1, static_cast<FileStop>(99))));

  std::vector<DisplayInfo> displays(wire::kDisplaysMax, {1, 0, 0, 10, 10, 100, false, ""});
  EXPECT_TRUE(good(m::display_list(displays)));
  displays.push_back(displays[0]);
  EXPECT_TRUE(too_large(m::display_list(displays)));
  EXPECT_TRUE(malformed(m::display_list({{1, 0, 0, 0, 10, 100, false, ""}})));
  EXPECT_TRUE(malformed(m::display_list({{1, 0, 0, wire::kDisplaySideMax + 1, 10, 100, false, ""}})));

  EXPECT_TRUE(good(m::file_chunk(1, 0, Bytes(wire::kFileChunkMax))));
  EXPECT_TRUE(too_large(m::file_chunk(1, 0, Bytes(wire::kFileChunkMax + 1))));
  EXPECT_TRUE(malformed(m::file_chunk(1, 0, {})));
  EXPECT_TRUE(too_large(m::file_chunk(1, UINT64_MAX, Bytes(1))));
  EXPECT_TRUE(malformed(m::file_offer(0, 0, 1, kTime, "a")));
  EXPECT_TRUE(too_large(m::file_offer(1, 0, 1, kTime, std::string(wire::kFileNameOnWireMax + 1, 'a'))));

  EXPECT_TRUE(good(m::cursor_shape(0, 0, 0, 0, {})));
  EXPECT_TRUE(malformed(m::cursor_shape(2, 2, 0, 0, Bytes(15))));
  EXPECT_TRUE(malformed(m::cursor_shape(2, 2, 2, 0, Bytes(16))));
  EXPECT_TRUE(too_large(m::cursor_shape(wire::kCursorSideMax + 1, 1, 0, 0, Bytes(257 * 4))));

  EXPECT_TRUE(good(m::screen_packet(1, 1, true, kTime, Bytes(wire::kScreenDataMax))));
  EXPECT_TRUE(too_large(m::screen_packet(1, 1, true, kTime, Bytes(wire::kScreenMessageMax))));

  SysinfoSection section{"s", std::vector<SysinfoItem>(wire::kSysinfoItemsMax, {"k", "v"})};
  EXPECT_TRUE(good(m::sysinfo_reply(1, {section})));
  EXPECT_TRUE(too_large(m::sysinfo_reply(1, {section, {"t", {{"k", "v"}}}}))) << "the cap counts all sections together";
  EXPECT_TRUE(too_large(m::sysinfo_reply(1, {{"s", {{"k", std::string(wire::kSysinfoValueMax + 1, 'x')}}}})));
  EXPECT_TRUE(too_large(m::sysinfo_reply(1, std::vector<SysinfoSection>(wire::kSysinfoSectionsMax + 1, {"s", {}}))));
  EXPECT_TRUE(too_large(m::sysinfo_request(1, std::vector<std::string>(wire::kSysinfoSectionsMax + 1, "s"))));
}

TEST(SessionLimits, AMessageOfAnUnknownTypeIsRefused) {
  flatbuffers::FlatBufferBuilder b;
  const auto body = msg::CreateViewStop(b);
  b.Finish(msg::CreateSessionMessage(b, static_cast<msg::Message>(200), body.Union()), msg::SessionMessageIdentifier());
  const auto r = wire::verify_and_check(wire::finished_bytes(b));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, base::Errc::bad_format);
}

}  // namespace
}  // namespace rescue::session
