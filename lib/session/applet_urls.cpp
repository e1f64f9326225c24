// SPDX-License-Identifier: Apache-2.0
#include "session/applet_urls.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "session/impl/action_messages.hpp"
#include "session/impl/messages.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
namespace msg = wire::session;
using wire::Channel;

std::string_view warning(AddressDoubt doubt) {
  switch (doubt) {
    case AddressDoubt::mixed_scripts:
      return "Careful: its name mixes letters of several alphabets, as forged addresses do.";
    case AddressDoubt::look_alike:
      return "Careful: its name is made of letters that only look like Latin ones, as in forged addresses.";
    case AddressDoubt::unusual:
      return "Careful: its name has characters that are not letters of any alphabet.";
    case AddressDoubt::none:
      break;
  }
  return "";
}
}  // namespace

Question question_about(const WebAddress& address) {
  Question q;
  q.kind = QuestionKind::url;
  q.heading = "Open this address?";
  q.text = fmt::format("Your web browser is to open a page of {}.", address.host);
  if (!address.letters.empty()) q.text += fmt::format(" In its own letters that is {}.", address.letters);
  if (const auto careful = warning(address.doubt); !careful.empty()) q.text += fmt::format(" {}", careful);
  q.detail = address.address;
  q.yes = "Open";
  q.no = "Do not open";
  return q;
}

base::Result<bool> AppletUrls::on_message(const msg::SessionMessage& m) {
  const auto* send = m.message_as_UrlSend();
  if (send == nullptr) return false;
  on_send(*send);
  return true;
}

void AppletUrls::on_send(const msg::UrlSend& m) {
  auto& s = session();
  const auto no = [&](msg::RefusalReason reason) { s.refuse(msg::Action::url, m.request(), reason); };
  if (!s.may(Permission::send_urls)) return no(s.why_not(Permission::send_urls));
  if (waiting_.size() >= kUrlsWaitingMax || waiting_.contains(m.request())) return no(msg::RefusalReason::busy);
  const auto address = read_web_address(wire::text(m.url()));
  if (!address)
    return no(address.error().code == base::Errc::too_large ? msg::RefusalReason::too_large
                                                            : msg::RefusalReason::bad_name);
  const auto question = s.ask_user(question_about(*address), *this);
  if (question == QuestionId(0)) return no(msg::RefusalReason::busy);
  waiting_[m.request()] = {address->address, question};
  s.audit(audit_type::kUrlSent, s.terms().technician_email,
          {{"request", std::int64_t{m.request()}}, {"url", address->address}}, Permission::send_urls);
  s.send(Channel::control, messages::url_state(m.request(), msg::Outcome::asked, ""));
}

void AppletUrls::question_answered(QuestionId id, QuestionAnswer answer) {
  const auto it = std::ranges::find_if(waiting_, [&](const auto& w) { return w.second.question == id; });
  if (it == waiting_.end()) return;
  using How = QuestionAnswer::How;
  if (answer.how != How::yes)
    return finish(it, answer.how == How::no ? msg::Outcome::declined : msg::Outcome::timed_out);
  if (!session().may(Permission::send_urls)) return finish(it, msg::Outcome::canceled);
  it->second.question.reset();
  session().act(OpenUrl{it->first, it->second.address});
}

void AppletUrls::opened(std::uint32_t request, bool ok, std::string_view detail) {
  const auto it = waiting_.find(request);
  if (it != waiting_.end() && !it->second.question) finish(it, ok ? msg::Outcome::done : msg::Outcome::failed, detail);
}

void AppletUrls::finish(Map::iterator it, msg::Outcome outcome, std::string_view detail) {
  auto& s = session();
  const auto why = messages::fit_text(detail, wire::kDetailMax);
  // Only what was done is an operation that a receipt must cover.
  const auto under = outcome == msg::Outcome::done ? std::optional(Permission::send_urls) : std::nullopt;
  const bool by_user =
      outcome == msg::Outcome::done || outcome == msg::Outcome::declined || outcome == msg::Outcome::timed_out;
  s.audit(audit_type::kUrlEnded, by_user ? "user" : "applet",
          {{"request", std::int64_t{it->first}},
           {"url", it->second.address},
           {"outcome", std::string(msg::EnumNameOutcome(outcome))}},
          under);
  s.send(Channel::control, messages::url_state(it->first, outcome, why));
  waiting_.erase(it);
}

void AppletUrls::rights_changed() {
  if (!waiting_.empty() && !session().may(Permission::send_urls)) cancel_all();
}

void AppletUrls::session_ended() { cancel_all(); }

void AppletUrls::cancel_all() {
  session().drop_actions([](const AppletAction& a) { return std::holds_alternative<OpenUrl>(a); });
  while (!waiting_.empty()) {
    const auto it = waiting_.begin();
    if (it->second.question) session().close_question(*it->second.question);
    finish(it, msg::Outcome::canceled);
  }
}

}  // namespace rescue::session
