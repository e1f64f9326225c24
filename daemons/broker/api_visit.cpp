// SPDX-License-Identifier: Apache-2.0
// From the PIN to the applet in a browser (visit_pages.hpp), without script: each form is a POST, what follows it is a
// page of its own. Who may download is known by a cookie (visit.hpp), of which the database has the hash.
#include <array>
#include <variant>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/base64.hpp"
#include "daemons/broker/channel_visits.hpp"
#include "daemons/broker/form_body.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/page_refusal.hpp"
#include "daemons/broker/pages.hpp"
#include "directory/channels.hpp"
#include "store/channels.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {

constexpr unsigned kSeeOther = 303;
constexpr unsigned kWrongRequest = 400;
constexpr unsigned kGone = 410;
constexpr auto kSystemList = std::to_array<System>({System::windows_x86_64, System::linux_x86_64});

net::HttpHeaders page_headers() {
  return {{"Content-Security-Policy", std::string(visit::kPolicy)},
          // "no-referrer" would take the Origin from forms, too, and with it what tells those of other sites.
          {"Referrer-Policy", "same-origin"},
          {"Cross-Origin-Opener-Policy", "same-origin"},
          {"Cross-Origin-Resource-Policy", "same-origin"},
          {"Vary", "Accept-Language"},
          {"Cache-Control", "no-store"}};
}

visit::Frame frame_of(const Services& s, const net::HttpRequest& request) {
  const auto asked = request.query_value("lang");
  return {s.visit_site.brand, visit::language_of(request, s.visit_site.fallback),
          asked && visit::parse_language(*asked),
          request.path == "/download" ? "/ready" : request.target.substr(0, request.target.find('?'))};
}

Reply page_reply(unsigned status, std::string html) {
  return Reply{
      .status = status, .content_type = std::string(pages::kHtml), .text = std::move(html), .headers = page_headers()};
}

Reply go_to(const visit::Frame& frame, std::string_view path) {
  Reply out{.status = kSeeOther, .content_type = "text/plain; charset=utf-8", .text = {}, .headers = page_headers()};
  out.headers.add("Location",
                  frame.by_query ? fmt::format("{}?lang={}", path, visit::code_of(frame.language)) : std::string(path));
  return out;
}

Reply asset_reply(std::string_view content_type, std::string_view text) {
  return Reply{.content_type = std::string(content_type),
               .text = std::string(text),
               .headers = {{"Cache-Control", "max-age=300"}, {"Cross-Origin-Resource-Policy", "same-origin"}}};
}

base::Result<> check_origin(const Call& c) {
  if (!visit::from_elsewhere(c.request)) return {};
  return base::fail(base::Errc::denied, "a form of another site's page");
}

/// The same file each time that it is asked for.
base::Result<base::Bytes> invite_of(const Services& s, const directory::Visit& visit) {
  return signed_invite(s, visit.guid, visit.issued, visit.not_after);
}

/// Whose program to offer: the one asked for, else the visitor's own; nothing when there is none of it.
std::optional<System> wanted_system(const Call& c, const AppletSet& applets) {
  std::optional<System> out = visit::system_of(c.request);
  if (const auto asked = c.request.query_value("system")) out = parse_system(*asked);
  if (!out || applets.image(*out) == nullptr) return std::nullopt;
  return out;
}

std::vector<System> others_than(const AppletSet& applets, std::optional<System> shown) {
  std::vector<System> out;
  for (const auto system : kSystemList)
    if (applets.image(system) != nullptr && system != shown) out.push_back(system);
  return out;
}

const stamp::CodeSigner* signer_of(const AppletSet& applets) { return applets.signer ? &*applets.signer : nullptr; }

base::Result<visit::Offer> offer_of(const Services& s, const AppletSet& applets, const directory::Visit& visit,
                                    System system) {
  RESCUE_TRY(const auto invite, invite_of(s, visit));
  const bool windows = system == System::windows_x86_64;
  const bool known = !windows || applets.same_each_time;
  RESCUE_TRY(const auto made, applets.image(system)->stamp_pieces(
                                  invite, {.signer = windows ? signer_of(applets) : nullptr, .file_digest = known}));
  return visit::Offer{system, made.size(), known ? base::to_hex(*made.sha256()) : std::string(), applets.publisher};
}

