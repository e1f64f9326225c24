// SPDX-License-Identifier: Apache-2.0
#include "crypto/hpke.hpp"

#include <initializer_list>

#include "crypto/hash.hpp"

namespace rescue::crypto {
namespace {
using base::ByteView;
using base::SecretBytes;

// RFC 9180 section 4.1 ("KEM" || kem_id) and 5.1 ("HPKE" || kem_id || kdf_id || aead_id).
constexpr std::array<std::uint8_t, 5> kKemSuite{'K', 'E', 'M', 0x00, 0x20};
constexpr std::array<std::uint8_t, 10> kSuite{'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};
constexpr std::uint8_t kModeBase = 0;

/// All parts in one buffer of the right size, so that no copy of a secret is left behind by growing.
SecretBytes joined(std::initializer_list<ByteView> parts) {
  std::size_t size = 0;
  for (const ByteView p : parts) size += p.size();
  SecretBytes out(size);
  auto at = out.data().begin();
  for (const ByteView p : parts) at = std::ranges::copy(p, at).out;
  return out;
}

SecretBytes hmac(ByteView key, ByteView data) {
  Digest256 digest = hmac_sha256(key, data);
  SecretBytes out(digest.size());
  std::ranges::copy(digest, out.data().begin());
  base::wipe(digest);
  return out;
}

/// RFC 9180 section 4: LabeledExtract.
SecretBytes extract(ByteView suite, ByteView salt, std::string_view label, ByteView ikm) {
  const auto input = joined({base::as_bytes("HPKE-v1"), suite, base::as_bytes(label), ikm});
  return hmac(salt, input.view());
}

/// RFC 9180 section 4: LabeledExpand, for at most one block of HKDF (32 bytes).
SecretBytes expand(ByteView suite, ByteView prk, std::string_view label, ByteView info, std::uint8_t length) {
  const std::uint8_t size[]{0, length};
  const std::uint8_t first_block[]{1};
  const auto input = joined({size, base::as_bytes("HPKE-v1"), suite, base::as_bytes(label), info, first_block});
  const auto block = hmac(prk, input.view());
  return joined({block.view().first(length)});
}

struct KeyAndNonce {
  SecretBytes key;
  SecretBytes nonce;
};

/// Sections 4.1 (ExtractAndExpand) and 5.1 (KeySchedule, mode base: no PSK) from the agreed point to key and nonce of
/// the first message.
KeyAndNonce schedule(ByteView agreed, ByteView enc, const X25519Public& recipient, ByteView info) {
  const auto kem_context = joined({enc, recipient.raw()});
  const auto eae = extract(kKemSuite, {}, "eae_prk", agreed);
  const auto shared = expand(kKemSuite, eae.view(), "shared_secret", kem_context.view(), 32);
  const auto psk_id_hash = extract(kSuite, {}, "psk_id_hash", {});
  const auto info_hash = extract(kSuite, {}, "info_hash", info);
  const std::uint8_t mode[]{kModeBase};
  const auto context = joined({mode, psk_id_hash.view(), info_hash.view()});
  const auto secret = extract(kSuite, shared.view(), "secret", {});
  return {expand(kSuite, secret.view(), "key", context.view(), kAeadKeyBytes),
          expand(kSuite, secret.view(), "base_nonce", context.view(), kAeadNonceBytes)};
}
}  // namespace

base::Result<base::Bytes> hpke_seal(const X25519Public& to, ByteView info, ByteView associated, ByteView plaintext,
                                    base::RandomSource& random) {
  RESCUE_TRY(const auto ephemeral, X25519Private::generate(random));
  RESCUE_TRY(const auto agreed, ephemeral.agree(to));
  const auto secrets = schedule(agreed.view(), ephemeral.public_key().raw(), to, info);
  RESCUE_TRY(const auto sealed, aead_seal(secrets.key.view(), secrets.nonce.view(), associated, plaintext));
  base::Bytes out = base::to_bytes(ephemeral.public_key().raw());
  base::append(out, sealed);
  return out;
}

base::Result<SecretBytes> hpke_open(const X25519Private& key, ByteView info, ByteView associated, ByteView sealed) {
  if (sealed.size() < kHpkeOverheadBytes)
    return base::fail(base::Errc::verification_failed, "sealed bytes shorter than key and tag");
  RESCUE_TRY(const auto enc, X25519Public::from_raw(sealed.first(kHpkeEncBytes)));
  auto agreed = key.agree(enc);
  if (!agreed) return base::fail(base::Errc::verification_failed, "encapsulated key");
  const auto secrets = schedule(agreed->view(), enc.raw(), key.public_key(), info);
  RESCUE_TRY(auto plain,
             aead_open(secrets.key.view(), secrets.nonce.view(), associated, sealed.subspan(kHpkeEncBytes)));
  return SecretBytes(std::move(plain));
}

}  // namespace rescue::crypto
