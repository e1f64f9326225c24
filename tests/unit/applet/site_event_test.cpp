// SPDX-License-Identifier: Apache-2.0
// Events of the site about hold, transfer and who takes part.
#include <gtest/gtest.h>

#include "applet/core/site_client.hpp"

namespace rescue::applet {
namespace {

template <typename E>
std::optional<E> read(std::string_view type, std::string_view data) {
  auto event = read_site_event(type, data);
  if (!event || !*event || !std::holds_alternative<E>(**event)) return std::nullopt;
  return std::get<E>(**event);
}

TEST(SiteEvent, TellsHowTheSessionStands) {
  const auto held =
      read<SiteState>("state", R"({"state":"on_hold","technician":{"name":"Ada","email":"ada@x"},"to":""})");
  ASSERT_TRUE(held);
  EXPECT_EQ(held->state, wire::SessionState::on_hold);
  EXPECT_EQ(held->technician, (Participant{"Ada", "ada@x"}));
  EXPECT_EQ(held->to, "");
  const auto going = read<SiteState>("state", R"({"state":"transferring","technician":null,"to":"Bob"})");
  ASSERT_TRUE(going);
  EXPECT_EQ(going->to, "Bob");
  EXPECT_EQ(going->technician, Participant());
}

TEST(SiteEvent, NamesWhoTakesPart) {
  const auto people =
      read<SitePeople>("people", R"({"technicians":[{"name":"Ada","email":"ada@x"},{"name":"Bob","email":"bob@x"}]})");
  ASSERT_TRUE(people);
  EXPECT_EQ(people->people, (std::vector<Participant>{{"Ada", "ada@x"}, {"Bob", "bob@x"}}));
}

TEST(SiteEvent, RefusesWhatIsNone) {
  for (const auto& [type, data] :
       std::initializer_list<std::pair<const char*, const char*>>{{"state", R"({"state":"asleep"})"},
                                                                  {"state", R"({})"},
                                                                  {"state", "no json"},
                                                                  {"people", R"({"technicians":"Ada"})"},
                                                                  {"people", R"({"technicians":["Ada"]})"}})
    EXPECT_FALSE(read_site_event(type, data).has_value()) << type << " " << data;
  std::string many = R"({"technicians":[{})";
  for (std::size_t i = 0; i < kPeopleMax; ++i) many += ",{}";
  EXPECT_FALSE(read_site_event("people", many + "]}").has_value()) << "more than anybody can read";
  const auto longest = read<SiteState>("state", R"({"state":"active","to":")" + std::string(50'000, 'x') + "\"}");
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->to.size(), kPersonTextMax);
}

}  // namespace
}  // namespace rescue::applet
