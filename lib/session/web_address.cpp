// SPDX-License-Identifier: Apache-2.0
#include "session/web_address.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/ip.hpp"
#include "base/utf8.hpp"
#include "session/impl/punycode.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using base::Errc;
using base::fail;
using base::Result;

enum class Script : std::uint8_t {
  none,
  common,
  latin,
  greek,
  cyrillic,
  armenian,
  hebrew,
  arabic,
  indic,
  thai,
  georgian,
  hangul,
  hiragana,
  katakana,
  bopomofo,
  han
};
struct Range {
  char32_t first, last;
  Script script;
};
/// Letters that host names have, by alphabet (Unicode 15, Scripts.txt; in blocks).
constexpr Range kRanges[] = {
    {0x00df, 0x00f6, Script::latin},    {0x00f8, 0x024f, Script::latin},    {0x0370, 0x03ff, Script::greek},
    {0x0400, 0x052f, Script::cyrillic}, {0x0531, 0x0587, Script::armenian}, {0x05b0, 0x05ea, Script::hebrew},
    {0x0620, 0x0669, Script::arabic},   {0x066e, 0x06fc, Script::arabic},   {0x0750, 0x077f, Script::arabic},
    {0x0901, 0x0d7f, Script::indic},    {0x0e01, 0x0e59, Script::thai},     {0x10d0, 0x10ff, Script::georgian},
    {0x1100, 0x11ff, Script::hangul},   {0x1e00, 0x1eff, Script::latin},    {0x1f00, 0x1fff, Script::greek},
    {0x3005, 0x3007, Script::han},      {0x3041, 0x309f, Script::hiragana}, {0x30a1, 0x30fe, Script::katakana},
    {0x3105, 0x312f, Script::bopomofo}, {0x3400, 0x4dbf, Script::han},      {0x4e00, 0x9fff, Script::han},
    {0xac00, 0xd7a3, Script::hangul},   {0x20000, 0x2ffff, Script::han},
};
/// Small Cyrillic and Greek letters that are drawn as Latin ones are.
constexpr std::u32string_view kLookAlikes = U"асԁеһіјӏорԛѕԝхуѵґьνοραιυκ";

Script script_of(char32_t c) {
  if (c < 0x80) return (c >= 'a' && c <= 'z') ? Script::latin : Script::common;
  for (const auto& r : kRanges)
    if (c >= r.first && c <= r.last) return r.script;
  return Script::none;
}

// Without a table of all of Unicode: the capitals that people do type.
char32_t small(char32_t c) {
  if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7) || (c >= 0x391 && c <= 0x3a9) ||
      (c >= 0x410 && c <= 0x42f))
    return c + 0x20;
  return c >= 0x400 && c <= 0x40f ? c + 0x50 : c;
}

/// Alphabets that are written in one word: Japanese, Korean and Chinese, each with Latin (Unicode TS 39, 5.2 "highly
/// restrictive").
bool written_together(std::uint32_t scripts) {
  const auto bit = [](Script s) { return 1u << static_cast<unsigned>(s); };
  const auto latin = bit(Script::latin), han = bit(Script::han);
  const std::uint32_t together[] = {latin | han | bit(Script::hiragana) | bit(Script::katakana),
                                    latin | han | bit(Script::hangul), latin | han | bit(Script::bopomofo)};
  return std::ranges::any_of(together, [&](std::uint32_t all) { return (scripts & ~all) == 0; });
}

AddressDoubt doubt_about(std::u32string_view label) {
  std::uint32_t scripts = 0;
  bool look_alike = true;
  for (const char32_t c : label) {
    const auto script = script_of(c);
    if (script == Script::none) return AddressDoubt::unusual;
    if (script == Script::common) continue;
    scripts |= 1u << static_cast<unsigned>(script);
    look_alike = look_alike && kLookAlikes.contains(c);
  }
  const bool several = (scripts & (scripts - 1)) != 0;
  if (several && !written_together(scripts)) return AddressDoubt::mixed_scripts;
  return scripts != 0 && look_alike ? AddressDoubt::look_alike : AddressDoubt::none;
}

struct Label {
  std::string ascii, letters;
  AddressDoubt doubt = AddressDoubt::none;
};

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) base::append_utf8(out, c);
  return out;
}

