// SPDX-License-Identifier: Apache-2.0
#include "applet/core/log_spool.hpp"

#include <map>
#include <set>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;
namespace json = boost::json;

// The site's rule: each number is stored once, and it answers up to where it has everything.
class FakeSite {
 public:
  std::uint64_t take(const std::string& body) {
    const auto value = json::parse(body);
    for (const auto& v : value.at("events").as_array()) {
      const auto seq = static_cast<std::uint64_t>(v.at("seq").as_int64());
      const std::string text(v.at("data").at("n").as_string());
      auto [at, fresh] = stored.emplace(seq, text);
      if (!fresh) {
        ++repeated;
        EXPECT_EQ(at->second, text) << "one number, one event";
      }
    }
    std::uint64_t through = 0;
    while (stored.contains(through + 1)) ++through;
    return through;
  }
  std::map<std::uint64_t, std::string> stored;
  int repeated = 0;
};

const base::WallTime kTime{std::chrono::seconds(1'700'000'000)};
void add(LogSpool& spool, int n) { spool.add(kTime, "chat.message", "user", "{\"n\":\"" + std::to_string(n) + "\"}"); }

TEST(AppletLogSpool, EveryEventArrivesExactlyOnceOverABrokenLine) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    base::SeededRandom random(seed), chance(seed * 77);
    LogSpool spool(random);
    FakeSite site;
    base::SteadyTime now{1h};
    int added = 0;
    for (int round = 0; round < 3000 && (added < 500 || !spool.empty()); ++round) {
      if (added < 500 && chance.below(3) != 0) add(spool, added++);
      if (auto body = spool.next_batch(now)) {
        switch (chance.below(4)) {
          case 0:
            spool.failed(now);
            break;  // never got there
          case 1:
            site.take(*body), spool.failed(now);
            break;  // stored, but the answer was lost
          default:
            spool.accepted(site.take(*body));
        }
      }
      now += 700ms;
    }
    ASSERT_TRUE(spool.empty()) << "seed " << seed;
    ASSERT_EQ(site.stored.size(), 500U) << "seed " << seed;
    for (int n = 0; n < 500; ++n)
      ASSERT_EQ(site.stored[static_cast<std::uint64_t>(n) + 1], std::to_string(n)) << "in order, seed " << seed;
    EXPECT_GT(site.repeated, 0) << "the test met lost answers";
  }
}

TEST(AppletLogSpool, OneBatchAtATime) {
  base::SeededRandom random(1);
  LogSpool spool(random);
  add(spool, 1);
  base::SteadyTime now{1h};
  ASSERT_TRUE(spool.next_batch(now));
  add(spool, 2);
  EXPECT_FALSE(spool.next_batch(now));
  spool.accepted(1);
  auto second = spool.next_batch(now);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->find("\"seq\":1,"), std::string::npos);
  EXPECT_NE(second->find("\"seq\":2,"), std::string::npos);
}

TEST(AppletLogSpool, WaitsLongerAfterEachFailureUpToALimit) {
  base::SeededRandom random(1);
  LogSpool spool(random);
  add(spool, 1);
  base::SteadyTime now{1h};
  base::Duration last{};
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(spool.next_batch(now));
    spool.failed(now);
    EXPECT_FALSE(spool.next_batch(now)) << "not at once";
    auto wait = std::chrono::duration_cast<base::Duration>(*spool.next_deadline() - now);
    EXPECT_LE(wait, LogSpool::kLongestRetry);
    last = wait;
    now = *spool.next_deadline();
  }
  EXPECT_GE(last, LogSpool::kLongestRetry / 2);
}

TEST(AppletLogSpool, LargeBacklogGoesInBatches) {
  base::SeededRandom random(1);
  LogSpool spool(random);
  FakeSite site;
  for (int i = 0; i < 1000; ++i) add(spool, i);
  int batches = 0;
  while (auto body = spool.next_batch(base::SteadyTime{1h})) {
    EXPECT_LE(body->size(), LogSpool::kBatchBytes + 1000);
    spool.accepted(site.take(*body));
    ++batches;
  }
  EXPECT_EQ(site.stored.size(), 1000U);
  EXPECT_EQ(batches, 5);
}

