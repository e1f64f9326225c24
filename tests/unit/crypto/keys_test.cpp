// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "crypto/certificate.hpp"
#include "crypto/errors.hpp"
#include "crypto/keys.hpp"
#include "crypto/secret_file.hpp"
#include "support/temp_dir.hpp"

namespace rescue::crypto {
namespace {
using base::as_bytes;
using base::Bytes;
const base::WallTime kNow = base::parse_rfc3339("2026-11-24T12:00:00Z").value();

class EveryKind : public testing::TestWithParam<KeyKind> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryKind, testing::Values(KeyKind::p256, KeyKind::ed25519, KeyKind::rsa2048));

TEST_P(EveryKind, SurvivesItsEncodings) {
  const auto key = PrivateKey::generate(GetParam()).value();
  const auto again = PrivateKey::from_pem(base::as_text(key.pem().view())).value();
  EXPECT_EQ(again.kind(), GetParam());
  EXPECT_EQ(again.fingerprint(), key.fingerprint());
  const auto pub = PublicKey::from_spki(key.public_key().spki()).value();
  EXPECT_EQ(pub.fingerprint(), key.fingerprint());
  EXPECT_EQ(PublicKey::from_pem(pub.pem()).value().fingerprint(), key.fingerprint());
  EXPECT_EQ(sha256(pub.spki()), key.fingerprint());
}

TEST_P(EveryKind, VerifiesWhatItSignedAndNothingElse) {
  const auto key = PrivateKey::generate(GetParam()).value();
  const auto pub = key.public_key();
  const auto signature = key.sign(as_bytes("message")).value();
  EXPECT_TRUE(pub.verify(as_bytes("message"), signature));
  EXPECT_EQ(pub.verify(as_bytes("massage"), signature).error().code, Errc::signature_invalid);
  EXPECT_FALSE(PrivateKey::generate(GetParam()).value().public_key().verify(as_bytes("message"), signature));
  EXPECT_FALSE(pub.verify(as_bytes("message"), {}));
  EXPECT_FALSE(pub.verify(as_bytes("message"), Bytes(kMaxSignatureBytes + 1)));
  auto bad = signature;
  bad[bad.size() / 2] ^= 1;
  EXPECT_FALSE(pub.verify(as_bytes("message"), bad));
}

TEST(Keys, RawEd25519RoundTrips) {
  const auto key = PrivateKey::generate(KeyKind::ed25519).value().public_key();
  EXPECT_EQ(PublicKey::from_raw_ed25519(key.raw_ed25519().value()).value().fingerprint(), key.fingerprint());
  EXPECT_EQ(PublicKey::from_raw_ed25519(Bytes(31)).error().code, Errc::key_malformed);
  EXPECT_EQ(PrivateKey::generate(KeyKind::p256)->public_key().raw_ed25519().error().code, Errc::key_unsupported);
}

TEST(Keys, RefuseTruncatedTrailingOversizedAndForeignEncodings) {
  const auto spki = PrivateKey::generate(KeyKind::p256)->public_key().spki();
  for (std::size_t n = 0; n < spki.size(); ++n) EXPECT_FALSE(PublicKey::from_spki(base::ByteView(spki).first(n))) << n;
  auto longer = spki;
  longer.push_back(0);
  EXPECT_EQ(PublicKey::from_spki(longer).error().code, Errc::key_malformed);
  EXPECT_EQ(PublicKey::from_spki(Bytes(kMaxSpkiBytes + 1)).error().code, base::Errc::too_large);
  EXPECT_FALSE(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
  // secp384r1, made by `openssl ecparam -genkey`; a curve outside the closed list
  const auto p384 =
      base::from_hex(
          "3076301006072a8648ce3d020106052b8104002203620004aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b98"
          "59f741e082542a385502f25dbf55296c3a545e3872760ab73617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147c"
          "e9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f")
          .value();
  EXPECT_EQ(PublicKey::from_spki(p384).error().code, Errc::key_unsupported);
}

TEST(Keys, RefuseACompressedPointBecauseItWouldBeASecondNameOfTheSameKey) {
  const auto spki = PrivateKey::generate(KeyKind::p256)->public_key().spki();
  // SPKI of the same point in compressed form: lengths 0x39 and 0x22, first byte 2 or 3 by the parity of y.
  auto compressed = base::from_hex("3039301306072a8648ce3d020106082a8648ce3d030107032200").value();
  compressed.push_back(static_cast<std::uint8_t>(2 + (spki.back() & 1)));
  compressed.insert(compressed.end(), spki.begin() + 27, spki.begin() + 59);
  EXPECT_EQ(PublicKey::from_spki(compressed).error().code, Errc::key_malformed);
}

TEST(Keys, RefuseAPointThatIsNotOnTheCurve) {
  const auto spki = PrivateKey::generate(KeyKind::p256)->public_key().spki();
  for (std::size_t bit = (spki.size() - 64) * 8; bit < spki.size() * 8; ++bit) {
    auto bad = spki;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    ASSERT_EQ(PublicKey::from_spki(bad).error().code, Errc::key_malformed) << bit;
  }
}

TEST(KeyFiles, AreOwnerOnlyNeverOverwrittenAndRefusedWhenExposed) {
  const test::TempDir dir;
  const auto path = dir / "a.key";
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  ASSERT_TRUE(key.save_new(path));
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(key.save_new(path).error().code, base::Errc::conflict);
  EXPECT_EQ(PrivateKey::load(path)->fingerprint(), key.fingerprint());
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  EXPECT_EQ(PrivateKey::load(path).error().code, Errc::file_exposed);
  EXPECT_EQ(PrivateKey::load(dir / "none").error().code, base::Errc::not_found);
}

TEST(SecretFile, ReplacesInOneStepAndKeepsItsMode) {
  const test::TempDir dir;
  const auto path = dir / "token";
  ASSERT_TRUE(write_new_secret_file(path, as_bytes("one")));
  ASSERT_TRUE(replace_secret_file(path, as_bytes("two")));
  EXPECT_EQ(base::as_text(read_secret_file(path)->view()), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
  EXPECT_EQ(read_secret_file(path, 2).error().code, base::Errc::too_large);
  std::filesystem::create_symlink(path, dir / "link");
  EXPECT_FALSE(read_secret_file(dir / "link"));
}

TEST(Certificate, SessionIdentityIsValidTwoDaysAndNamedByItsKey) {
  const auto identity = make_session_identity(kNow).value();
  EXPECT_EQ(identity.certificate.common_name(), "rescue session");
  EXPECT_EQ(identity.certificate.fingerprint(), identity.fingerprint());
  EXPECT_EQ(identity.certificate.not_after(), kNow + std::chrono::days(2));
  EXPECT_LT(identity.certificate.not_before(), kNow);
  EXPECT_FALSE(identity.certificate.is_ca());
  EXPECT_EQ(Certificate::from_der(identity.certificate.der())->der(), identity.certificate.der());
}

TEST(Certificate, RequestCarriesNamesAndProvesItsKey) {
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto names =
      ServerNames::from(std::vector<std::string>{"gw.example.org", "*.example.org", "10.0.0.7", "[::1]"}).value();
  EXPECT_EQ(names.dns, (std::vector<std::string>{"gw.example.org", "*.example.org"}));
  EXPECT_EQ(names.ip, (std::vector<std::string>{"10.0.0.7", "::1"}));
  const auto pem = make_csr(key, "gateway one", names).value();
  const auto request = read_csr(pem).value();
  EXPECT_EQ(request.key.fingerprint(), key.fingerprint());
  EXPECT_EQ(request.common_name, "gateway one");
  EXPECT_EQ(request.names.dns, names.dns);
  EXPECT_EQ(request.names.ip, names.ip);
  auto bad = pem;
  bad[pem.size() / 2] = bad[pem.size() / 2] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(read_csr(bad));
  EXPECT_FALSE(read_csr(""));
}

TEST(ServerNames, RefuseWhatIsNeitherHostNorAddress) {
  for (const char* bad : {"", "a b", "a,DNS:b", "-a", "a..b", "a.", "ex*mple.org", "http://x", "1.2.3.4:80"})
    EXPECT_EQ(ServerNames::from(std::vector<std::string>{bad}).error().code, base::Errc::invalid_argument) << bad;
}

TEST(Certificate, ChainIsReadWholeAndDamageIsNoticed) {
  const auto ca_key = PrivateKey::generate(KeyKind::p256).value();
  const auto ca = make_ca(ca_key, "Rescue site CA", kNow).value();
  EXPECT_TRUE(ca.is_ca());
  EXPECT_GT(ca.not_after(), kNow + std::chrono::days(3650));
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto leaf =
      issue_server_certificate(ca_key, ca, key.public_key(), {.dns = {"localhost"}, .ip = {"127.0.0.1"}}, kNow).value();
  const std::vector chain{leaf, ca};
  const auto read = parse_chain_pem(to_pem(chain)).value();
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[1].fingerprint(), ca.fingerprint());
  EXPECT_FALSE(parse_chain_pem(""));
  auto text = to_pem(chain);
  text[text.size() - 100] = '!';
  EXPECT_EQ(parse_chain_pem(text).error().code, Errc::key_malformed);
  std::string many;
  for (std::size_t i = 0; i <= kMaxChainCertificates; ++i) many += ca.pem();
  EXPECT_EQ(parse_chain_pem(many).error().code, base::Errc::too_large);
  EXPECT_FALSE(issue_server_certificate(key, ca, key.public_key(), {.dns = {"localhost"}, .ip = {}}, kNow));
}

TEST(ServerIdentity, RefusesAKeyThatIsNotTheCertificates) {
  const test::TempDir dir;
  const auto one = make_session_identity(kNow).value();
  const auto other = PrivateKey::generate(KeyKind::p256).value();
  std::ofstream(dir / "chain.pem") << one.certificate.pem();
  ASSERT_TRUE(one.key.save_new(dir / "one.key"));
  ASSERT_TRUE(other.save_new(dir / "other.key"));
  EXPECT_TRUE(load_server_identity(dir / "chain.pem", dir / "one.key"));
  EXPECT_EQ(load_server_identity(dir / "chain.pem", dir / "other.key").error().code, base::Errc::verification_failed);
  EXPECT_EQ(load_server_identity(dir / "none.pem", dir / "one.key").error().code, base::Errc::not_found);
}

}  // namespace
}  // namespace rescue::crypto
