// SPDX-License-Identifier: Apache-2.0
// passwd, accept-invitation, admin user invite: passwords that people choose, with a meter.
#include <ostream>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr int kScores = 4;

/// "Strength: [###-] good", and what would help.
void tell_strength(Invocation& in, const json::object& verdict) {
  const auto* score = verdict.if_contains("score");
  if (score == nullptr || !score->is_int64()) return;
  const auto filled = static_cast<std::size_t>(std::clamp<std::int64_t>(score->as_int64(), 0, kScores));
  in.hint(fmt::format("Strength: [{:-<{}}] {}", std::string(filled, '#'), kScores, cell_of(verdict, "name")));
  const auto* enough = verdict.if_contains("enough");
  if (enough != nullptr && enough->is_bool() && !enough->as_bool())
    in.hint(fmt::format("  Not enough here: at least \"{}\".", cell_of(verdict, "needed_name")));
  if (const auto* advice = verdict.if_contains("advice"); advice != nullptr && advice->is_array())
    for (const auto& line : advice->as_array())
      if (line.is_string()) in.hint(fmt::format("  {}", std::string_view(line.as_string())));
}

/// Asks the site, which knows what it wants and estimates as it will decide. `about`: whose password it is. Without an
/// answer nothing is said: the site will decide all the same.
cli::JudgeSecret judge(Invocation& in, client::BlockingApi& api, json::object about) {
  return [&in, &api, about = std::move(about)](base::ByteView secret) {
    auto question = about;
    question["password"] = base::as_text(secret);
    const auto answer = api.post("/auth/strength", std::move(question));
    if (!answer || !answer->is_object()) return true;
    tell_strength(in, answer->as_object());
    const auto* enough = answer->as_object().if_contains("enough");
    return enough == nullptr || !enough->is_bool() || enough->as_bool();
  };
}

/// An invitation as it was handed over: the code alone, or the link with the site in front.
struct InvitationText {
  std::string server;  // empty: not said
  std::string code;
};
InvitationText split(std::string_view text) {
  constexpr std::string_view kPage = "/invite";
  const auto mark = text.find('#');
  if (mark == std::string_view::npos) return {"", std::string(text)};
  auto site = text.substr(0, mark);
  if (site.ends_with(kPage)) site.remove_suffix(kPage.size());
  return {std::string(site), std::string(text.substr(mark + 1))};
}

}  // namespace

base::Result<int> passwd(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto current, cli::read_secret(in.env, in.parsed, "current-password", "Present password"));
  json::object about;
  if (const auto me = api->get("/auth/whoami"); me && me->is_object()) {
    about["email"] = cell_of(me->as_object(), "email");
    about["name"] = cell_of(me->as_object(), "name");
  }
  RESCUE_TRY(const auto fresh, cli::read_new_secret(in.env, in.parsed, "new-password", "New password",
                                                    judge(in, *api, std::move(about))));
  json::object body{{"current", base::as_text(current.view())}, {"new", base::as_text(fresh.view())}};
  RESCUE_TRY(const auto answer, api->post("/auth/password", std::move(body)));
  in.hint("password changed");
  return 0;
}

base::Result<int> accept_invitation(Invocation& in) {
  RESCUE_TRY(const auto secret, cli::read_secret(in.env, in.parsed, "code", "Invitation (link or code)"));
  const auto invitation = split(base::as_text(secret.view()));
  RESCUE_TRY(auto target, in.contexts.resolve(in.parsed, invitation.server));
  // A sign-in that happens to be saved for this site is somebody else's business.
  RESCUE_TRY(const auto api, client::BlockingApi::create(target.site, ""));
  RESCUE_TRY(const auto fresh, cli::read_new_secret(in.env, in.parsed, "new-password", "New password",
                                                    judge(in, *api, {{"invitation", invitation.code}})));
  json::object body{{"code", invitation.code}, {"password", base::as_text(fresh.view())}};
  RESCUE_TRY(const auto answer, api->post("/auth/invitation", std::move(body)));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto email, client::text_field(answer.as_object(), "email"));
  constexpr cli::Column kColumns[] = {{"EMAIL"}, {"SERVER"}};
  const json::object shown{{"email", email}, {"server", target.site.url}};
  cli::write_object(in.env, in.format, in.color, kColumns, {{email, target.site.url}, json::serialize(shown), email});
  const auto& c = target.context;
  const auto trust = !c.ca_pin.empty() ? " --ca-pin " + c.ca_pin : !c.ca_file.empty() ? " --ca " + c.ca_file : "";
  in.hint(fmt::format("The password is set. Sign in: rescue login --server {}{} --email {}", target.site.url, trust,
                      email));
  return 0;
}

base::Result<int> user_invite(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer,
             api->post(fmt::format("/users/{}/invite", net::encode_component(in.parsed.positional("USER")))));
  return show_invitation(in, answer);
}

base::Result<int> show_invitation(Invocation& in, const json::value& answer) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  const auto& o = answer.as_object();
  RESCUE_TRY(const auto user, client::object_field(o, "user"));
  RESCUE_TRY(const auto invitation, client::object_field(o, "invitation"));
  RESCUE_TRY(const auto link, client::text_field(invitation, "link"));
  constexpr cli::Column kColumns[] = {{"ID"}, {"EMAIL"}, {"NAME"}, {"ROLE"}, {"INVITATION"}, {"EXPIRES"}};
  cli::write_object(in.env, in.format, in.color, kColumns,
                    {{cell_of(user, "id"), cell_of(user, "email"), cell_of(user, "name"), cell_of(user, "role"), link,
                      cli::short_time(cell_of(invitation, "expires_at"))},
                     json::serialize(answer),
                     cell_of(user, "id")});
  in.hint("The invitation is shown this once and works once: hand it to this person and nobody else.");
  return 0;
}

}  // namespace rescue::program
