// SPDX-License-Identifier: Apache-2.0
// The flag table of admin policy, of invitations and of passwords that people choose; table.cpp puts it together.
#pragma once

#include "cli/flags.hpp"
#include "cmd/rescue/table_provision.hpp"

namespace rescue::program {

inline constexpr cli::Positional kSettingNames[] = {
    {.name = "NAME", .help = "a setting; all of them without it", .optional = true, .repeated = true}};
inline constexpr cli::Positional kSettingChanges[] = {{.name = "NAME=VALUE",
                                                       .help =
                                                           "a setting and what it becomes; '@FILE' and '@-' read the "
                                                           "value from a file or from standard input",
                                                       .optional = true,
                                                       .repeated = true}};
inline constexpr cli::Flag kPolicySet[] = {{.name = "reset",
                                            .type = cli::ValueType::text,
                                            .value = "NAME",
                                            .help = "set a setting back to its default",
                                            .repeated = true}};
inline constexpr cli::Example kPolicySetExamples[] = {
    {"rescue admin policy set password.min_score=4 password.max_age=180d", "Both, or neither when one is refused."},
    {"rescue admin policy set password.argon2_memory=64MiB",
     "Stored password hashes follow one by one, each at its owner's next sign-in."},
    {"rescue admin policy set --reset password.max_age", "Back to the default."}};
inline constexpr cli::Command kPolicyCommands[] = {
    {.name = "show", .summary = "show the settings of the site", .positionals = kSettingNames},
    {.name = "set",
     .summary = "change settings of the site",
     .description =
         "All changes are made together or not at all, and count from the next request on, at every broker of the "
         "site. What may be set, its bounds and its meaning: rescue admin policy show.",
     .flags = kPolicySet,
     .positionals = kSettingChanges,
     .examples = kPolicySetExamples},
    {.name = "why",
     .summary = "tell what somebody may do, and which rule decides",
     .description =
         "Asks the rules that sessions and requests are decided by. The decision is allow or deny; the rule is "
         "account.disabled, role, channel.groups or group.permissions. What else has to be so when it comes to it, as "
         "the supported person's consent, is told beside it.",
     .flags = kPolicyWhy,
     .examples = kPolicyWhyExamples},
    {.name = "test",
     .summary = "check a table of expectations about what people may do",
     .description =
         "One line for each expectation, ok or wrong. Exit code 0 when all are met, 10 when one is not. An empty "
         "channel is none, an empty rule any.",
     .positionals = kPolicyTestFile,
     .examples = kPolicyTestExamples},
};

inline constexpr cli::Flag kAcceptInvitation[] = {
    {.name = "code",
     .type = cli::ValueType::secret,
     .help = "the invitation: its link, or the code in it",
     .env = "RESCUE_INVITATION"},
    {.name = "new-password",
     .type = cli::ValueType::secret,
     .help = "the password to set",
     .env = "RESCUE_NEW_PASSWORD"},
};
inline constexpr cli::Example kAcceptInvitationExamples[] = {
    {"rescue accept-invitation --ca-pin PIN", "Asked for the link and for the password, with a meter."},
    {"printf '%s\\n%s\\n' \"$LINK\" \"$NEW\" | rescue accept-invitation --ca-pin PIN --code-stdin --new-password-stdin",
     "Both from standard input, a line each."}};

}  // namespace rescue::program
