// SPDX-License-Identifier: Apache-2.0
// The state folder of an enrolled gateway:
//   identity.key     the key it opens its connection to the broker with (0600)
//   server.key       the key clients see (0600), server.pem its chain with the site's CA at the end
//   token_keys       who may sign tickets: one base64url Ed25519 key a line, as the broker last said
//   gateway.json     id, name, broker, trust, addresses; written last: a folder without it is not enrolled
#pragma once

#include <filesystem>

#include "base/guid.hpp"
#include "crypto/tls.hpp"

namespace rescue::gateway {

struct GatewayState {
  base::Guid id;
  std::string name;
  std::string broker_url;
  crypto::ServerTrust trust;
  std::vector<std::string> addresses;  // "host:port" as clients reach it
};

class StateFolder {
 public:
  explicit StateFolder(std::filesystem::path path) : path_(std::move(path)) {}
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool is_enrolled() const { return std::filesystem::exists(path_ / "gateway.json"); }

  /// not_found when the folder is not enrolled.
  [[nodiscard]] base::Result<GatewayState> load() const;
  [[nodiscard]] base::Result<> save(const GatewayState& state) const;

  /// The key in the file, or a new one that is saved there first.
  [[nodiscard]] base::Result<crypto::PrivateKey> key(const char* file) const;
  [[nodiscard]] base::Result<crypto::PrivateKey> identity_key() const { return key("identity.key"); }
  [[nodiscard]] base::Result<crypto::ServerIdentity> server_identity() const;
  [[nodiscard]] base::Result<> save_chain(const std::vector<crypto::Certificate>& chain) const;
  [[nodiscard]] base::Result<crypto::PrivateKey> server_key() const { return key("server.key"); }

  [[nodiscard]] base::Result<std::vector<crypto::PublicKey>> token_keys() const;
  [[nodiscard]] base::Result<> save_token_keys(const std::vector<crypto::PublicKey>& keys) const;

 private:
  std::filesystem::path path_;
};

/// One base64url key each; bad_format, too_large (more than wire::kMaxTokenKeys).
[[nodiscard]] base::Result<std::vector<crypto::PublicKey>> parse_token_keys(const std::vector<std::string>& texts);

}  // namespace rescue::gateway
