// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "program_env.hpp"
#include "rcrec/reader.hpp"
#include "rcrec/writer.hpp"
#include "screen/codec.hpp"
#include "screen/png.hpp"

namespace rescue::program {
namespace {

using namespace std::chrono_literals;
using test::Person;

/// Two seconds: a blue picture, a red one after a second, a line of chat and an event.
std::string record(const std::filesystem::path& path, std::vector<crypto::X25519Public> recipients = {}) {
  rcrec::RecordingStart start;
  start.recipients = std::move(recipients);
  start.session = base::Guid::parse(test::kId).value();
  start.head = {{"codec", {{"id", "tiles"}, {"version", 1}}}, {"software", "test"}};
  auto writer =
      rcrec::Writer::create(rcrec::create_file_sink(path.string()).value(), start, base::system_random()).value();
  screen::Encoder encoder;
  auto frame = screen::Frame::create({32, 16}).value();
  for (int second = 0; second < 2; ++second) {
    frame.fill({0, 0, 32, 16}, second == 0 ? 0x0000ff : 0xff0000);
    const auto packet = encoder.encode(frame).value().value();
    EXPECT_TRUE(writer.video(packet.bytes, packet.info.keyframe, second * 1s));
  }
  EXPECT_TRUE(writer.chat("customer", "help\x1b[2J me", 1500ms));
  EXPECT_TRUE(writer.event("control.started", {{"by", "ada"}}, 1600ms));
  EXPECT_TRUE(writer.finish(2s));
  return path.string();
}

std::string slurp(const std::filesystem::path& p) {
  std::ifstream in(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(RecordingCommands, InspectAndVerify) {
  Person p;
  const auto file = record(p.home / "a.rcrec");
  const auto info = p.run({"recording", "info", "a.rcrec", "-o", "json"}).json();
  EXPECT_EQ(info.at("session").as_string(), test::kId);
  EXPECT_EQ(info.at("duration_us").as_int64(), 2'000'000);
  EXPECT_EQ(info.at("frames").as_int64(), 2);
  EXPECT_TRUE(info.at("finished").as_bool());
  EXPECT_EQ(info.at("exact_share").as_double(), 1.0);
  EXPECT_EQ(info.at("exact_time_share").as_double(), 1.0);
  EXPECT_FALSE(info.at("encrypted").as_bool());
  EXPECT_EQ(info.at("displays").at(0).at("width").as_int64(), 32);
  EXPECT_EQ(info.at("displays").as_array().size(), 1U);
  const auto& kinds = info.at("kinds").as_object();
  std::int64_t counted = 64;  // the file's header
  for (const auto& kind : kinds) counted += kind.value().at("bytes").as_int64();
  EXPECT_EQ(counted, info.at("bytes").as_int64()) << "each byte is of one kind";
  EXPECT_EQ(kinds.at("chat").at("bytes_per_minute").as_int64(), kinds.at("chat").at("bytes").as_int64() * 30);
  const auto good = p.run({"recording", "verify", file, "-o", "json"});
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.json().at("verdict").as_string(), "intact");

  auto bytes = slurp(file);
  std::ofstream(p.home / "cut.rcrec", std::ios::binary) << bytes.substr(0, bytes.size() - 30);
  EXPECT_EQ(p.run("recording verify cut.rcrec").code, 3);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x40);
  std::ofstream(p.home / "bad.rcrec", std::ios::binary) << bytes;
  const auto bad = p.run("recording verify bad.rcrec -o json");
  EXPECT_EQ(bad.code, 10);
  EXPECT_FALSE(bad.json().at("first_bad").is_null());
  EXPECT_EQ(p.run({"recording", "verify", file, "bad.rcrec", "cut.rcrec", "-o", "json"}).json().as_array().size(), 3U);
  EXPECT_EQ(p.run("recording verify nowhere.rcrec").code, 6);
  std::ofstream(p.home / "text.rcrec") << "no recording";
  EXPECT_EQ(p.run("recording info text.rcrec").code, 1);
}

TEST(RecordingCommands, EncryptedOnesOpenWithTheKeyOfARecipientAlone) {
  Person p;
  const auto made = p.run("recording keygen -o auditor.key --output json");
  ASSERT_EQ(made.code, 0) << made.err;
  const auto id = std::string(made.json().at("key_id").as_string());
  ASSERT_EQ(p.run("recording keygen -o stranger.key").code, 0);
  EXPECT_EQ(p.run("recording keygen -o auditor.key").code, 7) << "keys are never replaced";
  EXPECT_EQ(std::filesystem::status(p.home / "auditor.key").permissions(), std::filesystem::perms(0600));
  const auto file = record(p.home / "a.rcrec", {crypto::X25519Public::load(p.home / "auditor.key.pub").value()});

  const auto locked = p.run({"recording", "info", file, "-o", "json"});
  EXPECT_EQ(locked.code, 0) << locked.err;
  EXPECT_TRUE(locked.json().at("encrypted").as_bool());
  EXPECT_EQ(locked.json().at("content").as_string(), "not read: encrypted");
  EXPECT_EQ(locked.json().at("recipients").at(0).as_string(), id);
  EXPECT_EQ(locked.json().at("duration_us").as_int64(), 2'000'000);
  EXPECT_TRUE(locked.json().at("head").as_object().empty());
  const auto structure = p.run({"recording", "verify", file});
  EXPECT_EQ(structure.code, 0) << structure.err;
  EXPECT_NE(structure.out.find("not read: encrypted"), std::string::npos) << structure.out;

  const auto opened = p.run({"recording", "info", file, "--key", "auditor.key", "-o", "json"}).json();
  EXPECT_EQ(opened.at("content").as_string(), "read");
  EXPECT_EQ(opened.at("frames").as_int64(), 2);
  EXPECT_EQ(opened.at("exact_share").as_double(), 1.0);
  EXPECT_EQ(opened.at("head").at("software").as_string(), "test");
  EXPECT_EQ(p.run({"recording", "verify", file, "--key", "stranger.key", "--key", "auditor.key"}).code, 0);
  EXPECT_EQ(p.run({"recording", "events", file, "--key", "auditor.key", "-o", "json"}).json().as_array().size(), 2U);
  EXPECT_EQ(p.run({"recording", "frames", file, "--at", "1s", "-o", "pictures", "--key", "auditor.key"}).code, 0);

  for (const auto& wrong :
       {p.run({"recording", "events", file}), p.run({"recording", "frames", file, "--at", "1s", "-o", "pictures"}),
        p.run({"recording", "verify", file, "--key", "stranger.key"})}) {
    EXPECT_EQ(wrong.code, 5);
    EXPECT_NE(wrong.err.find(id), std::string::npos) << "the message names the key that opens it: " << wrong.err;
  }
  std::filesystem::permissions(p.home / "auditor.key", std::filesystem::perms(0644));
  EXPECT_EQ(p.run({"recording", "verify", file, "--key", "auditor.key"}).code, 1) << "a key that others may read";
}

TEST(RecordingCommands, RepairMakesAWholeCopy) {
  Person p;
  const auto bytes = slurp(record(p.home / "a.rcrec"));
  std::ofstream(p.home / "cut.rcrec", std::ios::binary) << bytes.substr(0, bytes.size() - 30);
  const auto r = p.run("recording repair cut.rcrec -o whole.rcrec --output json");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.json().at("path").as_string(), (p.home / "whole.rcrec").string());
  EXPECT_EQ(p.run("recording verify whole.rcrec").code, 0);
  EXPECT_EQ(p.run("recording repair cut.rcrec -o whole.rcrec").code, 7) << "nothing is replaced";
}

TEST(RecordingCommands, FramesShowThePictureOfAMoment) {
  Person p;
  record(p.home / "a.rcrec");
  const auto r = p.run("recording frames a.rcrec -o shots --at 500ms --at 1500ms --output jsonl");
  ASSERT_EQ(r.code, 0) << r.err;
  std::istringstream lines(r.out);
  std::vector<std::uint32_t> colours;
  for (std::string line; std::getline(lines, line);) {
    const auto png = slurp(std::string(boost::json::parse(line).at("path").as_string()));
    colours.push_back(screen::from_png(base::as_bytes(png)).value().row(3)[3]);
  }
  EXPECT_EQ(colours, (std::vector<std::uint32_t>{0x0000ff, 0xff0000}));
  EXPECT_EQ(p.run("recording frames a.rcrec -o shots").code, 2);
}

TEST(RecordingCommands, FramesFarApartAreThoseOfTheirTimes) {
  Person p;
  rcrec::RecordingStart start;
  start.session = base::Guid::parse(test::kId).value();
  auto writer = rcrec::Writer::create(rcrec::create_file_sink((p.home / "long.rcrec").string()).value(), start,
                                      base::system_random())
                    .value();
  screen::Encoder encoder;
  auto frame = screen::Frame::create({32, 16}).value();
  for (int minute = 0; minute < 60; ++minute) {
    frame.fill({0, 0, 32, 16}, static_cast<screen::Pixel>(0x010203 * (minute + 1)));
    const std::chrono::minutes t(minute);
    const auto packet = encoder.encode(frame, nullptr, writer.checkpoint_due(t)).value().value();
    EXPECT_TRUE(writer.video(packet.bytes, packet.info.keyframe, t));
  }
  EXPECT_TRUE(writer.finish(1h));
  const auto r = p.run("recording frames long.rcrec -o shots --at 58m --at 3m --at 3595s --at 31m --output jsonl");
  ASSERT_EQ(r.code, 0) << r.err;
  std::istringstream lines(r.out);
  std::vector<std::uint32_t> colours;
  for (std::string line; std::getline(lines, line);) {
    const auto png = slurp(std::string(boost::json::parse(line).at("path").as_string()));
    colours.push_back(screen::from_png(base::as_bytes(png)).value().row(3)[3]);
  }
  EXPECT_EQ(colours, (std::vector<std::uint32_t>{0x010203 * 4, 0x010203 * 32, 0x010203 * 59, 0x010203 * 60}));
  EXPECT_EQ(p.run("recording frames long.rcrec -o shots --at 2h").code, 6);

  // The checkpoint before 31 min is damaged: the picture of 3 min must not stand for it.
  auto reader = rcrec::ChunkReader::open((p.home / "long.rcrec").string()).value();
  std::uint64_t damaged = 0;
  for (auto peek = reader.peek_next().value(); peek && peek->header.t0 <= 31min; peek = reader.peek_next().value())
    if (peek->header.type == static_cast<std::uint8_t>(rcrec::ChunkType::ckpt)) damaged = peek->offset;
  ASSERT_GT(damaged, 0U);
  auto bytes = slurp(p.home / "long.rcrec");
  bytes[damaged + rcrec::kChunkHeaderBytes + 9] ^= 0x20;
  std::ofstream(p.home / "bad.rcrec", std::ios::binary) << bytes;
  const auto bad = p.run("recording frames bad.rcrec -o bad --at 3m --at 31m --output name");
  EXPECT_EQ(bad.code, 0) << bad.err;
  EXPECT_NE(bad.out.find("frame-0000180000ms.png"), std::string::npos) << bad.out;
  EXPECT_EQ(bad.out.find("frame-0001860000ms.png"), std::string::npos) << bad.out;
}

TEST(RecordingCommands, EventsListChatAndEvents) {
  Person p;
  record(p.home / "a.rcrec");
  const auto r = p.run("recording events a.rcrec -o json").json().as_array();
  ASSERT_EQ(r.size(), 2U);
  EXPECT_EQ(r[0].at("type").as_string(), "chat");
  EXPECT_EQ(r[0].at("time_us").as_int64(), 1'500'000);
  EXPECT_EQ(r[1].at("type").as_string(), "control.started");
}

/// A helper that does what it is told by its first argument's name.
void make_helper(Person& p, const std::string& script) {
  const auto dir = p.home.path() / "libexec";
  std::filesystem::create_directories(dir);
  std::ofstream(dir / "rescue-media") << "#!/bin/sh\n" << script;
  std::filesystem::permissions(dir / "rescue-media", std::filesystem::perms::owner_all);
  p.self = dir / "rescue";
  p.variables["PATH"] = "/usr/bin:/bin";
}

TEST(RecordingConvert, RunsTheHelperAndShowsItsResult) {
  Person p;
  make_helper(p, "echo \"$@\" > " + (p.home / "args").string() +
                     "\necho '{\"event\":\"progress\",\"frames\":1,\"total\":2}' >&2\n"
                     "echo '{\"path\":\"x.avi\",\"frames\":2,\"duration_us\":2000000,\"partial\":false}'\n");
  const auto r = p.run(
      "recording convert a.rcrec b.rcrec -o out.avi --fps 20 --codec zmbv --overlay chat,clock --subtitles beside "
      "--jobs 3 "
      "--force --output json");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.json().at("frames").as_int64(), 2);
  EXPECT_EQ(slurp(p.home / "args"), "convert -o " + (p.home / "out.avi").string() +
                                        " --fps 20 --progress json --jobs 3 --codec zmbv --overlay chat,clock"
                                        " --subtitles beside --overwrite -- " +
                                        (p.home / "a.rcrec").string() + " " + (p.home / "b.rcrec").string() + "\n");
  std::filesystem::create_directory(p.home / "videos");
  EXPECT_EQ(p.run("recording convert a.rcrec b.rcrec -o videos --output jsonl").code, 0);
  EXPECT_NE(slurp(p.home / "args").find("videos/b.avi"), std::string::npos);
}

