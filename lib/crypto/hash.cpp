// SPDX-License-Identifier: Apache-2.0
#include "crypto/hash.hpp"

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/assert.hpp"
#include "crypto/impl/openssl.hpp"

namespace rescue::crypto {
namespace {
// Fetched once: an implicit fetch on every digest costs more than hashing a short message.
const EVP_MD* algorithm_of(HashAlgorithm a) {
  static const EVP_MD* const sha = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "MD5", nullptr);
  const EVP_MD* out = a == HashAlgorithm::sha256 ? sha : md;
  RESCUE_ASSERT(out != nullptr);
  return out;
}
template <std::size_t N>
std::array<std::uint8_t, N> digest(HashAlgorithm a, base::ByteView data) {
  std::array<std::uint8_t, N> out{};
  unsigned n = 0;
  RESCUE_ASSERT(EVP_Digest(data.data(), data.size(), out.data(), &n, algorithm_of(a), nullptr) == 1 && n == N);
  return out;
}
template <std::size_t N>
std::array<std::uint8_t, N> hmac(const EVP_MD* algorithm, base::ByteView key, base::ByteView data) {
  std::array<std::uint8_t, N> out{};
  unsigned n = 0;
  // HMAC() refuses a null key pointer even for length 0.
  const std::uint8_t none = 0;
  RESCUE_ASSERT(HMAC(algorithm, key.empty() ? &none : key.data(), static_cast<int>(key.size()), data.data(),
                     data.size(), out.data(), &n) != nullptr &&
                n == out.size());
  return out;
}
}  // namespace

Digest256 sha256(base::ByteView data) { return digest<32>(HashAlgorithm::sha256, data); }
Md5Digest md5(base::ByteView data) { return digest<16>(HashAlgorithm::md5, data); }

void Hasher::Free::operator()(evp_md_ctx_st* c) const { EVP_MD_CTX_free(c); }
Hasher::Hasher(HashAlgorithm algorithm) : algorithm_(algorithm), context_(EVP_MD_CTX_new()) { restart(); }
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::restart() {
  RESCUE_ASSERT(context_ && EVP_DigestInit_ex(context_.get(), algorithm_of(algorithm_), nullptr) == 1);
}
void Hasher::update(base::ByteView data) {
  RESCUE_ASSERT(EVP_DigestUpdate(context_.get(), data.data(), data.size()) == 1);
}
base::Bytes Hasher::so_far() const {
  const std::unique_ptr<evp_md_ctx_st, Free> copy(EVP_MD_CTX_new());
  base::Bytes out(EVP_MAX_MD_SIZE);
  unsigned n = 0;
  RESCUE_ASSERT(copy && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1 &&
                EVP_DigestFinal_ex(copy.get(), out.data(), &n) == 1);
  out.resize(n);
  return out;
}
base::Bytes Hasher::finish() {
  base::Bytes out(EVP_MAX_MD_SIZE);
  unsigned n = 0;
  RESCUE_ASSERT(EVP_DigestFinal_ex(context_.get(), out.data(), &n) == 1);
  out.resize(n);
  restart();
  return out;
}

Digest256 hmac_sha256(base::ByteView key, base::ByteView data) {
  return hmac<32>(algorithm_of(HashAlgorithm::sha256), key, data);
}

Sha1Mac hmac_sha1(base::ByteView key, base::ByteView data) {
  static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
  RESCUE_ASSERT(sha1 != nullptr);
  return hmac<20>(sha1, key, data);
}

base::Result<base::SecretBytes> hkdf_sha256(base::ByteView input_key, base::ByteView salt, base::ByteView info,
                                            std::size_t length) {
  constexpr std::size_t kMaxLength = 255 * 32;
  if (length == 0 || length > kMaxLength)
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("HKDF length {}, 1 to {} are possible", length, kMaxLength));
  Digest256 prk = hmac_sha256(salt, input_key);
  base::SecretBytes out(length);
  base::Bytes block;
  Digest256 t{};
  std::size_t done = 0;
  for (std::uint8_t i = 1; done < length; ++i) {
    block.clear();
    if (i > 1) base::append(block, t);
    base::append(block, info);
    block.push_back(i);
    t = hmac_sha256(prk, block);
    const std::size_t n = std::min(t.size(), length - done);
    std::copy_n(t.begin(), n, out.data().begin() + static_cast<std::ptrdiff_t>(done));
    done += n;
    base::wipe(block);
  }
  base::wipe(prk);
  base::wipe(t);
  return out;
}

base::Result<Digest256> to_digest256(base::ByteView bytes) {
  Digest256 out{};
  if (bytes.size() != out.size())
    return base::fail(base::Errc::bad_format, fmt::format("a SHA-256 has 32 bytes, not {}", bytes.size()));
  std::copy(bytes.begin(), bytes.end(), out.begin());
  return out;
}
base::Result<Digest256> parse_digest256(std::string_view hex) {
  if (hex.size() != 64) return base::fail(base::Errc::bad_format, "a SHA-256 is written as 64 hexadecimal digits");
  RESCUE_TRY(const auto bytes, base::from_hex(hex));
  return to_digest256(bytes);
}

}  // namespace rescue::crypto
