// SPDX-License-Identifier: Apache-2.0
// Request bodies of the broker's API. The first byte chooses the reader, the rest is the body. Whatever is accepted
// must keep the caps that the readers promise.
#include <array>
#include <cstdint>

#include "base/assert.hpp"
#include "base/utf8.hpp"
#include "daemons/broker/form_body.hpp"
#include "daemons/broker/requests.hpp"
#include "daemons/broker/requests_password.hpp"
#include "daemons/broker/requests_provision.hpp"
#include "daemons/broker/requests_queues.hpp"
#include "daemons/broker/requests_groups.hpp"
#include "daemons/broker/requests_sso.hpp"

namespace {
using namespace rescue;

void login(std::string_view b) {
  if (const auto r = broker::read_login(b)) RESCUE_ASSERT(r->email.size() <= 254 && base::is_valid_utf8(r->email));
}
void user(std::string_view b) {
  if (const auto r = broker::read_new_user(b)) RESCUE_ASSERT(!r->name.empty() && r->name.size() <= 200);
}
void session(std::string_view b) {
  if (const auto r = broker::read_new_session(b))
    RESCUE_ASSERT(r->note.size() <= 4000 && r->customer.size() <= 64 * 1024);
}
void pickup(std::string_view b) {
  if (const auto r = broker::read_pickup(b)) RESCUE_ASSERT(r->console_spki.size() <= 600);
}
void intake(std::string_view b) {
  const auto r = broker::read_log_intake(b);
  if (!r) return;
  RESCUE_ASSERT(!r->empty() && r->size() <= 500);
  for (const auto& e : *r) RESCUE_ASSERT(e.seq >= 1 && e.data.size() <= 16 * 1024 && e.data.front() == '{');
}
void enroll(std::string_view b) {
  if (const auto r = broker::read_enroll(b)) RESCUE_ASSERT(!r->addresses.empty() && r->addresses.size() <= 8);
}
void pin(std::string_view b) {
  if (const auto r = broker::read_pin(b)) RESCUE_ASSERT(r->size() >= 6 && r->size() <= 12);
}
void registration(std::string_view b) {
  if (const auto r = broker::read_register(b)) RESCUE_ASSERT(r->host_name.size() <= 200 && r->spki.empty());
}
void small(std::string_view b) {
  if (const auto r = broker::read_transfer(b)) RESCUE_ASSERT(r->to.has_value() != r->channel.has_value());
  if (const auto r = broker::read_channel_visit(b))
    RESCUE_ASSERT(r->name.size() <= 200 && r->problem.size() <= 4000 && r->address.empty() && r->browser.empty());
  static_cast<void>(broker::read_presence(b));
  if (const auto r = broker::read_reason(b)) RESCUE_ASSERT(r->size() <= 1000);
  if (const auto r = broker::read_note(b)) RESCUE_ASSERT(r->size() <= 4000);
  if (const auto r = broker::read_user_change(b))
    RESCUE_ASSERT(r->change.email || r->change.name || r->change.role || r->group);
  if (const auto r = broker::read_new_group(b)) RESCUE_ASSERT(r->name && !r->name->empty());
  if (const auto r = broker::read_new_token(b)) RESCUE_ASSERT(!r->scopes.empty());
  static_cast<void>(broker::read_group_change(b));
  static_cast<void>(broker::read_permissions(b));
  static_cast<void>(broker::read_new_channel(b));
  static_cast<void>(broker::read_channel_change(b));
  static_cast<void>(broker::read_group_name(b));
  (void)broker::read_password_change(b);
  (void)broker::read_code(b);
  (void)broker::read_ticket_request(b);
  (void)broker::read_gateway_name(b);
}
void sso(std::string_view b) {
  if (const auto r = broker::read_sso_start(b))
    RESCUE_ASSERT(r->challenge.size() == 32 && r->target.secret.size() <= 64);
  if (const auto r = broker::read_sso_finish(b)) RESCUE_ASSERT(!r->code.empty() && r->code.size() <= 64);
  if (const auto r = broker::read_saml_response(b)) RESCUE_ASSERT(!r->empty() && r->size() <= saml::kMaxResponseText);
  if (const auto r = broker::read_sso_change(b); r && r->group_map) RESCUE_ASSERT(r->group_map->size() <= 500);
}
void password(std::string_view b) {
  if (const auto r = broker::read_strength(b)) RESCUE_ASSERT(r->password.size() <= 1024 && r->invitation.size() <= 400);
  if (const auto r = broker::read_acceptance(b)) RESCUE_ASSERT(!r->code.empty() && !r->password.empty());
  if (const auto r = broker::read_policy_change(b)) RESCUE_ASSERT(!r->empty() && r->size() <= directory::kSettings);
  if (const auto r = broker::read_invite_form(b))
    RESCUE_ASSERT(r->code.size() <= 400 && r->password.size() <= 1024 && base::is_valid_utf8(r->code));
  if (const auto r = broker::read_pin_form(b)) RESCUE_ASSERT(r->pin.size() <= 64);
  if (const auto r = broker::read_channel_form(b)) RESCUE_ASSERT(r->name.size() <= 200 && r->problem.size() <= 2000);
  if (const auto r = broker::read_download_form(b)) RESCUE_ASSERT(r->system.size() <= 40 && r->part.size() <= 40);
  if (const auto r = broker::read_password_form(b)) RESCUE_ASSERT(r->email.size() <= 254 && r->otp.size() <= 40);
}
void provision(std::string_view b) {
  if (const auto r = broker::read_apply(b)) RESCUE_ASSERT(r->document.size() <= b.size());
  if (const auto r = broker::read_questions(b)) RESCUE_ASSERT(!r->empty() && r->size() <= broker::kMaxQuestions);
}
constexpr std::array kReaders{login, user,         session, pickup, intake,   enroll,
                              pin,   registration, small,   sso,    password, provision};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  kReaders[data[0] % kReaders.size()]({reinterpret_cast<const char*>(data + 1), size - 1});
  return 0;
}
