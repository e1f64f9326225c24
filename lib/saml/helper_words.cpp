// SPDX-License-Identifier: Apache-2.0
#include "saml/helper_words.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace rescue::saml {
namespace {
namespace json = boost::json;
using base::Result;

constexpr std::array<std::string_view, 3> kAnswers{"request", "nothing", "any"};  // in the order of Answers
constexpr std::int64_t kMaxSkewSeconds = 600;

std::unexpected<base::Error> bad(std::string_view key) {
  return base::fail(base::Errc::bad_format, fmt::format("'{}' in the words of rescue-saml", key));
}
Result<std::string> text(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (v == nullptr || !v->is_string()) return bad(key);
  return std::string(v->get_string());
}
Result<bool> boolean(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (v == nullptr || !v->is_bool()) return bad(key);
  return v->get_bool();
}
Result<json::object> object(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (v == nullptr || !v->is_object()) return bad(key);
  return v->get_object();
}
Result<base::WallTime> time(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto t, text(o, key));
  const auto parsed = base::parse_rfc3339(t);
  if (!parsed) return bad(key);
  return *parsed;
}
Result<std::optional<base::WallTime>> maybe_time(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (v == nullptr || v->is_null()) return std::nullopt;
  RESCUE_TRY(const auto t, time(o, key));
  return t;
}
Result<std::vector<std::string>> texts(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  if (v == nullptr || !v->is_array()) return bad(key);
  std::vector<std::string> out;
  for (const auto& e : v->get_array()) {
    if (!e.is_string()) return bad(key);
    out.emplace_back(e.get_string());
  }
  return out;
}
json::array array_of(const std::vector<std::string>& all) { return json::array(all.begin(), all.end()); }
json::value value_of(const std::optional<base::WallTime>& t) {
  return t ? json::value(base::to_rfc3339(*t)) : json::value(nullptr);
}

Result<ResponseCheck> check_from(const json::object& o) {
  ResponseCheck out;
  RESCUE_TRY(const auto idp, object(o, "idp"));
  RESCUE_TRY(out.idp, metadata_from(idp));
  RESCUE_TRY(out.sp.entity_id, text(o, "sp_entity_id"));
  RESCUE_TRY(out.sp.acs_url, text(o, "acs_url"));
  RESCUE_TRY(const auto answers, text(o, "answers"));
  const auto* const kind = std::ranges::find(kAnswers, answers);
  if (kind == kAnswers.end()) return bad("answers");
  out.answers = static_cast<Answers>(kind - kAnswers.begin());
  RESCUE_TRY(out.request_id, text(o, "request_id"));
  RESCUE_TRY(out.now, time(o, "now"));
  const auto* skew = o.if_contains("clock_skew_s");
  if (skew == nullptr || !skew->is_int64() || skew->get_int64() < 0 || skew->get_int64() > kMaxSkewSeconds)
    return bad("clock_skew_s");
  out.clock_skew = std::chrono::seconds(skew->get_int64());
  RESCUE_TRY(out.response, text(o, "response"));
  RESCUE_TRY(const auto keys, texts(o, "decryption_keys"));
  for (const auto& pem : keys) out.decryption_keys.emplace_back(base::to_bytes(base::as_bytes(pem)));
  return out;
}
}  // namespace

std::string write_question(const MetadataQuestion& question) {
  return json::serialize(json::object{{"op", "read_metadata"}, {"xml", question.xml}});
}

std::string write_question(const ResponseCheck& q) {
  auto out = json::serialize(json::object{{"op", "check"},
                                          {"idp", to_json(q.idp)},
                                          {"sp_entity_id", q.sp.entity_id},
                                          {"acs_url", q.sp.acs_url},
                                          {"answers", kAnswers[static_cast<std::size_t>(q.answers)]},
                                          {"request_id", q.request_id},
                                          {"now", base::to_rfc3339(q.now)},
                                          {"clock_skew_s", q.clock_skew.count()},
                                          {"response", q.response}});
  // Keys are written by hand, so that no JSON value keeps a copy that nobody wipes; room is made beforehand for the
  // same reason. A PEM needs no escapes but those of its line ends; what is none is not a key and left out.
  constexpr std::string_view kHead = R"(,"decryption_keys":[)";
  std::size_t more = kHead.size() + 2;
  for (const auto& key : q.decryption_keys) more += 2 * key.view().size() + 3;
  out.reserve(out.size() + more);
  out.back() = ',';
  out += kHead.substr(1);
  for (std::size_t i = 0; i < q.decryption_keys.size(); ++i) {
    if (i > 0) out += ',';
    out += '"';
    for (const auto byte : q.decryption_keys[i].view()) {
      const char c = static_cast<char>(byte);
      if (c == '\n')
        out += "\\n";
      else if (c >= ' ' && c < '\x7f' && c != '"' && c != '\\')
        out += c;
    }
    out += '"';
  }
  out += "]}";
  return out;
}

