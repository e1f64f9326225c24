// SPDX-License-Identifier: Apache-2.0
#include "applet/core/options.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include <unistd.h>

#include <fmt/format.h>

namespace rescue::applet {
namespace {
constexpr desktop::Keysym kDefaultRevokeKey = 0xffc9;  // F12: on every keyboard, seldom needed by programs
constexpr std::size_t kPinBytesMax = 64;               // digits and the newline behind them

constexpr Flag kFlags[] = {
    {"--server", "URL", "the site that the technician named"},
    {"--ca-pin", "SHA256", "trust the site whose certificate authority has this key, 64 hex digits"},
    {"--ca", "FILE", "trust the certificate authorities in this PEM file; without --ca and --ca-pin the system's"},
    {"--pin", "DIGITS", "the PIN that the technician told you"},
    {"--pin-file", "FILE", "read the PIN from this file"},
    {"--pin-stdin", "", "read the PIN from standard input"},
    {"--channel", "NAME", "instead of a PIN: ask whoever works in this channel for help"},
    {"--name", "NAME", "with --channel: who asks"},
    {"--problem", "TEXT", "with --channel: what is wrong"},
    {"--invite", "FILE", "an invite file from the site instead of --server and a PIN"},
    {"--download-dir", "DIR", "where received files go; else the desktop's download folder"},
    {"--offer-file", "FILE", "answer every request for a file with this one instead of asking"},
    {"--file-root", "DIR", "let a file manager go nowhere but below this folder; may be given again"},
    {"--display", "NAME", "the X display to show and to be helped on; else $DISPLAY"},
    {"--revoke-key", "KEY", "the key that takes everything back at once, or none (default F12)"},
    {"--headless", "", "no window: a scripted user at a synthetic desktop, for test harnesses"},
    {"--scenario", "FILE", "with --headless: what the user does, as JSON"},
    {"--seed", "N", "with --headless: makes the desktop and its files the same each time (default 1)"},
    {"--profile", "NAME",
     "modern (default); aes256-sha also lets the technician choose TLS 1.2 without forward secrecy"},
    {"--machine-log", "FILE", "keep this machine's own log in this file instead of the system's journal"},
    {"--resume-after-reboot", "FILE",
     "go on with a session from before a restart of this computer; the applet arranges this itself, once"},
    {"--log-level", "LEVEL", "debug, info, warn, error or off (default info); lines go to standard error"},
    {"--version", "", "print the version and end"},
    {"--help", "", "print this and end"},
};

std::unexpected<base::Error> usage(std::string text) {
  return base::fail(base::Errc::invalid_argument, std::move(text));
}

base::Result<std::string> trim_pin(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  // People read PINs in groups.
  std::erase_if(text, [](char c) { return c == ' ' || c == '-'; });
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || text.size() < 6 || text.size() > 12) return usage("a PIN has 6 to 12 digits");
  return text;
}

base::Result<std::string> read_pin_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string text(kPinBytesMax, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(text.size())) && in.bad())
    return usage(fmt::format("cannot read the PIN from '{}'", path.string()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.empty()) return usage(fmt::format("cannot read the PIN from '{}'", path.string()));
  return trim_pin(std::move(text));
}

base::Result<std::string> read_pin_fd(int fd) {
  std::string text;
  char c = 0;
  while (text.size() < kPinBytesMax && read(fd, &c, 1) == 1 && c != '\n') text += c;
  if (text.empty()) return usage("no PIN on standard input");
  return trim_pin(std::move(text));
}

base::Result<base::LogLevel> parse_level(std::string_view text) {
  constexpr std::pair<std::string_view, base::LogLevel> kLevels[] = {{"debug", base::LogLevel::debug},
                                                                     {"info", base::LogLevel::info},
                                                                     {"warn", base::LogLevel::warn},
                                                                     {"error", base::LogLevel::error},
                                                                     {"off", base::LogLevel::off}};
  for (auto [name, level] : kLevels)
    if (text == name) return level;
  return usage(fmt::format("--log-level: '{}' is none of debug, info, warn, error, off", text));
}

