// SPDX-License-Identifier: Apache-2.0
// Builders of the messages of actions beside view, control, files and system information (impl/messages.hpp), one
// function each. Arguments are within the caps of wire/session_limits.hpp.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "wire/session_messages.hpp"

namespace rescue::session::messages {

using base::Bytes;
namespace msg = wire::session;

[[nodiscard]] Bytes file_restart(std::uint32_t transfer);

[[nodiscard]] Bytes sas_commit(base::ByteView commitment);
[[nodiscard]] Bytes sas_nonce(base::ByteView nonce);
[[nodiscard]] Bytes sas_reveal(base::ByteView nonce);
[[nodiscard]] Bytes sas_state(msg::SasOutcome outcome, std::uint8_t attempts_left);

[[nodiscard]] Bytes url_send(std::uint32_t request, std::string_view url);
[[nodiscard]] Bytes url_state(std::uint32_t request, msg::Outcome outcome, std::string_view detail);
[[nodiscard]] Bytes reboot_request(std::uint32_t request, msg::RebootKind kind);
[[nodiscard]] Bytes reboot_state(std::uint32_t request, msg::Outcome outcome, std::string_view detail);
[[nodiscard]] Bytes credentials_request(std::uint32_t request, std::string_view reason);
[[nodiscard]] Bytes credentials_state(std::uint32_t request, msg::Outcome outcome, std::string_view account,
                                      std::string_view detail);

[[nodiscard]] Bytes clipboard_start(bool to_applet, bool to_console);
[[nodiscard]] Bytes clipboard_state(bool to_applet, bool to_console, std::uint32_t taken = 0);
[[nodiscard]] Bytes clipboard_offer(std::uint32_t serial, std::uint64_t text_bytes, std::uint32_t files);
[[nodiscard]] Bytes clipboard_request(std::uint32_t serial, bool files);
[[nodiscard]] Bytes clipboard_text(std::uint32_t serial, base::ByteView text, bool more);
[[nodiscard]] Bytes clipboard_gone(std::uint32_t serial);

struct ScriptRunFields {
  std::uint32_t request = 0;
  std::string name, interpreter, text;
  std::vector<std::string> arguments;
  std::uint32_t timeout_s = 0;
  bool elevated = false;
};
[[nodiscard]] Bytes script_run(const ScriptRunFields& script);
struct ScriptStateFields {
  std::uint32_t request = 0;
  msg::ScriptPhase phase = msg::ScriptPhase::none;
  std::int32_t exit_code = 0, signal = 0;
  std::string detail;
  Bytes sha256;  // empty: none
};
[[nodiscard]] Bytes script_state(const ScriptStateFields& state);
[[nodiscard]] Bytes script_output(std::uint32_t request, msg::ScriptStream stream, std::uint64_t offset,
                                  base::ByteView data);
[[nodiscard]] Bytes script_ack(std::uint32_t request, std::uint64_t offset);
[[nodiscard]] Bytes script_kill(std::uint32_t request);

struct FsRequestFields {
  std::uint32_t request = 0;
  msg::FsOp op = msg::FsOp::none;
  std::string path, target;
  bool recursive = false, overwrite = false;
  std::string cursor;
};
[[nodiscard]] Bytes fs_request(const FsRequestFields& request);
struct FsEntryFields {
  std::string name;
  msg::FsKind kind = msg::FsKind::other;
  std::uint64_t size = 0;
  std::int64_t modified_us = 0;
  std::uint32_t mode = 0;
  std::string detail;
};
struct FsReplyFields {
  std::uint32_t request = 0;
  msg::FsStatus status = msg::FsStatus::ok;
  std::string detail;
  std::vector<FsEntryFields> entries;
  std::string cursor;
  bool more = false;
  std::uint64_t files = 0, bytes = 0;
};
[[nodiscard]] Bytes fs_reply(const FsReplyFields& reply);
[[nodiscard]] Bytes fs_done(std::uint32_t request);
[[nodiscard]] Bytes fs_cancel(std::uint32_t request);

}  // namespace rescue::session::messages
