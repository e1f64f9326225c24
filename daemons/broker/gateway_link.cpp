// SPDX-License-Identifier: Apache-2.0
// GET /gateway/connect: the connection of one enrolled gateway. Messages: lib/wire/gateway.fbs.
#include <algorithm>
#include <atomic>
#include <utility>

#include <fmt/format.h>

#include "audit/intake.hpp"
#include "base/log.hpp"
#include "daemons/broker/console_network.hpp"
#include "daemons/broker/serve.hpp"
#include "directory/gateways.hpp"
#include "net/endpoint.hpp"
#include "net/io_thread.hpp"
#include "net/timeout.hpp"
#include "net/websocket.hpp"

namespace rescue::broker {
namespace asio = boost::asio;
namespace fb = wire::gateway;
namespace {

constexpr net::NamedTimeout kRegisterTimeout("gateway register", std::chrono::seconds(10));
/// Messages of one gateway that wait for a worker; while so many do no more are read, so that it cannot crowd others
/// out.
constexpr std::size_t kMaxInWork = 128;
constexpr base::Duration kInWorkPause = std::chrono::milliseconds(2);
/// Incidents of one gateway that are logged at once; one more each second. Each is an attack that somebody repeats at
/// will.
constexpr double kIncidentBurst = 50;

/// Which incidents are logged.
class IncidentBudget {
 public:
  /// How many were left out since the last that was logged; nullopt: leave this one out, too.
  std::optional<std::uint64_t> spend(base::SteadyTime now) {
    left_ = std::min(kIncidentBurst, left_ + std::chrono::duration<double>(now - at_).count());
    at_ = now;
    if (left_ < 1) {
      ++omitted_;
      return std::nullopt;
    }
    left_ -= 1;
    return std::exchange(omitted_, 0);
  }

 private:
  double left_ = kIncidentBurst;
  base::SteadyTime at_{};
  std::uint64_t omitted_ = 0;
};

/// One connection. The coroutine's strand calls it; what touches the database goes to the worker pool.
class GatewayLink : public std::enable_shared_from_this<GatewayLink> {
 public:
  GatewayLink(Services& s, store::Gateway gateway, std::shared_ptr<net::WebSocketSession> socket,
              std::uint64_t connection)
      : s_(s), gateway_(std::move(gateway)), socket_(std::move(socket)), connection_(connection) {}

  /// False: the message is not what a gateway may say now; the connection ends.
  bool handle(const fb::GatewayMessage& message);
  void lost(std::string_view why);
  /// Too many of its messages wait for a worker: read no more for now.
  [[nodiscard]] bool is_busy() const { return in_work_ >= kMaxInWork; }

 private:
  bool in_worker(std::move_only_function<void()> job);
  void on_register(const fb::Register& m);
  void on_admit(const fb::AdmitRequest& m);
  void link_moved(const base::Guid& session, wire::SessionEvent event);
  void on_incident(const fb::Incident& m);
  void reply_admit(std::uint64_t id, fb::AdmitVerdict verdict);
  void send_registered();