base::Result<> set(Options& o, std::string_view name, const std::string& value, const Env& env) {
  if (name == "--server")
    o.server = value;
  else if (name == "--ca-pin")
    o.ca_pin = value;
  else if (name == "--ca")
    o.ca_file = value;
  else if (name == "--invite")
    o.invite = value;
  else if (name == "--headless")
    o.headless = true;
  else if (name == "--scenario")
    o.scenario = value;
  else if (name == "--download-dir")
    o.download_dir = value;
  else if (name == kResumeFlag)
    o.resume = value;
  else if (name == "--file-root") {
    std::error_code error;
    auto root = std::filesystem::canonical(value, error);
    if (error) return usage(fmt::format("--file-root: '{}': {}", value, error.message()));
    o.file_roots.push_back(std::move(root));
  } else if (name == "--offer-file")
    o.offer_file = value;
  else if (name == "--machine-log")
    o.machine_log = value;
  else if (name == "--display")
    o.display = value;
  else if (name == "--help")
    o.help = true;
  else if (name == "--version")
    o.version = true;
  else if (name == "--channel")
    o.channel = value;
  else if (name == "--name")
    o.visitor_name = value;
  else if (name == "--problem")
    o.problem = value;
  else if (name == "--pin" || name == "--pin-file" || name == "--pin-stdin") {
    if (!o.pin.empty()) return usage("give the PIN once");
    auto pin = name == "--pin" ? trim_pin(value) : name == "--pin-file" ? read_pin_file(value) : read_pin_fd(env.in_fd);
    RESCUE_TRY(o.pin, pin);
  } else if (name == "--profile") {
    if (value != "modern" && value != "aes256-sha")
      return usage(fmt::format("--profile: '{}' is none of modern, aes256-sha", value));
    o.key_kind = value == "modern" ? crypto::KeyKind::p256 : crypto::KeyKind::rsa2048;
  } else if (name == "--seed") {
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), o.seed);
    if (error != std::errc() || end != value.data() + value.size())
      return usage(fmt::format("--seed: '{}' is no whole number from 0 on", value));
  } else if (name == "--log-level") {
    RESCUE_TRY(o.log_level, parse_level(value));
  } else if (name == "--revoke-key") {
    auto keysym = value == "none" ? std::optional(desktop::kNoSymbol) : desktop::parse_keysym(value);
    if (!keysym) return usage(fmt::format("--revoke-key: there is no key '{}'", value));
    o.revoke_key = *keysym;
  }
  return {};
}

/// The invite that the download of this program file was stamped with.
base::Result<> take_own_slot(Options& o, const Env& env) {
  auto slot = env.own_slot ? env.own_slot() : base::fail(base::Errc::not_found, "");
  if (slot) {
    o.stamped = std::make_shared<const base::SecretBytes>(std::move(*slot));
    return {};
  }
  // A program with its debugging symbols can be longer than what is looked through.
  if (slot.error().code == base::Errc::not_found || slot.error().code == base::Errc::too_large)
    return usage("--server URL is missing (or --invite FILE)");
  o.stamp_problem = std::string(kDamagedFile);
  return {};
}

constexpr std::string_view kFrom[] = {"--server", "--pin",     "--pin-file", "--pin-stdin", "--channel",
                                      "--name",   "--problem", "--invite",   kResumeFlag};

