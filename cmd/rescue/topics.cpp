// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/topics.hpp"

namespace rescue::program {
namespace {

constexpr const char* kExitCodes = R"(Exit codes

    0  done
    1  failed: what went wrong is on standard error
    2  wrong usage: unknown command or flag, a value that cannot be
    3  partly done
    4  sign-in needed: 'rescue login'
    5  denied by policy or by the supported user
    6  not found
    7  conflict: exists already, was taken by another, or has ended
    8  timed out, or still pending
    9  the broker or the supported machine cannot be reached
   10  verification failed: a signature, hash or recording does not match
  130  interrupted

With JSON output an error is one object on standard error:
  {"error":"SESSION_NOT_FOUND","code":6,"message":"…","retryable":false,"request_id":"…"}
"error" is a stable name, "code" the exit code, "retryable" whether the same call may work later, "request_id" finds the
request in the broker's log.
)";

constexpr const char* kEnvironment = R"(Environment

  RESCUE_CONTEXT        context to use, as --context
  RESCUE_SERVER         the site's broker, as --server
  RESCUE_CA             file of the trusted authority, as --ca
  RESCUE_CA_PIN         key hash of the site's authority, as --ca-pin
  RESCUE_TOKEN          bearer token; instead of a saved one
  RESCUE_EMAIL          account, as --email
  RESCUE_PASSWORD       password for login, present password for passwd
  RESCUE_CODE           code of the second factor for login and mfa
  RESCUE_NEW_PASSWORD   new password for passwd and accept-invitation, initial password for admin user add
  RESCUE_INVITATION     link or code for accept-invitation
  RESCUE_OUTPUT         output format, as --output
  RESCUE_LINGER         life of a session's background process after the last view, as --linger
  NO_COLOR              no colour when set and not empty
  HTTPS_PROXY, NO_PROXY a proxy between here and the broker, as curl reads them
  XDG_CONFIG_HOME       contexts are in $XDG_CONFIG_HOME/rescue (else ~/.config/rescue)
  XDG_STATE_HOME        spooled logs and logs of background processes are in $XDG_STATE_HOME/rescue
  XDG_RUNTIME_DIR       sockets of background processes are in $XDG_RUNTIME_DIR/rescue (else /tmp/rescue-UID)

A flag goes before the environment, the environment before the saved context.
)";

constexpr const char* kFormatting = R"(Formatting

  -o table   aligned columns with a header; the default on a terminal
  (in a pipe) tab-separated values without header; backslash, tab, newline and return are written \\ \t \n \r, other
             control and direction characters \uXXXX
  -o json    a list is one array, a single thing one object
  -o jsonl   one object a line
  -o csv     RFC 4180 with a header, for spreadsheets: what one would take for a formula gets an apostrophe in front
  -o name    the id alone, one a line

Times are RFC 3339 in UTC, sizes are bytes. Standard output carries data only; progress, prompts, hints and errors go to
standard error. Lists show --limit entries and say on standard error when there are more; --all shows every one.
Commands that never end (session watch, log tail --follow) write a line for each event and no array.
)";

}  // namespace

const char* topic_text(std::string_view topic) {
  if (topic == "exit-codes") return kExitCodes;
  if (topic == "environment") return kEnvironment;
  if (topic == "formatting") return kFormatting;
  return nullptr;
}

}  // namespace rescue::program
