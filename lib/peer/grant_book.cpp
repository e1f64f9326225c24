// SPDX-License-Identifier: Apache-2.0
#include "peer/grant_book.hpp"

#include <fmt/format.h>

#include "peer/errors.hpp"
#include "peer/limits.hpp"

namespace rescue::peer {

base::Result<crypto::Grant> GrantBook::add(base::ByteView envelope, base::WallTime now) {
  RESCUE_TRY(auto grant, crypto::open_grant(envelope, owner_.token_keys, now));
  const auto invalid = [](std::string why) { return base::fail(Errc::grant_invalid, std::move(why)); };
  if (grant.session != owner_.session) return invalid("it is for another session");
  if (grant.guid_id != owner_.guid_id) return invalid("it is for another GUID");
  if (grant.applet_fingerprint != owner_.applet) return invalid("it names another applet key");
  const auto known = entries_.find(grant.technician);
  if (known == entries_.end() && entries_.size() >= kGrantsMax)
    return base::fail(base::Errc::too_large, fmt::format("more than {} technicians in one session", kGrantsMax));
  if (known != entries_.end()) {
    const auto& e = known->second;
    if (grant.generation < e.highest)
      return invalid(fmt::format("generation {} is older than {}", grant.generation, e.highest));
    if (e.revoked && grant.generation <= *e.revoked) return invalid("it was taken back");
    // A renewal moves the lease; a replayed older renewal must not shorten it, nor another key slip in under the
    // number.
    if (e.grant && e.grant->generation == grant.generation) {
      if (e.grant->console_fingerprint != grant.console_fingerprint)
        return invalid("another console under the same generation");
      if (grant.issued < e.grant->issued) return *e.grant;
    }
  }
  auto& entry = entries_[grant.technician];
  entry.highest = grant.generation;
  entry.grant = grant;
  return grant;
}

void GrantBook::seen(const base::Guid& technician, std::uint64_t generation) {
  auto& highest = entries_[technician].highest;
  highest = std::max(highest, generation);
}

void GrantBook::revoke(const base::Guid& technician) {
  const auto it = entries_.find(technician);
  if (it == entries_.end()) return;
  it->second.grant.reset();
  it->second.revoked = it->second.highest;
}

const crypto::Grant* GrantBook::find(const crypto::Fingerprint& console, base::WallTime now) const {
  for (const auto& [id, e] : entries_)
    if (e.grant && e.grant->console_fingerprint == console && now < e.grant->lease_until) return &*e.grant;
  return nullptr;
}

const crypto::Grant* GrantBook::of(const base::Guid& technician) const {
  const auto it = entries_.find(technician);
  return it == entries_.end() || !it->second.grant ? nullptr : &*it->second.grant;
}

std::vector<base::Guid> GrantBook::technicians() const {
  std::vector<base::Guid> out;
  for (const auto& [id, e] : entries_)
    if (e.grant) out.push_back(id);
  return out;
}

session::GrantTerms terms_of(const crypto::Grant& grant, session::Now now) {
  session::GrantTerms t;
  t.generation = grant.generation;
  t.technician_name = grant.technician_name;
  t.technician_email = grant.technician_email;
  t.organisation = grant.organisation;
  t.permissions = wire::PermissionSet::from_bits(grant.permissions);
  // To make private sessions is between a technician and the site: no user is asked for it, by no prompt.
  t.permissions.remove(wire::Permission::private_sessions);
  t.consent_timeout = grant.consent_timeout;
  t.inactivity_timeout = grant.inactivity_timeout;
  t.single_prompt = grant.single_prompt;
  t.recording_forced = grant.recording == crypto::RecordingRule::forced;
  t.omit_chat_text = grant.omit_chat_text;
  t.require_sas = grant.require_sas;
  t.lease_until = now.steady + (grant.lease_until - now.wall);
  return t;
}

}  // namespace rescue::peer
