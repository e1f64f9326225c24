// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/media_helper.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "client/agent_socket.hpp"
#include "cmd/rescue/agent_link.hpp"
#include "cmd/rescue/invocation.hpp"
#include "cmd/rescue/spawn.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::string_view kHelper = "rescue-media";
constexpr std::size_t kMaxLine = 1024 * 1024;  // of the helper's output

struct Helper {
  pid_t pid = -1;
  client::Descriptor out, err;
};

base::Result<Helper> start_helper(const cli::Env& env, const fs::path& program, std::vector<std::string> arguments,
                                  client::Descriptor video) {
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0) return base::fail(base::errno_error("pipe"));
  client::Descriptor out_read(out[0]), out_write(out[1]);
  if (video) out_write = std::move(video);
  if (::pipe2(err, O_CLOEXEC) != 0) return base::fail(base::errno_error("pipe"));
  client::Descriptor err_read(err[0]), err_write(err[1]);
  const client::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!nothing) return base::fail(base::errno_error("open /dev/null"));
  Helper helper;
  RESCUE_TRY(helper.pid, spawn(env, program, std::move(arguments), {nothing.get(), out_write.get(), err_write.get()}));
  helper.out = std::move(out_read);
  helper.err = std::move(err_read);
  return helper;
}

/// What the helper said: its result, or its error.
struct Said {
  json::object result, error;
  std::string other;  // the last line that is no object: a crash
};

void on_line(const std::string& line, bool from_out, Said& said, const MediaProgress& progress) {
  auto parsed = client::parse_json(line);
  if (!parsed || !parsed->is_object()) {
    said.other = line;
    return;
  }
  auto& o = parsed->as_object();
  if (!from_out && o.contains("error")) {
    said.error = std::move(o);
  } else if (!from_out && cell_of(o, "event") == "progress") {
    const auto number = [&](const char* key) {
      const auto* v = o.if_contains(key);
      return v != nullptr && v->is_int64() && v->as_int64() > 0 ? static_cast<std::uint64_t>(v->as_int64()) : 0;
    };
    const auto fps = std::max<std::uint64_t>(1, number("fps"));
    progress(number("frames") * 1000 / fps, number("total") * 1000 / fps);
  } else if (from_out || o.contains("path")) {  // on stderr where stdout is taken by the video
    said.result = std::move(o);
  }
}

base::Result<Said> listen(const Helper& helper, const MediaProgress& progress) {
  Said said;
  client::LineBuffer lines[2] = {client::LineBuffer(kMaxLine), client::LineBuffer(kMaxLine)};
  int open_fds[2] = {helper.out.get(), helper.err.get()};
  while (open_fds[0] >= 0 || open_fds[1] >= 0) {
    pollfd p[2] = {{open_fds[0], POLLIN, 0}, {open_fds[1], POLLIN, 0}};
    if (::poll(p, 2, -1) < 0) {
      if (errno == EINTR) continue;
      return base::fail(base::errno_error("poll"));
    }
    for (int i = 0; i < 2; ++i) {
      if (open_fds[i] < 0 || p[i].revents == 0) continue;
      char buffer[16 * 1024];
      const auto n = ::read(open_fds[i], buffer, sizeof(buffer));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) {
        open_fds[i] = -1;
        continue;
      }
      lines[i].add({buffer, static_cast<std::size_t>(n)});
      for (;;) {
        auto line = lines[i].next();
        if (!line) continue;
        if (!*line) break;
        on_line(**line, i == 0, said, progress);
      }
    }
  }
  return said;
}

}  // namespace

fs::path find_in_path(const cli::Env& env, std::string_view name) {
  const auto path = env.var("PATH").value_or("");
  for (std::string_view left = path; !left.empty();) {
    const auto colon = left.find(':');
    const auto p = fs::path(left.substr(0, colon)) / name;
    std::error_code error;
    if (colon > 0 && ::access(p.c_str(), X_OK) == 0 && fs::is_regular_file(p, error)) return p;
    left = colon == left.npos ? std::string_view() : left.substr(colon + 1);
  }
  return {};
}

base::Result<fs::path> find_media_helper(const cli::Env& env) {
  for (const auto& folder : {env.self.parent_path(), env.self.parent_path() / "../libexec/rescue"}) {
    const auto p = folder / kHelper;
    if (!env.self.parent_path().empty() && ::access(p.c_str(), X_OK) == 0) return p;
  }
  if (auto p = find_in_path(env, kHelper); !p.empty()) return p;
  return base::fail(base::Errc::not_found,
                    "the helper rescue-media (beside this program, in ../libexec/rescue and in PATH)");
}

base::Result<MediaResult> run_media(const cli::Env& env, const fs::path& program, std::vector<std::string> arguments,
                                    const MediaProgress& progress, client::Descriptor video) {
  arguments.insert(arguments.begin(), std::string(kHelper));
  RESCUE_TRY(const auto helper, start_helper(env, program, std::move(arguments), std::move(video)));
  auto said = listen(helper, progress);
  int status = 0;
  while (::waitpid(helper.pid, &status, 0) < 0 && errno == EINTR) continue;
  if (!said) return base::fail(said.error());
  if (!said->error.empty()) return base::fail(error_of(said->error));
  if (!WIFEXITED(status) || said->result.empty())
    return base::fail(base::Errc::internal, fmt::format("rescue-media ended without a result{}{}",
                                                        said->other.empty() ? "" : ": ", said->other));
  return MediaResult{std::move(said->result), WEXITSTATUS(status)};
}

}  // namespace rescue::program
