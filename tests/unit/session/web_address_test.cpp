// SPDX-License-Identifier: Apache-2.0
// What an address really is. Expected forms of foreign names: Python 3's encodings.idna and what Chromium shows.
#include <gtest/gtest.h>

#include "session/impl/punycode.hpp"
#include "session/web_address.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {

struct Read {
  std::string_view text, address, letters;
  AddressDoubt doubt = AddressDoubt::none;
};

TEST(WebAddress, IsShownAndOpenedAsOneAndTheSame) {
  const Read rows[] = {
      {"https://example.org/help?q=1#top", "https://example.org/help?q=1#top", ""},
      {"HTTPS://Example.ORG", "https://example.org/", ""},
      {"http://example.org:8080?q", "http://example.org:8080/?q", ""},
      {"http://example.org./", "http://example.org/", ""},
      {"http://192.0.2.7/x", "http://192.0.2.7/x", ""},
      {"http://[2001:DB8::1]:8443/x", "http://[2001:db8::1]:8443/x", ""},
      {"https://example.org/a\"b<c>", "https://example.org/a%22b%3Cc%3E", ""},
      {"https://example.org/späť", "https://example.org/sp%C3%A4%C5%A5", ""},
      {"https://bücher.example/", "https://xn--bcher-kva.example/", "bücher.example"},
      {"https://BÜCHER.example/", "https://xn--bcher-kva.example/", "bücher.example"},
      {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/", "bücher.example"},
      {"https://почта.рф/", "https://xn--80a1acny.xn--p1ai/", "почта.рф"},
      {"https://日本語テスト.jp/", "https://xn--zckzah9945czlbtz6h.jp/", "日本語テスト.jp"},
      {"https://한국어.kr/", "https://xn--3e0bk47br7k.kr/", "한국어.kr"},
      // 'а' (U+0430) among Latin letters; a word all of look-alikes; a slash that is none.
      {"https://pаypal.example/", "https://xn--pypal-4ve.example/", "pаypal.example", AddressDoubt::mixed_scripts},
      {"https://www.аррӏе.example/", "https://www.xn--80ak6aa92e.example/", "www.аррӏе.example",
       AddressDoubt::look_alike},
      {"https://xn--a-yjn.example/", "https://xn--a-yjn.example/", "", AddressDoubt::unusual},
  };
  for (const auto& row : rows) {
    const auto read = read_web_address(row.text);
    ASSERT_TRUE(read) << row.text << ": " << read.error().message();
    EXPECT_EQ(read->address, row.address) << row.text;
    EXPECT_EQ(read->doubt, row.doubt) << row.text << " " << read->letters;
    EXPECT_EQ(read->letters, row.letters) << row.text;
    // Read again it is the same: what the console checked is what the applet shows.
    EXPECT_EQ(read_web_address(read->address)->address, read->address);
  }
}

TEST(WebAddress, TakesNothingButPlainWebAddresses) {
  const std::string_view bad[] = {
      "",
      "example.org",
      "file:///etc/passwd",
      "javascript:alert(1)",
      "ftp://example.org/",
      "https:/example.org",
      "https://",
      "https:///path",
      "https://user@example.org/",
      "https://bank.example@evil.example/",
      "https://user:pass@example.org/",
      "https://example.org\\@evil.example/",
      "https://example.org/a b",
      " https://example.org/",
      "https://example.org/\n",
      "https://exam\u202eple.org/",
      "https://example\u2060.org/",
      "https://example.org:0/",
      "https://example.org:70000/",
      "https://example.org:80x/",
      "https://[::1/",
      "https://[zz]/",
      "https://exa_m!ple.org/",
      "https://a..b/",
      "https://127.1/",
      "https://0x7f000001/",
      "https://2130706433/",
      "https://xn--.example/",
      "https://xn--99999999.example/",
      "https://ex∕ample.org/",
      "https://example.org/\xff",
  };
  for (const auto text : bad) EXPECT_EQ(read_web_address(text).error().code, base::Errc::invalid_argument) << text;
  EXPECT_EQ(read_web_address("https://example.org/" + std::string(wire::kUrlMax, 'a')).error().code,
            base::Errc::too_large);
  // Each byte becomes three.
  EXPECT_EQ(read_web_address("https://example.org/" + std::string(wire::kUrlMax - 100, '<')).error().code,
            base::Errc::too_large);
  EXPECT_EQ(read_web_address("https://" + std::string(64, 'a') + ".org/").error().code, base::Errc::invalid_argument);
}

TEST(Punycode, FollowsTheSamplesOfItsStandard) {
  // RFC 3492 section 7.1, (A), (B), (L).
  EXPECT_EQ(punycode_encode(U"ليهمابتكلموشعربي؟"), "egbpdaj6bu4bxfgehfvwxn");
  EXPECT_EQ(punycode_encode(U"他们为什么不说中文"), "ihqwcrb4cv8a8dqg056pqjye");
  EXPECT_EQ(punycode_encode(U"3年B組金八先生"), "3B-ww4c5e180e575a65lsy2b");
  EXPECT_EQ(punycode_decode("ihqwcrb4cv8a8dqg056pqjye"), U"他们为什么不说中文");
  EXPECT_EQ(punycode_decode("3B-ww4c5e180e575a65lsy2b"), U"3年B組金八先生");
}

TEST(Punycode, DecodesNothingThatIsNone) {
  for (const auto* bad : {"!", "a-!", "99999999999", "zzzzzzzzzzzzzzzzzzzzzzzz"})
    EXPECT_FALSE(punycode_decode(bad)) << bad;
  EXPECT_FALSE(punycode_decode(std::string(64, 'a')));
  EXPECT_FALSE(punycode_encode(std::u32string(64, U'ä')));
}

}  // namespace
}  // namespace rescue::session
