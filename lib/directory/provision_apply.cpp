// SPDX-License-Identifier: Apache-2.0
#include "directory/provision_apply.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "directory/accounts.hpp"
#include "directory/channels.hpp"
#include "directory/impl/event.hpp"
#include "directory/impl/provision_fields.hpp"
#include "directory/single_sign_on.hpp"
#include "directory/site_policy.hpp"
#include "store/attempt.hpp"
#include "store/channels.hpp"
#include "store/users.hpp"

namespace rescue::directory::provision {
namespace {

base::Result<std::string> canonical(const SettingSpec& spec) {
  const auto* rule = find_setting(spec.name);
  if (rule == nullptr) return base::fail(base::Errc::invalid_argument, "no such setting");
  return canonical_setting(*rule, spec.value);
}

/// What the rules said no to, as opposed to what broke.
bool is_refusal(const base::Error& error) {
  switch (error.exit()) {
    case base::Exit::usage:
    case base::Exit::denied:
    case base::Exit::not_found:
    case base::Exit::conflict:
    case base::Exit::sign_in_needed:
      return true;
    default:
      return false;
  }
}

/// One run over a plan.
class Run {
 public:
  Run(store::Transaction& tx, const Document& document, const Principal& who, const By& by, base::RandomSource& random,
      base::WallTime now, bool invite)
      : tx_(tx), document_(document), who_(who), by_(by), random_(random), now_(now), invite_(invite) {}

  base::Result<> load(const Present& present) {
    for (const auto& group : present.groups) groups_.emplace(group.name, group.id);
    RESCUE_TRY(const auto fallback, store::groups::get_default(tx_));
    default_group_ = fallback.id;
    return {};
  }

  /// A refusal makes the step a failed one; anything else is the error.
  base::Result<> step(Step& step) {
    if (step.outcome == Outcome::unchanged || step.outcome == Outcome::failed) return {};
    auto done = store::attempt(tx_, [&] { return carry_out(step); });
    if (done) return {};
    if (!store::is_open(tx_) || !is_refusal(done.error())) return base::fail(std::move(done).error());
    step.outcome = Outcome::failed;
    step.changes.clear();
    step.error = std::move(done).error();
    return {};
  }

  std::vector<Invited> invited;

 private:
  base::Result<> carry_out(const Step& step) {
    switch (step.kind) {
      case Kind::setting:
        return setting(spec_of(document_.settings, step));
      case Kind::group:
        return step.outcome == Outcome::deleted ? remove_group(step) : group(step);
      case Kind::channel:
        return step.outcome == Outcome::deleted ? remove_channel(step) : channel(step);
      case Kind::user:
        return step.outcome == Outcome::deleted ? remove_user(step) : user(step, document_.users);
      case Kind::service_account:
        return step.outcome == Outcome::deleted ? remove_user(step) : user(step, document_.service_accounts);
    }
    return base::fail(base::Errc::internal, "a kind of object that is none");
  }
  template <typename Spec>
  static const Spec& spec_of(const Section<Spec>& section, const Step& step) {
    return *(*section)[*step.index].spec;
  }

  base::Result<> setting(const SettingSpec& spec) {
    RESCUE_CHECK(authorize(who_, verb_of_setting(spec.name)));
    const std::array change{site_policy::Change{spec.name, spec.value}};
    RESCUE_TRY(const auto changed, site_policy::change(tx_, change, by_, now_));
    static_cast<void>(changed);
    return {};
  }

  base::Result<> group(const Step& step) {
    const auto& spec = spec_of(document_.groups, step);
    if (step.id) {
      RESCUE_CHECK(authorize(who_, Verb::group_manage, Object(std::nullopt, *step.id)));
      RESCUE_TRY(const auto changed, groups::change(tx_, *step.id, spec, by_, now_));
      static_cast<void>(changed);
      return {};
    }
    RESCUE_CHECK(authorize(who_, Verb::group_manage));
    RESCUE_TRY(const auto made, groups::create(tx_, base::Guid::random(random_), spec, by_, now_));
    groups_[made.name] = made.id;
    return {};
  }
  base::Result<> remove_group(const Step& step) {
    RESCUE_CHECK(authorize(who_, Verb::group_manage));
    return groups::remove(tx_, *step.id, by_, now_);
  }

