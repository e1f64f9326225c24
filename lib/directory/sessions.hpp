// SPDX-License-Identifier: Apache-2.0
// The sessions desk: creation, PIN, registration of the applet, pickup, leases, end. Every function is one mutation
// together with its log event, follows the transition table of wire/session_state.hpp, and checks the rules of
// sessions; who may call it is authorization.hpp's business. What it returns is for the caller to sign and send
// (crypto/tokens.hpp).
//
// The authentication GUID is not stored. It is HKDF-SHA256(site secret, salt, "rescue-session-guid/1" || session id),
// with a salt of 32 random bytes that lives in the PIN's row until the applet has registered or the session has ended.
// The database alone gives no GUID; after registration not even database and site secret together do (once the
// write-ahead log, which may still hold the salt for a while, has been written over). PINs are stored as
// HMAC-SHA256(key derived from the site secret, digits).
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "crypto/tokens.hpp"
#include "directory/authorization.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"
#include "wire/session_state.hpp"

namespace rescue::directory {

struct DeskPolicy {
  std::string organisation;
  std::chrono::seconds pin_lifetime{20 * 60};
  std::chrono::seconds lease{15 * 60};
  std::chrono::seconds ticket_lifetime{60 * 60};
  std::chrono::seconds waiting_limit{8 * 60 * 60};  // registered, but nobody came
  std::chrono::seconds lapsed_limit{60 * 60};       // after the last lease has run out
};
inline constexpr std::size_t kMaxNoteBytes = 4000;
inline constexpr std::size_t kMaxReasonBytes = 1000;
inline constexpr std::size_t kMaxCustomerBytes = 16 * 1024;
inline constexpr std::uint32_t kMinPinDigits = 6;
inline constexpr std::uint32_t kMaxPinDigits = 12;

/// Digits that a new PIN needs when `live` others are in use: six while they are at most 1 in 100,000 of the space,
/// then more.
[[nodiscard]] std::uint32_t pin_digits_for(std::uint64_t live);

/// Who acts on a session, for table and log.
struct Actor {
  wire::Party party = wire::Party::technician;
  std::string name;                // as the log shows it, e.g. an e-mail address
  std::optional<base::Guid> user;  // a signed-in one
  std::string address{};           // where the call came from, if known
  std::string via{};               // as By::via
};
[[nodiscard]] Actor actor_of(const Principal& who);
/// A session for authorize(): owner_of it (nobody, while it waits for whoever comes), the group that its owner is in
/// now, and what its queue opens to others.
[[nodiscard]] base::Result<Object> object_of(store::ReadTransaction& tx, const store::Session& session);

struct NewSession {
  base::Guid id;
  std::string note;
  std::string customer = "{}";             // JSON object text, checked by the caller
  std::optional<base::Guid> channel = {};  // into this queue; without it only the maker sees it
};
/// Somebody who asks for help on a channel, without a PIN.
struct ChannelVisit {
  base::Guid id;        // the new session's
  std::string channel;  // id or name
  std::string name;     // of the person; "" when it was not said
  std::string problem;  // becomes the note
  std::string address;
  base::Bytes browser = {};  // as redeem_pin's
};
/// Where a transfer goes: one of the two.
struct TransferTarget {
  std::optional<base::Guid> user = {};
  std::optional<base::Guid> channel = {};
};
/// Technicians in one session, the one who holds it included.
inline constexpr std::size_t kMaxTechnicians = 8;
inline constexpr std::size_t kMaxCommentBytes = 1000;
struct CreatedSession {
  store::Session session;
  std::string pin;  // shown once
};
struct Redeemed {
  store::Session session;
  base::Guid guid;  // secret: goes into the invite and nowhere else
  base::WallTime not_after;
};
/// A browser that redeemed a PIN, or opened a session from a channel's page, and has no applet running yet.
struct Visit {
  store::Session session;
  base::Guid guid;  // secret, as Redeemed's
  base::WallTime issued;
  base::WallTime not_after;
};
struct AppletHello {
  base::Guid guid;
  base::Bytes spki;
  std::string host_name, host_os, host_user, version;
  std::string address;
};
struct Registered {
  store::Session session;
  store::AppletKey key;
  bool first = false;  // false: the bound key came again
  crypto::Ticket ticket;
};
struct PickupRequest {
  base::Guid session;
  base::Bytes console_spki;
  std::uint64_t seen_generation = 0;  // the new grant's is higher than this, too
  bool join = false;                  // take part beside the technician who holds it
  crypto::Profile profile = crypto::Profile::modern;
};
struct PickedUp {
  store::Session session;
  crypto::Grant grant;
  crypto::Ticket ticket;
  crypto::Fingerprint applet_fingerprint{};
};

/// Stateless but for its policy and keys; thread-safe.
class SessionDesk {
 public:
  /// `site_secret`: at least 32 random bytes that never reach the database (a 0600 file).
  SessionDesk(DeskPolicy policy, base::SecretBytes site_secret, base::RandomSource& random);

