// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/impl/meaning.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace rescue::saml_xml {
namespace {
using base::WallTime;
using saml::ResponseCheck;

constexpr std::string_view kBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
constexpr std::string_view kEntityFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
constexpr std::string_view kInstanceNs = "http://www.w3.org/2001/XMLSchema-instance";

bool is_future(WallTime t, const ResponseCheck& q) { return t > q.now + q.clock_skew; }
bool is_over(WallTime end, const ResponseCheck& q) { return end <= q.now - q.clock_skew; }

/// An attribute that may be missing, but not malformed.
Checked<std::optional<WallTime>> maybe_instant(Element e, std::string_view name, Rule rule) {
  const auto text = attribute(e, name);
  if (!text) return std::nullopt;
  const auto t = instant_of(*text);
  if (!t) return refuse(rule, fmt::format("{}: {} is no UTC time", name, quote_text(*text)));
  return t;
}

Checked<> check_issuer(Element issuer, const ResponseCheck& q) {
  const auto text = text_of(issuer);
  const auto format = attribute(issuer, "Format");
  if (!text || *text != q.idp.entity_id)
    return refuse(Rule::issuer, fmt::format("{}, not {}", quote_text(text.value_or("")), quote_text(q.idp.entity_id)));
  if (format && *format != kEntityFormat) return refuse(Rule::issuer, "Format " + quote_text(*format));
  return {};
}

Checked<> check_issue_instant(Element e, const ResponseCheck& q) {
  RESCUE_SAML_TRY(const auto issued, maybe_instant(e, "IssueInstant", Rule::issue_instant));
  if (!issued) return refuse(Rule::issue_instant, "missing");
  if (is_future(*issued, q)) return refuse(Rule::issue_instant, base::to_rfc3339(*issued) + " is in the future");
  return {};
}

/// `where` names the element that has it.
Checked<> check_in_response_to(const std::optional<std::string>& said, const ResponseCheck& q, std::string_view where) {
  switch (q.answers) {
    case saml::Answers::any:
      return {};
    case saml::Answers::nothing:
      if (!said) return {};
      return refuse(Rule::in_response_to,
                    fmt::format("the {} answers the request {}, but none was named", where, quote_text(*said)));
    case saml::Answers::request:
      break;
  }
  // A request without a name must not match an attribute without content.
  if (said && !said->empty() && *said == q.request_id) return {};
  return refuse(Rule::in_response_to,
                fmt::format("the {} answers {}, not {}", where, said ? quote_text(*said) : std::string("no request"),
                            quote_text(q.request_id)));
}

bool is_name(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  if (text.empty() || text.size() > saml::kMaxNameIdBytes || blank(text.front()) || blank(text.back())) return false;
  for (std::size_t at = 0; at < text.size();)
    if (base::is_control(base::next_code_point(text, at))) return false;
  return true;
}

struct Confirmation {
  WallTime not_on_or_after;
  std::string in_response_to;
};

Checked<Confirmation> check_confirmation(Element confirmation, const ResponseCheck& q) {
  auto* data = only_child(confirmation, kAssertionNs, "SubjectConfirmationData");
  if (data == nullptr) return refuse(Rule::subject_confirmation, "no SubjectConfirmationData");
  const auto recipient = attribute(data, "Recipient");
  if (recipient != q.sp.acs_url)
    return refuse(Rule::recipient, recipient
                                       ? fmt::format("{}, not {}", quote_text(*recipient), quote_text(q.sp.acs_url))
                                       : std::string("missing"));
  RESCUE_SAML_TRY(const auto end, maybe_instant(data, "NotOnOrAfter", Rule::confirmation_expired));
  if (!end) return refuse(Rule::confirmation_expired, "no NotOnOrAfter");
  if (is_over(*end, q)) return refuse(Rule::confirmation_expired, base::to_rfc3339(*end));
  if (attribute(data, "NotBefore")) return refuse(Rule::confirmation_not_before);
  const auto answers = attribute(data, "InResponseTo");
  RESCUE_SAML_CHECK(check_in_response_to(answers, q, "confirmation"));
  return Confirmation{*end, answers.value_or("")};
}

/// The first confirmation by bearer that holds; else what is wrong with the first.
Checked<Confirmation> check_confirmations(Element subject, const ResponseCheck& q) {
  std::optional<saml::Refusal> first;
  for (auto* confirmation : children(subject, kAssertionNs, "SubjectConfirmation")) {
    if (attribute(confirmation, "Method") != kBearer) continue;
    auto checked = check_confirmation(confirmation, q);
    if (checked) return checked;
    if (!first) first = std::move(checked).error();
  }
  if (first) return std::unexpected(std::move(*first));
  return refuse(Rule::subject_confirmation, "none by bearer");
}

Checked<> read_subject(Element subject, saml::Identity& out) {
  if (subject == nullptr) return refuse(Rule::subject, "missing");
  for (auto* child : children(subject)) {
    const bool known = is(child, kAssertionNs, "NameID") || is(child, kAssertionNs, "SubjectConfirmation");
    if (!known) return refuse(Rule::subject, "element " + quote_text(name_of(child)));
  }
  auto* name = only_child(subject, kAssertionNs, "NameID");
  if (name == nullptr) return refuse(Rule::subject, "not one NameID");
  const auto text = text_of(name);
  if (!text || !is_name(*text)) return refuse(Rule::name_id);
  out.name_id = *text;
  out.name_id_format = attribute(name, "Format").value_or("");
  return {};
}

Checked<> check_audience(Element restriction, const ResponseCheck& q) {
  std::string first;
  for (auto* audience : children(restriction)) {
    if (!is(audience, kAssertionNs, "Audience"))
      return refuse(Rule::conditions, "element " + quote_text(name_of(audience)));
    const auto text = text_of(audience).value_or("");
    if (text == q.sp.entity_id) return {};
    if (first.empty()) first = text;
  }
  return refuse(Rule::audience, fmt::format("{}, not {}", quote_text(first), quote_text(q.sp.entity_id)));
}

/// The end of the validity, where there is one beside that of the confirmation.
Checked<std::optional<WallTime>> check_conditions(Element conditions, const ResponseCheck& q) {
  if (conditions == nullptr) return refuse(Rule::conditions, "missing");
  RESCUE_SAML_TRY(const auto begin, maybe_instant(conditions, "NotBefore", Rule::not_yet_valid));
  RESCUE_SAML_TRY(const auto end, maybe_instant(conditions, "NotOnOrAfter", Rule::expired));
  if (begin && is_future(*begin, q)) return refuse(Rule::not_yet_valid, base::to_rfc3339(*begin));
  if (end && is_over(*end, q)) return refuse(Rule::expired, base::to_rfc3339(*end));
  bool restricted = false;
  for (auto* condition : children(conditions)) {
    if (is(condition, kAssertionNs, "AudienceRestriction")) {
      RESCUE_SAML_CHECK(check_audience(condition, q));
      restricted = true;
    } else if (!is(condition, kAssertionNs, "OneTimeUse") && !is(condition, kAssertionNs, "ProxyRestriction")) {
      // saml-core-2.0 section 2.5.1: who does not understand a condition must not rely on the assertion.
      return refuse(Rule::conditions, "element " + quote_text(name_of(condition)));
    }
  }
  if (!restricted) return refuse(Rule::audience, "missing");
  return end;
}

Checked<> read_authn(const std::vector<Element>& statements, const ResponseCheck& q, saml::Identity& out) {
  if (statements.size() != 1) return refuse(Rule::authn_statement, fmt::format("{}", statements.size()));
  auto* statement = statements.front();
  RESCUE_SAML_TRY(const auto instant, maybe_instant(statement, "AuthnInstant", Rule::authn_statement));
  if (!instant) return refuse(Rule::authn_statement, "no AuthnInstant");
  if (is_future(*instant, q)) return refuse(Rule::authn_statement, "AuthnInstant is in the future");
  out.authn_instant = *instant;
  out.session_index = attribute(statement, "SessionIndex").value_or("");
  RESCUE_SAML_TRY(out.session_not_on_or_after, maybe_instant(statement, "SessionNotOnOrAfter", Rule::session_expired));
  if (out.session_not_on_or_after && is_over(*out.session_not_on_or_after, q))
    return refuse(Rule::session_expired, base::to_rfc3339(*out.session_not_on_or_after));
  auto* context = only_child(statement, kAssertionNs, "AuthnContext");
  auto* reference = context == nullptr ? nullptr : only_child(context, kAssertionNs, "AuthnContextClassRef");
  if (reference != nullptr) out.authn_context = text_of(reference).value_or("");
  return {};
}

bool is_nil(Element value) {
  for (const auto* a = value->properties; a != nullptr; a = a->next) {
    const bool is_instance = a->ns != nullptr && reinterpret_cast<const char*>(a->ns->href) == kInstanceNs;
    if (is_instance && std::string_view(reinterpret_cast<const char*>(a->name)) == "nil") return true;
  }
  return false;
}

Checked<> read_attributes(const std::vector<Element>& statements, saml::Identity& out) {
  std::size_t values = 0;
  for (auto* statement : statements) {
    for (auto* element : children(statement)) {
      if (!is(element, kAssertionNs, "Attribute"))
        return refuse(Rule::attributes, "element " + quote_text(name_of(element)));
      saml::Attribute one;
      one.name = attribute(element, "Name").value_or("");
      one.friendly_name = attribute(element, "FriendlyName").value_or("");
      if (one.name.empty()) return refuse(Rule::attributes, "one without a name");
      for (auto* value : children(element)) {
        if (!is(value, kAssertionNs, "AttributeValue"))
          return refuse(Rule::attributes, "element " + quote_text(name_of(value)));
        if (++values > saml::kMaxAttributeValues) return refuse(Rule::attributes, "too many values");
        auto text = text_of(value);
        if (text && !is_nil(value)) one.values.push_back(std::move(*text));
      }
      out.attributes.push_back(std::move(one));
      if (out.attributes.size() > saml::kMaxAttributes) return refuse(Rule::attributes, "too many");
    }
  }
  return {};
}
}  // namespace

