// SPDX-License-Identifier: Apache-2.0
// Golden tables of messages: one line `name hex` a message in tests/golden/wire/NAME.txt. A changed line is a changed
// wire format and must be meant. RESCUE_UPDATE_GOLDEN=1 writes the file anew.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

#include "base/bytes.hpp"
#include "support/paths.hpp"

namespace rescue::wire::test {

using GoldenTable = std::map<std::string, base::Bytes>;

inline void expect_golden(const std::string& file, const GoldenTable& messages) {
  const auto path = rescue::test::source_dir() / "tests/golden/wire" / file;
  if (std::getenv("RESCUE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream out(path);
    for (const auto& [name, bytes] : messages) out << name << ' ' << base::to_hex(bytes) << '\n';
  }
  std::ifstream in(path);
  ASSERT_TRUE(in) << path;
  std::map<std::string, std::string> golden;
  for (std::string name, hex; in >> name >> hex;) golden[name] = hex;
  EXPECT_EQ(golden.size(), messages.size()) << "messages and lines of " << path << " must be the same set";
  for (const auto& [name, bytes] : messages) EXPECT_EQ(golden[name], base::to_hex(bytes)) << name;
}

}  // namespace rescue::wire::test
