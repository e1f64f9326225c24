// SPDX-License-Identifier: Apache-2.0
// The one JSON object that rescue-saml reads and the one that it answers (man rescue-saml(8)); both sides use these.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <variant>

#include "base/result.hpp"
#include "saml/model.hpp"

namespace rescue::saml {

/// The largest question: a response and keys, or metadata, with JSON escapes.
inline constexpr std::size_t kMaxQuestionBytes = 4 * 1024 * 1024;
inline constexpr std::size_t kMaxAnswerBytes = 4 * 1024 * 1024;

struct MetadataQuestion {
  std::string xml;
};
using Question = std::variant<MetadataQuestion, ResponseCheck>;

/// The text of a question. It holds private keys where the check does: wipe it.
[[nodiscard]] std::string write_question(const MetadataQuestion& question);
[[nodiscard]] std::string write_question(const ResponseCheck& question);
/// bad_format says what is wrong with it.
[[nodiscard]] base::Result<Question> read_question(std::string_view text);

[[nodiscard]] boost::json::object to_json(const IdpMetadata& metadata);
[[nodiscard]] boost::json::object to_json(const Identity& identity);
[[nodiscard]] boost::json::object to_json(const Refusal& refusal);
/// bad_format for anything that to_json would not write: of a broken helper nothing is believed.
[[nodiscard]] base::Result<IdpMetadata> metadata_from(const boost::json::object& o);
[[nodiscard]] base::Result<Identity> identity_from(const boost::json::object& o);
[[nodiscard]] base::Result<Refusal> refusal_from(const boost::json::object& o);

}  // namespace rescue::saml
