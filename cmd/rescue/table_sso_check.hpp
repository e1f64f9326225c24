// SPDX-License-Identifier: Apache-2.0
// Part of the flag table: admin sso check. Its --request-id is that of the root, with a meaning of its own.
#pragma once

#include "cli/flags.hpp"

namespace rescue::program {

inline constexpr cli::Flag kSsoCheckFlags[] = {
    {.name = "idp-metadata",
     .type = cli::ValueType::path,
     .value = "FILE",
     .help = "the identity provider's metadata",
     .required = true},
    {.name = "sp-entity-id",
     .type = cli::ValueType::text,
     .value = "ID",
     .help = "entity ID of this site, which the audience must name",
     .required = true},
    {.name = "acs",
     .type = cli::ValueType::text,
     .value = "URL",
     .help = "assertion consumer service of this site",
     .required = true},
    {.name = "now",
     .type = cli::ValueType::time,
     .value = "TIME",
     .help = "check as if it were this time; without it, now"},
    {.name = "key",
     .type = cli::ValueType::path,
     .value = "FILE",
     .help = "private key (PEM) that opens encrypted assertions",
     .repeated = true},
};
inline constexpr cli::Positional kSsoCheckResponse[] = {
    {.name = "RESPONSE", .help = "file with the response, base64 or XML; - is standard input"}};
inline constexpr cli::Example kSsoCheckExamples[] = {
    {"rescue admin sso check --idp-metadata idp.xml --sp-entity-id https://rescue.example.org/saml/metadata --acs "
     "https://rescue.example.org/saml/acs --request-id _4f1c --now 2026-11-24T12:00:00Z response.b64",
     "Whether this response would have been accepted then, and if not, the rule that it breaks."},
};
inline constexpr cli::Command kSsoCheck = {
    .name = "check",
    .summary = "check a response of an identity provider offline",
    .description =
        "Takes what a browser posted to the assertion consumer service (the form field SAMLResponse) and judges it as "
        "the site does. Prints who it is and the attributes, or ends with 10 and names the rule that refuses it; "
        "rescue-saml(8) lists the rules. --request-id names the request that the response must answer; without it, it "
        "must answer none (the provider began). Neither the site nor the provider is asked, and nobody is signed in. "
        "What it cannot know: whether the response was used before.",
    .flags = kSsoCheckFlags,
    .positionals = kSsoCheckResponse,
    .examples = kSsoCheckExamples};

}  // namespace rescue::program
