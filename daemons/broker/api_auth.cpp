// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"
#include "daemons/broker/views_sign_in.hpp"
#include "daemons/broker/wait_for.hpp"

namespace rescue::broker {
Answer login(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_login(c.request.body));
  directory::Credentials credentials{std::move(body.email), std::move(body.password), std::move(body.device),
                                     c.address, std::move(body.code)};
  RESCUE_TRY(const auto signed_in, wait_for<directory::SignedIn>(
                                       [&](auto done) { s.sign_in.sign_in(std::move(credentials), std::move(done)); }));
  RESCUE_TRY(auto user, user_view(*s.store, signed_in.user));
  return Reply{.body = boost::json::object{{"token", signed_in.token},
                                           {"expires_at", base::to_rfc3339(signed_in.expires_at)},
                                           {"user", std::move(user)},
                                           {"must_change_password", signed_in.user.must_change_password},
                                           {"must_enrol_mfa", signed_in.must_enrol_mfa}}};
}

Answer logout(Services& s, Call& c) {
  RESCUE_CHECK(s.store->write_now([&](store::Transaction& tx) { return directory::sign_out(tx, c.who(), c.now); }));
  s.feed.user_touched(c.who().id);  // a receiver of events that used this token is disconnected now, not in 20 s
  return Reply{};
}

Answer change_password(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_password_change(c.request.body));
  RESCUE_CHECK(wait_for<void>([&](auto done) {
    s.sign_in.change_password(c.who(), {std::move(body.current), std::move(body.next), c.address}, std::move(done));
  }));
  return Reply{};
}

Answer whoami(Services& s, Call& c) {
  RESCUE_TRY(auto view, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<boost::json::object> {
    RESCUE_TRY(const auto user, store::users::get(tx, c.who().id));
    RESCUE_TRY(auto me, user_view(tx, user));
    RESCUE_TRY(const auto token, store::tokens::find(tx, c.who().token_hash));
    me["sign_in"] = nullptr;  // on the broker's own machine nobody signs in
    if (token) {
      RESCUE_TRY(me["sign_in"], sign_in_view(tx, *token, user));
    }
    return me;
  }));
  return Reply{.body = std::move(view)};
}

}  // namespace rescue::broker
