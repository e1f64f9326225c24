// SPDX-License-Identifier: Apache-2.0
#include "applet/core/options.hpp"

#include <fstream>

#include <unistd.h>

#include <gtest/gtest.h>

#include "support/paths.hpp"
#include "support/temp_dir.hpp"

namespace rescue::applet {
namespace {

base::Result<Options> parse(std::vector<std::string> args, Env env = {}) {
  if (!env.environment.contains("HOME")) env.environment["HOME"] = "/home/u";
  return parse_options(args, env);
}
std::string why(std::vector<std::string> args) {
  auto parsed = parse(std::move(args));
  return parsed ? "accepted" : parsed.error().context;
}
const std::string kPin(64, 'a');

TEST(AppletOptions, ReadsTheUsualCall) {
  auto o = parse({"--server", "https://help.example", "--ca-pin", kPin, "--pin", "123 456"}).value();
  EXPECT_EQ(o.server, "https://help.example");
  EXPECT_EQ(o.ca_pin, kPin);
  EXPECT_EQ(o.pin, "123456") << "people read PINs in groups";
  EXPECT_EQ(o.revoke_key, 0xffc9U);
  EXPECT_EQ(o.download_dir, "/home/u/Downloads");
  EXPECT_FALSE(o.headless);
}

TEST(AppletOptions, TakesValuesBehindAnEqualsSign) {
  auto o = parse({"--server=https://h", "--pin=123456", "--revoke-key=Pause", "--seed=0"}).value();
  EXPECT_EQ(o.revoke_key, 0xff13U);
  EXPECT_EQ(parse({"--server=https://h", "--pin=123456", "--revoke-key=none"}).value().revoke_key, 0U);
  EXPECT_EQ(o.key_kind, crypto::KeyKind::p256);
  EXPECT_EQ(parse({"--server=https://h", "--pin=123456", "--profile=aes256-sha"}).value().key_kind,
            crypto::KeyKind::rsa2048);
}

TEST(AppletOptions, ReadsThePinFromAFileOrStandardInput) {
  test::TempDir dir;
  std::ofstream(dir / "pin") << "654321\n";
  EXPECT_EQ(parse({"--server", "https://h", "--pin-file", (dir / "pin").string()}).value().pin, "654321");
  int fds[2];
  ASSERT_EQ(pipe(fds), 0);
  ASSERT_EQ(write(fds[1], "112233\nrest", 11), 11);
  Env env;
  env.in_fd = fds[0];
  EXPECT_EQ(parse({"--server", "https://h", "--pin-stdin"}, env).value().pin, "112233");
  close(fds[0]);
  close(fds[1]);
}

TEST(AppletOptions, ReadsItsOwnFileWhenNoFlagNamesASite) {
  Env env;
  env.own_slot = [] { return base::SecretBytes(base::to_bytes(base::as_bytes("an invite"))); };
  const auto own = parse({"--seed=3"}, env).value();
  ASSERT_TRUE(own.stamped);
  EXPECT_EQ(base::as_text(own.stamped->view()), "an invite");
  EXPECT_EQ(own.stamp_problem, "");
  for (const auto& flags : {std::vector<std::string>{"--server=https://h", "--pin=123456"}, {"--invite=f"}, {"--help"}})
    EXPECT_FALSE(parse(flags, env).value().stamped) << flags.front() << " goes before what the file carries";
  EXPECT_EQ(parse({"--pin=123456"}, env).error().context, "--server URL is missing (or --invite FILE)");
}

TEST(AppletOptions, OfAFileThatCarriesNothingAsksForASite) {
  Env env;
  env.own_slot = [] { return base::fail(base::Errc::not_found, "no session"); };
  EXPECT_EQ(parse({}, env).error().context, "--server URL is missing (or --invite FILE)");
}

TEST(AppletOptions, OfAChangedFileTellsTheUser) {
  Env env;
  env.own_slot = [] { return base::fail(base::Errc::bad_format, "slot: something stands behind its payload"); };
  const auto damaged = parse({}, env).value();
  EXPECT_FALSE(damaged.stamped);
  EXPECT_NE(damaged.stamp_problem.find("download it again"), std::string::npos);
}

TEST(AppletOptions, SaysWhatIsWrong) {
  EXPECT_EQ(why({}), "--server URL is missing (or --invite FILE)");
  EXPECT_EQ(why({"--server", "http://h", "--pin", "123456"}), "--server: the address must begin with https://");
  EXPECT_EQ(why({"--server", "https://h"}), "the PIN is missing: --pin, --pin-file or --pin-stdin");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "123456", "--channel", "c"}),
            "give a PIN or --channel, one of the two");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "123456", "--name", "Eve"}),
            "--name and --problem go with --channel");
  EXPECT_EQ(why({"--channel", "billing"}), "--server URL is missing (or --invite FILE)");
  EXPECT_EQ(why({"--server", "https://h", "--channel", "billing", "--name", "Eve", "--problem", "paper"}), "accepted");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "12345"}), "a PIN has 6 to 12 digits");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "12345x"}), "a PIN has 6 to 12 digits");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "123456", "--pin", "123456"}), "give the PIN once");
  EXPECT_EQ(why({"--pin-file", "/nowhere"}), "cannot read the PIN from '/nowhere'");
  EXPECT_EQ(why({"--bogus"}), "there is no option '--bogus'; --help lists them");
  EXPECT_EQ(why({"--server"}), "--server needs a value");
  EXPECT_EQ(why({"--headless=yes"}), "--headless takes no value");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "123456", "--headless"}), "--headless needs --scenario FILE");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "123456", "--scenario", "x"}),
            "--scenario works with --headless only");
  EXPECT_EQ(why({"--server", "https://h", "--pin", "123456", "--ca", "x", "--ca-pin", kPin}),
            "give either --ca or --ca-pin");
  EXPECT_EQ(why({"--invite", "f", "--pin", "123456"}),
            "--invite says it all: leave --server, --ca, --ca-pin and the PIN away");
  EXPECT_EQ(why({"--profile", "tls1.1"}), "--profile: 'tls1.1' is none of modern, aes256-sha");
  EXPECT_EQ(why({"--seed", "-1"}), "--seed: '-1' is no whole number from 0 on");
  EXPECT_EQ(why({"--revoke-key", "F99"}), "--revoke-key: there is no key 'F99'");
  EXPECT_EQ(why({"--log-level", "loud"}), "--log-level: 'loud' is none of debug, info, warn, error, off");
}

