// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temp_dir.hpp"
#include "tls_pair.hpp"

namespace rescue::crypto {
namespace {
using test::TlsPair;

SessionIdentity identity(KeyKind kind = KeyKind::p256) {
  return make_session_identity(base::system_clock().wall(), kind).value();
}
FingerprintCheck only(const SessionIdentity& who) {
  return [fp = who.fingerprint()](const Fingerprint& f) { return f == fp; };
}

struct Ends {
  SessionIdentity applet;
  SessionIdentity console;
  explicit Ends(KeyKind kind = KeyKind::p256) : applet(identity(kind)), console(identity(kind)) {}
  [[nodiscard]] TlsPair pair(Profile profile) const {
    return {link_context(LinkRole::console, profile, console, only(applet)).value(),
            link_context(LinkRole::applet, profile, applet, only(console)).value()};
  }
};

TEST(Link, BothEndsKnowEachOtherByFingerprint) {
  const Ends ends;
  auto pair = ends.pair(Profile::modern);
  ASSERT_TRUE(pair.handshake().ok());
  const auto at_console = link_established(pair.client.get(), Profile::modern).value();
  const auto at_applet = link_established(pair.server.get(), Profile::modern).value();
  EXPECT_EQ(at_console.fingerprint, ends.applet.fingerprint());
  EXPECT_EQ(at_applet.fingerprint, ends.console.fingerprint());
  EXPECT_EQ(at_console.version, "TLSv1.3");
  EXPECT_EQ(at_console.cipher, "TLS_AES_256_GCM_SHA384");
}

TEST(Link, TheManInTheMiddleIsRefusedByBothEnds) {
  const Ends ends;
  const auto mallory = identity();
  const auto any = [](const Fingerprint&) { return true; };
  {
    TlsPair pair(link_context(LinkRole::console, Profile::modern, ends.console, only(ends.applet)).value(),
                 link_context(LinkRole::applet, Profile::modern, mallory, any).value());
    EXPECT_EQ(pair.handshake().client->code, Errc::peer_unexpected);
  }
  TlsPair pair(link_context(LinkRole::console, Profile::modern, mallory, any).value(),
               link_context(LinkRole::applet, Profile::modern, ends.applet, only(ends.console)).value());
  const auto outcome = pair.handshake();
  EXPECT_EQ(outcome.server->code, Errc::peer_unexpected);
  EXPECT_TRUE(outcome.client);
}

TEST(Link, AnEndWithoutCertificateIsRefused) {
  const Ends ends;
  const auto bare = https_client_context(TrustPin{}, std::nullopt, {std::string(kAlpnLink)}).value();
  SSL_CTX_set_cert_verify_callback(
      bare.native(), [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
  TlsPair pair(bare, link_context(LinkRole::applet, Profile::modern, ends.applet, only(ends.console)).value());
  EXPECT_TRUE(pair.handshake().server);
}

TEST(Link, ModernEndRefusesTls12HoweverGoodItsCipher) {
  const Ends ends;
  const auto mallory = [&] {
    auto context = link_context(LinkRole::console, Profile::modern, ends.console, only(ends.applet)).value();
    SSL_CTX_set_min_proto_version(context.native(), TLS1_2_VERSION);
    SSL_CTX_set_max_proto_version(context.native(), TLS1_2_VERSION);
    return context;
  }();
  TlsPair pair(mallory, link_context(LinkRole::applet, Profile::modern, ends.applet, only(ends.console)).value());
  EXPECT_FALSE(pair.handshake().ok());
}

TEST(Link, ModernEndRefusesADowngradeToTls12) {
  const Ends ends(KeyKind::rsa2048);
  {
    TlsPair pair(link_context(LinkRole::console, Profile::aes256_sha, ends.console, only(ends.applet)).value(),
                 link_context(LinkRole::applet, Profile::modern, ends.applet, only(ends.console)).value());
    EXPECT_FALSE(pair.handshake().ok());
  }
  TlsPair pair(link_context(LinkRole::console, Profile::modern, ends.console, only(ends.applet)).value(),
               link_context(LinkRole::applet, Profile::aes256_sha, ends.applet, only(ends.console)).value());
  EXPECT_FALSE(pair.handshake().ok());
}

TEST(LegacyProfile, AgreesOnExactlyTls12AndAes256Sha) {
  const Ends ends(KeyKind::rsa2048);
  auto pair = ends.pair(Profile::aes256_sha);
  ASSERT_TRUE(pair.handshake().ok());
  const auto peer = link_established(pair.client.get(), Profile::aes256_sha).value();
  EXPECT_EQ(peer.version, "TLSv1.2");
  EXPECT_EQ(peer.cipher, "AES256-SHA");
  EXPECT_EQ(peer.fingerprint, ends.applet.fingerprint());
  EXPECT_TRUE(link_established(pair.server.get(), Profile::aes256_sha));
  EXPECT_EQ(link_established(pair.client.get(), Profile::modern).error().code, Errc::tls_profile_refused);
}

TEST(LegacyProfile, NeedsAnRsaIdentity) {
  const auto any = [](const Fingerprint&) { return true; };
  EXPECT_EQ(link_context(LinkRole::applet, Profile::aes256_sha, identity(), any).error().code,
            base::Errc::invalid_argument);
}

TEST(LegacyProfile, BothEndsRequireTheExtendedMasterSecret) {
  const Ends ends(KeyKind::rsa2048);
  {
    auto pair = ends.pair(Profile::aes256_sha);
    SSL_set_options(pair.client.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
    EXPECT_TRUE(pair.handshake().server);  // refused during the handshake
  }
  auto pair = ends.pair(Profile::aes256_sha);
  // A foreign server that does not do RFC 7627 at all; no callback of ours runs in it.
  SSL_CTX_set_client_hello_cb(SSL_get_SSL_CTX(pair.server.get()), nullptr, nullptr);
  SSL_set_options(pair.server.get(), SSL_OP_NO_EXTENDED_MASTER_SECRET);
  ASSERT_TRUE(pair.handshake().ok());
  EXPECT_EQ(link_established(pair.client.get(), Profile::aes256_sha).error().code, Errc::tls_profile_refused);
}

TEST(Link, EstablishedSaysNoBeforeTheHandshake) {
  const Ends ends;
  const auto pair = ends.pair(Profile::modern);
  EXPECT_FALSE(link_established(pair.client.get(), Profile::modern));
}

// The console has the applet's certificate before it has the proof that the applet holds its key. Records are handed
// over one by one, as a slow network would.
TEST(Link, EstablishedSaysNoUntilThePeerHasProvedItsKey) {
  const Ends ends;
  const auto at_console = link_context(LinkRole::console, Profile::modern, ends.console, only(ends.applet)).value();
  const auto at_applet = link_context(LinkRole::applet, Profile::modern, ends.applet, only(ends.console)).value();
  const auto console = new_ssl(at_console).value();
  const auto applet = new_ssl(at_applet).value();
  BIO *to_console = BIO_new(BIO_s_mem()), *to_applet = BIO_new(BIO_s_mem()), *from_applet = BIO_new(BIO_s_mem());
  BIO_up_ref(to_applet);
  SSL_set_bio(console.get(), to_console, to_applet);
  SSL_set_bio(applet.get(), to_applet, from_applet);
  SSL_set_connect_state(console.get());
  SSL_set_accept_state(applet.get());
  EXPECT_NE(SSL_do_handshake(console.get()), 1);
  EXPECT_NE(SSL_do_handshake(applet.get()), 1);

  bool certificate_without_proof = false;
  while (SSL_is_init_finished(console.get()) == 0) {
    std::array<unsigned char, 5> header{};
    ASSERT_EQ(BIO_read(from_applet, header.data(), header.size()), 5);
    base::Bytes body(static_cast<std::size_t>(header[3]) << 8 | header[4]);
    ASSERT_EQ(BIO_read(from_applet, body.data(), static_cast<int>(body.size())), static_cast<int>(body.size()));
    BIO_write(to_console, header.data(), header.size());
    BIO_write(to_console, body.data(), static_cast<int>(body.size()));
    (void)SSL_do_handshake(console.get());
    if (SSL_is_init_finished(console.get()) != 0) break;
    certificate_without_proof = certificate_without_proof || peer_fingerprint(console.get()).has_value();
    EXPECT_FALSE(link_established(console.get(), Profile::modern));
  }
  EXPECT_TRUE(certificate_without_proof) << "otherwise this test has seen nothing";
  EXPECT_TRUE(link_established(console.get(), Profile::modern));
}

// openssl s_client as the console's peer: a TLS client that nobody here wrote.
class OpensslClient {
 public:
  OpensslClient(std::uint16_t port, const std::vector<std::string>& extra) {
    std::vector<std::string> args{"openssl", "s_client",   "-connect", fmt::format("127.0.0.1:{}", port),
                                  "-quiet",  "-no_ign_eof"};
    args.insert(args.end(), extra.begin(), extra.end());
    std::vector<char*> argv;
    for (auto& a : args) argv.push_back(a.data());
    argv.push_back(nullptr);
    int input[2];
    if (::pipe2(input, O_CLOEXEC) != 0) std::abort();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(input[0], 0);
      if (std::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(126);
      ::execvp("openssl", argv.data());
      ::_exit(127);
    }
    ::close(input[0]);
    input_ = input[1];
  }
  ~OpensslClient() {
    ::close(input_);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  void send(std::string_view s) const {
    ASSERT_EQ(::write(input_, s.data(), s.size()), static_cast<ssize_t>(s.size()));
  }

 private:
  pid_t pid_ = -1;
  int input_ = -1;
};

// Accepts one s_client on an applet's link context; what was agreed on, and the first line the client sent.
struct Met {
  base::Result<LinkPeer> peer;
  std::string line;
};
Met meet_openssl(const Ends& ends, Profile profile, const std::vector<std::string>& extra) {
  const rescue::test::TempDir dir;
  std::ofstream(dir / "c.pem") << ends.console.certificate.pem();
  EXPECT_TRUE(ends.console.key.save_new(dir / "c.key"));
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t n = sizeof address;
  EXPECT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), n), 0);
  EXPECT_EQ(::listen(listener, 1), 0);
  EXPECT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &n), 0);
  auto args = extra;
  args.insert(args.end(), {"-cert", dir / "c.pem", "-key", dir / "c.key"});
  const OpensslClient client(ntohs(address.sin_port), args);
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
  const auto context = link_context(LinkRole::applet, profile, ends.applet, only(ends.console)).value();
  const auto ssl = new_ssl(context).value();
  SSL_set_fd(ssl.get(), fd);
  Met out{base::fail(base::Errc::closed, "handshake"), {}};
  if (const int r = SSL_accept(ssl.get()); r == 1) {
    out.peer = link_established(ssl.get(), profile);
    client.send("hello\n");
    char buffer[64];
    const int got = SSL_read(ssl.get(), buffer, sizeof buffer);
    if (got > 0) out.line.assign(buffer, static_cast<std::size_t>(got));
  } else {
    out.peer = base::fail(tls_error(ssl.get(), "accept"));
  }
  ::close(fd);
  ::close(listener);
  return out;
}

TEST(LegacyProfile, WorksWithOpensslAsPeer) {
  const Ends ends(KeyKind::rsa2048);
  const auto met =
      meet_openssl(ends, Profile::aes256_sha, {"-tls1_2", "-cipher", "AES256-SHA", "-alpn", "rescue-link/1"});
  ASSERT_TRUE(met.peer) << met.peer.error().message();
  EXPECT_EQ(met.peer->cipher, "AES256-SHA");
  EXPECT_EQ(met.line, "hello\n");
}

TEST(LegacyProfile, RefusesOpensslWithAnotherCipherOrWithoutAlpn) {
  const Ends ends(KeyKind::rsa2048);
  EXPECT_FALSE(
      meet_openssl(ends, Profile::aes256_sha, {"-tls1_2", "-cipher", "AES128-SHA", "-alpn", "rescue-link/1"}).peer);
  EXPECT_FALSE(meet_openssl(ends, Profile::aes256_sha, {"-tls1_2", "-cipher", "AES256-SHA"}).peer);
}

TEST(Link, OpensslMeetsTheModernProfileAndIsRefusedWithTls12) {
  const Ends ends(KeyKind::rsa2048);
  const auto met = meet_openssl(ends, Profile::modern, {"-alpn", "rescue-link/1"});
  ASSERT_TRUE(met.peer) << met.peer.error().message();
  EXPECT_EQ(met.peer->cipher, "TLS_AES_256_GCM_SHA384");
  EXPECT_EQ(met.line, "hello\n");
  EXPECT_FALSE(meet_openssl(ends, Profile::modern, {"-tls1_2", "-alpn", "rescue-link/1"}).peer);
}

}  // namespace
}  // namespace rescue::crypto