Result<Label> read_label(std::u32string_view raw) {
  std::u32string label;
  for (const char32_t c : raw) label.push_back(small(c));
  const bool ascii = std::ranges::all_of(label, [](char32_t c) { return c < 0x80; });
  Label out;
  if (!ascii) {
    out.doubt = doubt_about(label);
    const auto encoded = punycode_encode(label);
    if (out.doubt == AddressDoubt::unusual || !encoded || encoded->size() > 63 - 4)
      return fail(Errc::invalid_argument, fmt::format("'{}' is no part of a host name", to_utf8(label)));
    out.ascii = "xn--" + *encoded;
  } else {
    out.ascii = to_utf8(label);
  }
  const bool fits = !out.ascii.empty() && out.ascii.size() <= 63 && std::ranges::all_of(out.ascii, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  if (!fits) return fail(Errc::invalid_argument, fmt::format("'{}' is no part of a host name", to_utf8(label)));
  out.letters = to_utf8(label);
  if (ascii && out.ascii.starts_with("xn--")) {
    const auto decoded = punycode_decode(std::string_view(out.ascii).substr(4));
    if (!decoded || decoded->empty())
      return fail(Errc::invalid_argument, fmt::format("'{}' is no part of a host name", out.ascii));
    out.doubt = doubt_about(*decoded);
    // What is no letter is not shown as one: it may be a slash of another alphabet.
    if (out.doubt != AddressDoubt::unusual) out.letters = to_utf8(*decoded);
  }
  return out;
}

Result<void> read_host(std::string_view text, WebAddress& out) {
  if (text.starts_with('[')) {
    const auto inside = text.substr(1, text.size() - 1 - (text.ends_with(']') ? 1 : 0));
    const auto parsed = base::IpAddress::parse(inside);
    if (!text.ends_with(']') || !inside.contains(':') || !parsed)
      return fail(Errc::invalid_argument, fmt::format("'{}' is no address of a host", text));
    out.host = parsed->is_v4() ? fmt::format("[::ffff:{}]", parsed->text()) : fmt::format("[{}]", parsed->text());
    return {};
  }
  std::u32string wide;
  for (std::size_t at = 0; at < text.size();) wide.push_back(base::next_code_point(text, at));
  if (wide.ends_with(U'.')) wide.pop_back();
  std::string letters;
  for (std::u32string_view rest = wide;;) {
    const auto dot = rest.find(U'.');
    RESCUE_TRY(const auto label, read_label(rest.substr(0, dot)));
    const bool first = out.host.empty();
    out.host += (first ? "" : ".") + label.ascii;
    letters += (first ? "" : ".") + label.letters;
    if (out.doubt == AddressDoubt::none) out.doubt = label.doubt;
    if (dot == std::u32string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  // "0x7f.1" and "2130706433" are numeric addresses to browsers; here only what reads as one.
  const auto last = std::string_view(out.host).substr(out.host.rfind('.') + 1);
  if (last.front() >= '0' && last.front() <= '9' && !base::IpAddress::parse(out.host))
    return fail(Errc::invalid_argument, fmt::format("'{}' is no address of a host", out.host));
  if (out.host.size() > 253) return fail(Errc::invalid_argument, "the host name is too long");
  if (letters != out.host) out.letters = letters;
  return {};
}

std::string encode_rest(std::string_view text) {
  constexpr std::string_view kNever = "\"<>^`{|}";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && !kNever.contains(c))
      out.push_back(c);
    else
      out += fmt::format("%{:02X}", byte);
  }
  return out;
}

bool is_space(char32_t c) {
  return c == ' ' || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
         c == 0x205f || c == 0x2060 || c == 0x3000 || c == 0xfeff;
}
}  // namespace

Result<WebAddress> read_web_address(std::string_view text) {
  if (text.size() > wire::kUrlMax)
    return fail(Errc::too_large,
                fmt::format("address of {} bytes, at most {} are allowed", text.size(), wire::kUrlMax));
  if (!base::is_valid_utf8(text)) return fail(Errc::invalid_argument, "an address that is not UTF-8");
  for (std::size_t at = 0; at < text.size();)
    if (const auto c = base::next_code_point(text, at); base::is_control(c) || is_space(c) || c == '\\')
      return fail(Errc::invalid_argument, "an address has no spaces, backslashes and control characters");
  const auto end_of_scheme = text.find("://");
  std::string scheme(text.substr(0, end_of_scheme == std::string_view::npos ? 0 : end_of_scheme));
  std::ranges::transform(scheme, scheme.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 0x20 : c; });
  if (scheme != "http" && scheme != "https")
    return fail(Errc::invalid_argument, "only addresses that begin with http:// or https:// can be sent");
  auto authority = text.substr(end_of_scheme + 3);
  const auto end = std::min(authority.find_first_of("/?#"), authority.size());
  const auto rest = authority.substr(end);
  authority = authority.substr(0, end);
  // "https://bank.example@elsewhere.example": the place is what stands behind the sign.
  if (authority.contains('@')) return fail(Errc::invalid_argument, "an address with a name before its host");
  std::string port;
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    unsigned number = 0;
    const auto digits = authority.substr(colon + 1);
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc() || stop != digits.data() + digits.size() || number == 0 || number > 65535)
      return fail(Errc::invalid_argument, fmt::format("'{}' is no port", digits));
    port = fmt::format(":{}", number);
    authority = authority.substr(0, colon);
  }
  WebAddress out;
  RESCUE_CHECK(read_host(authority, out));
  out.address = scheme + "://" + out.host + port + (rest.starts_with('/') ? "" : "/") + encode_rest(rest);
  if (out.address.size() > wire::kUrlMax) return fail(Errc::too_large, "address");
  return out;
}

}  // namespace rescue::session
