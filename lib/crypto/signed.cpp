// SPDX-License-Identifier: Apache-2.0
#include "crypto/signed.hpp"

namespace rescue::crypto {
namespace {
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;

constexpr std::string_view kMagic = "RSG1";
constexpr std::size_t kSignatureBytes = 64;

Bytes to_be_signed(std::string_view domain, ByteView payload) {
  Bytes out = base::to_bytes(base::as_bytes(domain));
  out.push_back(0);  // no domain is a prefix of another one's message
  base::append(out, payload);
  return out;
}
}  // namespace

Result<KeyId> key_id(const PublicKey& key) {
  RESCUE_TRY(const auto raw, key.raw_ed25519());
  const auto digest = sha256(raw);
  KeyId id{};
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

Result<Bytes> sign_envelope(std::string_view domain, ByteView payload, const PrivateKey& key) {
  if (payload.size() > kMaxEnvelopeBytes - kEnvelopeHeaderBytes)
    return fail(base::Errc::too_large, fmt::format("signed payload of {} bytes, at most {}", payload.size(),
                                                   kMaxEnvelopeBytes - kEnvelopeHeaderBytes));
  RESCUE_TRY(const auto id, key_id(key.public_key()));
  RESCUE_TRY(const auto signature, key.sign(to_be_signed(domain, payload)));
  base::ByteWriter w;
  w.bytes(base::as_bytes(kMagic));
  w.bytes(id);
  w.bytes(signature);
  w.bytes(payload);
  return std::move(w).take();
}

Result<Bytes> open_envelope(std::string_view domain, ByteView envelope, std::span<const PublicKey> keys) {
  if (envelope.size() > kMaxEnvelopeBytes) return fail(Errc::token_malformed, "signed envelope is too long");
  base::ByteReader reader(envelope);
  const auto magic = reader.take(kMagic.size());
  const auto id = reader.take(KeyId{}.size());
  const auto signature = reader.take(kSignatureBytes);
  if (!magic || !id || !signature || base::as_text(*magic) != kMagic)
    return fail(Errc::token_malformed, "signed envelope is cut off or does not begin with RSG1");
  const ByteView payload = reader.rest();
  const auto message = to_be_signed(domain, payload);
  // Eight bytes may collide by intent, so every key with this id is tried.
  bool known = false;
  for (const auto& key : keys) {
    RESCUE_TRY(const auto candidate, key_id(key));
    if (!std::ranges::equal(candidate, *id)) continue;
    known = true;
    if (key.verify(message, *signature)) return base::to_bytes(payload);
  }
  if (!known) return fail(Errc::token_key_unknown, fmt::format("key id {}", base::to_hex(*id)));
  return fail(Errc::signature_invalid, fmt::format("envelope for '{}'", domain));
}

}  // namespace rescue::crypto
