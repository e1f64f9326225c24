// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/aead.hpp"
#include "crypto/errors.hpp"
#include "crypto/hash.hpp"
#include "crypto/password.hpp"
#include "crypto/strength.hpp"
#include "crypto/token.hpp"

namespace rescue::crypto {
namespace {
using base::as_bytes;
using base::Bytes;
using base::from_hex;
using base::to_hex;

TEST(Hash, MatchesPublishedVectors) {
  // FIPS 180-4 and RFC 1321 appendix A.5
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(md5(as_bytes("message digest"))), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Hasher, GivesTheSameDigestForAnySplitAndStartsAgain) {
  const Bytes data(1000, 0x5a);
  Hasher hasher(HashAlgorithm::sha256);
  for (int round = 0; round < 2; ++round) {
    hasher.update(base::ByteView(data).first(1));
    hasher.update(base::ByteView(data).subspan(1, 700));
    hasher.update(base::ByteView(data).subspan(701));
    EXPECT_EQ(to_hex(hasher.finish()), to_hex(sha256(data)));
  }
}

TEST(Hmac, MatchesRfc4231) {
  EXPECT_EQ(to_hex(hmac_sha256(as_bytes("Jefe"), as_bytes("what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hkdf, MatchesRfc5869) {
  const auto ikm = Bytes(22, 0x0b);
  const auto salt = from_hex("000102030405060708090a0b0c").value();
  const auto info = from_hex("f0f1f2f3f4f5f6f7f8f9").value();
  EXPECT_EQ(to_hex(hkdf_sha256(ikm, salt, info, 42)->view()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  // test case 3: neither salt nor info
  EXPECT_EQ(to_hex(hkdf_sha256(ikm, {}, {}, 42)->view()),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
  EXPECT_FALSE(hkdf_sha256(ikm, {}, {}, 255 * 32 + 1));
}

TEST(Digest256, ComesFromExactlySixtyFourHexDigits) {
  const auto digest = sha256(as_bytes("x"));
  EXPECT_EQ(parse_digest256(to_hex(digest)).value(), digest);
  EXPECT_FALSE(parse_digest256(to_hex(digest).substr(1)));
  EXPECT_FALSE(parse_digest256(std::string(64, 'g')));
  EXPECT_FALSE(to_digest256(Bytes(31)));
}

TEST(Aead, MatchesTheGcmSpecificationTestCase16) {
  const auto key = from_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308").value();
  const auto nonce = from_hex("cafebabefacedbaddecaf888").value();
  const auto aad = from_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2").value();
  const auto plain =
      from_hex(
          "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b1"
          "6aedf5aa0de657ba637b39")
          .value();
  const auto sealed = aead_seal(key, nonce, aad, plain).value();
  EXPECT_EQ(to_hex(sealed),
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f6"
            "1e6393ba7a0abcc9f662"
            "76fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(aead_open(key, nonce, aad, sealed).value(), plain);
}

TEST(Aead, RefusesEveryFlippedBitAndOtherAssociatedData) {
  const Bytes key(32, 1), nonce(12, 2), aad{3};
  const auto sealed = aead_seal(key, nonce, aad, as_bytes("secret")).value();
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto bad = sealed;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    const auto opened = aead_open(key, nonce, aad, bad);
    ASSERT_FALSE(opened) << bit;
    EXPECT_EQ(opened.error().code, base::Errc::verification_failed);
  }
  EXPECT_FALSE(aead_open(key, nonce, Bytes{4}, sealed));
  EXPECT_FALSE(aead_open(key, nonce, aad, base::ByteView(sealed).first(15)));
  EXPECT_EQ(aead_seal(Bytes(31), nonce, aad, {}).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(aead_open(key, nonce, {}, aead_seal(key, nonce, {}, {}).value()).value(), Bytes{});
}

TEST(Password, VerifiesOnlyItselfAndSaysWhenItsCostIsOld) {
  const auto hash = hash_password("correct horse").value();
  EXPECT_TRUE(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << hash;
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct horsf"));
  EXPECT_FALSE(verify_password(hash, ""));
  EXPECT_NE(hash, hash_password("correct horse").value());
  EXPECT_FALSE(needs_rehash(hash));
  EXPECT_TRUE(needs_rehash(hash_password("x", {.memory_bytes = 8U << 20U, .passes = 1}).value()));
}

TEST(Password, TellsTheFiguresAHashWasMadeWithAndMakesTheSameWorkForNobody) {
  constexpr PasswordCost kOdd{.memory_bytes = 320 * 1024, .passes = 3};
  const auto hash = hash_password("x", kOdd).value();
  EXPECT_EQ(cost_of(hash), kOdd);
  EXPECT_EQ(cost_of(hash_password("x").value()), PasswordCost{});
  for (const std::string_view bad :
       {"", "plain", "$argon2id$", "$argon2id$v=19$m=", "$argon2id$v=19$m=1,t=", "$argon2id$v=19$m=1,t=2",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$", "$argon2i$v=19$m=64,t=3,p=1$a$b"})
    EXPECT_FALSE(cost_of(bad)) << bad;
  verify_no_account("anything", kOdd);
  verify_no_account(std::string(kMaxPasswordBytes + 1, 'a'), kOdd);
}

TEST(Password, RefusesOverlongInputAndForeignHashes) {
  EXPECT_EQ(hash_password(std::string(kMaxPasswordBytes + 1, 'a')).error().code, base::Errc::invalid_argument);
  EXPECT_FALSE(verify_password("$2b$12$abcdefghijklmnopqrstuv", "x"));
  EXPECT_FALSE(verify_password("", "x"));
  EXPECT_FALSE(verify_password(std::string(4000, '$'), "x"));
  EXPECT_TRUE(needs_rehash("plain"));
}

TEST(Strength, RanksObviousPasswordsBelowRandomOnes) {
  EXPECT_EQ(password_strength("").score, 0);
  EXPECT_EQ(password_strength("password").score, 0);
  EXPECT_LE(password_strength("ada.lovelace", std::vector<std::string>{"ada", "lovelace"}).score, 1);
  EXPECT_EQ(password_strength("correct horse battery staple lamp").score, 4);
  EXPECT_EQ(password_strength("vX9#qLz!28dTmw").score, 4);
  EXPECT_EQ(strength_name(4), "strong");
  // Quadratic work is bounded: only the head counts.
  EXPECT_EQ(password_strength(std::string(100'000, 'q')).score, password_strength(std::string(100, 'q')).score);
}

TEST(Strength, SaysWhatWouldHelpWithoutRepeatingThePassword) {
  using testing::Contains;
  using testing::HasSubstr;
  const std::vector<std::string> personal{"lovelace"};
  const auto advice = [&](std::string_view password) { return password_strength(password, personal).advice; };
  EXPECT_THAT(advice("monkey"), Contains(HasSubstr("common word")));
  EXPECT_THAT(advice("lovelace1"), Contains(HasSubstr("your name")));
  EXPECT_THAT(advice("p4ssw0rd"), Contains(HasSubstr("in the place of letters")));
  EXPECT_THAT(advice("zxcvbnm,./"), Contains(HasSubstr("Rows of keys")));
  EXPECT_THAT(advice("19991231"), Contains(HasSubstr("Dates")));
  EXPECT_THAT(advice("x7$kQ"), Contains(HasSubstr("Longer is better")));
  EXPECT_TRUE(advice("vX9#qLz!28dTmw").empty());
  for (const auto* weak : {"monkey", "lovelace1", "p4ssw0rd", "abcdefgh"})
    for (const auto line : advice(weak)) EXPECT_EQ(line.find(weak), std::string_view::npos) << line;
}

TEST(BearerToken, IsFoundByItsHashAndOnlyInItsOwnForm) {
  const auto token = make_bearer_token(base::system_random());
  EXPECT_EQ(token.text.size(), 4 + 43U);
  EXPECT_EQ(hash_bearer_token(token.text).value(), token.hash);
  EXPECT_NE(make_bearer_token(base::system_random()).text, token.text);
  for (const auto& bad :
       {std::string(), std::string("rsc_"), token.text + "A", token.text.substr(1), token.text.substr(0, 46)})
    EXPECT_FALSE(hash_bearer_token(bad)) << bad;
}

}  // namespace
}  // namespace rescue::crypto
