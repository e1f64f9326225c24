// SPDX-License-Identifier: Apache-2.0
// __agent: what `session pickup` leaves in the background.
#include <unistd.h>

#include <fmt/format.h>

#include "base/log.hpp"
#include "cli/exit.hpp"
#include "client/agent_process.hpp"
#include "client/agent_socket.hpp"
#include "client/known_gateways.hpp"
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
