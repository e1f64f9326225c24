// SPDX-License-Identifier: Apache-2.0
// The web pages on which people set and change their password: plain HTML with forms that work without JavaScript. One
// script of ours adds the live meter; nothing on a page comes from elsewhere, and nothing stands inline, so that the
// content policy can forbid both.
#pragma once

#include <string>
#include <string_view>

namespace rescue::broker::pages {

/// Content-Security-Policy of these pages: own script, style and requests, forms to the site itself, no frames.
inline constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";
inline constexpr std::string_view kHtml = "text/html; charset=utf-8";

[[nodiscard]] std::string_view style();   // /assets/site.css
[[nodiscard]] std::string_view script();  // /assets/password.js


/// What a page has beside its form. Texts come as they are; the page escapes them.
struct Shown {
  std::string organisation;
  std::string problem;          // why the last try was refused; empty: none
  std::string code, email;      // what was entered, to try again
  bool code_of_device = false;  // /password: asks for a one-time code, too
};
[[nodiscard]] std::string invite_form(const Shown& shown);
[[nodiscard]] std::string password_form(const Shown& shown);
/// After a password was set or changed. `command`: what to type to sign in.
[[nodiscard]] std::string done(std::string_view organisation, std::string_view what, std::string_view command);

}  // namespace rescue::broker::pages
