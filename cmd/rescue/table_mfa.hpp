// SPDX-License-Identifier: Apache-2.0
// The flag table of `rescue mfa` and `rescue admin sign-in`.
#pragma once

#include "cli/flags.hpp"

namespace rescue::program {

inline constexpr cli::Flag kCodeFlag = {.name = "code",
                                        .type = cli::ValueType::secret,
                                        .help = "a code of the authenticator, or a recovery code",
                                        .env = "RESCUE_CODE"};
inline constexpr cli::Flag kCodeOnly[] = {kCodeFlag};
inline constexpr cli::Example kEnrollMfaExamples[] = {
    {"rescue mfa enroll", "On a terminal: shows the QR code, asks for the first code, prints the recovery codes."},
    {"secret=$(rescue mfa enroll -o json | jq -r .secret) && oathtool --totp -b \"$secret\" | rescue mfa confirm "
     "--code-stdin",
     "The same in a script, with the authenticator of OATH Toolkit."},
};
inline constexpr cli::Command kMfaCommands[] = {
    {.name = "status", .summary = "show whether there is a second factor, and how many recovery codes are left"},
    {.name = "enroll",
     .summary = "set up a second factor for signing in",
     .description =
         "Prints a secret for an authenticator application, as a QR code on a terminal. It counts once a code has "
         "confirmed it: on a terminal that is asked for at once, elsewhere 'rescue mfa confirm' gives it. Other "
         "sign-ins "
         "of the account end then.",
     .examples = kEnrollMfaExamples},
    {.name = "confirm",
     .summary = "confirm the second factor with its first code",
     .description = "Prints ten recovery codes, each of which once stands in for a code. They are shown this once.",
     .flags = kCodeOnly},
    {.name = "codes",
     .summary = "make new recovery codes",
     .description = "The older ones are worthless then.",
     .flags = kCodeOnly},
    {.name = "remove", .summary = "give up the second factor", .flags = kCodeOnly},
};

inline constexpr cli::Positional kSignInUser[] = {
    {.name = "USER", .help = "e-mail address or id; without it everybody whom one may see", .optional = true}};
inline constexpr cli::Positional kSignInId[] = {
    {.name = "ID", .help = "id of the sign-in", .type = cli::ValueType::guid, .optional = true}};
inline constexpr cli::Flag kSignInList[] = {
    {.name = "limit", .type = cli::ValueType::integer, .value = "N", .help = "show at most N", .fallback = "100"},
    {.name = "all", .help = "show everything, whatever --limit says"},
};
inline constexpr cli::Flag kSignInEnd[] = {
    {.name = "user", .type = cli::ValueType::text, .value = "USER", .help = "every sign-in of this user"}};
inline constexpr cli::Command kSignInCommands[] = {
    {.name = "list",
     .summary = "list sign-ins, with their idle and absolute ends",
     .description = "Technicians see their own.",
     .flags = kSignInList,
     .positionals = kSignInUser},
    {.name = "end",
     .summary = "end a sign-in, or all of a user",
     .description = "What was opened with it ends within a second: event streams, and the support sessions that were "
                    "picked up with it. Technicians end their own.",
     .flags = kSignInEnd,
     .positionals = kSignInId},
};

}  // namespace rescue::program
