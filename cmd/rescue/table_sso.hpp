// SPDX-License-Identifier: Apache-2.0
// Part of the flag table: admin sso.
#pragma once

#include "cli/flags.hpp"
#include "cmd/rescue/table_sso_check.hpp"

namespace rescue::program {

inline constexpr std::string_view kSsoSwitch[] = {"yes", "no"};
inline constexpr cli::Flag kSsoSet[] = {
    {.name = "idp-metadata",
     .type = cli::ValueType::path,
     .value = "FILE",
     .help = "install the identity provider's metadata (XML); an empty file removes them"},
    {.name = "enabled",
     .type = cli::ValueType::choice,
     .value = "yes|no",
     .help = "whether people may sign in that way",
     .choices = kSsoSwitch},
    {.name = "entity-id",
     .type = cli::ValueType::text,
     .value = "ID",
     .help = "what the provider calls this site; '' is the address of the site's metadata"},
    {.name = "idp-initiated",
     .type = cli::ValueType::choice,
     .value = "yes|no",
     .help = "whether people may begin at the provider",
     .choices = kSsoSwitch},
    {.name = "provision",
     .type = cli::ValueType::choice,
     .value = "yes|no",
     .help = "whether who has no account gets one, as a technician",
     .choices = kSsoSwitch},
    {.name = "email-attribute",
     .type = cli::ValueType::text,
     .value = "NAME",
     .help = "attribute with the e-mail address; '' is the NameID"},
    {.name = "name-attribute",
     .type = cli::ValueType::text,
     .value = "NAME",
     .help = "attribute with the name of a new account; '' is the address"},
    {.name = "group-attribute",
     .type = cli::ValueType::text,
     .value = "NAME",
     .help = "attribute with a technician's groups; '' leaves groups alone"},
    {.name = "map",
     .type = cli::ValueType::text,
     .value = "VALUE=GROUP",
     .help = "who has VALUE in the group attribute gets into GROUP; all together replace the map, the first that fits "
             "counts",
     .repeated = true},
    {.name = "no-map", .help = "forget the map"},
};
inline constexpr cli::Example kSsoSetExamples[] = {
    {"rescue admin sso set --idp-metadata idp.xml --enabled yes",
     "Trust this identity provider. What it has to know of the site is at the site's /saml/metadata."},
    {"rescue admin sso set --group-attribute memberOf --map 'cn=support,dc=example=Support' --map "
     "'cn=it,dc=example=IT'",
     "Technicians follow the provider's groups."},
};
inline constexpr cli::Positional kSsoUser[] = {{.name = "USER", .help = "e-mail address or id"}};
inline constexpr cli::Command kSsoCommands[] = {
    {.name = "show", .summary = "show how the site and its identity provider know each other"},
    {.name = "set",
     .summary = "set up single sign-on",
     .description = "Only what is given changes.",
     .flags = kSsoSet,
     .examples = kSsoSetExamples},
    {.name = "test",
     .summary = "check that single sign-on can work",
     .description = "Prints one line for each check and ends with 10 when one of them fails. Nobody is signed in and "
                    "the provider is not asked."},
    kSsoCheck,
    {.name = "new-key",
     .summary = "make a new key to sign requests with",
     .description = "The present key is still announced and opens assertions. The provider has to read the site's "
                    "metadata anew."},
    {.name = "disable",
     .summary = "switch single sign-on off for one person and end what it opened",
     .positionals = kSsoUser},
    {.name = "enable", .summary = "switch it on again for one person", .positionals = kSsoUser},
    {.name = "unlink",
     .summary = "forget which identity of the provider an account belongs to",
     .description = "The next sign-in with the account's address sets it again.",
     .positionals = kSsoUser},
};

}  // namespace rescue::program
