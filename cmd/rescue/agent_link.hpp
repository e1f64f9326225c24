// SPDX-License-Identifier: Apache-2.0
// A view's connection to a session's background process, and starting that process.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>

#include "client/agent_socket.hpp"
#include "client/script_command.hpp"
#include "cmd/rescue/invocation.hpp"

namespace rescue::program {

/// Lines both ways, blocking. One thread.
class AgentLink {
 public:
  [[nodiscard]] static base::Result<AgentLink> connect(const std::filesystem::path& socket);
  /// Sends `line` as it is, plus a line end. closed when the process is gone.
  [[nodiscard]] base::Result<> send(std::string_view line);
  /// Sends a command under a fresh id and gives that id.
  [[nodiscard]] base::Result<std::int64_t> command(std::string_view cmd, boost::json::object fields = {});
  /// Reads what is there (blocks for the first byte); closed at the end.
  [[nodiscard]] base::Result<> fill();
  /// The next line that was read already.
  [[nodiscard]] std::optional<boost::json::object> next();
  /// The reply to `id`; other lines go to `other`. Blocks.
  [[nodiscard]] base::Result<boost::json::object> reply(std::int64_t id,
                                                        const std::function<void(const boost::json::object&)>& other);
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  explicit AgentLink(client::Descriptor fd) : fd_(std::move(fd)), lines_(client::kScriptLineMax) {}
  client::Descriptor fd_;
  client::LineBuffer lines_;
  std::int64_t next_id_ = 1;
};

/// What the background process is told at its start.
struct AgentStart {
  std::string session;
  std::optional<std::string> record_dir;
  std::vector<std::string> record_to;  // files of public keys
  std::string format = "rcrec";        // of recordings when they are done
  bool keep_recording = false;         // beside its video
  std::string receive_dir;
  std::string linger;
  bool join = false;
  std::string profile;
};
/// Connects to the session's background process; with `start`, starts one when there is none. Says hello.
/// Errors: not_found without `start`; what the pickup says (already_picked_up, session_not_found, sign_in_needed …).
[[nodiscard]] base::Result<AgentLink> open_agent(Invocation& in, const std::string& session, const AgentStart* start,
                                                 boost::json::object& state);

/// The error of an error line, by its stable name.
[[nodiscard]] base::Error error_of(const boost::json::object& line);

}  // namespace rescue::program
