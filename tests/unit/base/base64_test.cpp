// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/base64.hpp"

namespace rescue::base {
namespace {

// RFC 4648 section 10.
TEST(Base64, HasTheVectorsOfTheStandard) {
  constexpr std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                        {"f", "Zg=="},
                                                                        {"fo", "Zm8="},
                                                                        {"foo", "Zm9v"},
                                                                        {"foob", "Zm9vYg=="},
                                                                        {"fooba", "Zm9vYmE="},
                                                                        {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : kVectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    EXPECT_EQ(from_base64(text).value(), to_bytes(as_bytes(plain)));
  }
  EXPECT_EQ(to_base64(Bytes{0xfb, 0xef, 0xff}), "++//");
  EXPECT_EQ(from_base64("++//").value(), (Bytes{0xfb, 0xef, 0xff}));
}

TEST(Base64, RefusesWhatNobodyEncodes) {
  for (const auto text : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9v\n", "Zm-v", "Zm_v", "Zm=v", "Z=9v"})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace rescue::base
