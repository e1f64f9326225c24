// SPDX-License-Identifier: Apache-2.0
// A signer that would make files that Windows does not accept is refused when it is made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/errors.hpp"
#include "support/temp_dir.hpp"
#include "unit/stamp/fixtures.hpp"

namespace rescue::stamp {
namespace {
using namespace test;

crypto::PrivateKey key(std::string_view name) {
  return crypto::PrivateKey::load(stamp_fixture(fmt::format("{}.key", name))).value();
}
std::vector<crypto::Certificate> chain(std::initializer_list<std::string_view> names) {
  std::vector<crypto::Certificate> out;
  for (const auto name : names)
    out.push_back(
        crypto::Certificate::from_pem(base::as_text(read_bytes(stamp_fixture(fmt::format("{}.pem", name))))).value());
  return out;
}
base::Result<CodeSigner> make(std::string_view name, std::vector<crypto::Certificate> certificates,
                              const ProgramInfo& info = {}) {
  return CodeSigner::make(key(name), std::move(certificates), info, stamp_now());
}

TEST(CodeSigner, TakesAChainWithAndWithoutItsRoot) {
  EXPECT_TRUE(make("p256", chain({"p256"})));
  EXPECT_TRUE(make("p256", chain({"p256", "root"})));
  EXPECT_EQ(make("p256", chain({"p256", "root"}))->not_after(), chain({"root"}).front().not_after());
}

TEST(CodeSigner, RefusesAKeyOfAnotherCertificate) {
  EXPECT_EQ(make("p256", chain({"rsa", "root"})).error().code, base::Errc::verification_failed);
  EXPECT_EQ(make("p256", {}).error().code, base::Errc::verification_failed);
}

TEST(CodeSigner, RefusesACertificateThatIsNotForCodeSigning) {
  const auto refused = make("server", chain({"server", "root"}));
  EXPECT_EQ(refused.error().code, base::Errc::verification_failed);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("not for code signing"));
  // Without any extended usage it is for none of them in particular.
  EXPECT_EQ(make("root", chain({"root"})).error().code, base::Errc::verification_failed);
}

TEST(CodeSigner, RefusesAChainInDisorder) {
  const auto refused = make("p256", chain({"p256", "stranger"}));
  EXPECT_EQ(refused.error().code, base::Errc::verification_failed);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("not issued by the next"));
}

TEST(CodeSigner, RefusesACertificateOutsideItsTime) {
  const auto certificates = chain({"p256", "root"});
  const auto at = [&](base::WallTime now) { return CodeSigner::make(key("p256"), certificates, {}, now); };
  EXPECT_EQ(at(certificates[0].not_after() + std::chrono::days(1)).error().code, crypto::Errc::certificate_expired);
  EXPECT_EQ(at(certificates[0].not_before() - std::chrono::days(1)).error().code, crypto::Errc::certificate_expired);
}

TEST(CodeSigner, RefusesAKeyThatWindowsDoesNotKnow) {
  const auto ed25519 = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  const auto identity = crypto::make_identity(ed25519, "x", stamp_now(), std::chrono::days(1)).value();
  EXPECT_EQ(CodeSigner::make(ed25519, {identity.certificate}, {}, stamp_now()).error().code,
            crypto::Errc::key_unsupported);
}

TEST(CodeSigner, RefusesNamesAndAddressesThatWindowsCannotShow) {
  const auto with = [](ProgramInfo info) { return make("p256", chain({"p256"}), info); };
  EXPECT_TRUE(with({std::string(kMaxProgramName, 'n'), "http://a.example/"}));
  for (const ProgramInfo& info :
       {ProgramInfo{std::string(kMaxProgramName + 1, 'n'), ""}, ProgramInfo{"a\nb", ""},
        ProgramInfo{"a \U0001F6DF", ""}, ProgramInfo{"\xff", ""}, ProgramInfo{"", "javascript:alert(1)"},
        ProgramInfo{"", "https://a b"}, ProgramInfo{"", "https://bücher.example"},
        ProgramInfo{"", "https://" + std::string(kMaxPublisherUrl, 'u')}})
    EXPECT_EQ(with(info).error().code, base::Errc::invalid_argument) << info.name << info.url;
}

TEST(CodeSigner, RefusesAKeyFileThatOthersCanRead) {
  const test::TempDir dir;
  std::filesystem::copy(stamp_fixture("p256.key"), dir / "key");
  std::filesystem::permissions(dir / "key", std::filesystem::perms(0644));
  EXPECT_EQ(CodeSigner::load(stamp_fixture("p256-chain.pem"), dir / "key", {}, stamp_now()).error().code,
            crypto::Errc::file_exposed);
}

}  // namespace
}  // namespace rescue::stamp
