// SPDX-License-Identifier: Apache-2.0
#include "agent_pair.hpp"

#include "crypto/hash.hpp"
#include "screen/png.hpp"

namespace rescue::client {
namespace {

using namespace testing;

std::string text_of(const json::object& o, std::string_view key) {
  return std::string(o.at(json::string_view(key.data(), key.size())).as_string());
}
std::int64_t code_of(const json::object* o) { return o == nullptr ? -1 : o->at("code").as_int64(); }

std::string slurp(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(SessionAgent, CarriesChatBothWaysAndEchoesToOtherViewsOnly) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.agent.view_joined(ViewId(2));
  p.say(R"({"id":1,"cmd":"chat","text":"hello"})");
  EXPECT_NE(p.view(1).find("result", 1), nullptr) << p.view(1).text();
  EXPECT_EQ(p.view(1).find("chat"), nullptr);
  ASSERT_NE(p.view(2).find("chat"), nullptr);
  EXPECT_EQ(text_of(*p.view(2).find("chat"), "from"), "console");
  EXPECT_EQ(p.applet_chat, std::vector<std::string>{"hello"});
  ASSERT_TRUE(p.applet.user_sends_chat("hi there", p.now()));
  p.settle();
  for (std::uint64_t v : {1, 2}) {
    const auto* chat = p.view(v).find("chat");
    ASSERT_NE(chat, nullptr);
    EXPECT_EQ(text_of(*chat, "from"), "applet");
    EXPECT_EQ(text_of(*chat, "text"), "hi there");
  }
}

TEST(SessionAgent, HoldsCommandsUntilTheFirstLinkAndGivesUpInTime) {
  base::ManualClock clock;
  AgentPair p(clock, false, false);
  p.say(R"({"id":1,"cmd":"chat","text":"early"})");
  EXPECT_EQ(p.view().find("result", 1), nullptr);
  p.link_up();
  EXPECT_NE(p.view().find("result", 1), nullptr) << p.view().text();
  EXPECT_EQ(p.applet_chat, std::vector<std::string>{"early"});

  AgentPair never(clock, false, false);
  never.say(R"({"id":2,"cmd":"ask","permission":"desktop_view"})");
  clock.advance(kFirstLink);
  never.agent.tick();
  EXPECT_EQ(code_of(never.view().find("error", 2)), 9);
}

TEST(SessionAgent, SaysWhatTheUserDecided) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.auto_answer = false;
  p.say(R"({"id":1,"cmd":"ask","permission":"desktop_view"})");
  EXPECT_EQ(code_of(p.view().find("error", 1)), 5) << p.view().text();
  p.say(R"({"id":2,"cmd":"view"})");
  EXPECT_EQ(code_of(p.view().find("error", 2)), 5);
  p.say(R"({"id":3,"cmd":"ask","permission":"levitation"})");
  EXPECT_EQ(code_of(p.view().find("error", 3)), 2);
  clock.advance(session::kReaskDelay + 1s);
  p.auto_answer = true;
  p.say(R"({"id":4,"cmd":"ask","permission":"desktop_view"})");
  EXPECT_NE(p.view().find("result", 4), nullptr) << p.view().text();
}

TEST(SessionAgent, RepliesToViewWithTheFirstPictureAndSavesIt) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"id":1,"cmd":"screenshot","path":"a.png"})");
  EXPECT_EQ(code_of(p.view().find("error", 1)), 6);
  p.say(R"({"id":2,"cmd":"ask","permission":"desktop_view"})");
  p.say(R"({"id":3,"cmd":"view"})");
  const auto* viewing = p.view().find("result", 3);
  ASSERT_NE(viewing, nullptr) << p.view().text();
  EXPECT_EQ(viewing->at("width").as_int64(), 64);
  p.say(R"({"id":4,"cmd":"hello","cwd":")" + p.dir.path().string() + R"("})");
  p.say(R"({"id":5,"cmd":"screenshot","path":"a.png"})");
  ASSERT_NE(p.view().find("result", 5), nullptr) << p.view().text();
  const auto png = slurp(p.dir / "a.png");
  const auto frame = screen::from_png(base::as_bytes(png)).value();
  EXPECT_EQ(frame.size(), (screen::Size{64, 48}));
  EXPECT_EQ(frame.row(10)[10], 0x112233U);
  // A subscriber sees each frame; others do not.
  p.agent.view_joined(ViewId(2));
  p.say(R"({"cmd":"subscribe","frames":true})", ViewId(2));
  p.send_frame(false, 1, 0x445566);
  p.settle();
  EXPECT_NE(p.view(2).find("frame"), nullptr);
  EXPECT_EQ(p.view(1).find("frame"), nullptr);
}

