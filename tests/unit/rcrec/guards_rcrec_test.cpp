// SPDX-License-Identifier: Apache-2.0
// Caps of what a recording may claim, each with its CRC right.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "rcrec/format.hpp"
#include "rcrec/impl/items.hpp"
#include "rcrec/impl/seal.hpp"
#include "rcrec/reader.hpp"
#include "support/temp_dir.hpp"

namespace rescue::rcrec {
namespace {

TEST(RcrecGuards, AChunksLengthIsBelievedWithinItsCapOnly) {
  ChunkHeader h;
  h.type = static_cast<std::uint8_t>(ChunkType::video);
  h.length = kMaxPayloadBytes;
  EXPECT_TRUE(decode_chunk_header(encode_chunk_header(h)));
  h.length = kMaxPayloadBytes + 1;
  EXPECT_FALSE(decode_chunk_header(encode_chunk_header(h)));
  h.length = UINT32_MAX;
  EXPECT_FALSE(decode_chunk_header(encode_chunk_header(h)));
}

TEST(RcrecGuards, AnIndexKeepsItsCap) {
  IndexChunk index;
  index.entries.resize(kMaxIndexEntries);
  EXPECT_TRUE(decode_index(encode_index(index)));
  index.entries.resize(kMaxIndexEntries + 1);
  EXPECT_FALSE(decode_index(encode_index(index)));
}

TEST(RcrecGuards, AKeysChunkKeepsItsCap) {
  std::vector<WrappedKey> keys(kMaxRecipients, WrappedKey{{}, base::Bytes(80)});
  EXPECT_EQ(decode_keys(encode_keys(keys))->size(), kMaxRecipients);
  keys.push_back(keys.front());
  EXPECT_FALSE(decode_keys(encode_keys(keys)));
}

TEST(RcrecGuards, ACursorKeepsItsCap) {
  CursorShape shape;
  shape.width = kMaxCursorSide;
  shape.height = 1;
  shape.argb.resize(kMaxCursorSide);
  EXPECT_TRUE(decode_cursor(encode_cursor(shape)));
  shape.width = kMaxCursorSide + 1;
  shape.argb.resize(kMaxCursorSide + 1);
  EXPECT_FALSE(decode_cursor(encode_cursor(shape)));
  std::swap(shape.width, shape.height);
  EXPECT_FALSE(decode_cursor(encode_cursor(shape)));
}

TEST(RcrecGuards, AnObjectNestsOnlySoDeep) {
  const auto nested = [](std::size_t levels) {
    std::string text = "1";
    for (std::size_t i = 0; i < levels; ++i) text = R"({"a":)" + text + "}";
    return decode_object(base::as_bytes(text)).has_value();
  };
  EXPECT_TRUE(nested(kMaxJsonDepth));
  EXPECT_FALSE(nested(kMaxJsonDepth + 1));
}

TEST(RcrecGuards, ATimeOfDayCanBeAddedToAndSaid) {
  for (const std::int64_t us : {INT64_MAX, INT64_MIN}) {
    FileHeader h;
    h.start = base::WallTime(std::chrono::microseconds(us));
    const auto start = decode_file_header(encode_file_header(h)).value().start;
    EXPECT_LE(start, kMaxWallTime);
    EXPECT_EQ(base::to_rfc3339(start + kMaxTime).size(), 27u);
    EXPECT_EQ(decode_clock(encode_clock(h.start)), start);
  }
}

TEST(RcrecGuards, APipeUnderARecordingsNameDoesNotHangItsReader) {
  const test::TempDir dir;
  ASSERT_EQ(::mkfifo((dir / "a.rcrec").c_str(), 0600), 0);
  const auto opened = ChunkReader::open(dir / "a.rcrec");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, base::Errc::invalid_argument);
}

}  // namespace
}  // namespace rescue::rcrec
