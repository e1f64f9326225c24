// SPDX-License-Identifier: Apache-2.0
#include "session/impl/punycode.hpp"

#include <cstdint>

namespace rescue::session {
namespace {
// RFC 3492 section 5.
constexpr std::uint32_t kBase = 36, kTMin = 1, kTMax = 26, kSkew = 38, kDamp = 700, kInitialBias = 72, kInitialN = 128;
constexpr std::size_t kLabelMax = 63;
constexpr std::uint32_t kCodePointMax = 0x10ffff;

std::uint32_t adapt(std::uint32_t delta, std::uint32_t points, bool first) {
  delta = first ? delta / kDamp : delta / 2;
  delta += delta / points;
  std::uint32_t k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

std::uint32_t threshold(std::uint32_t k, std::uint32_t bias) {
  if (k <= bias) return kTMin;
  return k >= bias + kTMax ? kTMax : k - bias;
}

char digit(std::uint32_t d) { return static_cast<char>(d < 26 ? 'a' + d : '0' + d - 26); }

std::optional<std::uint32_t> value_of(char c) {
  if (c >= 'a' && c <= 'z') return c - 'a';
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= '0' && c <= '9') return c - '0' + 26;
  return std::nullopt;
}
}  // namespace

std::optional<std::string> punycode_encode(std::u32string_view label) {
  if (label.size() > kLabelMax) return std::nullopt;
  std::string out;
  for (const char32_t c : label)
    if (c < 0x80) out.push_back(static_cast<char>(c));
  auto done = static_cast<std::uint32_t>(out.size());
  const auto basic = done;
  if (basic > 0) out.push_back('-');
  std::uint32_t n = kInitialN, bias = kInitialBias;
  // 63 characters of 21 bits: no overflow of 32 bits (RFC 3492 section 6.4) before the length says no.
  std::uint64_t delta = 0;
  while (done < label.size()) {
    std::uint32_t next = kCodePointMax;
    for (const char32_t c : label)
      if (c >= n && c < next) next = c;
    delta += std::uint64_t{next - n} * (done + 1);
    n = next;
    for (const char32_t c : label) {
      if (c < n) ++delta;
      if (c != n) continue;
      auto q = delta;
      for (std::uint32_t k = kBase;; k += kBase) {
        const auto t = threshold(k, bias);
        if (q < t) break;
        out.push_back(digit(static_cast<std::uint32_t>(t + (q - t) % (kBase - t))));
        q = (q - t) / (kBase - t);
      }
      out.push_back(digit(static_cast<std::uint32_t>(q)));
      if (out.size() > kLabelMax) return std::nullopt;
      bias = adapt(static_cast<std::uint32_t>(delta), done + 1, done == basic);
      delta = 0;
      ++done;
    }
    ++delta;
    ++n;
  }
  return out;
}

std::optional<std::u32string> punycode_decode(std::string_view label) {
  if (label.size() > kLabelMax) return std::nullopt;
  std::u32string out;
  const auto dash = label.rfind('-');
  std::size_t at = 0;
  if (dash != std::string_view::npos && dash > 0) {
    for (const char c : label.substr(0, dash)) out.push_back(static_cast<unsigned char>(c));
    at = dash + 1;
  }
  std::uint32_t n = kInitialN, bias = kInitialBias;
  std::uint64_t i = 0;
  while (at < label.size()) {
    const auto before = i;
    std::uint64_t weight = 1;
    for (std::uint32_t k = kBase;; k += kBase) {
      if (at == label.size()) return std::nullopt;
      const auto d = value_of(label[at++]);
      if (!d) return std::nullopt;
      i += *d * weight;
      if (i > UINT32_MAX) return std::nullopt;
      const auto t = threshold(k, bias);
      if (*d < t) break;
      weight *= kBase - t;
      if (weight > UINT32_MAX) return std::nullopt;
    }
    const auto points = static_cast<std::uint32_t>(out.size() + 1);
    bias = adapt(static_cast<std::uint32_t>(i - before), points, before == 0);
    const auto code = n + i / points;
    if (code > kCodePointMax || (code >= 0xd800 && code <= 0xdfff)) return std::nullopt;
    n = static_cast<std::uint32_t>(code);
    i %= points;
    out.insert(out.begin() + static_cast<std::ptrdiff_t>(i++), static_cast<char32_t>(n));
    if (out.size() > kLabelMax) return std::nullopt;
  }
  return out;
}

}  // namespace rescue::session
