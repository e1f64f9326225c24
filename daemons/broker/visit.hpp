// SPDX-License-Identifier: Apache-2.0
// What a browser tells of the person who is helped, without being asked: language, system, and that it was here before.
#pragma once

#include <optional>
#include <string>

#include "base/random.hpp"
#include "daemons/broker/applet_files.hpp"
#include "net/http.hpp"

namespace rescue::broker::visit {

enum class Language : std::uint8_t { en, de };
inline constexpr std::size_t kLanguages = static_cast<std::size_t>(Language::de) + 1;
[[nodiscard]] std::string_view code_of(Language language);  // "en"
[[nodiscard]] std::optional<Language> parse_language(std::string_view code);
/// "lang" of the query, else what Accept-Language (RFC 9110 section 12.5.4) likes best of those that there are, else
/// `fallback`.
[[nodiscard]] Language language_of(const net::HttpRequest& request, Language fallback);

/// Whose program the visitor needs, by User-Agent; nothing for telephones, macOS and processors of other kinds.
[[nodiscard]] std::optional<System> system_of(const net::HttpRequest& request);

/// A form that another site's page sent. By Sec-Fetch-Site where the browser has it, else by Origin and Host.
[[nodiscard]] bool from_elsewhere(const net::HttpRequest& request);

/// "__Host-": browsers take it over TLS alone, from this very host, for all paths.
inline constexpr std::string_view kCookie = "__Host-rescue-visit";
inline constexpr std::chrono::hours kCookieLifetime{24};  // as long as PINs are remembered
/// SHA-256 of the cookie, as the database has it; empty when there is none.
[[nodiscard]] base::Bytes browser_of(const net::HttpRequest& request);
struct Cookie {
  std::string header;   // Set-Cookie
  base::Bytes browser;  // SHA-256
};
[[nodiscard]] Cookie make_cookie(base::RandomSource& random);

}  // namespace rescue::broker::visit
