// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/settings_table.hpp"

#include "net/endpoint.hpp"

namespace rescue::broker {
namespace {
using config::Key;
using config::Type;

constexpr std::int64_t kSecond = 1'000'000;  // Constraint bounds of durations are microseconds
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

bool is_prefix(std::string_view value) { return net::IpPrefix::parse(value).has_value(); }
bool is_listen(std::string_view value) {
  const auto endpoint = net::Endpoint::parse(value);
  return endpoint && net::IpAddress::parse(endpoint->host).has_value();
}

/// "#1a2b3c"
bool is_colour(std::string_view value) {
  return value.size() == 7 && value.front() == '#' &&
         value.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

constexpr std::string_view kLanguages[] = {"en", "de"};
constexpr std::string_view kLogLevels[] = {"debug", "info", "warn", "error"};

constexpr config::Constraint between(std::int64_t min, std::int64_t max) { return {.min = min, .max = max}; }

constexpr Key kKeys[] = {
    {"listen",
     Type::text,
     "127.0.0.1:8443",
     "Numeric address and port to serve HTTPS on; port 0 takes a free one.",
     false,
     {.check = is_listen, .rule = "a numeric address and a port"}},
    {"public_url",
     Type::text,
     "",
     "How applets, gateways and technicians reach this broker; made from the listening address when empty.",
     false,
     {.check = config::is_https_url, .rule = "an https URL"}},
    {"organisation", Type::text, "Rescue", "Who helps, as the supported person sees it.", false, {.max_length = 200}},
    {"log_level", Type::text, "info", "Least severe level that is logged.", false, {.choices = kLogLevels}},
    {"trusted_proxies",
     Type::text_list,
     "",
     "Networks from which a PROXY protocol header names the client, such as the gateway's front on 127.0.0.1/32.",
     false,
     {.check = is_prefix, .rule = "a network such as 10.0.0.0/8"}},
    {"workers", Type::integer, "16", "Threads that answer requests.", false, between(1, 256)},
    {"drain_grace", Type::duration, "10s", "How long requests in progress may take after SIGTERM.", false,
     between(0, kHour)},
    {"pin.lifetime", Type::duration, "20m", "How long a PIN can be redeemed.", false, between(kSecond, 7 * kDay)},
    {"session.waiting_limit", Type::duration, "8h", "A session that no technician picks up is ended after this.", false,
     between(kSecond, 30 * kDay)},
    {"session.applet_grace", Type::duration, "5m",
     "An applet without connection to the broker for this long makes its session offline.", false, between(1000, kDay)},
    {"session.lapsed_limit", Type::duration, "1h", "A session is ended this long after its last lease ran out.", false,
     between(kSecond, 30 * kDay)},
    {"session.late_log", Type::duration, "30d",
     "For this long after a session's end its consoles and its applet may still deliver log events.", false,
     between(kSecond, 366 * kDay)},
    {"session.lease", Type::duration, "15m", "How long a grant is good for without contact to the broker.", false,
     between(kSecond, 8 * kHour)},
    {"session.ticket_lifetime", Type::duration, "1h", "How long a gateway ticket can be used.", false,
     between(kSecond, 2 * kDay)},
    {"session.sweep_interval", Type::duration, "1m", "How often sessions that ran out are looked for.", false,
     between(1000, kHour)},
    {"session.restart_grace", Type::duration, "2m",
     "After a start nothing is ended for this long, so that clients can come back first.", false, between(0, kDay)},
    {"session.allow_aes256_sha", Type::boolean, "false",
     "Lets a pickup ask for the profile aes256-sha: TLS 1.2 without forward secrecy, for old peers only.", false},
    {"log.query_limit", Type::duration, "10s",
     "A query of the log that takes longer ends with an error that asks for a narrower one.", false,
     between(kSecond / 1000, 50 * kSecond)},
    {"recording.patience", Type::duration, "30s",
     "A view or control that a rule wants recorded and of which no recording is heard for this long is an alert.", false,
     between(kSecond / 10, kHour)},
    {"rate.login_per_address", Type::integer, "10", "Failed sign-ins of one address before it has to wait.", false,
     between(1, 1'000'000)},
    {"rate.pin_per_address", Type::integer, "10", "Wrong PINs of one address before it has to wait.", false,
     between(1, 1'000'000)},
    {"rate.visits_per_address", Type::integer, "10",
     "Sessions that visitors of one address open on channels before it has to wait.", false, between(1, 1'000'000)},
    {"rate.refill", Type::duration, "1m", "Time after which an address may fail once more.", false,
     between(kSecond, kDay)},
    {"applets.linux_x86_64", Type::text, "",
     "Program file of the applet for Linux that the page gives out; when empty "
     "../share/rescue/applets/linux-x86_64 beside this program, if it is there.",
     false},
    {"applets.windows_x86_64", Type::text, "",
     "The same for Windows; ../share/rescue/applets/windows-x86_64 when empty.", false},
    {"applets.signing_chain", Type::text, "",
     "Certificates (PEM, signer first) of the key that signs applets as they are downloaded.", false},
    {"applets.signing_key", Type::text, "", "File with that key (PEM, mode 0600).", false},
    {"page.language", Type::text, "en", "Language of the page for browsers that ask for none that it has.", false,
     {.choices = kLanguages}},
    {"page.accent", Type::text, "#0b57d0", "Colour of the page's buttons.", false,
     {.check = is_colour, .rule = "a colour such as #0b57d0"}},
    {"page.accent_dark", Type::text, "#8ab4f8", "The same on dark screens.", false,
     {.check = is_colour, .rule = "a colour such as #8ab4f8"}},
    {"page.logo", Type::text, "", "File with a logo for the page: PNG, JPEG or SVG; the organisation's name when empty.",
     false},
    {"page.contact", Type::text, "", "How to reach whoever runs the page, shown at its end.", false,
     {.max_length = 1000}},
    {"page.contact_de", Type::text, "", "The same in German; page.contact when empty.", false, {.max_length = 1000}},
    {"page.privacy", Type::text, "", "What happens to the visitor's data, shown at the page's end.", false,
     {.max_length = 4000}},
    {"page.privacy_de", Type::text, "", "The same in German; page.privacy when empty.", false, {.max_length = 4000}},
    {"page.privacy_url", Type::text, "", "Address of a privacy statement, linked at the page's end.", false,
     {.check = config::is_https_url, .rule = "an https URL"}},
};
constexpr config::KeyTable kTable("RESCUE_BROKER", kKeys);

}  // namespace

const config::KeyTable& key_table() { return kTable; }

BrokerSettings broker_settings(const config::Settings& s) {
  BrokerSettings out;
  out.listen = s.text("listen");
  out.public_url = s.text("public_url");
  out.organisation = s.text("organisation");
  out.log_level = s.text("log_level");
  out.trusted_proxies = s.list("trusted_proxies");
  out.workers = static_cast<unsigned>(s.integer("workers"));
  out.drain_grace = s.duration("drain_grace");
  out.pin_lifetime = s.duration("pin.lifetime");
  out.waiting_limit = s.duration("session.waiting_limit");
  out.applet_grace = s.duration("session.applet_grace");
  out.lapsed_limit = s.duration("session.lapsed_limit");
  out.late_log = s.duration("session.late_log");
  out.lease = s.duration("session.lease");
  out.ticket_lifetime = s.duration("session.ticket_lifetime");
  out.sweep_interval = s.duration("session.sweep_interval");
  out.restart_grace = s.duration("session.restart_grace");
  out.allow_aes256_sha = s.boolean("session.allow_aes256_sha");
  out.log_query_limit = s.duration("log.query_limit");
  out.recording_patience = s.duration("recording.patience");
  out.login_per_address = static_cast<std::uint32_t>(s.integer("rate.login_per_address"));
  out.pin_per_address = static_cast<std::uint32_t>(s.integer("rate.pin_per_address"));
  out.visits_per_address = static_cast<std::uint32_t>(s.integer("rate.visits_per_address"));
  out.rate_refill = s.duration("rate.refill");
  out.applets = {s.text("applets.linux_x86_64"), s.text("applets.windows_x86_64"), s.text("applets.signing_chain"),
                 s.text("applets.signing_key")};
  out.page = {s.text("page.language"),   s.text("page.accent"),     s.text("page.accent_dark"),
              s.text("page.logo"),       s.text("page.contact"),    s.text("page.contact_de"),
              s.text("page.privacy"),    s.text("page.privacy_de"), s.text("page.privacy_url")};
  return out;
}

}  // namespace rescue::broker