TEST(RecordingConvert, AFolderIsConvertedWholeEvenWhereOneFails) {
  Person p;
  // Fails for the one that is called bad, and says that parts are missing in the one that is called torn.
  make_helper(
      p,
      "for last; do :; done\n"
      "echo \"$@\" >> " +
          (p.home / "args").string() +
          "\n"
          "case \"$last\" in\n"
          "*bad.rcrec) echo '{\"error\":\"BAD_FORMAT\",\"code\":1,\"message\":\"no picture\"}' >&2; exit 1;;\n"
          "*torn.rcrec) echo '{\"path\":\"t.avi\",\"partial\":true,\"gaps\":[{\"path\":\"torn.rcrec\",\"offset\":77,"
          "\"what\":\"a hole\"}]}'; exit 3;;\n"
          "*) echo '{\"path\":\"x.avi\",\"partial\":false,\"bytes\":1500,\"duration_us\":60000000}';;\nesac\n");
  std::filesystem::create_directories(p.home / "archive" / "2026");
  for (const char* name : {"a.rcrec", "bad.rcrec", "2026/b.rcrec", "notes.txt"})
    std::ofstream(p.home / "archive" / name) << "x";
  const auto r = p.run("recording convert archive -o videos --jobs 2 --output jsonl");
  EXPECT_EQ(r.code, 3) << r.err;
  std::istringstream lines(r.out);
  std::vector<boost::json::object> rows;
  for (std::string line; std::getline(lines, line);) rows.push_back(boost::json::parse(line).as_object());
  ASSERT_EQ(rows.size(), 4U) << r.out;
  const auto& summary = rows[3].at("summary").as_object();
  EXPECT_EQ(summary.at("done").to_number<int>(), 2);
  EXPECT_EQ(summary.at("partial").to_number<int>(), 0);
  EXPECT_EQ(summary.at("failed").to_number<int>(), 1);
  EXPECT_EQ(summary.at("bytes_in").to_number<int>(), 2) << "of those that were converted";
  EXPECT_EQ(summary.at("bytes_out").to_number<int>(), 3000);
  EXPECT_EQ(summary.at("duration_us").to_number<int>(), 120'000'000);
  EXPECT_GT(summary.at("times_real_time").to_number<double>(), 0);
  EXPECT_FALSE(rows[0].contains("error")) << "2026/b comes first";
  EXPECT_EQ(rows[2].at("error").as_string(), "BAD_FORMAT");
  EXPECT_EQ(rows[2].at("input").as_string(), (p.home / "archive/bad.rcrec").string());
  EXPECT_NE(slurp(p.home / "args").find("videos/2026/b.avi"), std::string::npos) << slurp(p.home / "args");

  std::ofstream(p.home / "archive" / "torn.rcrec") << "x";
  const auto told = p.run("recording convert archive/torn.rcrec archive/a.rcrec -o videos/ --output table");
  EXPECT_EQ(told.code, 3);
  EXPECT_NE(told.err.find("1 done, 1 partial, 0 failed; 2 B -> 1.5 kB; 1:00 of recordings in "), std::string::npos)
      << told.err;
  EXPECT_NE(told.err.find("torn.rcrec' at offset 77: a hole"), std::string::npos) << told.err;
  const auto all_bad = p.run("recording convert archive/bad.rcrec -o videos/ --output json");
  EXPECT_EQ(all_bad.code, 1);
  EXPECT_EQ(all_bad.error().at("error").as_string(), "BAD_FORMAT");

  EXPECT_EQ(p.run("recording convert archive/a.rcrec archive archive/2026 -o videos").code, 2) << "a.avi twice";
  std::filesystem::create_directory(p.home / "empty");
  EXPECT_EQ(p.run("recording convert empty -o videos").code, 6);
  EXPECT_EQ(p.run("recording convert archive -o videos --jobs 0").code, 2);
}

