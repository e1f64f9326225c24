// SPDX-License-Identifier: Apache-2.0
// rescue-media: in-process through x_main, and the real program, which confines itself.
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <sstream>

#include "cmd/rescue-media/sandbox.hpp"
#include "cmd/rescue-media/x_main.hpp"
#include "movie.hpp"
#include "support/paths.hpp"

namespace rescue::media_program {
namespace {
using namespace media::movie;

struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
};

Outcome run(std::vector<std::string> args) {
  std::ostringstream out;
  std::ostringstream err;
  Env env{out, err, false, {}};
  args.insert(args.begin(), "rescue-media");
  const int code = x_main(args, env);
  return {code, out.str(), err.str()};
}

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    Movie m((dir / "in.rcrec").string(), {64, 48});
    m.frame.fill({0, 0, 32, 48}, 0xabcdef);
    m.shoot(milliseconds(0));
    m.end(milliseconds(1000));
  }
  std::string file(const char* name) const { return (dir / name).string(); }
  test::TempDir dir;
};

TEST_F(ProgramTest, ConvertsAndReportsAsJson) {
  const Outcome r =
      run({"convert", file("in.rcrec"), "-o", file("out.avi"), "--fps", "10", "--codec", "zmbv", "--progress", "json"});
  EXPECT_EQ(r.code, 0) << r.err;
  const auto result = boost::json::parse(r.out).as_object();
  EXPECT_EQ(result.at("frames").as_int64(), 10);
  EXPECT_EQ(result.at("width").as_int64(), 64);
  EXPECT_EQ(result.at("codec").as_string(), "zmbv");
  EXPECT_FALSE(result.at("partial").as_bool());
  std::istringstream lines(r.err);
  std::string line;
  std::string last;
  while (std::getline(lines, line)) last = line;
  const auto progress = boost::json::parse(last).as_object();
  EXPECT_EQ(progress.at("event").as_string(), "progress");
  EXPECT_EQ(progress.at("frames").as_int64(), 10);
  EXPECT_EQ(progress.at("total").as_int64(), 10);
}

TEST_F(ProgramTest, ErrorsAreOneJsonObjectWithTheDocumentedExitCode) {
  const auto fails = [](const std::vector<std::string>& args, int code, const char* name) {
    const Outcome r = run(args);
    EXPECT_EQ(r.code, code);
    EXPECT_TRUE(r.out.empty());
    const auto e = boost::json::parse(r.err).as_object();
    EXPECT_EQ(e.at("error").as_string(), name) << r.err;
    EXPECT_EQ(e.at("code").as_int64(), code);
  };
  fails({}, 2, "INVALID_ARGUMENT");
  fails({"convert"}, 2, "INVALID_ARGUMENT");
  fails({"convert", file("in.rcrec"), "-o", file("x.mov")}, 2, "INVALID_ARGUMENT");
  fails({"convert", file("in.rcrec"), "-o", file("x.avi"), "--fps", "1000"}, 2, "INVALID_ARGUMENT");
  fails({"convert", file("no.rcrec"), "-o", file("x.avi")}, 6, "NOT_FOUND");
  std::ofstream(file("x.avi")) << "x";
  fails({"convert", file("in.rcrec"), "-o", file("x.avi")}, 7, "CONFLICT");
  EXPECT_EQ(run({"--help"}).code, 0);
}

TEST_F(ProgramTest, DamageGivesExitCodeThree) {
  std::fstream f(file("in.rcrec"), std::ios::in | std::ios::out | std::ios::binary);
  f.seekp(-2, std::ios::end);
  f.put('X');
  f.close();
  const Outcome r = run({"convert", file("in.rcrec"), "-o", file("out.avi")});
  EXPECT_EQ(r.code, 3) << r.err;
  const auto result = boost::json::parse(r.out).as_object();
  EXPECT_TRUE(result.at("partial").as_bool());
  EXPECT_GT(result.at("gaps").at(0).at("offset").to_number<int>(), 0);
}

/// All words that look like a long option.
std::set<std::string> long_options(const std::string& text) {
  std::set<std::string> out;
  for (std::size_t at = text.find("--"); at != std::string::npos; at = text.find("--", at + 2)) {
    std::size_t end = at + 2;
    while (end < text.size() && (std::islower(static_cast<unsigned char>(text[end])) != 0 || text[end] == '-')) ++end;
    if (end > at + 2) out.insert(text.substr(at, end - at));
  }
  return out;
}

