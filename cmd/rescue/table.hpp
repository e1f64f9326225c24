// SPDX-License-Identifier: Apache-2.0
// Parts of the flag table; table.cpp puts them together.
#pragma once

#include "cli/flags.hpp"
#include "cmd/rescue/table_mfa.hpp"
#include "cmd/rescue/table_groups.hpp"
#include "cmd/rescue/table_sso.hpp"
#include "cmd/rescue/table_policy.hpp"

namespace rescue::program {

using cli::ValueType;

// ---- flags that several lists share
inline constexpr cli::Flag kLimitFlag = {
    .name = "limit", .type = ValueType::integer, .value = "N", .help = "show at most N", .fallback = "100"};
inline constexpr cli::Flag kAllFlag = {.name = "all", .help = "show everything, whatever --limit says"};

// ---- admin
inline constexpr std::string_view kRoles[] = {"technician", "group_administrator", "administrator", "auditor",
                                              "service"};
inline constexpr cli::Positional kUser[] = {{.name = "USER", .help = "e-mail address or id"}};
inline constexpr cli::Positional kNewUser[] = {{.name = "EMAIL", .help = "e-mail address to sign in with"}};
inline constexpr cli::Flag kUserAdd[] = {
    {.name = "name",
     .type = ValueType::text,
     .value = "NAME",
     .help = "name that supported users see",
     .required = true},
    {.name = "role",
     .type = ValueType::choice,
     .value = "ROLE",
     .help = "what the account may do",
     .fallback = "technician",
     .choices = kRoles},
    {.name = "group",
     .type = ValueType::text,
     .value = "GROUP",
     .help = "group it is in: name or id; the default one without it"},
    {.name = "password", .type = ValueType::secret, .help = "the initial password", .env = "RESCUE_NEW_PASSWORD"},
    {.name = "invite", .help = "print a one-time link with which the person sets the password; no password is made"},
};
inline constexpr cli::Flag kUserSet[] = {
    {.name = "email", .type = ValueType::text, .value = "EMAIL", .help = "new e-mail address"},
    {.name = "name", .type = ValueType::text, .value = "NAME", .help = "new name"},
    {.name = "role", .type = ValueType::choice, .value = "ROLE", .help = "new role", .choices = kRoles},
    {.name = "group", .type = ValueType::text, .value = "GROUP", .help = "new group: name or id"},
    {.name = "allow-network",
     .type = ValueType::text,
     .value = "CIDR",
     .help = "the account may come from this network; all that are given, no others; 'any' alone: from anywhere",
     .repeated = true},
    {.name = "max-sessions",
     .type = ValueType::integer,
     .value = "N",
     .help = "most sessions that the account holds at a time; 0: any number"},
};
inline constexpr cli::Flag kUserList[] = {
    {.name = "group", .type = ValueType::text, .value = "GROUP", .help = "only accounts in this group: name or id"},
    {.name = "role", .type = ValueType::choice, .value = "ROLE", .help = "only accounts of this role", .choices = kRoles},
    kLimitFlag,
    kAllFlag};
inline constexpr cli::Flag kPaged[] = {kLimitFlag, kAllFlag};
inline constexpr cli::Flag kYes[] = {{.name = "yes", .letter = 'y', .help = "do not ask"}};
inline constexpr cli::Example kUserAddExamples[] = {
    {"rescue admin user add ada@example.org --name 'Ada Lovelace'",
     "Prints the initial password once; it must be changed at the first sign-in."},
    {"rescue admin user add ada@example.org --name 'Ada Lovelace' --invite -o json | jq -r .invitation.link",
     "The link alone, to be handed on; nobody but Ada ever has the password."}};
inline constexpr cli::Command kUserCommands[] = {
    {.name = "add",
     .summary = "make an account",
     .description =
         "Without a given password the broker makes one, which is printed once and must be changed at the first "
         "sign-in.",
     .flags = kUserAdd,
     .positionals = kNewUser,
     .examples = kUserAddExamples},
    {.name = "list", .summary = "list accounts", .flags = kUserList},
    {.name = "import",
     .summary = "make and change accounts from a CSV file",
     .description =
         "As 'rescue admin apply' with that file alone: people that the file does not name stay, and columns that it "
         "does not have too. Nobody gets a password: with --invitations new people get one-time links.",
     .flags = kImportUsers,
     .positionals = kImportFile,
     .examples = kImportUsersExamples},
    {.name = "show", .summary = "show one account", .positionals = kUser},
    {.name = "set", .summary = "change address, name, role, group, networks or limit of an account", .flags = kUserSet, .positionals = kUser},
    {.name = "disable", .summary = "disable an account and end its sessions", .positionals = kUser},
    {.name = "enable", .summary = "enable a disabled account", .positionals = kUser},
    {.name = "unlock", .summary = "unlock an account after failed sign-ins", .positionals = kUser},
    {.name = "reset-password", .summary = "give an account a new initial password", .positionals = kUser},
    {.name = "reset-mfa", .summary = "remove the second factor of an account, and end its sign-ins", .positionals = kUser},
    {.name = "invite",
     .summary = "make a one-time link with which a person sets the password",
     .description =
         "An earlier link of the account ends. A password that the account has stays until the link is used.",
     .positionals = kUser},
    {.name = "remove", .summary = "remove an account", .flags = kYes, .positionals = kUser},
};
inline constexpr cli::Positional kGateway[] = {{.name = "GATEWAY", .help = "name or id of the gateway"}};
inline constexpr cli::Positional kGatewayName[] = {{.name = "NAME", .help = "name for the gateway"}};
inline constexpr cli::Example kEnrollExamples[] = {
    {"rescue admin gateway enroll gw1 -o name | ssh gw1 rescue-gateway enroll --broker URL --ca-pin PIN --token-stdin "
     "--name gw1 --address gw1.example.org:443 --state /var/lib/rescue/gateway",
     "The token goes straight to the new gateway."}};
inline constexpr cli::Command kGatewayCommands[] = {
    {.name = "enroll",
     .summary = "make a one-time token for a new gateway",
     .description = "The token is printed once. With --output name it is printed alone.",
     .positionals = kGatewayName,
     .examples = kEnrollExamples},
    {.name = "list", .summary = "list gateways"},
    {.name = "drain", .summary = "send no new sessions to a gateway", .positionals = kGateway},
    {.name = "resume", .summary = "send sessions to a drained gateway again", .positionals = kGateway},
    {.name = "remove",
     .summary = "remove a gateway; its key is worthless then",
     .flags = kYes,
     .positionals = kGateway},
};
inline constexpr cli::Command kAdminCommands[] = {
    {.name = "apply",
     .summary = "make the site like files describe it",
     .description =
         "Creates and changes settings, groups, channels, people and service accounts, one line for each: created, "
         "changed, unchanged, deleted or failed. Objects are known by name, accounts by address; a field that is left "
         "out stays as it is. Without --continue-on-error it is all or nothing: when one object fails, nothing is "
         "changed, every failure is told, and the exit code is that of the first. See PROVISIONING in rescue-admin(1).",
     .flags = kApply,
     .examples = kApplyExamples},
    {.name = "export",
     .summary = "print what apply can describe, as TOML",
     .description = "With --output json as JSON. Applied again it changes nothing.",
     .examples = kExportExamples},
    {.name = "user", .summary = "accounts", .commands = kUserCommands},
    {.name = "group", .summary = "technician groups and what they may do", .commands = kGroupCommands},
    {.name = "channel", .summary = "channels", .commands = kChannelCommands},
    {.name = "token", .summary = "API tokens of service accounts", .commands = kTokenCommands},
    {.name = "policy", .summary = "settings of the site", .commands = kPolicyCommands},
    {.name = "sso", .summary = "sign-in through an identity provider", .commands = kSsoCommands},
    {.name = "sign-in", .summary = "sign-ins that last", .commands = kSignInCommands},
    {.name = "gateway", .summary = "gateways", .commands = kGatewayCommands},
};

// ---- session
inline constexpr std::string_view kStates[] = {"created",      "waiting",      "active",    "on_hold",
                                               "transferring", "reconnecting", "rebooting", "offline",
                                               "closed",       "timed_out",    "aborted"};
inline constexpr cli::Positional kSession[] = {{.name = "ID", .help = "id of the session", .type = ValueType::guid}};
inline constexpr cli::Positional kSessionMaybe[] = {
    {.name = "ID", .help = "id of the session; all sessions without it", .type = ValueType::guid, .optional = true}};
inline constexpr cli::Positional kSessionNote[] = {
    {.name = "ID", .help = "id of the session", .type = ValueType::guid},
    {.name = "TEXT", .help = "the note; '-' reads it from standard input"}};
inline constexpr cli::Positional kSessionWait[] = {
    {.name = "ID", .help = "id of the session; any of --queue without it", .type = ValueType::guid, .optional = true}};
inline constexpr cli::Flag kQueueFlag = {.name = "queue",
                                         .type = ValueType::text,
                                         .value = "QUEUE",
                                         .help = "only this queue: private, channel:NAME, or all"};
inline constexpr cli::Flag kCreate[] = {
    {.name = "private", .help = "a session for oneself, entered by PIN; the kind without --channel"},
    {.name = "channel",
     .type = ValueType::text,
     .value = "CHANNEL",
     .help = "into the queue of this channel, for whoever works there"},
    {.name = "note", .type = ValueType::text, .value = "TEXT", .help = "note for oneself and the log"},
    {.name = "customer",
     .type = ValueType::text,
     .value = "KEY=VALUE",
     .help = "what is known of the person who is helped",
     .repeated = true},
};
inline constexpr cli::Flag kSessionList[] = {
    {.name = "state",
     .type = ValueType::choice,
     .value = "STATE",
     .help = "only sessions in this state",
     .choices = kStates,
     .repeated = true},
    {.name = "technician", .type = ValueType::text, .value = "USER", .help = "only sessions of this technician"},
    kQueueFlag,
    kLimitFlag,
    kAllFlag,
};
inline constexpr cli::Flag kWatch[] = {kQueueFlag};
inline constexpr cli::Flag kWait[] = {
    kQueueFlag,
    {.name = "state",
     .type = ValueType::choice,
     .value = "STATE",
     .help = "wait for this state",
     .fallback = "waiting",
     .choices = kStates,
     .repeated = true},
    {.name = "timeout",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "give up after that long",
     .fallback = "20m"},
};
inline constexpr std::string_view kProfiles[] = {"modern", "aes256-sha"};
inline constexpr cli::Flag kProfile = {
    .name = "profile",
    .type = ValueType::choice,
    .value = "PROFILE",
    .help =
        "TLS between the two ends: modern is TLS 1.3; aes256-sha is TLS 1.2 without forward secrecy, where the site "
        "and the applet allow it",
    .fallback = "modern",
    .choices = kProfiles};
inline constexpr std::string_view kRecordFormats[] = {"rcrec", "avi", "mkv", "mp4"};
inline constexpr cli::Flag kPickup[] = {
    {.name = "script",
     .type = ValueType::path,
     .value = "FILE",
     .help = "drive the session by JSON lines from FILE, '-' for standard input (man rescue-script)"},
    {.name = "in-order", .help = "with --script -: begin each command after the one before has ended"},
    {.name = "record",
     .type = ValueType::directory,
     .value = "DIR",
     .help = "record to a file in DIR as soon as the user allows it"},
    {.name = "record-to",
     .type = ValueType::path,
     .value = "KEYFILE",
     .help = "encrypt recordings so that only the private key of this public one (PEM) opens them",
     .env = "RESCUE_RECORD_TO",
     .repeated = true},
    {.name = "format",
     .type = ValueType::choice,
     .value = "KIND",
     .help = "what a recording becomes when it is done; a video takes its place once it is written and checked",
     .fallback = "rcrec",
     .choices = kRecordFormats},
    {.name = "keep-recording", .help = "keep the recording beside its video"},
    {.name = "receive-dir",
     .type = ValueType::directory,
     .value = "DIR",
     .help = "folder for received files; without it the current one"},
    {.name = "join", .help = "take part beside the technician who has the session"},
    kProfile,
    {.name = "detach", .letter = 'd', .help = "leave the session to the background process at once"},
    {.name = "timeout",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "how long to wait for the supported machine",
     .fallback = "60s"},
    {.name = "linger",
     .type = ValueType::duration,
     .value = "TIME",
     .help = "how long the background process stays after the last view left",
     .fallback = "5m",
     .env = "RESCUE_LINGER"},
};
inline constexpr cli::Flag kAttach[] = {
    {.name = "script",
     .type = ValueType::path,
     .value = "FILE",
     .help = "JSON lines instead of a chat, from FILE or '-' (man rescue-script)"},
    {.name = "in-order", .help = "with --script -: begin each command after the one before has ended"},
};
inline constexpr cli::Flag kTransfer[] = {
    {.name = "to", .type = ValueType::text, .value = "USER", .help = "to this technician: e-mail address or id"},
    {.name = "channel", .type = ValueType::text, .value = "CHANNEL", .help = "to whoever of this channel comes first"},
    {.name = "comment", .type = ValueType::text, .value = "TEXT", .help = "for the technician who takes it"},
};
inline constexpr cli::Flag kReason[] = {
    {.name = "reason", .type = ValueType::text, .value = "TEXT", .help = "reason, for the colleagues and the log"}};
inline constexpr cli::Flag kClose[] = {
    {.name = "reason", .type = ValueType::text, .value = "TEXT", .help = "reason, for the user and the log"}};
inline constexpr cli::Example kCreateExamples[] = {
    {"rescue session create --note 'printer, room 4'", "Prints the PIN to read out to the user."}};
inline constexpr cli::Example kWaitExamples[] = {
    {"id=$(rescue session create -o name) && rescue session wait \"$id\" && rescue session pickup \"$id\"",
     "Create, wait until the user has come, help."},
    {"rescue session pickup \"$(rescue session wait --queue channel:billing -o name)\"",
     "Whoever comes to the channel next."}};
inline constexpr cli::Example kTransferExamples[] = {
    {"rescue session transfer ID --to bob@example.org --comment 'speaks French'", "To one technician."},
    {"rescue session transfer ID --channel second-level", "To whoever of the channel comes first."}};
inline constexpr cli::Example kPickupExamples[] = {
    {"rescue session pickup ID", "On a terminal: pick up and talk; /help lists what can be typed."},
    {"rescue session pickup ID --script session.jsonl --record .", "The commands of a file, recorded here."},
    {"rescue session pickup ID --record . --record-to auditor.key.pub --record-to chief.key.pub",
     "Recorded for two people and nobody else."},
    {"rescue session pickup ID --record . --format avi", "Recorded, and an AVI file soon after the end."},
    {"rescue session pickup ID --join", "A second technician takes part."},
    {"rescue session pickup ID --detach", "Pick up only; 'rescue session attach ID' joins later."},
};
inline constexpr cli::Command kSessionCommands[] = {
    {.name = "create", .summary = "create a session and get its PIN", .flags = kCreate, .examples = kCreateExamples},
    {.name = "list", .summary = "list sessions, newest first", .flags = kSessionList},
    {.name = "show", .summary = "show one session", .positionals = kSession},
    {.name = "watch",
     .summary = "print each change of one or all sessions as it happens",
     .flags = kWatch,
     .positionals = kSessionMaybe},
    {.name = "wait",
     .summary = "wait until a session, or any of a queue, is in a state",
     .description = "Exit code 8 when the time is over, 7 when the session ended in another state.",
     .flags = kWait,
     .positionals = kSessionWait,
     .examples = kWaitExamples},
    {.name = "pickup",
     .summary = "pick a session up and talk to the user",
     .description =
         "Starts the background process that holds this end of the session, or joins the one that runs. On a "
         "terminal a line-mode chat follows; --script drives the session by JSON lines; otherwise the command "
         "ends when the supported machine is connected. The technician who has the session already comes again with "
         "it, from any machine; another one takes part with --join.",
     .flags = kPickup,
     .positionals = kSession,
     .examples = kPickupExamples},
    {.name = "attach",
     .summary = "join a session that was picked up on this machine",
     .description = "A line is sent as chat; a line that begins with '/' is a command: /help lists them. Leaving ends "
                    "nothing.",
     .flags = kAttach,
     .positionals = kSession},
    {.name = "hold",
     .summary = "put a session aside",
     .description = "The user is told. The part of everybody who is in it ends; 'rescue session resume' goes on.",
     .flags = kReason,
     .positionals = kSession},
    {.name = "resume",
     .summary = "go on with a session that was put aside, or given away and not taken yet",
     .description = "As pickup.",
     .flags = kPickup,
     .positionals = kSession},
    {.name = "transfer",
     .summary = "give a session to another technician or to a channel",
     .description = "The part of everybody who is in it ends. Until somebody takes it, 'rescue session resume' takes it "
                    "back; what nobody takes in time, or is declined, is on hold again. Exit code 7 when nobody is there "
                    "to take it.",
     .flags = kTransfer,
     .positionals = kSession,
     .examples = kTransferExamples},
    {.name = "decline",
     .summary = "send a session back that a colleague wants to give",
     .flags = kReason,
     .positionals = kSession},
    {.name = "leave",
     .summary = "end the own part in a colleague's session",
     .flags = kReason,
     .positionals = kSession},
    {.name = "explain",
     .summary = "tell why a session took the states and paths it did",
     .positionals = kSession},
    {.name = "close", .summary = "end a session for everybody", .flags = kClose, .positionals = kSession},
    {.name = "note", .summary = "replace the note of a session", .positionals = kSessionNote},
};

// ---- presence
inline constexpr std::string_view kPresences[] = {"available", "busy", "away"};
inline constexpr cli::Positional kPresence[] = {
    {.name = "PRESENCE", .help = "available, busy or away", .type = ValueType::choice, .choices = kPresences}};
inline constexpr cli::Command kPresenceCommands[] = {
    {.name = "set",
     .summary = "say whether one is there",
     .description = "Nobody can give a session to a technician who is away.",
     .positionals = kPresence},
    {.name = "list", .summary = "list the own colleagues, whether they are there, and what they hold"},
};

// ---- log
inline constexpr std::string_view kSources[] = {"console", "applet", "gateway", "broker"};
inline constexpr std::string_view kOrders[] = {"asc", "desc"};
inline constexpr cli::Flag kOfSession = {
    .name = "session", .type = ValueType::guid, .value = "ID", .help = "only of this session"};
inline constexpr cli::Flag kOfTechnician = {
    .name = "technician", .type = ValueType::text, .value = "USER", .help = "only of sessions of this technician"};
inline constexpr cli::Flag kOfType = {.name = "type",
                                      .type = ValueType::text,
                                      .value = "TYPE",
                                      .help = "only of this type; 'file.*' is a family",
                                      .repeated = true};
inline constexpr cli::Flag kOfSource = {.name = "source",
                                        .type = ValueType::choice,
                                        .value = "SOURCE",
                                        .help = "only from this source",
                                        .choices = kSources};
inline constexpr cli::Flag kQuery[] = {
    kOfSession,
    kOfTechnician,
    kOfType,
    kOfSource,
    {.name = "since",
     .type = ValueType::time,
     .value = "TIME",
     .help = "from this time on (RFC 3339, or 2h for two hours ago)"},
    {.name = "until", .type = ValueType::time, .value = "TIME", .help = "before this time"},
    {.name = "text", .type = ValueType::text, .value = "WORDS", .help = "only with these words"},
    {.name = "order",
     .type = ValueType::choice,
     .value = "ORDER",
     .help = "oldest or newest first",
     .fallback = "asc",
     .choices = kOrders},
    kLimitFlag,
    kAllFlag,
};
inline constexpr cli::Flag kTail[] = {
    kOfSession,
    kOfTechnician,
    kOfType,
    kOfSource,
    {.name = "lines",
     .letter = 'n',
     .type = ValueType::integer,
     .value = "N",
     .help = "begin with the last N events",
     .fallback = "10"},
    {.name = "follow", .letter = 'f', .help = "go on with new events as they come"},
};
inline constexpr cli::Positional kEvent[] = {{.name = "ID", .help = "number of an event, or id of a session"}};
inline constexpr cli::Example kQueryExamples[] = {
    {"rescue log query --type chat.message --since 24h -o jsonl",
     "Everything that was said today, a JSON object a line."},
    {"rescue log query --text invoice --technician ada@example.org --all -o csv > found.csv",
     "A full search as a spreadsheet."},
};
inline constexpr cli::Command kLogCommands[] = {
    {.name = "query", .summary = "search the log", .flags = kQuery, .examples = kQueryExamples},
    {.name = "tail", .summary = "show the newest events, and new ones as they come", .flags = kTail},
    {.name = "show", .summary = "show one event, or the whole log of a session", .positionals = kEvent},
};

}  // namespace rescue::program
