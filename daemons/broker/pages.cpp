// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/pages.hpp"

#include <fmt/format.h>

#include "base/markup.hpp"
#include "crypto/password.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker::pages {
namespace {

std::string page(std::string_view organisation, std::string_view title, std::string_view body) {
  return fmt::format(R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>{1} · {0}</title>
<link rel="stylesheet" href="/assets/site.css">
<script src="/assets/password.js" defer></script>
</head>
<body>
<main>
<p class="site">{0}</p>
<h1>{1}</h1>
{2}</main>
</body>
</html>
)",
                     base::escape_markup(organisation), title, body);
}

std::string problem_text(const Shown& shown) {
  if (shown.problem.empty()) return {};
  return fmt::format("<p class=\"problem\" role=\"alert\">{}</p>\n", base::escape_markup(shown.problem));
}

/// The two fields of a new password with the place of the meter, which the script shows.
std::string new_password_fields() {
  return fmt::format(R"(<label for="new">New password</label>
<input id="new" name="new" type="password" autocomplete="new-password" required maxlength="{0}" aria-describedby="strength">
<div id="strength" class="strength" role="status" aria-live="polite" hidden>
<meter id="score" min="0" max="4" low="2" high="3" optimum="4" value="0" aria-label="strength"></meter>
<span id="verdict"></span>
<ul id="advice"></ul>
</div>
<label for="again">The same once more</label>
<input id="again" name="again" type="password" autocomplete="new-password" required maxlength="{0}">
<p id="differs" class="hint" hidden>The two are not the same yet.</p>
)",
                     crypto::kMaxPasswordBytes);
}

}  // namespace

std::string invite_form(const Shown& shown) {
  return page(
      shown.organisation, "Set your password",
      fmt::format(
          R"({0}<p>You were invited to work here. Choose a password that you use nowhere else; four uncommon words are
stronger than one with signs in it.</p>
<form method="post" action="/invite">
<div id="code-row">
<label for="code">Invitation</label>
<input id="code" name="code" type="text" value="{1}" autocomplete="off" autocapitalize="none" spellcheck="false" required
 maxlength="400">
<noscript><p class="hint">Copy the link you were given into this field, or the part of it after the # sign.</p></noscript>
</div>
{2}<button type="submit">Set password</button>
</form>
)",
          problem_text(shown), base::escape_markup(shown.code), new_password_fields()));
}

std::string password_form(const Shown& shown) {
  constexpr std::string_view kDeviceCode = R"(<label for="otp">One-time code of your device</label>
<input id="otp" name="otp" type="text" inputmode="numeric" autocomplete="one-time-code" maxlength="40">
)";
  return page(shown.organisation, "Change your password",
              fmt::format(R"({0}<form method="post" action="/password">
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" value="{1}" autocomplete="username" required maxlength="{2}">
<label for="current">Present password</label>
<input id="current" name="current" type="password" autocomplete="current-password" required maxlength="{3}">
{4}{5}<button type="submit">Change password</button>
</form>
<p class="hint">All other sign-ins of the account end.</p>
)",
                          problem_text(shown), base::escape_markup(shown.email), directory::kMaxEmailBytes,
                          crypto::kMaxPasswordBytes, shown.code_of_device ? kDeviceCode : std::string_view(),
                          new_password_fields()));
}

std::string done(std::string_view organisation, std::string_view what, std::string_view command) {
  return page(organisation, "Done",
              fmt::format("<p class=\"good\" role=\"status\">{}</p>\n<p>Sign in with</p>\n<pre>{}</pre>\n",
                          base::escape_markup(what), base::escape_markup(command)));
}

}  // namespace rescue::broker::pages
