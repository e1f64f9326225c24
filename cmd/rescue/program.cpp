// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/program.hpp"

#include <algorithm>
#include <array>
#include <ostream>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "cli/exit.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {

struct Entry {
  std::string_view path;
  Handler run;
};
constexpr std::array kHandlers{
    Entry{"login", login},
    Entry{"logout", logout},
    Entry{"whoami", whoami},
    Entry{"passwd", passwd},
    Entry{"accept-invitation", accept_invitation},
    Entry{"mfa status", mfa_status},
    Entry{"mfa enroll", mfa_enroll},
    Entry{"mfa confirm", mfa_confirm},
    Entry{"mfa codes", mfa_codes},
    Entry{"mfa remove", mfa_remove},
    Entry{"context list", context_list},
    Entry{"context use", context_use},
    Entry{"context show", context_show},
    Entry{"context remove", context_remove},
    Entry{"admin user add", user_add},
    Entry{"admin user list", user_list},
    Entry{"admin apply", admin_apply},
    Entry{"admin export", admin_export},
    Entry{"admin user import", user_import},
    Entry{"admin policy why", policy_why},
    Entry{"admin policy test", policy_test},
    Entry{"admin user show", user_show},
    Entry{"admin user set", user_set},
    Entry{"admin user disable", user_act},
    Entry{"admin user enable", user_act},
    Entry{"admin user unlock", user_act},
    Entry{"admin user reset-password", user_reset_password},
    Entry{"admin user reset-mfa", user_act},
    Entry{"admin sign-in list", sign_in_list},
    Entry{"admin sign-in end", sign_in_end},
    Entry{"admin user remove", user_remove},
    Entry{"admin user invite", user_invite},
    Entry{"admin policy show", policy_show},
    Entry{"admin policy set", policy_set},
    Entry{"admin sso show", sso_show},
    Entry{"admin sso set", sso_set},
    Entry{"admin sso test", sso_test},
    Entry{"admin sso check", sso_check},
    Entry{"admin sso new-key", sso_new_key},
    Entry{"admin sso disable", sso_person},
    Entry{"admin sso enable", sso_person},
    Entry{"admin sso unlink", sso_person},
    Entry{"admin group add", group_add},
    Entry{"admin group list", group_list},
    Entry{"admin group show", group_show},
    Entry{"admin group set", group_set},
    Entry{"admin group remove", group_remove},
    Entry{"admin group grant", group_permissions},
    Entry{"admin group revoke", group_permissions},
    Entry{"admin channel add", channel_add},
    Entry{"admin channel list", channel_list},
    Entry{"admin channel show", channel_show},
    Entry{"admin channel set", channel_set},
    Entry{"admin channel remove", channel_remove},
    Entry{"admin channel assign", channel_groups},
    Entry{"admin channel unassign", channel_groups},
    Entry{"admin token add", token_add},
    Entry{"admin token list", token_list},
    Entry{"admin token revoke", token_revoke},
    Entry{"admin gateway enroll", gateway_enroll},
    Entry{"admin gateway list", gateway_list},
    Entry{"admin gateway drain", gateway_act},
    Entry{"admin gateway resume", gateway_act},
    Entry{"admin gateway remove", gateway_remove},
    Entry{"session create", session_create},
    Entry{"session list", session_list},
    Entry{"session show", session_show},
    Entry{"session watch", session_watch},
    Entry{"session wait", session_wait},
    Entry{"session pickup", session_pickup},
    Entry{"session attach", session_attach},
    Entry{"session close", session_close},
    Entry{"session note", session_note},
    Entry{"session hold", session_hold},
    Entry{"session resume", session_pickup},
    Entry{"session transfer", session_transfer},
    Entry{"session decline", session_decline},
    Entry{"session leave", session_leave},
    Entry{"session explain", session_explain},
    Entry{"presence set", presence_set},
    Entry{"presence list", presence_list},
    Entry{"log query", log_query},
    Entry{"log tail", log_tail},
    Entry{"log show", log_show},
    Entry{"recording keygen", recording_keygen},
    Entry{"recording info", recording_info},
    Entry{"recording verify", recording_verify},
    Entry{"recording repair", recording_repair},
    Entry{"recording frames", recording_frames},
    Entry{"recording events", recording_events},
    Entry{"recording convert", recording_convert},
    Entry{"recording play", recording_play},
    Entry{"recording import", recording_import},
    Entry{"completion", completion},
    Entry{"version", version},
    Entry{"help", help},
    Entry{"__agent", agent},
};

