// SPDX-License-Identifier: Apache-2.0
#include "audit/recording_watch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.hpp"

namespace rescue::audit {
namespace {
using namespace std::chrono_literals;
using store::EventSource;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto kPatience = 30s;

class RecordingWatchTest : public ::testing::Test {
 protected:
  void applet(std::string type, std::string technician = "ada@x", std::string actor = "") {
    const std::string data = "{\"technician\":\"" + technician + "\"}";
    watch_.heard(session_, EventSource::applet, type, actor.empty() ? technician : actor, actor.empty() ? "{}" : data,
                 now_);
  }
  void tip(const std::string& technician = "ada@x", const std::string& claims_to_be = "") {
    const Sender sender{session_, EventSource::console, {}, {}, technician};
    watch_.heard(sender, std::vector<IncomingEvent>{{1, {}, "recording.tip", claims_to_be, R"({"chunks":4})"}}, now_);
  }
  /// What is told now, where every group's rule says `forced`.
  std::vector<RecordingWatch::Run> told(bool forced = true) {
    std::vector<RecordingWatch::Run> out;
    for (const auto& run : watch_.overdue(now_))
      if (watch_.judge(run, forced, now_)) out.push_back(run);
    return out;
  }
  void pass(base::Duration d) { now_ += d; }

  base::SeededRandom random_{7};
  base::Guid session_ = base::Guid::random(random_);
  base::SteadyTime now_{1h};
  RecordingWatch watch_{kPatience};
};

TEST_F(RecordingWatchTest, ControlWithoutARecordingIsToldOnce) {
  applet("control.started");
  pass(kPatience);
  EXPECT_THAT(told(), IsEmpty()) << "the console has time to begin";
  pass(1s);
  const auto runs = told();
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].technician, "ada@x");
  EXPECT_TRUE(runs[0].controls);
  EXPECT_FALSE(runs[0].views);
  pass(10min);
  EXPECT_THAT(told(), IsEmpty()) << "once a stretch";
}

TEST_F(RecordingWatchTest, ARecordingThatGoesOnIsNoOffence) {
  applet("view.started");
  for (int i = 0; i < 20; ++i) {
    pass(10s);
    tip();
    EXPECT_THAT(told(), IsEmpty());
  }
  pass(kPatience + 1s);
  EXPECT_THAT(told(), SizeIs(1)) << "it has stopped";
  tip();
  pass(kPatience + 1s);
  EXPECT_THAT(told(), SizeIs(1)) << "another stretch";
}

TEST_F(RecordingWatchTest, OneTechniciansRecordingIsNotAnothers) {
  applet("control.started", "ada@x");
  applet("view.started", "bob@x");
  pass(20s);
  tip("ada@x");
  tip("ada@x", "bob@x");
  pass(20s);
  const auto runs = told();
  ASSERT_THAT(runs, SizeIs(1));
  EXPECT_EQ(runs[0].technician, "bob@x");
}

TEST_F(RecordingWatchTest, WhatEndedIsWatchedNoMoreWhoeverEndedIt) {
  applet("view.started");
  applet("control.started");
  applet("control.ended", "ada@x", "applet");
  pass(5s);
  EXPECT_EQ(watch_.watched(), 1u) << "the view goes on";
  applet("view.ended", "ada@x", "user");
  EXPECT_EQ(watch_.watched(), 0u);
  pass(1h);
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(RecordingWatchTest, NobodyIsSeenWhileTheLinkIsDown) {
  applet("view.started");
  pass(20s);
  applet("link.down", "ada@x", "applet");
  pass(5min);
  EXPECT_THAT(told(), IsEmpty());
  applet("link.up", "ada@x", "applet");
  pass(kPatience);
  EXPECT_THAT(told(), IsEmpty()) << "its time begins anew";
  pass(1s);
  EXPECT_THAT(told(), SizeIs(1));
}

TEST_F(RecordingWatchTest, ARuleThatComesLaterLeavesTimeToBegin) {
  applet("control.started");
  pass(kPatience + 1s);
  EXPECT_THAT(told(false), IsEmpty());
  EXPECT_THAT(watch_.overdue(now_), IsEmpty()) << "asked again after another while";
  pass(kPatience + 1s);
  EXPECT_THAT(told(true), IsEmpty()) << "the rule may be a second old";
  pass(kPatience + 1s);
  EXPECT_THAT(told(true), SizeIs(1));
}

TEST_F(RecordingWatchTest, EachEndIsBelievedAboutItselfOnly) {
  watch_.heard(session_, EventSource::console, "control.started", "ada@x", "{}", now_);
  EXPECT_EQ(watch_.watched(), 0u);
  applet("control.started");
  pass(20s);
  watch_.heard(session_, EventSource::applet, "recording.tip", "ada@x", "{}", now_);
  pass(20s);
  EXPECT_THAT(told(), SizeIs(1)) << "an applet cannot say that the console records";
}

TEST_F(RecordingWatchTest, AnAppletThatInventsTechniciansFillsNothing) {
  for (int i = 0; i < 1000; ++i) applet("view.started", "t" + std::to_string(i) + "@x");
  EXPECT_EQ(watch_.watched(), kWatchedTechniciansMax);
  watch_.heard(session_, EventSource::applet, "view.started", "x@x", "no json", now_);
  watch_.forget(session_);
  EXPECT_EQ(watch_.watched(), 0u);
}

}  // namespace
}  // namespace rescue::audit
