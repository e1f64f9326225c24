// SPDX-License-Identifier: Apache-2.0
// __agent: what `session pickup` leaves in the background.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include <fmt/format.h>

#include "base/log.hpp"
#include "cli/exit.hpp"
#include "client/agent_process.hpp"
#include "client/agent_socket.hpp"
#include "client/known_gateways.hpp"
#include "cmd/rescue/convert_run.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {
namespace {

/// One line to whoever started us; then that descriptor is of no more use.
void say_ready(int fd, const std::string& line) {
  const auto text = line + "\n";
  // Nobody there any more: the session is held all the same.
  if (::write(fd, text.data(), text.size()) < 0)
    base::log(base::LogLevel::info, "rescue", "nobody waits for this process", {});
  ::close(fd);
}

std::string failure_line(const base::Error& error) {
  auto failure = cli::failure_of(error);
  failure.message = client::message_of(error);
  return cli::to_json(failure);
}

/// Nothing of a file is lost by a crash of the machine from now on.
base::Result<> sync_file(const std::filesystem::path& path) {
  for (const auto& p : {path, path.parent_path()}) {
    const client::Descriptor fd(::open(p.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd || ::fsync(fd.get()) != 0) return base::fail(base::errno_error(fmt::format("sync '{}'", p.string())));
  }
  return {};
}

/// The video takes the place of the recording when it is whole, read back by rescue-media, and on the disk.
base::Result<client::DeliveredVideo> make_video(const cli::Env& env, const std::filesystem::path& helper,
                                                const std::string& format, bool keep, const std::string& recording) {
  const auto video = std::filesystem::path(recording).replace_extension("." + format);
  const auto jobs = std::max(1U, std::thread::hardware_concurrency());
  RESCUE_TRY(
      const auto done,
      run_media(env, helper, {"convert", "-o", video.string(), "--jobs", fmt::format("{}", jobs), "--", recording},
                [](std::uint64_t, std::uint64_t) {}));
  RESCUE_CHECK(sync_file(video));
  client::DeliveredVideo out{video.string(), number_of(done.said, "bytes"), cell_of(done.said, "sha256"), true};
  std::error_code error;
  if (!keep && done.code == 0) out.recording_kept = !std::filesystem::remove(recording, error) || error;
  return out;
}

base::Result<client::AgentProcessOptions> options_of(Invocation& in) {
  client::AgentProcessOptions out;
  RESCUE_TRY(auto target, in.contexts.resolve(in.parsed));
  if (target.token.empty())
    return base::fail(client::Errc::sign_in_needed,
                      fmt::format("not signed in at {}: use 'rescue login'", target.site.url));
  out.site = target.site;
  out.token = std::move(target.token);
  out.session = in.parsed.text("session");
  RESCUE_TRY(const auto dir, client::agent_dir(in.env.var("XDG_RUNTIME_DIR")));
  RESCUE_TRY(out.socket, client::agent_socket_path(dir, out.session));
  if (in.env.state_dir().empty())
    return base::fail(base::Errc::invalid_argument, "neither XDG_STATE_HOME nor HOME is set");
  out.spool_dir = in.env.state_dir() / "spool";
  out.known_gateways = client::known_gateways_file(in.env.state_dir(), out.site.url);
  out.receive_dir = in.parsed.given("receive-dir") ? std::filesystem::path(in.parsed.text("receive-dir"))
                                                   : in.env.state_dir() / "received";
  out.record_at_once = in.parsed.given("record");
  out.record_dir =
      out.record_at_once ? std::filesystem::path(in.parsed.text("record")) : in.env.state_dir() / "recordings";
  for (const auto& file : in.parsed.all("record-to")) {
    RESCUE_TRY(auto key, crypto::X25519Public::load(file));
    out.record_to.push_back(std::move(key));
  }
  if (const auto format = in.parsed.text("format"); format != "rcrec") {
    RESCUE_TRY(const auto helper, find_media_helper(in.env));
    const bool keep = in.parsed.on("keep-recording");
    out.make_video = [&in, helper, format, keep](const std::string& recording) {
      return make_video(in.env, helper, format, keep, recording);
    };
  }
  out.join = in.parsed.on("join");
  if (in.parsed.text("profile") == "aes256-sha") out.profile = crypto::Profile::aes256_sha;
  out.linger = in.parsed.duration("linger");
  out.software = fmt::format("rescue {}", RESCUE_VERSION);
  out.clock = in.env.clock;
  out.random = in.env.random;
  return out;
}

}  // namespace

base::Result<int> agent(Invocation& in) {
  base::set_log_level(base::LogLevel::info);
  const int fd = static_cast<int>(in.parsed.integer("ready-fd"));
  auto options = options_of(in);
  if (!options) {
    say_ready(fd, failure_line(options.error()));
    return base::fail(options.error());
  }
  options->on_ready = [fd](const base::Result<>& ready) {
    say_ready(fd, ready ? fmt::format(R"({{"ready":true,"pid":{}}})", ::getpid()) : failure_line(ready.error()));
  };
  return client::run_agent_process(*std::move(options));
}

}  // namespace rescue::program
