// SPDX-License-Identifier: Apache-2.0
// The caps of wire/session_limits.hpp for the messages of actions: one beyond each ends the link, one at it does not.
#include <gtest/gtest.h>

#include "wire/session_limits.hpp"
#include "wire/session_messages.hpp"

namespace rescue::wire {
namespace {
using Builder = flatbuffers::FlatBufferBuilder;
namespace s = session;

std::string text(std::size_t n) { return std::string(n, 'x'); }
base::Bytes url(std::size_t n) {
  Builder b;
  return finish(b, s::CreateUrlSendDirect(b, 1, text(n).c_str()));
}
base::Bytes reboot(int kind) {
  Builder b;
  return finish(b, s::CreateRebootRequest(b, 1, static_cast<s::RebootKind>(kind)));
}
base::Bytes credentials(std::size_t n) {
  Builder b;
  return finish(b, s::CreateCredentialsRequestDirect(b, 1, text(n).c_str()));
}
base::Bytes clipboard(std::size_t n) {
  Builder b;
  const std::vector<std::uint8_t> part(n, 'x');
  return finish(b, s::CreateClipboardTextDirect(b, 1, &part));
}
base::Bytes script(std::size_t n) {
  Builder b;
  return finish(b, s::CreateScriptRunDirect(b, 1, "name", "sh", text(n).c_str()));
}
base::Bytes arguments(std::size_t n) {
  Builder b;
  const std::vector<flatbuffers::Offset<flatbuffers::String>> all(n, b.CreateString("x"));
  return finish(b, s::CreateScriptRunDirect(b, 1, "name", "sh", "true", &all));
}
base::Bytes path(std::size_t n) {
  Builder b;
  return finish(b, s::CreateFsRequestDirect(b, 1, s::FsOp::list, text(n).c_str()));
}
base::Bytes operation(int op) {
  Builder b;
  return finish(b, s::CreateFsRequestDirect(b, 1, static_cast<s::FsOp>(op), "/"));
}
base::Bytes nonce(std::size_t n) {
  Builder b;
  const std::vector<std::uint8_t> bytes(n, 7);
  return finish(b, s::CreateSasNonceDirect(b, &bytes));
}

TEST(ActionCaps, EndWhatGoesBeyondThem) {
  const struct {
    const char* name;
    base::Bytes within, beyond;
  } rows[] = {
      {"address", url(kUrlMax), url(kUrlMax + 1)},
      {"kind of restart", reboot(1), reboot(2)},
      {"reason", credentials(kDetailMax), credentials(kDetailMax + 1)},
      {"clipboard", clipboard(kClipboardPartMax), clipboard(kClipboardPartMax + 1)},
      {"script", script(kScriptTextMax), script(kScriptTextMax + 1)},
      {"no script", script(1), script(0)},
      {"arguments", arguments(kScriptArgumentsMax), arguments(kScriptArgumentsMax + 1)},
      {"path", path(kFsPathMax), path(kFsPathMax + 1)},
      {"operation", operation(8), operation(9)},
      {"nonce", nonce(32), nonce(31)},
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(verify_and_check(row.within)) << row.name;
    EXPECT_FALSE(verify_and_check(row.beyond)) << row.name;
  }
}

}  // namespace
}  // namespace rescue::wire
