// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "crypto/sas.hpp"

namespace rescue::crypto {
namespace {

SasBinding binding() {
  SasBinding b;
  b.applet.fill(1);
  b.console.fill(2);
  b.exporter.fill(3);
  return b;
}
SasNonce nonce(std::uint8_t v) {
  SasNonce n;
  n.fill(v);
  return n;
}

// Computed with Python's hashlib from the manual page.
TEST(Sas, MatchesThePublishedFormula) {
  EXPECT_EQ(base::to_hex(sas_commitment(binding(), nonce(4))),
            "04d448e26482bb5f4ba9b3b625af5ab0450e5a2e7b310a2cfbf223a8328a31de");
  EXPECT_EQ(sas_digits(binding(), nonce(4), nonce(5)), "503623");
  auto three = nonce(0);
  three.back() = 3;
  EXPECT_EQ(sas_digits(binding(), nonce(4), three), "003466") << "six digits, leading zeros with them";
}

TEST(Sas, DependsOnBothKeysTheConnectionAndBothNonces) {
  std::set<std::string> digits, commitments;
  const auto add = [&](const SasBinding& b, const SasNonce& applet, const SasNonce& console) {
    digits.insert(sas_digits(b, applet, console));
    commitments.insert(base::to_hex(sas_commitment(b, applet)));
  };
  add(binding(), nonce(4), nonce(5));
  for (auto field : {0, 1, 2}) {
    auto b = binding();
    (field == 0 ? b.applet : field == 1 ? b.console : b.exporter)[31] ^= 1;
    add(b, nonce(4), nonce(5));
  }
  auto swapped = binding();
  std::swap(swapped.applet, swapped.console);
  add(swapped, nonce(4), nonce(5));
  add(binding(), nonce(5), nonce(5));
  EXPECT_EQ(commitments.size(), 6u);
  add(binding(), nonce(4), nonce(6));
  EXPECT_EQ(digits.size(), 7u);
  EXPECT_EQ(commitments.size(), 6u) << "the applet commits before it knows the console's nonce";
}

}  // namespace
}  // namespace rescue::crypto
