// SPDX-License-Identifier: Apache-2.0
// The responses that vectors.py makes, once for each build, and questions about them.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "saml/model.hpp"
#include "saml_xml/engine.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"

namespace rescue::saml_xml::vectors {

inline constexpr std::string_view kSp = "https://rescue.example/saml/metadata";
inline constexpr std::string_view kAcs = "https://rescue.example/saml/acs";
inline constexpr std::string_view kIdp = "https://idp.example/metadata";

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::filesystem::path folder() { return test::binary_dir() / "tests" / "saml_vectors"; }

inline std::string vector(const std::string& name) { return read_file(folder() / (name + ".xml")); }

inline saml::IdpMetadata idp() {
  const auto read = Engine::metadata(read_file(folder() / "metadata.idp"));
  EXPECT_TRUE(read.has_value()) << read.error().message();
  return read.value_or(saml::IdpMetadata{});
}

inline base::SecretBytes secret(const std::string& file) {
  return base::SecretBytes(base::to_bytes(base::as_bytes(read_file(folder() / file))));
}

/// `kind` as in expectations.tsv.
inline saml::ResponseCheck question(const std::string& name, const std::string& kind = "request") {
  saml::ResponseCheck q;
  q.idp = idp();
  q.sp = {std::string(kSp), std::string(kAcs)};
  q.answers = kind == "nothing" ? saml::Answers::nothing : kind == "any" ? saml::Answers::any : saml::Answers::request;
  if (q.answers == saml::Answers::request) q.request_id = "_request-1";
  q.now = base::parse_rfc3339("2026-11-24T12:00:00Z").value();
  if (kind == "late") q.idp.valid_until = q.now;
  q.response = vector(name);
  if (kind != "no_key") q.decryption_keys.push_back(secret("sp.key"));
  return q;
}

}  // namespace rescue::saml_xml::vectors
