// SPDX-License-Identifier: Apache-2.0
// Passwords that people choose: how strong one is, invitations, and the two pages for browsers.
#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "crypto/strength.hpp"
#include "daemons/broker/form_body.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/invitation_view.hpp"
#include "daemons/broker/pages.hpp"
#include "daemons/broker/requests_password.hpp"
#include "daemons/broker/views.hpp"
#include "daemons/broker/wait_for.hpp"
#include "directory/invitations.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace invitations = directory::invitations;
namespace {

constexpr std::string_view kDevice = "web page";

Reply page_reply(unsigned status, std::string html) {
  return Reply{.status = status,
               .content_type = std::string(pages::kHtml),
               .text = std::move(html),
               .headers = {{"Content-Security-Policy", std::string(pages::kPolicy)},
                           {"Referrer-Policy", "no-referrer"},
                           {"Cache-Control", "no-store"}}};
}

Reply asset_reply(std::string_view content_type, std::string_view text) {
  return Reply{
      .content_type = std::string(content_type), .text = std::string(text), .headers = {{"Cache-Control", "no-cache"}}};
}

pages::Shown shown_by(const Services& s) {
  pages::Shown shown;
  shown.organisation = s.settings.organisation;
  return shown;
}

/// What to type to sign in here as that person.
std::string login_command(const Services& s, std::string_view email) {
  const auto pin = s.own_certificate ? " --ca-pin " + base::to_hex(s.site.ca_pin()) : std::string();
  return fmt::format("rescue login --server {}{} --email {}", s.public_url, pin, email);
}

/// The form again, saying what was wrong. Faults of the broker go on as such.
Answer try_again(const base::Error& error, pages::Shown shown, std::string (*form)(const pages::Shown&)) {
  const auto told = api_error(error);
  if (told.status >= 500) return base::fail(error);
  shown.problem = told.message;
  auto reply = page_reply(told.status, form(shown));
  reply.refused = error;
  return reply;
}

/// People paste the whole link.
std::string code_in(std::string_view text) {
  if (const auto mark = text.find('#'); mark != std::string_view::npos) text = text.substr(mark + 1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return std::string(text);
}

base::Result<store::User> accept(Services& s, const Call& c, std::string code, std::string password) {
  directory::Acceptance acceptance{std::move(code), std::move(password), c.address};
  return wait_for<store::User>([&](auto done) { s.sign_in.accept_invitation(std::move(acceptance), std::move(done)); });
}

/// A sign-in for the time of one change, by all the rules that sign-ins have.
base::Result<> change_by_form(Services& s, const Call& c, const PasswordForm& form) {
  directory::Credentials credentials{form.email, form.current, std::string(kDevice), c.address, form.otp};
  RESCUE_TRY(const auto signed_in, wait_for<directory::SignedIn>(
                                       [&](auto done) { s.sign_in.sign_in(std::move(credentials), std::move(done)); }));
  RESCUE_TRY(const auto who, s.store->read_now([&](store::ReadTransaction& tx) {
    return directory::authenticate(tx, signed_in.token, c.now);
  }));
  const auto changed = wait_for<void>([&](auto done) {
    s.sign_in.change_password(who, {form.current, form.next, c.address}, std::move(done));
  });
  RESCUE_CHECK(s.store->write_now([&](store::Transaction& tx) { return directory::sign_out(tx, who, c.now); }));
  if (changed) s.feed.user_touched(who.id);
  return changed;
}

base::Error two_ways() { return {base::Errc::invalid_argument, "the new password was typed in two different ways"}; }

}  // namespace

json::object invitation_view(const Services& s, const invitations::Made& made) {
  return {{"link", invitations::link(s.public_url, made.code)}, {"expires_at", base::to_rfc3339(made.expires_at)}};
}

Answer password_strength(Services& s, Call& c) {
  RESCUE_TRY(const auto body, read_strength(c.request.body));
  RESCUE_TRY(const auto verdict,
             s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<directory::PasswordVerdict> {
               RESCUE_TRY(const auto policy, directory::password_policy(tx));
               std::vector<std::string> personal{body.email, body.name};
               // Who asks with an invitation is told of the words of its account. Anything else is as good as none.
               if (const auto invited = invitations::find(tx, code_in(body.invitation), c.now))
                 personal.insert(personal.end(), {invited->email, invited->name});
               return directory::judge_password(policy, body.password, personal);
             }));
  json::array advice;
  for (const auto line : verdict.advice) advice.emplace_back(line);
  return Reply{.body = json::object{{"score", verdict.score},
                                    {"name", crypto::strength_name(verdict.score)},
                                    {"needed", verdict.needed},
                                    {"needed_name", crypto::strength_name(verdict.needed)},
                                    {"enough", verdict.enough},
                                    {"advice", std::move(advice)}}};
}

Answer accept_invitation(Services& s, Call& c) {
  RESCUE_TRY(auto body, read_acceptance(c.request.body));
  RESCUE_TRY(const auto user, accept(s, c, code_in(body.code), std::move(body.password)));
  s.feed.user_touched(user.id);
  return Reply{.body = json::object{{"ok", true}, {"email", user.email}}};
}

Answer invite_user(Services& s, Call& c) {
  struct Invited {
    store::User user;
    invitations::Made made;
  };
  RESCUE_TRY(const auto invited, s.store->write_now([&](store::Transaction& tx) -> base::Result<Invited> {
    RESCUE_TRY(auto user, named_user(tx, c, c.request.param("user"), directory::Verb::user_manage));
    RESCUE_TRY(auto made, invitations::create(tx, user, c.who().id, c.by(), s.random, c.now));
    return Invited{std::move(user), std::move(made)};
  }));
  RESCUE_TRY(auto view, user_view(*s.store, invited.user));
  return Reply{.status = 201,
               .body = json::object{{"user", std::move(view)}, {"invitation", invitation_view(s, invited.made)}}};
}

Answer invite_page(Services& s, Call&) { return page_reply(200, pages::invite_form(shown_by(s))); }

Answer invite_form(Services& s, Call& c) {
  RESCUE_TRY(auto form, read_invite_form(c.request.body));
  auto shown = shown_by(s);
  shown.code = form.code;
  if (form.password != form.again) return try_again(two_ways(), shown, pages::invite_form);
  const auto user = accept(s, c, code_in(form.code), std::move(form.password));
  if (!user) return try_again(user.error(), shown, pages::invite_form);
  s.feed.user_touched(user->id);
  return page_reply(200, pages::done(s.settings.organisation, "Your password is set.", login_command(s, user->email)));
}

Answer password_page(Services& s, Call&) { return page_reply(200, pages::password_form(shown_by(s))); }

Answer password_form(Services& s, Call& c) {
  RESCUE_TRY(const auto form, read_password_form(c.request.body));
  auto shown = shown_by(s);
  shown.email = form.email;
  shown.code_of_device = !form.otp.empty();
  if (form.next != form.again) return try_again(two_ways(), shown, pages::password_form);
  if (const auto changed = change_by_form(s, c, form); !changed) {
    const auto& code = changed.error().code;
    shown.code_of_device |= code == directory::Errc::code_needed || code == directory::Errc::code_wrong;
    return try_again(changed.error(), shown, pages::password_form);
  }
  return page_reply(200,
                    pages::done(s.settings.organisation, "Your password is changed.", login_command(s, form.email)));
}

Answer page_style(Services&, Call&) { return asset_reply("text/css; charset=utf-8", pages::style()); }

Answer page_script(Services&, Call&) { return asset_reply("text/javascript; charset=utf-8", pages::script()); }

}  // namespace rescue::broker