  base::Result<> channel(const Step& step) {
    const auto& spec = spec_of(document_.channels, step);
    RESCUE_CHECK(authorize(who_, Verb::channel_manage));
    store::Channel channel;
    if (step.id) {
      const channels::Change change{.name = {}, .description = spec.description};
      RESCUE_TRY(channel, channels::change(tx_, *step.id, change, by_, now_));
    } else {
      const channels::NewChannel wanted{base::Guid::random(random_), spec.name, spec.description.value_or("")};
      RESCUE_TRY(channel, channels::create(tx_, wanted, by_, now_));
    }
    if (!spec.groups) return {};
    return assign(channel, *spec.groups);
  }
  base::Result<> assign(const store::Channel& channel, const std::vector<std::string>& names) {
    std::vector<base::Guid> wanted;
    for (const auto& name : names) {
      RESCUE_TRY(const auto id, group_named(name));
      wanted.push_back(id);
    }
    RESCUE_TRY(const auto assigned, store::channels::groups_of(tx_, channel.id));
    for (const auto& id : wanted) {
      if (std::ranges::find(assigned, id) != assigned.end()) continue;
      RESCUE_TRY(const auto group, store::groups::get(tx_, id));
      RESCUE_CHECK(channels::assign(tx_, channel, group, by_, now_));
    }
    for (const auto& id : assigned) {
      if (std::ranges::find(wanted, id) != wanted.end()) continue;
      RESCUE_TRY(const auto group, store::groups::get(tx_, id));
      RESCUE_CHECK(channels::unassign(tx_, channel, group, by_, now_));
    }
    return {};
  }
  base::Result<> remove_channel(const Step& step) {
    RESCUE_CHECK(authorize(who_, Verb::channel_manage));
    return channels::remove(tx_, *step.id, by_, now_);
  }

  base::Result<> may_give(store::UserRole role, const base::Guid& group) const {
    RESCUE_CHECK(authorize(who_, Verb::user_manage, Object(std::nullopt, group)));
    if (may_administer(who_.role, role)) return {};
    return base::fail(base::Errc::denied, fmt::format("role {}", store::to_string(role)));
  }

  base::Result<> user(const Step& step, const Section<UserSpec>& section) {
    const auto& spec = spec_of(section, step);
    const bool service = step.kind == Kind::service_account;
    std::optional<base::Guid> group;
    if (spec.group) {
      RESCUE_TRY(group, group_named(*spec.group));
    }
    if (!step.id) return make_user(spec, service ? store::UserRole::service : spec.role, group);
    auto there = store::users::get(tx_, *step.id);
    if (!there) return base::fail(there.error());
    RESCUE_CHECK(authorize_account(who_, Verb::user_manage, *there));
    RESCUE_CHECK(may_give(spec.role.value_or(there->role), group.value_or(there->group)));
    accounts::UserChange change;
    change.name = spec.name;
    change.role = spec.role;
    change.group = group;
    change.allowed_networks = spec.allowed_networks;
    RESCUE_TRY(const auto changed, accounts::change(tx_, there->id, change, by_, now_));
    return switches(spec, changed);
  }
  base::Result<> make_user(const UserSpec& spec, std::optional<store::UserRole> role,
                           const std::optional<base::Guid>& group) {
    accounts::NewUser wanted;
    wanted.id = base::Guid::random(random_);
    wanted.email = spec.email;
    wanted.name = spec.name.value_or("");
    wanted.role = role.value_or(store::UserRole::technician);
    wanted.group = group.value_or(default_group_);
    RESCUE_CHECK(may_give(wanted.role, *wanted.group));
    RESCUE_TRY(auto made, accounts::create(tx_, wanted, by_, now_));
    if (spec.allowed_networks && !spec.allowed_networks->empty()) {
      accounts::UserChange change;
      change.allowed_networks = spec.allowed_networks;
      RESCUE_TRY(made, accounts::change(tx_, made.id, change, by_, now_));
    }
    RESCUE_CHECK(switches(spec, made));
    if (!invite_ || made.role == store::UserRole::service || spec.disabled.value_or(false)) return {};
    return invite(made);
  }
  base::Result<> invite(const store::User& user) {
    RESCUE_TRY(const auto group, store::groups::get(tx_, user.group));
    if (group.require_sso) return {};
    RESCUE_TRY(auto made, invitations::create(tx_, user, who_.id, by_, random_, now_));
    invited.push_back({user, std::move(made)});
    return {};
  }
  /// What is switched on and off by requests of its own.
  base::Result<> switches(const UserSpec& spec, const store::User& user) {
    if (spec.sso_disabled && *spec.sso_disabled != user.sso_disabled) {
      RESCUE_TRY(const auto done, sso::set_disabled(tx_, user.id, *spec.sso_disabled, by_, now_));
      static_cast<void>(done);
    }
    if (spec.disabled && *spec.disabled != user.disabled) {
      RESCUE_TRY(const auto done, *spec.disabled ? accounts::disable(tx_, user.id, by_, now_)
                                                 : accounts::enable(tx_, user.id, by_, now_));
      static_cast<void>(done);
    }
    return {};
  }
  base::Result<> remove_user(const Step& step) {
    auto there = store::users::get(tx_, *step.id);
    if (!there) return base::fail(there.error());
    RESCUE_CHECK(authorize_account(who_, Verb::user_manage, *there));
    auto removed = accounts::remove(tx_, *step.id, by_, now_);
    if (!removed) return base::fail(removed.error());
    return {};
  }

