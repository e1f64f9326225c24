// SPDX-License-Identifier: Apache-2.0
#include "pair_source.hpp"

#include <condition_variable>
#include <cstdio>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>

#include "crypto/possession.hpp"
#include "daemons/gateway/socket.hpp"
#include "daemons/gateway/state.hpp"
#include "wire/frame.hpp"
#include "wire/limits.hpp"
#include "wire/messages.hpp"

namespace rescue::perf {
namespace {
using gateway::Fd;
namespace fb = wire::handoff;

Fd connect_to(const net::Endpoint& to) {
  const auto address = gateway::SocketAddress::from(to).value();
  Fd fd(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (::connect(fd.get(), address.get(), address.size()) != 0) die(fmt::format("connect to {}", to.text()));
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

class Proxied final : public PairSource {
 public:
  Proxied(net::Endpoint front, const net::Endpoint& back)
      : front_(std::move(front)), listener_(gateway::listen_on(back, false).value()) {
    ::fcntl(listener_.get(), F_SETFL, 0);
    std::thread([this] { accept_for_ever(); }).detach();
  }
  SocketPair make() override {
    const auto tag = next_++;
    Fd a = connect_to(front_);
    if (::send(a.get(), &tag, sizeof tag, MSG_NOSIGNAL) != sizeof tag) die("send the tag");
    std::unique_lock lock(mutex_);
    came_.wait(lock, [&] { return arrived_.contains(tag); });
    return {std::move(a), std::move(arrived_.extract(tag).mapped())};
  }
  std::shared_ptr<void> wait_one() override { die("a proxy lets nobody wait"); }

 private:
  void accept_for_ever() {
    while (true) {
      Fd b(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      std::uint64_t tag = 0;
      if (::recv(b.get(), &tag, sizeof tag, MSG_WAITALL) != sizeof tag)
        continue;  // somebody looked whether the proxy listens
      const std::lock_guard lock(mutex_);
      arrived_.emplace(tag, std::move(b));
      came_.notify_all();
    }
  }

  net::Endpoint front_;
  Fd listener_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::map<std::uint64_t, Fd> arrived_;
  std::atomic<std::uint64_t> next_{1};
};

struct End {
  crypto::Role role;
  crypto::PrivateKey key;
};

class Handed final : public PairSource {
 public:
  Handed(net::Endpoint at, const std::filesystem::path& site)
      : at_(std::move(at)),
        token_key_(crypto::PrivateKey::load(site / "site.key").value()),
        tls_(crypto::gateway_client_context(gateway::StateFolder(site).load().value().trust).value()) {}

  SocketPair make() override {
    const auto session = base::Guid::random(base::system_random());
    const auto guid = base::Guid::random(base::system_random());
    auto applet = enter(applet_, session, guid);
    auto console = enter(console_, session, guid);
    // Both say goodbye before either waits for the answer's end.
    for (auto* end : {&applet, &console}) {
      read(end->ssl.get(), fb::Message::Joined);
      if (SSL_shutdown(end->ssl.get()) < 0) die("close_notify");
    }
    for (auto* end : {&applet, &console}) {
      if (SSL_shutdown(end->ssl.get()) != 1 || SSL_has_pending(end->ssl.get()) != 0) die("leave the outer TLS");
    }
    return {std::move(applet.fd), std::move(console.fd)};
  }
  std::shared_ptr<void> wait_one() override {
    return std::make_shared<Entered>(
        enter(applet_, base::Guid::random(base::system_random()), base::Guid::random(base::system_random())));
  }

 private:
  struct Entered {
    Fd fd;
    crypto::SslPtr ssl;
  };
  Entered enter(const End& end, const base::Guid& session, const base::Guid& guid) {
    crypto::Ticket t;
    t.session = session;
    t.role = end.role;
    t.holder_spki = end.key.public_key().spki();
    t.guid_id = crypto::guid_id(guid.bytes());
    t.issued = base::system_clock().wall();
    t.not_after = t.issued + std::chrono::minutes(10);
    const auto ticket = crypto::make_ticket(t, token_key_).value();
    Entered out{connect_to(at_), crypto::new_ssl(tls_).value()};
    SSL_set_fd(out.ssl.get(), out.fd.get());
    if (!crypto::expect_host(out.ssl.get(), at_.host) || SSL_connect(out.ssl.get()) != 1)
      die(crypto::tls_error(out.ssl.get(), "outer TLS").message());
    const auto exporter =
        crypto::export_keying(out.ssl.get(), crypto::kPossessionExporterLabel, crypto::kPossessionExporterBytes);
    const auto proof = crypto::prove_possession(end.key, exporter->view(), ticket).value();
    flatbuffers::FlatBufferBuilder b;
    const auto ticket_field = b.CreateVector(ticket);
    const auto guid_field =
        end.role == crypto::Role::applet ? b.CreateVector(guid.bytes().data(), guid.bytes().size()) : 0;
    const auto proof_field = b.CreateVector(proof);
    const auto hello =
        fb::CreateHello(b, 1, static_cast<wire::tokens::Role>(end.role), ticket_field, guid_field, proof_field);
    fb::FinishHandoffBuffer(b, fb::CreateHandoff(b, fb::Message::Hello, hello.Union()));
    const auto frame = wire::make_frame(wire::finished_bytes(b), wire::kMaxHandoffMessage);
    if (SSL_write(out.ssl.get(), frame.data(), static_cast<int>(frame.size())) <= 0) die("send Hello");
    read(out.ssl.get(), fb::Message::Waiting);
    return out;
  }
  static void read(SSL* ssl, fb::Message wanted) {
    wire::FrameReader reader(wire::kMaxHandoffMessage);
    while (true) {
      std::uint8_t buffer[wire::kMaxHandoffMessage];
      const int n = SSL_read(ssl, buffer, static_cast<int>(reader.wanted()));
      if (n <= 0 || !reader.put({buffer, static_cast<std::size_t>(n)})) die("the gateway closed during the hand-off");
      const auto frame = reader.take();
      if (!frame) continue;
      const auto kind = wire::read_handoff(*frame).value()->message_type();
      if (kind != wanted) die(fmt::format("the gateway said {}", fb::EnumNameMessage(kind)));
      return;
    }
  }

  net::Endpoint at_;
  crypto::PrivateKey token_key_;
  crypto::TlsContext tls_;
  End applet_{crypto::Role::applet, crypto::PrivateKey::generate(crypto::KeyKind::p256).value()};
  End console_{crypto::Role::console, crypto::PrivateKey::generate(crypto::KeyKind::p256).value()};
};
}  // namespace

void die(std::string_view what) {
  std::fprintf(stderr, "relay_bench: %.*s\n", static_cast<int>(what.size()), what.data());
  std::exit(1);
}

std::unique_ptr<PairSource> through_proxy(const net::Endpoint& front, const net::Endpoint& back) {
  return std::make_unique<Proxied>(front, back);
}
std::unique_ptr<PairSource> through_gateway(const net::Endpoint& at, const std::filesystem::path& site) {
  return std::make_unique<Handed>(at, site);
}

void make_site(const std::filesystem::path& path) {
  std::filesystem::create_directories(path);
  const gateway::StateFolder folder(path);
  const auto now = base::system_clock().wall();
  const auto ca_key = crypto::PrivateKey::generate(crypto::KeyKind::p256).value();
  const auto ca = crypto::make_ca(ca_key, "benchmark CA", now).value();
  const auto server = folder.server_key().value();
  const auto leaf =
      crypto::issue_server_certificate(ca_key, ca, server.public_key(), {.dns = {}, .ip = {"127.0.0.1"}}, now).value();
  const auto token_key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  gateway::GatewayState state;
  state.id = base::Guid::random(base::system_random());
  state.name = "benchmark";
  state.broker_url = "https://127.0.0.1:1";  // nobody there: tickets decide
  state.trust = crypto::TrustPin{ca.fingerprint()};
  state.addresses = {"127.0.0.1:0"};
  const bool ok = folder.identity_key() && token_key.save_new(path / "site.key") && folder.save_chain({leaf, ca}) &&
                  folder.save_token_keys({token_key.public_key()}) && folder.save(state);
  if (!ok) die(fmt::format("write the site to '{}'", path.string()));
}

}  // namespace rescue::perf