/// The visit of this browser, or the page that says why there is none.
base::Result<std::variant<directory::Visit, Reply>> visit_or_page(Services& s, const Call& c,
                                                                  const visit::Frame& frame) {
  auto found = s.store->read_now(
      [&](store::ReadTransaction& tx) { return s.desk.visit(tx, visit::browser_of(c.request), c.now); });
  if (found) return std::move(*found);
  const auto& code = found.error().code;
  if (code == directory::Errc::pin_unknown) return go_to(frame, "/");
  if (code == directory::Errc::pin_spent) return page_reply(200, visit::running_page(frame));
  if (code == directory::Errc::pin_expired || code == directory::Errc::session_ended)
    return page_reply(kGone, visit::over_page(frame));
  return base::fail(found.error());
}

/// Of a channel in which somebody works.
base::Result<visit::ChannelForm> empty_form(Services& s, const Call& c) {
  return s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<visit::ChannelForm> {
    RESCUE_TRY(auto channel, directory::channels::find(tx, c.request.param("channel")));
    RESCUE_TRY(const auto groups, store::channels::groups_of(tx, channel.id));
    if (groups.empty()) return base::fail(directory::Errc::channel_not_found, "");
    visit::ChannelForm out;
    out.channel = std::move(channel.name);
    return out;
  });
}

Reply file_reply(std::string_view name, std::string_view type) {
  return Reply{.content_type = std::string(type),
               .headers = {{"Content-Disposition", fmt::format("attachment; filename=\"{}\"", name)},
                           {"Cache-Control", "no-store"},
                           {"Cross-Origin-Resource-Policy", "same-origin"}}};
}

Reply program_reply(std::shared_ptr<const stamp::StampedPieces> made, System system) {
  auto out = file_reply(file_name_of(system), "application/octet-stream");
  for (const auto piece : made->pieces()) out.more.push_back({made, piece});
  // RFC 9530.
  if (made->sha256()) out.headers.add("Repr-Digest", fmt::format("sha-256=:{}:", base::to_base64(*made->sha256())));
  return out;
}

}  // namespace

Answer start_page(Services& s, Call& c) { return page_reply(200, visit::start_page(frame_of(s, c.request), {})); }

Answer pin_form(Services& s, Call& c) {
  RESCUE_CHECK(check_origin(c));
  const auto frame = frame_of(s, c.request);
  RESCUE_TRY(const auto form, read_pin_form(c.request.body));
  const auto cookie = visit::make_cookie(s.random);
  const auto redeemed = s.store->write_now(
      [&](store::Transaction& tx) { return s.desk.redeem_pin(tx, form.pin, c.address, c.now, cookie.browser); });
  if (!redeemed) {
    const auto status = api_error(redeemed.error()).status;
    if (status >= 500) return base::fail(redeemed.error());
    return page_reply(status, visit::start_page(frame, {form.pin, visit::words_for(redeemed.error(), frame.language)}));
  }
  auto reply = go_to(frame, "/ready");
  reply.headers.add("Set-Cookie", cookie.header);
  return reply;
}

Answer ready_page(Services& s, Call& c) {
  const auto frame = frame_of(s, c.request);
  RESCUE_TRY(auto found, visit_or_page(s, c, frame));
  if (auto* page = std::get_if<Reply>(&found)) return std::move(*page);
  const auto applets = s.applet_files.current();
  if (applets->empty()) return page_reply(200, visit::no_file_page(frame));
  const auto system = wanted_system(c, *applets);
  const auto others = others_than(*applets, system);
  if (!system) return page_reply(200, visit::no_system_page(frame, others));
  RESCUE_TRY(const auto offer, offer_of(s, *applets, std::get<directory::Visit>(found), *system));
  return page_reply(200, visit::ready_page(frame, offer, others));
}

