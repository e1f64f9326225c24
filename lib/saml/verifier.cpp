// SPDX-License-Identifier: Apache-2.0
#include "saml/verifier.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cerrno>
#include <csignal>

#include "saml/helper_words.hpp"

namespace rescue::saml {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;
using base::Result;
using Deadline = std::chrono::steady_clock::time_point;

/// One running helper: ended and reaped when this goes, whatever it was doing.
class Child {
 public:
  Child(pid_t pid, int fd) : pid_(pid), fd_(fd) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(fd_);
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);  // not reaped yet, so the number is still its own
    wait();
  }
  [[nodiscard]] int fd() const { return fd_; }
  /// Its exit code; -1 when a signal ended it.
  int wait() {
    int status = 0;
    pid_t done = 0;
    do {
      done = ::waitpid(pid_, &status, 0);
    } while (done < 0 && errno == EINTR);
    pid_ = -1;
    return done > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }

 private:
  pid_t pid_;
  int fd_;
};

/// With one socket as its standard input and output, our standard error, no arguments and no environment.
Result<std::unique_ptr<Child>> start(const fs::path& program) {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) != 0)
    return base::fail(base::errno_error("make a socket for rescue-saml"));
  const int flags = ::fcntl(fds[1], F_GETFL);
  ::fcntl(fds[1], F_SETFL, flags & ~O_NONBLOCK);  // the helper waits; this side does not
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, fds[1], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
  // Sockets of Asio are not closed by exec: without this the helper would hold the connections of everybody.
  ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);  // a daemon's threads block the signals that would end a helper
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::string name(kHelperName);
  std::array<char*, 2> argv{name.data(), nullptr};
  std::array<char*, 1> envp{nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), envp.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(fds[1]);
  auto child = std::make_unique<Child>(error == 0 ? pid : -1, fds[0]);
  if (error != 0) return base::fail(base::errno_error(fmt::format("start '{}'", program.string()), error));
  return child;
}

Result<> wait_for(int fd, short events, Deadline deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - base::system_clock().steady()).count();
    if (left <= 0) return base::fail(Errc::helper_timed_out, "wait for rescue-saml");
    pollfd p{fd, events, 0};
    const int n = ::poll(&p, 1, static_cast<int>(left));
    if (n > 0) return {};
    if (n < 0 && errno != EINTR) return base::fail(base::errno_error("poll rescue-saml"));
  }
}

Result<> send_all(int fd, std::string_view text, Deadline deadline) {
  while (!text.empty()) {
    RESCUE_CHECK(wait_for(fd, POLLOUT, deadline));
    const auto n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return base::fail(base::errno_error("write to rescue-saml"));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  ::shutdown(fd, SHUT_WR);
  return {};
}

Result<std::string> receive_all(int fd, Deadline deadline) {
  std::string out;
  for (;;) {
    RESCUE_CHECK(wait_for(fd, POLLIN, deadline));
    std::array<char, 16 * 1024> buffer{};
    const auto n = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n == 0 || (n < 0 && errno == ECONNRESET)) return out;  // reset: it ended without reading all
    if (n < 0) return base::fail(base::errno_error("read from rescue-saml"));
    if (out.size() + static_cast<std::size_t>(n) > kMaxAnswerBytes)
      return base::fail(Errc::helper_failed, "its answer is larger than any");
    out.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

Result<json::object> ask(const fs::path& program, std::string_view question, std::chrono::milliseconds timeout) {
  const auto deadline = base::system_clock().steady() + timeout;
  RESCUE_TRY(const auto child, start(program));
  // A helper that ended early may have said why: an error of writing waits until that is read.
  const auto sent = send_all(child->fd(), question, deadline);
  RESCUE_TRY(const auto answer, receive_all(child->fd(), deadline));
  if (const int code = child->wait(); code != 0)
    return base::fail(Errc::helper_failed, code < 0 ? "ended by a signal" : fmt::format("ended with {}", code));
  if (!sent) return base::fail(Errc::helper_failed, "it did not read the question");
  boost::system::error_code failed;
  const auto parsed = json::parse(answer, failed);
  if (failed || !parsed.is_object()) return base::fail(Errc::helper_failed, "its answer is no JSON object");
  return parsed.get_object();
}

/// Exactly one of the words that an answer can be, and nothing but `confined_by` beside it.
const json::object* part(const json::object& answer, std::string_view key) {
  const auto* v = answer.if_contains(key);
  const bool alone = answer.size() == 2 && answer.contains("confined_by");
  return v != nullptr && v->is_object() && alone ? &v->get_object() : nullptr;
}

base::Error failed_answer(const json::object& answer) {
  const auto* said = answer.if_contains("error");
  return {Errc::helper_failed,
          said != nullptr && said->is_string() ? std::string(said->get_string()) : "an answer of another kind"};
}
}  // namespace

Result<IdpMetadata> HelperVerifier::read_metadata(const std::string& xml) {
  RESCUE_TRY(const auto answer, ask(program_, write_question(MetadataQuestion{xml}), timeout_));
  if (const auto* metadata = part(answer, "metadata")) return metadata_from(*metadata);
  const auto* refused = part(answer, "refused");
  if (refused == nullptr) return base::fail(failed_answer(answer));
  RESCUE_TRY(const auto refusal, refusal_from(*refused));
  return base::fail(Errc::refused, refusal.message());
}

Result<Verdict> HelperVerifier::check(const ResponseCheck& question) {
  auto words = write_question(question);
  const auto answer = ask(program_, words, timeout_);
  base::wipe({reinterpret_cast<std::uint8_t*>(words.data()), words.size()});
  if (!answer) return base::fail(answer.error());
  if (const auto* accepted = part(*answer, "accepted")) {
    RESCUE_TRY(auto identity, identity_from(*accepted));
    return Verdict(std::move(identity));
  }
  const auto* refused = part(*answer, "refused");
  if (refused == nullptr) return base::fail(failed_answer(*answer));
  RESCUE_TRY(auto refusal, refusal_from(*refused));
  return Verdict(std::unexpected(std::move(refusal)));
}

Result<fs::path> find_helper(const fs::path& self) {
  const auto folder = self.parent_path();
  if (!folder.empty()) {
    for (const auto& place : {folder / kHelperName, folder / ".." / "libexec" / "rescue" / kHelperName})
      if (::access(place.c_str(), X_OK) == 0) return place;
  }
  return base::fail(base::Errc::not_found, "the helper rescue-saml (beside this program and in ../libexec/rescue)");
}

}  // namespace rescue::saml
