// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/single_sign_on.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include "store/users.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {

constexpr std::string_view kPurpose = "saml";
constexpr std::string_view kKeyName = "Rescue single sign-on";
constexpr std::size_t kMostKeys = 2;

base::Error bad_keys() {
  return {base::Errc::bad_format, fmt::format("the stored setting {}", directory::sso::kKeysSetting)};
}

}  // namespace

SingleSignOn::SingleSignOn(base::ByteView site_secret, base::RandomSource& random)
    : sealer_(site_secret, kPurpose), random_(random) {}

void SingleSignOn::use_helper(base::Result<std::filesystem::path> program) {
  if (program)
    verifier_ = std::make_unique<saml::HelperVerifier>(std::move(*program));
  else
    no_helper_ = std::move(program).error();
}

base::Result<SsoSetup> SingleSignOn::setup(store::ReadTransaction& tx, std::string_view public_url) {
  SsoSetup out;
  RESCUE_TRY(out.rules, directory::sso::rules(tx));
  RESCUE_TRY(auto xml, store::settings::get(tx, directory::sso::kIdpMetadataSetting));
  out.idp_xml = std::move(xml).value_or("");
  out.sp.acs_url = std::string(public_url) + "/saml/acs";
  out.sp.entity_id = out.rules.entity_id.empty() ? std::string(public_url) + "/saml/metadata" : out.rules.entity_id;
  return out;
}

base::Result<saml::Verifier*> SingleSignOn::verifier() {
  if (verifier_) return verifier_.get();
  if (no_helper_) return base::fail(*no_helper_);
  return base::fail(base::Errc::not_found, "the helper rescue-saml");
}

base::Result<saml::IdpMetadata> SingleSignOn::read_metadata(const std::string& xml) {
  {
    const std::scoped_lock lock(mutex_);
    if (read_ && read_xml_ == xml) return *read_;
  }
  RESCUE_TRY(auto* helper, verifier());
  RESCUE_TRY(auto metadata, helper->read_metadata(xml));
  const std::scoped_lock lock(mutex_);
  read_xml_ = xml;
  read_ = metadata;
  return metadata;
}

base::Result<saml::Verdict> SingleSignOn::check(saml::ResponseCheck question) {
  RESCUE_TRY(auto* helper, verifier());
  return helper->check(question);
}

bool SingleSignOn::may_begin(base::SteadyTime now) {
  const std::scoped_lock lock(mutex_);
  if (requests_ == 0 || now - window_ >= directory::sso::kRequestLifetime) {
    window_ = now;
    requests_ = 0;
  }
  if (requests_ >= kMostRequests) return false;
  ++requests_;
  return true;
}

base::Result<std::vector<saml::ProviderKey>> SingleSignOn::stored_keys(store::ReadTransaction& tx) const {
  std::vector<saml::ProviderKey> out;
  RESCUE_TRY(const auto text, store::settings::get(tx, directory::sso::kKeysSetting));
  if (!text) return out;
  boost::system::error_code ec;
  const auto parsed = json::parse(*text, ec);
  if (ec || !parsed.is_array()) return base::fail(bad_keys());
  for (const auto& entry : parsed.get_array()) {
    const auto* o = entry.if_object();
    const auto* certificate = o == nullptr ? nullptr : o->if_contains("certificate");
    const auto* sealed = o == nullptr ? nullptr : o->if_contains("key");
    if (certificate == nullptr || sealed == nullptr || !certificate->is_string() || !sealed->is_string())
      return base::fail(bad_keys());
    const std::string pem(certificate->get_string());
    RESCUE_TRY(const auto bytes, base::from_base64url(std::string(sealed->get_string())));
    RESCUE_TRY(auto key, sealer_.open(bytes, base::as_bytes(pem)));
    out.push_back({std::move(key), pem});
  }
  return out;
}

base::Result<saml::ProviderKey> SingleSignOn::make_key(base::WallTime now) {
  return saml::make_provider_key(kKeyName, now);
}

base::Result<> SingleSignOn::renew_key(store::Transaction& tx, const saml::ProviderKey& fresh, const directory::By& by,
                                       base::WallTime now) {
  const auto entry = [&](const saml::ProviderKey& key) -> base::Result<json::value> {
    RESCUE_TRY(const auto sealed, sealer_.seal(key.key_pem.view(), base::as_bytes(key.certificate_pem), random_));
    return json::object{{"certificate", key.certificate_pem}, {"key", base::to_base64url(sealed)}};
  };
  RESCUE_TRY(const auto old, stored_keys(tx));
  json::array all;
  RESCUE_TRY(auto first, entry(fresh));
  all.push_back(std::move(first));
  for (const auto& key : old) {
    if (all.size() == kMostKeys) break;
    RESCUE_TRY(auto kept, entry(key));
    all.push_back(std::move(kept));
  }
  return directory::sso::install_keys(tx, json::serialize(all), by, now);
}

base::Result<std::vector<saml::ProviderKey>> SingleSignOn::keys(store::Store& store, base::WallTime now) {
  RESCUE_TRY(auto have, store.read_now([this](store::ReadTransaction& tx) { return stored_keys(tx); }));
  if (!have.empty()) return have;
  RESCUE_TRY(const auto fresh, make_key(now));
  return store.write_now([&](store::Transaction& tx) -> base::Result<std::vector<saml::ProviderKey>> {
    RESCUE_TRY(auto meanwhile, stored_keys(tx));
    if (!meanwhile.empty()) return meanwhile;
    RESCUE_CHECK(renew_key(tx, fresh, {"", "", "program"}, now));
    return stored_keys(tx);
  });
}

}  // namespace rescue::broker
