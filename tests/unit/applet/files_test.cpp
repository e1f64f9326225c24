// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "applet/core/file_store.hpp"

namespace rescue::applet {
namespace {
TEST(FileHasher, GivesTheKnownDigests) {
  auto hasher = file_hasher()();
  hasher->update(base::as_bytes("a"));
  hasher->update(base::as_bytes("bc"));
  auto digests = hasher->finish();
  EXPECT_EQ(base::to_hex(digests.md5), "900150983cd24fb0d6963f7d28e17f72");  // RFC 1321, A.5
  EXPECT_EQ(base::to_hex(digests.sha256),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2, B.1
}

}  // namespace
}  // namespace rescue::applet
