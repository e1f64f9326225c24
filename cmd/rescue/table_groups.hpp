// SPDX-License-Identifier: Apache-2.0
// The flag table of admin group, channel and token.
#pragma once

#include "cli/flags.hpp"

namespace rescue::program {

inline constexpr cli::Flag kSure[] = {{.name = "yes", .letter = 'y', .help = "do not ask"}};

inline constexpr std::string_view kPermissions[] = {
    "remote_control",      "desktop_view",       "send_files",    "receive_files",  "file_manager",
    "send_urls",           "system_information", "reboot",        "record_session", "private_sessions",
    "windows_credentials", "clipboard_sync",     "deploy_scripts"};
inline constexpr std::string_view kYesNo[] = {"yes", "no"};

constexpr cli::Flag yes_no(std::string_view name, std::string_view help) {
  return {.name = name, .type = cli::ValueType::choice, .value = "yes|no", .help = help, .choices = kYesNo};
}
inline constexpr cli::Flag kDescriptionFlag = {
    .name = "description", .type = cli::ValueType::text, .value = "TEXT", .help = "what it is for"};
inline constexpr cli::Flag kPermissionFlag = {.name = "permission",
                                              .type = cli::ValueType::choice,
                                              .value = "PERMISSION",
                                              .help = "what members may ask users for; all that are given, no others",
                                              .choices = kPermissions,
                                              .repeated = true};
inline constexpr cli::Flag kSinglePrompt = yes_no("single-prompt", "one prompt may cover everything that is granted");
inline constexpr cli::Flag kForceRecording = yes_no("force-recording", "view and control only while it is recorded");
inline constexpr cli::Flag kRequireSas = yes_no("require-sas", "users type the short authentication string");
inline constexpr cli::Flag kOmitChat =
    yes_no("omit-chat-text", "the log keeps the length of what is said, not the text");
inline constexpr cli::Flag kRequireMfa = yes_no("require-mfa", "members sign in with a second factor");
inline constexpr cli::Flag kRequireSso = yes_no("require-sso", "members sign in through the identity provider alone");
inline constexpr cli::Flag kConsentTimeout = {.name = "consent-timeout",
                                              .type = cli::ValueType::duration,
                                              .value = "TIME",
                                              .help = "a prompt that nobody answers becomes No after this long"};
inline constexpr cli::Flag kInactivityTimeout = {.name = "inactivity-timeout",
                                                 .type = cli::ValueType::duration,
                                                 .value = "TIME",
                                                 .help = "inactivity after which sessions and sign-ins end; 0s: never"};
inline constexpr cli::Flag kAllowNetwork = {
    .name = "allow-network",
    .type = cli::ValueType::text,
    .value = "CIDR",
    .help = "members may come from this network; all that are given, no others; 'any' alone: from anywhere",
    .repeated = true};
inline constexpr cli::Flag kGroupAdd[] = {kDescriptionFlag, kPermissionFlag,    kSinglePrompt, kForceRecording,
                                          kRequireSas,      kOmitChat,          kRequireMfa,   kRequireSso,
                                          kConsentTimeout,  kInactivityTimeout, kAllowNetwork};
inline constexpr cli::Flag kGroupSet[] = {
    {.name = "name", .type = cli::ValueType::text, .value = "NAME", .help = "new name"},
    kDescriptionFlag,
    kPermissionFlag,
    kSinglePrompt,
    kForceRecording,
    kRequireSas,
    kOmitChat,
    kRequireMfa,
    kRequireSso,
    kConsentTimeout,
    kInactivityTimeout,
    kAllowNetwork};
inline constexpr cli::Positional kGroup[] = {{.name = "GROUP", .help = "name or id of the group"}};
inline constexpr cli::Positional kGroupName[] = {{.name = "NAME", .help = "name for the group"}};
inline constexpr cli::Positional kGroupPermissions[] = {{.name = "GROUP", .help = "name or id of the group"},
                                                        {.name = "PERMISSION",
                                                         .help = "a permission",
                                                         .type = cli::ValueType::choice,
                                                         .choices = kPermissions,
                                                         .repeated = true}};
inline constexpr cli::Example kGroupAddExamples[] = {
    {"rescue admin group add billing --permission desktop_view --permission send_files --force-recording yes",
     "A group whose members watch and send files, and record it."}};
inline constexpr cli::Example kRevokeExamples[] = {{"rescue admin group revoke billing remote_control reboot",
                                                    "Members who control a machine now lose it within a second."}};
inline constexpr cli::Command kGroupCommands[] = {
    {.name = "add",
     .summary = "make a technician group",
     .description = "A new group allows nothing but chat until permissions are granted.",
     .flags = kGroupAdd,
     .positionals = kGroupName,
     .examples = kGroupAddExamples},
    {.name = "list", .summary = "list groups"},
    {.name = "show", .summary = "show one group", .positionals = kGroup},
    {.name = "set",
     .summary = "change what a group allows and asks for",
     .description = "Sessions that go on follow within a second. A group's own administrator tightens and never "
                    "loosens: no permission that the group does not have, no rule of the site switched off.",
     .flags = kGroupSet,
     .positionals = kGroup},
    {.name = "remove", .summary = "remove a group that nobody is in", .flags = kSure, .positionals = kGroup},
    {.name = "grant", .summary = "let a group do more", .positionals = kGroupPermissions},
    {.name = "revoke",
     .summary = "let a group do less, in sessions that go on, too",
     .positionals = kGroupPermissions,
     .examples = kRevokeExamples},
};

inline constexpr cli::Positional kChannel[] = {{.name = "CHANNEL", .help = "name or id of the channel"}};
inline constexpr cli::Positional kChannelName[] = {{.name = "NAME", .help = "name for the channel"}};
inline constexpr cli::Positional kChannelGroups[] = {
    {.name = "CHANNEL", .help = "name or id of the channel"},
    {.name = "GROUP", .help = "name or id of a group", .repeated = true}};
inline constexpr cli::Flag kChannelAdd[] = {kDescriptionFlag};
inline constexpr cli::Flag kChannelSet[] = {
    {.name = "name", .type = cli::ValueType::text, .value = "NAME", .help = "new name"}, kDescriptionFlag};
inline constexpr cli::Command kChannelCommands[] = {
    {.name = "add", .summary = "make a channel", .flags = kChannelAdd, .positionals = kChannelName},
    {.name = "list", .summary = "list channels"},
    {.name = "show", .summary = "show one channel", .positionals = kChannel},
    {.name = "set",
     .summary = "change name or description of a channel",
     .flags = kChannelSet,
     .positionals = kChannel},
    {.name = "remove", .summary = "remove a channel", .flags = kSure, .positionals = kChannel},
    {.name = "assign", .summary = "assign groups to a channel", .positionals = kChannelGroups},
    {.name = "unassign", .summary = "take groups from a channel", .positionals = kChannelGroups},
};

inline constexpr std::string_view kScopes[] = {
    "users.read",   "users.write", "groups.read", "groups.write", "channels.read", "channels.write", "policy.read",
    "policy.write", "provision",   "sessions",    "log.read",     "gateways.read", "gateways.write"};
inline constexpr cli::Flag kTokenAdd[] = {
    {.name = "name", .type = cli::ValueType::text, .value = "NAME", .help = "name for lists and log", .required = true},
    {.name = "scope",
     .type = cli::ValueType::choice,
     .value = "SCOPE",
     .help = "what the token is good for",
     .choices = kScopes,
     .repeated = true,
     .required = true},
    {.name = "expires",
     .type = cli::ValueType::duration,
     .value = "TIME",
     .help = "how long it is good, up to 366 days",
     .fallback = "2160h"},
};
inline constexpr cli::Flag kTokenList[] = {
    {.name = "limit", .type = cli::ValueType::integer, .value = "N", .help = "show at most N", .fallback = "100"},
    {.name = "all", .help = "show everything, whatever --limit says"}};
inline constexpr cli::Positional kServiceUser[] = {{.name = "USER", .help = "a service account: e-mail address or id"}};
inline constexpr cli::Positional kServiceMaybe[] = {
    {.name = "USER", .help = "a service account; those of all without it", .optional = true}};
inline constexpr cli::Positional kToken[] = {
    {.name = "TOKEN", .help = "id of the token", .type = cli::ValueType::guid}};
inline constexpr cli::Example kTokenAddExamples[] = {
    {"rescue admin user add ci@example.org --role service --name 'Nightly checks'", "An account without password."},
    {"rescue admin token add ci@example.org --name nightly --scope log.read --expires 720h -o name > nightly.token",
     "The token alone, shown this once."},
    {"RESCUE_TOKEN=$(cat nightly.token) rescue log query --since 24h -o jsonl", "What it is good for."}};
inline constexpr cli::Command kTokenCommands[] = {
    {.name = "add",
     .summary = "make an API token for a service account",
     .description = "The token is printed once; the broker keeps a hash. With --output name it is printed alone.",
     .flags = kTokenAdd,
     .positionals = kServiceUser,
     .examples = kTokenAddExamples},
    {.name = "list", .summary = "list API tokens that are good now", .flags = kTokenList, .positionals = kServiceMaybe},
    {.name = "revoke", .summary = "revoke an API token at once", .positionals = kToken},
};

}  // namespace rescue::program
