// SPDX-License-Identifier: Apache-2.0
// The session link: messages on prioritised channels, delivered exactly once and in order per channel, over a
// succession of paths. Sans-IO: bytes and `now` in; bytes, events and the next deadline out. One object is used on one
// strand only.
//
// How a shell drives it:
//   path_up(path, now)                   a new inner TLS connection stands; replaces a path that was up
//   on_bytes(path, bytes, now)           bytes read from it; an error ends the link (send what poll_output still has,
//   close) poll_output(path, max, now)          call when the socket has little unsent, and write what it gives: the
//   choice of
//                                        what goes next is made here, as late as possible
//   poll_event()                         until empty after each call above and after on_deadline
//   path_down(path, now)                 the connection ended or failed; everything unacknowledged waits for the next
//   path on_deadline(now)                     when next_deadline() has come
// Bytes for or from a path that is not the current one are ignored, so late completions of an old socket do no harm.
//
// Memory: at most kRetainedMax + sum of queue_max() outgoing, sum of receive_window() incoming.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/guid.hpp"
#include "base/strong.hpp"
#include "link/error.hpp"
#include "link/limits.hpp"
#include "wire/channel.hpp"

namespace rescue::link {

using wire::Channel;
/// Names a path for as long as the link lives; the shell counts up and never uses one twice.
using PathId = base::Strong<std::uint32_t, struct PathIdTag>;

/// A whole message arrived. Call consumed(channel, bytes.size()) when it was worked off: that opens the window again.
struct MessageArrived {
  Channel channel;
  base::Bytes bytes;
};
/// can_send(channel) was false and is true again.
struct Writable {
  Channel channel;
};
/// The peer's RESUME arrived: data flows both ways on this path.
struct PathReady {
  PathId path;
};
/// Nothing came for kPathTimeout, or no RESUME for kResumeTimeout: close that socket, call path_down, make a new one.
struct PathDead {
  PathId path;
};
/// The peer said finish(): no more messages from it. Ours may still go.
struct PeerFinished {};
/// The link is over. `orderly`: both ends finished and everything was acknowledged.
struct LinkClosed {
  bool orderly = false;
  std::uint16_t code = 0;
  std::string text;
};
using Event = std::variant<MessageArrived, Writable, PathReady, PathDead, PeerFinished, LinkClosed>;

/// Codes of a CLOSE frame.
enum class CloseCode : std::uint16_t { done = 0, protocol_error = 1, session_ended = 2, replaced = 3, internal = 4 };

struct LinkStats {
  std::uint64_t sent = 0;             // stream bytes given to paths for the first time
  std::uint64_t acknowledged = 0;     // of them
  std::uint64_t received = 0;         // stream bytes delivered
  std::uint64_t resent = 0;           // stream bytes given to a path again
  std::uint64_t repeats_dropped = 0;  // stream bytes that came twice
  std::uint32_t paths = 0;            // path_up calls
};

class Link {
 public:
  /// `id` names this link at both ends: the console draws it at random, the applet takes it from peek_resume().
  explicit Link(base::Guid id);
  ~Link();
  Link(Link&&) noexcept;
  Link& operator=(Link&&) noexcept;

  [[nodiscard]] base::Guid id() const;

  // ---- messages
  /// Queues one message, which is not empty. Errors: message_too_large, queue_full, closed.
  [[nodiscard]] base::Result<void> send(Channel channel, base::Bytes message);
  [[nodiscard]] bool can_send(Channel channel) const;
  /// Bytes of messages not yet given to any path.
  [[nodiscard]] std::size_t queued_bytes(Channel channel) const;
  /// Forgets what send() took on this channel and no path has got; a message cut in the middle is abandoned at the
  /// peer.
  void discard_queued(Channel channel);
  /// The same for the messages of the channel that `which` picks; the others keep their order.
  void cancel_queued(Channel channel, const std::function<bool(base::ByteView message)>& which);
  /// Messages of that many bytes were worked off; see MessageArrived.
  void consumed(Channel channel, std::size_t bytes);
  /// No more messages from us: what is queued still goes. Idempotent.
  void finish();
  /// Ends the link at once: a CLOSE goes out on the current path if there is one, everything else is dropped.
  void close(CloseCode code, std::string_view text);
  [[nodiscard]] bool is_closed() const;

  // ---- paths
  void path_up(PathId path, base::SteadyTime now);
  void path_down(PathId path, base::SteadyTime now);
  /// Errors: protocol, message_too_large, wrong_link, resume_impossible. The link is then closed; poll_output still
  /// gives the CLOSE that tells the peer why, and LinkClosed is the last event.
  [[nodiscard]] base::Result<void> on_bytes(PathId path, base::ByteView bytes, base::SteadyTime now);
  /// Whole frames, at most max(`max_bytes`, kFrameMax) bytes; empty when nothing is to be sent now.
  [[nodiscard]] base::Bytes poll_output(PathId path, std::size_t max_bytes, base::SteadyTime now);
  /// Cheap: would poll_output give something?
  [[nodiscard]] bool has_output(PathId path) const;
  [[nodiscard]] std::optional<PathId> current_path() const;
  /// A path is up and the peer's RESUME arrived on it.
  [[nodiscard]] bool is_ready() const;

  // ---- time and events
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const;
  void on_deadline(base::SteadyTime now);

  /// Smoothed round trip of the current path (RFC 6298 weights); nothing before the first PONG.
  [[nodiscard]] std::optional<base::Duration> rtt() const;
  [[nodiscard]] const LinkStats& stats() const;
  /// Kept for a resume; at most kRetainedMax and the acknowledged part of one record.
  [[nodiscard]] std::size_t retained_bytes() const;
  /// Held for messages not yet complete or not yet taken by poll_event().
  [[nodiscard]] std::size_t reassembly_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::link