  /// permission_missing when the group has no private_sessions (a session in a channel needs none); invalid_argument.
  [[nodiscard]] base::Result<CreatedSession> create(store::Transaction& tx, const NewSession& session,
                                                    const Principal& who, base::WallTime now) const;
  /// pin_unknown, pin_expired, pin_spent; session_ended. May be redeemed again until an applet has registered.
  /// From the first redemption on, an applet may register for another pin_lifetime (session.pin_expires_at says until
  /// when). `browser`: SHA-256 of what the browser holds that redeemed it on a page; the one before can no longer
  /// download.
  [[nodiscard]] base::Result<Redeemed> redeem_pin(store::Transaction& tx, std::string_view pin,
                                                  std::string_view address, base::WallTime now,
                                                  base::ByteView browser = {}) const;
  /// A new session in a channel's queue, made by a visitor; what is given back is as after redeem_pin. Nobody was told
  /// a PIN. channel_not_found, also for one that no group is assigned to; invalid_argument.
  [[nodiscard]] base::Result<Redeemed> visit_channel(store::Transaction& tx, const ChannelVisit& visit,
                                                     base::WallTime now) const;
  /// What this browser may download: the same each time, so that a file made of it is the same. pin_unknown (it
  /// redeemed nothing, or another one did since), pin_spent (an applet has registered), pin_expired, session_ended.
  [[nodiscard]] base::Result<Visit> visit(store::ReadTransaction& tx, base::ByteView browser, base::WallTime now) const;
  /// session.applet_downloaded. `system`: of the program file, such as "linux-x86_64".
  [[nodiscard]] base::Result<> note_download(store::Transaction& tx, const store::Session& session,
                                             std::string_view system, std::string_view address,
                                             base::WallTime now) const;
  /// Binds the first key; later the same key again gets a new ticket. guid_unknown, session_ended, pin_expired (never
  /// registered in time), and for another key an outcome (not an error, because its log event must be committed).
  struct RegisterOutcome {
    std::optional<Registered> registered;  // empty: key_already_bound, and session.key_refused is logged
    base::Guid session;
  };
  [[nodiscard]] base::Result<RegisterOutcome> register_applet(store::Transaction& tx, const AppletHello& hello,
                                                              base::WallTime now) const;
  /// The live session of an applet by its key. sign_in_needed for an unknown key, session_ended.
  [[nodiscard]] base::Result<store::Session> session_of_applet(store::ReadTransaction& tx,
                                                               base::ByteView fingerprint) const;
  [[nodiscard]] base::Result<crypto::Ticket> applet_ticket(store::ReadTransaction& tx, base::ByteView fingerprint,
                                                           base::WallTime now) const;

  /// One caller wins: of those who come while nobody holds it, or while it is on its way to them. Who holds it comes
  /// back to what was put aside or given away and not taken yet. A second technician joins the one who is in it, with
  /// no more rights and no looser rules; it is in the session as long as that one. already_picked_up, not_waiting,
  /// too_many_sessions (User::max_sessions), session_ended, session_not_found, wrong_state (nobody to join), conflict
  /// (kMaxTechnicians), invalid_argument (bad key).
  [[nodiscard]] base::Result<PickedUp> pickup(store::Transaction& tx, const PickupRequest& request,
                                              const Principal& who, base::WallTime now) const;
  /// Renews the lease of a technician in the session. Another console key than before gets a new generation and revokes
  /// the old grant; it must be of the same kind, since that decides the profile. A key that had its grant and lost it
  /// to another gets none again: of two machines of one technician the one that came last has the session.
  /// not_your_session, invalid_argument.
  [[nodiscard]] base::Result<PickedUp> renew(store::Transaction& tx, const base::Guid& session,
                                             const base::Bytes& console_spki, const Principal& who,
                                             base::WallTime now) const;
  /// What to ask authorize() with: object_of(session), but owned by `who` when it takes or took part.
  [[nodiscard]] base::Result<Object> object_for(store::ReadTransaction& tx, const store::Session& session,
                                                const Principal& who) const;
  /// The grants that an applet should hold now: not revoked, lease not over.
  [[nodiscard]] base::Result<std::vector<crypto::Grant>> current_grants(store::ReadTransaction& tx,
                                                                        const base::Guid& session,
                                                                        base::WallTime now) const;