/// As the broker takes it, with room for the number of a second request.
base::Result<> check_request_id(std::string_view id) {
  constexpr std::size_t kMost = 120;
  const bool good =
      !id.empty() && id.size() <= kMost && std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
  if (good) return {};
  return base::fail(base::Errc::invalid_argument,
                    fmt::format("--request-id: 1 to {} printable ASCII characters without blanks", kMost));
}

}  // namespace

Handler find_handler(std::string_view path) {
  for (const auto& e : kHandlers)
    if (e.path == path) return e.run;
  return nullptr;
}

base::Result<client::BlockingApi*> Invocation::api(bool need_token) {
  if (!api_) {
    RESCUE_TRY(auto target, contexts.resolve(parsed));
    if (need_token && target.token.empty() && !target.local)
      return base::fail(client::Errc::sign_in_needed,
                        fmt::format("not signed in at {}: use 'rescue login'", target.site.url));
    RESCUE_TRY(api_, client::BlockingApi::create(target.site, std::move(target.token)));
    if (const auto id = parsed.maybe("request-id")) {
      RESCUE_CHECK(check_request_id(*id));
      api_->set_request_id(*id);
    }
  }
  return api_.get();
}

void Invocation::hint(std::string_view text) const {
  if (!parsed.on("quiet") && !json()) *env.err << base::to_display_text(text, true) << '\n' << std::flush;
}

void Invocation::tell_truncated(std::size_t shown) const {
  if (parsed.on("quiet")) return;
  const auto text = fmt::format("only the first {} are shown; --all shows every one", shown);
  if (json())
    *env.err << fmt::format(R"({{"warning":"TRUNCATED","message":"{}"}})", text) << '\n' << std::flush;
  else
    *env.err << "rescue: " << text << '\n' << std::flush;
}

std::string cell_of(const boost::json::object& o, std::string_view key) {
  const auto* v = o.if_contains(boost::json::string_view(key.data(), key.size()));
  if (v == nullptr || v->is_null()) return "";
  if (v->is_string()) return std::string(v->as_string());
  if (v->is_object()) {
    for (const char* name : {"email", "name"})
      if (const auto* inner = v->as_object().if_contains(name); inner != nullptr && inner->is_string())
        return std::string(inner->as_string());
  }
  return boost::json::serialize(*v);
}

cli::Record record_of(const boost::json::object& o, std::span<const std::string_view> keys) {
  cli::Record out;
  for (auto key : keys)
    out.cells.push_back(key.ends_with("_at") || key == "time" ? cli::short_time(cell_of(o, key)) : cell_of(o, key));
  out.json = boost::json::serialize(o);
  out.name = cell_of(o, "id");
  return out;
}

int x_main(cli::Args args, cli::Env& env) {
  auto parsed = cli::parse_or_exit(kProgram, args, env);
  if (!parsed) return parsed.error();
  base::set_log_level(parsed->on("verbose") ? base::LogLevel::info : base::LogLevel::warn);
  Invocation invocation(*parsed, env);
  const auto handler = find_handler(parsed->path());
  auto code = handler(invocation);
  if (code) return *code;
  auto failure = cli::failure_of(code.error());
  failure.message = client::message_of(code.error());
  failure.request_id = client::is_client_error(code.error()) ? invocation.request_id() : "";
  return cli::print_failure(env, "rescue", failure, invocation.json());
}

}  // namespace rescue::program
