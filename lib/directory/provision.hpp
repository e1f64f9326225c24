// SPDX-License-Identifier: Apache-2.0
// An organisation described as a document (settings, groups, channels, accounts), and what has to be done for the site
// to become like it. Planning is a pure function of document and present state; provision_apply.hpp carries plans out.
//
// Objects are known by name (accounts: by e-mail address, ASCII case ignored). A field that the document leaves out
// stays as it is, or gets its default in a new object. A section that the document leaves out is not looked at.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "directory/groups.hpp"
#include "store/model.hpp"

namespace rescue::directory::provision {

/// Objects of one document.
inline constexpr std::size_t kMaxObjects = 50'000;

enum class Kind : std::uint8_t { setting, group, channel, user, service_account };
[[nodiscard]] std::string_view to_string(Kind kind);
enum class Outcome : std::uint8_t { created, changed, unchanged, deleted, failed };
[[nodiscard]] std::string_view to_string(Outcome outcome);

struct SettingSpec {
  std::string name, value;  // value as a person writes it
};
using GroupSpec = groups::Change;  // with a name
struct ChannelSpec {
  std::string name;
  std::optional<std::string> description = {};
  std::optional<std::vector<std::string>> groups = {};  // names
};
/// An account of a person, or a service account, whose role is always `service`.
struct UserSpec {
  std::string email;
  std::optional<std::string> name = {};  // a new account needs one
  std::optional<store::UserRole> role = {};
  std::optional<std::string> group = {};  // its name
  std::optional<bool> disabled = {};
  std::optional<std::vector<std::string>> allowed_networks = {};
  std::optional<bool> sso_disabled = {};
};

/// One element of a section. `name` is as the document has it, for reports; a spec that could not be read is its error.
template <typename Spec>
struct Row {
  std::string name;
  base::Result<Spec> spec;
};
template <typename Spec>
using Section = std::optional<std::vector<Row<Spec>>>;

struct Document {
  Section<SettingSpec> settings;
  Section<GroupSpec> groups;
  Section<ChannelSpec> channels;
  Section<UserSpec> users;             // people
  Section<UserSpec> service_accounts;  // a section of their own: a list of people prunes no machines
  [[nodiscard]] std::size_t size() const;
};

/// The site as it is. Settings are in canonical form.
struct PresentSetting {
  std::string name, value;
  bool secret = false;
};
struct PresentChannel {
  store::Channel channel;
  std::vector<base::Guid> groups;
};
struct Present {
  std::vector<PresentSetting> settings;
  std::vector<store::Group> groups;
  std::vector<PresentChannel> channels;
  std::vector<store::User> users;
};

struct FieldChange {
  std::string field;
  boost::json::value from, to;
  bool operator==(const FieldChange&) const = default;
};
/// What becomes of one object.
struct Step {
  Kind kind = Kind::user;
  std::string name;
  Outcome outcome = Outcome::unchanged;
  std::optional<std::size_t> index;  // in its section of the document; nothing for what the document does not name
  std::optional<base::Guid> id;      // of what is there; settings have none
  std::vector<FieldChange> changes;  // of changed ones; secrets are "***"
  std::optional<base::Error> error;  // of failed ones
};

struct PlanOptions {
  bool prune = false;    // delete what a section of the document does not name; never the default group
  base::Guid self = {};  // an account that is never deleted: whoever asks
  /// The canonical form of a setting's value, or why there is none.
  base::Result<std::string> (*canonical)(const SettingSpec&) = nullptr;
};

/// Steps in the order in which they can be carried out, one for each object of the document and each that is pruned.
/// Failed at once: rows that could not be read, names that come twice, groups that will not be there, new accounts
/// without a name.
[[nodiscard]] std::vector<Step> plan(const Document& document, const Present& present, const PlanOptions& options);

/// The document that describes `present`: planned against it, every step is unchanged. Without secret settings.
[[nodiscard]] boost::json::object export_document(const Present& present);

/// ASCII lower case: by what accounts are found.
[[nodiscard]] std::string email_key(std::string_view email);

}  // namespace rescue::directory::provision
