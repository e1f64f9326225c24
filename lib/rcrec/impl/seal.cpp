// SPDX-License-Identifier: Apache-2.0
#include "rcrec/impl/seal.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/aead.hpp"
#include "crypto/hpke.hpp"

namespace rescue::rcrec {
namespace {
constexpr std::uint8_t kSuite = 1;
constexpr std::size_t kWrappedBytes = crypto::kAeadKeyBytes + crypto::kHpkeOverheadBytes;
constexpr std::size_t kKeyEntryBytes = 8 + kWrappedBytes;

/// Binds a wrapped key to its file.
base::Bytes wrap_info(base::ByteView header) {
  base::Bytes out = base::to_bytes(base::as_bytes("rescue rcrec file key"));
  base::append(out, header);
  return out;
}

base::Bytes nonce_of(std::uint32_t number) {
  base::ByteWriter w;
  w.u64(0);
  w.u32(number);
  return std::move(w).take();
}

/// What the tag covers beside the ciphertext. Sequence and chain are not in it: a repair without the key makes them
/// anew. `before` holds the chunks together instead.
base::Bytes associated_data(const ChunkHeader& h, std::uint32_t before, base::ByteView clear) {
  base::ByteWriter w;
  w.u8(h.type);
  w.u8(h.flags);
  w.u64(static_cast<std::uint64_t>(h.t0.count()));
  w.u32(static_cast<std::uint32_t>(h.span.count()));
  w.u32(before);
  w.bytes(clear);
  return std::move(w).take();
}

/// What must be readable without a key: how long the recording is and where it can be entered.
bool stays_readable(std::uint8_t type) {
  return type == static_cast<std::uint8_t>(ChunkType::index) || type == static_cast<std::uint8_t>(ChunkType::end);
}
}  // namespace

base::Bytes encode_keys(std::span<const WrappedKey> keys) {
  base::ByteWriter w;
  w.u8(kSuite);
  w.u8(0);
  w.u16(static_cast<std::uint16_t>(keys.size()));
  for (const WrappedKey& k : keys) {
    w.bytes(k.recipient);
    w.bytes(k.sealed);
  }
  return std::move(w).take();
}

std::optional<std::vector<WrappedKey>> decode_keys(base::ByteView payload) {
  base::ByteReader in(payload);
  const auto suite = in.u8();
  const auto reserved = in.u8();
  const auto count = in.u16();
  if (!suite || !reserved || !count || *suite != kSuite || *count > kMaxRecipients ||
      in.left() < *count * kKeyEntryBytes)
    return std::nullopt;
  std::vector<WrappedKey> out(*count);
  for (WrappedKey& k : out) {
    std::ranges::copy(*in.take(k.recipient.size()), k.recipient.begin());
    k.sealed = base::to_bytes(*in.take(kWrappedBytes));
  }
  return out;
}

base::Result<Sealer> Sealer::create(base::ByteView header, std::span<const crypto::X25519Public> recipients,
                                    base::RandomSource& random) {
  Sealer out;
  out.key_ = base::SecretBytes(crypto::kAeadKeyBytes);
  random.fill(out.key_.data());
  std::vector<WrappedKey> wrapped;
  for (const auto& to : recipients) {
    const auto id = to.id();
    if (std::ranges::find(wrapped, id, &WrappedKey::recipient) != wrapped.end()) continue;
    RESCUE_TRY(auto sealed, crypto::hpke_seal(to, wrap_info(header), {}, out.key_.view(), random));
    wrapped.push_back({id, std::move(sealed)});
  }
  if (wrapped.size() > kMaxRecipients)
    return base::fail(base::Errc::too_large,
                      fmt::format("{} recipients of a recording, at most {}", wrapped.size(), kMaxRecipients));
  out.keys_ = encode_keys(wrapped);
  return out;
}

base::Result<base::Bytes> Sealer::seal(ChunkHeader& h, base::ByteView payload) {
  if (number_ == UINT32_MAX) return base::fail(base::Errc::too_large, "recording with too many chunks to encrypt");
  ++number_;
  const bool readable = stays_readable(h.type);
  h.flags = readable ? kChunkFlagSealed : kChunkFlagEncrypted;
  const auto associated = associated_data(h, before_, readable ? payload : base::ByteView());
  RESCUE_TRY(const auto sealed,
             crypto::aead_seal(key_.view(), nonce_of(number_), associated, readable ? base::ByteView() : payload));
  const base::ByteView all(sealed);
  base::ByteWriter w;
  w.bytes(readable ? payload : all.first(payload.size()));
  w.u32(number_);
  w.u32(before_);
  w.bytes(all.last(crypto::kAeadTagBytes));
  return std::move(w).take();
}

std::optional<Unsealer> Unsealer::unlock(base::ByteView header, std::span<const WrappedKey> keys, const KeyRing& ring) {
  const auto info = wrap_info(header);
  for (const auto& key : ring.keys()) {
    const auto id = key.public_key().id();
    for (const WrappedKey& k : keys) {
      if (k.recipient != id) continue;
      auto file_key = crypto::hpke_open(key, info, {}, k.sealed);
      if (file_key && file_key->view().size() == crypto::kAeadKeyBytes) return Unsealer(std::move(*file_key));
    }
  }
  return std::nullopt;
}

std::optional<Opened> Unsealer::open(const ChunkHeader& h, base::ByteView payload) const {
  if (payload.size() < kSealBytes) return std::nullopt;
  const bool readable = (h.flags & kChunkFlagSealed) != 0;
  const base::ByteView body = payload.first(payload.size() - kSealBytes);
  base::ByteReader seal(payload.last(kSealBytes));
  Opened out;
  out.number = *seal.u32();
  out.before = *seal.u32();
  const auto associated = associated_data(h, out.before, readable ? body : base::ByteView());
  base::Bytes sealed = readable ? base::Bytes() : base::to_bytes(body);
  base::append(sealed, payload.last(crypto::kAeadTagBytes));
  auto plain = crypto::aead_open(key_.view(), nonce_of(out.number), associated, sealed);
  if (!plain) return std::nullopt;
  out.payload = readable ? base::to_bytes(body) : std::move(*plain);
  return out;
}

}  // namespace rescue::rcrec