Checked<> check_response(const ResponseParts& parts, bool is_signed, const ResponseCheck& q) {
  if (q.idp.valid_until && *q.idp.valid_until <= q.now)
    return refuse(Rule::metadata_expired, base::to_rfc3339(*q.idp.valid_until));
  if (parts.issuer != nullptr) RESCUE_SAML_CHECK(check_issuer(parts.issuer, q));
  if (parts.issuer == nullptr && is_signed) return refuse(Rule::issuer, "missing in a signed Response");
  const auto destination = attribute(parts.response, "Destination");
  if (destination ? *destination != q.sp.acs_url : is_signed)  // saml-bindings-2.0 section 3.5.5.2
    return refuse(Rule::destination, destination
                                         ? fmt::format("{}, not {}", quote_text(*destination), quote_text(q.sp.acs_url))
                                         : std::string("missing in a signed Response"));
  if (const auto status = status_code(parts.response); status != kStatusSuccess)
    return refuse(Rule::status, quote_text(status));
  RESCUE_SAML_CHECK(check_issue_instant(parts.response, q));
  return check_in_response_to(attribute(parts.response, "InResponseTo"), q, "Response");
}

Checked<saml::Identity> check_assertion(const AssertionParts& parts, const ResponseCheck& q) {
  saml::Identity out;
  if (parts.issuer == nullptr) return refuse(Rule::issuer, "missing in the assertion");
  RESCUE_SAML_CHECK(check_issuer(parts.issuer, q));
  RESCUE_SAML_CHECK(check_issue_instant(parts.assertion, q));
  RESCUE_SAML_CHECK(read_subject(parts.subject, out));
  RESCUE_SAML_TRY(const auto confirmation, check_confirmations(parts.subject, q));
  RESCUE_SAML_TRY(const auto end, check_conditions(parts.conditions, q));
  RESCUE_SAML_CHECK(read_authn(parts.authn_statements, q, out));
  RESCUE_SAML_CHECK(read_attributes(parts.attribute_statements, out));
  out.issuer = q.idp.entity_id;
  out.assertion_id = attribute(parts.assertion, "ID").value_or("");
  out.in_response_to = confirmation.in_response_to;
  out.replay_until = std::min(confirmation.not_on_or_after, end.value_or(confirmation.not_on_or_after)) + q.clock_skew;
  return out;
}

}  // namespace rescue::saml_xml
