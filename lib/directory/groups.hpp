// SPDX-License-Identifier: Apache-2.0
// Technician groups: what their members may do in a session, and what is asked of them. Each function is one mutation
// with its log event, or a question; who may call it is authorization.hpp's business. What changes here changes the
// live grants of the members in the same transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"
#include "wire/permission.hpp"

namespace rescue::directory::groups {

inline constexpr std::size_t kMaxGroups = 2000;
inline constexpr std::size_t kMaxDescriptionBytes = 1000;
inline constexpr std::chrono::seconds kMinConsentTimeout{5};  // as the applet keeps it
inline constexpr std::chrono::seconds kMaxConsentTimeout{600};
inline constexpr std::chrono::hours kMaxInactivityTimeout{24};

/// Absent fields stay as they are.
struct Change {
  std::optional<std::string> name;  // no text that reads as an id
  std::optional<std::string> description;
  std::optional<wire::PermissionSet> permissions;
  std::optional<bool> single_prompt, force_recording, require_sas, omit_chat_text, require_mfa, require_sso;
  std::optional<std::chrono::seconds> consent_timeout;     // kMinConsentTimeout to kMaxConsentTimeout
  std::optional<std::chrono::seconds> inactivity_timeout;  // up to kMaxInactivityTimeout; 0: none
  std::optional<std::vector<std::string>> allowed_networks;
};

/// How far a change may go.
enum class Bounds : std::uint8_t {
  any,
  /// What the group's own administrator may do: it takes permissions back, switches on what protects and shortens the
  /// limits of time and place, but never gives what the site has not given, nor lets go of what the site asks for.
  tighten,
};

/// name_taken, invalid_argument, conflict beyond kMaxGroups. Without `wanted.permissions` nothing is allowed.
[[nodiscard]] base::Result<store::Group> create(store::Transaction& tx, const base::Guid& id, const Change& wanted,
                                                const By& by, base::WallTime now);
/// By GUID text or name. group_not_found.
[[nodiscard]] base::Result<store::Group> find(store::ReadTransaction& tx, std::string_view id_or_name);
/// group_not_found, name_taken, invalid_argument; denied, naming the field, beyond `bounds`. Nothing is logged where
/// nothing differs.
[[nodiscard]] base::Result<store::Group> change(store::Transaction& tx, const base::Guid& id, const Change& wanted,
                                                const By& by, base::WallTime now, Bounds bounds = Bounds::any);
/// Adds and takes permissions; a permission in both is taken.
[[nodiscard]] base::Result<store::Group> grant(store::Transaction& tx, const base::Guid& id, wire::PermissionSet add,
                                               wire::PermissionSet take, const By& by, base::WallTime now,
                                               Bounds bounds = Bounds::any);
/// group_in_use while somebody is in it, and for the default group. Its channels lose it.
[[nodiscard]] base::Result<> remove(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now);

}  // namespace rescue::directory::groups