base::Result<> check(Options& o, const Env& env) {
  if (o.help || o.version) return {};
  if (!o.resume.empty()) {
    if (!o.invite.empty() || !o.server.empty() || !o.pin.empty())
      return usage("--resume-after-reboot says it all: leave --server, --invite and the PIN away");
  } else if (o.invite.empty() && o.server.empty() && o.pin.empty() && o.channel.empty()) {
    RESCUE_CHECK(take_own_slot(o, env));
  } else if (o.invite.empty()) {
    if (o.server.empty()) return usage("--server URL is missing (or --invite FILE)");
    if (!o.server.starts_with("https://")) return usage("--server: the address must begin with https://");
    if (o.pin.empty() && o.channel.empty()) return usage("the PIN is missing: --pin, --pin-file or --pin-stdin");
    if (!o.pin.empty() && !o.channel.empty()) return usage("give a PIN or --channel, one of the two");
  } else if (!o.server.empty() || !o.pin.empty() || !o.channel.empty() || !o.ca_pin.empty() || !o.ca_file.empty()) {
    return usage("--invite says it all: leave --server, --ca, --ca-pin and the PIN away");
  }
  if (o.channel.empty() && (!o.visitor_name.empty() || !o.problem.empty()))
    return usage("--name and --problem go with --channel");
  if (!o.ca_pin.empty() && !o.ca_file.empty()) return usage("give either --ca or --ca-pin");
  if (o.headless && o.scenario.empty()) return usage("--headless needs --scenario FILE");
  if (!o.headless && !o.scenario.empty()) return usage("--scenario works with --headless only");
  return {};
}
}  // namespace

std::span<const Flag> flags() { return kFlags; }

base::Result<Options> parse_options(Args args, const Env& env) {
  Options o;
  o.revoke_key = kDefaultRevokeKey;
  for (std::size_t i = 0; i < args.size(); ++i) {
    std::string_view name = args[i];
    std::optional<std::string> value;
    if (auto equals = name.find('='); name.starts_with("--") && equals != std::string_view::npos) {
      value = std::string(name.substr(equals + 1));
      name = name.substr(0, equals);
    }
    if (name == "-h") name = "--help";
    const auto* flag = std::ranges::find(kFlags, name, &Flag::name);
    if (flag == std::end(kFlags)) return usage(fmt::format("there is no option '{}'; --help lists them", name));
    if (flag->value.empty() && value) return usage(fmt::format("{} takes no value", name));
    if (!flag->value.empty() && !value) {
      if (i + 1 == args.size()) return usage(fmt::format("{} needs a value", name));
      value = args[++i];
    }
    RESCUE_CHECK(set(o, flag->name, value.value_or(""), env));
    // Where the session comes from is written down before a restart; what else was said is said again.
    if (std::ranges::find(kFrom, flag->name) == std::end(kFrom)) {
      const bool is_path = flag->value == "FILE" || flag->value == "DIR";  // and the folder then is another one
      o.again.emplace_back(flag->name);
      if (value) o.again.push_back(is_path ? std::filesystem::absolute(*value).string() : *value);
    }
  }
  RESCUE_CHECK(check(o, env));
  if (o.download_dir.empty()) o.download_dir = default_download_dir(env);
  return o;
}

std::string help_text() {
  std::string out =
      "rescue-applet: let a technician help you at this computer\n\n"
      "  rescue-applet --server URL [--ca-pin SHA256] --pin DIGITS\n"
      "  rescue-applet --invite FILE\n"
      "  rescue-applet                      (as downloaded from a site's page)\n\n"
      "Nothing happens without your Yes, each time, and you can take it back by one key.\n\n";
  for (const auto& flag : kFlags) {
    std::string left = std::string(flag.name);
    if (!flag.value.empty()) left += " " + std::string(flag.value);
    out += fmt::format("  {:<22} {}\n", left, flag.help);
  }
  return out;
}

std::filesystem::path default_download_dir(const Env& env) {
  if (auto dir = env.var("XDG_DOWNLOAD_DIR")) return *dir;
  const std::string home = env.var("HOME").value_or("/tmp");
  const std::string config = env.var("XDG_CONFIG_HOME").value_or(home + "/.config");
  // user-dirs.dirs(5): XDG_DOWNLOAD_DIR="$HOME/name" or an absolute path, in double quotes.
  std::ifstream in(config + "/user-dirs.dirs");
  for (std::string line; std::getline(in, line);) {
    constexpr std::string_view kKey = "XDG_DOWNLOAD_DIR=\"";
    if (!line.starts_with(kKey) || line.back() != '"') continue;
    std::string value = line.substr(kKey.size(), line.size() - kKey.size() - 1);
    if (value.starts_with("$HOME/")) value = home + value.substr(5);
    if (value.starts_with('/')) return value;
  }
  return std::filesystem::path(home) / "Downloads";
}

}  // namespace rescue::applet
