// SPDX-License-Identifier: Apache-2.0
#include "link/frame.hpp"

#include <functional>

#include <gtest/gtest.h>

namespace rescue::link {
namespace {
using base::Bytes;
using base::to_hex;

const auto kId = *base::Guid::parse("00112233-4455-4677-8899-aabbccddeeff");

TEST(Frame, HasTheDocumentedBytes) {
  struct Row {
    const char* name;
    std::function<void(Bytes&)> write;
    const char* hex;
  };
  const Bytes three = {0xaa, 0xbb, 0xcc};
  const Row rows[] = {
      {"RESUME",
       [](Bytes& b) {
         write_resume(b, {kId, 0x0102});
       },
       "01000020524c4b31010000000011223344554677"
       "8899aabbccddeeff0000000000000102"},
      {"DATA", [&](Bytes& b) { write_data(b, 0x1122334455, three); }, "0200000b0000001122334455aabbcc"},
      {"ACK", [](Bytes& b) { write_number(b, FrameType::ack, 65536); }, "030000080000000000010000"},
      {"PING", [](Bytes& b) { write_number(b, FrameType::ping, 1); }, "040000080000000000000001"},
      {"PONG", [](Bytes& b) { write_number(b, FrameType::pong, 1); }, "050000080000000000000001"},
      {"CLOSE", [](Bytes& b) { write_close(b, 2, "bye"); }, "060000050002627965"},
  };
  for (const auto& row : rows) {
    Bytes out;
    row.write(out);
    EXPECT_EQ(to_hex(out), row.hex) << row.name;
    const auto frame = read_frame(out);
    ASSERT_TRUE(frame && *frame) << row.name;
    EXPECT_EQ((*frame)->size, out.size()) << row.name;
    for (std::size_t n = 0; n < out.size(); ++n) {
      const auto part = read_frame(base::ByteView(out).first(n));
      ASSERT_TRUE(part) << row.name;
      EXPECT_FALSE(*part) << row.name << " seems whole after " << n << " bytes";
    }
  }
}

TEST(Frame, ResumeRoundTrips) {
  Bytes out;
  write_resume(out, {kId, UINT64_MAX});
  const auto peeked = peek_resume(out);
  ASSERT_TRUE(peeked && *peeked);
  EXPECT_EQ((*peeked)->link_id, kId);
  EXPECT_EQ((*peeked)->received, UINT64_MAX);
  EXPECT_FALSE(*peek_resume(base::ByteView(out).first(35)));
}

TEST(Frame, RefusesALengthBeyondTheCapFromTheHeaderAlone) {
  const Bytes header = {2, 0x00, 0x3f, 0xfd};  // 16381 + 4
  const auto frame = read_frame(header);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::protocol);
  const Bytes longest = {2, 0x00, 0x3f, 0xfc};
  EXPECT_TRUE(read_frame(longest));
}

TEST(Frame, RefusesWrongVersionMagicAndReservedBits) {
  Bytes good;
  write_resume(good, {kId, 0});
  for (const std::size_t at : {4u, 8u, 9u, 10u, 11u}) {
    auto bad = good;
    bad[at] ^= 0x40;
    const auto r = peek_resume(bad);
    ASSERT_FALSE(r) << "byte " << at;
    EXPECT_EQ(r.error().code, Errc::protocol);
  }
}

TEST(Frame, RefusesPayloadsOfWrongSize) {
  const Bytes seven(7, 0);
  const Bytes nine(9, 0);
  EXPECT_FALSE(read_number(seven));
  EXPECT_FALSE(read_number(nine));
  EXPECT_FALSE(read_data(Bytes(8, 0)));
  EXPECT_FALSE(read_data(Bytes(9, 0xff))) << "an offset that would overflow";
  EXPECT_FALSE(read_close(Bytes(1, 0)));
  EXPECT_FALSE(read_close(Bytes(2 + kCloseTextMax + 1, 'x')));
  EXPECT_FALSE(read_resume(Bytes(31, 0)));
}

TEST(Frame, CutsALongCloseTextOnACodePoint) {
  std::string text(kCloseTextMax - 1, 'a');
  text += "\u00e9 and more";
  Bytes out;
  write_close(out, 1, text);
  const auto frame = read_frame(out);
  const auto close = read_close((*frame)->payload);
  ASSERT_TRUE(close);
  EXPECT_EQ(close->text, std::string(kCloseTextMax - 1, 'a'));
}

}  // namespace
}  // namespace rescue::link
