// SPDX-License-Identifier: Apache-2.0
// A small program table with every kind of entry.
#pragma once

#include "cli/flags.hpp"
#include "cli/output.hpp"

namespace rescue::cli::sample {
inline constexpr std::string_view kKinds[] = {"private", "shared"};
inline constexpr Flag kGlobal[] = {
    {.name = "output",
     .letter = 'o',
     .type = ValueType::choice,
     .value = "FORMAT",
     .help = "output format",
     .env = "DEMO_OUTPUT",
     .choices = kFormatChoices},
    {.name = "no-color", .help = "no colour"},
    {.name = "verbose", .letter = 'v', .help = "say more"},
};
inline constexpr Flag kList[] = {
    {.name = "limit",
     .type = ValueType::integer,
     .value = "N",
     .help = "at most N",
     .fallback = "50",
     .env = "DEMO_LIMIT"},
    {.name = "kind", .type = ValueType::choice, .value = "KIND", .help = "of this kind", .choices = kKinds},
    {.name = "tag", .letter = 't', .type = ValueType::text, .value = "TAG", .help = "with this tag", .repeated = true},
    {.name = "since", .type = ValueType::time, .value = "TIME", .help = "from this time"},
    {.name = "secret-door", .help = "opens", .hidden = true},
};
inline constexpr Flag kAdd[] = {
    {.name = "name", .type = ValueType::text, .value = "NAME", .help = "the name", .required = true},
    {.name = "password", .type = ValueType::secret, .help = "the password", .env = "DEMO_PASSWORD"},
};
inline constexpr Positional kShowId[] = {{.name = "ID", .help = "what to show"}};
inline constexpr Positional kFiles[] = {
    {.name = "FILE", .help = "what to read", .type = ValueType::path, .repeated = true}};
inline constexpr Positional kShell[] = {
    {.name = "KIND", .help = "which", .type = ValueType::choice, .choices = kKinds, .optional = true}};
inline constexpr Example kExamples[] = {{"demo item list --limit 3", "the first three"}};
inline constexpr Command kItem[] = {
    {.name = "list",
     .summary = "list items",
     .description = "Lists items.\n\nIn order.",
     .flags = kList,
     .examples = kExamples},
    {.name = "show", .summary = "show one item", .positionals = kShowId},
    {.name = "add", .summary = "add an item", .flags = kAdd},
    {.name = "read", .summary = "read files", .positionals = kFiles},
};
inline constexpr Command kCommands[] = {
    {.name = "item", .summary = "items", .commands = kItem},
    {.name = "kinds", .summary = "explain kinds", .positionals = kShell},
    {.name = "__hidden", .summary = "not for people", .hidden = true},
};
inline constexpr Program kDemo = {
    .root = {.name = "demo", .summary = "a sample", .flags = kGlobal, .commands = kCommands}, .version = "1.2.3"};
}  // namespace rescue::cli::sample
