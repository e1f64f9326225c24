// SPDX-License-Identifier: Apache-2.0
// mfa, admin sign-in, admin user reset-mfa. Secrets and codes go to standard output alone.
#include <ostream>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cli/secret_input.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/qr.hpp"
#include "cmd/rescue/sign_in.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::size_t kMaxCodeBytes = 64;

constexpr std::string_view kSignInKeys[] = {"id",           "user",         "device",    "address",
                                            "last_used_at", "idle_ends_at", "expires_at"};
constexpr cli::Column kSignInColumns[] = {{"ID"},        {"USER"},       {"DEVICE"}, {"ADDRESS"},
                                          {"LAST USED"}, {"IDLE UNTIL"}, {"EXPIRES"}};

base::Result<json::object> object_of(const json::value& answer) {
  if (answer.is_object()) return answer.as_object();
  return base::fail(client::Errc::bad_answer, "the answer is no object");
}

base::Result<int> show_codes(Invocation& in, const json::value& answer) {
  RESCUE_TRY(const auto o, object_of(answer));
  RESCUE_TRY(const auto codes, client::array_field(o, "recovery_codes"));
  if (in.json()) {
    constexpr cli::Column kNone[] = {{"RECOVERY CODES"}};
    cli::write_object(in.env, in.format, in.color, kNone, {{""}, json::serialize(o), ""});
    return 0;
  }
  constexpr cli::Column kColumns[] = {{"RECOVERY CODE"}};
  cli::RecordWriter writer(in.env, in.format, in.color, kColumns);
  for (const auto& code : codes)
    if (code.is_string())
      writer.add({{std::string(code.as_string())}, json::serialize(code), std::string(code.as_string())});
  writer.finish();
  in.hint("Keep these codes: each one once stands in for the authenticator. They are shown this once.");
  return 0;
}

/// POST with a code, which is read as the flag says.
base::Result<json::value> with_code(Invocation& in, std::string target) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto code, cli::read_secret(in.env, in.parsed, "code", "Code"));
  return api->post(std::move(target), {{"code", base::as_text(code.view())}});
}

}  // namespace

base::Result<json::value> post_sign_in(Invocation& in, client::BlockingApi& api, const std::string& email,
                                       json::object body) {
  const bool given = in.parsed.on("code-stdin") || in.parsed.given("code-file") || in.env.var("RESCUE_CODE");
  if (given) {
    RESCUE_TRY(const auto code, cli::read_secret(in.env, in.parsed, "code", "Code"));
    body["code"] = base::as_text(code.view());
    return api.post("/auth/login", std::move(body));
  }
  auto answer = api.post("/auth/login", body);
  if (answer || answer.error().code != client::Errc::code_needed) return answer;
  if (!in.env.in_is_tty)
    return base::fail(
        client::Errc::code_needed,
        "the account has a second factor: give --code-stdin, --code-file FILE or the variable RESCUE_CODE");
  RESCUE_TRY(const auto code, cli::read_secret(in.env, in.parsed, "code", fmt::format("Code of {}", email)));
  body["code"] = base::as_text(code.view());
  return api.post("/auth/login", std::move(body));
}

base::Result<int> mfa_status(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->get("/auth/mfa"));
  RESCUE_TRY(const auto o, object_of(answer));
  constexpr std::string_view kKeys[] = {"enrolled", "enrolled_at", "recovery_codes_left", "required"};
  constexpr cli::Column kColumns[] = {{"ENROLLED"}, {"SINCE"}, {"RECOVERY CODES LEFT", true}, {"REQUIRED"}};
  cli::write_object(in.env, in.format, in.color, kColumns, record_of(o, kKeys));
  return 0;
}

base::Result<int> mfa_enroll(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  RESCUE_TRY(const auto answer, api->post("/auth/mfa/enroll"));
  RESCUE_TRY(const auto o, object_of(answer));
  RESCUE_TRY(const auto secret, client::text_field(o, "secret"));
  RESCUE_TRY(const auto uri, client::text_field(o, "uri"));
  if (in.format == cli::Format::table) {
    RESCUE_TRY(const auto picture, qr_text(uri, in.color));
    *in.env.out << picture << '\n';
  }
  constexpr cli::Column kColumns[] = {{"SECRET"}, {"URI"}};
  cli::write_object(in.env, in.format, in.color, kColumns, {{secret, uri}, json::serialize(o), secret});
  *in.env.out << std::flush;
  if (in.format != cli::Format::table || !in.env.in_is_tty) {
    in.hint("Confirm it with a code: rescue mfa confirm");
    return 0;
  }
  *in.env.err << "Code that the authenticator shows now: " << std::flush;
  RESCUE_TRY(const auto code, cli::read_line(in.env.in_fd, kMaxCodeBytes));
  RESCUE_TRY(const auto confirmed, api->post("/auth/mfa/confirm", {{"code", code}}));
  return show_codes(in, confirmed);
}

base::Result<int> mfa_confirm(Invocation& in) {
  RESCUE_TRY(const auto answer, with_code(in, "/auth/mfa/confirm"));
  return show_codes(in, answer);
}

base::Result<int> mfa_codes(Invocation& in) {
  RESCUE_TRY(const auto answer, with_code(in, "/auth/mfa/codes"));
  return show_codes(in, answer);
}

base::Result<int> mfa_remove(Invocation& in) {
  RESCUE_TRY(const auto answer, with_code(in, "/auth/mfa/remove"));
  in.hint("the second factor was removed");
  return 0;
}

base::Result<int> sign_in_list(Invocation& in) {
  RESCUE_TRY(auto* api, in.api());
  std::string target = "/sign-ins";
  if (const auto user = in.parsed.positional("USER"); !user.empty()) target += "?user=" + net::encode_component(user);
  cli::RecordWriter writer(in.env, in.format, in.color, kSignInColumns);
  const auto limit = in.parsed.on("all") ? 0 : in.parsed.integer("limit");
  RESCUE_TRY(const bool more, api->for_each(target, "sign_ins", limit, [&](const json::object& sign_in) {
    writer.add(record_of(sign_in, kSignInKeys));
    return true;
  }));
  writer.finish();
  if (more) in.tell_truncated(writer.count());
  return 0;
}

base::Result<int> sign_in_end(Invocation& in) {
  const auto id = in.parsed.positional("ID");
  const auto user = in.parsed.maybe("user");
  if (id.empty() == !user) return base::fail(base::Errc::invalid_argument, "give the ID of a sign-in, or --user USER");
  RESCUE_TRY(auto* api, in.api());
  if (!user) {
    RESCUE_TRY(const auto answer, api->del("/sign-ins/" + net::encode_component(id)));
    return 0;
  }
  RESCUE_TRY(const auto answer, api->post("/users/" + net::encode_component(*user) + "/sign-out"));
  RESCUE_TRY(const auto o, object_of(answer));
  constexpr std::string_view kKeys[] = {"sign_ins_ended"};
  constexpr cli::Column kColumns[] = {{"SIGN-INS ENDED", true}};
  cli::write_object(in.env, in.format, in.color, kColumns, record_of(o, kKeys));
  return 0;
}

}  // namespace rescue::program
