// SPDX-License-Identifier: Apache-2.0
// Caps and time-outs of this room, each once. Options of servers and clients start from them.
#pragma once

#include <chrono>
#include <cstddef>

namespace rescue::net {

using namespace std::chrono_literals;

// HTTP
inline constexpr std::size_t kHeaderCap = 16 * 1024;         // bytes of start line and fields together
inline constexpr std::size_t kDefaultBodyCap = 1024 * 1024;  // bytes of a request body, unless its route says otherwise
// What requests that are not answered yet may hold together, whoever sent them: bytes of header and body, and of the
// buffer through which they come. An address is one IPv4 address or one IPv6 network of 64 bits.
inline constexpr std::size_t kRequestMemory = 64 * 1024 * 1024;
inline constexpr std::size_t kRequestMemoryPerAddress = 16 * 1024 * 1024;
inline constexpr std::size_t kUncountedRequest = 2 * 1024;  // bytes of each request that kMaxConnections bounds already
inline constexpr std::size_t kSmallRequest = 64 * 1024;     // bytes; larger ones may not take the last …
inline constexpr std::size_t kSmallRequestPart = 4;         // … quarter of kRequestMemory
inline constexpr std::chrono::seconds kBusyRetryAfter{5};   // told to who is refused for it
inline constexpr std::size_t kResponseBodyCap = 16 * 1024 * 1024;  // bytes a client takes, unless told otherwise
inline constexpr std::size_t kEventQueueBytes = 1024 * 1024;       // waiting for one slow event-stream reader
inline constexpr std::size_t kEventCap = 256 * 1024;               // bytes of one event that a client takes
inline constexpr std::size_t kMaxConnections = 20'000;
inline constexpr std::size_t kMaxConnectionsPerAddress = 1'000;
inline constexpr std::chrono::microseconds kTlsHandshakeTimeout = 10s;
inline constexpr std::chrono::microseconds kHeaderTimeout = 10s;     // first byte to end of header
inline constexpr std::chrono::microseconds kBodyTimeout = 60s;       // a whole body
inline constexpr std::chrono::microseconds kBodyStall = 10s;         // no byte of it for that long
inline constexpr std::chrono::microseconds kKeepAliveTimeout = 60s;  // between two requests
inline constexpr std::chrono::microseconds kWriteTimeout = 30s;      // a response or event that does not get out
inline constexpr std::size_t kSharedChunk = 128 * 1024;              // of a large body, each with the write time-out
inline constexpr std::chrono::microseconds kHandlerTimeout = 60s;
inline constexpr std::chrono::microseconds kEventKeepAlive = 15s;  // a comment line after that much silence

// clients
inline constexpr std::chrono::microseconds kResolveTimeout = 10s;
inline constexpr std::chrono::microseconds kConnectTimeout = 10s;
inline constexpr std::chrono::microseconds kRequestTimeout = 30s;  // from sending to the end of the response
inline constexpr std::chrono::microseconds kEventSilence = 45s;    // no byte of an event stream: the path is dead

// WebSocket (RFC 6455)
inline constexpr std::size_t kWebSocketMessageCap = 1024 * 1024;
inline constexpr std::size_t kWebSocketQueueBytes = 4 * 1024 * 1024;
inline constexpr std::chrono::microseconds kWebSocketPing = 20s;     // after that much silence of the peer
inline constexpr std::chrono::microseconds kWebSocketSilence = 60s;  // nothing at all from the peer: gone
inline constexpr std::chrono::microseconds kWebSocketClose = 5s;     // for the peer's answer to our close

}  // namespace rescue::net
