// SPDX-License-Identifier: Apache-2.0
#include "peer/impl/sas_keys.hpp"

#include <algorithm>

namespace rescue::peer {
namespace {
/// The wire has checked the size.
crypto::SasNonce nonce_of(base::ByteView bytes) {
  crypto::SasNonce out{};
  std::ranges::copy(bytes.first(std::min(bytes.size(), out.size())), out.begin());
  return out;
}
crypto::SasNonce draw(base::RandomSource& random) {
  crypto::SasNonce out{};
  random.fill(out);
  return out;
}
}  // namespace

base::Result<crypto::SasBinding> sas_binding(const InnerPath& path, const crypto::Fingerprint& applet,
                                             const crypto::Fingerprint& console) {
  RESCUE_TRY(const auto exporter,
             crypto::export_keying(path.stream->native(), crypto::kSasExporterLabel, crypto::kSasExporterBytes));
  crypto::SasBinding out{applet, console, {}};
  std::ranges::copy(exporter.view(), out.exporter.begin());
  return out;
}

session::AppletSasKeys applet_sas_keys(const crypto::SasBinding& binding, base::RandomSource& random) {
  const auto nonce = std::make_shared<crypto::SasNonce>();
  session::AppletSasKeys keys;
  keys.commit = [binding, nonce, &random] {
    *nonce = draw(random);
    return base::to_bytes(crypto::sas_commitment(binding, *nonce));
  };
  keys.reveal = [binding, nonce](base::ByteView console) {
    return session::SasRevealed{base::to_bytes(*nonce), crypto::sas_digits(binding, *nonce, nonce_of(console))};
  };
  return keys;
}

void ConsoleSasBook::add(const crypto::SasBinding& binding) {
  connections_.push_back(binding);
  if (connections_.size() > kSasConnections) connections_.pop_front();
}

session::ConsoleSasKeys ConsoleSasBook::keys() {
  session::ConsoleSasKeys keys;
  keys.nonce = [this] { return base::to_bytes(draw(random_)); };
  keys.digits = [this](base::ByteView commitment, base::ByteView applet,
                       base::ByteView console) -> std::optional<std::string> {
    const auto fits = [&](const crypto::SasBinding& b) {
      return std::ranges::equal(crypto::sas_commitment(b, nonce_of(applet)), commitment);
    };
    const auto found = std::ranges::find_if(connections_, fits);
    if (found == connections_.end()) return std::nullopt;
    return crypto::sas_digits(*found, nonce_of(applet), nonce_of(console));
  };
  return keys;
}

}  // namespace rescue::peer
