// SPDX-License-Identifier: Apache-2.0
// The gateways that are connected now: what they report, what they are told, and which one a session should use.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "net/websocket.hpp"
#include "store/gateways.hpp"
#include "wire/messages.hpp"

namespace rescue::broker {

/// A gateway as clients reach it; one with several addresses is several places.
struct GatewayPlace {
  base::Guid id;
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  base::Bytes fingerprint;
};

struct GatewayLoad {
  bool connected = false;
  std::uint32_t pairs = 0;
  std::uint32_t waiting = 0;
};

/// Pairs, and sessions with waiting applets, that are remembered for one gateway: several times what one carries. More
/// is not a report but an attack on memory, and ignored.
inline constexpr std::size_t kMaxReported = 65'536;
/// Consoles of one session that are remembered: its technicians, each with a reconnection or two.
inline constexpr std::size_t kMaxConsoles = 8;

/// Thread-safe. What it knows is a report of now; nothing in it decides who may do what.
class GatewayHub {
 public:
  using Socket = std::shared_ptr<net::WebSocketSession>;

  /// A newer connection of the same gateway takes the place of the older, which is closed. Returns the connection's
  /// number.
  std::uint64_t connected(const base::Guid& gateway, Socket socket);
  /// False when a newer connection has taken over, so that its loss is no loss.
  bool disconnected(const base::Guid& gateway, std::uint64_t connection);
  void load(const base::Guid& gateway, std::uint32_t pairs, std::uint32_t waiting);
  void waiting(const base::Guid& gateway, const base::Guid& session, wire::tokens::Role role, std::uint32_t count);
  /// Pairs of a session on all gateways after the change.
  std::size_t pair_joined(const base::Guid& gateway, const base::Guid& session, const base::Guid& pair);
  std::size_t pair_ended(const base::Guid& gateway, const base::Guid& session, const base::Guid& pair);
  [[nodiscard]] std::size_t pairs_of(const base::Guid& session) const;

  [[nodiscard]] GatewayLoad load_of(const base::Guid& gateway) const;
  [[nodiscard]] std::size_t connected_count() const;
  /// The order in which both ends of a session try the gateways: where its applet waits, then connected ones, then
  /// others; among equals by the highest random weight of session and gateway, so that both ends sort alike. Draining
  /// ones come last.
  [[nodiscard]] std::vector<GatewayPlace> places(std::vector<store::Gateway> rows, const base::Guid& session) const;

  void drain(const base::Guid& gateway, bool draining);
  /// Ends everything of a session on every gateway: it is over, or its ends are to be admitted anew.
  void kick(const base::Guid& session);
  /// A console was let in from `remote` ("address:port"). The last few of each session are remembered until kick().
  void console_admitted(const base::Guid& gateway, const base::Guid& session, base::ByteView fingerprint,
                        std::string_view remote);
  struct Console {
    base::Guid session;
    base::Bytes fingerprint;
    std::string remote;
  };
  [[nodiscard]] std::vector<Console> consoles() const;
  void close(const base::Guid& gateway, std::string reason);
  void close_all(std::string reason);

 private:
  struct Link {
    Socket socket;
    std::uint64_t connection = 0;
    GatewayLoad load;
    std::set<base::Guid> applets_waiting;              // sessions
    std::map<base::Guid, std::set<base::Guid>> pairs;  // session -> pairs
    std::size_t pair_count = 0;                        // in all sessions
    std::map<base::Guid, std::vector<Console>> consoles{};
  };
  [[nodiscard]] std::size_t pairs_locked(const base::Guid& session) const;
  void send(const Socket& socket, wire::gateway::Message type, flatbuffers::Offset<void> message,
            flatbuffers::FlatBufferBuilder& builder) const;

  mutable std::mutex mutex_;
  std::map<base::Guid, Link> links_;
  std::uint64_t next_connection_ = 1;
};

/// One finished GatewayMessage.
[[nodiscard]] base::Bytes gateway_message(wire::gateway::Message type, flatbuffers::Offset<void> message,
                                          flatbuffers::FlatBufferBuilder& builder);
[[nodiscard]] flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> byte_vector(
    flatbuffers::FlatBufferBuilder& builder, base::ByteView bytes);

}  // namespace rescue::broker
