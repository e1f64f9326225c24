// SPDX-License-Identifier: Apache-2.0
// Bytes that an honest program never makes.
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto/errors.hpp"
#include "crypto/password.hpp"
#include "crypto/signed.hpp"
#include "crypto/tokens.hpp"
#include "wire/messages.hpp"

namespace rescue::crypto {
namespace {
namespace fb = wire::tokens;
const base::WallTime kNow = base::parse_rfc3339("2026-11-24T12:00:00Z").value();

/// A grant as a site of a later version might sign it.
base::Bytes grant_with(fb::RecordingRule recording, fb::Profile profile, const PrivateKey& site) {
  flatbuffers::FlatBufferBuilder b;
  const std::vector<std::uint8_t> guid(16, 1), digest(32, 2);
  const auto session = b.CreateVector(guid), technician = b.CreateVector(guid);
  const auto text = b.CreateString("x");
  const auto console = b.CreateVector(digest), applet = b.CreateVector(digest), guid_id = b.CreateVector(digest);
  const auto us = kNow.time_since_epoch().count();
  const auto grant = fb::CreateGrant(b, session, 1, technician, text, text, text, console, applet, guid_id, 1, false,
                                     false, 60, 600, recording, profile, false, us, us + 60'000'000);
  fb::FinishTokenEnvelopeBuffer(b, fb::CreateTokenEnvelope(b, fb::Token::Grant, grant.Union()));
  return sign_envelope(kGrantDomain, wire::finished_bytes(b), site).value();
}

TEST(CryptoGuards, AGrantWithARuleOrProfileOfALaterVersionIsRefused) {
  const auto site = PrivateKey::generate(KeyKind::ed25519).value();
  const std::vector keys{site.public_key()};
  EXPECT_TRUE(open_grant(grant_with(fb::RecordingRule::forced, fb::Profile::modern, site), keys, kNow));
  EXPECT_EQ(
      open_grant(grant_with(static_cast<fb::RecordingRule>(9), fb::Profile::modern, site), keys, kNow).error().code,
      Errc::token_malformed);
  EXPECT_EQ(open_grant(grant_with(fb::RecordingRule::none, static_cast<fb::Profile>(9), site), keys, kNow).error().code,
            Errc::token_malformed);
}

// The neutral point as key: with it as R and 0 as S, the equation of Ed25519 holds for every message.
TEST(CryptoGuards, AnEd25519KeyOfSmallOrderSignsNothing) {
  base::Bytes neutral(32, 0);
  neutral[0] = 1;
  base::Bytes signature = neutral;
  signature.resize(64, 0);
  const auto key = PublicKey::from_raw_ed25519(neutral);
  EXPECT_TRUE(!key || !key->verify(base::as_bytes("any message"), signature));
}

TEST(CryptoGuards, AnRsaKeyThatIsTooShortIsRefused) {
  const std::unique_ptr<EVP_PKEY, decltype([](EVP_PKEY* k) { EVP_PKEY_free(k); })> weak(EVP_RSA_gen(1024));
  ASSERT_NE(weak, nullptr);
  base::Bytes spki(static_cast<std::size_t>(i2d_PUBKEY(weak.get(), nullptr)));
  auto* at = spki.data();
  ASSERT_EQ(i2d_PUBKEY(weak.get(), &at), static_cast<int>(spki.size()));
  EXPECT_EQ(PublicKey::from_spki(spki).error().code, Errc::key_unsupported);
}

TEST(CryptoGuards, AStoredHashOrAPasswordOfAnySizeIsOnlyWrong) {
  EXPECT_FALSE(verify_password("$argon2id$" + std::string(4000, 'x'), "x"));
  const auto hash =
      hash_password(std::string(kMaxPasswordBytes, 'a'), {.memory_bytes = 64 * 1024, .passes = 1}).value();
  EXPECT_TRUE(verify_password(hash, std::string(kMaxPasswordBytes, 'a')));
  // Cut to the cap it would be the right one.
  EXPECT_FALSE(verify_password(hash, std::string(kMaxPasswordBytes + 1, 'a')));
}

}  // namespace
}  // namespace rescue::crypto
