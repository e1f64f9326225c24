// SPDX-License-Identifier: Apache-2.0
#include "directory/impl/beside.hpp"

#include <algorithm>

#include "store/sessions.hpp"
#include "store/users.hpp"

namespace rescue::directory::impl {
using wire::PermissionSet;

base::Result<PermissionSet> permissions_in(store::ReadTransaction& tx, const store::Session& session,
                                           const base::Guid& technician, const store::Group& group) {
  const auto own = PermissionSet::from_bits(group.permissions);
  if (!session.technician || *session.technician == technician) return own;
  RESCUE_TRY(const auto grants, store::grants::current(tx, session.id));
  PermissionSet holders;
  for (const auto& grant : grants)  // by generation: the last one counts
    if (grant.technician == *session.technician) holders = PermissionSet::from_bits(grant.permissions);
  return own & holders;
}

base::Result<store::Group> rules_in(store::ReadTransaction& tx, const store::Session& session,
                                    const store::User& technician, const store::Group& group) {
  auto out = group;
  if (!session.technician || *session.technician == technician.id) return out;
  RESCUE_TRY(const auto holder, store::users::get(tx, *session.technician));
  RESCUE_TRY(const auto holders, store::groups::get(tx, holder.group));
  out.single_prompt = group.single_prompt && holders.single_prompt;
  out.require_sas = group.require_sas || holders.require_sas;
  out.force_recording = group.force_recording || holders.force_recording;
  out.omit_chat_text = group.omit_chat_text || holders.omit_chat_text;
  out.consent_timeout = std::min(group.consent_timeout, holders.consent_timeout);
  // Zero is never.
  if (group.inactivity_timeout.count() == 0)
    out.inactivity_timeout = holders.inactivity_timeout;
  else if (holders.inactivity_timeout.count() != 0)
    out.inactivity_timeout = std::min(group.inactivity_timeout, holders.inactivity_timeout);
  return out;
}

}  // namespace rescue::directory::impl
