// SPDX-License-Identifier: Apache-2.0
// Input: first byte = how the rest is cut into pieces (0: whole) and, by its top bit, request or response; then the
// message.
#include <cstdlib>

#include "net/impl/http_codec.hpp"
#include "net/uri.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rescue;
  constexpr std::size_t kBodyCap = 2000;
  if (size == 0) return 0;
  const std::size_t step = (data[0] & 0x7F) == 0 ? size : data[0] & 0x7F;
  const bool request = (data[0] & 0x80) == 0;
  const auto all = base::as_text(base::ByteView(data + 1, size - 1));
  net::HttpParser parser(request ? net::HttpParser::Kind::request : net::HttpParser::Kind::response, 1000);
  std::string in;
  for (std::size_t at = 0; at < all.size() && !parser.done(); at += step) {
    in += all.substr(at, step);
    const bool had = parser.header_done();
    if (!parser.feed(in)) return 0;
    if (had || !parser.header_done()) continue;
    if (request) (void)net::parse_target(parser.target());
    (void)parser.take_headers();
    if (!parser.set_body_cap(kBodyCap) || !parser.feed(in)) return 0;
  }
  if (!parser.done() && parser.header_done() && !parser.feed_end()) return 0;
  if (parser.done() && parser.take_body().size() > kBodyCap) std::abort();
  return 0;
}
