// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/gateway_hub.hpp"

#include <algorithm>
#include <tuple>

#include "crypto/hash.hpp"
#include "net/endpoint.hpp"

namespace rescue::broker {
namespace fb = wire::gateway;
namespace {

/// Named in Drain for people; the gateway's own settings decide what it does at the end of it.
constexpr std::uint32_t kDrainDeadlineSeconds = 3600;

crypto::Digest256 weight(const base::Guid& session, const base::Guid& gateway) {
  base::Bytes both = base::to_bytes(session.bytes());
  base::append(both, gateway.bytes());
  return crypto::sha256(both);
}

}  // namespace

flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> byte_vector(flatbuffers::FlatBufferBuilder& builder,
                                                                   base::ByteView bytes) {
  return builder.CreateVector(bytes.data(), bytes.size());
}

base::Bytes gateway_message(fb::Message type, flatbuffers::Offset<void> message,
                            flatbuffers::FlatBufferBuilder& builder) {
  builder.Finish(fb::CreateGatewayMessage(builder, type, message), fb::GatewayMessageIdentifier());
  return wire::finished_bytes(builder);
}

std::uint64_t GatewayHub::connected(const base::Guid& gateway, Socket socket) {
  const std::scoped_lock lock(mutex_);
  auto& link = links_[gateway];
  if (link.socket) link.socket->close(net::CloseCode::policy, "replaced by a newer connection");
  link = Link{std::move(socket), next_connection_++, {.connected = true}, {}, {}, 0};
  return link.connection;
}

bool GatewayHub::disconnected(const base::Guid& gateway, std::uint64_t connection) {
  const std::scoped_lock lock(mutex_);
  const auto at = links_.find(gateway);
  if (at == links_.end() || at->second.connection != connection) return false;
  links_.erase(at);
  return true;
}

void GatewayHub::load(const base::Guid& gateway, std::uint32_t pairs, std::uint32_t waiting) {
  const std::scoped_lock lock(mutex_);
  const auto at = links_.find(gateway);
  if (at == links_.end()) return;
  at->second.load.pairs = pairs;
  at->second.load.waiting = waiting;
}

void GatewayHub::waiting(const base::Guid& gateway, const base::Guid& session, wire::tokens::Role role,
                         std::uint32_t count) {
  if (role != wire::tokens::Role::applet) return;
  const std::scoped_lock lock(mutex_);
  const auto at = links_.find(gateway);
  if (at == links_.end()) return;
  auto& waiting = at->second.applets_waiting;
  if (count == 0)
    waiting.erase(session);
  else if (waiting.size() < kMaxReported)
    waiting.insert(session);
}

std::size_t GatewayHub::pairs_locked(const base::Guid& session) const {
  std::size_t n = 0;
  for (const auto& [id, link] : links_) {
    const auto at = link.pairs.find(session);
    if (at != link.pairs.end()) n += at->second.size();
  }
  return n;
}

std::size_t GatewayHub::pair_joined(const base::Guid& gateway, const base::Guid& session, const base::Guid& pair) {
  const std::scoped_lock lock(mutex_);
  const auto at = links_.find(gateway);
  if (at != links_.end() && at->second.pair_count < kMaxReported && at->second.pairs[session].insert(pair).second)
    ++at->second.pair_count;
  return pairs_locked(session);
}

std::size_t GatewayHub::pair_ended(const base::Guid& gateway, const base::Guid& session, const base::Guid& pair) {
  const std::scoped_lock lock(mutex_);
  if (const auto at = links_.find(gateway); at != links_.end()) {
    auto& pairs = at->second.pairs;
    if (const auto of = pairs.find(session); of != pairs.end()) {
      at->second.pair_count -= of->second.erase(pair);
      if (of->second.empty()) pairs.erase(of);
    }
  }
  return pairs_locked(session);
}

std::size_t GatewayHub::pairs_of(const base::Guid& session) const {
  const std::scoped_lock lock(mutex_);
  return pairs_locked(session);
}

GatewayLoad GatewayHub::load_of(const base::Guid& gateway) const {
  const std::scoped_lock lock(mutex_);
  const auto at = links_.find(gateway);
  return at == links_.end() ? GatewayLoad{} : at->second.load;
}

std::size_t GatewayHub::connected_count() const {
  const std::scoped_lock lock(mutex_);
  return links_.size();
}

std::vector<GatewayPlace> GatewayHub::places(std::vector<store::Gateway> rows, const base::Guid& session) const {
  struct Ranked {
    std::tuple<bool, bool, bool, crypto::Digest256> key;  // the smallest first
    store::Gateway row;
  };
  std::vector<Ranked> ranked;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& row : rows) {
      const auto at = links_.find(row.id);
      const bool here = at != links_.end();
      const bool waits = here && at->second.applets_waiting.contains(session);
      std::tuple key{!waits, row.draining, !here, weight(session, row.id)};
      ranked.push_back({key, std::move(row)});
    }
  }
  std::ranges::sort(ranked, {}, &Ranked::key);
  std::vector<GatewayPlace> out;
  for (const auto& r : ranked) {
    for (const auto& address : r.row.addresses) {
      if (const auto endpoint = net::Endpoint::parse(address))
        out.push_back({r.row.id, r.row.name, endpoint->host, endpoint->port, r.row.fingerprint});
    }
  }
  return out;
}

void GatewayHub::send(const Socket& socket, fb::Message type, flatbuffers::Offset<void> message,
                      flatbuffers::FlatBufferBuilder& builder) const {
  socket->send_binary(gateway_message(type, message, builder));
}

void GatewayHub::drain(const base::Guid& gateway, bool draining) {
  const std::scoped_lock lock(mutex_);
  const auto at = links_.find(gateway);
  if (at == links_.end()) return;
  flatbuffers::FlatBufferBuilder b;
  if (draining)
    send(at->second.socket, fb::Message::Drain, fb::CreateDrain(b, kDrainDeadlineSeconds).Union(), b);
  else
    send(at->second.socket, fb::Message::Resume, fb::CreateResume(b).Union(), b);
}

void GatewayHub::kick(const base::Guid& session) {
  const std::scoped_lock lock(mutex_);
  for (auto& [id, link] : links_) {
    link.consoles.erase(session);
    flatbuffers::FlatBufferBuilder b;
    send(link.socket, fb::Message::Kick, fb::CreateKick(b, byte_vector(b, session.bytes())).Union(), b);
  }
}

void GatewayHub::console_admitted(const base::Guid& gateway, const base::Guid& session, base::ByteView fingerprint,
                                  std::string_view remote) {
  const std::scoped_lock lock(mutex_);
  const auto at = links_.find(gateway);
  if (at == links_.end() || (at->second.consoles.size() >= kMaxReported && !at->second.consoles.contains(session)))
    return;
  auto& known = at->second.consoles[session];
  if (known.size() >= kMaxConsoles) known.erase(known.begin());
  known.push_back({session, base::to_bytes(fingerprint), std::string(remote)});
}

std::vector<GatewayHub::Console> GatewayHub::consoles() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Console> out;
  for (const auto& [id, link] : links_)
    for (const auto& [session, known] : link.consoles) out.insert(out.end(), known.begin(), known.end());
  return out;
}

void GatewayHub::close(const base::Guid& gateway, std::string reason) {
  const std::scoped_lock lock(mutex_);
  if (const auto at = links_.find(gateway); at != links_.end())
    at->second.socket->close(net::CloseCode::policy, std::move(reason));
}

void GatewayHub::close_all(std::string reason) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, link] : links_) link.socket->close(net::CloseCode::going_away, reason);
}

}  // namespace rescue::broker
