// SPDX-License-Identifier: Apache-2.0
#include "gateway_client.hpp"

#include <csignal>

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>

#include "base/assert.hpp"
#include "daemons/gateway/socket.hpp"
#include "wire/limits.hpp"

namespace rescue::gateway::test {
namespace {
namespace fb = wire::handoff;

template <typename Offset>
base::Bytes message(flatbuffers::FlatBufferBuilder& b, fb::Message kind, Offset m) {
  fb::FinishHandoffBuffer(b, fb::CreateHandoff(b, kind, m.Union()));
  return wire::finished_bytes(b);
}
void bound_waits(int fd) {
  const timeval limit{kPatience.count(), 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}
}  // namespace

bool eventually(const std::function<bool()>& condition) {
  const auto last = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > last) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

void FakeSite::ask(const Applicant& applicant, std::move_only_function<void(Verdict)> answer) {
  {
    const std::lock_guard lock(mutex_);
    asked_.push_back(applicant);
    if (silent_) {
      unanswered_.push_back(std::move(answer));
      return;
    }
  }
  answer(verdict_);
}
void FakeSite::waiting_changed(const base::Guid& session, crypto::Role role, unsigned waiting) {
  const std::lock_guard lock(mutex_);
  waiting_[{session, role}] = waiting;
}
void FakeSite::pair_joined(const base::Guid& session, const base::Guid& pair) {
  const std::lock_guard lock(mutex_);
  joined_.emplace_back(session, pair);
}
void FakeSite::pair_ended(const PairReport& report) {
  const std::lock_guard lock(mutex_);
  ended_.push_back(report);
}
void FakeSite::incident(const IncidentReport& report) {
  const std::lock_guard lock(mutex_);
  incidents_.push_back(report);
}
unsigned FakeSite::waiting(const base::Guid& session, crypto::Role role) const {
  const std::lock_guard lock(mutex_);
  const auto it = waiting_.find({session, role});
  return it == waiting_.end() ? 0 : it->second;
}
std::size_t FakeSite::joined() const {
  const std::lock_guard lock(mutex_);
  return joined_.size();
}

const SiteKeys& SiteKeys::get() {
  static const SiteKeys keys = [] {
    const auto now = base::system_clock().wall();
    const auto ca_key = crypto::PrivateKey::generate(crypto::KeyKind::p256).value();
    const auto ca = crypto::make_ca(ca_key, "test CA", now).value();
    auto key = crypto::PrivateKey::generate(crypto::KeyKind::p256).value();
    auto leaf =
        crypto::issue_server_certificate(ca_key, ca, key.public_key(), {.dns = {"localhost"}, .ip = {"127.0.0.1"}}, now)
            .value();
    return SiteKeys{crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value(),
                    ca_key,
                    {std::move(key), {std::move(leaf), ca}},
                    {ca.fingerprint()}};
  }();
  return keys;
}

TestSession::TestSession()
    : id(base::Guid::random(base::system_random())),
      applet{crypto::Role::applet,
             crypto::PrivateKey::generate(crypto::KeyKind::p256).value(),
             base::Guid::random(base::system_random()),
             {}},
      console{crypto::Role::console, crypto::PrivateKey::generate(crypto::KeyKind::p256).value(), applet.guid, {}} {
  for (auto* end : {&applet, &console})
    end->ticket = crypto::make_ticket(ticket_for(*end), SiteKeys::get().token).value();
}
crypto::Ticket TestSession::ticket_for(const End& end) const {
  crypto::Ticket t;
  t.serial = base::Guid::random(base::system_random());
  t.session = id;
  t.role = end.role;
  t.holder_spki = end.key.public_key().spki();
  t.guid_id = crypto::guid_id(end.guid.bytes());
  t.issued = base::system_clock().wall();
  t.not_after = t.issued + 15min;
  return t;
}

Client::Client(const net::Endpoint& gateway) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  // OpenSSL writes with write(2): a gateway that has closed must not end the test program.
  static const auto ignored = std::signal(SIGPIPE, SIG_IGN);
  (void)ignored;
  const auto address = SocketAddress::from(gateway).value();
  bound_waits(fd_);
  RESCUE_ASSERT(::connect(fd_, address.get(), address.size()) == 0);
}
Client::Client(Client&& o) noexcept : fd_(std::exchange(o.fd_, -1)), ssl_(std::move(o.ssl_)) {}
Client::~Client() {
  ssl_.reset();
  if (fd_ >= 0) ::close(fd_);
}

bool Client::tls(const crypto::TlsContext* context) {
  static const auto trusted = crypto::gateway_client_context(SiteKeys::get().pin).value();
  ssl_ = crypto::new_ssl(context == nullptr ? trusted : *context).value();
  SSL_set_fd(ssl_.get(), fd_);
  RESCUE_ASSERT(crypto::expect_host(ssl_.get(), "127.0.0.1").has_value());
  ERR_clear_error();
  return SSL_connect(ssl_.get()) == 1;
}
void Client::send_plain(base::ByteView bytes) {
  EXPECT_EQ(SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())), static_cast<int>(bytes.size()));
}
void Client::send_frame(base::ByteView m) { send_plain(wire::make_frame(m, wire::kMaxHandoffMessage)); }
void Client::hello(const End& end, bool leaves_at_once) {
  std::optional<base::Guid> guid;
  if (end.role == crypto::Role::applet) guid = end.guid;
  hello(static_cast<wire::tokens::Role>(end.role), end.ticket, guid, end.key, leaves_at_once);
}
void Client::hello(wire::tokens::Role role, base::ByteView ticket, std::optional<base::Guid> guid,
                   const crypto::PrivateKey& key, bool leaves_at_once) {
  const auto exporter =
      crypto::export_keying(ssl_.get(), crypto::kPossessionExporterLabel, crypto::kPossessionExporterBytes).value();
  const auto proof = crypto::prove_possession(key, exporter.view(), ticket).value();
  flatbuffers::FlatBufferBuilder b;
  const auto t = b.CreateVector(ticket.data(), ticket.size());
  const auto g = guid ? b.CreateVector(guid->bytes().data(), guid->bytes().size()) : 0;
  const auto p = b.CreateVector(proof);
  send_frame(message(b, fb::Message::Hello, fb::CreateHello(b, 1, role, t, g, p, leaves_at_once)));
}
void Client::ping(std::uint64_t value) {
  flatbuffers::FlatBufferBuilder b;
  send_frame(message(b, fb::Message::Ping, fb::CreatePing(b, value)));
}