TEST_F(ProgramTest, HelpAndManPageNameTheSameOptions) {
  const Outcome help = run({"convert", "--help"});
  EXPECT_EQ(help.code, 0);
  std::ifstream man(test::source_dir() / "man/rescue-media.1.scd");
  const std::string page((std::istreambuf_iterator<char>(man)), std::istreambuf_iterator<char>());
  EXPECT_EQ(long_options(help.out), long_options(page));
}

TEST_F(ProgramTest, TheRealProgramConvertsConfined) {
  const std::string program = (test::binary_dir() / "bin/rescue-media").string();
  for (const char* name : {"out.avi", "out.mp4", "out.webm"}) {
    const auto result = boost::json::parse(output_of(program + " convert --sidecars --overwrite '" + file("in.rcrec") +
                                                     "' -o '" + file(name) + "'"))
                            .as_object();
    EXPECT_EQ(result.at("frames").as_int64(), 15);
    const auto& layers = result.at("confined_by").as_array();
    EXPECT_NE(std::find(layers.begin(), layers.end(), boost::json::value("seccomp")), layers.end());
    EXPECT_EQ(probe(file(name)).frames, 15);
  }
}

TEST_F(ProgramTest, TheRealProgramImportsConfined) {
  const std::string program = (test::binary_dir() / "bin/rescue-media").string();
  ASSERT_EQ(run({"convert", file("in.rcrec"), "-o", file("in.mkv"), "--codec", "ffv1"}).code, 0);
  const auto result =
      boost::json::parse(output_of(program + " import '" + file("in.mkv") + "' -o '" + file("out.rcrec") + "'"))
          .as_object();
  EXPECT_EQ(result.at("frames").as_int64(), 15);
  EXPECT_EQ(result.at("changed").as_int64(), 1);
  EXPECT_EQ(result.at("codec").as_string(), "ffv1");
  EXPECT_FALSE(result.at("partial").as_bool());
  const auto& layers = result.at("confined_by").as_array();
  EXPECT_NE(std::find(layers.begin(), layers.end(), boost::json::value("seccomp")), layers.end());
  const Outcome again = run({"import", file("in.mkv"), "-o", file("out.rcrec")});
  EXPECT_EQ(again.code, 7) << again.err;
  EXPECT_EQ(run({"import", file("in.mkv")}).code, 2);
}

TEST_F(ProgramTest, FlagsThatMakeNoSenseAreRefused) {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--fps", "0"},
                                                {"--fps", "61"},
                                                {"--fps", "15x"},
                                                {"--fps", "vfr"},
                                                {"--from", "10"},
                                                {"--from", "2s"},
                                                {"--to", "x"},
                                                {"--size", "100"},
                                                {"--size", "0x10"},
                                                {"--size", "10x10x"},
                                                {"--size", "99999x10"},
                                                {"--codec", "vp9"}}) {
    std::vector<std::string> args{"convert", file("in.rcrec"), "-o", file("x.avi")};
    args.insert(args.end(), flags.begin(), flags.end());
    const Outcome r = run(args);
    EXPECT_EQ(r.code, 2) << flags[0] << ' ' << flags[1] << ": " << r.err;
  }
  EXPECT_FALSE(std::filesystem::exists(file("x.avi")));
  const Outcome r = run({"convert", file("in.rcrec"), "-o", file("x.mkv"), "--fps", "vfr", "--from", "500ms", "--to",
                         "2s", "--size", "32x48"});
  ASSERT_EQ(r.code, 0) << r.err;
  const auto result = boost::json::parse(r.out).as_object();
  EXPECT_EQ(result.at("width").as_int64(), 32);
  EXPECT_EQ(result.at("fps").as_int64(), 0);
  EXPECT_EQ(result.at("duration_us").as_int64(), 500'000);
}

TEST_F(ProgramTest, AConfinedProcessReachesNothingElse) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto layers = confine({file("in.rcrec")}, dir.path().string());
    if (!layers) ::_exit(1);
    if (::socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM) ::_exit(2);
    if (::execl("/bin/true", "true", nullptr) != -1) ::_exit(3);
    std::ofstream inside(file("inside"));
    inside << "x" << std::flush;
    if (!inside) ::_exit(4);
    const bool files_limited = std::ranges::find(*layers, "landlock") != layers->end();
    if (files_limited && std::ofstream("/tmp/rescue-media-outside")) ::_exit(5);
    if (files_limited && std::ifstream("/etc/passwd")) ::_exit(6);
    if (!std::ifstream(file("in.rcrec"))) ::_exit(7);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace rescue::media_program
