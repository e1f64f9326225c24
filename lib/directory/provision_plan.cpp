// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>
#include <boost/json/array.hpp>

#include "base/utf8.hpp"
#include "directory/errors.hpp"
#include "directory/impl/provision_fields.hpp"
#include "directory/provision.hpp"

namespace rescue::directory::provision {
namespace json = boost::json;
namespace {

constexpr std::string_view kMasked = "***";

base::Error fault(base::ErrorCode code, std::string what) { return {code, std::move(what)}; }

Step failed(Kind kind, std::string name, std::optional<std::size_t> index, base::Error why) {
  Step step;
  step.kind = kind;
  step.name = std::move(name);
  step.index = index;
  step.outcome = Outcome::failed;
  step.error = std::move(why);
  return step;
}

std::vector<FieldChange> differences(const json::object& from, const json::object& to) {
  std::vector<FieldChange> out;
  for (const auto& [key, value] : to) {
    const auto* before = from.if_contains(key);
    if (before == nullptr || *before != value)
      out.push_back({std::string(key), before == nullptr ? json::value() : *before, value});
  }
  return out;
}

/// One step per row of a section, in its order; `decide` is asked for each row that can be read and whose name is new.
template <typename Spec, typename KeyOf, typename Decide>
std::vector<Step> walk(Kind kind, const Section<Spec>& section, KeyOf key_of, Decide decide) {
  std::vector<Step> out;
  if (!section) return out;
  std::set<std::string> seen;
  for (std::size_t i = 0; i < section->size(); ++i) {
    const auto& row = (*section)[i];
    if (!row.spec) {
      out.push_back(failed(kind, row.name, i, row.spec.error()));
    } else if (!seen.insert(key_of(*row.spec)).second) {
      out.push_back(failed(kind, row.name, i, fault(base::Errc::invalid_argument, "the document names it twice")));
    } else {
      Step step = decide(*row.spec);
      step.kind = kind;
      step.name = row.name;
      step.index = i;
      out.push_back(std::move(step));
    }
  }
  return out;
}

/// What comes out of comparing an object that is there with what it shall be.
Step compared(const base::Guid& id, const json::object& from, const json::object& to) {
  Step step;
  step.id = id;
  step.changes = differences(from, to);
  step.outcome = step.changes.empty() ? Outcome::unchanged : Outcome::changed;
  return step;
}
Step made() {
  Step step;
  step.outcome = Outcome::created;
  return step;
}
Step refused(base::Error why) {
  Step step;
  step.outcome = Outcome::failed;
  step.error = std::move(why);
  return step;
}
Step deleted(Kind kind, std::string name, const base::Guid& id) {
  Step step;
  step.kind = kind;
  step.name = std::move(name);
  step.outcome = Outcome::deleted;
  step.id = id;
  return step;
}

/// Keys of rows, readable or not: what a row that is at fault names is not pruned.
template <typename Spec, typename KeyOf>
std::set<std::string> named(const Section<Spec>& section, KeyOf key_of_name) {
  std::set<std::string> out;
  if (section)
    for (const auto& row : *section) out.insert(key_of_name(row.name));
  return out;
}

class Planner {
 public:
  Planner(const Document& document, const Present& present, const PlanOptions& options)
      : document_(document), present_(present), options_(options) {
    const auto kept = named(document.groups, same);
    for (const auto& group : present.groups) {
      groups_.emplace(group.name, &group);
      names_.emplace(group.id, group.name);
      // A group that goes is not there for anybody.
      if (!prunes_groups() || group.is_default || kept.contains(group.name)) group_names_.insert(group.name);
    }
    group_names_.insert(kept.begin(), kept.end());
    for (const auto& user : present.users) users_.emplace(email_key(user.email), &user);
  }

  std::vector<Step> steps() {
    std::vector<Step> out;
    const auto add = [&out](std::vector<Step> more) { std::ranges::move(more, std::back_inserter(out)); };
    add(settings());
    add(groups());
    add(channels());
    add(users(Kind::user, document_.users));
    add(users(Kind::service_account, document_.service_accounts));
    if (options_.prune) {
      add(prune_users(Kind::user, document_.users));
      add(prune_users(Kind::service_account, document_.service_accounts));
      add(prune_channels());
      add(prune_groups());
    }
    return out;
  }

 private:
  static std::string same(const std::string& name) { return name; }
  static bool is_service(const store::User& user) { return user.role == store::UserRole::service; }
  [[nodiscard]] bool prunes_groups() const { return options_.prune && document_.groups; }

  [[nodiscard]] std::vector<Step> settings() const {
    std::map<std::string, const PresentSetting*> there;
    for (const auto& setting : present_.settings) there.emplace(setting.name, &setting);
    return walk(
        Kind::setting, document_.settings, [](const SettingSpec& spec) { return spec.name; },
        [&](const SettingSpec& spec) {
          auto value = options_.canonical(spec);
          if (!value) return refused(value.error());
          const auto it = there.find(spec.name);
          if (it == there.end()) return refused(fault(base::Errc::invalid_argument, "no such setting"));
          Step step;
          if (it->second->value == *value) return step;
          step.outcome = Outcome::changed;
          const bool secret = it->second->secret;
          const auto shown = [secret](const std::string& text) {
            return secret && !text.empty() ? json::value(kMasked) : json::value(text);
          };
          step.changes = {{"value", shown(it->second->value), shown(*value)}};
          return step;
        });
  }

