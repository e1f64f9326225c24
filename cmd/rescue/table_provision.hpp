// SPDX-License-Identifier: Apache-2.0
// The flag table of provisioning and of answers about policy; table.hpp puts it together.
#pragma once

#include "cli/flags.hpp"

namespace rescue::program {

inline constexpr std::string_view kProvisionFormats[] = {"toml", "csv", "json"};
inline constexpr cli::Flag kDryRunFlag = {.name = "dry-run", .help = "say what would be done, and do nothing"};
inline constexpr cli::Flag kContinueFlag = {.name = "continue-on-error",
                                            .help = "keep what succeeds where something fails (exit code 3)"};
inline constexpr cli::Flag kInvitationsFlag = {.name = "invitations",
                                               .type = cli::ValueType::path,
                                               .value = "FILE",
                                               .help =
                                                   "invite the people who are made: a new FILE (CSV, readable by its "
                                                   "owner alone) gets their addresses and one-time links"};
inline constexpr cli::Flag kApply[] = {
    {.name = "file",
     .letter = 'f',
     .type = cli::ValueType::path,
     .value = "FILE",
     .help = "what the site shall be like: TOML, .csv (people) or .json; '-' reads standard input. Several are put "
             "together",
     .repeated = true,
     .required = true},
    {.name = "format",
     .type = cli::ValueType::choice,
     .value = "FORMAT",
     .help = "of all files, whatever their names say",
     .choices = kProvisionFormats},
    kDryRunFlag,
    {.name = "prune", .help = "delete what the sections of the files do not name"},
    kContinueFlag,
    kInvitationsFlag,
};
inline constexpr cli::Example kApplyExamples[] = {
    {"rescue admin apply -f org.toml -f users.csv --dry-run", "What would change, by doing it and undoing it."},
    {"rescue admin apply -f org.toml -f users.csv --invitations new.csv --request-id hr-2026-11-24",
     "Safe to repeat: the same request id is carried out once."},
    {"rescue admin export | sed 's/\"old@/\"new@/' | rescue admin apply -f -", "Through a pipe."}};
inline constexpr cli::Example kExportExamples[] = {
    {"rescue admin export > org.toml", "Everything that apply can describe, secrets left out."}};

inline constexpr cli::Positional kImportFile[] = {
    {.name = "FILE",
     .help = "CSV with a header: email, name, role, group, disabled, sso_disabled, allowed_networks; "
             "'-' reads standard input",
     .type = cli::ValueType::path}};
inline constexpr cli::Flag kImportUsers[] = {kDryRunFlag, kContinueFlag, kInvitationsFlag};
inline constexpr cli::Example kImportUsersExamples[] = {
    {"rescue admin user import people.csv --invitations links.csv", "The links are for the people's own eyes."}};

inline constexpr cli::Flag kPolicyWhy[] = {
    {.name = "as",
     .type = cli::ValueType::text,
     .value = "USER",
     .help = "e-mail address or id of the account that would act",
     .required = true},
    {.name = "action",
     .type = cli::ValueType::text,
     .value = "ACTION",
     .help = "a permission (receive_files) or a verb (session.pickup)",
     .required = true},
    {.name = "channel", .type = cli::ValueType::text, .value = "CHANNEL", .help = "in a session of this channel"},
    {.name = "exit-code", .help = "exit with 5 when the answer is deny"},
};
inline constexpr cli::Example kPolicyWhyExamples[] = {
    {"rescue admin policy why --as ana@example.com --action receive_files --channel billing",
     "The decision, and the rule that makes it."}};
inline constexpr cli::Positional kPolicyTestFile[] = {
    {.name = "FILE",
     .help = "CSV with a header: as, action, channel, expect (allow or deny), rule; '-' reads standard "
             "input",
     .type = cli::ValueType::path}};
inline constexpr cli::Example kPolicyTestExamples[] = {
    {"rescue admin policy test expectations.csv", "Exit code 10 when one is not met: for use in CI."}};

}  // namespace rescue::program