TEST(AppletOptions, FindsTheDownloadFolderAsTheDesktopDoes) {
  test::TempDir dir;
  Env env;
  env.environment = {{"HOME", "/home/u"}, {"XDG_CONFIG_HOME", dir.path().string()}};
  EXPECT_EQ(default_download_dir(env), "/home/u/Downloads");
  std::ofstream(dir / "user-dirs.dirs")
      << "# made by xdg-user-dirs\nXDG_DESKTOP_DIR=\"$HOME/Desktop\"\nXDG_DOWNLOAD_DIR=\"$HOME/Téléchargements\"\n";
  EXPECT_EQ(default_download_dir(env), "/home/u/Téléchargements");
  env.environment["XDG_DOWNLOAD_DIR"] = "/data";
  EXPECT_EQ(default_download_dir(env), "/data");
}

TEST(AppletOptions, SaysAgainAfterARestartWhatTheSessionDoesNotBring) {
  const std::vector<std::string> args = {"--server", "https://a.example", "--pin=123456", "--display",
                                         ":7",       "--download-dir",    "here",         "--revoke-key=none"};
  const auto o = parse_options(args, Env());
  ASSERT_TRUE(o) << o.error().context;
  const std::vector<std::string> again = {
      "--display", ":7", "--download-dir", (std::filesystem::current_path() / "here").string(), "--revoke-key", "none"};
  EXPECT_EQ(o->again, again) << "no PIN, and no path that means another place then";
  auto resumed = again;
  resumed.insert(resumed.end(), {"--resume-after-reboot", "/state"});
  EXPECT_TRUE(parse_options(resumed, Env()));
  resumed.push_back("--pin=123456");
  EXPECT_FALSE(parse_options(resumed, Env()));
}

TEST(AppletOptions, HelpAndManualNameTheSameOptions) {
  std::ifstream in(test::source_dir() / "man" / "rescue-applet.1.scd");
  const std::string manual(std::istreambuf_iterator<char>(in), {});
  ASSERT_FALSE(manual.empty());
  const auto help = help_text();
  for (const auto& flag : flags()) {
    EXPECT_NE(help.find(std::string(flag.name)), std::string::npos) << flag.name;
    EXPECT_NE(manual.find("*" + std::string(flag.name) + "*"), std::string::npos)
        << flag.name << " is not in the manual";
  }
  for (std::size_t at = manual.find("\n*--"); at != std::string::npos; at = manual.find("\n*--", at + 1)) {
    const auto name = manual.substr(at + 2, manual.find('*', at + 2) - at - 2);
    EXPECT_TRUE(std::ranges::any_of(flags(), [&](const auto& f) { return f.name == name; }))
        << name << " is only in the manual";
  }
}

TEST(AppletOptions, KeepsAFileManagerToFoldersThatAreThere) {
  const auto options = parse({"--server=https://h", "--pin=123456", "--file-root", "/usr/../usr", "--file-root=/tmp"});
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->file_roots, (std::vector<std::filesystem::path>{"/usr", "/tmp"}));
  const auto missing = parse({"--server=https://h", "--pin=123456", "--file-root=/no/such/folder"});
  ASSERT_FALSE(missing) << "a folder that is mistyped must not open everything";
  EXPECT_NE(missing.error().context.find("/no/such/folder"), std::string::npos);
}

}  // namespace
}  // namespace rescue::applet
