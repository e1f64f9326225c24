// SPDX-License-Identifier: Apache-2.0
// Each vector against what expectations.tsv says of it.
#include <map>
#include <set>

#include "vectors.hpp"

namespace rescue::saml_xml {
namespace {

struct Expectation {
  std::string name, question, verdict;
};

std::vector<Expectation> expectations() {
  std::vector<Expectation> out;
  std::ifstream in(test::source_dir() / "tests/unit/saml_xml/expectations.tsv");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    std::istringstream fields(line);
    Expectation e;
    std::getline(fields, e.name, '\t');
    std::getline(fields, e.question, '\t');
    std::getline(fields, e.verdict, '\t');
    out.push_back(std::move(e));
  }
  return out;
}

std::string verdict_of(const Expectation& e) {
  const auto verdict = Engine().check(vectors::question(e.name, e.question));
  if (!verdict) return "error: " + verdict.error().message();
  if (*verdict) return "accept";
  return std::string(saml::rule_name(verdict->error().rule));
}

TEST(SamlVectors, AreJudgedAsExpected) {
  const auto all = expectations();
  ASSERT_GT(all.size(), 300u);
  for (const auto& e : all) {
    const auto verdict = Engine().check(vectors::question(e.name, e.question));
    EXPECT_EQ(verdict_of(e), e.verdict) << e.name << " (" << e.question
                                        << "): " << (verdict && !*verdict ? verdict->error().message() : std::string());
  }
}

TEST(SamlVectors, EachHasAnExpectation) {
  std::set<std::string> expected, made;
  for (const auto& e : expectations()) expected.insert(e.name);
  for (const auto& file : std::filesystem::directory_iterator(vectors::folder()))
    if (file.path().extension() == ".xml") made.insert(file.path().stem().string());
  EXPECT_EQ(expected, made);
}

// Not every rule can be first: "digested_bytes" is what should hold if all that stand before it failed.
TEST(SamlVectors, TryEveryRule) {
  std::set<std::string, std::less<>> tried{"digested_bytes"};
  for (const auto& e : expectations()) tried.insert(e.verdict);
  for (std::size_t i = 0; i < saml::kRuleCount; ++i)
    EXPECT_TRUE(tried.contains(saml::rule_name(static_cast<saml::Rule>(i))))
        << saml::rule_name(static_cast<saml::Rule>(i));
}

}  // namespace
}  // namespace rescue::saml_xml