TEST(RecordingConvert, NamesOfVideosInAFolderFollowTheFlags) {
  Person p;
  make_helper(p, "echo \"$@\" > " + (p.home / "args").string() + "\necho '{\"path\":\"x\",\"partial\":false}'\n");
  EXPECT_EQ(p.run("recording convert a.rcrec -o videos/ --codec vp9 --from 10s --to 1m --size 640x480 --jobs 2").code,
            0);
  EXPECT_NE(slurp(p.home / "args")
                .find("videos/a.webm --fps 15 --progress json --jobs 2 --codec vp9 --from 10s --to 1m --size 640x480"),
            std::string::npos)
      << slurp(p.home / "args");
  EXPECT_EQ(p.run("recording convert a.rcrec -o videos/ --fps vfr").code, 0);
  EXPECT_NE(slurp(p.home / "args").find("videos/a.mkv --fps vfr"), std::string::npos) << slurp(p.home / "args");
}

TEST(RecordingConvert, WhatWasInterruptedGoesOn) {
  Person p;
  make_helper(p, "echo x >> " + (p.home / "runs").string() + "\necho '{\"path\":\"x\",\"partial\":false}'\n");
  std::filesystem::create_directories(p.home / "archive");
  for (const char* name : {"a.rcrec", "b.rcrec", "c.rcrec"}) std::ofstream(p.home / "archive" / name) << "x";
  std::filesystem::create_directories(p.home / "videos");
  std::ofstream(p.home / "videos" / "b.avi") << "there";
  const auto r = p.run("recording convert archive -o videos --skip-existing --output jsonl");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(slurp(p.home / "runs"), "x\nx\n");
  const auto summary = boost::json::parse(r.out.substr(r.out.rfind('\n', r.out.size() - 2) + 1)).at("summary");
  EXPECT_EQ(summary.at("done").to_number<int>(), 2);
  EXPECT_EQ(summary.at("skipped").to_number<int>(), 1);
}

