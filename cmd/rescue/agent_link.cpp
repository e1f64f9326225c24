// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/agent_link.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cli/secret_input.hpp"
#include "crypto/errors.hpp"
#include "rcrec/keys.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

constexpr int kReadyFd = 3;                   // in the background process
constexpr std::size_t kReadyCap = 16 * 1024;  // bytes of its first line
constexpr int kReadySeconds = 60;             // for the pickup at the broker

base::Result<fs::path> log_path(const cli::Env& env, const std::string& session) {
  const auto dir = env.state_dir();
  if (dir.empty()) return base::fail(base::Errc::invalid_argument, "neither XDG_STATE_HOME nor HOME is set");
  std::error_code error;
  fs::create_directories(dir / "agent", error);
  if (error) return base::fail(base::Errc::io, fmt::format("create folder '{}'", (dir / "agent").string()), error);
  return dir / "agent" / fmt::format("session-{}.log", session);
}

std::vector<std::string> agent_arguments(const Invocation& in, const AgentStart& start) {
  std::vector<std::string> out{"rescue",          "__agent",  "--session",  start.session, "--receive-dir",
                               start.receive_dir, "--linger", start.linger, "--ready-fd",  fmt::format("{}", kReadyFd)};
  if (start.record_dir) out.insert(out.end(), {"--record", *start.record_dir});
  for (const auto& key : start.record_to) out.insert(out.end(), {"--record-to", key});
  out.insert(out.end(), {"--format", start.format});
  if (start.keep_recording) out.emplace_back("--keep-recording");
  if (start.join) out.emplace_back("--join");
  out.insert(out.end(), {"--profile", start.profile});
  // What came by the environment is inherited with it.
  for (const char* flag : {"context", "server", "ca", "ca-pin"})
    if (in.parsed.source(flag) == cli::Source::flag)
      out.insert(out.end(),
                 {fmt::format("--{}", flag),
                  std::string(flag) == "ca" ? in.env.absolute(in.parsed.text(flag)).string() : in.parsed.text(flag)});
  if (in.parsed.on("verbose")) out.emplace_back("--verbose");
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& t : texts) out.push_back(t.data());
  out.push_back(nullptr);
  return out;
}

/// In the child: nothing but async-signal-safe calls.
[[noreturn]] void become_agent(const char* self, char* const* argv, char* const* envp, int log_fd, int null_fd,
                               int ready_fd) {
  ::setsid();
  if (::fork() != 0) ::_exit(0);  // the grandchild has no terminal and never gets one
  if (::dup2(null_fd, 0) < 0 || ::dup2(log_fd, 1) < 0 || ::dup2(log_fd, 2) < 0 || ::dup2(ready_fd, kReadyFd) < 0)
    ::_exit(127);
  ::close_range(kReadyFd + 1, ~0U, 0);
  if (::chdir("/") != 0) ::_exit(127);
  ::execve(self, argv, envp);
  ::_exit(127);
}

base::Result<> wait_ready(int fd, const fs::path& log) {
  pollfd p{fd, POLLIN, 0};
  const int ready = ::poll(&p, 1, kReadySeconds * 1000);
  if (ready == 0)
    return base::fail(base::Errc::timed_out, "the background process does not start; its log is " + log.string());
  auto line = cli::read_line(fd, kReadyCap);
  if (!line)
    return base::fail(base::Errc::internal,
                      fmt::format("the background process did not start; its log is '{}'", log.string()));
  auto parsed = client::parse_json(*line);
  if (!parsed || !parsed->is_object())
    return base::fail(base::Errc::internal, "the background process said something else");
  if (parsed->as_object().contains("error")) return base::fail(error_of(parsed->as_object()));
  return {};
}

base::Result<> spawn(Invocation& in, const AgentStart& start) {
  RESCUE_TRY(const auto log, log_path(in.env, start.session));
  client::Descriptor log_fd(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!log_fd) return base::fail(base::errno_error(fmt::format("open '{}'", log.string())));
  client::Descriptor null_fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  int ends[2];
  if (!null_fd || ::pipe2(ends, O_CLOEXEC) != 0) return base::fail(base::errno_error("start the background process"));
  client::Descriptor read_end(ends[0]), write_end(ends[1]);
  auto arguments = agent_arguments(in, start);
  std::vector<std::string> variables;
  for (const auto& [name, value] : in.env.environment) variables.push_back(name + "=" + value);
  const auto argv = pointers(arguments), envp = pointers(variables);
  const auto self = in.env.self.string();
  const pid_t child = ::fork();
  if (child < 0) return base::fail(base::errno_error("start the background process"));
  if (child == 0) become_agent(self.c_str(), argv.data(), envp.data(), log_fd.get(), null_fd.get(), write_end.get());
  write_end = client::Descriptor();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return wait_ready(read_end.get(), log);
}

