// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/client_hello.hpp"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "crypto/tls.hpp"

namespace rescue::gateway {
namespace {

// The first flight of a real OpenSSL client.
base::Bytes hello_of(const std::vector<std::string>& alpn) {
  const auto context = crypto::https_client_context(crypto::TrustPin{}, std::nullopt, alpn).value();
  const auto ssl = crypto::new_ssl(context).value();
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  char* data = nullptr;
  const long n = BIO_get_mem_data(out, &data);
  return base::to_bytes(base::as_bytes(std::string_view(data, static_cast<std::size_t>(n))));
}

TEST(ClientHello, GoesWhereItsAlpnSays) {
  EXPECT_EQ(destination_of(hello_of({"rescue-gw/1"})), Destination::gateway);
  EXPECT_EQ(destination_of(hello_of({"h2", "rescue-gw/1"})), Destination::gateway);
  EXPECT_EQ(destination_of(hello_of({"http/1.1"})), Destination::broker);
  EXPECT_EQ(destination_of(hello_of({"rescue-gw/10"})), Destination::broker);
  EXPECT_EQ(destination_of(hello_of({})), Destination::broker);
}

TEST(ClientHello, IsWaitedForUntilItIsWhole) {
  const auto whole = hello_of({"rescue-gw/1"});
  for (std::size_t n = 0; n < whole.size(); ++n)
    ASSERT_EQ(destination_of(base::ByteView(whole).first(n)), Destination::undecided) << n;
}

TEST(ClientHello, MayBeSpreadOverSeveralRecords) {
  const auto whole = hello_of({"rescue-gw/1"});
  const auto body = base::ByteView(whole).subspan(5);
  base::Bytes split;
  for (std::size_t at = 0; at < body.size(); at += 40) {
    const auto part = body.subspan(at, std::min<std::size_t>(40, body.size() - at));
    base::append(split, base::Bytes{22, 3, 1, 0, static_cast<std::uint8_t>(part.size())});
    base::append(split, part);
  }
  EXPECT_EQ(destination_of(split), Destination::gateway);
}

TEST(ClientHello, AnythingElseIsTheBrokers) {
  EXPECT_EQ(destination_of(base::as_bytes("GET / HTTP/1.1\r\n")), Destination::broker);
  EXPECT_EQ(destination_of(base::Bytes{22, 2, 0, 0, 1, 1}), Destination::broker);                 // SSL 2 version
  EXPECT_EQ(destination_of(base::Bytes{22, 3, 1, 0, 0}), Destination::broker);                    // empty record
  EXPECT_EQ(destination_of(base::Bytes{22, 3, 1, 0, 4, 2, 0, 0, 0}), Destination::broker);        // ServerHello
  EXPECT_EQ(destination_of(base::Bytes{22, 3, 1, 0, 4, 1, 0, 0, 0}), Destination::broker);        // empty ClientHello
  EXPECT_EQ(destination_of(base::Bytes{22, 3, 1, 0, 4, 1, 255, 255, 255}), Destination::broker);  // of 16 MB
  // A lie that never ends is given up at the cap.
  base::Bytes endless{22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc};
  endless.resize(kMaxPeek, 0);
  EXPECT_EQ(destination_of(endless), Destination::broker);
}

}  // namespace
}  // namespace rescue::gateway
