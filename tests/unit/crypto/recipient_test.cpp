// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <fstream>

#include "crypto/errors.hpp"
#include "crypto/hpke.hpp"
#include "support/temp_dir.hpp"

namespace rescue::crypto {
namespace {

// The recipient of RFC 9180 appendix A.1 (skRm), as `openssl pkey` writes it.
constexpr std::string_view kRecipientPem =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VuBCIEIEYSxVAmP8itWDdd8/VXqsUx0mhQkD5VqfI/IdhTTorI\n"
    "-----END PRIVATE KEY-----\n";
constexpr std::string_view kInfo = "rescue rcrec file key";

TEST(X25519, MatchesRfc9180AndRfc7748) {
  const auto key = X25519Private::from_pem(kRecipientPem).value();
  EXPECT_EQ(base::to_hex(key.public_key().raw()), "3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d");
  EXPECT_EQ(base::as_text(key.pem().view()), kRecipientPem);
  const auto peer = X25519Public::from_raw(
      base::from_hex("37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431").value());
  EXPECT_EQ(key.agree(*peer)->view().size(), 32u);
  EXPECT_EQ(X25519Public::from_pem(key.public_key().pem()).value(), key.public_key());
}

TEST(Hpke, OpensWhatAnotherImplementationSealed) {
  // DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM by pyca/cryptography 48.
  const auto sealed = base::from_hex(
                          "7654d81bd3f576b0ab56a46e58c7889b19a9378e74dad13f1b20ba6872453d1720ed5031d1f28b476851d70cb740"
                          "9574bbfb0a4961cb1caabf91527cdfaef1f220cc04c4b0d4389732fb7225fa4cf22777")
                          .value();
  const auto key = X25519Private::from_pem(kRecipientPem).value();
  const auto plain = hpke_open(key, base::as_bytes(kInfo), {}, sealed);
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(base::as_text(plain->view()), "thirty-two bytes of file key 1234");
}

TEST(Hpke, OpensForTheRecipientAtItsPlaceOnly) {
  base::SeededRandom random(1);
  const auto key = X25519Private::generate(random).value();
  const auto stranger = X25519Private::generate(random).value();
  const auto sealed =
      hpke_seal(key.public_key(), base::as_bytes(kInfo), base::as_bytes("a"), base::as_bytes("secret"), random).value();
  EXPECT_EQ(sealed.size(), 6 + kHpkeOverheadBytes);
  EXPECT_EQ(base::as_text(hpke_open(key, base::as_bytes(kInfo), base::as_bytes("a"), sealed)->view()), "secret");
  const auto refused = [&](const X25519Private& k, std::string_view info, std::string_view associated,
                           base::ByteView b) {
    const auto opened = hpke_open(k, base::as_bytes(info), base::as_bytes(associated), b);
    return !opened && opened.error().code == base::Errc::verification_failed;
  };
  EXPECT_TRUE(refused(stranger, kInfo, "a", sealed));
  EXPECT_TRUE(refused(key, "elsewhere", "a", sealed));
  EXPECT_TRUE(refused(key, kInfo, "b", sealed));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto changed = sealed;
    changed[i] ^= 1;
    EXPECT_TRUE(refused(key, kInfo, "a", changed)) << i;
  }
  EXPECT_TRUE(refused(key, kInfo, "a", base::ByteView(sealed).first(kHpkeOverheadBytes - 1)));
  EXPECT_TRUE(refused(key, kInfo, "a", base::Bytes(80, 0))) << "a point of small order";
}

TEST(X25519, KeyFilesAreThoseOfOpensslAndPrivate) {
  const test::TempDir dir;
  base::SeededRandom random(2);
  const auto key = X25519Private::generate(random).value();
  ASSERT_TRUE(key.save_new(dir / "a.key"));
  struct stat st{};
  ASSERT_EQ(::stat((dir / "a.key").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 0777, 0600u);
  EXPECT_EQ(X25519Private::load(dir / "a.key")->public_key(), key.public_key());
  EXPECT_EQ(key.save_new(dir / "a.key").error().code, base::Errc::conflict);
  ::chmod((dir / "a.key").c_str(), 0640);
  EXPECT_EQ(X25519Private::load(dir / "a.key").error().code, Errc::file_exposed);

  std::ofstream(dir / "a.pub") << key.public_key().pem();
  EXPECT_EQ(X25519Public::load(dir / "a.pub").value(), key.public_key());
  const auto mistaken = X25519Public::load(dir / "a.key");
  EXPECT_EQ(mistaken.error().code, Errc::key_unsupported);
  EXPECT_NE(mistaken.error().context.find("the public one is wanted"), std::string::npos) << mistaken.error().message();
  EXPECT_EQ(X25519Public::load(dir / "none.pub").error().code, base::Errc::not_found);
  std::ofstream(dir / "bad.pub") << "no key";
  EXPECT_EQ(X25519Public::load(dir / "bad.pub").error().code, Errc::key_malformed);
  // An Ed25519 key (RFC 8410 section 10.1) is for signing.
  std::ofstream(dir / "ed.pub") << "-----BEGIN PUBLIC KEY-----\n"
                                   "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
                                   "-----END PUBLIC KEY-----\n";
  EXPECT_EQ(X25519Public::load(dir / "ed.pub").error().code, Errc::key_unsupported);
}

}  // namespace
}  // namespace rescue::crypto
