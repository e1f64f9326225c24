// SPDX-License-Identifier: Apache-2.0
#include "session/impl/action_messages.hpp"

namespace rescue::session::messages {
namespace {
using Builder = flatbuffers::FlatBufferBuilder;

auto text(Builder& b, std::string_view s) { return b.CreateString(s.data(), s.size()); }
auto vector(Builder& b, base::ByteView v) { return b.CreateVector(v.data(), v.size()); }
/// Absent when empty.
flatbuffers::Offset<flatbuffers::String> text_or_none(Builder& b, std::string_view s) {
  return s.empty() ? flatbuffers::Offset<flatbuffers::String>() : text(b, s);
}
flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes_or_none(Builder& b, base::ByteView v) {
  return v.empty() ? flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>() : vector(b, v);
}

template <auto Create, typename... Fields>
Bytes plain(Fields... fields) {
  Builder b(128);
  const auto body = Create(b, fields...);
  return wire::finish(b, body);
}
template <auto Create>
Bytes of_bytes(base::ByteView v) {
  Builder b(128 + v.size());
  const auto content = vector(b, v);
  return wire::finish(b, Create(b, content));
}
template <auto Create>
Bytes of_outcome(std::uint32_t request, msg::Outcome outcome, std::string_view detail) {
  Builder b(128 + detail.size());
  const auto words = text_or_none(b, detail);
  return wire::finish(b, Create(b, request, outcome, words));
}
}  // namespace

Bytes file_restart(std::uint32_t transfer) { return plain<msg::CreateFileRestart>(transfer); }

Bytes sas_commit(base::ByteView commitment) { return of_bytes<msg::CreateSasCommit>(commitment); }
Bytes sas_nonce(base::ByteView nonce) { return of_bytes<msg::CreateSasNonce>(nonce); }
Bytes sas_reveal(base::ByteView nonce) { return of_bytes<msg::CreateSasReveal>(nonce); }
Bytes sas_state(msg::SasOutcome outcome, std::uint8_t attempts_left) {
  return plain<msg::CreateSasState>(outcome, attempts_left);
}

Bytes url_send(std::uint32_t request, std::string_view url) {
  Builder b(128 + url.size());
  const auto address = text(b, url);
  return wire::finish(b, msg::CreateUrlSend(b, request, address));
}
Bytes url_state(std::uint32_t request, msg::Outcome outcome, std::string_view detail) {
  return of_outcome<msg::CreateUrlState>(request, outcome, detail);
}
Bytes reboot_request(std::uint32_t request, msg::RebootKind kind) {
  return plain<msg::CreateRebootRequest>(request, kind);
}
Bytes reboot_state(std::uint32_t request, msg::Outcome outcome, std::string_view detail) {
  return of_outcome<msg::CreateRebootState>(request, outcome, detail);
}
Bytes credentials_request(std::uint32_t request, std::string_view reason) {
  Builder b(128 + reason.size());
  const auto words = text_or_none(b, reason);
  return wire::finish(b, msg::CreateCredentialsRequest(b, request, words));
}
Bytes credentials_state(std::uint32_t request, msg::Outcome outcome, std::string_view account,
                        std::string_view detail) {
  Builder b(256 + detail.size());
  const auto who = text_or_none(b, account);
  const auto words = text_or_none(b, detail);
  return wire::finish(b, msg::CreateCredentialsState(b, request, outcome, who, words));
}

Bytes clipboard_start(bool to_applet, bool to_console) {
  return plain<msg::CreateClipboardStart>(to_applet, to_console);
}
Bytes clipboard_state(bool to_applet, bool to_console, std::uint32_t taken) {
  return plain<msg::CreateClipboardState>(to_applet, to_console, taken);
}
Bytes clipboard_offer(std::uint32_t serial, std::uint64_t text_bytes, std::uint32_t files) {
  return plain<msg::CreateClipboardOffer>(serial, text_bytes, files);
}
Bytes clipboard_request(std::uint32_t serial, bool files) { return plain<msg::CreateClipboardRequest>(serial, files); }
Bytes clipboard_text(std::uint32_t serial, base::ByteView part, bool more) {
  Builder b(128 + part.size());
  const auto content = vector(b, part);
  return wire::finish(b, msg::CreateClipboardText(b, serial, content, more));
}
Bytes clipboard_gone(std::uint32_t serial) { return plain<msg::CreateClipboardGone>(serial); }

Bytes script_run(const ScriptRunFields& script) {
  Builder b(512 + script.text.size());
  const auto name = text_or_none(b, script.name);
  const auto interpreter = text_or_none(b, script.interpreter);
  const auto body = text(b, script.text);
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>> arguments;
  if (!script.arguments.empty()) arguments = b.CreateVectorOfStrings(script.arguments);
  return wire::finish(b, msg::CreateScriptRun(b, script.request, name, interpreter, body, arguments, script.timeout_s,
                                              script.elevated));
}
Bytes script_state(const ScriptStateFields& state) {
  Builder b(256 + state.detail.size());
  const auto words = text_or_none(b, state.detail);
  const auto digest = bytes_or_none(b, state.sha256);
  return wire::finish(
      b, msg::CreateScriptState(b, state.request, state.phase, state.exit_code, state.signal, words, digest));
}
Bytes script_output(std::uint32_t request, msg::ScriptStream stream, std::uint64_t offset, base::ByteView data) {
  Builder b(128 + data.size());
  const auto content = vector(b, data);
  return wire::finish(b, msg::CreateScriptOutput(b, request, stream, offset, content));
}
Bytes script_ack(std::uint32_t request, std::uint64_t offset) { return plain<msg::CreateScriptAck>(request, offset); }
Bytes script_kill(std::uint32_t request) { return plain<msg::CreateScriptKill>(request); }

Bytes fs_request(const FsRequestFields& request) {
  Builder b(512);
  const auto path = text_or_none(b, request.path);
  const auto target = text_or_none(b, request.target);
  const auto cursor = text_or_none(b, request.cursor);
  return wire::finish(b, msg::CreateFsRequest(b, request.request, request.op, path, target, request.recursive,
                                              request.overwrite, cursor));
}
Bytes fs_reply(const FsReplyFields& reply) {
  Builder b(512 + reply.entries.size() * 96);
  std::vector<flatbuffers::Offset<msg::FsEntry>> list;
  for (const auto& e : reply.entries) {
    const auto name = text(b, e.name);
    const auto detail = text_or_none(b, e.detail);
    list.push_back(msg::CreateFsEntry(b, name, e.kind, e.size, e.modified_us, e.mode, detail));
  }
  const auto words = text_or_none(b, reply.detail);
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<msg::FsEntry>>> entries;
  if (!list.empty()) entries = b.CreateVector(list);
  const auto cursor = text_or_none(b, reply.cursor);
  return wire::finish(b, msg::CreateFsReply(b, reply.request, reply.status, words, entries, cursor, reply.more,
                                            reply.files, reply.bytes));
}
Bytes fs_done(std::uint32_t request) { return plain<msg::CreateFsDone>(request); }
Bytes fs_cancel(std::uint32_t request) { return plain<msg::CreateFsCancel>(request); }

}  // namespace rescue::session::messages
