// SPDX-License-Identifier: Apache-2.0
// Provisioning from a document, its export, and answers about policy.
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests_provision.hpp"
#include "daemons/broker/views.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace provision = directory::provision;
namespace {

void add_error(json::object& to, const base::Error& error) {
  const auto told = api_error(error);
  to["error"] = told.name;
  to["code"] = static_cast<int>(error.exit());
  to["message"] = told.message;
}

json::object step_view(const provision::Step& step) {
  json::object out{
      {"kind", provision::to_string(step.kind)}, {"name", step.name}, {"outcome", provision::to_string(step.outcome)}};
  if (step.index) out["index"] = *step.index;
  if (!step.changes.empty()) {
    json::array changes;
    for (const auto& change : step.changes)
      changes.push_back(json::object{{"field", change.field}, {"from", change.from}, {"to", change.to}});
    out["changes"] = std::move(changes);
  }
  if (step.error) add_error(out, *step.error);
  return out;
}

json::array invitations_view(const Services& s, const provision::Applied& applied) {
  json::array out;
  for (const auto& [user, invitation] : applied.invited) {
    out.push_back(json::object{{"email", user.email},
                               {"link", directory::invitations::link(s.public_url, invitation.code)},
                               {"expires_at", base::to_rfc3339(invitation.expires_at)}});
  }
  return out;
}

json::object applied_view(const Services& s, const provision::Applied& applied) {
  using enum provision::Outcome;
  json::object counts;
  for (const auto outcome : {created, changed, unchanged, deleted, failed})
    counts[provision::to_string(outcome)] = applied.count(outcome);
  json::array results;
  results.reserve(applied.steps.size());
  for (const auto& step : applied.steps) results.push_back(step_view(step));
  return {{"applied", applied.stored},
          {"counts", std::move(counts)},
          {"results", std::move(results)},
          {"invitations", invitations_view(s, applied)}};
}

json::object answer_view(const directory::PolicyQuestion& question,
                         const base::Result<directory::PolicyAnswer>& answer) {
  json::object out{{"as", question.as}, {"action", question.action}};
  if (!question.channel.empty()) out["channel"] = question.channel;
  if (!answer) {
    add_error(out, answer.error());
    return out;
  }
  json::array conditions;
  for (const auto& condition : answer->conditions) conditions.emplace_back(condition);
  out["as"] = answer->user.email;
  out["decision"] = answer->allowed ? "allow" : "deny";
  out["rule"] = answer->rule;
  out["reason"] = answer->reason;
  out["reach"] = directory::to_string(answer->reach);
  out["conditions"] = std::move(conditions);
  return out;
}

/// What the caller asked about is an answer of its own; what broke ends the request.
bool is_about_the_question(const base::Error& error) {
  return error.exit() == base::Exit::not_found || error.exit() == base::Exit::usage ||
         error.exit() == base::Exit::denied;
}

}  // namespace

Answer apply_document(Services& s, Call& c) {
  RESCUE_TRY(const auto body, read_apply(c.request.body));
  RESCUE_TRY(auto view, s.store->write_now([&](store::Transaction& tx) -> base::Result<json::object> {
    RESCUE_TRY(const auto applied, provision::apply(tx, body.document, body.options, c.who(), c.by(), s.random, c.now));
    c.changed_nothing = !applied.stored;
    return applied_view(s, applied);
  }));
  return Reply{.body = std::move(view)};
}

Answer export_site(Services& s, Call& c) {
  RESCUE_CHECK(only_query(c, {}));
  RESCUE_TRY(const auto present,
             s.store->read_now([](store::ReadTransaction& tx) { return provision::read_present(tx); }));
  return Reply{.body = json::object{{"document", provision::export_document(present)}}};
}

Answer answer_policy(Services& s, Call& c) {
  RESCUE_TRY(const auto questions, read_questions(c.request.body));
  RESCUE_TRY(auto answers, s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<json::array> {
    json::array out;
    for (const auto& question : questions) {
      const auto answer = directory::policy_answer(tx, c.who(), question);
      if (!answer && !is_about_the_question(answer.error())) return base::fail(answer.error());
      out.push_back(answer_view(question, answer));
    }
    return out;
  }));
  return Reply{.body = json::object{{"answers", std::move(answers)}}};
}

}  // namespace rescue::broker
