// SPDX-License-Identifier: Apache-2.0
// Signing in through the identity provider: begun by a program, carried by a browser, finished by the program.
#include <fmt/format.h>

#include "base/log.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests_sso.hpp"
#include "daemons/broker/sso_pages.hpp"
#include "daemons/broker/views.hpp"
#include "saml/errors.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace sso = directory::sso;
namespace {

constexpr std::string_view kTransient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
constexpr std::string_view kOff = "Signing in through an identity provider is not set up here.";
constexpr std::string_view kNotNow = "The site cannot sign anybody in just now. Try again in a moment.";
constexpr std::string_view kBadResponse = "What your identity provider sent was not accepted.";

base::Result<SsoSetup> setup_of(Services& s) {
  return s.store->read_now([&](store::ReadTransaction& tx) { return SingleSignOn::setup(tx, s.public_url); });
}

bool ready(const SsoSetup& setup) { return setup.rules.enabled && !setup.idp_xml.empty(); }

Reply failed_page(Services& s, Call& c, const base::Error& error) {
  base::log(base::LogLevel::error, "broker", "single sign-on failed",
            {{"request_id", c.request.request_id}, {"what", error.message()}});
  return sso_pages::refused(s, 503, kNotNow, c.request.request_id);
}

std::string first(const std::vector<std::string>& values) { return values.empty() ? "" : values.front(); }

sso::Assertion assertion_of(const saml::Identity& id, const sso::Rules& rules) {
  sso::Assertion out;
  out.issuer = id.issuer;
  out.id = id.assertion_id;
  out.replay_until = id.replay_until;
  out.in_response_to = id.in_response_to;
  out.name_id = id.name_id;
  out.transient = id.name_id_format == kTransient;
  out.session_end = id.session_not_on_or_after;
  out.email = rules.email_attribute.empty() ? id.name_id : first(id.values(rules.email_attribute));
  if (!rules.name_attribute.empty()) out.name = first(id.values(rules.name_attribute));
  if (!rules.group_attribute.empty()) out.groups = id.values(rules.group_attribute);
  return out;
}

/// The words for people of a refusal that is about the person, not about the response.
std::string_view words_for(const sso::Refusal& refusal) {
  if (refusal.rule == "unknown_account") return "There is no account for you here.";
  if (refusal.rule == "account_disabled") return "Your account is disabled.";
  if (refusal.rule == "sso_disabled") return "Signing in through the identity provider is switched off for you.";
  if (refusal.rule == "unknown_request" || refusal.rule == "request_used")
    return "This sign-in is too old, or was finished already. Begin again.";
  if (refusal.rule == "idp_initiated") return "Begin in a terminal: rescue login --sso.";
  return kBadResponse;
}

base::Result<saml::Verdict> check(Services& s, const SsoSetup& setup, std::string response, base::WallTime now) {
  saml::ResponseCheck question;
  RESCUE_TRY(question.idp, s.sso.read_metadata(setup.idp_xml));
  RESCUE_TRY(auto keys, s.sso.keys(*s.store, now));
  question.sp = setup.sp;
  question.answers = saml::Answers::any;  // sso::enter() looks it up
  question.now = now;
  question.response = std::move(response);
  for (auto& key : keys) question.decryption_keys.push_back(std::move(key.key_pem));
  return s.sso.check(std::move(question));
}

/// 401, so that the guessing limit counts it.
Answer refuse_response(Services& s, Call& c, std::string_view rule, std::string_view detail) {
  base::log(base::LogLevel::warn, "broker", "response of the identity provider refused",
            {{"request_id", c.request.request_id}, {"rule", rule}, {"detail", detail}});
  RESCUE_CHECK(
      s.store->write_now([&](store::Transaction& tx) { return sso::refused(tx, rule, detail, c.address, c.now); }));
  return sso_pages::refused(s, 401, kBadResponse, c.request.request_id);
}

Reply refuse_person(Services& s, Call& c, const sso::Refusal& refusal) {
  base::log(base::LogLevel::warn, "broker", "sign-in through the identity provider refused",
            {{"request_id", c.request.request_id}, {"rule", refusal.rule}});
  if (refusal.target && !refusal.target->by_hand())
    return sso_pages::redirect(refusal.target->url("error", api_error(refusal.error).name));
  return sso_pages::refused(s, 403, words_for(refusal), c.request.request_id);
}

}  // namespace