TEST(AppletLogSpool, SaysThatItIsFullWhileTheEndStillHasItsPlace) {
  base::SeededRandom random(1);
  LogSpool by_count(random);
  int n = 0;
  while (!by_count.full()) {
    add(by_count, n++);
    if (n % 1000 == 0) by_count.accepted(by_count.next_seq() - 1);  // the site keeps up: numbers run out all the same
  }
  EXPECT_EQ(by_count.next_seq(), LogSpool::kEventsMax - LogSpool::kReserveEvents + 1);
  for (std::uint64_t i = 0; i < LogSpool::kReserveEvents; ++i)
    ASSERT_GT(by_count.add(kTime, "control.ended", "applet", "{}"), 0U);
  EXPECT_EQ(by_count.add(kTime, "control.ended", "applet", "{}"), 0U) << "the site would refuse it";

  LogSpool by_size(random);
  const std::string big = "{\"n\":\"" + std::string(1'000'000, 'x') + "\"}";
  while (!by_size.full()) ASSERT_GT(by_size.add(kTime, "chat.message", "user", big), 0U);
  EXPECT_GT(by_size.add(kTime, "chat.message", "user", big), 0U);
}

TEST(AppletLogSpool, AFullSpoolLosesTheNewAndSaysSo) {
  base::SeededRandom random(1);
  LogSpool spool(random);
  const std::string big = "{\"n\":\"" + std::string(1'000'000, 'x') + "\"}";
  std::uint64_t last = 0;
  while (auto seq = spool.add(kTime, "chat.message", "user", big)) last = seq;
  EXPECT_EQ(last, 16U);
  EXPECT_EQ(spool.lost(), 1U);
  FakeSite site;
  while (auto body = spool.next_batch(base::SteadyTime{1h})) spool.accepted(site.take(*body));
  EXPECT_EQ(site.stored.size(), 16U) << "a batch takes one event however large";
  EXPECT_EQ(spool.add(kTime, "link.up", "applet", "{\"n\":\"\"}"), 17U) << "numbers have no gap";
}

TEST(AppletLogSpool, OneEventThatTheSiteRefusesDoesNotHoldUpTheRest) {
  base::SeededRandom random(1);
  LogSpool spool(random);
  FakeSite site;
  for (int n = 0; n < 50; ++n)
    spool.add(kTime, n == 17 ? "of.a_later_version" : "chat.message", "user", "{\"n\":\"" + std::to_string(n) + "\"}");
  int replaced = 0, rounds = 0;
  std::set<std::uint64_t> stored;
  while (auto body = spool.next_batch(base::SteadyTime{1h})) {
    ASSERT_LT(++rounds, 100);
    if (body->find("\"type\":\"of.a_later_version\"") != std::string::npos) {
      replaced += spool.refused(base::SteadyTime{1h}) ? 1 : 0;
      continue;
    }
    std::uint64_t last = 0;
    const auto value = json::parse(*body);
    for (const auto& v : value.at("events").as_array()) {
      last = static_cast<std::uint64_t>(v.at("seq").as_int64());
      stored.insert(last);
      EXPECT_EQ(v.at("type").as_string() == "alert", last == 18);
    }
    spool.accepted(last);
  }
  EXPECT_TRUE(spool.empty());
  EXPECT_EQ(replaced, 1);
  EXPECT_EQ(stored.size(), 50U) << "its number is taken by the word that it was refused";
}

TEST(AppletLogSpool, QuotesWhatPeopleWrite) {
  base::SeededRandom random(1);
  LogSpool spool(random);
  spool.add(kTime, "chat.message", "a\"b\\\n", R"({"n":"ok"})");
  const auto value = json::parse(*spool.next_batch(base::SteadyTime{1h}));
  EXPECT_EQ(value.at("events").at(0).at("actor").as_string(), "a\"b\\\n");
}

}  // namespace
}  // namespace rescue::applet
