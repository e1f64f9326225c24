// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/guid.hpp"
#include "base/log.hpp"
#include "base/markup.hpp"
#include "base/percent.hpp"
#include "base/utf8.hpp"

namespace rescue::base {
namespace {

TEST(Markup, WhatMarkupMeansBecomesReferences) {
  EXPECT_EQ(escape_markup("<a href=\"x\" b='y'>&amp;</a> é"),
            "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt; é");
  EXPECT_EQ(escape_markup(""), "");
}

TEST(Percent, AllButUnreservedCharacters) {
  EXPECT_EQ(percent_encode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percent_encode("a b+/=é\n"), "a%20b%2B%2F%3D%C3%A9%0A");
}

TEST(Hex, RoundTripsAndRefusesEverythingElse) {
  const Bytes all{0x00, 0x7f, 0x80, 0xff};
  EXPECT_EQ(to_hex(all), "007f80ff");
  EXPECT_EQ(from_hex("007F80ff").value(), all);
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0g"));
  EXPECT_FALSE(from_hex(" 00"));
}

TEST(Base64Url, FollowsRfc4648VectorsWithoutPadding) {
  // RFC 4648 section 10
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64url(as_bytes(plain)), text);
    EXPECT_EQ(as_text(from_base64url(text).value()), plain);
  }
  EXPECT_EQ(to_base64url(Bytes{0xfb, 0xff}), "-_8");
  for (const char* bad : {"Zg==", "Zh", "Z", "Zm9v\n", "Zm+v", "Zm/v"}) EXPECT_FALSE(from_base64url(bad)) << bad;
}

TEST(ByteReader, ChecksLengthBeforeItReadsAndConsumesNothingOnFailure) {
  const Bytes b{1, 2, 3};
  ByteReader r(b);
  EXPECT_EQ(r.u16(), 0x0102);
  EXPECT_EQ(r.u32(), std::nullopt);
  EXPECT_EQ(r.left(), 1U);
  EXPECT_EQ(r.u8(), 3);
  EXPECT_EQ(r.u8(), std::nullopt);
}

TEST(Guid, ParsesItsOwnTextOnly) {
  SeededRandom random(7);
  const auto g = Guid::random(random);
  EXPECT_EQ(Guid::parse(g.text()).value(), g);
  EXPECT_EQ(g.text()[14], '4');
  EXPECT_FALSE(Guid::parse(""));
  EXPECT_FALSE(Guid::parse(g.text() + "0"));
  EXPECT_FALSE(Guid::parse("xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"));
  EXPECT_FALSE(Guid::parse("01234567-89ab-cdef-0123-456789abc-ef"));
}

TEST(Rfc3339, PrintsMicrosecondsAndParsesOffsets) {
  const auto t = parse_rfc3339("2026-11-24T05:28:46.000123Z").value();
  EXPECT_EQ(to_rfc3339(t), "2026-11-24T05:28:46.000123Z");
  EXPECT_EQ(parse_rfc3339("2026-11-24T06:28:46.000123+01:00").value(), t);
  EXPECT_EQ(to_rfc3339(parse_rfc3339("2024-02-29T00:00:00Z").value()), "2024-02-29T00:00:00.000000Z");
  for (const char* bad : {"", "2026-11-24", "2026-02-30T00:00:00Z", "2026-11-24T24:00:00Z", "2026-11-24T05:28:46",
                          "2026-11-24T05:28:46.Z", "2026-11-24T05:28:46+1:00", "-026-11-24T05:28:46Z"})
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
}

TEST(DurationText, NeedsAUnit) {
  EXPECT_EQ(parse_duration("90s").value(), std::chrono::seconds(90));
  EXPECT_EQ(parse_duration("2h").value(), std::chrono::hours(2));
  EXPECT_EQ(parse_duration("3d").value(), std::chrono::days(3));
  EXPECT_EQ(parse_duration("250ms").value(), std::chrono::milliseconds(250));
  for (const char* bad : {"", "90", "-1s", "s", "1.5h", "99999999999999999999s", "1 h"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Utf8, FindsOverlongSurrogateAndTruncatedForms) {
  EXPECT_TRUE(is_valid_utf8("Grüße, 世界 🙂"));
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_FALSE(is_valid_utf8(bad));
    EXPECT_TRUE(is_valid_utf8(to_valid_utf8(bad)));
  }
}

TEST(DisplayText, KeepsNothingThatMovesATerminalOrReversesText) {
  EXPECT_EQ(to_display_text("a\x1b[2Jb"), "a\xef\xbf\xbd[2Jb");
  EXPECT_EQ(to_display_text("\xe2\x80\xae"
                            "gpj.exe"),
            "\xef\xbf\xbdgpj.exe");
  EXPECT_EQ(to_display_text("a\nb", true), "a\nb");
  EXPECT_EQ(to_display_text("a\nb"),
            "a\xef\xbf\xbd"
            "b");
}

TEST(Log, WritesOneJsonObjectALineAndEscapes) {
  std::string got;
  set_log_sink([&](std::string_view line) { got = line; });
  log(LogLevel::info, "test", "hello", {{"name", "a\"b\n"}, {"n", 3}, {"ok", true}});
  EXPECT_NE(got.find(R"("level":"info","room":"test","msg":"hello","name":"a\"b\n","n":3,"ok":true})"),
            std::string::npos)
      << got;
  log(LogLevel::info, "test", "from a peer", {{"text", "\x1b[2J\x7f\xc2\x9b\xe2\x80\xae\xff"}});
  EXPECT_NE(got.find(R"("text":"\u001b[2J\u007f\u009b\u202e)"
                     "\xef\xbf\xbd\""),
            std::string::npos)
      << got;
  got.clear();
  log(LogLevel::debug, "test", "not shown");
  EXPECT_EQ(got, "");
  set_log_sink([](std::string_view) {});
}

TEST(SeededRandom, IsTheSameEverywhere) {
  SeededRandom a(1), b(1), c(2);
  const auto first = a.u64();
  EXPECT_EQ(first, b.u64());
  EXPECT_NE(first, c.u64());
  for (int i = 0; i < 1000; ++i) EXPECT_LT(a.below(7), 7U);
}

TEST(Errors, SayWhatWhereAndWhy) {
  const Error e(Errc::not_found, "user 'ada'");
  EXPECT_EQ(e.message(), "user 'ada': not found");
  EXPECT_EQ(e.exit(), Exit::not_found);
  EXPECT_EQ(e.within("disable").message(), "disable: user 'ada': not found");
  EXPECT_EQ(Error(Errc::bad_format, "line 3: malformed input").message(), "line 3: malformed input") << "once";
  EXPECT_EQ(Error(Errc::bad_format, "malformed input").within("read").message(), "read: malformed input");
  EXPECT_EQ(Error(Errc::bad_format, "").message(), "malformed input");
  EXPECT_EQ(errno_error("write '/x'", 28).code, Errc::no_space);
}

}  // namespace
}  // namespace rescue::base
