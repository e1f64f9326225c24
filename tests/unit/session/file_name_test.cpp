// SPDX-License-Identifier: Apache-2.0
#include "session/file_name.hpp"

#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {

TEST(SafeFileName, KeepsOrdinaryNames) {
  for (const char* name :
       {"report.pdf", "Übersicht 2026.ods", "資料.txt", "a", "archive.tar.gz", "no_extension", "x-1"})
    EXPECT_EQ(safe_file_name(name).value_or("REFUSED"), name);
  EXPECT_TRUE(safe_file_name(std::string(wire::kFileNameMax, 'a')));
}

TEST(SafeFileName, RefusesWhatCouldLeadElsewhere) {
  using namespace std::string_literals;
  for (const auto& name : {""s,
                           "."s,
                           ".."s,
                           "../x"s,
                           "a/b"s,
                           "/etc/passwd"s,
                           "..\\x"s,
                           "C:\\x"s,
                           "a\\b"s,
                           "a\0b"s,
                           "\0"s,
                           "new\nline"s,
                           "tab\t"s,
                           "\x1b[31m"s,
                           "\x7f"s,
                           "del\u0085"s,
                           "bad\xff"s,
                           "\xc0\xaf"s,
                           "evil\u202etxt.exe"s,
                           "\u2066x"s,
                           std::string(wire::kFileNameMax + 1, 'a')})
    EXPECT_FALSE(safe_file_name(name)) << base::to_hex(base::as_bytes(name));
}

TEST(SafeFileName, MakesAwkwardNamesSafeOnBothSystems) {
  const std::pair<const char*, const char*> rows[] = {
      {"a:b", "a_b"},
      {"what?.txt", "what_.txt"},
      {"<>|*\"", "_____"},
      {"trailing.", "trailing_"},
      {"spaces  ", "spaces__"},
      {".bashrc", "_.bashrc"},
      {"-rf", "_-rf"},
      {"CON", "_CON"},
      {"nul.txt", "_nul.txt"},
      {"Com1.log", "_Com1.log"},
      {"LPT9", "_LPT9"},
      {"con .x", "_con .x"},
      {"COM\u00b9", "_COM\u00b9"},
      {"CONSOLE", "CONSOLE"},
      {"COM10", "COM10"},
      {"...", "___"},
  };
  for (const auto& [in, out] : rows) {
    EXPECT_EQ(safe_file_name(in).value_or("REFUSED"), out);
  }
}

}  // namespace
}  // namespace rescue::session