  // Steps of the technician who holds it; not_your_session for others but where said, wrong_state, session_ended.
  /// Puts it aside: the grants of all who are in it end, the user is told, and the same technician picks it up again.
  [[nodiscard]] base::Result<store::Session> hold(store::Transaction& tx, const base::Guid& session,
                                                  std::string_view reason, const Principal& who,
                                                  base::WallTime now) const;
  /// Gives it away: the grants of all who are in it end, and it waits for whoever it goes to; until then the technician
  /// may pick it up again. Administrators transfer sessions of others. denied for a colleague that `who` does not see
  /// (presence.hpp), technician_away and too_many_sessions of the target; channel_not_found, invalid_argument.
  [[nodiscard]] base::Result<store::Session> transfer(store::Transaction& tx, const base::Guid& session,
                                                      const TransferTarget& to, std::string_view comment,
                                                      const Principal& who, base::WallTime now) const;
  /// By whom it was offered to alone: it comes back to who gave it away, on hold.
  [[nodiscard]] base::Result<store::Session> decline(store::Transaction& tx, const base::Guid& session,
                                                     std::string_view reason, const Principal& who,
                                                     base::WallTime now) const;
  /// By a technician who takes part beside the one who holds it. wrong_state for that one.
  [[nodiscard]] base::Result<store::Session> leave(store::Transaction& tx, const base::Guid& session,
                                                   std::string_view reason, const Principal& who,
                                                   base::WallTime now) const;
  /// The applet has been silent for so long that it counts as offline; and it is back, from there or from a restart of
  /// its machine. Nothing changes where the state is another one.
  [[nodiscard]] base::Result<store::Session> applet_lost(store::Transaction& tx, const base::Guid& session,
                                                         base::Duration silent, base::WallTime now) const;
  [[nodiscard]] base::Result<store::Session> applet_back(store::Transaction& tx, const base::Guid& session,
                                                         base::WallTime now) const;

  /// The supported machine restarts, or does not after all. wrong_state: nobody is in the session; session_ended.
  [[nodiscard]] base::Result<store::Session> applet_restarts(store::Transaction& tx, const base::Guid& session,
                                                             bool starts, base::WallTime now) const;

  /// close, abort or time_out. Revokes all grants; session.ended_by is the party's name ("technician"). session_ended
  /// when it is over already, session_not_found.
  [[nodiscard]] base::Result<store::Session> end(store::Transaction& tx, const base::Guid& session,
                                                 wire::SessionEvent how, const Actor& actor, std::string_view reason,
                                                 base::WallTime now) const;
  /// Replaces the note.
  [[nodiscard]] base::Result<store::Session> note(store::Transaction& tx, const base::Guid& session,
                                                  std::string_view text, const Actor& actor, base::WallTime now) const;
  /// A step of the table that has its own log event elsewhere (link_lost, link_up, applet_lost, …). wrong_state.
  [[nodiscard]] base::Result<store::Session> step(store::Transaction& tx, const base::Guid& session,
                                                  wire::SessionEvent event, wire::Party by, base::WallTime now) const;

  /// Ends what has run out (PINs nobody used, applets nobody came for, lapsed leases, what was put aside for longer
  /// than the site's session.hold_limit), at most `limit` sessions; sends transfers back that nobody took within
  /// session.transfer_limit; forgets old PINs and tokens. Call it every minute, and after a start not before clients
  /// could renew their leases. Returns the ended ones.
  [[nodiscard]] base::Result<std::vector<store::Session>> sweep(store::Transaction& tx, base::WallTime now,
                                                                std::size_t limit = 100) const;

  [[nodiscard]] const DeskPolicy& policy() const { return policy_; }

 private:
  [[nodiscard]] base::Result<base::Guid> derive_guid(const base::Guid& session, base::ByteView salt) const;
  [[nodiscard]] base::Bytes pin_id(std::string_view pin) const;
  [[nodiscard]] base::Result<std::string> assign_pin(store::Transaction& tx, const base::Guid& session,
                                                     const base::Bytes& salt, base::WallTime now) const;
  /// Stores a new session with a salt of its own.
  [[nodiscard]] base::Result<base::Bytes> insert_new(store::Transaction& tx, store::Session& session) const;
  [[nodiscard]] base::Result<PickedUp> grant_to(store::Transaction& tx, store::Session session,
                                                const PickupRequest& request, const Principal& who,
                                                base::WallTime now) const;
  [[nodiscard]] base::Result<crypto::Grant> grant_terms(store::ReadTransaction& tx, const store::Session& session,
                                                        const store::Grant& grant, const base::Bytes& applet) const;
  [[nodiscard]] crypto::Ticket ticket_for(const store::Session& session, crypto::Role role, base::Bytes spki,
                                          base::WallTime now) const;

  DeskPolicy policy_;
  base::SecretBytes guid_key_;
  base::SecretBytes pin_key_;
  base::RandomSource& random_;
};

}  // namespace rescue::directory
