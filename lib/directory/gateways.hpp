// SPDX-License-Identifier: Apache-2.0
// The gateways of the site: enrolment by one-time token, draining, removal. Each mutation logs its event.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "directory/authorization.hpp"
#include "directory/by.hpp"
#include "directory/errors.hpp"
#include "store/model.hpp"
#include "store/transaction.hpp"

namespace rescue::directory::gateways {

inline constexpr std::chrono::hours kEnrolmentLifetime{24};
inline constexpr std::size_t kMaxAddresses = 8;

struct EnrolmentInvitation {
  std::string token;  // secret, shown once
  base::WallTime expires_at;
};
/// name_taken when a gateway has this name already.
[[nodiscard]] base::Result<EnrolmentInvitation> invite(store::Transaction& tx, std::string_view gateway_name,
                                                       const Principal& who, base::RandomSource& random,
                                                       base::WallTime now);

struct Enrolment {
  base::Guid id;
  std::string token;
  std::string name;
  std::vector<std::string> addresses;  // "host:port", "[v6]:port"
  base::Bytes identity_spki;
  base::Bytes server_fingerprint;  // of the key in the certificate request
};
/// enrolment_token_invalid (nothing is changed), name_taken (name or key), invalid_argument.
[[nodiscard]] base::Result<store::Gateway> enroll(store::Transaction& tx, const Enrolment& enrolment,
                                                  base::WallTime now);

/// Which gateway a TLS client certificate is. sign_in_needed for an unknown or removed one.
[[nodiscard]] base::Result<store::Gateway> authenticate(store::ReadTransaction& tx, base::ByteView fingerprint);
/// Its connection to the broker came up or went; `addresses` as the gateway reports them (empty: unchanged).
[[nodiscard]] base::Result<store::Gateway> connected(store::Transaction& tx, const base::Guid& id,
                                                     const std::vector<std::string>& addresses, base::WallTime now);
[[nodiscard]] base::Result<> lost(store::Transaction& tx, const base::Guid& id, std::string_view why,
                                  base::WallTime now);

/// gateway_not_found. Draining twice changes nothing.
[[nodiscard]] base::Result<store::Gateway> set_draining(store::Transaction& tx, const base::Guid& id, bool draining,
                                                        const By& by, base::WallTime now);
[[nodiscard]] base::Result<> remove(store::Transaction& tx, const base::Guid& id, const By& by, base::WallTime now);

}  // namespace rescue::directory::gateways
