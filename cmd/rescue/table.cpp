// SPDX-License-Identifier: Apache-2.0
// The flag table of `rescue`: commands of accounts, contexts and information. Further groups: table_*.cpp.
#include "cmd/rescue/table.hpp"

#include "cli/output.hpp"
#include "cmd/rescue/program.hpp"
#include "cmd/rescue/table_mfa.hpp"
#include "cmd/rescue/table_recording.hpp"

namespace rescue::program {
namespace {
using cli::Command;
using cli::Example;
using cli::Flag;
using cli::Positional;
using cli::ValueType;

constexpr Flag kGlobal[] = {
    {.name = "context",
     .type = ValueType::text,
     .value = "NAME",
     .help = "use this saved context",
     .env = "RESCUE_CONTEXT"},
    {.name = "server",
     .type = ValueType::site,
     .value = "URL",
     .help = "the site's broker; unix:PATH, with its admin.sock, for root on its own machine, without sign-in",
     .env = "RESCUE_SERVER"},
    {.name = "ca",
     .type = ValueType::path,
     .value = "FILE",
     .help = "trust the certificate authority in FILE (PEM)",
     .env = "RESCUE_CA"},
    {.name = "ca-pin",
     .type = ValueType::text,
     .value = "SHA256",
     .help = "trust the site's own authority with this key hash (64 hex digits, printed by rescue-broker init)",
     .env = "RESCUE_CA_PIN"},
    {.name = "output",
     .letter = 'o',
     .type = ValueType::choice,
     .value = "FORMAT",
     .help = "output format",
     .env = "RESCUE_OUTPUT",
     .choices = cli::kFormatChoices},
    {.name = "request-id",
     .type = ValueType::text,
     .value = "ID",
     .help = "name for what this command changes: with the same name it is done once, and again gives the same answer"},
    {.name = "no-color", .help = "no colour"},
    {.name = "quiet", .letter = 'q', .help = "no progress and no hints on standard error"},
    {.name = "verbose", .letter = 'v', .help = "say more on standard error"},
};

constexpr Flag kLogin[] = {
    {.name = "email",
     .type = ValueType::text,
     .value = "EMAIL",
     .help = "account to sign in with",
     .env = "RESCUE_EMAIL"},
    {.name = "password", .type = ValueType::secret, .help = "the password", .env = "RESCUE_PASSWORD"},
    kCodeFlag,
    {.name = "device",
     .type = ValueType::text,
     .value = "NAME",
     .help = "name of this device in the log; the host name without it"},
    {.name = "sso", .help = "sign in through the site's identity provider, in a browser"},
    {.name = "no-browser",
     .help = "with --sso: open no browser, print the address; the code that it shows is typed here"},
    {.name = "sso-code",
     .help = "sign in with the code that the site showed after a sign-in that began at the identity provider; read "
             "from the terminal or standard input"},
    {.name = "timeout",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "with --sso: how long to wait for the browser",
     .fallback = "10m"},
};
constexpr Flag kPasswd[] = {
    {.name = "current-password", .type = ValueType::secret, .help = "the present password", .env = "RESCUE_PASSWORD"},
    {.name = "new-password", .type = ValueType::secret, .help = "the new password", .env = "RESCUE_NEW_PASSWORD"},
};
constexpr Example kLoginExamples[] = {
    {"rescue login --server https://support.example.org:8443 --ca-pin PIN --email ada@example.org",
     "Sign in, asked for the password, and save the context \"support.example.org\"."},
    {"pass show support | rescue login --server https://support.example.org --email ada@example.org --password-stdin",
     "The password comes from a password manager; the certificate is checked against the system's authorities."},
};
constexpr Example kPasswdExamples[] = {
    {"printf '%s\\n%s\\n' \"$OLD\" \"$NEW\" | rescue passwd --current-password-stdin --new-password-stdin",
     "Both from standard input, a line each."}};

constexpr Positional kContextName[] = {{.name = "NAME", .help = "a context of 'rescue context list'"}};
constexpr Positional kContextMaybe[] = {
    {.name = "NAME", .help = "a context; the current one without it", .optional = true}};
constexpr Command kContext[] = {
    {.name = "list", .summary = "list saved contexts"},
    {.name = "use", .summary = "make a context the current one", .positionals = kContextName},
    {.name = "show", .summary = "show one context", .positionals = kContextMaybe},
    {.name = "remove", .summary = "forget a context and its token", .positionals = kContextName},
};

constexpr std::string_view kShells[] = {"bash", "zsh", "fish"};
constexpr Positional kShell[] = {{.name = "SHELL", .help = "the shell", .type = ValueType::choice, .choices = kShells}};
constexpr Example kCompletionExamples[] = {
    {"rescue completion bash > ~/.local/share/bash-completion/completions/rescue", "For bash."},
    {"rescue completion zsh > \"${fpath[1]}/_rescue\"", "For zsh."},
    {"rescue completion fish > ~/.config/fish/completions/rescue.fish", "For fish."},
};
constexpr Positional kTopic[] = {
    {.name = "TOPIC", .help = "exit-codes, environment, formatting, or a command", .optional = true, .repeated = true}};

constexpr Flag kAgent[] = {
    {.name = "session", .type = ValueType::guid, .value = "ID", .help = "session to hold", .required = true},
    {.name = "record", .type = ValueType::directory, .value = "DIR", .help = "record there"},
    {.name = "record-to",
     .type = ValueType::path,
     .value = "KEYFILE",
     .help = "encrypt recordings for this public key",
     .repeated = true},
    {.name = "format",
     .type = ValueType::choice,
     .value = "KIND",
     .help = "what a recording becomes",
     .fallback = "rcrec",
     .choices = kRecordFormats},
    {.name = "keep-recording", .help = "keep the recording beside its video"},
    {.name = "receive-dir", .type = ValueType::directory, .value = "DIR", .help = "folder for received files"},
    {.name = "join", .help = "take part beside another technician"},
    kProfile,
    {.name = "linger",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "life after the last view",
     .fallback = "5m"},
    {.name = "ready-fd",
     .type = ValueType::integer,
     .value = "FD",
     .help = "where to say that it stands",
     .fallback = "3"},
};

constexpr Command kCommands[] = {
    {.name = "login",
     .summary = "sign in and save a context",
     .description =
         "Signs in at the site's broker and keeps its address, how to trust it and the token as a context. The "
         "context is called as --context says, or like the server's host. The password is asked for on a "
         "terminal and never taken from the command line.",
     .flags = kLogin,
     .examples = kLoginExamples},
    {.name = "logout", .summary = "end the sign-in and forget the token"},
    {.name = "whoami", .summary = "show the account that is signed in"},
    {.name = "passwd",
     .summary = "change the own password",
     .description = "Shows how strong the new one is, and what would help.",
     .flags = kPasswd,
     .examples = kPasswdExamples},
    {.name = "accept-invitation",
     .summary = "set the first password with an invitation",
     .description =
         "An administrator hands out a link (rescue admin user invite) that works once. The page it leads to does the "
         "same. The server is the one in the link unless --server says another.",
     .flags = kAcceptInvitation,
     .examples = kAcceptInvitationExamples},
    {.name = "mfa", .summary = "the second factor of signing in", .commands = kMfaCommands},
    {.name = "context", .summary = "sites that this user is signed in to", .commands = kContext},
    {.name = "admin", .summary = "administer accounts and gateways", .commands = kAdminCommands},
    {.name = "session", .summary = "create, pick up and close support sessions", .commands = kSessionCommands},
    {.name = "presence", .summary = "who of the technicians is there", .commands = kPresenceCommands},
    {.name = "log", .summary = "query the session log", .commands = kLogCommands},
    {.name = "recording", .summary = "inspect and convert recordings", .commands = kRecordingCommands},
    {.name = "completion",
     .summary = "print the completion script of a shell",
     .positionals = kShell,
     .examples = kCompletionExamples},
    {.name = "version", .summary = "show the version"},
    {.name = "help", .summary = "explain a command or a topic", .positionals = kTopic},
    {.name = "__agent", .summary = "hold one session in the background", .flags = kAgent, .hidden = true},
};
}  // namespace

constinit const cli::Program kProgram = {
    .root = {.name = "rescue",
             .summary = "self-hosted remote support from a shell",
             .description =
                 "Standard output carries data only: a table on a terminal, tab-separated values in a pipe, or "
                 "what --output says. Everything else goes to standard error. See 'rescue help exit-codes', "
                 "'rescue help environment' and 'rescue help formatting'.",
             .flags = kGlobal,
             .commands = kCommands},
    .version = RESCUE_VERSION};

}  // namespace rescue::program
