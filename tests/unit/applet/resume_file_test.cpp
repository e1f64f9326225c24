// SPDX-License-Identifier: Apache-2.0
#include "applet/core/resume_file.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/temp_dir.hpp"

namespace rescue::applet {
namespace {
using namespace std::chrono_literals;

class SetClock final : public base::Clock {
 public:
  base::WallTime wall() const override { return now; }
  base::SteadyTime steady() const override { return base::SteadyTime(now.time_since_epoch()); }
  base::WallTime now{std::chrono::seconds(1'700'000'000)};
};

class Resume : public testing::Test {
 protected:
  Resume() {
    env_.clock = &clock_;
    env_.environment["HOME"] = dir_.path().string();
    place_ = resume_place(env_, session_).value();
  }
  ResumeState state() {
    ResumeState s;
    s.written = clock_.now;
    s.invited = clock_.now - 1h;
    s.invite = base::Bytes(300, 7);
    s.key = base::SecretBytes(
        base::to_bytes(base::as_bytes("-----BEGIN PRIVATE KEY-----\nxyz\n-----END PRIVATE KEY-----\n")));
    s.receipts.last = 12;
    s.receipts.digest[3] = 9;
    s.next_event = 40;
    s.events = {R"({"seq":38})", R"({"seq":39,"text":"ä\"\\"})"};
    s.arguments = {"--display", ":0"};
    ResumedPerson p;
    p.technician = *base::Guid::from_bytes(base::Bytes(16, 5));
    p.generation = 8;
    p.console[0] = 1;
    p.sas_confirmed = true;
    p.consent.by_single_prompt = {{wire::Permission::desktop_view, 3}, {wire::Permission::reboot, 3}};
    s.people.push_back(std::move(p));
    return s;
  }
  void write(const ResumeState& s) { ASSERT_TRUE(write_resume(place_, to_json(s), "/opt/rescue-applet")); }

  test::TempDir dir_;
  SetClock clock_;
  Env env_;
  base::Guid session_ = *base::Guid::from_bytes(base::Bytes(16, 3));
  ResumePlace place_;
};

TEST_F(Resume, ComesBackAsItWas) {
  write(state());
  const auto back = take_resume(env_, place_.file);
  ASSERT_TRUE(back) << back.error().message();
  EXPECT_EQ(to_json(*back), to_json(state()));
  EXPECT_EQ(back->people[0].consent.by_single_prompt[1].first, wire::Permission::reboot);
}

TEST_F(Resume, IsForThisUserAlone) {
  write(state());
  struct stat info {};
  ASSERT_EQ(::stat(place_.file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  ASSERT_EQ(::stat(place_.file.parent_path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  ::chmod(place_.file.c_str(), 0644);
  const auto exposed = take_resume(env_, place_.file);
  ASSERT_FALSE(exposed);
  EXPECT_EQ(exposed.error().code, base::Errc::denied);
  EXPECT_FALSE(std::filesystem::exists(place_.file));
}

TEST_F(Resume, IsOnceOnly) {
  write(state());
  ASSERT_TRUE(std::filesystem::exists(place_.entry));
  EXPECT_TRUE(take_resume(env_, place_.file));
  EXPECT_FALSE(std::filesystem::exists(place_.entry)) << "nothing starts it again";
  EXPECT_FALSE(take_resume(env_, place_.file));
}

TEST_F(Resume, IsForHalfAnHour) {
  write(state());
  clock_.now += 31min;
  const auto late = take_resume(env_, place_.file);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, base::Errc::timed_out);
  EXPECT_FALSE(std::filesystem::exists(place_.file));
  clock_.now += 1h;
  write(state());
  clock_.now -= 1h;  // a clock that was set back, or a file that was made up
  EXPECT_FALSE(take_resume(env_, place_.file));
}

TEST_F(Resume, FollowsNoLinkAndTakesNoRubbish) {
  write(state());
  const auto elsewhere = dir_.path() / "elsewhere";
  std::filesystem::rename(place_.file, elsewhere);
  std::filesystem::create_symlink(elsewhere, place_.file);
  EXPECT_FALSE(take_resume(env_, place_.file));
  EXPECT_FALSE(std::filesystem::exists(place_.entry)) << "also where it fails";
  for (const std::string text : {"", "{}", "[]", "{\"version\":1}", "\xff\xfe", "{\"version\":2}"}) {
    std::filesystem::remove(place_.file);
    std::ofstream(place_.file) << text;
    ::chmod(place_.file.c_str(), 0600);
    EXPECT_FALSE(take_resume(env_, place_.file)) << text;
  }
  auto s = state();
  s.events.assign(50, "{}");  // more than were ever numbered
  EXPECT_FALSE(parse_resume_state(to_json(s)));
}

TEST_F(Resume, LeavesNothingWhereItIsUndone) {
  write(state());
  remove_resume(place_);
  EXPECT_FALSE(std::filesystem::exists(place_.file));
  EXPECT_FALSE(std::filesystem::exists(place_.entry));
}

TEST_F(Resume, IsStartedByAnEntryThatQuotesWhatItNames) {
  const auto entry = autostart_entry("/home/a b/$x `y` \"z\" 5%/ap\\plet", "/f");
  EXPECT_NE(
      entry.find(
          "Exec=\"/home/a b/\\\\$x \\\\`y\\\\` \\\\\"z\\\\\" 5%%/ap\\\\\\\\plet\" --resume-after-reboot \"/f\"\n"),
      std::string::npos)
      << entry;
}

TEST_F(Resume, NeedsAHome) {
  env_.environment.clear();
  EXPECT_FALSE(resume_place(env_, session_));
  env_.environment["XDG_STATE_HOME"] = "/s";
  env_.environment["XDG_CONFIG_HOME"] = "/c";
  EXPECT_EQ(resume_place(env_, session_)->file.parent_path(), "/s/rescue-applet");
}

}  // namespace
}  // namespace rescue::applet
