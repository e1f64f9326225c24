// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <deque>
#include <ostream>

#include <poll.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>

#include "cmd/rescue/views.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

class ScriptView {
 public:
  ScriptView(Invocation& in, AgentLink& link, int fd, bool in_order)
      : in_(in), link_(link), fd_(fd), in_order_(in_order), input_(client::kScriptLineMax) {}

  base::Result<int> run() {
    drain();
    while (!finished()) {
      RESCUE_CHECK(send_ready());
      if (finished()) break;
      const bool read_more = !input_over_ && waiting_.empty();
      pollfd p[2] = {{link_.fd(), POLLIN, 0}, {read_more ? fd_ : -1, POLLIN, 0}};
      if (::poll(p, 2, -1) < 0) {
        if (errno == EINTR) continue;
        return base::fail(base::errno_error("poll"));
      }
      if (p[0].revents != 0) {
        if (auto more = link_.fill(); !more) {
          drain();
          if (ended_) return code();
          return base::fail(more.error());
        }
        drain();
      }
      if (p[1].revents != 0) RESCUE_CHECK(read_input());
      if (!in_.env.out->good()) return base::fail(base::Errc::io, "standard output");
    }
    return code();
  }

 private:
  [[nodiscard]] int code() const { return in_order_ ? first_failure_ : 0; }
  /// After `close` the process ends the connection itself, with the last events before it.
  [[nodiscard]] bool finished() const { return input_over_ && waiting_.empty() && replies_due_ == 0 && !closing_; }

  void drain() {
    while (auto line = link_.next()) {
      const auto event = cell_of(*line, "event");
      if (event == "result" || event == "error") {
        if (replies_due_ > 0) --replies_due_;
        if (replies_due_ == 0) hold_ = false;
      }
      if (event == "error" && first_failure_ == 0)
        if (const auto* c = line->if_contains("code"); c != nullptr && c->is_int64())
          first_failure_ = static_cast<int>(c->as_int64());
      if (event == "ended") ended_ = true;
      *in_.env.out << json::serialize(*line) << '\n';
    }
    in_.env.out->flush();
  }

  base::Result<> read_input() {
    char buffer[64 * 1024];
    const auto n = ::read(fd_, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) return {};
    if (n < 0) return base::fail(base::errno_error("read the script"));
    if (n > 0) input_.add({buffer, static_cast<std::size_t>(n)});
    for (;;) {
      auto line = input_.next();
      if (!line) {
        *in_.env.out << client::error_line(std::nullopt, line.error()) << '\n' << std::flush;
        continue;
      }
      if (!*line) break;
      take(**line);
    }
    if (n == 0) {
      take(input_.rest());
      input_over_ = true;
    }
    return {};
  }

  void take(const std::string& line) {
    if (line.find_first_not_of(" \t") != line.npos) waiting_.push_back(line);
  }

  base::Result<> send_ready() {
    while (!waiting_.empty() && !(in_order_ && hold_)) {
      const auto line = std::move(waiting_.front());
      waiting_.pop_front();
      RESCUE_CHECK(link_.send(line));
      ++replies_due_;
      const auto command = client::parse_command(line);
      hold_ = !command || !command->boolean("async", false);
      if (command && command->verb == client::ScriptVerb::close) closing_ = true;
    }
    return {};
  }

  Invocation& in_;
  AgentLink& link_;
  int fd_;
  bool in_order_;
  client::LineBuffer input_;
  std::deque<std::string> waiting_;  // commands not yet sent
  std::size_t replies_due_ = 0;
  bool hold_ = false;  // the last command must end first
  bool input_over_ = false, ended_ = false, closing_ = false;
  int first_failure_ = 0;
};

}  // namespace

base::Result<int> run_script(Invocation& in, AgentLink& link, int fd, bool in_order) {
  return ScriptView(in, link, fd, in_order).run();
}

}  // namespace rescue::program
