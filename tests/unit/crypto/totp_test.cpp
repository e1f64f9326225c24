// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "crypto/sealer.hpp"
#include "crypto/totp.hpp"

namespace rescue::crypto {
namespace {
using base::as_bytes;
using base::Bytes;
using namespace std::chrono_literals;

constexpr std::string_view kRfcSecret = "12345678901234567890";

base::WallTime at(std::int64_t seconds) { return base::WallTime(std::chrono::seconds(seconds)); }

TEST(Totp, MatchesRfc6238AppendixB) {
  const struct {
    std::int64_t time;
    const char* code;
  } vectors[] = {{59, "94287082"},         {1111111109, "07081804"}, {1111111111, "14050471"},
                 {1234567890, "89005924"}, {2000000000, "69279037"}, {20000000000, "65353130"}};
  for (const auto& v : vectors)
    EXPECT_EQ(totp_code(as_bytes(kRfcSecret), totp_step_of(at(v.time)), 8), v.code) << v.time;
}

TEST(Totp, MatchesRfc4226AppendixD) {
  const char* codes[] = {"755224", "287082", "359152", "969429", "338314",
                         "254676", "287922", "162583", "399871", "520489"};
  for (std::uint64_t counter = 0; counter < std::size(codes); ++counter)
    EXPECT_EQ(totp_code(as_bytes(kRfcSecret), counter), codes[counter]);
}

TEST(Totp, TakesTheStepsBesideThePresentOneAndNoOthers) {
  const auto now = at(1'700'000'000);
  const auto step = totp_step_of(now);
  for (std::int64_t off = -3; off <= 3; ++off) {
    const auto other = static_cast<std::uint64_t>(static_cast<std::int64_t>(step) + off);
    const auto found = check_totp(as_bytes(kRfcSecret), totp_code(as_bytes(kRfcSecret), other), now, 0);
    if (off >= -1 && off <= 1)
      EXPECT_EQ(found, other) << off;
    else
      EXPECT_EQ(found, std::nullopt) << off;
  }
}

TEST(Totp, IsGoodOnceAndAnOlderOneNeverAfterIt) {
  const auto now = at(1'700'000'000);
  const auto step = totp_step_of(now);
  const auto secret = as_bytes(kRfcSecret);
  EXPECT_EQ(check_totp(secret, totp_code(secret, step), now, step - 1), step);
  EXPECT_EQ(check_totp(secret, totp_code(secret, step), now, step), std::nullopt);
  EXPECT_EQ(check_totp(secret, totp_code(secret, step - 1), now, step), std::nullopt);
  EXPECT_EQ(check_totp(secret, totp_code(secret, step + 1), now, step), step + 1);
}

TEST(Totp, IsSixDigitsAndNothingElse) {
  const auto now = at(1'700'000'000);
  const auto secret = as_bytes(kRfcSecret);
  const auto right = totp_code(secret, totp_step_of(now));
  for (const std::string& wrong :
       {std::string(), right.substr(1), right + "0", " " + right, right + '\0', std::string(100'000, '1')})
    EXPECT_EQ(check_totp(secret, wrong, now, 0), std::nullopt) << wrong.size();
}

TEST(Totp, ReadsEarlyAndStrangeClocksWithoutHarm) {
  const auto secret = as_bytes(kRfcSecret);
  EXPECT_EQ(totp_step_of(at(-5)), 0U);
  EXPECT_EQ(check_totp(secret, totp_code(secret, 1), at(0), 0), 1U);
  EXPECT_EQ(check_totp(secret, totp_code(secret, 0), at(-100), 0), std::nullopt);  // step 0 is never later than any
}

TEST(Totp, SecretsAreRandomAndLong) {
  auto& random = base::system_random();
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i) {
    const auto secret = make_totp_secret(random);
    EXPECT_EQ(secret.view().size(), 20U);
    seen.insert(base::to_hex(secret.view()));
  }
  EXPECT_EQ(seen.size(), 50U);
}

TEST(Base32, MatchesRfc4648WithoutPadding) {
  EXPECT_EQ(to_base32(as_bytes("")), "");
  EXPECT_EQ(to_base32(as_bytes("f")), "MY");
  EXPECT_EQ(to_base32(as_bytes("fo")), "MZXQ");
  EXPECT_EQ(to_base32(as_bytes("foo")), "MZXW6");
  EXPECT_EQ(to_base32(as_bytes("foob")), "MZXW6YQ");
  EXPECT_EQ(to_base32(as_bytes("fooba")), "MZXW6YTB");
  EXPECT_EQ(to_base32(as_bytes("foobar")), "MZXW6YTBOI");
}

TEST(TotpUri, HidesNoCharacterOfNames) {
  EXPECT_EQ(totp_uri(as_bytes(kRfcSecret), "Rescue & Co", "ana+x@example.com"),
            "otpauth://totp/Rescue%20%26%20Co:ana%2Bx%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
            "&issuer=Rescue%20%26%20Co&algorithm=SHA1&digits=6&period=30");
}

TEST(Sealer, OpensItsOwnForTheSameContextAlone) {
  const Bytes site(32, 7), other_site(32, 8);
  const Sealer sealer(site, "totp");
  auto& random = base::system_random();
  const auto sealed = sealer.seal(as_bytes("secret"), as_bytes("row 1"), random).value();
  EXPECT_EQ(base::as_text(sealer.open(sealed, as_bytes("row 1"))->view()), "secret");
  EXPECT_EQ(Sealer(site, "totp").open(sealed, as_bytes("row 1"))->view().size(), 6U);  // after a restart, too
  const auto refused = [&](const base::Result<base::SecretBytes>& r) {
    return !r && r.error().code == base::Errc::verification_failed;
  };
  EXPECT_TRUE(refused(sealer.open(sealed, as_bytes("row 2"))));
  EXPECT_TRUE(refused(Sealer(site, "other").open(sealed, as_bytes("row 1"))));
  EXPECT_TRUE(refused(Sealer(other_site, "totp").open(sealed, as_bytes("row 1"))));
  for (std::size_t n = 0; n < sealed.size(); ++n)
    EXPECT_TRUE(refused(sealer.open(base::ByteView(sealed).first(n), as_bytes("row 1")))) << n;
  for (std::size_t n = 0; n < sealed.size(); ++n) {
    auto changed = sealed;
    changed[n] ^= 1;
    EXPECT_TRUE(refused(sealer.open(changed, as_bytes("row 1")))) << n;
  }
}

TEST(Sealer, NeverSealsTheSameWayTwiceAndShowsNothing) {
  const Sealer sealer(Bytes(32, 7), "totp");
  auto& random = base::system_random();
  const auto one = sealer.seal(as_bytes("secret"), as_bytes("row"), random).value();
  const auto two = sealer.seal(as_bytes("secret"), as_bytes("row"), random).value();
  EXPECT_NE(one, two);
  EXPECT_EQ(base::as_text(one).find("secret"), std::string_view::npos);
}

TEST(Sealer, DigestsDependOnSecretContextPurposeAndSite) {
  const Sealer sealer(Bytes(32, 7), "codes");
  const auto digest = sealer.digest(as_bytes("code"), as_bytes("row"));
  EXPECT_EQ(digest, Sealer(Bytes(32, 7), "codes").digest(as_bytes("code"), as_bytes("row")));
  EXPECT_NE(digest, sealer.digest(as_bytes("coda"), as_bytes("row")));
  EXPECT_NE(digest, sealer.digest(as_bytes("ecode"), as_bytes("row").first(2)));
  EXPECT_NE(sealer.digest(as_bytes("bc"), as_bytes("a")), sealer.digest(as_bytes("c"), as_bytes("ab")));
  EXPECT_NE(digest, Sealer(Bytes(32, 7), "other").digest(as_bytes("code"), as_bytes("row")));
  EXPECT_NE(digest, Sealer(Bytes(32, 8), "codes").digest(as_bytes("code"), as_bytes("row")));
}

}  // namespace
}  // namespace rescue::crypto
