// SPDX-License-Identifier: Apache-2.0
#include "crypto/sealer.hpp"

#include "base/assert.hpp"
#include "crypto/aead.hpp"

namespace rescue::crypto {
namespace {
constexpr std::size_t kMinSecretBytes = 32;

base::SecretBytes derive(base::ByteView site_secret, std::string_view purpose, std::string_view use) {
  RESCUE_ASSERT(site_secret.size() >= kMinSecretBytes);
  const auto info = "rescue " + std::string(purpose) + " " + std::string(use);
  auto key = hkdf_sha256(site_secret, {}, base::as_bytes(info), kAeadKeyBytes);
  RESCUE_ASSERT(key.has_value());
  return std::move(*key);
}
}  // namespace

Sealer::Sealer(base::ByteView site_secret, std::string_view purpose)
    : seal_key_(derive(site_secret, purpose, "seal")), digest_key_(derive(site_secret, purpose, "digest")) {}

base::Result<base::Bytes> Sealer::seal(base::ByteView plaintext, base::ByteView context,
                                       base::RandomSource& random) const {
  base::Bytes out(kAeadNonceBytes);
  random.fill(out);
  RESCUE_TRY(const auto sealed, aead_seal(seal_key_.view(), out, context, plaintext));
  base::append(out, sealed);
  return out;
}

base::Result<base::SecretBytes> Sealer::open(base::ByteView sealed, base::ByteView context) const {
  if (sealed.size() < kAeadNonceBytes) return base::fail(base::Errc::verification_failed, "shorter than a nonce");
  RESCUE_TRY(auto plain,
             aead_open(seal_key_.view(), sealed.first(kAeadNonceBytes), context, sealed.subspan(kAeadNonceBytes)));
  return base::SecretBytes(std::move(plain));
}

Digest256 Sealer::digest(base::ByteView secret, base::ByteView context) const {
  base::ByteWriter input;
  input.u32(static_cast<std::uint32_t>(context.size()));
  input.bytes(context);
  input.bytes(secret);
  auto bytes = std::move(input).take();
  const auto out = hmac_sha256(digest_key_.view(), bytes);
  base::wipe(bytes);
  return out;
}

}  // namespace rescue::crypto
