// SPDX-License-Identifier: Apache-2.0
// What the site signs, as plain structs (lib/wire/tokens.fbs inside the envelope of signed.hpp). The open_ functions
// check envelope, signature, FlatBuffer, every cap (wire/limits.hpp) and the times; what they return has been checked
// in all of that.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/guid.hpp"
#include "base/ip.hpp"
#include "crypto/signed.hpp"

namespace rescue::crypto {

/// How far a token's issue time may lie ahead of this machine's clock.
inline constexpr std::chrono::minutes kMaxClockSkew{5};

enum class Role : std::uint8_t { applet = 1, console = 2 };
/// modern: TLS 1.3, AES-256-GCM first. aes256_sha: TLS 1.2, RSA-2048, AES256-SHA (off by default, chosen by the grant
/// alone).
enum class Profile : std::uint8_t { modern = 0, aes256_sha = 1 };
enum class RecordingRule : std::uint8_t { none = 0, forced = 1 };

/// Admission at a gateway for the holder of one private key.
struct Ticket {
  base::Guid serial;
  base::Guid session;
  Role role = Role::applet;
  base::Bytes holder_spki;  // DER, a key PublicKey::from_spki takes
  Digest256 guid_id{};      // SHA-256 of the session authentication GUID
  base::WallTime issued;
  base::WallTime not_after;
  base::NetworkRule networks;  // from where the holder may come to a gateway
  bool operator==(const Ticket&) const = default;
};

/// What one technician may do in one session.
struct Grant {
  base::Guid session;
  std::uint64_t generation = 0;
  base::Guid technician;
  std::string technician_name;
  std::string technician_email;
  std::string organisation;
  Fingerprint console_fingerprint{};
  Fingerprint applet_fingerprint{};
  Digest256 guid_id{};
  std::uint32_t permissions = 0;  // bits of wire::PermissionSet; unknown bits are kept
  bool single_prompt = false;
  bool require_sas = false;
  std::chrono::seconds consent_timeout{60};
  std::chrono::seconds inactivity_timeout{1800};
  RecordingRule recording = RecordingRule::none;
  Profile profile = Profile::modern;
  bool omit_chat_text = false;
  base::WallTime issued;
  base::WallTime lease_until;
  bool operator==(const Grant&) const = default;
};

/// How an applet that was told nothing else checks the broker: by the site's CA, or, where the site gave its broker a
/// certificate of a public authority, by the system's store. Gateways are always certified by the site's CA.
enum class BrokerTrust : std::uint8_t { site_ca, system };

/// What an applet needs to reach its session. Holds the GUID: a secret, never logged.
struct Invite {
  base::Guid guid;
  std::string broker_url;
  Digest256 ca_pin{};
  std::vector<PublicKey> token_keys;  // who may sign grants; Ed25519
  std::string organisation;
  base::WallTime issued;
  base::WallTime not_after;
  BrokerTrust broker_trust = BrokerTrust::site_ca;
};

/// make_*: invalid_argument names the field that breaks a cap. open_*: crypto::Errc::token_malformed,
/// token_key_unknown, signature_invalid, token_wrong_kind, token_expired (now >= not_after or lease_until),
/// token_not_yet_valid.
[[nodiscard]] base::Result<base::Bytes> make_ticket(const Ticket& ticket, const PrivateKey& token_key);
[[nodiscard]] base::Result<Ticket> open_ticket(base::ByteView envelope, std::span<const PublicKey> token_keys,
                                               base::WallTime now);
[[nodiscard]] base::Result<base::Bytes> make_grant(const Grant& grant, const PrivateKey& token_key);
[[nodiscard]] base::Result<Grant> open_grant(base::ByteView envelope, std::span<const PublicKey> token_keys,
                                             base::WallTime now);
[[nodiscard]] base::Result<base::Bytes> make_invite(const Invite& invite, const PrivateKey& token_key);
[[nodiscard]] base::Result<Invite> open_invite(base::ByteView envelope, std::span<const PublicKey> token_keys,
                                               base::WallTime now);
/// For an applet that has no key yet: checks the signature against the keys inside. That detects damage, not forgery;
/// who handed the invite over (a TLS connection to a pinned CA, a signed program file) vouches for it.
[[nodiscard]] base::Result<Invite> open_invite_unanchored(base::ByteView envelope, base::WallTime now);

}  // namespace rescue::crypto
