// SPDX-License-Identifier: Apache-2.0
// The grants an applet holds: which console key may do what until when. Sans-IO.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "crypto/tokens.hpp"
#include "session/consent.hpp"
#include "session/now.hpp"

namespace rescue::peer {

class GrantBook {
 public:
  struct Owner {
    base::Guid session;
    crypto::Digest256 guid_id{};
    crypto::Fingerprint applet{};
    std::vector<crypto::PublicKey> token_keys;
  };
  explicit GrantBook(Owner owner) : owner_(std::move(owner)) {}

  /// Checks everything and keeps it in place of the technician's earlier one. Errors: crypto::open_grant's;
  /// Errc::grant_invalid: another session, GUID or applet key, a generation below the highest seen of this technician,
  /// at or below one that was revoked, or the same generation with another content than a longer lease; too_large:
  /// kGrantsMax.
  [[nodiscard]] base::Result<crypto::Grant> add(base::ByteView envelope, base::WallTime now);
  /// An earlier process of this session has seen that generation.
  void seen(const base::Guid& technician, std::uint64_t generation);
  /// The grant is gone and its generation cannot come back.
  void revoke(const base::Guid& technician);
  /// By the fingerprint that a console proved in the inner TLS: its grant, while the lease runs.
  [[nodiscard]] const crypto::Grant* find(const crypto::Fingerprint& console, base::WallTime now) const;
  [[nodiscard]] const crypto::Grant* of(const base::Guid& technician) const;
  [[nodiscard]] std::vector<base::Guid> technicians() const;

 private:
  struct Entry {
    std::optional<crypto::Grant> grant;
    std::uint64_t highest = 0;             // generation seen
    std::optional<std::uint64_t> revoked;  // generation taken back
  };
  Owner owner_;
  std::map<base::Guid, Entry> entries_;
};

/// A checked grant as the session core takes it.
[[nodiscard]] session::GrantTerms terms_of(const crypto::Grant& grant, session::Now now);

}  // namespace rescue::peer
