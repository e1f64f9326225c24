// SPDX-License-Identifier: Apache-2.0
// Time-outs and caps of this room, each once.
#pragma once

#include <cstddef>

#include "net/timeout.hpp"

namespace rescue::peer {

using namespace std::chrono_literals;

inline constexpr net::NamedTimeout kRenewal("fresh ticket", 15s);
inline constexpr net::NamedTimeout kGatewayConnect("connect to gateway", 10s);
inline constexpr net::NamedTimeout kOuterHandshake("outer TLS handshake", 10s);
inline constexpr net::NamedTimeout kHelloAnswer("gateway's answer to Hello", 15s);  // it may ask the broker for 5 s
inline constexpr std::chrono::seconds kPingEvery{15};                        // while waiting; the gateway answers
inline constexpr net::NamedTimeout kGatewaySilence("gateway silence", 45s);  // three pings unanswered
inline constexpr net::NamedTimeout kPairing("pairing at the gateway", 10s);  // console, with other gateways to try
/// For the partner of a console that has begun the inner handshake already: it cannot ping, so it is not to wait long.
inline constexpr net::NamedTimeout kEarlyPatience("applet waiting at the gateway", 10s);
/// A connection made ahead is kept this long. A gateway wants Hello within 10 s of the handshake.
inline constexpr net::NamedTimeout kCalledAhead("use for a gateway called ahead", 8s);
inline constexpr net::NamedTimeout kLeaveOuter("leaving the outer TLS", 10s);
inline constexpr net::NamedTimeout kInnerHandshake("inner TLS handshake", 10s);
inline constexpr net::NamedTimeout kGrantWait("grant for this console", 10s);  // the site's word may be on its way
inline constexpr net::NamedTimeout kFirstFrame("first link frame", 10s);
inline constexpr net::NamedTimeout kWriteStall("write to the path", 30s);
inline constexpr net::NamedTimeout kFarewell("link close", 5s);

/// The kernel asks for more when less than this is unsent. With one frame of at most 16 KiB on top, an input message
/// waits behind 32 KiB at most: 26 ms at 10 Mbit/s.
inline constexpr std::size_t kUnsentLowWater = 16 * 1024;
inline constexpr std::size_t kWriteMax = 16 * 1024;
inline constexpr std::size_t kReadMax = 64 * 1024;
/// TCP gives a silent path up after this long; the link's own time-out (15 s) comes first while the process runs.
inline constexpr std::chrono::milliseconds kDeadPath{20'000};

/// A path or a wait that lasted this long was a good one: the next attempt follows at once.
inline constexpr std::chrono::seconds kLasting{1};
/// Bounds of the pauses after one that did not last.
inline constexpr std::chrono::milliseconds kFirstFlapPause{100};
inline constexpr std::chrono::seconds kLongestFlapPause{2};
/// Bounds of the pauses after all gateways were tried in vain.
inline constexpr std::chrono::milliseconds kFirstPause{250};
inline constexpr std::chrono::seconds kLongestPause{15};
/// A technician's core has ended and its console has not heard, or not acknowledged, so far.
inline constexpr std::chrono::seconds kEndedUnheard{10};

inline constexpr std::size_t kCalledAheadMax = 3;  // gateways; each costs them a handshake
inline constexpr std::size_t kGatewaysMax = 64;
inline constexpr std::size_t kTechniciansMax = 8;  // linked to one applet at a time
inline constexpr std::size_t kGrantsMax = 32;      // kept by one applet
inline constexpr std::size_t kAcceptingMax = 4;    // joined connections on their way to a link

}  // namespace rescue::peer
