// SPDX-License-Identifier: Apache-2.0
#include "fake_gateway.hpp"

#include <unistd.h>

#include "crypto/possession.hpp"

namespace rescue::peer::test {

namespace fb = wire::handoff;

namespace {

template <typename T>
T must(base::Result<T> r) {
  if (!r) throw std::runtime_error(r.error().message());
  return std::move(*r);
}

template <typename T>
base::Bytes frame(flatbuffers::FlatBufferBuilder& b, flatbuffers::Offset<T> body) {
  b.Finish(fb::CreateHandoff(b, fb::MessageTraits<T>::enum_value, body.Union()), fb::HandoffIdentifier());
  return wire::make_frame(wire::finished_bytes(b), wire::kMaxHandoffMessage);
}

}  // namespace

struct FakeGateway::Client {
  std::unique_ptr<net::TlsStream> tls;
  std::shared_ptr<net::TcpStream> raw;  // after leaving
  wire::FrameReader reader{wire::kMaxHandoffMessage};
  crypto::Role role = crypto::Role::applet;
  base::Guid session;
  std::shared_ptr<Pair> pair;
  bool leaves_at_once = false;  // as Hello said
  bool mute = false;            // and so it did
};

struct FakeGateway::Pair {
  std::shared_ptr<Client> ends[2];  // applet, console
};

FakeGateway::FakeGateway(net::IoContext& context, std::vector<crypto::PublicKey> token_keys)
    : context_(context),
      token_keys_(std::move(token_keys)),
      tls_(must(crypto::gateway_server_context(net::test::Site::get().server_identity({"127.0.0.1"})))),
      listener_(must(net::TcpListener::open(context.executor(), net::Endpoint("127.0.0.1", 0)))),
      tasks_(context.executor()) {}

void FakeGateway::start() { tasks_.spawn("fake gateway", accept()); }

awaitable<void> FakeGateway::stop() {
  listener_->close();
  co_await tasks_.stop(std::chrono::microseconds(0));
  for (const auto& p : std::exchange(pairs_, {}))
    for (const auto& c : p->ends) c->pair.reset();
}

std::size_t FakeGateway::waiting(crypto::Role role) const {
  return static_cast<std::size_t>(std::ranges::count_if(waiting_, [&](const auto& c) { return c->role == role; }));
}

std::size_t FakeGateway::cut() {
  const auto all = std::exchange(pairs_, {});
  for (const auto& p : all)
    for (const auto& c : p->ends) {
      if (c->raw) c->raw->set_reset_on_close();
      if (c->raw) c->raw->close();
      if (c->tls) c->tls->close();
      c->pair.reset();
    }
  return all.size();
}

void FakeGateway::drop_silent() {
  for (const auto& weak : std::exchange(clients_, {}))
    if (const auto c = weak.lock(); c && c->session == base::Guid() && c->tls) c->tls->close();
}

void FakeGateway::drop_waiting() {
  for (const auto& c : std::exchange(waiting_, {})) c->tls->close();
}

awaitable<void> FakeGateway::accept() {
  for (;;) {
    auto socket = co_await listener_->accept(context_.executor());
    if (!socket) co_return;
    ++accepted;
    auto client = std::make_shared<Client>();
    clients_.push_back(client);
    client->tls = must(net::TlsStream::create(tls_, std::move(*socket), net::TlsStream::Side::server));
    tasks_.spawn("fake gateway client", serve(client));
  }
}

awaitable<base::Result<base::Bytes>> FakeGateway::read_frame(Client& client) {
  for (;;) {
    if (auto f = client.reader.take()) co_return std::move(*f);
    base::Bytes chunk(client.reader.wanted());
    RESCUE_CO_TRY(const auto n, co_await client.tls->read_some(chunk));
    if (n == 0) co_return base::fail(base::Errc::closed, "close_notify");
    RESCUE_CO_CHECK(client.reader.put(base::ByteView(chunk).first(n)));
  }
}

awaitable<base::Result<>> FakeGateway::hello(Client& client) {
  auto first = co_await read_frame(client);
  if (!first && first.error().code == base::Errc::closed) ++silent_goodbyes;
  RESCUE_CO_TRY(const auto bytes, std::move(first));
  RESCUE_CO_TRY(const auto* message, wire::read_handoff(bytes));
  const auto* hello = message->message_as_Hello();
  if (hello == nullptr) co_return base::fail(base::Errc::bad_format, "no Hello");
  ++hellos;
  flatbuffers::FlatBufferBuilder b;
  if (refuse_next) {
    const auto text = b.CreateString("on purpose");
    const auto no = frame(b, fb::CreateRefused(b, *std::exchange(refuse_next, std::nullopt), text));
    RESCUE_CO_CHECK(co_await net::write_all(*client.tls, no));
    co_return base::fail(base::Errc::denied, "on purpose");
  }
  const auto envelope = wire::view(hello->ticket());
  RESCUE_CO_TRY(const auto ticket, crypto::open_ticket(envelope, token_keys_, base::system_clock().wall()));
  RESCUE_CO_TRY(const auto exporter, crypto::export_keying(client.tls->native(), crypto::kPossessionExporterLabel,
                                                           crypto::kPossessionExporterBytes));
  const auto proof =
      crypto::check_possession(ticket.holder_spki, exporter.view(), envelope, wire::view(hello->possession()));
  const bool guid_right =
      ticket.role == crypto::Role::console || crypto::guid_id(wire::view(hello->guid())) == ticket.guid_id;
  if (!proof || !guid_right) {
    ++bad_proofs;
    co_return base::fail(base::Errc::denied, "proof");
  }
  client.role = ticket.role;
  client.session = ticket.session;
  client.leaves_at_once = hello->leaves_at_once();
  if (client.leaves_at_once) ++early_hellos;
  const auto yes = frame(b, fb::CreateWaiting(b));
  co_return co_await net::write_all(*client.tls, yes);
}

awaitable<void> FakeGateway::match() {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    for (std::size_t j = i + 1; j < waiting_.size(); ++j) {
      auto a = waiting_[i];
      auto b = waiting_[j];
      if (a->role == b->role || a->session != b->session) continue;
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(j));
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
      if (a->role != crypto::Role::applet) std::swap(a, b);
      const auto pair = std::make_shared<Pair>();
      pair->ends[0] = a;
      pair->ends[1] = b;
      a->pair = b->pair = pair;
      pairs_.push_back(pair);
      flatbuffers::FlatBufferBuilder fbb;
      const base::Bytes name(16, 0x77);
      const auto joined = frame(fbb, fb::CreateJoined(fbb, fbb.CreateVector(name.data(), name.size())));
      (void)co_await net::write_all(*a->tls, joined);
      (void)co_await net::write_all(*b->tls, joined);
      if (a->mute) tasks_.spawn("fake gateway leaving", left(a));
      if (b->mute) tasks_.spawn("fake gateway leaving", left(b));
      co_return;
    }
  }
}

