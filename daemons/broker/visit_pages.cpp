// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/visit_pages.hpp"

#include <fmt/format.h>

#include "base/markup.hpp"
#include "net/uri.hpp"

namespace rescue::broker::visit {
namespace {

using base::escape_markup;

template <typename... Args>
std::string say(std::string_view text, const Args&... args) {
  return fmt::format(fmt::runtime(text), args...);
}

std::string with_language(const Frame& f, std::string_view path) {
  return f.by_query ? fmt::format("{}?lang={}", path, code_of(f.language)) : std::string(path);
}

std::string language_switch(const Frame& f) {
  std::string out;
  for (std::size_t n = 0; n < kLanguages; ++n) {
    const auto other = static_cast<Language>(n);
    if (other == f.language) continue;
    out += fmt::format(R"(<p><a href="{0}?lang={1}" lang="{1}" hreflang="{1}">{2}</a></p>)"
                       "\n",
                       escape_markup(f.path), code_of(other), texts(other).language);
  }
  return out;
}

std::string footer(const Frame& f) {
  const auto& t = texts(f.language);
  const auto& contact = f.brand.contact.at(static_cast<std::size_t>(f.language));
  const auto& privacy = f.brand.privacy.at(static_cast<std::size_t>(f.language));
  auto out = fmt::format("<p>{}</p>\n", say(t.runs, escape_markup(f.brand.organisation)));
  if (!contact.empty()) out += fmt::format("<p>{}: {}</p>\n", t.contact, escape_markup(contact));
  if (!privacy.empty()) out += fmt::format("<p>{}: {}</p>\n", t.privacy, escape_markup(privacy));
  if (!f.brand.privacy_url.empty())
    out += fmt::format("<p><a href=\"{}\" rel=\"noreferrer\">{}</a></p>\n", escape_markup(f.brand.privacy_url),
                       t.privacy_link);
  return out + language_switch(f);
}

/// `heading` is HTML already.
std::string page(const Frame& f, std::string_view heading, std::string_view body) {
  const auto organisation = escape_markup(f.brand.organisation);
  const auto site = f.brand.logo ? fmt::format(R"(<img src="/assets/logo" alt="{}" height="48">)", organisation)
                                 : fmt::format("<p class=\"site\">{}</p>", organisation);
  return fmt::format(R"(<!doctype html>
<html lang="{0}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{1} · {2}</title>
<link rel="stylesheet" href="/assets/visit.css">
<script src="/assets/visit.js" defer></script>
</head>
<body>
<header>{3}</header>
<main>
<h1>{1}</h1>
{4}</main>
<footer>
{5}</footer>
</body>
</html>
)",
                     code_of(f.language), heading, organisation, site, body, footer(f));
}

std::string alert(std::string_view problem) {
  if (problem.empty()) return {};
  return fmt::format("<p class=\"problem\" id=\"problem\" role=\"alert\">{}</p>\n", escape_markup(problem));
}

std::string warning(const Frame& f) {
  const auto& t = texts(f.language);
  return fmt::format(
      "<aside class=\"warning\" aria-labelledby=\"beware\">\n<h2 id=\"beware\">{}</h2>\n<p>{}</p>\n"
      "<p><strong>{}</strong></p>\n</aside>\n",
      t.warning_heading, say(t.warning, escape_markup(f.brand.organisation)), t.warning_do);
}

std::string steps(std::string_view heading, const std::array<std::string_view, 3>& items) {
  auto out = fmt::format("<h2>{}</h2>\n<ol>\n", heading);
  for (const auto item : items) out += fmt::format("<li>{}</li>\n", item);
  return out + "</ol>\n";
}

/// Attributes of a field that was refused, or is the first to fill in.
std::string_view state_of(std::string_view problem) {
  return problem.empty() ? "" : " aria-invalid=\"true\" autofocus";
}

std::string other_systems(const Frame& f, const std::vector<System>& others) {
  if (others.empty()) return {};
  const auto& t = texts(f.language);
  auto out = fmt::format("<h2>{}</h2>\n<ul>\n", t.other_heading);
  for (const auto system : others)
    out += fmt::format("<li><a href=\"/ready?system={}{}\">{}</a></li>\n", name_of(system),
                       f.by_query ? fmt::format("&amp;lang={}", code_of(f.language)) : "",
                       say(t.other_system, shown_name(system)));
  return out + "</ul>\n";
}

/// How its system's own tools tell the hash of a file in the folder of downloads.
std::string_view hash_command(System system) {
  return system == System::windows_x86_64 ? "certutil -hashfile %USERPROFILE%\\Downloads\\rescue-applet.exe SHA256"
                                          : "sha256sum ~/Downloads/rescue-applet";
}

std::string part_form(const Frame& f, System system, std::string_view part, std::string_view label, bool main) {
  return fmt::format(R"(<form method="post" action="{}">
<input type="hidden" name="system" value="{}">
<input type="hidden" name="part" value="{}">
<button type="submit"{}>{}</button>
</form>
)",
                     with_language(f, "/download"), name_of(system), part, main ? "" : " class=\"lesser\"", label);
}