Answer download_applet(Services& s, Call& c) {
  RESCUE_CHECK(check_origin(c));
  const auto frame = frame_of(s, c.request);
  RESCUE_TRY(const auto form, read_download_form(c.request.body));
  RESCUE_TRY(auto found, visit_or_page(s, c, frame));
  if (auto* page = std::get_if<Reply>(&found)) return std::move(*page);
  const auto& visit = std::get<directory::Visit>(found);
  const auto applets = s.applet_files.current();
  const auto system = parse_system(form.system);
  if (!system || applets->image(*system) == nullptr) return base::fail(base::Errc::not_found, "applet for this system");
  if (!s.downloads.spend(visit.session.id.text(), s.clock.steady()))
    return base::fail(Errc::rate_limited, "downloads of one session");
  const bool signature = form.part == "signature";
  const bool windows = *system == System::windows_x86_64;
  if (signature && (windows || !applets->signer))
    return base::fail(base::Errc::not_found, "detached signature for this system");
  RESCUE_TRY(const auto invite, invite_of(s, visit));
  RESCUE_TRY(auto made,
             applets->image(*system)->stamp_pieces(
                 invite, {.signer = windows || signature ? signer_of(*applets) : nullptr, .file_digest = !windows}));
  if (signature) {
    auto out = file_reply(fmt::format("{}.sig", file_name_of(*system)), "application/octet-stream");
    out.text = std::string(base::as_text(made.detached_signature()));
    return out;
  }
  const auto noted = s.store->write_now([&](store::Transaction& tx) -> base::Result<bool> {
    RESCUE_CHECK(s.desk.note_download(tx, visit.session, name_of(*system), c.address, c.now));
    return true;
  });
  if (!noted) return base::fail(noted.error());
  ++s.counters.downloads;
  return program_reply(std::make_shared<const stamp::StampedPieces>(std::move(made)), *system);
}

Answer channel_page(Services& s, Call& c) {
  RESCUE_TRY(auto form, empty_form(s, c));
  return page_reply(200, visit::channel_page(frame_of(s, c.request), form));
}

Answer channel_form(Services& s, Call& c) {
  RESCUE_CHECK(check_origin(c));
  const auto frame = frame_of(s, c.request);
  RESCUE_TRY(auto form, empty_form(s, c));
  RESCUE_TRY(auto entered, read_channel_form(c.request.body));
  form.name = std::move(entered.name);
  form.problem_text = std::move(entered.problem);
  const auto again = [&](std::string_view why) {
    form.problem = why;
    return page_reply(kWrongRequest, visit::channel_page(frame, form));
  };
  if (form.name.find_first_not_of(' ') == std::string::npos) return again(visit::texts(frame.language).name_missing);
  const auto cookie = visit::make_cookie(s.random);
  directory::ChannelVisit visit{.id = {},
                                .channel = std::string(c.request.param("channel")),
                                .name = form.name,
                                .problem = form.problem_text,
                                .address = {},
                                .browser = cookie.browser};
  const auto opened = open_visit(s, c, std::move(visit));
  if (!opened && opened.error().code == base::Errc::invalid_argument)
    return again(visit::texts(frame.language).field_wrong);
  if (!opened) return base::fail(opened.error());
  auto reply = go_to(frame, "/ready");
  reply.headers.add("Set-Cookie", cookie.header);
  return reply;
}

Answer visit_style(Services& s, Call&) { return asset_reply("text/css; charset=utf-8", s.visit_site.style); }

Answer visit_script(Services&, Call&) { return asset_reply("text/javascript; charset=utf-8", visit::script()); }

Answer visit_logo(Services& s, Call&) {
  if (s.visit_site.logo.empty()) return base::fail(base::Errc::not_found, "logo of this site");
  return asset_reply(s.visit_site.logo_type, s.visit_site.logo);
}

Answer signing_certificate(Services& s, Call&) {
  const auto applets = s.applet_files.current();
  if (!applets->signer) return base::fail(base::Errc::not_found, "certificate that signs applets");
  return asset_reply("application/x-pem-file", applets->certificate);
}

net::HttpResponse as_page(Services& s, const net::HttpRequest& request, net::HttpResponse refusal) {
  const auto type = refusal.headers.get("Content-Type");
  if (refusal.ok() || !type || !type->starts_with("application/json")) return refusal;
  json::error_code ec;
  const auto body = json::parse(refusal.body, ec);
  const auto* name = !ec && body.is_object() ? body.as_object().if_contains("error") : nullptr;
  const std::string_view error =
      name != nullptr && name->is_string() ? std::string_view(name->as_string()) : std::string_view();
  const auto frame = frame_of(s, request);
  net::HttpResponse out(refusal.status, pages::kHtml,
                        visit::sorry_page(frame, visit::words_for(error, refusal.status, frame.language)));
  out.headers.set("X-Content-Type-Options", "nosniff");
  const auto headers = page_headers();
  for (const auto& [field, value] : headers.fields()) out.headers.set(field, value);
  for (const auto* kept : {"Retry-After", "X-Request-Id"})
    if (const auto value = refusal.headers.get(kept)) out.headers.set(kept, std::string(*value));
  return out;
}

}  // namespace rescue::broker
