// SPDX-License-Identifier: Apache-2.0
// Rows as plain values. Ids are made by the caller (random Guids), so that a row can be named before it is stored and
// several brokers can share one database. Secrets are held as hashes only; see each field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/guid.hpp"
#include "store/event_type.hpp"

namespace rescue::store {

/// One page of a list. `next_cursor` is opaque and empty on the last page; it goes back in as `cursor` of the next
/// call.
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_cursor;
};
/// Lists return at most this many rows at once; a larger `limit` is cut to it, 0 means the default of 100.
inline constexpr std::size_t kMaxPage = 1000;
inline constexpr std::size_t kDefaultPage = 100;

/// A group_administrator administers the one group it is in; a service has no password, only API tokens.
enum class UserRole : std::uint8_t { technician, group_administrator, administrator, auditor, service };
inline constexpr std::size_t kUserRoles = static_cast<std::size_t>(UserRole::service) + 1;
[[nodiscard]] std::string_view to_string(UserRole role);
[[nodiscard]] std::optional<UserRole> parse_user_role(std::string_view name);

/// What a technician says of being there.
enum class Presence : std::uint8_t { available, busy, away };
[[nodiscard]] std::string_view to_string(Presence presence);
[[nodiscard]] std::optional<Presence> parse_presence(std::string_view name);

/// A person who signs in. Removed users stay as rows (sessions and logs name them) without password and with their
/// address free.
struct User {
  base::Guid id;
  std::string email;  // as entered; unique among users that are not removed, ASCII case ignored
  std::string name;
  UserRole role = UserRole::technician;
  base::Guid group;
  std::string password_hash;  // Argon2id text; empty: cannot sign in by password
  bool must_change_password = false;
  bool disabled = false;
  std::uint32_t failed_sign_ins = 0;  // since the last success or unlock
  std::optional<base::WallTime> locked_at;
  base::WallTime created_at;
  std::optional<base::WallTime> password_changed_at;
  std::optional<base::WallTime> last_login_at;
  std::optional<base::WallTime> removed_at;
  std::vector<std::string> allowed_networks;  // CIDR; empty: from anywhere
  std::string sso_id;                         // NameID of the identity provider; empty: none. Unique
  bool sso_disabled = false;
  base::Bytes totp_secret;  // sealed under a key of the site; empty: no second factor
  std::optional<base::WallTime> totp_confirmed_at;
  std::uint64_t totp_last_step = 0;  // RFC 6238 time step that was used last
  Presence presence = Presence::available;
  std::optional<base::WallTime> presence_at;  // when it was set
  std::uint32_t max_sessions = 0;             // held at the same time; 0: no limit
  bool operator==(const User&) const = default;
};

/// Whoever has the broker's own machine: a row that never signs in and is in no list.
inline constexpr std::string_view kLocalAdministratorId = "00000000-0000-4000-8000-000000000002";
/// Whoever opens a session from a channel's page: the creator of those, likewise in no list.
inline constexpr std::string_view kVisitorId = "00000000-0000-4000-8000-000000000003";

/// A technician group: what its members may do (DESIGN "Permissions").
struct Group {
  base::Guid id;
  std::string name;  // unique
  bool is_default = false;
  std::uint32_t permissions = 0;  // bits of wire::PermissionSet
  bool single_prompt = false;
  bool force_recording = false;
  bool require_sas = false;
  bool omit_chat_text = false;
  std::chrono::seconds consent_timeout{60};
  std::chrono::seconds inactivity_timeout{1800};
  std::vector<std::string> allowed_networks;  // CIDR; empty: from anywhere
  std::string description;
  bool require_mfa = false;  // members sign in with a second factor
  bool require_sso = false;  // members do not sign in by password
  base::WallTime created_at;
  bool operator==(const Group&) const = default;
};

/// A shared queue. Groups are assigned to it; their members see and pick up its sessions.
struct Channel {
  base::Guid id;
  std::string name;  // unique
  std::string description;
  base::WallTime created_at;
  bool operator==(const Channel&) const = default;
};