awaitable<void> FakeGateway::serve(std::shared_ptr<Client> client) {
  if (!co_await client->tls->handshake()) co_return;
  ++handshakes;
  if (mute) {
    base::Bytes some(1);
    (void)co_await client->tls->read_some(some);
    (void)co_await client->tls->read_some(some);
  }
  if (!co_await hello(*client)) co_return;
  waiting_.push_back(client);
  co_await match();
  for (;;) {
    const auto bytes = co_await read_frame(*client);
    if (!bytes) break;  // a client pings each 15 s; no test waits that long
  }
  client->mute = client->leaves_at_once && !old_version && !client->pair && client->tls->is_open();
  if (client->mute) co_return;  // whoever comes finds it
  std::erase(waiting_, client);
  if (client->pair && client->tls->is_open()) co_await left(client);
}

awaitable<void> FakeGateway::left(std::shared_ptr<Client> client) {
  if (!co_await client->tls->send_close_notify()) co_return;
  if (!client->tls->is_open()) co_return;  // cut meanwhile
  client->raw = client->tls->release();
  client->tls.reset();
  const auto pair = client->pair;
  if (!pair || !pair->ends[0]->raw || !pair->ends[1]->raw) co_return;
  for (int side = 0; side < 2; ++side)
    tasks_.spawn("fake gateway pair", hostile ? betray(pair, side) : pump(pair, side));
}

awaitable<void> FakeGateway::pump(std::shared_ptr<Pair> pair, int from) {
  const auto in = pair->ends[from]->raw;
  const auto out = pair->ends[1 - from]->raw;
  base::Bytes buffer(16 * 1024);
  for (;;) {
    const auto n = co_await in->read_some(buffer);
    if (!n || *n == 0) break;
    if (record) base::append(relayed, base::ByteView(buffer).first(*n));
    if (const auto w = co_await net::write_all(*out, base::ByteView(buffer).first(*n)); !w) break;
  }
  (void)co_await out->shutdown_write();
}

/// Side 0: plays the console towards the applet; side 1: the applet towards the console.
awaitable<void> FakeGateway::betray(std::shared_ptr<Pair> pair, int side) {
  const auto me = must(crypto::make_session_identity(base::system_clock().wall()));
  const auto role = side == 0 ? crypto::LinkRole::console : crypto::LinkRole::applet;
  const auto any = [](const crypto::Fingerprint&) { return true; };
  const auto inner = must(crypto::link_context(role, crypto::Profile::modern, me, any));
  const auto fd = ::dup(pair->ends[side]->raw->fd());
  pair->ends[side]->raw->close();
  auto socket = must(net::TcpStream::adopt(context_.executor(), fd));
  auto tls = must(net::TlsStream::create(inner, std::move(socket),
                                         side == 0 ? net::TlsStream::Side::client : net::TlsStream::Side::server));
  const auto shaken = co_await tls->handshake();
  if (!shaken) co_return;
  ++hostile_handshakes;
  for (;;) {
    base::Bytes buffer(1000);
    const auto n = co_await tls->read_some(buffer);
    if (!n || *n == 0) break;
    plaintext_seen += *n;
  }
}

}  // namespace rescue::peer::test
