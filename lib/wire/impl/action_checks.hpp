// SPDX-License-Identifier: Apache-2.0
// Checks of the messages of actions: short authentication string, addresses, restart, credentials, clipboard, scripts,
// file manager. Included by session_messages.cpp alone.
#pragma once

#include "wire/impl/field_checks.hpp"
#include "wire/session_generated.h"

namespace rescue::wire::checks {

inline Result<void> check(const session::SasCommit& m) { return bytes_exactly(m.commitment(), 32, "commitment"); }
inline Result<void> check(const session::SasNonce& m) { return bytes_exactly(m.nonce(), 32, "nonce"); }
inline Result<void> check(const session::SasReveal& m) { return bytes_exactly(m.nonce(), 32, "nonce"); }
inline Result<void> check(const session::SasState& m) { return in_range(m.outcome(), "outcome of the string"); }

inline Result<void> check(const session::UrlSend& m) {
  RESCUE_CHECK(not_zero(m.request(), "request"));
  return text_max(m.url(), kUrlMax, "address");  // an empty one is refused, and not the peer
}
inline Result<void> check(const session::UrlState& m) {
  RESCUE_CHECK(in_range(m.outcome(), "outcome"));
  return text_max(m.detail(), kDetailMax, "detail");
}
inline Result<void> check(const session::RebootRequest& m) {
  RESCUE_CHECK(not_zero(m.request(), "request"));
  return in_range(m.kind(), "kind of restart");
}
inline Result<void> check(const session::RebootState& m) {
  RESCUE_CHECK(in_range(m.outcome(), "outcome"));
  return text_max(m.detail(), kDetailMax, "detail");
}
inline Result<void> check(const session::CredentialsRequest& m) {
  RESCUE_CHECK(not_zero(m.request(), "request"));
  return text_max(m.reason(), kDetailMax, "reason");
}
inline Result<void> check(const session::CredentialsState& m) {
  RESCUE_CHECK(in_range(m.outcome(), "outcome"));
  RESCUE_CHECK(text_max(m.account(), kAccountNameMax, "account"));
  return text_max(m.detail(), kDetailMax, "detail");
}

inline Result<void> check(const session::ClipboardOffer& m) {
  return not_zero(m.serial(), "serial");  // how much it has is told before it is asked for, and may be too much
}
inline Result<void> check(const session::ClipboardText& m) {
  return count(m.text()->size(), 0, kClipboardPartMax, "part of the clipboard's text");
}

inline Result<void> check(const session::ScriptRun& m) {
  RESCUE_CHECK(not_zero(m.request(), "request"));
  RESCUE_CHECK(text_max(m.name(), kScriptNameMax, "name of a script"));
  RESCUE_CHECK(text_max(m.interpreter(), kScriptNameMax, "interpreter"));
  RESCUE_CHECK(count(m.text()->size(), 1, kScriptTextMax, "script"));
  RESCUE_CHECK(text_max(m.text(), kScriptTextMax, "script"));
  if (m.arguments() == nullptr) return {};
  RESCUE_CHECK(count(m.arguments()->size(), 0, kScriptArgumentsMax, "arguments of a script"));
  for (const auto* a : *m.arguments()) RESCUE_CHECK(text_max(a, kScriptArgumentMax, "argument of a script"));
  return {};
}
inline Result<void> check(const session::ScriptState& m) {
  RESCUE_CHECK(in_range(m.phase(), "phase of a script"));
  RESCUE_CHECK(text_max(m.detail(), kDetailMax, "detail"));
  return m.sha256() == nullptr ? Result<void>() : bytes_exactly(m.sha256(), 32, "digest of a script");
}
inline Result<void> check(const session::ScriptOutput& m) {
  RESCUE_CHECK(in_range(m.stream(), "stream of a script"));
  return count(m.data()->size(), 1, kScriptOutputMax, "output of a script");
}

// Paths are judged by the file manager, which refuses the request and not the peer; here only their sizes.
inline Result<void> check(const session::FsRequest& m) {
  RESCUE_CHECK(not_zero(m.request(), "request"));
  RESCUE_CHECK(in_range(m.op(), "operation on files"));
  RESCUE_CHECK(bytes_max(m.path(), kFsPathMax, "path"));
  RESCUE_CHECK(bytes_max(m.target(), kFsPathMax, "target path"));
  return bytes_max(m.cursor(), kFsCursorMax, "cursor");
}
inline Result<void> check(const session::FsReply& m) {
  RESCUE_CHECK(in_range(m.status(), "status of files"));
  RESCUE_CHECK(text_max(m.detail(), kDetailMax, "detail"));
  RESCUE_CHECK(bytes_max(m.cursor(), kFsCursorMax, "cursor"));
  if (m.entries() == nullptr) return {};
  RESCUE_CHECK(count(m.entries()->size(), 0, kFsEntriesMax, "files in a list"));
  for (const auto* e : *m.entries()) {
    RESCUE_CHECK(in_range(e->kind(), "kind of a file"));
    RESCUE_CHECK(bytes_max(e->name(), kFileNameOnWireMax, "file name"));
    RESCUE_CHECK(text_max(e->detail(), kFsPathMax, "detail of a file"));
  }
  return {};
}

}  // namespace rescue::wire::checks
