// SPDX-License-Identifier: Apache-2.0
#include "net/impl/http_codec.hpp"

#include <gtest/gtest.h>

namespace rescue::net {

namespace {

struct Parsed {
  std::string error;
  std::string body;
  std::string rest;
  bool done = false;
};

Parsed parse(HttpParser::Kind kind, std::string_view bytes, std::size_t step, std::size_t cap = 1000) {
  HttpParser p(kind, 2000);
  Parsed out;
  std::string in;
  for (std::size_t at = 0; at < bytes.size() && out.error.empty() && !p.done(); at += step) {
    in += bytes.substr(at, step);
    for (bool again = true; again && out.error.empty();) {
      const bool had = p.header_done();
      auto r = p.feed(in);
      if (r && !had && p.header_done()) r = p.set_body_cap(cap);
      again = r && !had && p.header_done();
      if (!r) out.error = std::string(r.error().code.name()) + " " + r.error().context;
    }
    if (p.done()) out.rest = in + std::string(bytes.substr(std::min(bytes.size(), at + step)));
  }
  out.done = p.done();
  if (out.done) out.body = p.take_body();
  return out;
}

}  // namespace

TEST(HttpParser, ReadsMessagesHoweverTheyAreCut) {
  for (const std::size_t step : {1, 2, 3, 4, 1000}) {
    auto p = parse(HttpParser::Kind::request, "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /", step);
    EXPECT_TRUE(p.done) << p.error;
    EXPECT_EQ(p.body, "abc");
    EXPECT_EQ(p.rest, "GET /") << step;
    p = parse(HttpParser::Kind::request,
              "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n1\r\nc\r\n0\r\n\r\nrest",
              step);
    EXPECT_EQ(p.body, "abc") << p.error;
    EXPECT_EQ(p.rest, "rest") << step;
  }
}

// Found by fuzzing: a last chunk that came in pieces ended the program that read it.
TEST(HttpParser, TakesALastChunkInPieces) {
  const std::string start = "POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::size_t step : {1, 2, 3, 4, 5, 6}) {
    auto p = parse(HttpParser::Kind::request, start + "0\r\n\r\nrest", step);
    EXPECT_TRUE(p.done) << step << p.error;
    EXPECT_EQ(p.rest, "rest") << step;
    EXPECT_TRUE(parse(HttpParser::Kind::request, start + "0;a=b\r\nTrailer: x\r\n\r\n", step).done) << step;
    for (const auto* broken : {"0\r\n\n", "0\r\n\r", "0\r\r\n\n", "0\n\n\n\n\n", "\r\n0\r\n\r\n"})
      EXPECT_FALSE(parse(HttpParser::Kind::request, start + broken, step).done) << step << broken;
  }
}

TEST(HttpParser, RefusesWhatCanSmuggleARequest) {
  struct Case {
    const char* why;
    std::string text;
  };
  const std::string start = "POST /a HTTP/1.1\r\n";
  for (const auto& c :
       {Case{"both lengths", start + "Host: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc"},
        Case{"both lengths, other order", start + "Host: h\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"},
        Case{"two lengths", start + "Host: h\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc"},
        Case{"length with sign", start + "Host: h\r\nContent-Length: +3\r\n\r\nabc"},
        Case{"length too large for a number", start + "Host: h\r\nContent-Length: 99999999999999999999\r\n\r\n"},
        Case{"unknown coding", start + "Host: h\r\nTransfer-Encoding: gzip\r\n\r\n"}, Case{"no host", start + "\r\n"},
        Case{"two hosts", start + "Host: a\r\nHost: b\r\n\r\n"}, Case{"space before colon", start + "Host : h\r\n\r\n"},
        Case{"field without colon", start + "Host: h\r\nnonsense\r\n\r\n"},
        Case{"bad version", "POST /a HTTP/9.9\r\nHost: h\r\n\r\n"}, Case{"garbage", "\x16\x03\x01\x02"},
        Case{"bad chunk size", start + "Host: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"}}) {
    const auto p = parse(HttpParser::Kind::request, c.text, 1000);
    EXPECT_TRUE(p.error.starts_with("BAD_FORMAT")) << c.why << ": " << p.error;
  }
}

TEST(HttpParser, KeepsItsCaps) {
  const auto header =
      parse(HttpParser::Kind::request, "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(3000, 'x'), 100);
  EXPECT_EQ(header.error, "TOO_LARGE header");
  const auto declared =
      parse(HttpParser::Kind::request, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", 1000);
  EXPECT_EQ(declared.error, "TOO_LARGE body");
  const auto chunked =
      parse(HttpParser::Kind::request,
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x'), 50);
  EXPECT_EQ(chunked.error, "TOO_LARGE body");
}

TEST(HttpWriter, NeverLetsAValueStartALine) {
  HttpResponse r(302);
  r.headers.add("Location", "/x\r\nSet-Cookie: stolen=1");
  r.headers.add("X-Fine", "yes");
  const auto text = write_response(r, true, false);
  EXPECT_EQ(text.find("stolen"), std::string::npos);
  EXPECT_NE(text.find("X-Fine: yes\r\n"), std::string::npos);
  EXPECT_FALSE(write_request("GET", "/a b", "h", {}, ""));
  EXPECT_FALSE(write_request("GET", "/a\r\nX: y", "h", {}, ""));
  EXPECT_FALSE(write_request("GET", "/a", "h", {{"X", "y\r\nZ: w"}}, ""));
}

TEST(HttpWriter, SendsNoBodyWhereNoneMayBe) {
  HttpResponse r(200, "text/plain", "body");
  EXPECT_TRUE(write_response(r, true, true).ends_with("Content-Length: 4\r\n\r\n"));
  r.status = 204;
  EXPECT_EQ(write_response(r, true, false).find("Content-Length"), std::string::npos);
}

}  // namespace rescue::net
