// SPDX-License-Identifier: Apache-2.0
// recording play: rescue-media converts on the fly into a pipe that a player reads.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <future>

#include "cli/exit.hpp"
#include "cmd/rescue/convert_run.hpp"
#include "cmd/rescue/spawn.hpp"

namespace rescue::program {
namespace {
namespace fs = std::filesystem;
constexpr std::string_view kPlayers[] = {"mpv", "ffplay", "vlc"};
constexpr double kSlowest = 0.1, kFastest = 100;
// Smooth, and nearly free: ticks without change are not encoded.
constexpr std::string_view kFps = "30";

struct Player {
  fs::path program;
  std::string kind;  // its name without folder
};

base::Result<Player> find_player(const Invocation& in) {
  if (const auto wanted = in.parsed.maybe("player")) {
    const auto program = wanted->contains('/') ? in.env.absolute(*wanted) : find_in_path(in.env, *wanted);
    if (program.empty() || ::access(program.c_str(), X_OK) != 0)
      return base::fail(base::Errc::not_found, fmt::format("the player '{}'", *wanted));
    return Player{program, program.filename().string()};
  }
  for (const auto name : kPlayers) {
    if (auto program = find_in_path(in.env, name); !program.empty()) return Player{program, std::string(name)};
  }
  return base::fail(
      base::Errc::not_found,
      "a player (mpv, ffplay or vlc) in PATH; 'rescue recording convert FILE -o FILE.mp4' makes a video for "
      "any player elsewhere, 'rescue recording frames' single pictures");
}

base::Result<double> speed_of(const Invocation& in) {
  const auto text = in.parsed.text("speed");
  double speed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
  if (error != std::errc{} || end != text.data() + text.size() || !(speed >= kSlowest && speed <= kFastest))
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("--speed {}: {} to {} are possible", text, kSlowest, kFastest));
  return speed;
}

base::Result<std::vector<std::string>> player_arguments(const Invocation& in, const Player& player, double speed,
                                                        const std::string& title) {
  const bool has_display = in.env.var("DISPLAY") || in.env.var("WAYLAND_DISPLAY");
  if (player.kind == "mpv") {
    std::vector<std::string> out{"mpv", "--title=" + title, fmt::format("--speed={}", speed), "--cache=yes",
                                 "--demuxer-seekable-cache=yes"};
    if (!has_display) out.emplace_back("--vo=tct");
    out.emplace_back("-");
    return out;
  }
  if (player.kind == "ffplay") {
    std::vector<std::string> out{"ffplay", "-v", "error", "-autoexit", "-window_title", title};
    if (speed != 1) out.insert(out.end(), {"-vf", fmt::format("setpts=PTS/{}", speed)});
    out.insert(out.end(), {"-i", "pipe:0"});
    return out;
  }
  if (player.kind == "vlc" || player.kind == "cvlc")
    return std::vector<std::string>{player.kind, "--play-and-exit", fmt::format("--rate={}", speed), "-"};
  if (speed != 1)
    return base::fail(base::Errc::invalid_argument, "--speed needs mpv, ffplay or vlc, not '" + player.kind + "'");
  return std::vector<std::string>{player.kind, "-"};
}

/// Runs the player to its end with `video` as its standard input; its exit code.
base::Result<int> run_player(const Invocation& in, const Player& player, std::vector<std::string> arguments,
                             client::Descriptor video) {
  RESCUE_TRY(const pid_t pid, spawn(in.env, player.program, std::move(arguments), {.in = video.get()}));
  video = {};  // when the player ends, the pipe breaks
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// True when there is something to play; false when the helper ended without.
bool wait_for_video(const client::Descriptor& video) {
  pollfd p{video.get(), POLLIN, 0};
  while (::poll(&p, 1, -1) < 0 && errno == EINTR) continue;
  return (p.revents & POLLIN) != 0;
}

std::vector<std::string> helper_arguments(const Invocation& in) {
  std::vector<std::string> out{"convert", "-o", "-", "--fps", std::string(kFps), "--subtitles", "inside"};
  for (const char* name : {"from", "to", "overlay"}) {
    if (in.parsed.given(name)) out.insert(out.end(), {fmt::format("--{}", name), in.parsed.text(name)});
  }
  const auto keys = key_arguments(in);
  out.insert(out.end(), keys.begin(), keys.end());
  if (in.parsed.on("no-cursor")) out.emplace_back("--no-cursor");
  out.emplace_back("--");
  for (const auto& f : in.parsed.positionals("FILE")) out.push_back(in.env.absolute(f).string());
  return out;
}
}  // namespace

base::Result<int> recording_play(Invocation& in) {
  RESCUE_TRY(const auto speed, speed_of(in));
  RESCUE_TRY(const auto player, find_player(in));
  RESCUE_TRY(const auto helper, find_media_helper(in.env));
  const auto title = fs::path(in.parsed.positionals("FILE").front()).filename().string();
  RESCUE_TRY(auto arguments, player_arguments(in, player, speed, title));
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail(base::errno_error("pipe"));
  client::Descriptor read_end(ends[0]), write_end(ends[1]);
  auto converting = std::async(std::launch::async, [&] {
    return run_media(
        in.env, helper, helper_arguments(in), [](std::uint64_t, std::uint64_t) {}, std::move(write_end));
  });
  // A recording that cannot be read is told as that, not as a player's trouble with nothing.
  if (!wait_for_video(read_end)) {
    auto failed = converting.get();
    return failed ? base::fail(base::Errc::internal, "rescue-media made no video")
                  : base::fail(std::move(failed).error());
  }
  const auto played = run_player(in, player, std::move(arguments), std::move(read_end));
  auto converted = converting.get();
  if (!played) return base::fail(played.error());
  if (*played != 0)
    return base::fail(base::Errc::internal, fmt::format("'{}' ended with code {}", player.program.string(), *played));
  if (!converted) {
    // Who closes the player early does not want the rest.
    if (converted.error().code == base::Errc::closed) return 0;
    return base::fail(std::move(converted).error());
  }
  tell_gaps(in, converted->said);
  return converted->code;
}

}  // namespace rescue::program
