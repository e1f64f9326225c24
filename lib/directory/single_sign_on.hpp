// SPDX-License-Identifier: Apache-2.0
// Single sign-on on the directory's side: which request a response answers, whose account it opens, and the one-time
// code that takes the outcome from the browser to the program where the sign-in began. What a response says has been
// checked before (room saml); nothing here sees XML.
//
// The way of a sign-in. The beginner (rescue login --sso) keeps a random verifier and tells its SHA-256, the challenge.
// begin() remembers the request under its ID. enter() takes an accepted assertion: once each, for a request that is
// open, of an account that may. Its code opens nothing without the verifier, so that whoever sees or types it
// elsewhere gains nothing. A sign-in that the identity provider began has no request and no verifier; its code alone
// opens, which is why such sign-ins are off unless the site wants them.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "directory/sign_in.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::sso {

inline constexpr std::chrono::minutes kRequestLifetime{10};
inline constexpr std::chrono::minutes kCodeLifetime{5};
inline constexpr std::size_t kChallengeBytes = 32;
inline constexpr std::size_t kMaxVerifierBytes = 128;
/// Longest code as typed, with whatever stands between its groups.
inline constexpr std::size_t kMaxCodeBytes = 64;
inline constexpr std::size_t kMaxGroupMapBytes = 16 * 1024;
/// NameID, as it is kept with an account.
inline constexpr std::size_t kMaxSsoIdBytes = 1024;

/// Where the browser goes with the outcome: to a listener on its own machine, or nowhere (port 0): a person types it.
struct Target {
  std::uint16_t port = 0;
  std::string secret;  // path of the listener: 16 to 64 characters of base64url
  [[nodiscard]] bool by_hand() const { return port == 0; }
  /// "http://127.0.0.1:PORT/SECRET?NAME=VALUE". The value needs no encoding: codes and names of errors.
  [[nodiscard]] std::string url(std::string_view name, std::string_view value) const;
};
/// invalid_argument for a secret of another form, or one without port.
[[nodiscard]] base::Result<Target> make_target(std::uint16_t port, std::string secret);

/// One line of sso.group_map: whoever has `value` in the group attribute gets into `group`.
struct GroupRule {
  std::string value;
  std::string group;
  bool operator==(const GroupRule&) const = default;
};
/// A line each, VALUE=GROUP; the last '=' counts, so that a value may be an LDAP name. Empty lines are left out.
/// invalid_argument names the line.
[[nodiscard]] base::Result<std::vector<GroupRule>> parse_group_map(std::string_view text);
[[nodiscard]] std::string group_map_text(const std::vector<GroupRule>& rules);

/// What the site's settings say (sso.*).
struct Rules {
  bool enabled = false;
  std::string entity_id;  // ours; empty: made from the site's address
  bool idp_initiated = false;
  bool provision = false;       // makes accounts for unknown people
  std::string email_attribute;  // empty: the NameID is the address
  std::string name_attribute;   // of new accounts; empty: the address is the name
  std::string group_attribute;  // empty: groups are kept as they are
  std::vector<GroupRule> group_map;
};
[[nodiscard]] base::Result<Rules> rules(store::ReadTransaction& tx);

/// Beside the settings of the table, because lists cannot show them: the identity provider's metadata, which is long,
/// and our keys, which are sealed.
inline constexpr std::string_view kIdpMetadataSetting = "sso.idp_metadata";
inline constexpr std::string_view kKeysSetting = "sso.keys";
/// Installs metadata ("": removes them). `entity_id`: of the provider, for the log, which has the SHA-256 of the rest.
[[nodiscard]] base::Result<> install_metadata(store::Transaction& tx, std::string_view xml, std::string_view entity_id,
                                              const By& by, base::WallTime now);
/// Replaces the keys, whose text is the caller's business. Logged without them.
[[nodiscard]] base::Result<> install_keys(store::Transaction& tx, std::string_view keys, const By& by,
                                          base::WallTime now);

/// Remembers a request. `id`: of the AuthnRequest.
[[nodiscard]] base::Result<> begin(store::Transaction& tx, std::string id, base::ByteView challenge,
                                   const Target& target, base::WallTime now);

/// An assertion that was accepted by everything that can be seen in it.
struct Assertion {
  std::string issuer;
  std::string id;
  base::WallTime replay_until{};  // nobody accepts it any more from then on
  std::string in_response_to;     // empty: the identity provider began
  std::string name_id;
  bool transient = false;                          // NameID is another one each time and names nobody for long
  std::optional<base::WallTime> session_end = {};  // the sign-in must not last longer
  std::string email = {};
  std::string name = {};
  std::vector<std::string> groups = {};  // values of the group attribute
};

struct Entered {
  store::User user;
  std::string code;  // secret, shown once: "K7QF-9XTM-2HVR"
  Target target;
  bool by_provider = false;  // the identity provider began
};
/// Why somebody was not let in. `rule` is what the log says: "replay", "unknown_request", "request_used",
/// "idp_initiated", "no_address", "unknown_account", "other_identity", "account_disabled", "sso_disabled",
/// "service_account". `target` is there when a request was answered: its beginner may be told.
struct Refusal {
  base::Error error;
  std::string rule;
  std::optional<Target> target = {};
};
using Outcome = std::expected<Entered, Refusal>;

/// The one mutation of a response that was accepted: remembers the assertion, uses the request, finds or makes the
/// account, maps its group, makes the code. A refusal is an outcome and no error, so that its traces are committed.
/// `address`: of the browser.
[[nodiscard]] base::Result<Outcome> enter(store::Transaction& tx, const Assertion& assertion, const Rules& rules,
                                          std::string_view address, base::RandomSource& random, base::WallTime now);
/// A response that broke a rule before it came that far. Logs auth.sso_refused.
[[nodiscard]] base::Result<> refused(store::Transaction& tx, std::string_view rule, std::string_view detail,
                                     std::string_view address, base::WallTime now);

struct Redemption {
  std::string code;      // as typed: case, blanks and dashes do not count
  std::string verifier;  // empty: of a sign-in that the identity provider began
  std::string device;
  std::string address;
};
/// Exchanges a code for a sign-in, once. sign_in_failed: unknown, used, expired, or for another verifier;
/// account_disabled, sso_disabled (base::Errc::denied) when that happened meanwhile. The outer result is the
/// mutation's.
[[nodiscard]] base::Result<base::Result<SignedIn>> redeem(store::Transaction& tx, const Redemption& redemption,
                                                          base::RandomSource& random, base::WallTime now);

/// The switch for one person. Off: ends every sign-in of theirs at once, revokes grants and closes sessions; a second
/// time changes nothing and logs nothing. user_not_found.
[[nodiscard]] base::Result<store::User> set_disabled(store::Transaction& tx, const base::Guid& user, bool disabled,
                                                     const By& by, base::WallTime now);
/// Forgets which identity the account belongs to; the next sign-in with its address sets it again. user_not_found.
[[nodiscard]] base::Result<store::User> unlink(store::Transaction& tx, const base::Guid& user, const By& by,
                                               base::WallTime now);

}  // namespace rescue::directory::sso
