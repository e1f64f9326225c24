// SPDX-License-Identifier: Apache-2.0
// Builders of the session messages, one function each. Arguments are within the caps of wire/session_limits.hpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "session/applet_session.hpp"

namespace rescue::session::messages {

using base::Bytes;
namespace msg = wire::session;

[[nodiscard]] Bytes hello(std::string_view software, std::uint64_t capabilities);
[[nodiscard]] Bytes permission_ask(Permission p);
[[nodiscard]] Bytes permission_state(Permission p, msg::ConsentState state, base::ByteView receipt = {});
[[nodiscard]] Bytes display_list(const std::vector<DisplayInfo>& displays);
[[nodiscard]] Bytes view_start(std::uint32_t display, std::uint8_t max_frames_per_s,
                               wire::session::Fidelity fidelity = wire::session::Fidelity::automatic);
[[nodiscard]] Bytes view_stop();
[[nodiscard]] Bytes view_state(bool active, std::uint32_t display, msg::StopReason reason);
[[nodiscard]] Bytes screen_ack(std::uint32_t sequence);
[[nodiscard]] Bytes keyframe_request(std::uint32_t display);
[[nodiscard]] Bytes control_start(std::uint32_t request);
[[nodiscard]] Bytes control_stop(std::uint32_t request);
[[nodiscard]] Bytes control_state(bool active, bool held, msg::StopReason reason, std::uint32_t request);
[[nodiscard]] Bytes recording_notice(bool active);
[[nodiscard]] Bytes action_refused(msg::Action action, std::uint32_t id, msg::RefusalReason reason);
[[nodiscard]] Bytes session_end(msg::EndedBy by, std::string_view reason);
[[nodiscard]] Bytes chat(base::WallTime sent, std::string_view text);
[[nodiscard]] Bytes input_key(std::uint32_t keysym, std::uint32_t keycode, bool down);
[[nodiscard]] Bytes input_text(std::string_view text);
[[nodiscard]] Bytes input_pointer(std::uint32_t display, std::int32_t x, std::int32_t y, std::uint32_t buttons,
                                  std::int8_t wheel_x, std::int8_t wheel_y);
[[nodiscard]] Bytes input_release_all();
[[nodiscard]] Bytes screen_packet(std::uint32_t sequence, std::uint32_t display, bool keyframe, base::WallTime captured,
                                  base::ByteView data, bool more = false);
[[nodiscard]] Bytes cursor_shape(std::uint16_t width, std::uint16_t height, std::uint16_t hot_x, std::uint16_t hot_y,
                                 base::ByteView rgba);
[[nodiscard]] Bytes cursor_position(std::uint32_t display, std::int32_t x, std::int32_t y, bool visible);
[[nodiscard]] Bytes file_offer(std::uint32_t transfer, std::uint32_t request, std::uint64_t size,
                               base::WallTime modified, std::string_view name, std::string_view folder = {},
                               std::uint32_t clipboard = 0);
[[nodiscard]] Bytes file_accept(std::uint32_t transfer, std::uint64_t offset = 0, base::ByteView prefix_sha256 = {});
[[nodiscard]] Bytes file_reject(std::uint32_t transfer, FileStop reason);
[[nodiscard]] Bytes file_chunk(std::uint32_t transfer, std::uint64_t offset, base::ByteView data);
[[nodiscard]] Bytes file_ack(std::uint32_t transfer, std::uint64_t offset);
[[nodiscard]] Bytes file_done(std::uint32_t transfer, std::uint64_t size, const FileDigests& digests);
[[nodiscard]] Bytes file_received(std::uint32_t transfer);
[[nodiscard]] Bytes file_cancel(std::uint32_t transfer, FileStop reason);
[[nodiscard]] Bytes file_request(std::uint32_t request);
[[nodiscard]] Bytes sysinfo_request(std::uint32_t request, const std::vector<std::string>& sections);
[[nodiscard]] Bytes sysinfo_reply(std::uint32_t request, const std::vector<SysinfoSection>& sections);

/// Cut to at most `max` bytes on a code point, invalid UTF-8 repaired.
[[nodiscard]] std::string fit_text(std::string_view text, std::size_t max);

}  // namespace rescue::session::messages
