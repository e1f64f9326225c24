// SPDX-License-Identifier: Apache-2.0
// What the short authentication string needs of the connections between two keys.
#pragma once

#include <deque>
#include <memory>

#include "base/random.hpp"
#include "crypto/sas.hpp"
#include "peer/gateway_connector.hpp"
#include "session/sas.hpp"

namespace rescue::peer {

/// A console remembers so many of its newest connections: which one the applet takes as the first, it cannot know.
inline constexpr std::size_t kSasConnections = 8;

/// Of this connection. Errors: OpenSSL's.
[[nodiscard]] base::Result<crypto::SasBinding> sas_binding(const InnerPath& path, const crypto::Fingerprint& applet,
                                                           const crypto::Fingerprint& console);

/// `random` outlives it.
[[nodiscard]] session::AppletSasKeys applet_sas_keys(const crypto::SasBinding& binding, base::RandomSource& random);

class ConsoleSasBook {
 public:
  explicit ConsoleSasBook(base::RandomSource& random) : random_(random) {}
  void add(const crypto::SasBinding& binding);
  /// They look into this book, which outlives them.
  [[nodiscard]] session::ConsoleSasKeys keys();

 private:
  base::RandomSource& random_;
  std::deque<crypto::SasBinding> connections_;
};

}  // namespace rescue::peer