TEST(RecordingConvert, AThousandRecordingsAreOneTable) {
  Person p;
  make_helper(p, "echo '{\"path\":\"x\",\"partial\":false}'\n");
  std::filesystem::create_directories(p.home / "archive");
  for (int i = 0; i < 1000; ++i) std::ofstream(p.home / "archive" / (std::to_string(i) + ".rcrec")) << "x";
  const auto r = p.run("recording convert archive -o videos --jobs 8 --output name");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(std::ranges::count(r.out, '\n'), 1000);
  EXPECT_NE(r.err.find("1000 done, 0 partial, 0 failed"), std::string::npos) << r.err;
}

/// A player that keeps what it gets, and its arguments; ends with `code`.
void make_player(Person& p, const std::string& name, int code = 0) {
  const auto path = p.home / "players" / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << "#!/bin/sh\necho \"$@\" > " << (p.home / "played").string() << "\n/bin/cat > "
                      << (p.home / "video").string() << "\nexit " << code << "\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  p.variables["PATH"] = path.parent_path().string();
}

TEST(RecordingPlay, PipesTheVideoToAPlayer) {
  Person p;
  make_helper(p, "echo \"$@\" > " + (p.home / "args").string() + "\necho film\necho '{\"path\":\"-\"}' >&2\n");
  make_player(p, "ffplay");
  auto r = p.run("recording play a.rcrec b.rcrec --from 2m --speed 2 --overlay clock");
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(slurp(p.home / "args"), "convert -o - --fps 30 --subtitles inside --from 2m --overlay clock -- " +
                                        (p.home / "a.rcrec").string() + " " + (p.home / "b.rcrec").string() + "\n");
  EXPECT_EQ(slurp(p.home / "video"), "film\n");
  EXPECT_EQ(slurp(p.home / "played"), "-v error -autoexit -window_title a.rcrec -vf setpts=PTS/2 -i pipe:0\n");

  make_player(p, "mpv");  // is taken first
  p.variables["DISPLAY"] = ":1";
  EXPECT_EQ(p.run("recording play a.rcrec").code, 0);
  EXPECT_EQ(slurp(p.home / "played"), "--title=a.rcrec --speed=1 --cache=yes --demuxer-seekable-cache=yes -\n");
  p.variables.erase("DISPLAY");
  EXPECT_EQ(p.run("recording play a.rcrec --speed 0.5").code, 0);
  EXPECT_NE(slurp(p.home / "played").find("--speed=0.5 "), std::string::npos);
  EXPECT_NE(slurp(p.home / "played").find("--vo=tct -"), std::string::npos) << "on a console";
  make_player(p, "other");
  EXPECT_EQ(p.run("recording play a.rcrec --player other").code, 0);
  EXPECT_EQ(slurp(p.home / "played"), "-\n");
  EXPECT_EQ(p.run("recording play a.rcrec --player other --speed 2").code, 2);
}