Answer sso_start(Services& s, Call& c) {
  RESCUE_TRY(const auto start, read_sso_start(c.request.body));
  RESCUE_TRY(const auto setup, setup_of(s));
  if (!ready(setup)) return base::fail(base::Errc::not_found, "single sign-on is not set up here");
  return Reply{.body = json::object{{"url", s.public_url + "/saml/login?" + sso_query(start)},
                                    {"expires_in", std::chrono::seconds(sso::kRequestLifetime).count()}}};
}

Answer sso_finish(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_sso_finish(c.request.body));
  const sso::Redemption redemption{std::move(body.code), std::move(body.verifier), std::move(body.device), c.address};
  RESCUE_TRY(const auto outcome,
             s.store->write_now([&](store::Transaction& tx) { return sso::redeem(tx, redemption, s.random, c.now); }));
  RESCUE_TRY(const auto& signed_in, outcome);
  RESCUE_TRY(auto view, user_view(*s.store, signed_in.user));
  return Reply{.body = json::object{{"token", signed_in.token},
                                    {"expires_at", base::to_rfc3339(signed_in.expires_at)},
                                    {"user", std::move(view)},
                                    {"must_change_password", false}}};  // that is for who signs in with one
}

Answer saml_metadata(Services& s, Call& c) {
  RESCUE_TRY(const auto setup, setup_of(s));
  RESCUE_TRY(const auto keys, s.sso.keys(*s.store, c.now));
  std::vector<std::string> certificates;
  for (const auto& key : keys) certificates.push_back(key.certificate_pem);
  RESCUE_TRY(auto xml, saml::metadata_xml(setup.sp, certificates));
  return Reply{.content_type = "application/samlmetadata+xml", .text = std::move(xml)};
}

Answer saml_login(Services& s, Call& c) {
  const auto start = read_sso_query(c.request);
  if (!start) return sso_pages::refused(s, 400, "This address is not complete.", c.request.request_id);
  RESCUE_TRY(const auto setup, setup_of(s));
  if (!ready(setup)) return sso_pages::refused(s, 404, kOff, c.request.request_id);
  if (!s.sso.may_begin(s.clock.steady())) return sso_pages::refused(s, 503, kNotNow, c.request.request_id);
  const auto idp = s.sso.read_metadata(setup.idp_xml);
  if (!idp) return failed_page(s, c, idp.error());
  RESCUE_TRY(const auto keys, s.sso.keys(*s.store, c.now));
  auto request = saml::make_authn_request(setup.sp, *idp, keys.front().key_pem, c.now, s.random);
  if (!request) return failed_page(s, c, request.error());
  RESCUE_CHECK(s.store->write_now(
      [&](store::Transaction& tx) { return sso::begin(tx, request->id, start->challenge, start->target, c.now); }));
  return sso_pages::redirect(std::move(request->redirect_url));
}

Answer saml_acs(Services& s, Call& c) {
  RESCUE_TRY(const auto setup, setup_of(s));
  if (!ready(setup)) return sso_pages::refused(s, 404, kOff, c.request.request_id);
  auto response = read_saml_response(c.request.body);
  if (!response) return refuse_response(s, c, "form", response.error().message());
  const auto verdict = check(s, setup, std::move(*response), c.now);
  if (!verdict) return failed_page(s, c, verdict.error());
  if (!*verdict) return refuse_response(s, c, saml::rule_name(verdict->error().rule), verdict->error().detail);
  const auto assertion = assertion_of(**verdict, setup.rules);
  RESCUE_TRY(const auto outcome, s.store->write_now([&](store::Transaction& tx) {
    return sso::enter(tx, assertion, setup.rules, c.address, s.random, c.now);
  }));
  if (!outcome) return refuse_person(s, c, outcome.error());
  if (outcome->target.by_hand()) return sso_pages::code(s, *outcome);
  return sso_pages::redirect(outcome->target.url("code", outcome->code));
}

}  // namespace rescue::broker
