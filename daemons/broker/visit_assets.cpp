// SPDX-License-Identifier: Apache-2.0
// Style and script of the pages for people who are helped.
#include <cmath>

#include <fmt/format.h>

#include "daemons/broker/visit_pages.hpp"

namespace rescue::broker::visit {
namespace {

/// A colour's part as light (WCAG 2.2, "relative luminance").
double linear(unsigned value) {
  const double c = value / 255.0;
  return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

unsigned hex_byte(std::string_view text) {
  unsigned out = 0;
  for (const char c : text) out = out * 16 + static_cast<unsigned>(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
  return out;
}

}  // namespace

std::string_view readable_on(std::string_view colour) {
  const double light = 0.2126 * linear(hex_byte(colour.substr(1, 2))) + 0.7152 * linear(hex_byte(colour.substr(3, 2))) +
                       0.0722 * linear(hex_byte(colour.substr(5, 2)));
  return (light + 0.05) / 0.05 >= 1.05 / (light + 0.05) ? "#000000" : "#ffffff";
}

std::string style(std::string_view accent, std::string_view accent_dark) {
  constexpr std::string_view kColours =
      R"css(:root {{ color-scheme: light dark; --accent: {0}; --on-accent: {1}; --line: #767c86; --bad: #b3261e; --page: #ffffff; --text: #1b1d21; --beware: #fff4d6; --beware-line: #8a5a00; }}
@media (prefers-color-scheme: dark) {{ :root {{ --accent: {2}; --on-accent: {3}; --line: #8c93a0; --bad: #ff8a80; --page: #17191d; --text: #eceef2; --beware: #33290f; --beware-line: #e0b24a; }} }}
)css";
  constexpr std::string_view kRules = R"css(* { box-sizing: border-box; }
html { background: var(--page); color: var(--text); }
body { margin: 0; font: 1.0625rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main, footer { max-width: 38rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; }
header img { display: block; max-width: 100%; width: auto; height: 3rem; }
@media (prefers-color-scheme: dark) { header img { height: 4rem; padding: 0.5rem 0.75rem; background: #ffffff; border-radius: 6px; } }
.site { margin: 0; font-size: 1.15rem; font-weight: 600; }
footer { margin-top: 2.5rem; padding-bottom: 2rem; font-size: 0.9375rem; }
footer::before { content: ""; display: block; margin-bottom: 0.6rem; border-top: 1px solid var(--line); }
footer p { margin: 0.25rem 0; white-space: pre-line; overflow-wrap: anywhere; }
h1 { margin: 1.5rem 0 0.75rem; font-size: clamp(1.6rem, 1.3rem + 1.4vw, 2.1rem); line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 1.75rem 0 0.5rem; font-size: 1.15rem; line-height: 1.3; }
p { margin: 0.5rem 0; }
ol, ul { margin: 0.5rem 0; padding-left: 1.5rem; }
li { margin: 0.3rem 0; }
a { color: var(--accent); }
@media (prefers-color-scheme: dark) { a { color: inherit; } }
label { display: block; margin: 1.1rem 0 0.3rem; font-weight: 600; }
input, textarea { width: 100%; padding: 0.65rem 0.75rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: 6px; }
#pin { max-width: 16rem; font-size: 1.5rem; letter-spacing: 0.15em; font-variant-numeric: tabular-nums; }
[aria-invalid="true"] { border: 2px solid var(--bad); }
.hint { margin: 0.3rem 0; font-size: 0.9375rem; opacity: 0.85; }
button { display: block; width: 100%; max-width: 24rem; margin: 1.25rem 0; padding: 0.8rem 1.25rem; min-height: 3rem; font: inherit; font-weight: 650; color: var(--on-accent); background: var(--accent); border: 1px solid transparent; border-radius: 6px; cursor: pointer; }
button:hover { filter: brightness(1.12); }
button.lesser { width: auto; margin: 0.75rem 0; padding: 0.4rem 0.9rem; min-height: 2.5rem; color: inherit; background: transparent; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (prefers-color-scheme: dark) { :focus-visible { outline-color: currentColor; } }
.problem { padding: 0.6rem 0.9rem; border-left: 4px solid var(--bad); color: var(--bad); font-weight: 600; }
.warning { margin: 1.75rem 0; padding: 0.4rem 1rem 0.6rem; background: var(--beware); border-left: 4px solid var(--beware-line); border-radius: 0 6px 6px 0; }
.warning h2 { margin: 0.5rem 0; }
details { margin: 1.5rem 0; }
summary { cursor: pointer; font-weight: 600; padding: 0.35rem 0; }
pre { margin: 0.5rem 0; padding: 0.75rem; border: 1px solid var(--line); border-radius: 6px; font-size: 0.9rem; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (forced-colors: active) { .warning, .problem { border: 2px solid; } button { border-color: ButtonText; } }
)css";
  return fmt::format(fmt::runtime(kColours), accent, readable_on(accent), accent_dark, readable_on(accent_dark)) +
         std::string(kRules);
}

std::string_view script() {
  return R"js('use strict';
// A PIN behind the # of a link, which browsers send to nobody, moves into the form and out of the address.
(() => {
  const field = document.getElementById('pin');
  if (!field || location.hash.length < 2) return;
  const digits = location.hash.slice(1).replace(/[ -]/g, '');
  history.replaceState(null, '', location.pathname + location.search);
  if (!/^[0-9]{6,12}$/.test(digits)) return;
  field.value = digits;
  field.form.querySelector('button').focus();
})();
)js";
}

}  // namespace rescue::broker::visit