/// Of a sign-in, or made by an administrator for a service account.
enum class TokenKind : std::uint8_t { sign_in, api };
[[nodiscard]] std::string_view to_string(TokenKind kind);

/// A bearer token, named by SHA-256 of its text.
struct Token {
  base::Bytes hash;  // 32 bytes
  base::Guid user;
  std::string device;  // of an API token: its name
  base::WallTime created_at;
  base::WallTime expires_at;
  std::optional<base::WallTime> revoked_at;
  base::Guid id{};  // names it in lists and log
  TokenKind kind = TokenKind::sign_in;
  std::vector<std::string> scopes{};  // of an API token: what it may; of a sign-in: how it was proved
  std::string address{};              // where it was made
  base::WallTime last_used_at{};      // to a minute
  bool must_enrol_mfa = false;        // of a sign-in: its owner has to set up a second factor first
  bool operator==(const Token&) const = default;
};

/// A one-time invitation to set the first password, named by SHA-256 of its code.
struct Invitation {
  base::Bytes hash;  // 32 bytes
  base::Guid user;
  base::Guid created_by;
  base::WallTime created_at;
  base::WallTime expires_at;
  std::optional<base::WallTime> used_at;
  bool operator==(const Invitation&) const = default;
};

/// How an account's sign-ins went from one network.
struct SignInNetwork {
  base::Guid user;
  std::string network;  // as the directory names it
  std::optional<base::WallTime> succeeded_at;
  std::uint32_t failures = 0;  // since the last success from there
  std::optional<base::WallTime> failed_at;
  bool operator==(const SignInNetwork&) const = default;
};

/// A sign-in at the identity provider that began here.
struct SsoRequest {
  std::string id;        // of the AuthnRequest
  base::Bytes verifier;  // SHA-256 of what only the beginner knows
  std::string target;    // where the browser goes afterwards
  base::WallTime created_at;
  base::WallTime expires_at;
  std::optional<base::WallTime> used_at;
  bool operator==(const SsoRequest&) const = default;
};

/// A one-time code that is exchanged for a sign-in, named by SHA-256 of its text.
struct SignInCode {
  base::Bytes hash;  // 32 bytes
  base::Guid user;
  base::Bytes verifier;  // SHA-256
  base::WallTime created_at;
  base::WallTime expires_at;
  std::optional<base::WallTime> used_at;
  std::optional<base::WallTime> session_end{};  // the sign-in must not last longer
  bool operator==(const SignInCode&) const = default;
};

/// The answer that a request with an id got.
struct RequestId {
  base::Guid user;
  std::string request_id;
  std::string operation;
  base::Bytes body_hash;  // 32 bytes
  std::uint32_t status = 0;
  std::string answer;
  base::WallTime created_at;
  bool operator==(const RequestId&) const = default;
};

/// A technician's device, one per user and device name. `public_key` is empty until the device has registered one.
struct Device {
  base::Guid id;
  base::Guid user;
  std::string name;
  base::Bytes public_key;
  base::WallTime created_at;
  base::WallTime last_seen_at;
  std::optional<base::WallTime> revoked_at;
  bool operator==(const Device&) const = default;
};

/// A support session. `state` is a name of the transition table (wire/session_state.hpp); a session is live while
/// ended_at is empty.
struct Session {
  base::Guid id;
  base::Bytes guid_id;  // 32 bytes, SHA-256 of the authentication GUID, unique; the GUID itself is never stored
  std::string kind;     // how it came about: "private" (a technician's PIN) or "channel"
  std::string state;
  std::string note;
  std::string customer;  // JSON object, "{}" when nothing is known
  base::WallTime created_at;
  base::Guid created_by;
  std::optional<base::Guid> technician;  // who holds it now
  std::uint64_t generation = 0;          // of the newest grant; 0: never picked up
  base::WallTime state_since;
  std::optional<base::WallTime> pin_expires_at;  // empty once the applet has registered
  std::optional<base::WallTime> ended_at;
  std::string ended_by;
  std::string end_reason;
  std::optional<base::Guid> channel{};  // whose queue it is in; empty: a private one
  // A transfer waits while transfer_to or transfer_channel is set; where from and why stay until the next one.
  std::optional<base::Guid> transfer_to{};       // to this user
  std::optional<base::Guid> transfer_channel{};  // to this channel
  std::optional<base::Guid> transfer_from{};
  std::string transfer_comment{};  // for the one who takes it
  std::optional<base::WallTime> transfer_at{};
  bool operator==(const Session&) const = default;
};

