// SPDX-License-Identifier: Apache-2.0
#include "session/console_urls.hpp"

#include <fmt/format.h>

#include "session/applet_urls.hpp"
#include "session/impl/action_messages.hpp"
#include "session/web_address.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
}

base::Result<std::uint32_t> ConsoleUrls::send(std::string_view address) {
  RESCUE_CHECK(session().need(Permission::send_urls));
  RESCUE_TRY(const auto read, read_web_address(address));
  if (waiting_.size() >= kUrlsWaitingMax)
    return base::fail(base::Errc::conflict, fmt::format("{} addresses wait for the user", waiting_.size()));
  const auto request = session().next_request();
  waiting_[request] = read.address;
  session().audit(audit_type::kUrlSent, session().technician(),
                  {{"request", std::int64_t{request}}, {"url", read.address}});
  session().send(wire::Channel::control, messages::url_send(request, read.address));
  return request;
}

base::Result<bool> ConsoleUrls::on_message(const msg::SessionMessage& m) {
  const auto* state = m.message_as_UrlState();
  if (state == nullptr) return false;
  if (!waiting_.contains(state->request())) return true;
  session().tell(UrlChanged{state->request(), state->outcome(), std::string(wire::text(state->detail()))});
  if (state->outcome() != msg::Outcome::asked) finish(state->request(), msg::EnumNameOutcome(state->outcome()));
  return true;
}

void ConsoleUrls::refused(msg::Action action, std::uint32_t id, msg::RefusalReason reason) {
  if (action == msg::Action::url && waiting_.contains(id)) finish(id, msg::EnumNameRefusalReason(reason));
}

void ConsoleUrls::session_ended() {
  while (!waiting_.empty()) finish(waiting_.begin()->first, msg::EnumNameOutcome(msg::Outcome::canceled));
}

void ConsoleUrls::finish(std::uint32_t request, std::string_view outcome) {
  const auto it = waiting_.find(request);
  session().audit(audit_type::kUrlEnded, "user",
                  {{"request", std::int64_t{request}}, {"url", it->second}, {"outcome", std::string(outcome)}});
  waiting_.erase(it);
}

}  // namespace rescue::session
