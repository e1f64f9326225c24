// SPDX-License-Identifier: Apache-2.0
// The second factor: one's own, and its reset by an administrator.
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/views.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {

using directory::SecondFactor;

/// A refusal that was counted is committed all the same; what the caller gets is the refusal.
template <typename T, typename F>
base::Result<T> committed(Services& s, F mutation) {
  auto done = s.store->write_now(std::move(mutation));
  if (!done) return base::fail(std::move(done).error());
  return std::move(*done);
}

Reply codes_reply(const SecondFactor::Codes& codes) {
  json::array out;
  for (const auto& code : codes) out.emplace_back(code);
  return Reply{.body = json::object{{"recovery_codes", std::move(out)}}};
}

}  // namespace

Answer mfa_status(Services& s, Call& c) {
  RESCUE_TRY(const auto status,
             s.store->read_now([&](store::ReadTransaction& tx) { return s.second_factor.status(tx, c.who().id); }));
  return Reply{.body = json::object{{"enrolled", status.enrolled},
                                    {"enrolled_at", time_view(status.since)},
                                    {"recovery_codes_left", status.recovery_codes_left},
                                    {"required", status.required}}};
}

Answer enrol_mfa(Services& s, Call& c) {
  RESCUE_TRY(const auto enrolment, s.store->write_now([&](store::Transaction& tx) {
    return s.second_factor.begin(tx, c.who(), s.settings.organisation);
  }));
  return Reply{.body = json::object{{"secret", enrolment.secret}, {"uri", enrolment.uri}}};
}

Answer confirm_mfa(Services& s, Call& c) {
  RESCUE_TRY(const auto code, read_code(c.request.body));
  RESCUE_TRY(const auto codes, committed<SecondFactor::Codes>(s, [&](store::Transaction& tx) {
               return s.second_factor.confirm(tx, c.who(), code, c.by(), c.now);
             }));
  return codes_reply(codes);
}

Answer renew_recovery_codes(Services& s, Call& c) {
  RESCUE_TRY(const auto code, read_code(c.request.body));
  RESCUE_TRY(const auto codes, committed<SecondFactor::Codes>(s, [&](store::Transaction& tx) {
               return s.second_factor.renew_codes(tx, c.who(), code, c.by(), c.now);
             }));
  return codes_reply(codes);
}

Answer remove_mfa(Services& s, Call& c) {
  RESCUE_TRY(const auto code, read_code(c.request.body));
  RESCUE_CHECK(committed<void>(
      s, [&](store::Transaction& tx) { return s.second_factor.remove(tx, c.who(), code, c.by(), c.now); }));
  return Reply{};
}

Answer reset_mfa(Services& s, Call& c) {
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto named, named_user(tx, c, c.request.param("user"), directory::Verb::user_manage));
    RESCUE_TRY(const auto user, SecondFactor::reset(tx, named.id, c.by(), c.now));
    return user_view(tx, user);
  }));
  return Reply{.body = json::object{{"user", std::move(view)}}};
}

}  // namespace rescue::broker