std::string check(const Frame& f, const Offer& offer) {
  const auto& t = texts(f.language);
  auto out = fmt::format("<details open>\n<summary>{}</summary>\n", t.check_heading);
  if (!offer.sha256.empty())
    out += fmt::format("<p>{}</p>\n<pre id=\"sha256\">{}</pre>\n<p>{}</p>\n<pre>{}</pre>\n", t.check_hash, offer.sha256,
                       t.check_how, hash_command(offer.system));
  const bool windows = offer.system == System::windows_x86_64;
  if (!offer.publisher.empty()) {
    out += fmt::format("<p>{}</p>\n", say(t.signed_by, escape_markup(offer.publisher)));
    out += windows ? fmt::format("<p>{}</p>\n", t.check_later)
                   : part_form(f, offer.system, "signature", t.signature_file, false);
    out += fmt::format("<p><a href=\"/assets/signing.pem\">{}</a></p>\n", t.certificate_file);
  } else if (windows) {
    out += fmt::format("<p>{}</p>\n", t.unsigned_file);
  }
  return out + "</details>\n";
}

}  // namespace

std::string start_page(const Frame& f, const StartForm& form) {
  const auto& t = texts(f.language);
  const auto body = fmt::format(
      R"({0}<p>{1}</p>
<form method="post" action="{2}">
<label for="pin">{3}</label>
<input id="pin" name="pin" type="text" inputmode="numeric" autocomplete="off" spellcheck="false" required maxlength="40" value="{4}" aria-describedby="{5}hint"{6}>
<p id="hint" class="hint">{7}</p>
<button type="submit">{8}</button>
</form>
{9}{10}<details>
<summary>{11}</summary>
<p>{12}</p>
<pre>{13}</pre>
</details>
)",
      alert(form.problem), t.pin_intro, with_language(f, "/"), t.pin_label, escape_markup(form.pin),
      form.problem.empty() ? "" : "problem ", state_of(form.problem), t.pin_hint, t.go_on, warning(f),
      steps(t.next_heading, t.next), t.installed_heading, t.installed, escape_markup(f.brand.command));
  return page(f, say(t.help_from, escape_markup(f.brand.organisation)), body);
}

std::string channel_page(const Frame& f, const ChannelForm& form) {
  const auto& t = texts(f.language);
  const auto body = fmt::format(
      R"({0}<p>{1}</p>
<form method="post" action="{2}">
<label for="name">{3}</label>
<input id="name" name="name" type="text" autocomplete="name" required maxlength="{4}" value="{5}"{6}>
<label for="what">{7}</label>
<textarea id="what" name="problem" rows="4" maxlength="{8}" aria-describedby="hint">{9}</textarea>
<p id="hint" class="hint">{10}</p>
<button type="submit">{11}</button>
</form>
{12}{13})",
      alert(form.problem), say(t.channel_intro, escape_markup(f.brand.organisation)),
      with_language(f, escape_markup(f.path)), t.name_label, kMaxVisitorName / 2, escape_markup(form.name),
      state_of(form.problem), t.problem_label, kMaxProblem / 2, escape_markup(form.problem_text), t.problem_hint,
      t.ask_help, warning(f), steps(t.next_heading, t.next));
  return page(f, say(t.channel_heading, escape_markup(form.channel)), body);
}

std::string ready_page(const Frame& f, const Offer& offer, const std::vector<System>& others) {
  const auto& t = texts(f.language);
  const bool windows = offer.system == System::windows_x86_64;
  constexpr double kMega = 1e6;
  const auto size = say(t.megabytes, fmt::format("{:.1f}", static_cast<double>(offer.bytes) / kMega));
  auto body = fmt::format("<p>{}</p>\n", say(t.ready_intro, escape_markup(f.brand.organisation)));
  body += part_form(f, offer.system, "file", say(t.download, shown_name(offer.system), size), true);
  body += steps(t.start_heading, windows ? t.start_windows : t.start_linux);
  if (!windows)
    body += fmt::format("<p>{}</p>\n<pre>chmod +x ~/Downloads/rescue-applet\n~/Downloads/rescue-applet</pre>\n",
                        t.start_terminal);
  body += fmt::format("<p class=\"hint\">{}</p>\n", t.again);
  return page(f, t.ready_heading, body + check(f, offer) + warning(f) + other_systems(f, others));
}

std::string no_system_page(const Frame& f, const std::vector<System>& others) {
  const auto& t = texts(f.language);
  return page(f, t.no_system_heading, fmt::format("<p>{}</p>\n", t.no_system) + warning(f) + other_systems(f, others));
}

std::string no_file_page(const Frame& f) {
  const auto& t = texts(f.language);
  return page(f, t.no_file_heading,
              fmt::format("<p>{}</p>\n<pre>{}</pre>\n", say(t.no_file, escape_markup(f.brand.organisation)),
                          escape_markup(f.brand.command)) +
                  warning(f));
}

std::string running_page(const Frame& f) {
  const auto& t = texts(f.language);
  return page(f, t.running_heading, fmt::format("<p role=\"status\">{}</p>\n", t.running) + warning(f));
}

std::string over_page(const Frame& f) {
  const auto& t = texts(f.language);
  return page(f, t.over_heading,
              fmt::format("<p role=\"status\">{}</p>\n<p><a href=\"{}\">{}</a></p>\n", t.over, with_language(f, "/"),
                          t.to_start));
}

std::string sorry_page(const Frame& f, std::string_view text) {
  const auto& t = texts(f.language);
  return page(
      f, t.sorry_heading,
      fmt::format("{}<p><a href=\"{}\">{}</a></p>\n", alert(text), with_language(f, "/"), t.to_start) + warning(f));
}

}  // namespace rescue::broker::visit