TEST(RecordingPlay, TellsWhatIsWrong) {
  Person p;
  make_helper(
      p, "echo '{\"error\":\"RECORDING_KEY_NEEDED\",\"code\":5,\"message\":\"a.rcrec: encrypted\"}' >&2\nexit 5\n");
  p.variables["PATH"] = "/nowhere";
  auto r = p.run("recording play a.rcrec");
  EXPECT_EQ(r.code, 6);
  EXPECT_NE(r.err.find("mpv, ffplay or vlc"), std::string::npos) << r.err;
  EXPECT_NE(r.err.find("recording convert"), std::string::npos) << "names another way: " << r.err;
  EXPECT_EQ(p.run("recording play a.rcrec --player none").code, 6);
  for (const char* speed : {"0", "-1", "x", "1000", "nan"})
    EXPECT_EQ(p.run(std::string("recording play a.rcrec --speed ") + speed).code, 2) << speed;
  make_player(p, "mpv");
  r = p.run("recording play a.rcrec");
  EXPECT_NE(r.err.find("a.rcrec: encrypted"), std::string::npos) << r.err;
  EXPECT_FALSE(std::filesystem::exists(p.home / "played")) << "no player opens for nothing";
  make_helper(p,
              "echo '{\"error\":\"FILE_EXPOSED\",\"code\":1,\"message\":\"a.key: others may read this secret file; "
              "chmod 600\"}' "
              ">&2\nexit 1\n");
  r = p.run("recording play a.rcrec --key a.key");
  EXPECT_NE(r.err.find("a.key: others may read this secret file; chmod 600\n"), std::string::npos) << r.err;
  EXPECT_EQ(r.err.find("library"), std::string::npos)
      << "what is wrong with a key is no fault of the program: " << r.err;
  make_helper(p, "echo film\necho '{\"path\":\"-\"}' >&2\n");
  make_player(p, "mpv", 4);
  r = p.run("recording play a.rcrec");
  EXPECT_EQ(r.code, 1);
  EXPECT_NE(r.err.find("ended with code 4"), std::string::npos) << r.err;
  make_helper(p,
              "echo film\necho '{\"path\":\"-\",\"gaps\":[{\"path\":\"a.rcrec\",\"offset\":9,\"what\":\"hole\"}]}' "
              ">&2\nexit 3\n");
  make_player(p, "mpv");
  r = p.run("recording play a.rcrec --output table");
  EXPECT_EQ(r.code, 3);
  EXPECT_NE(r.err.find("at offset 9: hole"), std::string::npos) << r.err;
  make_helper(p, "echo film\necho '{\"error\":\"CLOSED\",\"code\":1,\"message\":\"gone\"}' >&2\nexit 1\n");
  make_player(p, "mpv");
  EXPECT_EQ(p.run("recording play a.rcrec").code, 0) << "who closes the player has seen enough";
}

