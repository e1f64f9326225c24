// SPDX-License-Identifier: Apache-2.0
// The browser of the person who is helped, between PIN and applet.
#include "directory/impl/event.hpp"
#include "directory/sessions.hpp"
#include "store/sessions.hpp"

namespace rescue::directory {

base::Result<Visit> SessionDesk::visit(store::ReadTransaction& tx, base::ByteView browser, base::WallTime now) const {
  if (browser.empty()) return base::fail(Errc::pin_unknown, "");
  RESCUE_TRY(const auto pin, store::pins::find_by_browser(tx, browser));
  if (!pin) return base::fail(Errc::pin_unknown, "");
  RESCUE_TRY(auto session, store::sessions::get(tx, pin->session));
  if (session.ended_at) return base::fail(Errc::session_ended, "");
  if (pin->spent_at) return base::fail(Errc::pin_spent, "");
  if (pin->guid_salt.empty() || !pin->redeemed_at || !session.pin_expires_at)
    return base::fail(Errc::session_ended, "");
  if (*session.pin_expires_at <= now) return base::fail(Errc::pin_expired, "");
  Visit out;
  RESCUE_TRY(out.guid, derive_guid(session.id, pin->guid_salt));
  out.issued = *pin->redeemed_at;
  out.not_after = *session.pin_expires_at;
  out.session = std::move(session);
  return out;
}

base::Result<> SessionDesk::note_download(store::Transaction& tx, const store::Session& session,
                                          std::string_view system, std::string_view address, base::WallTime now) const {
  impl::Event event{.type = store::EventType::session_applet_downloaded,
                    .actor = "user",
                    .session = session.id,
                    .technician = owner_of(session)};
  event.data.add("system", system).add("address", address);
  return impl::record(tx, event, now);
}

}  // namespace rescue::directory
