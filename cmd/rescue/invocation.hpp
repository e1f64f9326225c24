// SPDX-License-Identifier: Apache-2.0
// One run of one command, and the handlers of all commands.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "cli/env.hpp"
#include "cli/output.hpp"
#include "cli/parse.hpp"
#include "client/blocking_api.hpp"
#include "cmd/rescue/context_store.hpp"

namespace rescue::program {

class Invocation {
 public:
  Invocation(const cli::Parsed& arguments, cli::Env& environment)
      : parsed(arguments),
        env(environment),
        format(cli::output_format(arguments, environment)),
        color(cli::use_color(arguments, environment)),
        contexts(environment) {}

  /// The broker of the chosen context. `need_token`: sign_in_needed when there is none. Made once.
  [[nodiscard]] base::Result<client::BlockingApi*> api(bool need_token = true);
  [[nodiscard]] bool json() const { return format == cli::Format::json || format == cli::Format::jsonl; }
  /// A line on stderr for people, unless --quiet or JSON output.
  void hint(std::string_view text) const;
  /// A list was longer than --limit: said in every format, on stderr (an object in JSON), unless --quiet.
  void tell_truncated(std::size_t shown) const;
  /// Of the last refusal by the broker.
  [[nodiscard]] std::string request_id() const { return api_ ? api_->last_request_id() : ""; }

  const cli::Parsed& parsed;
  cli::Env& env;
  cli::Format format;
  bool color;
  ContextStore contexts;

 private:
  std::unique_ptr<client::BlockingApi> api_;
};

/// Gives the exit code; an error is printed by x_main.
using Handler = base::Result<int> (*)(Invocation&);
/// The handler of a leaf command; null for none. A test asserts that every leaf has one.
[[nodiscard]] Handler find_handler(std::string_view path);

base::Result<int> login(Invocation&);
base::Result<int> logout(Invocation&);
base::Result<int> whoami(Invocation&);
base::Result<int> passwd(Invocation&);
base::Result<int> accept_invitation(Invocation&);
base::Result<int> mfa_status(Invocation&);
base::Result<int> mfa_enroll(Invocation&);
base::Result<int> mfa_confirm(Invocation&);
base::Result<int> mfa_codes(Invocation&);
base::Result<int> mfa_remove(Invocation&);
base::Result<int> sign_in_list(Invocation&);
base::Result<int> sign_in_end(Invocation&);
base::Result<int> context_list(Invocation&);
base::Result<int> context_use(Invocation&);
base::Result<int> context_show(Invocation&);
base::Result<int> context_remove(Invocation&);
base::Result<int> user_add(Invocation&);
base::Result<int> user_list(Invocation&);
base::Result<int> user_show(Invocation&);
base::Result<int> user_set(Invocation&);
base::Result<int> user_import(Invocation&);
base::Result<int> admin_apply(Invocation&);
base::Result<int> admin_export(Invocation&);
base::Result<int> policy_why(Invocation&);
base::Result<int> policy_test(Invocation&);
base::Result<int> user_act(Invocation&);  // disable, enable, unlock, reset-mfa
base::Result<int> user_reset_password(Invocation&);
base::Result<int> user_remove(Invocation&);
base::Result<int> user_invite(Invocation&);
base::Result<int> policy_show(Invocation&);
base::Result<int> policy_set(Invocation&);
base::Result<int> sso_show(Invocation&);
base::Result<int> sso_set(Invocation&);
base::Result<int> sso_test(Invocation&);
base::Result<int> sso_check(Invocation&);
base::Result<int> sso_new_key(Invocation&);
base::Result<int> sso_person(Invocation&);  // disable, enable, unlink
base::Result<int> group_add(Invocation&);
base::Result<int> group_list(Invocation&);
base::Result<int> group_show(Invocation&);
base::Result<int> group_set(Invocation&);
base::Result<int> group_remove(Invocation&);
base::Result<int> group_permissions(Invocation&);  // grant, revoke
base::Result<int> channel_add(Invocation&);
base::Result<int> channel_list(Invocation&);
base::Result<int> channel_show(Invocation&);
base::Result<int> channel_set(Invocation&);
base::Result<int> channel_remove(Invocation&);
base::Result<int> channel_groups(Invocation&);  // assign, unassign
base::Result<int> token_add(Invocation&);
base::Result<int> token_list(Invocation&);
base::Result<int> token_revoke(Invocation&);
base::Result<int> gateway_enroll(Invocation&);
base::Result<int> gateway_list(Invocation&);
base::Result<int> gateway_act(Invocation&);  // drain, resume
base::Result<int> gateway_remove(Invocation&);
base::Result<int> session_create(Invocation&);
base::Result<int> session_list(Invocation&);
base::Result<int> session_show(Invocation&);
base::Result<int> session_watch(Invocation&);
base::Result<int> session_wait(Invocation&);
base::Result<int> session_pickup(Invocation&);
base::Result<int> session_attach(Invocation&);
base::Result<int> session_close(Invocation&);
base::Result<int> session_note(Invocation&);
base::Result<int> session_hold(Invocation&);
base::Result<int> session_transfer(Invocation&);
base::Result<int> session_decline(Invocation&);
base::Result<int> session_leave(Invocation&);
base::Result<int> session_explain(Invocation&);
base::Result<int> presence_set(Invocation&);
base::Result<int> presence_list(Invocation&);
base::Result<int> log_query(Invocation&);
base::Result<int> log_tail(Invocation&);
base::Result<int> log_show(Invocation&);
base::Result<int> recording_keygen(Invocation&);
base::Result<int> recording_info(Invocation&);
base::Result<int> recording_verify(Invocation&);
base::Result<int> recording_repair(Invocation&);
base::Result<int> recording_frames(Invocation&);
base::Result<int> recording_events(Invocation&);
base::Result<int> recording_convert(Invocation&);
base::Result<int> recording_play(Invocation&);
base::Result<int> recording_import(Invocation&);
base::Result<int> completion(Invocation&);
base::Result<int> version(Invocation&);
base::Result<int> help(Invocation&);
base::Result<int> agent(Invocation&);

/// A session object as 'session show' prints it.
[[nodiscard]] base::Result<int> show_session(Invocation& in, const boost::json::value& answer);

/// {"user","invitation"}: an account together with its one-time link.
[[nodiscard]] base::Result<int> show_invitation(Invocation& in, const boost::json::value& answer);

/// Yes by --yes or on the terminal; invalid_argument where nobody can be asked.
[[nodiscard]] base::Result<> confirmed(Invocation& in, const std::string& question);

// ---- how objects of the API look in lists
[[nodiscard]] cli::Record record_of(const boost::json::object& o, std::span<const std::string_view> keys);
/// A value for a cell: text as it is, null "", numbers and booleans as JSON, objects by their "email" or "name".
[[nodiscard]] std::string cell_of(const boost::json::object& o, std::string_view key);

}  // namespace rescue::program