  [[nodiscard]] std::vector<Step> groups() const {
    return walk(
        Kind::group, document_.groups, [](const GroupSpec& spec) { return spec.name.value_or(""); },
        [&](const GroupSpec& spec) {
          const auto it = groups_.find(spec.name.value_or(""));
          if (it == groups_.end()) return made();
          auto target = *it->second;
          if (auto done = put(target, spec); !done) return refused(done.error());
          return compared(target.id, fields_of(*it->second), fields_of(target));
        });
  }

  [[nodiscard]] std::vector<Step> channels() const {
    std::map<std::string, const PresentChannel*> there;
    for (const auto& channel : present_.channels) there.emplace(channel.channel.name, &channel);
    return walk(
        Kind::channel, document_.channels, [](const ChannelSpec& spec) { return spec.name; },
        [&](const ChannelSpec& spec) {
          for (const auto& group : spec.groups.value_or(std::vector<std::string>()))
            if (!group_names_.contains(group)) return refused(no_group(group));
          const auto it = there.find(spec.name);
          if (it == there.end()) return made();
          const auto& channel = it->second->channel;
          const auto assigned = group_names(it->second->groups);
          auto target = channel;
          if (spec.description) target.description = *spec.description;
          return compared(channel.id, fields_of(channel, assigned),
                          fields_of(target, spec.groups ? sorted(*spec.groups) : assigned));
        });
  }

  [[nodiscard]] std::vector<Step> users(Kind kind, const Section<UserSpec>& section) const {
    const bool service = kind == Kind::service_account;
    auto steps = walk(
        kind, section, [](const UserSpec& spec) { return email_key(spec.email); },
        [&](const UserSpec& spec) {
          if (spec.role && (*spec.role == store::UserRole::service) != service)
            return refused(fault(base::Errc::invalid_argument, "service accounts have a section of their own"));
          if (spec.group && !group_names_.contains(*spec.group)) return refused(no_group(*spec.group));
          const auto it = users_.find(email_key(spec.email));
          if (it == users_.end()) {
            if (!spec.name) return refused(fault(base::Errc::invalid_argument, "a new account needs a name"));
            return made();
          }
          const auto& there = *it->second;
          if (is_service(there) != service)
            return refused(
                fault(base::Errc::conflict, service ? "a person has this address" : "a service account has it"));
          auto target = there;
          if (auto done = put(target, spec); !done) return refused(done.error());
          const auto& group = names_.at(there.group);
          return compared(there.id, fields_of(there, group), fields_of(target, spec.group.value_or(group)));
        });
    // Whoever becomes an administrator comes before the last one who stops to be one.
    std::ranges::stable_partition(steps, [&](const Step& step) {
      const auto& row = (*section)[*step.index];
      return row.spec && row.spec->role == store::UserRole::administrator && !row.spec->disabled.value_or(false);
    });
    return steps;
  }

  [[nodiscard]] std::vector<Step> prune_users(Kind kind, const Section<UserSpec>& section) const {
    std::vector<Step> out;
    if (!section) return out;
    const auto kept = named(section, [](const std::string& name) { return email_key(name); });
    for (const auto& user : present_.users)
      if (is_service(user) == (kind == Kind::service_account) && user.id != options_.self &&
          !kept.contains(email_key(user.email)))
        out.push_back(deleted(kind, user.email, user.id));
    return out;
  }
  [[nodiscard]] std::vector<Step> prune_channels() const {
    std::vector<Step> out;
    if (!document_.channels) return out;
    const auto kept = named(document_.channels, same);
    for (const auto& [channel, groups] : present_.channels)
      if (!kept.contains(channel.name)) out.push_back(deleted(Kind::channel, channel.name, channel.id));
    return out;
  }
  [[nodiscard]] std::vector<Step> prune_groups() const {
    std::vector<Step> out;
    if (!document_.groups) return out;
    const auto kept = named(document_.groups, same);
    for (const auto& group : present_.groups)
      if (!group.is_default && !kept.contains(group.name)) out.push_back(deleted(Kind::group, group.name, group.id));
    return out;
  }

  static base::Error no_group(const std::string& name) {
    return fault(Errc::group_not_found, fmt::format("'{}'", base::to_display_text(name)));
  }
  [[nodiscard]] std::vector<std::string> group_names(const std::vector<base::Guid>& ids) const {
    std::vector<std::string> out;
    for (const auto& id : ids)
      if (const auto it = names_.find(id); it != names_.end()) out.push_back(it->second);
    return sorted(std::move(out));
  }

  const Document& document_;
  const Present& present_;
  const PlanOptions& options_;
  std::map<std::string, const store::Group*> groups_;
  std::map<base::Guid, std::string> names_;
  std::set<std::string> group_names_;  // that will be there
  std::map<std::string, const store::User*> users_;
};

}  // namespace

std::string_view to_string(Kind kind) {
  constexpr std::array<std::string_view, 5> kNames{"setting", "group", "channel", "user", "service_account"};
  return kNames[static_cast<std::size_t>(kind)];
}
std::string_view to_string(Outcome outcome) {
  constexpr std::array<std::string_view, 5> kNames{"created", "changed", "unchanged", "deleted", "failed"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::size_t Document::size() const {
  const auto count = [](const auto& section) { return section ? section->size() : 0; };
  return count(settings) + count(groups) + count(channels) + count(users) + count(service_accounts);
}

std::vector<Step> plan(const Document& document, const Present& present, const PlanOptions& options) {
  return Planner(document, present, options).steps();
}

}  // namespace rescue::directory::provision
