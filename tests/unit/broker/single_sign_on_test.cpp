// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/single_sign_on.hpp"

#include "daemons/broker/requests_sso.hpp"
#include "unit/store/support.hpp"

namespace rescue::broker {
namespace {
using store::kNow;
using store::ok_value;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

/// Reads what is no XML at all, and counts.
class CountingVerifier final : public saml::Verifier {
 public:
  explicit CountingVerifier(int& reads) : reads_(reads) {}
  base::Result<saml::IdpMetadata> read_metadata(const std::string& xml) override {
    ++reads_;
    if (xml == "bad") return base::fail(saml::Errc::refused, "root: no metadata");
    return saml::IdpMetadata{
        .entity_id = xml, .sso_redirect_url = "https://idp.example.test/sso", .signing_certificates = {}};
  }
  base::Result<saml::Verdict> check(const saml::ResponseCheck&) override {
    return saml::Verdict(std::unexpected(saml::Refusal{saml::Rule::root, ""}));
  }

 private:
  int& reads_;
};

class BrokerSso : public store::StoreTest {
 protected:
  std::optional<std::string> stored_keys() {
    return ok_value(
        read([](store::ReadTransaction& tx) { return store::settings::get(tx, directory::sso::kKeysSetting); }));
  }
  base::Bytes secret_ = base::Bytes(32, 0x17);
  SingleSignOn sso_{secret_, random_};
};

TEST_F(BrokerSso, MakesItsKeyOnceAndKeepsItSealed) {
  const auto first = ok_value(sso_.keys(*store_, kNow));
  ASSERT_EQ(first.size(), 1u);
  EXPECT_THAT(std::string(base::as_text(first[0].key_pem.view())), HasSubstr("PRIVATE KEY"));
  EXPECT_EQ(ok_value(sso_.keys(*store_, kNow))[0].certificate_pem, first[0].certificate_pem);
  EXPECT_THAT(*stored_keys(), HasSubstr("BEGIN CERTIFICATE"));
  EXPECT_THAT(*stored_keys(), Not(HasSubstr("PRIVATE")));
  SingleSignOn elsewhere(base::Bytes(32, 0x18), random_);
  EXPECT_CODE(elsewhere.keys(*store_, kNow), base::Errc::verification_failed);
}

TEST_F(BrokerSso, ANewKeySignsAndTheOneBeforeStillOpens) {
  const auto first = ok_value(sso_.keys(*store_, kNow));
  const auto renew = [&] {
    const auto fresh = ok_value(SingleSignOn::make_key(kNow));
    EXPECT_OK(write([&](store::Transaction& tx) { return sso_.renew_key(tx, fresh, "boss", kNow); }));
    return fresh.certificate_pem;
  };
  const auto second = renew();
  auto keys = ok_value(sso_.keys(*store_, kNow));
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].certificate_pem, second);
  EXPECT_EQ(keys[1].certificate_pem, first[0].certificate_pem);
  const auto third = renew();
  keys = ok_value(sso_.keys(*store_, kNow));
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys[0].certificate_pem, third);
  EXPECT_EQ(keys[1].certificate_pem, second);
}

TEST_F(BrokerSso, ReadsMetadataOnceAndAgainWhenItChanges) {
  int reads = 0;
  sso_.use_verifier(std::make_unique<CountingVerifier>(reads));
  for (const auto* xml : {"a", "a", "b", "a"}) EXPECT_EQ(ok_value(sso_.read_metadata(xml)).entity_id, xml);
  EXPECT_EQ(reads, 3);
  EXPECT_CODE(sso_.read_metadata("bad"), saml::Errc::refused);
  EXPECT_CODE(sso_.read_metadata("bad"), saml::Errc::refused);
  EXPECT_EQ(reads, 5);
}

TEST_F(BrokerSso, WithoutTheHelperNobodyIsLetIn) {
  EXPECT_CODE(sso_.read_metadata("a"), base::Errc::not_found);
  sso_.use_helper(base::fail(base::Errc::not_found, "the helper"));
  EXPECT_CODE(sso_.check({}), base::Errc::not_found);
}

TEST_F(BrokerSso, IsOffAndNamesItselfByItsAddress) {
  const auto setup =
      ok_value(read([](store::ReadTransaction& tx) { return SingleSignOn::setup(tx, "https://site.example"); }));
  EXPECT_FALSE(setup.rules.enabled || setup.rules.provision || setup.rules.idp_initiated);
  EXPECT_EQ(setup.sp.entity_id, "https://site.example/saml/metadata");
  EXPECT_EQ(setup.sp.acs_url, "https://site.example/saml/acs");
  EXPECT_EQ(setup.idp_xml, "");
}

TEST_F(BrokerSso, WhoBeginsAndNeverFinishesFillsNoDatabase) {
  const base::SteadyTime now{1h};
  for (std::size_t i = 0; i < kMostRequests; ++i) ASSERT_TRUE(sso_.may_begin(now + 1s));
  EXPECT_FALSE(sso_.may_begin(now + 2s));
  EXPECT_FALSE(sso_.may_begin(now + 10min));
  EXPECT_TRUE(sso_.may_begin(now + 10min + 1s));
}

TEST(SsoRequests, APostedResponseIsAFormWithOneOfThem) {
  EXPECT_EQ(ok_value(read_saml_response("RelayState=x&SAMLResponse=a%2Bb%3D")), "a+b=");
  for (const auto* bad :
       {"", "RelayState=x", "SAMLResponse=", "SAMLResponse=a&SAMLResponse=b", "SAMLResponse=a&x=1", "SAMLResponse=%zz"})
    EXPECT_CODE(read_saml_response(bad), base::Errc::invalid_argument);
  EXPECT_OK(read_saml_response("SAMLResponse=" + std::string(saml::kMaxResponseText, 'A')));
  EXPECT_CODE(read_saml_response("SAMLResponse=" + std::string(saml::kMaxResponseText + 1, 'A')),
              base::Errc::invalid_argument);
  EXPECT_CODE(read_saml_response(std::string(kMaxAcsForm + 1, 'A')), base::Errc::invalid_argument);
}

}  // namespace
}  // namespace rescue::broker
