// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <gtest/gtest.h>

#include "crypto/gateway_certificate.hpp"
#include "support/temp_dir.hpp"
#include "tls_pair.hpp"

namespace rescue::crypto {
namespace {
using test::make_site;
using test::TlsPair;

const ServerNames kNames{.dns = {"broker.example.org"}, .ip = {"127.0.0.1", "::1"}};

TlsPair::Outcome https(const ServerTrust& trust, const ServerIdentity& server, std::string_view host) {
  const auto client = https_client_context(trust).value();
  const auto context = https_server_context(server).value();
  TlsPair pair(client, context);
  if (!host.empty()) {
    EXPECT_TRUE(expect_host(pair.client.get(), host));
  }
  return pair.handshake();
}

TEST(PinnedTrust, TakesTheRightChainForTheRightHost) {
  const auto site = make_site(kNames);
  EXPECT_TRUE(https(site.pin(), site.server, "broker.example.org").ok());
  EXPECT_TRUE(https(site.pin(), site.server, "127.0.0.1").ok());
  EXPECT_TRUE(https(site.pin(), site.server, "[::1]").ok());
}

TEST(PinnedTrust, RefusesOtherHostsOtherPinsAndANamelessConnection) {
  const auto site = make_site(kNames);
  const auto other = make_site(kNames);
  EXPECT_EQ(https(site.pin(), site.server, "evil.example.org").client->code, Errc::certificate_wrong_host);
  EXPECT_EQ(https(site.pin(), site.server, "127.0.0.2").client->code, Errc::certificate_wrong_host);
  EXPECT_EQ(https(other.pin(), site.server, "broker.example.org").client->code, Errc::certificate_untrusted);
  EXPECT_EQ(https(site.pin(), site.server, "").client->code, Errc::certificate_wrong_host);
}

TEST(PinnedTrust, RefusesAStrangersLeafBesideTheRealCa) {
  const auto site = make_site(kNames);
  const auto stranger = make_site(kNames);
  ServerIdentity mixed{stranger.server.key, {stranger.server.chain[0], site.ca}};
  EXPECT_EQ(https(site.pin(), mixed, "broker.example.org").client->code, Errc::certificate_untrusted);
  // A leaf that carries the pinned key is no CA, so it anchors nothing.
  const ServerIdentity leaf_only{site.server.key, {site.server.chain[0]}};
  EXPECT_FALSE(https(TrustPin{site.server.chain[0].fingerprint()}, leaf_only, "broker.example.org").ok());
}

TEST(PinnedTrust, RefusesALeafSignedByANonCaOfTheSite) {
  const auto site = make_site(kNames);
  // The holder of an ordinary server certificate signs one for another name.
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto forged = issue_server_certificate(site.server.key, site.server.chain[0], key.public_key(),
                                               {.dns = {"other.example.org"}, .ip = {}}, base::system_clock().wall());
  ASSERT_TRUE(forged);
  const ServerIdentity server{key, {*forged, site.server.chain[0], site.ca}};
  EXPECT_EQ(https(site.pin(), server, "other.example.org").client->code, Errc::certificate_untrusted);
}

TEST(PinnedTrust, RefusesAnExpiredCertificate) {
  const auto site = make_site(kNames, base::system_clock().wall() - std::chrono::days(60), std::chrono::days(30));
  EXPECT_EQ(https(site.pin(), site.server, "broker.example.org").client->code, Errc::certificate_expired);
}

TEST(CaFileTrust, TakesItsSiteAndRefusesAnother) {
  const rescue::test::TempDir dir;
  const auto site = make_site(kNames);
  const auto other = make_site(kNames);
  std::ofstream(dir / "ca.pem") << site.ca.pem();
  const TrustCaFile trust{dir / "ca.pem"};
  EXPECT_TRUE(https(trust, site.server, "broker.example.org").ok());
  EXPECT_EQ(https(trust, site.server, "evil.example.org").client->code, Errc::certificate_wrong_host);
  EXPECT_EQ(https(trust, other.server, "broker.example.org").client->code, Errc::certificate_untrusted);
  EXPECT_FALSE(https_client_context(TrustCaFile{dir / "none.pem"}));
}

TEST(SystemTrust, RefusesAPrivateSite) {
  const auto site = make_site(kNames);
  EXPECT_EQ(https(TrustSystem{}, site.server, "broker.example.org").client->code, Errc::certificate_untrusted);
}

TEST(HttpsServer, LearnsWhoTheClientIsWithoutRequiringIt) {
  const auto site = make_site(kNames);
  const auto server = https_server_context(site.server).value();
  const auto identity = make_session_identity(base::system_clock().wall()).value();
  {
    TlsPair pair(https_client_context(site.pin(), identity).value(), server);
    ASSERT_TRUE(expect_host(pair.client.get(), "127.0.0.1"));
    ASSERT_TRUE(pair.handshake().ok());
    EXPECT_EQ(peer_fingerprint(pair.server.get()), identity.fingerprint());
    EXPECT_EQ(peer_fingerprint(pair.client.get()), site.server.key.fingerprint());
  }
  TlsPair pair(https_client_context(site.pin()).value(), server);
  ASSERT_TRUE(expect_host(pair.client.get(), "127.0.0.1"));
  ASSERT_TRUE(pair.handshake().ok());
  EXPECT_EQ(peer_fingerprint(pair.server.get()), std::nullopt);
}

TEST(HttpsServer, SpeaksTls12WithGcmAndNothingOlder) {
  const auto site = make_site(kNames);
  const auto server = https_server_context(site.server).value();
  const auto client_with = [&](int version, const char* ciphers) {
    const auto client = https_client_context(site.pin()).value();
    TlsPair pair(client, server);
    EXPECT_TRUE(expect_host(pair.client.get(), "127.0.0.1"));
    SSL_set_min_proto_version(pair.client.get(), TLS1_VERSION);
    SSL_set_max_proto_version(pair.client.get(), version);
    if (ciphers != nullptr) SSL_set_cipher_list(pair.client.get(), ciphers);
    return pair.handshake();
  };
  EXPECT_TRUE(client_with(TLS1_2_VERSION, nullptr).ok());
  EXPECT_FALSE(client_with(TLS1_1_VERSION, "ALL:@SECLEVEL=0").ok());
  EXPECT_FALSE(client_with(TLS1_2_VERSION, "AES256-SHA:ECDHE-ECDSA-AES128-SHA256").ok());
}

TEST(GatewayTls, AGatewaysCertificateStandsInForNoOtherServer) {
  const auto now = base::system_clock().wall();
  const auto site = make_site(kNames);
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto leaf = issue_gateway_certificate(site.ca_key, site.ca, key.public_key(), kNames, now).value();
  const ServerIdentity gateway{key, {leaf, site.ca}};
  EXPECT_EQ(https(site.pin(), gateway, "broker.example.org").client->code, Errc::certificate_untrusted);
  const rescue::test::TempDir dir;
  std::ofstream(dir / "ca.pem") << site.ca.pem();
  EXPECT_FALSE(https(TrustCaFile{dir / "ca.pem"}, gateway, "broker.example.org").ok());

  const auto hand_off = [&](const ServerTrust& trust, const ServerIdentity& server, std::string_view host) {
    TlsPair pair(gateway_client_context(trust).value(), gateway_server_context(server).value());
    EXPECT_TRUE(expect_host(pair.client.get(), host));
    return pair.handshake();
  };
  EXPECT_TRUE(hand_off(site.pin(), gateway, "broker.example.org").ok());
  EXPECT_TRUE(hand_off(TrustCaFile{dir / "ca.pem"}, gateway, "127.0.0.1").ok());
  EXPECT_EQ(hand_off(site.pin(), gateway, "other.example.org").client->code, Errc::certificate_wrong_host);
  EXPECT_FALSE(hand_off(make_site(kNames).pin(), gateway, "broker.example.org").ok());
  const auto late = issue_gateway_certificate(site.ca_key, site.ca, key.public_key(), kNames,
                                              now - std::chrono::days(60), std::chrono::days(30));
  EXPECT_EQ(hand_off(site.pin(), {key, {*late, site.ca}}, "broker.example.org").client->code,
            Errc::certificate_expired);
}

TEST(GatewayTls, IsTls13WithItsOwnAlpnOnly) {
  const auto site = make_site(kNames);
  const auto server = gateway_server_context(site.server).value();
  {
    TlsPair pair(gateway_client_context(site.pin()).value(), server);
    ASSERT_TRUE(expect_host(pair.client.get(), "127.0.0.1"));
    ASSERT_TRUE(pair.handshake().ok());
    EXPECT_STREQ(SSL_get_version(pair.server.get()), "TLSv1.3");
    EXPECT_STREQ(SSL_get_cipher_name(pair.server.get()), "TLS_AES_256_GCM_SHA384");
    const auto a = export_keying(pair.client.get(), "EXPORTER-test", 32).value();
    const auto b = export_keying(pair.server.get(), "EXPORTER-test", 32).value();
    EXPECT_TRUE(std::ranges::equal(a.view(), b.view()));
    const auto c = export_keying(pair.server.get(), "EXPORTER-test", 32, base::ByteView{}).value();
    const auto d = export_keying(pair.server.get(), "EXPORTER-other", 32).value();
    EXPECT_FALSE(std::ranges::equal(a.view(), d.view()));
    EXPECT_TRUE(
        std::ranges::equal(a.view(), c.view()));  // RFC 8446: no context and empty context are the same in TLS 1.3
  }
  // A web client and a client without ALPN are turned away during the handshake.
  for (const std::vector<std::string>& alpn : {std::vector<std::string>{"http/1.1"}, std::vector<std::string>{}}) {
    TlsPair pair(https_client_context(site.pin(), std::nullopt, alpn).value(), server);
    ASSERT_TRUE(expect_host(pair.client.get(), "127.0.0.1"));
    EXPECT_FALSE(pair.handshake().ok());
  }
}

TEST(GatewayTls, TurnsAwayTls12HoweverGoodItsCipher) {
  const auto site = make_site(kNames);
  TlsPair pair(https_client_context(site.pin(), std::nullopt, {std::string(kAlpnGateway)}).value(),
               gateway_server_context(site.server).value());
  ASSERT_TRUE(expect_host(pair.client.get(), "127.0.0.1"));
  SSL_set_max_proto_version(pair.client.get(), TLS1_2_VERSION);
  EXPECT_FALSE(pair.handshake().ok());
}

TEST(TlsContext, SharedHandleOutlivesItsContext) {
  const auto site = make_site(kNames);
  SSL_CTX* handle = nullptr;
  {
    const auto context = https_client_context(site.pin()).value();
    handle = context.share();
  }
  // The pin that its verify callback reads belongs to the handle.
  const TlsContext again(handle);
  TlsPair pair(again, https_server_context(site.server).value());
  ASSERT_TRUE(expect_host(pair.client.get(), "127.0.0.1"));
  EXPECT_TRUE(pair.handshake().ok());
}

}  // namespace
}  // namespace rescue::crypto
