// SPDX-License-Identifier: Apache-2.0
// Who may read an encrypted recording: private keys of its recipients, and what goes wrong with them.
#pragma once

#include <filesystem>
#include <span>
#include <vector>

#include "base/error.hpp"
#include "crypto/x25519.hpp"

namespace rescue::rcrec {

enum class Errc : int {
  key_needed = 1,  // encrypted, and no key was given
  wrong_key,       // encrypted, and for none of the keys that were given
};
const base::ErrorDomain& error_domain(Errc);

/// The private keys that a reader may try. Empty by default: encrypted recordings then show their structure only.
class KeyRing {
 public:
  /// Key files in PEM. Errors as crypto::X25519Private::load.
  [[nodiscard]] static base::Result<KeyRing> load(std::span<const std::filesystem::path> files);
  void add(crypto::X25519Private key) { keys_.push_back(std::move(key)); }
  [[nodiscard]] bool empty() const { return keys_.empty(); }
  [[nodiscard]] const std::vector<crypto::X25519Private>& keys() const { return keys_; }

 private:
  std::vector<crypto::X25519Private> keys_;
};

/// "0123456789abcdef, …" for messages and output.
[[nodiscard]] std::string recipients_text(std::span<const crypto::RecipientId> recipients);

}  // namespace rescue::rcrec