  Services& s_;
  store::Gateway gateway_;
  std::shared_ptr<net::WebSocketSession> socket_;
  std::uint64_t connection_;
  bool registered_ = false;
  IncidentBudget incidents_;
  std::atomic<std::size_t> in_work_ = 0;
};

bool GatewayLink::in_worker(std::move_only_function<void()> job) {
  ++in_work_;
  const bool queued = s_.fast.post([self = shared_from_this(), job = std::move(job)]() mutable {
    const struct Done {
      std::atomic<std::size_t>& count;
      ~Done() { --count; }
    } done{self->in_work_};
    job();
  });
  if (!queued) --in_work_;
  return queued;
}

base::Guid guid_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  return base::Guid::from_bytes(wire::view(bytes)).value_or(base::Guid());
}

bool GatewayLink::handle(const fb::GatewayMessage& message) {
  if (const auto* m = message.message_as_Register(); m != nullptr && !registered_) {
    on_register(*m);
    return true;
  }
  if (!registered_) return false;
  switch (message.message_type()) {
    case fb::Message::AdmitRequest:
      on_admit(*message.message_as_AdmitRequest());
      return true;
    case fb::Message::Incident:
      on_incident(*message.message_as_Incident());
      return true;
    case fb::Message::Load: {
      const auto* m = message.message_as_Load();
      s_.gateways.load(gateway_.id, m->pairs(), m->waiting());
      return true;
    }
    case fb::Message::WaitingChanged: {
      const auto* m = message.message_as_WaitingChanged();
      s_.gateways.waiting(gateway_.id, guid_of(m->session()), m->role(), m->waiting());
      return true;
    }
    case fb::Message::PairJoined: {
      const auto* m = message.message_as_PairJoined();
      const auto session = guid_of(m->session());
      s_.gateways.pair_joined(gateway_.id, session, guid_of(m->pair()));
      link_moved(session, wire::SessionEvent::link_up);
      return true;
    }
    case fb::Message::PairEnded: {
      const auto* m = message.message_as_PairEnded();
      const auto session = guid_of(m->session());
      if (s_.gateways.pair_ended(gateway_.id, session, guid_of(m->pair())) == 0)
        link_moved(session, wire::SessionEvent::link_lost);
      return true;
    }
    default:
      return false;  // what only a broker says, and types of a newer version
  }
}

void GatewayLink::on_register(const fb::Register& m) {
  registered_ = true;
  std::vector<std::string> addresses;
  for (const auto* address : *m.addresses()) {
    const auto endpoint = net::Endpoint::parse(wire::text(address));
    if (endpoint) addresses.push_back(endpoint->text());
  }
  in_worker([self = shared_from_this(), addresses = std::move(addresses)] {
    auto& s = self->s_;
    const auto connected = s.store->write_now([&](store::Transaction& tx) {
      return directory::gateways::connected(tx, self->gateway_.id, addresses, s.clock.wall());
    });
    if (!connected) {
      base::log(base::LogLevel::warn, "broker", "gateway not taken",
                {{"gateway", self->gateway_.name}, {"what", connected.error().message()}});
      self->socket_->close(net::CloseCode::policy, "not taken");
      return;
    }
    self->send_registered();
    if (connected->draining) s.gateways.drain(self->gateway_.id, true);
  });
}

void GatewayLink::send_registered() {
  flatbuffers::FlatBufferBuilder b;
  std::vector<flatbuffers::Offset<wire::tokens::TokenKey>> keys;
  for (const auto& key : s_.site.token_keys)
    if (const auto raw = key.raw_ed25519()) keys.push_back(wire::tokens::CreateTokenKey(b, byte_vector(b, *raw)));
  const auto id = byte_vector(b, gateway_.id.bytes());
  const auto list = b.CreateVector(keys);
  const auto now = s_.clock.wall().time_since_epoch().count();
  const auto registered = fb::CreateRegistered(b, id, list, now);
  socket_->send_binary(gateway_message(fb::Message::Registered, registered.Union(), b));
}

/// The database's view of an end that has shown a valid ticket and its key.
fb::AdmitVerdict verdict_for(store::ReadTransaction& tx, const base::Guid& id, wire::tokens::Role role,
                             base::ByteView guid_id, base::ByteView fingerprint, std::string_view remote) {
  const auto session = store::sessions::get(tx, id);
  if (!session) return fb::AdmitVerdict::unknown_session;
  if (session->ended_at) return fb::AdmitVerdict::session_ended;
  if (!std::ranges::equal(session->guid_id, guid_id)) return fb::AdmitVerdict::wrong_key;
  if (role == wire::tokens::Role::applet) {
    const auto key = store::applet_keys::find(tx, id);
    if (!key || !*key) return fb::AdmitVerdict::wrong_key;
    return std::ranges::equal((*key)->fingerprint, fingerprint) ? fb::AdmitVerdict::admitted
                                                                : fb::AdmitVerdict::wrong_key;
  }
  const auto grants = store::grants::current(tx, id);
  if (!grants) return fb::AdmitVerdict::refused;
  const auto holds = [&](const store::Grant& g) { return std::ranges::equal(g.console_fingerprint, fingerprint); };
  const auto grant = std::ranges::find_if(*grants, holds);
  if (grant == grants->end()) return fb::AdmitVerdict::wrong_key;
  return from_allowed_network(tx, grant->technician, remote) ? fb::AdmitVerdict::admitted : fb::AdmitVerdict::network;
}

void GatewayLink::on_admit(const fb::AdmitRequest& m) {
  const auto id = m.id();
  const auto session = guid_of(m.session());
  const auto role = m.role();
  auto guid_id = base::to_bytes(wire::view(m.guid_id()));
  auto fingerprint = base::to_bytes(wire::view(m.holder_fingerprint()));
  std::string remote(wire::text(m.remote_address()));
  const bool queued = in_worker([self = shared_from_this(), id, session, role, guid_id = std::move(guid_id),
                                 fingerprint = std::move(fingerprint), remote = std::move(remote)] {
    const auto verdict = self->s_.store->read_now([&](store::ReadTransaction& tx) -> base::Result<fb::AdmitVerdict> {
      return verdict_for(tx, session, role, guid_id, fingerprint, remote);
    });
    if (role == wire::tokens::Role::console && verdict == fb::AdmitVerdict::admitted)
      self->s_.gateways.console_admitted(self->gateway_.id, session, fingerprint, remote);
    self->reply_admit(id, verdict.value_or(fb::AdmitVerdict::refused));
  });
  if (!queued) reply_admit(id, fb::AdmitVerdict::refused);
}

void GatewayLink::reply_admit(std::uint64_t id, fb::AdmitVerdict verdict) {
  ++(verdict == fb::AdmitVerdict::admitted ? s_.counters.admitted : s_.counters.not_admitted);
  flatbuffers::FlatBufferBuilder b;
  socket_->send_binary(gateway_message(fb::Message::AdmitReply, fb::CreateAdmitReply(b, id, verdict).Union(), b));
}

/// What the relays say about the link moves the session between active and reconnecting. Other states are not theirs to
/// move.
void GatewayLink::link_moved(const base::Guid& session, wire::SessionEvent event) {
  const auto only_from =
      event == wire::SessionEvent::link_up ? wire::SessionState::reconnecting : wire::SessionState::active;
  in_worker([self = shared_from_this(), session, event, only_from] {
    auto& s = self->s_;
    const auto stepped = s.store->write_now([&](store::Transaction& tx) -> base::Result<bool> {
      RESCUE_TRY(const auto row, store::sessions::lock(tx, session));
      if (row.state != wire::name(only_from)) return false;
      RESCUE_TRY(const auto moved, s.desk.step(tx, session, event, wire::Party::broker, s.clock.wall()));
      return true;
    });
    if (!stepped) {
      base::log(base::LogLevel::warn, "broker", "pair of an unknown session",
                {{"gateway", self->gateway_.name}, {"session", session.text()}, {"what", stepped.error().message()}});
    }
  });
}

void GatewayLink::on_incident(const fb::Incident& m) {
  const auto omitted = incidents_.spend(s_.clock.steady());
  if (!omitted) return;
  std::optional<base::Guid> session;
  if (m.session() != nullptr) session = guid_of(m.session());
  const auto role = m.role() == wire::tokens::Role::console ? "console" : "applet";
  auto data = fmt::format(R"({{"reason":{},"gateway":{},"role":"{}","address":{},"omitted":{}}})",
                          base::json_quote(wire::text(m.reason())), base::json_quote(gateway_.name), role,
                          base::json_quote(wire::text(m.remote_address())), *omitted);
  in_worker([self = shared_from_this(), session, data = std::move(data)] {
    auto& s = self->s_;
    const auto now = s.clock.wall();
    const auto kept = s.store->write_now([&](store::Transaction& tx) -> base::Result<store::Appended> {
      store::NewEvent event;
      if (session) {
        // A stolen ticket may name a session that this site does not know.
        if (const auto row = store::sessions::get(tx, *session)) {
          event.session = session;
          event.technician = directory::owner_of(*row);
        }
      }
      event.source = store::EventSource::gateway;
      event.time = now;
      event.type = store::EventType::alert;
      event.actor = self->gateway_.name;
      event.data = data;
      return audit::record(tx, event, now);
    });
    if (!kept) base::log(base::LogLevel::error, "broker", "incident not logged", {{"what", kept.error().message()}});
  });
}

void GatewayLink::lost(std::string_view why) {
  if (!s_.gateways.disconnected(gateway_.id, connection_) || !registered_) return;
  s_.fast.post([self = shared_from_this(), why = std::string(why)] {
    auto& s = self->s_;
    const auto noted = s.store->write_now(
        [&](store::Transaction& tx) { return directory::gateways::lost(tx, self->gateway_.id, why, s.clock.wall()); });
    if (!noted)
      base::log(base::LogLevel::warn, "broker", "loss of a gateway not logged", {{"what", noted.error().message()}});
  });
}

asio::awaitable<std::string> pump(GatewayLink& link, net::WebSocketSession& socket) {
  auto receiving = socket.receive();
  auto limited = net::with_timeout(std::move(receiving), kRegisterTimeout);
  auto message = co_await std::move(limited);
  for (;;) {
    if (!message) co_return message.error().message();
    const auto read = message->text
                          ? base::Result<const fb::GatewayMessage*>(base::fail(base::Errc::bad_format, "text message"))
                          : wire::read_gateway_message(message->bytes());
    if (!read || !link.handle(**read)) {
      socket.close(net::CloseCode::protocol_error, "not a message of a gateway");
      co_return read ? "unexpected message" : read.error().message();
    }
    while (link.is_busy()) {
      auto pause = net::sleep_for(kInWorkPause);
      if (const bool go_on = co_await std::move(pause); !go_on) co_return "the broker is going down";
    }
    auto next = socket.receive();
    message = co_await std::move(next);
  }
}

asio::awaitable<net::HttpResponse> serve_gateway(Services& s, const Route& route, net::HttpRequest& request,
                                                 net::WebSocketUpgrade& upgrade) {
  std::optional<store::Gateway> gateway;
  WorkerPool::Job find = [&] {
    const base::Error no_certificate(Errc::no_certificate, std::string(route.operation));
    if (!request.peer_fingerprint) return error_response(no_certificate, request.request_id);
    auto found = s.store->read_now(
        [&](store::ReadTransaction& tx) { return directory::gateways::authenticate(tx, *request.peer_fingerprint); });
    if (!found) return error_response(found.error(), request.request_id);
    gateway = std::move(*found);
    return net::HttpResponse(200);
  };
  auto finding = in_worker(s.fast, std::move(find), request.request_id);
  auto found = co_await std::move(finding);
  if (!found.ok()) co_return found;

  net::WebSocketOptions options;
  options.message_cap = wire::kMaxGatewayMessage;
  auto accepting = upgrade.accept(options);
  auto socket = co_await std::move(accepting);
  if (!socket) co_return net::HttpResponse(400);
  const auto connection = s.gateways.connected(gateway->id, *socket);
  const auto link = std::make_shared<GatewayLink>(s, std::move(*gateway), *socket, connection);
  // Also when the coroutine is cancelled.
  struct Leave {
    std::shared_ptr<GatewayLink> link;
    std::string why = "the broker is going down";
    ~Leave() { link->lost(why); }
  };
  Leave leave{link};
  auto pumping = pump(*link, **socket);
  leave.why = co_await std::move(pumping);
  co_return net::HttpResponse(200);
}

}  // namespace

net::WebSocketHandler gateway_handler(Services& services, const Route& route) {
  return [&services, &route](net::HttpRequest& request, net::WebSocketUpgrade& upgrade) {
    return serve_gateway(services, route, request, upgrade);
  };
}

}  // namespace rescue::broker