Result<Question> read_question(std::string_view text_of) {
  if (text_of.size() > kMaxQuestionBytes) return base::fail(base::Errc::too_large, "question to rescue-saml");
  boost::system::error_code failed;
  const auto parsed = json::parse(text_of, failed);
  if (failed || !parsed.is_object()) return base::fail(base::Errc::bad_format, "the question is no JSON object");
  const auto& o = parsed.get_object();
  RESCUE_TRY(const auto op, text(o, "op"));
  if (op == "read_metadata") {
    RESCUE_TRY(auto xml, text(o, "xml"));
    return MetadataQuestion{std::move(xml)};
  }
  if (op != "check") return bad("op");
  RESCUE_TRY(auto check, check_from(o));
  return check;
}

json::object to_json(const IdpMetadata& m) {
  return {{"entity_id", m.entity_id},
          {"sso_redirect_url", m.sso_redirect_url},
          {"signing_certificates", array_of(m.signing_certificates)},
          {"wants_signed_requests", m.wants_signed_requests},
          {"valid_until", value_of(m.valid_until)}};
}

Result<IdpMetadata> metadata_from(const json::object& o) {
  IdpMetadata out;
  RESCUE_TRY(out.entity_id, text(o, "entity_id"));
  RESCUE_TRY(out.sso_redirect_url, text(o, "sso_redirect_url"));
  RESCUE_TRY(out.signing_certificates, texts(o, "signing_certificates"));
  RESCUE_TRY(out.wants_signed_requests, boolean(o, "wants_signed_requests"));
  RESCUE_TRY(out.valid_until, maybe_time(o, "valid_until"));
  if (out.entity_id.empty()) return bad("entity_id");
  if (out.signing_certificates.empty() || out.signing_certificates.size() > kMaxSigningKeys)
    return bad("signing_certificates");
  return out;
}

json::object to_json(const Identity& i) {
  json::array attributes;
  for (const auto& a : i.attributes)
    attributes.push_back(
        json::object{{"name", a.name}, {"friendly_name", a.friendly_name}, {"values", array_of(a.values)}});
  return {{"issuer", i.issuer},
          {"name_id", i.name_id},
          {"name_id_format", i.name_id_format},
          {"assertion_id", i.assertion_id},
          {"response_id", i.response_id},
          {"in_response_to", i.in_response_to},
          {"replay_until", base::to_rfc3339(i.replay_until)},
          {"authn_instant", base::to_rfc3339(i.authn_instant)},
          {"session_index", i.session_index},
          {"session_not_on_or_after", value_of(i.session_not_on_or_after)},
          {"authn_context", i.authn_context},
          {"attributes", std::move(attributes)},
          {"response_signed", i.response_signed},
          {"assertion_signed", i.assertion_signed},
          {"encrypted", i.encrypted}};
}

Result<Identity> identity_from(const json::object& o) {
  Identity out;
  RESCUE_TRY(out.issuer, text(o, "issuer"));
  RESCUE_TRY(out.name_id, text(o, "name_id"));
  RESCUE_TRY(out.name_id_format, text(o, "name_id_format"));
  RESCUE_TRY(out.assertion_id, text(o, "assertion_id"));
  RESCUE_TRY(out.response_id, text(o, "response_id"));
  RESCUE_TRY(out.in_response_to, text(o, "in_response_to"));
  RESCUE_TRY(out.replay_until, time(o, "replay_until"));
  RESCUE_TRY(out.authn_instant, time(o, "authn_instant"));
  RESCUE_TRY(out.session_index, text(o, "session_index"));
  RESCUE_TRY(out.session_not_on_or_after, maybe_time(o, "session_not_on_or_after"));
  RESCUE_TRY(out.authn_context, text(o, "authn_context"));
  const auto* attributes = o.if_contains("attributes");
  if (attributes == nullptr || !attributes->is_array()) return bad("attributes");
  for (const auto& a : attributes->get_array()) {
    if (!a.is_object()) return bad("attributes");
    Attribute one;
    RESCUE_TRY(one.name, text(a.get_object(), "name"));
    RESCUE_TRY(one.friendly_name, text(a.get_object(), "friendly_name"));
    RESCUE_TRY(one.values, texts(a.get_object(), "values"));
    out.attributes.push_back(std::move(one));
  }
  RESCUE_TRY(out.response_signed, boolean(o, "response_signed"));
  RESCUE_TRY(out.assertion_signed, boolean(o, "assertion_signed"));
  RESCUE_TRY(out.encrypted, boolean(o, "encrypted"));
  if (out.name_id.empty() || out.assertion_id.empty() || out.issuer.empty()) return bad("name_id");
  if (!out.response_signed && !out.assertion_signed) return bad("response_signed");
  return out;
}

json::object to_json(const Refusal& r) { return {{"rule", rule_name(r.rule)}, {"detail", r.detail}}; }

Result<Refusal> refusal_from(const json::object& o) {
  RESCUE_TRY(const auto name, text(o, "rule"));
  const auto rule = find_rule(name);
  if (!rule) return bad("rule");
  RESCUE_TRY(auto detail, text(o, "detail"));
  return Refusal{*rule, std::move(detail)};
}

}  // namespace rescue::saml