  base::Result<base::Guid> group_named(const std::string& name) const {
    const auto it = groups_.find(name);
    // The plan has seen to it that the group is there, unless making it failed.
    if (it == groups_.end()) return base::fail(Errc::group_not_found, fmt::format("'{}'", name));
    return it->second;
  }

  store::Transaction& tx_;
  const Document& document_;
  const Principal& who_;
  const By& by_;
  base::RandomSource& random_;
  base::WallTime now_;
  bool invite_;
  std::map<std::string, base::Guid> groups_;
  base::Guid default_group_;
};

impl::Json counts(const Applied& applied) {
  impl::Json data;
  for (const auto outcome : {Outcome::created, Outcome::changed, Outcome::deleted, Outcome::failed})
    data.add(to_string(outcome), std::uint64_t{applied.count(outcome)});
  return data;
}

base::Result<> log_outcome(store::Transaction& tx, const Applied& applied, const By& by, base::WallTime now) {
  const auto done = applied.count(Outcome::created) + applied.count(Outcome::changed) + applied.count(Outcome::deleted);
  if (applied.stored && done == 0) return {};
  auto data = counts(applied);
  auto type = store::EventType::provision_applied;
  if (!applied.stored) {
    type = store::EventType::admin_refused;
    data = {};
    data.add("operation", "apply").add("error", applied.first_error()->code.name());
    data.add("failed", std::uint64_t{applied.count(Outcome::failed)});
  }
  return impl::record(tx, {.type = type, .actor = by.actor, .data = std::move(data.add(by))}, now);
}

}  // namespace

std::size_t Applied::count(Outcome outcome) const {
  return static_cast<std::size_t>(std::ranges::count(steps, outcome, &Step::outcome));
}

const base::Error* Applied::first_error() const {
  const auto it = std::ranges::find(steps, Outcome::failed, &Step::outcome);
  return it == steps.end() ? nullptr : &*it->error;
}

base::Result<Present> read_present(store::ReadTransaction& tx) {
  Present out;
  RESCUE_TRY(const auto settings, site_policy::all(tx));
  for (const auto& s : settings) out.settings.push_back({std::string(s.rule->name), s.value, s.rule->secret});
  RESCUE_TRY(out.groups, store::groups::list(tx));
  RESCUE_TRY(auto channels, store::channels::list(tx));
  for (auto& channel : channels) {
    RESCUE_TRY(auto groups, store::channels::groups_of(tx, channel.id));
    out.channels.push_back({std::move(channel), std::move(groups)});
  }
  std::string cursor;
  do {
    RESCUE_TRY(auto page, store::users::list(tx, cursor, store::kMaxPage));
    std::ranges::move(page.items, std::back_inserter(out.users));
    cursor = std::move(page.next_cursor);
  } while (!cursor.empty());
  return out;
}

base::Result<Applied> apply(store::Transaction& tx, const Document& document, const ApplyOptions& options,
                            const Principal& who, const By& by, base::RandomSource& random, base::WallTime now) {
  RESCUE_CHECK(authorize(who, Verb::provision));
  if (document.size() > kMaxObjects)
    return base::fail(base::Errc::invalid_argument, fmt::format("more than {} objects in one document", kMaxObjects));
  RESCUE_TRY(const auto present, read_present(tx));
  Applied out;
  out.steps = plan(document, present, {.prune = options.prune, .self = who.id, .canonical = canonical});
  // What undoes everything is an error of this attempt alone: the outcome is told all the same.
  std::optional<base::Error> broken;
  auto ran = store::attempt(tx, [&]() -> base::Result<> {
    Run run(tx, document, who, by, random, now, options.invite);
    if (auto loaded = run.load(present); !loaded) broken = loaded.error();
    for (auto& step : out.steps) {
      if (broken) break;
      if (auto done = run.step(step); !done) broken = done.error();
    }
    if (broken) return base::fail(*broken);
    out.stored = !options.dry_run && (options.continue_on_error || out.first_error() == nullptr);
    if (!out.stored) return base::fail(base::Errc::canceled, "undone");
    out.invited = std::move(run.invited);
    return {};
  });
  if (broken) return base::fail(std::move(*broken));
  if (out.stored && !ran) return base::fail(std::move(ran).error());
  if (!options.dry_run) RESCUE_CHECK(log_outcome(tx, out, by, now));
  return out;
}

}  // namespace rescue::directory::provision
