// SPDX-License-Identifier: Apache-2.0
// Every time-out and limit of the data plane, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "net/endpoint.hpp"

namespace rescue::gateway {

using namespace std::chrono_literals;
using Milliseconds = std::chrono::milliseconds;

struct Timeouts {
  Milliseconds tls = 10s;    // from accept to the end of the outer handshake; the front's look at the first bytes too
  Milliseconds hello = 10s;  // then to the whole Hello
  Milliseconds admitting = 5s;         // for the broker's word; after it the ticket alone decides
  Milliseconds waiting_silence = 60s;  // clients ping every 15 s
  Milliseconds waiting_longest = 24h;
  Milliseconds leaving = 10s;         // from Joined to the client's close_notify
  Milliseconds closing = 2s;          // for a refused client to read why
  Milliseconds pair_idle = 10min;     // a pair without a byte; the ends' link pings far more often
  Milliseconds half_closed = 60s;     // after one end's EOF without a byte: the commonest leak of relays
  Milliseconds dead_peer = 20s;       // TCP_USER_TIMEOUT: sent bytes unacknowledged, or a window closed, for this long
  Milliseconds backend_connect = 5s;  // the front's connection to the broker
};

struct Limits {
  std::size_t connections = 16'384;             // client sockets of all kinds
  std::size_t connections_per_address = 2'048;  // a call centre stands behind one address
  std::size_t unauthenticated_per_address = 256;
  std::size_t waiting_per_end = 8;    // connections of one role waiting in one session
  std::size_t refusal_lane = 64;      // connections above `connections` that still get TLS, to be told "full"
  std::size_t turn_bytes = 1 << 20;   // that one direction moves before others get their turn
  std::size_t copy_bytes = 64 << 10;  // buffer shared by all pairs of a loop; also what one stalled direction may hold
  std::size_t pipe_bytes = 1 << 20;   // bulk is spliced through pipes of this size (relay measurements: 1 MiB is best)
  std::size_t pipes = 48;             // unprivileged processes get 64 of 1 MiB in all (pipe-user-pages-soft)
  // TCP_NOTSENT_LOWAT bounds what a stalled reader piles up in the kernel. In bulk 512 kB would double the CPU per
  // byte, because the socket is filled in many small steps; 2 MiB costs 5 % over no bound.
  std::size_t unsent_bytes = 512 << 10;
  std::size_t unsent_bulk_bytes = 2 << 20;
  // From so many pairs that talk within 16 ms on, the loop looks for events once in a period, so that one wake-up
  // serves several messages: on a virtual machine it costs as much as a message. No message waits longer for it.
  std::size_t gather_from_pairs = 32;
  std::chrono::microseconds gather_period = 400us;
};

struct DataPlaneOptions {
  net::Endpoint listen{"127.0.0.1", 8444};  // numeric address
  unsigned threads = 1;
  std::optional<net::Endpoint>
      front_backend;  // set: connections that are not for the gateway go there, numeric address
  std::vector<net::IpPrefix> trusted_proxies;  // from these a PROXY v2 header is taken when it comes; from others never
  Timeouts timeouts;
  Limits limits;
};

}  // namespace rescue::gateway
