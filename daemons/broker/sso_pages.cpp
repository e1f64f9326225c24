// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/sso_pages.hpp"

#include <fmt/format.h>

#include "base/markup.hpp"
#include "daemons/broker/pages.hpp"

namespace rescue::broker::sso_pages {
namespace {

constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
constexpr unsigned kSeeOther = 303;

net::HttpHeaders page_headers() {
  return {{"Content-Security-Policy", std::string(kPolicy)},
          {"Cache-Control", "no-store"},
          {"Referrer-Policy", "no-referrer"}};
}

Reply page(Services& s, unsigned status, std::string_view title, std::string_view body) {
  constexpr std::string_view kPage = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{1} · {0}</title>
<link rel="stylesheet" href="/assets/site.css">
</head>
<body>
<main>
<p class="site">{0}</p>
<h1>{1}</h1>
{2}</main>
</body>
</html>
)";
  return Reply{.status = status,
               .content_type = std::string(pages::kHtml),
               .text = fmt::format(fmt::runtime(kPage), base::escape_markup(s.settings.organisation), title, body),
               .headers = page_headers()};
}

}  // namespace

Reply code(Services& s, const directory::sso::Entered& entered) {
  const auto where =
      entered.by_provider
          ? fmt::format("<p>Type it in a terminal after</p>\n<pre>rescue login --server {} --sso-code</pre>\n",
                        base::escape_markup(s.public_url))
          : std::string(
                "<p>Type it in the terminal where you began to sign in. If you did not begin anywhere, close "
                "this page and give the code to nobody.</p>\n");
  return page(
      s, 200, "Your code",
      fmt::format("<p>Signed in as <b>{}</b>.</p>\n<pre id=\"code\">{}</pre>\n{}"
                  "<p class=\"hint\">It works once, and for {} minutes.</p>\n",
                  base::escape_markup(entered.user.email), entered.code, where, directory::sso::kCodeLifetime.count()));
}

Reply refused(Services& s, unsigned status, std::string_view why, std::string_view request_id) {
  return page(s, status, "Not signed in",
              fmt::format("<p class=\"problem\" role=\"alert\">{}</p>\n<p class=\"hint\">Whoever administers the site "
                          "finds the reason in its log. Request {}.</p>\n",
                          base::escape_markup(why), base::escape_markup(request_id)));
}

Reply redirect(std::string url) {
  Reply out{.status = kSeeOther,
            .content_type = "text/plain; charset=utf-8",
            .text = "The browser is sent on.\n",
            .headers = page_headers()};
  out.headers.add("Location", std::move(url));
  return out;
}

}  // namespace rescue::broker::sso_pages