TEST(SessionAgent, AsksForAKeyframeWhenAPacketDoesNotDecode) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"cmd":"ask","permission":"desktop_view"})");
  p.say(R"({"cmd":"view"})");
  const auto before = p.keyframes_wanted;
  p.applet.screen_packet(1, false, base::Bytes(40, 0xee), p.now());
  p.settle();
  EXPECT_EQ(p.keyframes_wanted, before + 1);
  p.send_frame(false, 1, 0x778899);
  p.settle();
  p.say(R"({"id":9,"cmd":"screenshot","path":")" + (p.dir / "b.png").string() + "\"}");
  const auto png = slurp(p.dir / "b.png");
  EXPECT_EQ(screen::from_png(base::as_bytes(png)).value().row(1)[1], 0x778899U);
}

TEST(SessionAgent, LetsOneViewAtATimeMovePointerAndKeys) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.agent.view_joined(ViewId(2));
  p.say(R"({"cmd":"ask","permission":"desktop_view"})");
  p.say(R"({"cmd":"ask","permission":"remote_control"})");
  p.say(R"({"cmd":"view"})");
  clock.advance(1s);
  p.say(R"({"id":1,"cmd":"control"})");
  ASSERT_NE(p.view(1).find("result", 1), nullptr) << p.view(1).text();
  p.say(R"({"id":2,"cmd":"type","text":"abc"})");
  p.say(R"({"id":3,"cmd":"key","keysym":"Return"})");
  EXPECT_EQ(p.typed, "abc");
  EXPECT_EQ(p.keys, (std::vector<std::pair<std::uint32_t, bool>>{{0xff0d, true}, {0xff0d, false}}));
  p.say(R"({"id":4,"cmd":"type","text":"intruder"})", ViewId(2));
  EXPECT_EQ(text_of(*p.view(2).find("error", 4), "error"), "INPUT_TAKEN");
  EXPECT_EQ(p.typed, "abc");
  // The view dies with a key down: the key goes up, and the other view may go on.
  p.say(R"({"cmd":"key","keysym":"a","down":true})");
  const auto before = p.releases;
  p.agent.view_left(ViewId(1));
  p.settle();
  EXPECT_EQ(p.releases, before + 1);
  p.say(R"({"id":5,"cmd":"type","text":"d"})", ViewId(2));
  EXPECT_EQ(p.typed, "abcd");
}

TEST(SessionAgent, HandsPointerAndKeysFromOneViewToAnotherAtOnce) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.agent.view_joined(ViewId(2));
  p.say(R"({"cmd":"ask","permission":"remote_control"})");
  clock.advance(1s);
  p.say(R"({"id":1,"cmd":"control"})");
  ASSERT_NE(p.view(1).find("result", 1), nullptr) << p.view(1).text();
  p.say(R"({"id":2,"cmd":"uncontrol"})", ViewId(2));
  ASSERT_NE(p.view(2).find("error", 2), nullptr) << "not theirs to give back";
  EXPECT_EQ(text_of(*p.view(2).find("error", 2), "error"), "INPUT_TAKEN");
  p.say(R"({"id":3,"cmd":"type","text":"mine"})");
  EXPECT_EQ(p.typed, "mine");
  // Both lines come before the applet has heard of either.
  p.agent.on_line(ViewId(1), R"({"id":4,"cmd":"uncontrol"})");
  p.agent.on_line(ViewId(2), R"({"id":5,"cmd":"control"})");
  EXPECT_EQ(p.view(2).find("result", 5), nullptr) << "the applet has not answered yet";
  p.settle();
  ASSERT_NE(p.view(2).find("result", 5), nullptr) << p.view(2).text();
  p.say(R"({"id":6,"cmd":"type","text":" and now yours"})", ViewId(2));
  EXPECT_EQ(p.typed, "mine and now yours");
  p.say(R"({"id":7,"cmd":"control"})");
  EXPECT_EQ(text_of(*p.view(1).find("error", 7), "error"), "INPUT_TAKEN");
}

