// SPDX-License-Identifier: Apache-2.0
#include "loopback.hpp"

#include "net/tcp.hpp"

namespace rescue::net::test {

namespace {

template <typename T>
T must(base::Result<T> r) {
  if (!r) throw std::runtime_error(r.error().message());
  return std::move(*r);
}

}  // namespace

Site::Site()
    : key_(must(crypto::PrivateKey::generate(crypto::KeyKind::p256))),
      ca_(must(crypto::make_ca(key_, "test site CA", base::system_clock().wall()))),
      pin_(key_.fingerprint()) {}

const Site& Site::get() {
  static const Site site;
  return site;
}

crypto::ServerIdentity Site::server_identity(const std::vector<std::string>& names) const {
  const auto key = must(crypto::PrivateKey::generate(crypto::KeyKind::p256));
  const auto sans = must(crypto::ServerNames::from(names));
  auto leaf = must(crypto::issue_server_certificate(key_, ca_, key.public_key(), sans, base::system_clock().wall()));
  return {key, {std::move(leaf), ca_}};
}

crypto::TlsContext Site::server(const std::vector<std::string>& names) const {
  return must(crypto::https_server_context(server_identity(names)));
}

crypto::TlsContext Site::client(const std::optional<crypto::SessionIdentity>& identity) const {
  return must(crypto::https_client_context(crypto::TrustPin{pin_}, identity));
}

void run(IoContext& context, const std::function<awaitable<void>()>& body) {
  const auto wrapped = [&body]() -> awaitable<base::Result<int>> {
    co_await body();
    co_return 0;
  };
  const auto result = context.run(wrapped());
  if (!result) ADD_FAILURE() << result.error().message();
}

TestServer::TestServer(IoContext& context, std::shared_ptr<const Router> router, HttpServerOptions options, bool tls)
    : secure(tls) {
  auto tls_context = tls ? std::optional(Site::get().server()) : std::nullopt;
  server = must(HttpServer::create(context, std::move(tls_context), std::move(router), std::move(options)));
  server->start();
}

Origin TestServer::origin() const {
  return must(Origin::parse((secure ? "https://" : "http://") + server->local().text()));
}

HttpClientOptions TestServer::client_options() const {
  HttpClientOptions out;
  out.tls = Site::get().client();
  return out;
}

awaitable<std::string> raw_exchange(Endpoint to, std::string bytes) {
  auto socket = co_await connect_tcp(to, ConnectLimits());
  if (!socket) co_return "connect: " + socket.error().message();
  (void)co_await write_all(**socket, base::as_bytes(bytes));
  std::string out;
  for (;;) {
    std::array<std::uint8_t, 4096> chunk{};
    const auto n = co_await (*socket)->read_some(chunk);
    if (!n || *n == 0) break;
    out += base::as_text(base::ByteView(chunk).first(*n));
  }
  co_return out;
}

}  // namespace rescue::net::test
