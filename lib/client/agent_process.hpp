// SPDX-License-Identifier: Apache-2.0
// A session's background process: picks the session up, keeps the path to the applet, serves views on a local socket,
// sends the log, renews the lease. Ends with the session, or when no view was there for a while.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "client/broker_api.hpp"
#include "client/session_agent.hpp"
#include "crypto/x25519.hpp"

namespace rescue::client {

/// Longest line to one view's queue in sum; a view that does not read is let go.
inline constexpr std::size_t kViewQueueBytes = 8 * 1024 * 1024;
inline constexpr std::size_t kViewsMax = 64;
/// After the session's end the rest of the log is offered to the broker for this long; it stays on disk after that.
inline constexpr std::chrono::minutes kLastLog{10};

struct AgentProcessOptions {
  SiteAddress site;
  std::string token;
  std::string session;  // id
  std::filesystem::path socket;
  std::filesystem::path spool_dir;
  std::filesystem::path known_gateways;  // file (known_gateways.hpp); empty: no gateway is called ahead
  std::filesystem::path receive_dir;
  std::filesystem::path record_dir;
  bool record_at_once = false;
  std::vector<crypto::X25519Public> record_to;        // recordings are encrypted for them; empty: not encrypted
  bool join = false;                                  // take part beside the technician who holds the session
  crypto::Profile profile = crypto::Profile::modern;  // of the inner TLS
  base::Duration linger = std::chrono::minutes(5);
  std::string software = "rescue";
  base::Clock* clock = &base::system_clock();
  base::RandomSource* random = &base::system_random();
  /// Where recordings are delivered as videos: makes one of a finished recording, and takes as long as that takes. In a
  /// thread of its own; the process waits for it.
  std::function<base::Result<DeliveredVideo>(const std::string& recording)> make_video;
  /// Called once: the socket accepts views, or why not.
  std::function<void(const base::Result<>&)> on_ready;
};

/// Runs in the calling thread until the end; SIGTERM and SIGINT end it in order (the recording is finished, the session
/// stays). The error is the one that on_ready was told, or what ended a running process.
[[nodiscard]] base::Result<int> run_agent_process(AgentProcessOptions options);

/// What this side reads from a grant. The broker vouches for it over TLS; its signature is checked by the applet.
struct GrantView {
  std::uint64_t generation = 0;
  base::Guid technician;
  crypto::Fingerprint applet{};
  std::string technician_email;
  std::string organisation;
  std::uint32_t permissions = 0;
  bool recording_forced = false;
  bool omit_chat_text = false;
  bool legacy_profile = false;  // aes256-sha
  base::WallTime lease_until;
};
/// bad_answer when it is no grant for `session`.
[[nodiscard]] base::Result<GrantView> read_grant(base::ByteView envelope, const base::Guid& session);

}  // namespace rescue::client
