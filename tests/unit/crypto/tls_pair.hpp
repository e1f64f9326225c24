// SPDX-License-Identifier: Apache-2.0
// Two TLS ends joined by memory BIOs, driven to the end of their handshake in one thread.
#pragma once

#include <openssl/ssl.h>

#include "crypto/tls.hpp"

namespace rescue::crypto::test {

struct TlsPair {
  SslPtr client;
  SslPtr server;
  TlsPair(const TlsContext& client_context, const TlsContext& server_context)
      : client(new_ssl(client_context).value()), server(new_ssl(server_context).value()) {
    BIO *a = nullptr, *b = nullptr;
    BIO_new_bio_pair(&a, 0, &b, 0);
    SSL_set_bio(client.get(), a, a);
    SSL_set_bio(server.get(), b, b);
    SSL_set_connect_state(client.get());
    SSL_set_accept_state(server.get());
  }

  struct Outcome {
    std::optional<base::Error> client;
    std::optional<base::Error> server;
    [[nodiscard]] bool ok() const { return !client && !server; }
  };
  /// Steps both ends until each has finished or failed. A TLS 1.3 client finishes before the server has judged it; a
  /// read then shows the client the server's alert.
  Outcome handshake() {
    Outcome out;
    bool client_done = false, server_done = false;
    for (int turn = 0; turn < 20; ++turn) {
      client_done = client_done || step(client.get(), out.client, "client handshake");
      server_done = server_done || step(server.get(), out.server, "server handshake");
    }
    if (client_done && !out.client) {
      char byte = 0;
      const int n = SSL_peek(client.get(), &byte, 1);
      if (n <= 0 && SSL_get_error(client.get(), n) == SSL_ERROR_SSL)
        out.client = tls_error(client.get(), "client read");
    }
    return out;
  }

 private:
  static bool step(SSL* ssl, std::optional<base::Error>& error, std::string_view doing) {
    if (error) return true;
    const int n = SSL_do_handshake(ssl);
    if (n == 1) return true;
    const int why = SSL_get_error(ssl, n);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) error = tls_error(ssl, doing);
    return error.has_value();
  }
};

/// A site: CA and a server certificate for the given names, chain with the CA at its end.
struct Site {
  PrivateKey ca_key;
  Certificate ca;
  ServerIdentity server;
  [[nodiscard]] TrustPin pin() const { return {ca.fingerprint()}; }
};
inline Site make_site(const ServerNames& names, base::WallTime now = base::system_clock().wall(),
                      std::chrono::days validity = std::chrono::days(30)) {
  auto ca_key = PrivateKey::generate(KeyKind::p256).value();
  auto ca = make_ca(ca_key, "Rescue site CA", now).value();
  auto key = PrivateKey::generate(KeyKind::p256).value();
  auto leaf = issue_server_certificate(ca_key, ca, key.public_key(), names, now, validity).value();
  return Site{ca_key, ca, {key, {leaf, ca}}};
}

}  // namespace rescue::crypto::test