TEST(SessionAgent, AControlThatIsGivenBackBeforeItBeganIsAnswered) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"cmd":"ask","permission":"remote_control"})");
  clock.advance(1s);
  p.agent.on_line(ViewId(1), R"({"id":1,"cmd":"control"})");
  p.agent.on_line(ViewId(1), R"({"id":2,"cmd":"uncontrol"})");
  ASSERT_NE(p.view().find("error", 1), nullptr) << p.view().text();
  p.settle();
  p.say(R"({"id":3,"cmd":"state"})");
  EXPECT_FALSE(p.view().find("result", 3)->at("controlling").as_bool());
  EXPECT_EQ(text_of(*p.view().find("result", 3), "input"), "free");
}

TEST(SessionAgent, KeepsPointerAndKeysFreeWhenAKeyWasRefused) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.agent.view_joined(ViewId(2));
  p.say(R"({"id":1,"cmd":"key","keysym":"a"})", ViewId(2));
  EXPECT_EQ(code_of(p.view(2).find("error", 1)), 5) << p.view(2).text();
  p.say(R"({"id":2,"cmd":"state"})");
  EXPECT_EQ(text_of(*p.view().find("result", 2), "input"), "free");
}

TEST(SessionAgent, TypesLongTextInWholeCharacters) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"cmd":"ask","permission":"desktop_view"})");
  p.say(R"({"cmd":"ask","permission":"remote_control"})");
  p.say(R"({"cmd":"view"})");
  clock.advance(1s);
  p.say(R"({"cmd":"control"})");
  std::string text;
  while (text.size() < 10'000) text += "aä€🙂";
  p.say(json::serialize(json::object{{"id", 7}, {"cmd", "type"}, {"text", text}}));
  EXPECT_NE(p.view().find("result", 7), nullptr) << p.view().text();
  EXPECT_EQ(p.typed, text);
}

TEST(SessionAgent, SendsAndReceivesFilesWithTheSameHashesAndReplacesNothing) {
  base::ManualClock clock;
  AgentPair p(clock);
  const auto content = std::string(300'000, 'x') + "end";
  std::ofstream(p.dir / "report.bin") << content;
  p.say(R"({"cmd":"ask","permission":"send_files"})");
  p.say(R"({"id":1,"cmd":"send","path":")" + (p.dir / "report.bin").string() + "\"}");
  const auto* sent = p.view().find("result", 1);
  ASSERT_NE(sent, nullptr) << p.view().text();
  EXPECT_EQ(text_of(*sent, "sha256"), base::to_hex(crypto::sha256(base::as_bytes(content))));
  EXPECT_EQ(text_of(*sent, "md5"), base::to_hex(crypto::md5(base::as_bytes(content))));
  EXPECT_EQ(base::as_text(p.applet_file), content);

  std::ofstream(p.dir / "from user.txt") << "mine";
  p.say(R"({"cmd":"ask","permission":"receive_files"})");
  p.say(R"({"id":2,"cmd":"receive"})");
  const auto* received = p.view().find("result", 2);
  ASSERT_NE(received, nullptr) << p.view().text();
  EXPECT_EQ(text_of(*received, "path"), (p.dir / "from user (2).txt").string());
  EXPECT_EQ(slurp(p.dir / "from user (2).txt"), p.user_file);
  EXPECT_EQ(slurp(p.dir / "from user.txt"), "mine");
  for (const auto& e : std::filesystem::directory_iterator(p.dir.path()))
    EXPECT_EQ(e.path().string().find(".part-"), std::string::npos);
}

TEST(SessionAgent, NamesWhatIsWrongWithAFile) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"id":1,"cmd":"send","path":"/nowhere/file"})");
  EXPECT_EQ(code_of(p.view().find("error", 1)), 6);
  p.say(R"({"id":2,"cmd":"send","path":"/dev/zero"})");
  EXPECT_EQ(code_of(p.view().find("error", 2)), 2);
  p.say(R"({"id":3,"cmd":"receive","directory":"/nowhere"})");
  EXPECT_EQ(code_of(p.view().find("error", 3)), 6);
  std::ofstream(p.dir / "f") << "x";
  p.say(R"({"id":4,"cmd":"send","path":")" + (p.dir / "f").string() + "\"}");
  EXPECT_EQ(code_of(p.view().find("error", 4)), 5) << "no consent yet: " << p.view().text();
}

