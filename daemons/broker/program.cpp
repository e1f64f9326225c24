// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/program.hpp"

#include <ostream>

#include "cli/daemon.hpp"
#include "cli/exit.hpp"
#include "daemons/broker/routes.hpp"
#include "daemons/broker/settings_table.hpp"
#include "daemons/broker/site_state.hpp"
#include "daemons/broker/version.hpp"

namespace rescue::broker {
namespace {
using cli::Command;
using cli::Example;
using cli::Flag;
using cli::ValueType;

constexpr std::string_view kOutputs[] = {"text", "json"};
constexpr std::string_view kLogLevels[] = {"debug", "info", "warn", "error"};

constexpr Flag kGlobal[] = {
    {.name = "state",
     .type = ValueType::directory,
     .value = "DIR",
     .help = "folder of database, keys and certificates; $XDG_STATE_HOME/rescue/broker without it",
     .env = "RESCUE_BROKER_STATE"},
    {.name = "config",
     .type = ValueType::path,
     .value = "FILE",
     .help = "configuration file; broker.toml of the state folder without it",
     .env = "RESCUE_BROKER_CONFIG"},
    {.name = "listen",
     .type = ValueType::address,
     .value = "ADDRESS:PORT",
     .help = "numeric address and port to serve HTTPS on"},
    {.name = "public-url",
     .type = ValueType::url,
     .value = "URL",
     .help = "how applets, gateways and technicians reach this broker"},
    {.name = "organisation",
     .type = ValueType::text,
     .value = "NAME",
     .help = "who helps, as the supported person sees it"},
    {.name = "log-level",
     .type = ValueType::choice,
     .value = "LEVEL",
     .help = "least severe level that is logged",
     .choices = kLogLevels},
    {.name = "check-config", .help = "check the configuration and stop"},
    {.name = "dump-config", .help = "print the settled configuration, secrets masked, and stop"},
    {.name = "output",
     .letter = 'o',
     .type = ValueType::choice,
     .value = "FORMAT",
     .help = "format of what init and unlock print and of errors",
     .fallback = "text",
     .choices = kOutputs},
};
constexpr Flag kInit[] = {
    {.name = "admin-email",
     .type = ValueType::text,
     .value = "EMAIL",
     .help = "address of the first administrator",
     .required = true},
    {.name = "admin-name",
     .type = ValueType::text,
     .value = "NAME",
     .help = "name of the first administrator",
     .required = true},
    {.name = "password",
     .type = ValueType::secret,
     .help = "the first administrator's password",
     .env = "RESCUE_BROKER_PASSWORD"},
    {.name = "host",
     .type = ValueType::text,
     .value = "NAME",
     .help = "name or address in the server certificate, beside localhost and the loopback addresses",
     .repeated = true},
};
constexpr Example kInitExamples[] = {
    {"rescue-broker init --admin-email ada@example.org --admin-name 'Ada Lovelace' --password-file ./password",
     "A site for this machine alone."},
    {"rescue-broker init --state /var/lib/rescue --host support.example.org --listen 0.0.0.0:443 --organisation "
     "'Example "
     "Support' --admin-email ada@example.org --admin-name 'Ada Lovelace' --password-stdin",
     "A site for everybody; listen, public-url and organisation are kept in broker.toml of the state folder."},
};
constexpr Flag kUnlock[] = {
    {.name = "email",
     .type = ValueType::text,
     .value = "EMAIL",
     .help = "address of the locked account",
     .required = true},
};
constexpr Example kUnlockExamples[] = {
    {"rescue-broker unlock --state /var/lib/rescue/broker --email ada@example.org", "While the broker runs, or not."},
};
constexpr Command kCommands[] = {
    {.name = "init",
     .summary = "make the site's keys and its first administrator",
     .description =
         "Makes what is missing of certificate authority, server certificate, token key and database, then the "
         "first administrator, and prints what clients need to know. It may be used while the broker runs. A "
         "site that has an administrator is left as it is.",
     .flags = kInit,
     .examples = kInitExamples},
    {.name = "run", .summary = "serve; the same as no command"},
    {.name = "unlock",
     .summary = "unlock an account",
     .description =
         "Unlocks an account that failed sign-ins have locked. Anybody who knows an address can lock its account by "
         "guessing; when that was the only administrator, this is the way back in. It may be used while the broker "
         "runs. The log names it.",
     .flags = kUnlock,
     .examples = kUnlockExamples},
    {.name = "routes", .summary = "print the route table as JSON", .hidden = true},
};

/// Configuration keys that have a flag of their own; all others come from environment and file.
constexpr cli::FlagKey kFlagKeys[] = {
    {"listen", "listen"}, {"public-url", "public_url"}, {"organisation", "organisation"}, {"log-level", "log_level"}};

int check_command(const cli::Parsed& parsed, cli::Env& env) {
  const bool json = parsed.text("output") == "json";
  const auto state = state_folder(parsed, env);
  if (!state) return cli::print_error(env, "rescue-broker", state.error(), json);
  const auto settings = load_settings(parsed, env, *state);
  if (!settings) return cli::print_error(env, "rescue-broker", settings.error(), json);
  if (parsed.on("dump-config")) *env.out << settings->dump();
  return cli::exit_code(base::Exit::ok);
}

}  // namespace

constinit const cli::Program kProgram = {
    .root = {.name = "rescue-broker",
             .summary = "the site: accounts, sessions, session log, gateways",
             .description =
                 "Serves the HTTPS API that technicians, applets and gateways use. Without any configuration it "
                 "makes the site's keys in the state folder and listens on the loopback address.",
             .flags = kGlobal,
             .commands = kCommands,
             .runs_alone = true},
    .version = kVersion};

base::Result<std::filesystem::path> state_folder(const cli::Parsed& parsed, const cli::Env& env) {
  return cli::state_folder(parsed, env, "broker");
}

base::Result<config::Settings> load_settings(const cli::Parsed& parsed, const cli::Env& env,
                                             const std::filesystem::path& state) {
  return config::load(key_table(), {.file = cli::config_file(parsed, env, state / "broker.toml"),
                                    .environment = cli::environment_of(env),
                                    .flags = cli::given_keys(parsed, kFlagKeys)});
}

int x_main(cli::Args args, cli::Env& env) {
  const auto parsed = cli::parse_or_exit(kProgram, args, env);
  if (!parsed) return parsed.error();
  if (parsed->path() == "routes") {
    *env.out << routes_json() << '\n';
    return cli::exit_code(base::Exit::ok);
  }
  if (parsed->on("check-config") || parsed->on("dump-config")) return check_command(*parsed, env);
  if (parsed->path() == "unlock") return unlock_command(*parsed, env);
  return parsed->path() == "init" ? init_command(*parsed, env) : run_command(*parsed, env);
}

}  // namespace rescue::broker
