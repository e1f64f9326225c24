// SPDX-License-Identifier: Apache-2.0
// The site towards its identity provider: who we are there, our key, its metadata, and the program that reads what it
// sends. Made once; thread-safe. Blocks: for worker threads.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "crypto/sealer.hpp"
#include "directory/single_sign_on.hpp"
#include "saml/service_provider.hpp"
#include "saml/verifier.hpp"
#include "store/store.hpp"

namespace rescue::broker {

/// Everything that one sign-in needs, read at its beginning.
struct SsoSetup {
  directory::sso::Rules rules;
  saml::ServiceProvider sp;
  std::string idp_xml;  // empty: none was installed
};

/// Sign-ins that are begun and not finished, of all people together.
inline constexpr std::size_t kMostRequests = 20'000;

class SingleSignOn {
 public:
  SingleSignOn(base::ByteView site_secret, base::RandomSource& random);
  /// Before the first request: where rescue-saml is, or why it is nowhere.
  void use_helper(base::Result<std::filesystem::path> program);
  /// Instead of the helper, for tests.
  void use_verifier(std::unique_ptr<saml::Verifier> verifier) { verifier_ = std::move(verifier); }

  /// `public_url`: of the broker.
  [[nodiscard]] static base::Result<SsoSetup> setup(store::ReadTransaction& tx, std::string_view public_url);

  /// Errors of the helper; saml::Errc::refused names the rule. What was read last is kept.
  [[nodiscard]] base::Result<saml::IdpMetadata> read_metadata(const std::string& xml);
  [[nodiscard]] base::Result<saml::Verdict> check(saml::ResponseCheck question);

  /// Whether one more request may be remembered: who asks is nobody yet, and each takes a row of the database for ten
  /// minutes. kMostRequests in that time.
  [[nodiscard]] bool may_begin(base::SteadyTime now);

  /// The keys that sign and open, newest first; made when there is none yet.
  [[nodiscard]] base::Result<std::vector<saml::ProviderKey>> keys(store::Store& store, base::WallTime now);
  /// A new key takes the place of the present one, which is announced and opens assertions until the next time.
  [[nodiscard]] base::Result<> renew_key(store::Transaction& tx, const saml::ProviderKey& fresh,
                                         const directory::By& by, base::WallTime now);
  /// Takes about 100 ms of CPU.
  [[nodiscard]] static base::Result<saml::ProviderKey> make_key(base::WallTime now);

 private:
  [[nodiscard]] base::Result<saml::Verifier*> verifier();
  [[nodiscard]] base::Result<std::vector<saml::ProviderKey>> stored_keys(store::ReadTransaction& tx) const;

  crypto::Sealer sealer_;
  base::RandomSource& random_;
  std::unique_ptr<saml::Verifier> verifier_;
  std::optional<base::Error> no_helper_;
  std::mutex mutex_;
  std::string read_xml_;  // what `read_` was made of
  std::optional<saml::IdpMetadata> read_;
  base::SteadyTime window_{};  // begins when requests_ is 0
  std::size_t requests_ = 0;
};

}  // namespace rescue::broker