TEST(RecordingImport, RunsTheHelperAndTellsDamage) {
  Person p;
  make_helper(p,
              "echo \"$@\" > " + (p.home / "args").string() +
                  "\necho '{\"path\":\"o.rcrec\",\"frames\":20,\"changed\":3,\"duration_us\":2000000,\"partial\":true,"
                  "\"damage\":\"after frame 9\"}'\nexit 3\n");
  const auto r = p.run("recording import old.avi -o o.rcrec --output table");
  EXPECT_EQ(r.code, 3);
  EXPECT_EQ(slurp(p.home / "args"), "import -o " + (p.home / "o.rcrec").string() + " --progress json -- " +
                                        (p.home / "old.avi").string() + "\n");
  EXPECT_NE(r.out.find("2.000000"), std::string::npos) << r.out;
  EXPECT_NE(r.err.find("after frame 9"), std::string::npos) << r.err;
}

TEST(RecordingConvert, TellsItsErrorsAndCrashes) {
  Person p;
  make_helper(p,
              "echo '{\"error\":\"NO_SPACE\",\"code\":1,\"message\":\"write x.avi: no space left on the "
              "disk\",\"retryable\":true}' >&2\nexit 1\n");
  auto r = p.run("recording convert a.rcrec -o out.avi --output json");
  EXPECT_EQ(r.code, 1);
  EXPECT_EQ(r.error().at("error").as_string(), "NO_SPACE");
  make_helper(p, "echo 'Segmentation fault' >&2\nkill -9 $$\n");
  r = p.run("recording convert a.rcrec -o out.avi");
  EXPECT_EQ(r.code, 1);
  EXPECT_NE(r.err.find("Segmentation fault"), std::string::npos) << r.err;
  make_helper(p, "echo '{\"path\":\"x.avi\",\"partial\":true}'\nexit 3\n");
  EXPECT_EQ(p.run("recording convert a.rcrec -o out.avi").code, 3);
  p.self = p.home / "nothing" / "rescue";
  p.variables["PATH"] = "/nowhere";
  EXPECT_EQ(p.run("recording convert a.rcrec -o out.avi").code, 6);
}

}  // namespace
}  // namespace rescue::program
