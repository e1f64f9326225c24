// SPDX-License-Identifier: Apache-2.0
// login, logout, whoami, passwd, context.
#include <unistd.h>

#include <array>
#include <ostream>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/utf8.hpp"
#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/sign_in.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::string_view kUserKeys[] = {"id", "email", "name", "role", "disabled", "locked", "last_login_at"};
constexpr cli::Column kUserColumns[] = {{"ID"},       {"EMAIL"},  {"NAME"},      {"ROLE"},
                                        {"DISABLED"}, {"LOCKED"}, {"LAST LOGIN"}};
constexpr cli::Column kContextColumns[] = {{"NAME"}, {"CURRENT"}, {"SERVER"}, {"EMAIL"}, {"TRUST"}, {"SIGNED IN"}};

base::Result<std::string> email_of(Invocation& in, const Context& context) {
  if (auto given = in.parsed.maybe("email")) return *given;
  if (!context.email.empty()) return context.email;
  if (!in.env.in_is_tty) return base::fail(base::Errc::invalid_argument, "--email EMAIL is missing");
  *in.env.err << "E-mail: " << std::flush;
  return cli::read_line(in.env.in_fd, 254);
}

cli::Record context_record(const ContextStore& store, const Context& c) {
  const bool current = store.current() == c.name;
  const auto token = store.token(c.name);
  const bool signed_in = token && !token->empty();
  const std::string trust = !c.ca_pin.empty() ? "pin" : !c.ca_file.empty() ? "file" : "system";
  json::object o{{"name", c.name},    {"current", current}, {"server", c.server},    {"email", c.email},
                 {"ca_pin", nullptr}, {"ca_file", nullptr}, {"signed_in", signed_in}};
  if (!c.ca_pin.empty()) o["ca_pin"] = c.ca_pin;
  if (!c.ca_file.empty()) o["ca_file"] = c.ca_file;
  return {{c.name, current ? "*" : "", c.server, c.email, trust, signed_in ? "yes" : "no"}, json::serialize(o), c.name};
}

}  // namespace

std::string device_name(const Invocation& in) {
  if (auto given = in.parsed.maybe("device")) return *given;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "unknown";
  return base::to_valid_utf8(host.data());
}

base::Result<Context> login_context(Invocation& in) {
  RESCUE_TRY(auto target, in.contexts.resolve(in.parsed));
  auto context = target.context;
  if (in.parsed.given("context")) context.name = in.parsed.text("context");
  if (context.name.empty()) context.name = context_name_of(context.server);
  if (!is_context_name(context.name))
    return base::fail(base::Errc::invalid_argument, fmt::format("'{}' is no name for a context", context.name));
  return context;
}

base::Result<int> accept_sign_in(Invocation& in, Context context, const json::value& answer) {
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer to the sign-in is no object");
  RESCUE_TRY(const auto token, client::text_field(answer.as_object(), "token"));
  RESCUE_TRY(const auto user, client::object_field(answer.as_object(), "user"));
  context.email = cell_of(user, "email");
  RESCUE_CHECK(in.contexts.save(context));
  RESCUE_CHECK(in.contexts.save_token(context.name, token));
  RESCUE_CHECK(in.contexts.set_current(context.name));
  const auto must = [&](std::string_view what) {
    const auto* v = answer.as_object().if_contains(what);
    return v != nullptr && v->is_bool() && v->as_bool();
  };
  const bool change = must("must_change_password");
  const bool enrol = must("must_enrol_mfa");
  json::object shown{{"context", context.name},
                     {"server", context.server},
                     {"user", user},
                     {"expires_at", cell_of(answer.as_object(), "expires_at")},
                     {"must_change_password", change},
                     {"must_enrol_mfa", enrol}};
  constexpr cli::Column kColumns[] = {{"CONTEXT"}, {"EMAIL"}, {"ROLE"}, {"EXPIRES"}};
  cli::write_object(
      in.env, in.format, in.color, kColumns,
      {{context.name, cell_of(user, "email"), cell_of(user, "role"), cli::short_time(cell_of(shown, "expires_at"))},
       json::serialize(shown),
       context.name});
  if (change) in.hint("The password must be changed now: rescue passwd");
  if (enrol) in.hint("A second factor must be set up now: rescue mfa enroll");
  return 0;
}

base::Result<int> login(Invocation& in) {
  if (in.parsed.on("sso-code")) return login_by_code(in);
  if (in.parsed.on("sso")) return login_by_sso(in);
  RESCUE_TRY(auto context, login_context(in));
  RESCUE_TRY(context.email, email_of(in, context));
  RESCUE_TRY(const auto password,
             cli::read_secret(in.env, in.parsed, "password", fmt::format("Password of {}", context.email)));
  RESCUE_TRY(auto* api, in.api(false));
  json::object body{
      {"email", context.email}, {"password", base::as_text(password.view())}, {"device", device_name(in)}};
  RESCUE_TRY(const auto answer, post_sign_in(in, *api, context.email, std::move(body)));
  return accept_sign_in(in, std::move(context), answer);
}

base::Result<int> logout(Invocation& in) {
  RESCUE_TRY(auto target, in.contexts.resolve(in.parsed));
  if (target.token.empty())
    return base::fail(client::Errc::sign_in_needed, fmt::format("not signed in at {}", target.site.url));
  RESCUE_TRY(auto* api, in.api());
  auto answer = api->post("/auth/logout");
  // The token goes from here in any case; a broker that is away forgets it when it expires.
  if (!target.context.name.empty()) in.contexts.remove_token(target.context.name);
  if (!answer && answer.error().code != client::Errc::sign_in_needed)
    return base::fail(answer.error().within("the token was removed here, but the broker did not hear of it"));
  in.hint(fmt::format("signed out at {}", target.site.url));
  return 0;
}

base::Result<int> whoami(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get("/auth/whoami"));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  auto record = record_of(answer.as_object(), kUserKeys);
  std::vector<cli::Column> columns(std::begin(kUserColumns), std::end(kUserColumns));
  if (const auto* sign_in = answer.as_object().if_contains("sign_in"); sign_in != nullptr && sign_in->is_object()) {
    columns.insert(columns.end(), {{"IDLE UNTIL"}, {"EXPIRES"}});
    for (const char* key : {"idle_ends_at", "expires_at"})
      record.cells.push_back(cli::short_time(cell_of(sign_in->as_object(), key)));
  }
  cli::write_object(in.env, in.format, in.color, columns, record);
  return 0;
}

base::Result<int> context_list(Invocation& in) {
  RESCUE_TRY(const auto all, in.contexts.list());
  cli::RecordWriter writer(in.env, in.format, in.color, kContextColumns);
  for (const auto& c : all) writer.add(context_record(in.contexts, c));
  writer.finish();
  return 0;
}

base::Result<int> context_use(Invocation& in) {
  RESCUE_CHECK(in.contexts.set_current(in.parsed.positional("NAME")));
  return 0;
}

base::Result<int> context_show(Invocation& in) {
  auto name = in.parsed.positional("NAME");
  if (name.empty()) name = in.parsed.given("context") ? in.parsed.text("context") : in.contexts.current().value_or("");
  if (name.empty())
    return base::fail(base::Errc::not_found, "no context is the current one; see 'rescue context list'");
  RESCUE_TRY(const auto context, in.contexts.load(name));
  cli::write_object(in.env, in.format, in.color, kContextColumns, context_record(in.contexts, context));
  return 0;
}

base::Result<int> context_remove(Invocation& in) {
  RESCUE_CHECK(in.contexts.remove(in.parsed.positional("NAME")));
  return 0;
}

}  // namespace rescue::program
