// SPDX-License-Identifier: Apache-2.0
#include "net/uri.hpp"

#include <fmt/format.h>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "base/percent.hpp"
#include "base/utf8.hpp"

namespace rescue::net {

namespace urls = boost::urls;

namespace {

base::Result<std::string> checked(std::string decoded) {
  if (decoded.find('\0') != std::string::npos || !base::is_valid_utf8(decoded))
    return base::fail(base::Errc::bad_format, "request target is no text");
  return decoded;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

base::Result<std::string> decode(std::string_view in, bool plus_is_space) {
  std::string out;
  out.reserve(in.size());
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (in[i] != '%') {
      out += in[i];
    } else {
      const int high = i + 2 < in.size() ? digit(in[i + 1]) : -1;
      const int low = high >= 0 ? digit(in[i + 2]) : -1;
      if (low < 0) return base::fail(base::Errc::bad_format, "percent sign without two hex digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return checked(std::move(out));
}

}  // namespace

base::Result<std::string> decode_component(std::string_view encoded) { return decode(encoded, false); }

base::Result<Target> parse_target(std::string_view text) {
  const boost::core::string_view in(text.data(), text.size());
  auto parsed = text.starts_with('/') ? urls::parse_origin_form(in) : urls::parse_absolute_uri(in);
  if (!parsed) return base::fail(base::Errc::bad_format, "request target", parsed.error());
  if (!text.starts_with('/') && parsed->scheme_id() != urls::scheme::http && parsed->scheme_id() != urls::scheme::https)
    return base::fail(base::Errc::bad_format, "request target of another scheme");
  const auto path = parsed->encoded_path();
  Target out;
  out.raw_path.assign(path.data(), path.size());
  if (out.raw_path.empty()) out.raw_path = "/";
  RESCUE_TRY(out.path, decode(out.raw_path, false));
  for (const auto& p : parsed->encoded_params()) {
    RESCUE_TRY(auto key, decode(std::string_view(p.key.data(), p.key.size()), true));
    RESCUE_TRY(auto value, decode(std::string_view(p.value.data(), p.value.size()), true));
    out.query.emplace_back(std::move(key), std::move(value));
  }
  return out;
}

std::string encode_component(std::string_view text) { return base::percent_encode(text); }

std::string encode_query(const std::vector<std::pair<std::string, std::string>>& query) {
  std::string out;
  for (const auto& [key, value] : query)
    out += fmt::format("{}{}={}", out.empty() ? '?' : '&', encode_component(key), encode_component(value));
  return out;
}

}  // namespace rescue::net
