// SPDX-License-Identifier: Apache-2.0
#include "peer/gateway_connector.hpp"

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "crypto/possession.hpp"
#include "wire/limits.hpp"
#include "wire/messages.hpp"

namespace rescue::peer {

namespace asio = boost::asio;
namespace fb = wire::handoff;

namespace {

template <typename T>
base::Bytes finish(flatbuffers::FlatBufferBuilder& b, flatbuffers::Offset<T> body) {
  b.Finish(fb::CreateHandoff(b, fb::MessageTraits<T>::enum_value, body.Union()), fb::HandoffIdentifier());
  return wire::finished_bytes(b);
}

flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> vector(flatbuffers::FlatBufferBuilder& b, base::ByteView v) {
  return b.CreateVector(v.data(), v.size());
}

base::Bytes hello_message(const HandoffIdentity& who, base::ByteView ticket, base::ByteView possession, bool leaves) {
  flatbuffers::FlatBufferBuilder b;
  const auto ticket_at = vector(b, ticket);
  const auto guid_at =
      who.guid ? vector(b, who.guid->bytes()) : flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>>();
  const auto proof_at = vector(b, possession);
  return finish(b,
                fb::CreateHello(b, 1, static_cast<wire::tokens::Role>(who.role), ticket_at, guid_at, proof_at, leaves));
}

base::Bytes ping_message() {
  flatbuffers::FlatBufferBuilder b;
  return finish(b, fb::CreatePing(b, 0));
}

base::Bytes pong_message(std::uint64_t value) {
  flatbuffers::FlatBufferBuilder b;
  return finish(b, fb::CreatePong(b, value));
}

Errc refusal_code(fb::RefuseReason reason) {
  switch (reason) {
    case fb::RefuseReason::bad_ticket:
    case fb::RefuseReason::expired:
      return Errc::ticket_refused;
    case fb::RefuseReason::wrong_holder:
    case fb::RefuseReason::wrong_guid:
      return Errc::holder_refused;
    case fb::RefuseReason::not_admitted:
      return Errc::not_admitted;
    case fb::RefuseReason::network:
      return Errc::network_refused;
    case fb::RefuseReason::bad_message:
      return Errc::gateway_protocol;
    default:
      return Errc::gateway_refused;
  }
}

base::Error out_of_turn(fb::Message kind) {
  return {Errc::gateway_protocol, fmt::format("{} is out of turn", fb::EnumNameMessage(kind))};
}

}  // namespace

GatewayConnection::GatewayConnection(GatewayAddress gateway, std::unique_ptr<net::TlsStream> outer)
    : gateway_(std::move(gateway)), outer_(std::move(outer)), reader_(wire::kMaxHandoffMessage) {}
GatewayConnection::~GatewayConnection() = default;

void GatewayConnection::close() {
  if (outer_) outer_->close();
}

asio::awaitable<base::Result<std::unique_ptr<GatewayConnection>>> GatewayConnection::call(GatewayAddress gateway,
                                                                                          crypto::TlsContext outer) {
  net::ConnectLimits limits;
  limits.resolve = limits.connect = kGatewayConnect.after;
  RESCUE_CO_TRY(auto socket, co_await net::connect_tcp(gateway.at, limits));
  socket->set_dead_path_timeout(kDeadPath);
  RESCUE_CO_TRY(auto tls, net::TlsStream::create(outer, std::move(socket), net::TlsStream::Side::client));
  RESCUE_CO_CHECK(tls->expect_host(gateway.at.host));
  auto shaking = tls->handshake();
  RESCUE_CO_CHECK(co_await net::with_timeout(std::move(shaking), kOuterHandshake));
  co_return std::unique_ptr<GatewayConnection>(new GatewayConnection(std::move(gateway), std::move(tls)));
}

asio::awaitable<base::Result<std::unique_ptr<GatewayConnection>>> GatewayConnection::open(GatewayAddress gateway,
                                                                                          crypto::TlsContext outer,
                                                                                          HandoffIdentity identity,
                                                                                          base::Bytes ticket) {
  auto calling = call(std::move(gateway), std::move(outer));
  RESCUE_CO_TRY(auto out, co_await std::move(calling));
  auto entering = out->admit(std::move(identity), std::move(ticket));
  RESCUE_CO_CHECK(co_await std::move(entering));
  co_return out;
}

asio::awaitable<base::Result<>> GatewayConnection::admit(HandoffIdentity identity, base::Bytes ticket) {
  auto greeting = hello(identity, ticket);
  co_return co_await net::with_timeout(std::move(greeting), kHelloAnswer);
}

asio::awaitable<base::Result<>> GatewayConnection::admit_early(HandoffIdentity identity, base::Bytes ticket,
                                                               crypto::TlsContext inner) {
  RESCUE_CO_TRY(early_, net::EarlyTls::begin(inner));
  co_return co_await admit(std::move(identity), std::move(ticket));
}

asio::awaitable<void> GatewayConnection::say_goodbye() {
  if (!outer_) co_return;
  auto leaving = outer_->shutdown_write();
  (void)co_await net::with_timeout(std::move(leaving), kFarewell);
  close();
}

asio::awaitable<base::Result<>> GatewayConnection::send_hello(const HandoffIdentity& identity, base::ByteView ticket) {
  RESCUE_CO_TRY(const auto exporter, crypto::export_keying(outer_->native(), crypto::kPossessionExporterLabel,
                                                           crypto::kPossessionExporterBytes));
  RESCUE_CO_TRY(const auto proof, crypto::prove_possession(identity.holder, exporter.view(), ticket));
  auto message = hello_message(identity, ticket, proof, early_.has_value());
  RESCUE_CO_CHECK(co_await send(std::move(message)));
  if (!early_) co_return base::Result<>{};
  RESCUE_CO_CHECK(co_await outer_->send_close_notify());
  co_return co_await net::write_all(outer_->socket(), early_->client_hello());
}

asio::awaitable<base::Result<>> GatewayConnection::hello(const HandoffIdentity& identity, base::ByteView ticket) {
  RESCUE_CO_CHECK(co_await send_hello(identity, ticket));
  RESCUE_CO_TRY(auto answer, co_await read_frame());
  RESCUE_CO_CHECK(co_await on_frame(std::move(answer)));
  if (!waiting_ && !joined_) co_return base::fail(out_of_turn(fb::Message::Pong));
  co_return base::Result<>{};
}

asio::awaitable<base::Result<>> GatewayConnection::send(base::Bytes message) {
  const auto frame = wire::make_frame(message, wire::kMaxHandoffMessage);
  co_return co_await net::write_all(*outer_, frame);
}

/// Reads no byte beyond the frame. May be cancelled while it waits and called again: what came is kept.
asio::awaitable<base::Result<base::Bytes>> GatewayConnection::read_frame() {
  for (;;) {
    if (auto frame = reader_.take()) co_return std::move(*frame);
    base::Bytes chunk(reader_.wanted());
    RESCUE_CO_TRY(const auto n, co_await outer_->read_some(chunk));
    if (n == 0) co_return base::fail(base::Errc::closed, "gateway ended the connection");
    RESCUE_CO_CHECK(reader_.put(base::ByteView(chunk).first(n)));
  }
}

asio::awaitable<base::Result<>> GatewayConnection::on_frame(base::Bytes frame) {
  RESCUE_CO_TRY(const auto* message, wire::read_handoff(frame));
  if (const auto* refused = message->message_as_Refused()) {
    const auto why = base::to_display_text(wire::text(refused->text()));
    co_return base::fail(refusal_code(refused->reason()), fmt::format("gateway {}: {}", gateway_.at.text(), why));
  }
  if (const auto* ping = message->message_as_Ping()) {
    auto pong = pong_message(ping->value());
    co_return co_await send(std::move(pong));
  }
  if (message->message_as_Pong() != nullptr && waiting_) co_return base::Result<>{};
  if (message->message_as_Waiting() != nullptr && !waiting_) {
    waiting_ = true;
    co_return base::Result<>{};
  }
  if (const auto* joined = message->message_as_Joined(); joined != nullptr && waiting_) {
    RESCUE_CO_TRY(joined_, base::Guid::from_bytes(wire::view(joined->pair())));
    co_return base::Result<>{};
  }
  co_return base::fail(out_of_turn(message->message_type()));
}

asio::awaitable<base::Result<>> GatewayConnection::wait_for_partner() {
  auto heard = std::chrono::steady_clock::now();
  while (!joined_) {
    auto reading = read_frame();
    auto frame = co_await net::with_timeout(std::move(reading), net::NamedTimeout("ping", kPingEvery));
    if (frame) {
      heard = std::chrono::steady_clock::now();
      RESCUE_CO_CHECK(co_await on_frame(std::move(*frame)));
      continue;
    }
    if (frame.error().code != base::Errc::timed_out) co_return base::fail(std::move(frame).error());
    if (std::chrono::steady_clock::now() - heard >= kGatewaySilence.after)
      co_return base::fail(base::Errc::timed_out, std::string(kGatewaySilence.name));
    if (early_) continue;  // our direction is closed
    auto ping = ping_message();
    RESCUE_CO_CHECK(co_await send(std::move(ping)));
  }
  co_return base::Result<>{};
}

asio::awaitable<base::Result<>> GatewayConnection::wait_joined(std::optional<net::NamedTimeout> patience) {
  auto waiting = wait_for_partner();
  if (!patience) co_return co_await std::move(waiting);
  co_return co_await net::with_timeout(std::move(waiting), *patience);
}

asio::awaitable<base::Result<>> GatewayConnection::leave_outer() {
  RESCUE_CO_CHECK(co_await outer_->send_close_notify());  // nothing when it is out
  co_return co_await outer_->expect_close_notify();
}

asio::awaitable<base::Result<InnerPath>> GatewayConnection::secure(crypto::LinkRole role, crypto::Profile profile,
                                                                   crypto::TlsContext inner) {
  if (!joined_) co_return base::fail(base::Errc::internal, "no partner yet");
  auto leaving = leave_outer();
  RESCUE_CO_CHECK(co_await net::with_timeout(std::move(leaving), kLeaveOuter));
  auto socket = outer_->release();
  outer_.reset();
  const auto side = role == crypto::LinkRole::applet ? net::TlsStream::Side::server : net::TlsStream::Side::client;
  RESCUE_CO_TRY(auto stream,
                early_ ? early_->go_on(std::move(socket)) : net::TlsStream::create(inner, std::move(socket), side));
  auto shaking = stream->handshake();
  RESCUE_CO_CHECK(co_await net::with_timeout(std::move(shaking), kInnerHandshake));
  InnerPath out;
  RESCUE_CO_TRY(out.peer, crypto::link_established(stream->native(), profile));
  stream->socket().set_unsent_low_water(kUnsentLowWater);
  out.stream = std::move(stream);
  out.pair = *joined_;
  out.gateway = gateway_.at.text();
  co_return out;
}

}  // namespace rescue::peer
