// SPDX-License-Identifier: Apache-2.0
// The files of a site: CA, server certificate, token key, database path. Made once, by `init` or the first `run`; each
// secret is written 0600 and never replaced by accident.
//   ca.pem ca.key          the site's own CA, ten years; its pin is what clients trust
//   broker.pem broker.key  server certificate and CA, and its key; renewed while running when 30 days are left
//   token.key              Ed25519: signs grants, tickets, invites; token.key.old, when present, is still announced
//   site.secret            32 random bytes: PINs and authentication GUIDs are derived with it, so that the database
//   gives none broker.toml            settings that `init` was told; read when no --config is given rescue.db the
//   database
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "crypto/certificate.hpp"

namespace rescue::broker {

/// Immutable after opening.
struct SiteState {
  std::filesystem::path folder;
  crypto::PrivateKey ca_key;
  crypto::Certificate ca;
  crypto::ServerIdentity server;
  crypto::PrivateKey token_key;
  std::vector<crypto::PublicKey> token_keys;  // the signing one first
  base::SecretBytes secret;
  [[nodiscard]] crypto::Digest256 ca_pin() const { return ca.fingerprint(); }
  [[nodiscard]] std::filesystem::path database() const { return folder / "rescue.db"; }
  [[nodiscard]] std::filesystem::path config_file() const { return folder / "broker.toml"; }
};

/// Makes the folder (0700) where it is missing. denied when others may write to it: they could put their own keys
/// there.
[[nodiscard]] base::Result<> prepare_folder(const std::filesystem::path& folder);

/// Opens the state in `folder`, making what is missing (and the folder, 0700). `hosts` are names and addresses for a
/// new server certificate, beside localhost and the loopback addresses. A folder with a certificate but without its CA
/// key is an error, not a reason to make a new CA: clients trust the old one. So is one with a database but without
/// token key or secret: grants and PINs in it would be worthless. A certificate that ends within kRenewBefore is made
/// anew with the same key and names. Errors: not_found (see above), denied (prepare_folder), io, no_space;
/// crypto::Errc::file_exposed; verification_failed (files that do not belong together).
[[nodiscard]] base::Result<SiteState> open_site(const std::filesystem::path& folder, std::span<const std::string> hosts,
                                                base::RandomSource& random, base::WallTime now);

/// Whether the site's own CA issued the broker's certificate. Not so when the administrator put one of another, public
/// authority in its place: clients then check the broker by the system's store, and gateways by the site's CA as
/// always.
[[nodiscard]] bool certified_by_site(const crypto::ServerIdentity& server, const crypto::Certificate& ca);

/// Reads (and renews) the server identity anew, for SIGHUP.
[[nodiscard]] base::Result<crypto::ServerIdentity> reload_server_identity(const SiteState& site, base::WallTime now);

inline constexpr std::chrono::days kRenewBefore{30};

}  // namespace rescue::broker
