// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/program.hpp"

#include <ostream>

#include "cli/daemon.hpp"
#include "cli/exit.hpp"
#include "daemons/gateway/settings_table.hpp"
#include "daemons/gateway/version.hpp"

namespace rescue::gateway {
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
     .help = "folder of keys and certificates; $XDG_STATE_HOME/rescue/gateway without it",
     .env = "RESCUE_GATEWAY_STATE"},
    {.name = "output",
     .letter = 'o',
     .type = ValueType::choice,
     .value = "FORMAT",
     .help = "format of errors",
     .fallback = "text",
     .choices = kOutputs},
};
constexpr Flag kEnroll[] = {
    {.name = "broker", .type = ValueType::url, .value = "URL", .help = "the site to join", .required = true},
    {.name = "ca-pin",
     .type = ValueType::text,
     .value = "SHA256",
     .help = "the site's pin, as rescue-broker init printed it"},
    {.name = "ca",
     .type = ValueType::path,
     .value = "FILE",
     .help = "trust this CA instead; without either the system's store is trusted"},
    {.name = "token",
     .type = ValueType::secret,
     .help = "the one-time token of rescue admin gateway enroll",
     .env = "RESCUE_GATEWAY_TOKEN"},
    {.name = "name",
     .type = ValueType::text,
     .value = "NAME",
     .help = "name of this gateway in the site",
     .required = true},
    {.name = "address",
     .type = ValueType::address,
     .value = "HOST:PORT",
     .help = "where clients reach this gateway; its certificate is for these hosts",
     .repeated = true,
     .required = true},
};
constexpr Flag kRun[] = {
    {.name = "config",
     .type = ValueType::path,
     .value = "FILE",
     .help = "configuration file; gateway.toml of the state folder without it",
     .env = "RESCUE_GATEWAY_CONFIG"},
    {.name = "listen",
     .type = ValueType::address,
     .value = "ADDRESS:PORT",
     .help = "numeric address and port for applets and consoles"},
    {.name = "metrics",
     .type = ValueType::address,
     .value = "ADDRESS:PORT",
     .help = "numeric address and port of /metrics and /healthz"},
    {.name = "front",
     .type = ValueType::address,
     .value = "ADDRESS:PORT",
     .help = "pass what is not for the gateway on to the broker at this address"},
    {.name = "threads", .type = ValueType::integer, .value = "N", .help = "threads that relay; 0 takes one per core"},
    {.name = "drain-grace",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "how long pairs may go on after SIGTERM"},
    {.name = "log-level",
     .type = ValueType::choice,
     .value = "LEVEL",
     .help = "least severe level that is logged",
     .choices = kLogLevels},
    {.name = "check-config", .help = "check the configuration and stop"},
    {.name = "dump-config", .help = "print the settled configuration and stop"},
};
constexpr Example kEnrollExamples[] = {
    {"rescue-gateway enroll --broker https://support.example.org --ca-pin 3f…9a --token-stdin --name berlin --address "
     "gw1.example.org:443",
     "Joins the site; afterwards rescue-gateway run needs no further word."},
};
constexpr Example kRunExamples[] = {
    {"rescue-gateway run --listen 0.0.0.0:443", "A gateway on a machine of its own."},
    {"rescue-gateway run --listen 0.0.0.0:443 --front 127.0.0.1:8443",
     "Gateway and broker on one machine and one port; the broker trusts 127.0.0.1/32 as proxy."},
};
constexpr Command kCommands[] = {
    {.name = "enroll",
     .summary = "join a site with a one-time token",
     .description =
         "Makes this gateway's keys, has the site certify them, and keeps them in the state folder. Private keys "
         "never leave it. A folder that is enrolled already is left as it is.",
     .flags = kEnroll,
     .examples = kEnrollExamples},
    {.name = "run",
     .summary = "serve",
     .description =
         "Authenticates applets and consoles, pairs those of one session and relays between them without "
         "decrypting. SIGHUP loads the certificate anew; SIGTERM takes nobody any more, lets pairs go on for the "
         "drain grace and ends; a second SIGTERM ends at once.",
     .flags = kRun,
     .examples = kRunExamples},
};

/// Configuration keys that have a flag of their own; all others come from environment and file.
constexpr cli::FlagKey kFlagKeys[] = {
    {"listen", "listen"},   {"metrics", "metrics"},         {"front", "front"},
    {"threads", "threads"}, {"drain-grace", "drain_grace"}, {"log-level", "log_level"}};
}  // namespace

constinit const cli::Program kProgram = {
    .root = {.name = "rescue-gateway",
             .summary = "relays between the two ends of support sessions without decrypting",
             .flags = kGlobal,
             .commands = kCommands},
    .version = kVersion};

base::Result<std::filesystem::path> state_folder(const cli::Parsed& parsed, const cli::Env& env) {
  return cli::state_folder(parsed, env, "gateway");
}

base::Result<config::Settings> load_settings(const cli::Parsed& parsed, const cli::Env& env,
                                             const std::filesystem::path& state) {
  return config::load(key_table(), {.file = cli::config_file(parsed, env, state / "gateway.toml"),
                                    .environment = cli::environment_of(env),
                                    .flags = cli::given_keys(parsed, kFlagKeys)});
}

int x_main(cli::Args args, cli::Env& env) {
  const auto parsed = cli::parse_or_exit(kProgram, args, env);
  if (!parsed) return parsed.error();
  const auto done = parsed->path() == "enroll" ? enroll_command(*parsed, env) : run_command(*parsed, env);
  if (!done) return cli::print_error(env, "rescue-gateway", done.error(), parsed->text("output") == "json");
  return *done;
}

}  // namespace rescue::gateway
