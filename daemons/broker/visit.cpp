// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/visit.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace rescue::broker::visit {
namespace {

constexpr std::array<std::string_view, kLanguages> kCodes{"en", "de"};
constexpr std::size_t kMaxRanges = 32;  // of Accept-Language that are read
constexpr std::size_t kCookieBytes = 32;
constexpr int kFullQuality = 1000;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// The part before `mark`, which goes with it.
std::string_view cut(std::string_view& rest, char mark) {
  const auto at = rest.find(mark);
  const auto out = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view{} : rest.substr(at + 1);
  return out;
}

/// "q=0.75" in thousandths; 0 for what is no quality.
int quality(std::string_view text) {
  text = trimmed(text);
  if (!text.starts_with("q=") && !text.starts_with("Q=")) return 0;
  text.remove_prefix(2);
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  int out = (text[0] - '0') * kFullQuality;
  text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  for (int unit = kFullQuality / 10; unit > 0 && !text.empty() && text[0] >= '0' && text[0] <= '9'; unit /= 10) {
    out += (text[0] - '0') * unit;
    text.remove_prefix(1);
  }
  return std::min(out, kFullQuality);
}

}  // namespace

std::string_view code_of(Language language) { return kCodes.at(static_cast<std::size_t>(language)); }

std::optional<Language> parse_language(std::string_view code) {
  const auto found = std::ranges::find(kCodes, code);
  if (found == kCodes.end()) return std::nullopt;
  return static_cast<Language>(found - kCodes.begin());
}

Language language_of(const net::HttpRequest& request, Language fallback) {
  if (const auto asked = request.query_value("lang"))
    if (const auto known = parse_language(*asked)) return *known;
  const auto header = request.headers.get("Accept-Language");
  std::string_view rest = header.value_or("");
  auto best = fallback;
  int best_quality = 0;
  for (std::size_t n = 0; n < kMaxRanges && !rest.empty(); ++n) {
    auto range = cut(rest, ',');
    const auto tag = lower(trimmed(cut(range, ';')));
    const int wanted = range.empty() ? kFullQuality : quality(range);
    const auto known =
        tag == "*" ? std::optional(fallback) : parse_language(std::string_view(tag).substr(0, tag.find('-')));
    if (!known || wanted <= best_quality) continue;
    best = *known;
    best_quality = wanted;
  }
  return best;
}

std::optional<System> system_of(const net::HttpRequest& request) {
  const auto header = request.headers.get("User-Agent");
  const auto agent = lower(header.value_or(""));
  const auto has = [&agent](std::string_view word) { return agent.find(word) != std::string::npos; };
  if (has("windows phone") || has("android") || has("iphone") || has("ipad")) return std::nullopt;
  // Windows for ARM runs programs for x86-64.
  if (has("windows nt")) return System::windows_x86_64;
  if (has("linux") && (has("x86_64") || has("amd64"))) return System::linux_x86_64;
  return std::nullopt;
}

bool from_elsewhere(const net::HttpRequest& request) {
  if (const auto site = request.headers.get("Sec-Fetch-Site")) return *site != "same-origin" && *site != "none";
  const auto origin = request.headers.get("Origin");
  if (!origin) return false;  // no browser of these days
  const auto host = request.headers.get("Host");
  return !host || *origin != fmt::format("https://{}", *host);
}

base::Bytes browser_of(const net::HttpRequest& request) {
  const auto header = request.headers.get("Cookie");
  std::string_view rest = header.value_or("");
  while (!rest.empty()) {
    auto value = trimmed(cut(rest, ';'));
    const auto name = cut(value, '=');
    if (name != kCookie) continue;
    const auto secret = base::from_base64url(value);
    if (!secret || secret->size() != kCookieBytes) return {};
    const auto hash = crypto::sha256(*secret);
    return {hash.begin(), hash.end()};
  }
  return {};
}

Cookie make_cookie(base::RandomSource& random) {
  base::Bytes secret(kCookieBytes);
  random.fill(secret);
  const auto hash = crypto::sha256(secret);
  return {fmt::format("{}={}; Path=/; Max-Age={}; Secure; HttpOnly; SameSite=Strict", kCookie,
                      base::to_base64url(secret), std::chrono::seconds(kCookieLifetime).count()),
          {hash.begin(), hash.end()}};
}

}  // namespace rescue::broker::visit
