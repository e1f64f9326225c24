// SPDX-License-Identifier: Apache-2.0
// Two TCP sockets joined: bytes both ways, untouched and uncounted for but in number. Reads that stay small are copied
// through a buffer that all pairs of a loop share; a direction whose reads keep filling it is spliced through a
// borrowed pipe. A reader that is blocked stops its writer: nothing is read for it until what is held is gone.
#pragma once

#include <memory>
#include <string>

#include "base/guid.hpp"
#include "daemons/gateway/address_book.hpp"
#include "daemons/gateway/fd.hpp"
#include "daemons/gateway/loop_parts.hpp"
#include "wire/messages.hpp"

namespace rescue::gateway {

using PairEnd = wire::gateway::PairEnd;

class RelayPair;
class RelayOwner {
 public:
  /// The pair's turn is over and it has more to move: call run() again after the others.
  virtual void relay_has_more(RelayPair& pair) = 0;
  /// Both sockets are closed. The owner deletes the pair after the present batch of events.
  virtual void relay_ended(RelayPair& pair, PairEnd end) = 0;

 protected:
  RelayOwner() = default;
  ~RelayOwner() = default;
};

/// One thread, that of its loop.
class RelayPair final : public Timer {
 public:
  struct Side {
    Fd fd;  // non-blocking
    AddressBook::Lease lease;
    std::string first_bytes;  // to be sent to the other side before what this side sends
    bool connected = true;    // false: connect(2) is still in progress
  };
  struct Name {
    base::Guid session;  // none: a connection of the front
    base::Guid pair;
  };

  /// Side 0 is the applet (or the front's client), side 1 the console (or the broker).
  RelayPair(LoopParts& parts, RelayOwner& owner, Name name, Side zero, Side one);

  /// Begins to move bytes; `watched`: both sockets are already in the epoll set. Not from the constructor, because the
  /// pair may end at once.
  void start(bool watched);
  void run();
  /// Cuts both sides by RST, so that no end takes the cut for an end.
  void cut(PairEnd end);

  [[nodiscard]] const Name& name() const { return name_; }
  [[nodiscard]] bool is_front() const { return name_.session.is_none(); }
  [[nodiscard]] std::uint64_t bytes_to(int side) const { return directions_[1 - side].moved; }
  [[nodiscard]] base::SteadyTime started() const { return started_; }
  [[nodiscard]] bool dead() const { return dead_; }
  bool queued = false;  // the owner's: stands in its run queue

  void on_timer(base::SteadyTime now) override;

 private:
  struct End final : EventTarget {
    RelayPair* pair = nullptr;
    Fd fd;
    AddressBook::Lease lease;
    bool readable = true;
    bool writable = true;
    bool peer_finished = false;  // FIN was seen: a short read does not mean that nothing is left to read
    bool connected = true;
    void on_events(std::uint32_t events) override;
  };
  struct Direction {
    std::unique_ptr<std::string> kept;  // copied bytes that the reader did not take
    Pipe pipe;                          // borrowed while bytes are in it
    std::size_t held = 0;               // in either
    std::uint64_t moved = 0;
    std::uint8_t streak = 0;  // full reads in a row; in bulk, small ones that may still come
    bool bulk = false;        // moved by splice
    bool spliced = false;     // what is held is in the pipe
    bool finished = false;    // the source sent FIN
    bool done = false;        // and it was passed on
    bool stalled = false;     // counted in the gauge
  };
  enum class Step : std::uint8_t { again, blocked, ended };

  bool pump(int from);
  Step drain(Direction& d, End& to);
  Step pass_end(Direction& d, End& to);
  Step copy(Direction& d, End& from, End& to, std::size_t& turn);
  Step splice_in(Direction& d, End& from, End& to, std::size_t& turn);
  void set_bulk(Direction& d, const End& to, bool bulk);
  Step read_failed(Direction& d, End& from, ssize_t n);
  void keep(Direction& d, base::ByteView rest);
  void set_stalled(Direction& d, bool stalled);
  void account(Direction& d, std::size_t n);
  void finish(PairEnd end, bool reset);

  LoopParts& parts_;
  RelayOwner& owner_;
  Name name_;
  std::array<End, 2> ends_;
  std::array<Direction, 2> directions_;  // index: the side that it comes from
  base::SteadyTime started_;
  base::SteadyTime last_byte_;
  Gathering::Mark counted_ = 0;
  bool dead_ = false;
};

/// TCP_NODELAY, keepalive, TCP_USER_TIMEOUT and TCP_NOTSENT_LOWAT by `options`.
void tune_socket(int fd, const DataPlaneOptions& options);

}  // namespace rescue::gateway