Said Client::read() {
  wire::FrameReader reader(wire::kMaxHandoffMessage);
  Said out;
  while (true) {
    std::uint8_t buffer[wire::kMaxHandoffMessage];
    ERR_clear_error();
    const int n = SSL_read(ssl_.get(), buffer, static_cast<int>(reader.wanted()));
    if (n <= 0) {
      out.end = true;
      return out;
    }
    EXPECT_TRUE(reader.put({buffer, static_cast<std::size_t>(n)}));
    const auto frame = reader.take();
    if (!frame) continue;
    const auto* m = wire::read_handoff(*frame).value();
    out.kind = m->message_type();
    if (const auto* refused = m->message_as_Refused()) {
      out.reason = refused->reason();
      out.text = wire::text(refused->text());
    }
    if (const auto* joined = m->message_as_Joined())
      out.pair = base::Guid::from_bytes(wire::view(joined->pair())).value();
    if (const auto* pong = m->message_as_Pong()) out.value = pong->value();
    return out;
  }
}

Said Client::enter(const End& end) {
  Said nothing;
  nothing.end = true;
  if (!tls()) return nothing;
  hello(end);
  return read();
}

bool Client::say_goodbye(base::ByteView eager) {
  // Corked, so that what follows the close_notify travels in one segment with it.
  const int on = 1, off = 0;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
  if (SSL_shutdown(ssl_.get()) < 0) return false;
  if (!eager.empty()) send(eager);
  ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &off, sizeof off);
  return true;
}
bool Client::hear_goodbye() {
  ERR_clear_error();
  if (SSL_shutdown(ssl_.get()) != 1) return false;  // reads the gateway's close_notify and nothing behind it
  const bool clean = SSL_has_pending(ssl_.get()) == 0;
  ssl_.reset();
  return clean;
}

bool Client::leave(base::ByteView eager) { return say_goodbye(eager) && hear_goodbye(); }

void Client::send(base::ByteView bytes) const {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    ASSERT_GT(n, 0);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}
base::Bytes Client::receive(std::size_t n) const {
  base::Bytes out(n);
  std::size_t done = 0;
  while (done < n) {
    const ssize_t got = ::recv(fd_, out.data() + done, n - done, 0);
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  out.resize(done);
  return out;
}
int Client::next() const {
  char byte = 0;
  const ssize_t n = ::recv(fd_, &byte, 1, 0);
  return n < 0 ? -1 : static_cast<int>(n);
}
void Client::finish() const { ::shutdown(fd_, SHUT_WR); }
void Client::reset() {
  const linger now{1, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(std::exchange(fd_, -1));
}

Gateway::Gateway(DataPlaneOptions options) : token_keys({SiteKeys::get().token.public_key()}) {
  options.listen = net::Endpoint("127.0.0.1", 0);
  auto tls = crypto::gateway_server_context(SiteKeys::get().server).value();
  plane = DataPlane::start(std::move(options), std::move(tls), token_keys, site).value();
}
Gateway::~Gateway() { plane.reset(); }

Joined join(const Gateway& gateway, const TestSession& session) {
  const auto before = gateway.site.joined();
  Joined out{Client(gateway.at()), Client(gateway.at())};
  EXPECT_EQ(out.applet.enter(session.applet).kind, fb::Message::Waiting);
  EXPECT_EQ(out.console.enter(session.console).kind, fb::Message::Waiting);
  const auto a = out.applet.read();
  const auto b = out.console.read();
  EXPECT_EQ(a.kind, fb::Message::Joined);
  EXPECT_EQ(b.kind, fb::Message::Joined);
  EXPECT_EQ(a.pair, b.pair);
  // Each leaves on its own; the gateway joins them when both have.
  std::thread other([&] { EXPECT_TRUE(out.applet.leave()); });
  EXPECT_TRUE(out.console.leave());
  other.join();
  EXPECT_TRUE(eventually([&] { return gateway.site.joined() > before; }));
  return out;
}

base::Bytes pattern(std::size_t n, std::uint8_t seed) {
  base::Bytes out(n);
  std::uint32_t x = seed * 2654435761U + 1;
  for (auto& b : out) {
    x = x * 1664525U + 1013904223U;
    b = static_cast<std::uint8_t>(x >> 24);
  }
  return out;
}

}  // namespace rescue::gateway::test