TEST(SessionAgent, ShowsSystemInformation) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"cmd":"ask","permission":"system_information"})");
  p.say(R"({"id":1,"cmd":"sysinfo"})");
  const auto* info = p.view().find("result", 1);
  ASSERT_NE(info, nullptr) << p.view().text();
  EXPECT_EQ(info->at("sections").at("os").at("name").as_string(), "Debian");
}

TEST(SessionAgent, WaitsForEventsPastAndComing) {
  base::ManualClock clock;
  AgentPair p(clock);
  ASSERT_TRUE(p.applet.user_sends_chat("first", p.now()));
  p.settle();
  p.say(R"({"id":1,"cmd":"wait","for":"chat"})");
  ASSERT_NE(p.view().find("result", 1), nullptr) << p.view().text();
  p.say(R"({"id":2,"cmd":"wait","event":"chat","where":{"text":"third"},"timeout":"10s"})");
  ASSERT_TRUE(p.applet.user_sends_chat("second", p.now()));
  p.settle();
  EXPECT_EQ(p.view().find("result", 2), nullptr);
  ASSERT_TRUE(p.applet.user_sends_chat("third", p.now()));
  p.settle();
  const auto* got = p.view().find("result", 2);
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(got->at("matched").at("text").as_string(), "third");
  p.say(R"({"id":3,"cmd":"wait","event":"chat","timeout":"10s"})");
  clock.advance(11s);
  p.agent.tick();
  EXPECT_EQ(code_of(p.view().find("error", 3)), 8);
}

TEST(SessionAgent, LogsWhatHappenedWithoutNumbersOfItsOwn) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.say(R"({"cmd":"chat","text":"hello"})");
  std::set<std::string> types;
  for (const auto& e : p.log) {
    types.insert(e.type);
    EXPECT_EQ(e.seq, 0U);
    EXPECT_TRUE(json::parse(e.data).is_object());
  }
  EXPECT_TRUE(types.contains("chat.message"));
  EXPECT_TRUE(types.contains("link.up"));
}

TEST(SessionAgent, EndsForEverybody) {
  base::ManualClock clock;
  AgentPair p(clock);
  p.agent.view_joined(ViewId(2));
  p.say(R"({"id":5,"cmd":"wait","for":"never","timeout":"1h"})", ViewId(2));
  p.say(R"({"id":1,"cmd":"close","reason":"done"})");
  EXPECT_NE(p.view(1).find("result", 1), nullptr);
  EXPECT_EQ(p.closed_reason, "done");
  EXPECT_EQ(p.applet_ended, "done");
  EXPECT_NE(p.view(2).find("ended"), nullptr);
  EXPECT_EQ(code_of(p.view(2).find("error", 5)), 7);
  EXPECT_TRUE(p.agent.ended());
  p.say(R"({"id":2,"cmd":"chat","text":"late"})");
  EXPECT_EQ(text_of(*p.view(1).find("error", 2), "error"), "SESSION_OVER");
}

TEST(SessionAgent, SurvivesAnyLine) {
  base::ManualClock clock;
  AgentPair p(clock);
  for (const char* line :
       {"", "{", "null", "\x00\xff", R"({"cmd":"chat"})", R"({"cmd":"pointer","x":99999999999,"y":1})",
        R"({"cmd":"view","display":-1})", R"({"cmd":"record","directory":"/proc/nope"})", R"({"cmd":"unrecord"})"}) {
    const auto before = p.view().all.size();
    p.say(line);
    ASSERT_EQ(p.view().all.size(), before + 1) << line;
    EXPECT_EQ(text_of(p.view().all.back(), "event"), "error") << line;
  }
  for (int i = 0; i < 100; ++i) p.say(R"({"cmd":"wait","for":"never"})");
  EXPECT_EQ(code_of(&p.view().all.back()), 1) << "commands under way are bounded";
}

}  // namespace
}  // namespace rescue::client