/// The key that bound itself to a session first. At most one per session, never replaced.
struct AppletKey {
  base::Guid session;
  base::Bytes fingerprint;  // 32 bytes
  base::Bytes spki;
  std::string host_name, host_os, host_user, version;  // as the applet told them
  std::string address;                                 // where it registered from
  base::WallTime registered_at;
  bool operator==(const AppletKey&) const = default;
};

/// A PIN, named by a keyed hash of its digits; with 0 digits nobody was told one. `guid_salt` is an input of the GUID's
/// derivation; emptied once it is spent or ended.
struct Pin {
  base::Guid session;  // at most one PIN per session
  base::Bytes pin_id;  // 32 bytes; unique among stored PINs
  base::Bytes guid_salt;
  std::uint32_t digits = 6;
  base::WallTime created_at;
  base::WallTime expires_at;
  std::optional<base::WallTime> redeemed_at;
  std::optional<base::WallTime> spent_at;
  base::Bytes browser{};  // SHA-256 of what the browser that redeemed it on a page holds; empty: none did
  bool operator==(const Pin&) const = default;
};

/// What was granted to one technician in one session. (session, generation) is the key.
struct Grant {
  base::Guid session;
  std::uint64_t generation = 0;
  base::Guid technician;
  base::Bytes console_fingerprint;  // 32 bytes
  base::Bytes console_spki;
  std::uint32_t permissions = 0;
  base::WallTime issued_at;
  base::WallTime lease_until;
  std::optional<base::WallTime> revoked_at;
  std::optional<base::Guid> sign_in{};  // id of the token it was picked up or renewed with
  bool operator==(const Grant&) const = default;
};

struct Gateway {
  base::Guid id;
  std::string name;                    // unique among gateways that are not removed
  std::vector<std::string> addresses;  // "host:port"
  base::Bytes spki;                    // of the identity with which it talks to brokers
  base::Bytes fingerprint;             // 32 bytes, of that identity; unique under the same condition
  base::Bytes server_fingerprint;      // 32 bytes, of the key of its server certificate, as clients see it
  base::WallTime enrolled_at;
  bool draining = false;
  std::optional<base::WallTime> last_seen_at;
  std::optional<base::WallTime> removed_at;
  bool operator==(const Gateway&) const = default;
};

/// A one-time token with which a gateway enrols, named by SHA-256 of its text.
struct EnrolmentToken {
  base::Bytes hash;  // 32 bytes
  std::string gateway_name;
  base::Guid created_by;
  base::WallTime created_at;
  base::WallTime expires_at;
  std::optional<base::WallTime> used_at;
  bool operator==(const EnrolmentToken&) const = default;
};

/// A row of the log. `id` is the global order; `server_time` never decreases along it.
struct LogEvent {
  std::int64_t id = 0;
  std::optional<base::Guid> session;
  std::optional<base::Guid> technician;
  EventSource source = EventSource::broker;
  std::optional<base::Guid> origin;  // see NewEvent::origin
  std::uint64_t seq = 0;             // per session, source and origin, from 1
  base::WallTime time;               // when it happened, by the source's clock
  base::WallTime server_time;
  EventType type = EventType::alert;
  std::string actor;
  std::string data;  // JSON object
  bool operator==(const LogEvent&) const = default;
};

}  // namespace rescue::store