template <typename Errc>
std::optional<Errc> code_of(std::string_view name) {
  const auto& entries = error_domain(Errc{}).entries;
  const auto it = std::ranges::find(entries, name, &base::ErrorEntry::name);
  return it == entries.end() ? std::nullopt : std::optional(static_cast<Errc>(it->value));
}
}  // namespace

base::Error error_of(const json::object& line) {
  const auto name = cell_of(line, "error");
  const auto message = cell_of(line, "message");
  // Names that stand in several lists mean the same; the client's errors carry their message whole.
  if (const auto code = code_of<client::Errc>(name)) return {*code, message};
  if (const auto code = code_of<base::Errc>(name)) return {*code, message};
  if (const auto code = code_of<rcrec::Errc>(name)) return {*code, message};
  if (const auto code = code_of<crypto::Errc>(name)) return {*code, message};
  return {base::Errc::internal, fmt::format("{}: {}", name, message)};
}

base::Result<AgentLink> AgentLink::connect(const fs::path& socket) {
  RESCUE_TRY(auto fd, client::connect_agent(socket));
  return AgentLink(std::move(fd));
}

base::Result<> AgentLink::send(std::string_view line) {
  std::string text(line);
  text += '\n';
  for (std::string_view left = text; !left.empty();) {
    const auto n = ::send(fd_.get(), left.data(), left.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      return base::fail(base::Errc::closed, "the session's background process",
                        std::error_code(errno, std::generic_category()));
    left.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

base::Result<std::int64_t> AgentLink::command(std::string_view cmd, json::object fields) {
  const auto id = next_id_++;
  fields["id"] = id;
  fields["cmd"] = json::string_view(cmd.data(), cmd.size());
  RESCUE_CHECK(send(json::serialize(fields)));
  return id;
}

base::Result<> AgentLink::fill() {
  char buffer[64 * 1024];
  for (;;) {
    const auto n = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return base::fail(base::Errc::closed, "the session's background process");
    lines_.add({buffer, static_cast<std::size_t>(n)});
    return {};
  }
}

std::optional<json::object> AgentLink::next() {
  for (;;) {
    auto line = lines_.next();
    if (!line) continue;  // too long for us: dropped
    if (!*line) return std::nullopt;
    auto parsed = client::parse_json(**line);
    if (parsed && parsed->is_object()) return std::move(parsed->as_object());
  }
}

base::Result<json::object> AgentLink::reply(std::int64_t id, const std::function<void(const json::object&)>& other) {
  for (;;) {
    while (auto line = next()) {
      const auto* have = line->if_contains("id");
      if (have == nullptr || !have->is_int64() || have->as_int64() != id) {
        other(*line);
        continue;
      }
      if (cell_of(*line, "event") == "error") return base::fail(error_of(*line));
      return *std::move(line);
    }
    RESCUE_CHECK(fill());
  }
}

base::Result<AgentLink> open_agent(Invocation& in, const std::string& session, const AgentStart* start,
                                   json::object& state) {
  RESCUE_TRY(const auto dir, client::agent_dir(in.env.var("XDG_RUNTIME_DIR")));
  RESCUE_TRY(const auto socket, client::agent_socket_path(dir, session));
  auto link = AgentLink::connect(socket);
  if (!link && link.error().code == base::Errc::not_found && start != nullptr) {
    RESCUE_CHECK(spawn(in, *start));
    link = AgentLink::connect(socket);
  }
  if (!link) return base::fail(link.error());
  RESCUE_TRY(const auto id,
             link->command("hello", {{"cwd", in.env.cwd.string()}, {"name", std::string(in.parsed.command().name)}}));
  RESCUE_TRY(state, link->reply(id, [](const json::object&) {}));
  return link;
}

}  // namespace rescue::program
