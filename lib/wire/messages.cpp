// SPDX-License-Identifier: Apache-2.0
#include "wire/messages.hpp"

#include "base/utf8.hpp"
#include "wire/limits.hpp"

namespace rescue::wire {
namespace {
using base::Errc;
using base::fail;
using base::Result;
using ByteVector = flatbuffers::Vector<std::uint8_t>;

Result<void> sized(const ByteVector* v, std::size_t size, std::string_view field) {
  if (v != nullptr && v->size() == size) return {};
  return fail(Errc::bad_format, fmt::format("{} has {} bytes, not {}", field, v == nullptr ? 0 : v->size(), size));
}
Result<void> optional_sized(const ByteVector* v, std::size_t size, std::string_view field) {
  return v == nullptr ? Result<void>{} : sized(v, size, field);
}
Result<void> capped(const ByteVector* v, std::size_t max, std::string_view field) {
  if (v != nullptr && v->size() > 0 && v->size() <= max) return {};
  return fail(v == nullptr || v->size() == 0 ? Errc::bad_format : Errc::too_large,
              fmt::format("{} has {} bytes, 1 to {} are allowed", field, v == nullptr ? 0 : v->size(), max));
}
Result<void> clean_text(const flatbuffers::String* s, std::string_view field) {
  if (s == nullptr) return {};
  if (s->size() > kMaxText)
    return fail(Errc::too_large, fmt::format("{} has {} bytes, at most {} are allowed", field, s->size(), kMaxText));
  if (!base::is_valid_utf8(text(s))) return fail(Errc::bad_format, fmt::format("{} is not UTF-8", field));
  return {};
}
Result<void> check_role(tokens::Role role) {
  if (role == tokens::Role::applet || role == tokens::Role::console) return {};
  return fail(Errc::bad_format, fmt::format("role {} does not exist", static_cast<int>(role)));
}
Result<void> check_networks(const ByteVector* v) {
  if (v == nullptr) return {};
  if (v->size() > kMaxPackedNetworks || !base::NetworkRule::unpack(view(v)))
    return fail(Errc::bad_format, "ticket allowed_networks");
  return {};
}
Result<void> check_keys(const flatbuffers::Vector<flatbuffers::Offset<tokens::TokenKey>>* keys) {
  if (keys == nullptr || keys->size() == 0 || keys->size() > kMaxTokenKeys)
    return fail(Errc::bad_format, fmt::format("token_keys: 1 to {} are allowed", kMaxTokenKeys));
  for (const auto* key : *keys) RESCUE_CHECK(sized(key->public_key(), kEd25519KeySize, "token key"));
  return {};
}

template <typename Root>
Result<const Root*> verified(base::ByteView b, std::size_t max, const char* identifier, std::string_view what) {
  if (b.size() > max)
    return fail(Errc::too_large, fmt::format("{} of {} bytes, at most {} are allowed", what, b.size(), max));
  // 8 bytes: root offset and identifier, which BufferHasIdentifier reads unchecked.
  if (b.size() < 8 || !flatbuffers::BufferHasIdentifier(b.data(), identifier))
    return fail(Errc::bad_format, fmt::format("{} does not begin with '{}'", what, identifier));
  flatbuffers::Verifier verifier(b.data(), b.size(), kMaxVerifierDepth, kMaxVerifierTables);
  if (!verifier.VerifyBuffer<Root>(identifier)) return fail(Errc::bad_format, fmt::format("{} is malformed", what));
  return flatbuffers::GetRoot<Root>(b.data());
}

Result<void> check(const tokens::Ticket& t) {
  RESCUE_CHECK(sized(t.serial(), kGuidSize, "ticket serial"));
  RESCUE_CHECK(sized(t.session(), kGuidSize, "ticket session"));
  RESCUE_CHECK(check_role(t.role()));
  RESCUE_CHECK(capped(t.holder_spki(), kMaxSpki, "ticket holder key"));
  RESCUE_CHECK(check_networks(t.allowed_networks()));
  return sized(t.guid_id(), kFingerprintSize, "ticket guid_id");
}
Result<void> check(const tokens::Grant& g) {
  RESCUE_CHECK(sized(g.session(), kGuidSize, "grant session"));
  RESCUE_CHECK(sized(g.technician(), kGuidSize, "grant technician"));
  RESCUE_CHECK(clean_text(g.technician_name(), "grant technician_name"));
  RESCUE_CHECK(clean_text(g.technician_email(), "grant technician_email"));
  RESCUE_CHECK(clean_text(g.organisation(), "grant organisation"));
  RESCUE_CHECK(sized(g.console_fingerprint(), kFingerprintSize, "grant console_fingerprint"));
  RESCUE_CHECK(sized(g.applet_fingerprint(), kFingerprintSize, "grant applet_fingerprint"));
  return sized(g.guid_id(), kFingerprintSize, "grant guid_id");
}
Result<void> check(const tokens::Invite& i) {
  RESCUE_CHECK(sized(i.guid(), kGuidSize, "invite guid"));
  RESCUE_CHECK(clean_text(i.broker_url(), "invite broker_url"));
  RESCUE_CHECK(sized(i.ca_pin(), kFingerprintSize, "invite ca_pin"));
  RESCUE_CHECK(clean_text(i.organisation(), "invite organisation"));
  return check_keys(i.token_keys());
}
Result<void> check(const handoff::Hello& h) {
  RESCUE_CHECK(check_role(h.role()));
  RESCUE_CHECK(capped(h.ticket(), kMaxSignedEnvelope, "hello ticket"));
  RESCUE_CHECK(optional_sized(h.guid(), kGuidSize, "hello guid"));
  if ((h.guid() != nullptr) != (h.role() == tokens::Role::applet))
    return fail(Errc::bad_format, "hello: the applet sends its GUID, the console none");
  return capped(h.possession(), kMaxSignature, "hello possession");
}
Result<void> check(const gateway::Register& r) {
  RESCUE_CHECK(clean_text(r.name(), "gateway name"));
  RESCUE_CHECK(clean_text(r.software(), "gateway software"));
  if (r.addresses()->size() == 0 || r.addresses()->size() > kMaxGatewayAddresses)
    return fail(Errc::bad_format, fmt::format("gateway addresses: 1 to {} are allowed", kMaxGatewayAddresses));
  for (const auto* a : *r.addresses()) RESCUE_CHECK(clean_text(a, "gateway address"));
  return {};
}
Result<void> check(const gateway::AdmitRequest& r) {
  RESCUE_CHECK(sized(r.session(), kGuidSize, "admit session"));
  RESCUE_CHECK(check_role(r.role()));
  RESCUE_CHECK(sized(r.guid_id(), kFingerprintSize, "admit guid_id"));
  RESCUE_CHECK(sized(r.holder_fingerprint(), kFingerprintSize, "admit holder_fingerprint"));
  return clean_text(r.remote_address(), "admit remote_address");
}
Result<void> check_message(const gateway::GatewayMessage& m) {
  using gateway::Message;
  switch (m.message_type()) {
    case Message::Register:
      return check(*m.message_as_Register());
    case Message::Registered:
      RESCUE_CHECK(sized(m.message_as_Registered()->gateway(), kGuidSize, "gateway id"));
      return check_keys(m.message_as_Registered()->token_keys());
    case Message::TokenKeys:
      return check_keys(m.message_as_TokenKeys()->keys());
    case Message::AdmitRequest:
      return check(*m.message_as_AdmitRequest());
    case Message::WaitingChanged:
      RESCUE_CHECK(check_role(m.message_as_WaitingChanged()->role()));
      return sized(m.message_as_WaitingChanged()->session(), kGuidSize, "waiting session");
    case Message::PairJoined:
      RESCUE_CHECK(sized(m.message_as_PairJoined()->session(), kGuidSize, "pair session"));
      return sized(m.message_as_PairJoined()->pair(), kGuidSize, "pair");
    case Message::PairEnded:
      RESCUE_CHECK(sized(m.message_as_PairEnded()->session(), kGuidSize, "pair session"));
      return sized(m.message_as_PairEnded()->pair(), kGuidSize, "pair");
    case Message::Incident:
      RESCUE_CHECK(optional_sized(m.message_as_Incident()->session(), kGuidSize, "incident session"));
      RESCUE_CHECK(clean_text(m.message_as_Incident()->reason(), "incident reason"));
      return clean_text(m.message_as_Incident()->remote_address(), "incident remote_address");
    case Message::Kick:
      return sized(m.message_as_Kick()->session(), kGuidSize, "kick session");
    case Message::AdmitReply:
    case Message::Load:
    case Message::Drain:
    case Message::Resume:
      return {};
    case Message::NONE:
      break;
  }
  // A newer peer may send kinds that we do not know; the version in Register is where that is agreed on.
  return fail(Errc::bad_format, fmt::format("gateway message of unknown kind {}", static_cast<int>(m.message_type())));
}
}  // namespace

Result<const handoff::Handoff*> read_handoff(base::ByteView b) {
  RESCUE_TRY(const auto* root,
             verified<handoff::Handoff>(b, kMaxHandoffMessage, handoff::HandoffIdentifier(), "hand-off message"));
  using handoff::Message;
  switch (root->message_type()) {
    case Message::Hello:
      RESCUE_CHECK(check(*root->message_as_Hello()));
      break;
    case Message::Joined:
      RESCUE_CHECK(sized(root->message_as_Joined()->pair(), kGuidSize, "pair"));
      break;
    case Message::Refused:
      RESCUE_CHECK(clean_text(root->message_as_Refused()->text(), "refusal text"));
      break;
    case Message::Waiting:
    case Message::Ping:
    case Message::Pong:
      break;
    case Message::NONE:
    default:
      return fail(Errc::bad_format,
                  fmt::format("hand-off message of unknown kind {}", static_cast<int>(root->message_type())));
  }
  return root;
}

Result<const gateway::GatewayMessage*> read_gateway_message(base::ByteView b) {
  RESCUE_TRY(const auto* root, verified<gateway::GatewayMessage>(
                                   b, kMaxGatewayMessage, gateway::GatewayMessageIdentifier(), "gateway message"));
  RESCUE_CHECK(check_message(*root));
  return root;
}

Result<const tokens::TokenEnvelope*> read_token(base::ByteView b) {
  RESCUE_TRY(const auto* root,
             verified<tokens::TokenEnvelope>(b, kMaxSignedEnvelope, tokens::TokenEnvelopeIdentifier(), "token"));
  using tokens::Token;
  switch (root->token_type()) {
    case Token::Ticket:
      RESCUE_CHECK(check(*root->token_as_Ticket()));
      break;
    case Token::Grant:
      RESCUE_CHECK(check(*root->token_as_Grant()));
      break;
    case Token::Invite:
      RESCUE_CHECK(check(*root->token_as_Invite()));
      break;
    case Token::NONE:
    default:
      return fail(Errc::bad_format, "token of unknown kind");
  }
  return root;
}

}  // namespace rescue::wire
