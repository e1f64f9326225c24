// SPDX-License-Identifier: Apache-2.0
#include "evidence/entry.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace rescue::evidence {
namespace {
namespace json = boost::json;
using base::Errc;

json::value value(std::string_view text) { return json::parse(json::string_view(text.data(), text.size())); }
json::object object(std::string_view text) { return value(text).as_object(); }

Salt some_salt() {
  Salt s;
  for (std::size_t i = 0; i < s.size(); ++i) s[i] = static_cast<std::uint8_t>(i);
  return s;
}
ChainId some_chain() {
  return {base::Guid::parse("11111111-2222-4333-8444-555555555555").value(), "console",
          base::Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").value(), 0};
}
EntryHeader some_header() {
  return {1, base::WallTime(std::chrono::microseconds(1'764'000'000'123'456)), "chat.message", "ada@example.org"};
}

TEST(Canonical, IsOneTextForOneValue) {
  EXPECT_EQ(canonical(value(R"( {"b":1, "a" : [true, null, -5, "x"], "é":{}} )")).value(),
            R"({"a":[true,null,-5,"x"],"b":1,"é":{}})");
  EXPECT_EQ(canonical(value(R"("\u0041\/\u00e9\ud83d\ude00")")).value(), "\"A/é😀\"");
  EXPECT_EQ(canonical(value(R"("\"\\\b\f\n\r\t\u0001\u001f\u007f")")).value(),
            "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\"");
  EXPECT_EQ(canonical(value("18446744073709551615")).value(), "18446744073709551615");
}

TEST(Canonical, RefusesWhatHasMoreThanOneText) {
  EXPECT_EQ(canonical(value("1.5")).error().code, Errc::bad_format);
  EXPECT_EQ(canonical(value("1e3")).error().code, Errc::bad_format);
  std::string deep = "1";
  for (std::size_t i = 0; i < kCanonicalDepthMax + 1; ++i) deep = "[" + deep + "]";
  json::parse_options options;
  options.max_depth = 100;
  EXPECT_EQ(canonical(json::parse(deep, {}, options)).error().code, Errc::too_large);
  EXPECT_EQ(canonical(json::value("\xff")).error().code, Errc::bad_format);
}

/// The same numbers stand in the man page and in the second reader.
TEST(Entry, HasThePublishedDigest) {
  const auto fields = digest_fields(object(R"({"text":"hello","n":3})"), some_salt()).value();
  EXPECT_EQ(base::to_hex(fields.at("text")), "f1848b433751e41da74e9a8695aa57f80005322aecca03fd287975fbc54b0dbb");
  EXPECT_EQ(base::to_hex(entry_digest(some_chain(), some_header(), fields)),
            "56123b2949fa0ac9a22024f9d680759999815f3adb22565684d078161d6e081d");
}

TEST(Entry, ChangesWithEverythingInIt) {
  const auto data = object(R"({"text":"hello","n":3})");
  const auto fields = digest_fields(data, some_salt()).value();
  const auto before = entry_digest(some_chain(), some_header(), fields);
  const auto differs = [&](auto change) {
    auto chain = some_chain();
    auto header = some_header();
    auto other = fields;
    change(chain, header, other);
    return entry_digest(chain, header, other) != before;
  };
  EXPECT_TRUE(differs([](auto& c, auto&, auto&) { c.session.reset(); }));
  EXPECT_TRUE(differs([](auto& c, auto&, auto&) { c.source = "applet"; }));
  EXPECT_TRUE(differs([](auto& c, auto&, auto&) { c.origin.reset(); }));
  EXPECT_TRUE(differs([](auto& c, auto&, auto&) { c.run = 1; }));
  EXPECT_TRUE(differs([](auto&, auto& h, auto&) { ++h.seq; }));
  EXPECT_TRUE(differs([](auto&, auto& h, auto&) { h.time += std::chrono::microseconds(1); }));
  EXPECT_TRUE(differs([](auto&, auto& h, auto&) { h.type += "x"; }));
  EXPECT_TRUE(differs([](auto&, auto& h, auto&) { h.actor.clear(); }));
  EXPECT_TRUE(differs([](auto&, auto& h, auto&) { h.type = "chat", h.actor = ".messageada@example.org"; }));
  EXPECT_TRUE(differs([](auto&, auto&, auto& f) { f.erase("n"); }));
  EXPECT_TRUE(differs([](auto&, auto&, auto& f) { std::swap(f.at("n"), f.at("text")); }));
  EXPECT_FALSE(differs([](auto&, auto&, auto&) {}));
}

TEST(Entry, ErasedTextKeepsTheDigestAndCannotBeGuessed) {
  auto data = object(R"({"text":"yes","from":"user","n":3})");
  Opening opening;
  opening.salt = some_salt();
  const auto before = digest_fields(data, opening).value();

  ASSERT_TRUE(erase_field(data, opening, "text"));
  EXPECT_EQ(data.if_contains("text"), nullptr);
  EXPECT_FALSE(opening.salt);
  EXPECT_EQ(opening.field_salts.count("text"), 0u);
  EXPECT_EQ(digest_fields(data, opening).value(), before);

  // The salts that are left do not give the erased one: no guess of the text meets the digest.
  for (const auto& [field, salt] : opening.field_salts)
    EXPECT_NE(field_digest(salt, "text", R"("yes")"), before.at("text"));

  ASSERT_TRUE(erase_field(data, opening, "n"));
  EXPECT_EQ(digest_fields(data, opening).value(), before);
  EXPECT_EQ(erase_field(data, opening, "n").error().code, Errc::not_found);
}

TEST(Entry, AnOpeningComesBackFromItsJson) {
  auto data = object(R"({"text":"yes","from":"user"})");
  Opening opening;
  opening.salt = some_salt();
  auto again = Opening::from_json(opening.to_json()).value();
  EXPECT_EQ(again.salt, opening.salt);
  ASSERT_TRUE(erase_field(data, opening, "text"));
  again = Opening::from_json(opening.to_json()).value();
  EXPECT_EQ(again.field_salts, opening.field_salts);
  EXPECT_EQ(again.erased, opening.erased);
}

TEST(Entry, AWrongOpeningIsRefused) {
  const auto data = object(R"({"text":"yes"})");
  EXPECT_EQ(digest_fields(data, Opening{}).error().code, Errc::bad_format);
  Opening both;
  both.field_salts.emplace("text", some_salt());
  both.erased.emplace("text", Digest256{});
  EXPECT_EQ(digest_fields(data, both).error().code, Errc::bad_format);
  for (const auto text : {R"([])", R"({"salt":"00"})", R"({"salt":1})", R"({"pepper":"00"})", R"({"salts":[]})",
                          R"({"salts":{"a":"zz"}})", R"({"erased":{"a":"00"}})",
                          R"({"salt":"000102030405060708090a0b0c0d0e0f","erased":{"a":")"
                          R"(0000000000000000000000000000000000000000000000000000000000000000"}})"})
    EXPECT_FALSE(Opening::from_json(value(text))) << text;
}

}  // namespace
}  // namespace rescue::evidence
