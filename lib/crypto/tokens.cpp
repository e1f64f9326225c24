// SPDX-License-Identifier: Apache-2.0
#include "crypto/tokens.hpp"

#include "wire/messages.hpp"

namespace rescue::crypto {
namespace {
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Guid;
using base::Result;
using base::WallTime;
namespace fb = wire::tokens;
using Builder = flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> vector_of(Builder& b, ByteView bytes) {
  return b.CreateVector(bytes.data(), bytes.size());
}
flatbuffers::Offset<flatbuffers::String> string_of(Builder& b, std::string_view s) {
  return b.CreateString(s.data(), s.size());
}
std::int64_t micros(WallTime t) { return t.time_since_epoch().count(); }
WallTime wall(std::int64_t us) { return WallTime(std::chrono::microseconds(us)); }
Guid guid_of(const flatbuffers::Vector<std::uint8_t>* v) { return Guid::from_bytes(wire::view(v)).value_or(Guid()); }
Digest256 digest_of(const flatbuffers::Vector<std::uint8_t>* v) {
  return to_digest256(wire::view(v)).value_or(Digest256{});
}

// The same reader that a peer will use says whether what we are about to sign keeps the caps.
Result<Bytes> seal(Builder& b, fb::Token kind, flatbuffers::Offset<void> token, std::string_view domain,
                   const PrivateKey& key) {
  fb::FinishTokenEnvelopeBuffer(b, fb::CreateTokenEnvelope(b, kind, token));
  const auto payload = wire::finished_bytes(b);
  if (auto checked = wire::read_token(payload); !checked)
    return fail(base::Errc::invalid_argument, checked.error().context);
  return sign_envelope(domain, payload, key);
}

Result<const fb::TokenEnvelope*> read_payload(ByteView payload, fb::Token kind) {
  const auto root = wire::read_token(payload);
  if (!root) return fail(Errc::token_malformed, root.error().message());
  if ((*root)->token_type() != kind) return fail(Errc::token_wrong_kind, fb::EnumNameToken((*root)->token_type()));
  return *root;
}

Result<> check_times(WallTime issued, WallTime end, WallTime now, std::string_view what) {
  if (issued > now + kMaxClockSkew)
    return fail(Errc::token_not_yet_valid, fmt::format("{} issued {}", what, base::to_rfc3339(issued)));
  if (now >= end) return fail(Errc::token_expired, fmt::format("{} ended {}", what, base::to_rfc3339(end)));
  return {};
}

Result<Invite> invite_of(const fb::Invite& i) {
  Invite out;
  out.guid = guid_of(i.guid());
  out.broker_url = wire::text(i.broker_url());
  out.ca_pin = digest_of(i.ca_pin());
  for (const auto* k : *i.token_keys()) {
    RESCUE_TRY(auto key, PublicKey::from_raw_ed25519(wire::view(k->public_key())));
    out.token_keys.push_back(std::move(key));
  }
  out.organisation = wire::text(i.organisation());
  out.issued = wall(i.issued_us());
  out.not_after = wall(i.not_after_us());
  switch (i.broker_trust()) {
    case fb::BrokerTrust::site_ca:
      out.broker_trust = BrokerTrust::site_ca;
      break;
    case fb::BrokerTrust::system:
      out.broker_trust = BrokerTrust::system;
      break;
    default:
      return fail(base::Errc::unsupported, "how the invite wants the broker to be checked");
  }
  return out;
}

// A Grant's durations travel as unsigned 32-bit seconds.
bool fits_u32(std::chrono::seconds s) { return s.count() >= 0 && s.count() <= 0xffff'ffffLL; }
}  // namespace

Result<Bytes> make_ticket(const Ticket& t, const PrivateKey& token_key) {
  RESCUE_TRY(const auto holder, PublicKey::from_spki(t.holder_spki));
  Builder b;
  const auto serial = vector_of(b, t.serial.bytes());
  const auto session = vector_of(b, t.session.bytes());
  const auto spki = vector_of(b, holder.spki());
  const auto guid = vector_of(b, t.guid_id);
  flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> networks;
  if (t.networks.restricts()) networks = vector_of(b, t.networks.packed());
  const auto ticket = fb::CreateTicket(b, serial, session, static_cast<fb::Role>(t.role), spki, guid, micros(t.issued),
                                       micros(t.not_after), networks);
  return seal(b, fb::Token::Ticket, ticket.Union(), kTicketDomain, token_key);
}

Result<Ticket> open_ticket(ByteView envelope, std::span<const PublicKey> token_keys, WallTime now) {
  RESCUE_TRY(const auto payload, open_envelope(kTicketDomain, envelope, token_keys));
  RESCUE_TRY(const auto* root, read_payload(payload, fb::Token::Ticket));
  const auto& t = *root->token_as_Ticket();
  Ticket out;
  out.serial = guid_of(t.serial());
  out.session = guid_of(t.session());
  out.role = static_cast<Role>(t.role());
  out.holder_spki = base::to_bytes(wire::view(t.holder_spki()));
  out.guid_id = digest_of(t.guid_id());
  out.issued = wall(t.issued_us());
  out.not_after = wall(t.not_after_us());
  if (t.allowed_networks() != nullptr) {
    RESCUE_TRY(out.networks, base::NetworkRule::unpack(wire::view(t.allowed_networks())));
  }
  RESCUE_CHECK(check_times(out.issued, out.not_after, now, "ticket"));
  return out;
}

Result<Bytes> make_grant(const Grant& g, const PrivateKey& token_key) {
  if (!fits_u32(g.consent_timeout) || !fits_u32(g.inactivity_timeout))
    return fail(base::Errc::invalid_argument, "grant time-outs are 0 to 2^32-1 seconds");
  Builder b;
  const auto session = vector_of(b, g.session.bytes());
  const auto technician = vector_of(b, g.technician.bytes());
  const auto name = string_of(b, g.technician_name);
  const auto email = string_of(b, g.technician_email);
  const auto organisation = string_of(b, g.organisation);
  const auto console = vector_of(b, g.console_fingerprint);
  const auto applet = vector_of(b, g.applet_fingerprint);
  const auto guid = vector_of(b, g.guid_id);
  fb::GrantBuilder out(b);
  out.add_session(session);
  out.add_generation(g.generation);
  out.add_technician(technician);
  out.add_technician_name(name);
  out.add_technician_email(email);
  out.add_organisation(organisation);
  out.add_console_fingerprint(console);
  out.add_applet_fingerprint(applet);
  out.add_guid_id(guid);
  out.add_permissions(g.permissions);
  out.add_single_prompt(g.single_prompt);
  out.add_require_sas(g.require_sas);
  out.add_consent_timeout_s(static_cast<std::uint32_t>(g.consent_timeout.count()));
  out.add_inactivity_timeout_s(static_cast<std::uint32_t>(g.inactivity_timeout.count()));
  out.add_recording(static_cast<fb::RecordingRule>(g.recording));
  out.add_profile(static_cast<fb::Profile>(g.profile));
  out.add_omit_chat_text(g.omit_chat_text);
  out.add_issued_us(micros(g.issued));
  out.add_lease_until_us(micros(g.lease_until));
  return seal(b, fb::Token::Grant, out.Finish().Union(), kGrantDomain, token_key);
}

Result<Grant> open_grant(ByteView envelope, std::span<const PublicKey> token_keys, WallTime now) {
  RESCUE_TRY(const auto payload, open_envelope(kGrantDomain, envelope, token_keys));
  RESCUE_TRY(const auto* root, read_payload(payload, fb::Token::Grant));
  const auto& g = *root->token_as_Grant();
  // A rule or profile that this build does not know could be stricter than those it knows: not to be guessed at.
  if (g.recording() > fb::RecordingRule::forced || g.profile() > fb::Profile::aes256_sha)
    return fail(Errc::token_malformed, "grant with a recording rule or profile unknown to this version");
  Grant out;
  out.session = guid_of(g.session());
  out.generation = g.generation();
  out.technician = guid_of(g.technician());
  out.technician_name = wire::text(g.technician_name());
  out.technician_email = wire::text(g.technician_email());
  out.organisation = wire::text(g.organisation());
  out.console_fingerprint = digest_of(g.console_fingerprint());
  out.applet_fingerprint = digest_of(g.applet_fingerprint());
  out.guid_id = digest_of(g.guid_id());
  out.permissions = g.permissions();
  out.single_prompt = g.single_prompt();
  out.require_sas = g.require_sas();
  out.consent_timeout = std::chrono::seconds(g.consent_timeout_s());
  out.inactivity_timeout = std::chrono::seconds(g.inactivity_timeout_s());
  out.recording = static_cast<RecordingRule>(g.recording());
  out.profile = static_cast<Profile>(g.profile());
  out.omit_chat_text = g.omit_chat_text();
  out.issued = wall(g.issued_us());
  out.lease_until = wall(g.lease_until_us());
  RESCUE_CHECK(check_times(out.issued, out.lease_until, now, "grant"));
  return out;
}

Result<Bytes> make_invite(const Invite& i, const PrivateKey& token_key) {
  Builder b;
  std::vector<flatbuffers::Offset<fb::TokenKey>> keys;
  for (const auto& key : i.token_keys) {
    RESCUE_TRY(const auto raw, key.raw_ed25519());
    keys.push_back(fb::CreateTokenKey(b, vector_of(b, raw)));
  }
  const auto guid = vector_of(b, i.guid.bytes());
  const auto url = string_of(b, i.broker_url);
  const auto pin = vector_of(b, i.ca_pin);
  const auto key_list = b.CreateVector(keys);
  const auto organisation = string_of(b, i.organisation);
  const auto invite = fb::CreateInvite(b, guid, url, pin, key_list, organisation, micros(i.issued), micros(i.not_after),
                                       static_cast<fb::BrokerTrust>(i.broker_trust));
  return seal(b, fb::Token::Invite, invite.Union(), kInviteDomain, token_key);
}

Result<Invite> open_invite(ByteView envelope, std::span<const PublicKey> token_keys, WallTime now) {
  RESCUE_TRY(const auto payload, open_envelope(kInviteDomain, envelope, token_keys));
  RESCUE_TRY(const auto* root, read_payload(payload, fb::Token::Invite));
  RESCUE_TRY(auto out, invite_of(*root->token_as_Invite()));
  RESCUE_CHECK(check_times(out.issued, out.not_after, now, "invite"));
  return out;
}

Result<Invite> open_invite_unanchored(ByteView envelope, WallTime now) {
  if (envelope.size() < kEnvelopeHeaderBytes) return fail(Errc::token_malformed, "signed envelope is cut off");
  // A copy, because FlatBuffers are read in place and want their alignment.
  const Bytes payload = base::to_bytes(envelope.subspan(kEnvelopeHeaderBytes));
  RESCUE_TRY(const auto* root, read_payload(payload, fb::Token::Invite));
  RESCUE_TRY(const auto named, invite_of(*root->token_as_Invite()));
  return open_invite(envelope, named.token_keys, now);
}

}  // namespace rescue::crypto
