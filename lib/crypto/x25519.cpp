// SPDX-License-Identifier: Apache-2.0
#include "crypto/x25519.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <fstream>

#include "base/assert.hpp"
#include "crypto/hash.hpp"
#include "crypto/impl/openssl.hpp"
#include "crypto/secret_file.hpp"

namespace rescue::crypto {
namespace {
std::shared_ptr<EVP_PKEY> owned(EVP_PKEY* key) { return {key, EVP_PKEY_free}; }

base::Result<std::array<std::uint8_t, kX25519Bytes>> raw_of(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_X25519)
    return base::fail(Errc::key_unsupported, "an X25519 key is needed here");
  std::array<std::uint8_t, kX25519Bytes> raw{};
  std::size_t n = raw.size();
  if (EVP_PKEY_get_raw_public_key(key, raw.data(), &n) != 1 || n != raw.size())
    return impl::openssl_fail(Errc::key_malformed, "X25519 public key");
  return raw;
}

std::shared_ptr<EVP_PKEY> native(const X25519Public& key) {
  return owned(EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, key.raw().data(), key.raw().size()));
}
}  // namespace

base::Result<X25519Public> X25519Public::from_raw(base::ByteView raw) {
  if (raw.size() != kX25519Bytes)
    return base::fail(Errc::key_malformed, fmt::format("an X25519 public key has 32 bytes, not {}", raw.size()));
  std::array<std::uint8_t, kX25519Bytes> copy{};
  std::ranges::copy(raw, copy.begin());
  return X25519Public(copy);
}

base::Result<X25519Public> X25519Public::from_pem(std::string_view pem) {
  const auto bio = impl::reading_bio(pem);
  const auto key = owned(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  if (!key && pem.contains("PRIVATE KEY")) {
    ERR_clear_error();
    return base::fail(Errc::key_unsupported, "this is a private key; the public one is wanted (FILE.pub)");
  }
  if (!key) return impl::openssl_fail(Errc::key_malformed, "public key PEM");
  RESCUE_TRY(const auto raw, raw_of(key.get()));
  return X25519Public(raw);
}

base::Result<X25519Public> X25519Public::load(const std::filesystem::path& path) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxX25519FileBytes + 1, '\0');
  if (!in) return base::fail(base::errno_error(fmt::format("open public key '{}'", path.string())));
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return base::fail(base::Errc::io, fmt::format("read public key '{}'", path.string()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxX25519FileBytes)
    return base::fail(base::Errc::too_large, fmt::format("public key '{}'", path.string()));
  auto key = from_pem(text);
  if (!key) return base::fail(key.error().within(fmt::format("'{}'", path.string())));
  return key;
}

std::string X25519Public::pem() const {
  const impl::BioPtr bio(BIO_new(BIO_s_mem()));
  const auto key = native(*this);
  RESCUE_ASSERT(bio && key && PEM_write_bio_PUBKEY(bio.get(), key.get()) == 1);
  return std::string(impl::bio_content(bio.get()));
}

RecipientId X25519Public::id() const {
  RecipientId out{};
  std::ranges::copy_n(sha256(raw_).begin(), out.size(), out.begin());
  return out;
}

base::Result<X25519Private> X25519Private::from_owned(std::shared_ptr<evp_pkey_st> key) {
  RESCUE_TRY(const auto raw, raw_of(key.get()));
  RESCUE_TRY(const auto pub, X25519Public::from_raw(raw));
  return X25519Private(std::move(key), pub);
}

base::Result<X25519Private> X25519Private::generate(base::RandomSource& random) {
  base::SecretBytes raw(kX25519Bytes);
  random.fill(raw.data());
  auto key = owned(EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, nullptr, raw.view().data(), raw.view().size()));
  if (!key) return impl::openssl_fail(base::Errc::internal, "generate X25519 key");
  return from_owned(std::move(key));
}

base::Result<X25519Private> X25519Private::from_pem(std::string_view pem) {
  const auto bio = impl::reading_bio(pem);
  // The callback refuses encrypted files instead of asking on the terminal.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  auto key = owned(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (!key) return impl::openssl_fail(Errc::key_malformed, "private key PEM");
  return from_owned(std::move(key));
}

base::Result<X25519Private> X25519Private::load(const std::filesystem::path& path) {
  RESCUE_TRY(const auto content, read_secret_file(path, kMaxX25519FileBytes));
  auto key = from_pem(base::as_text(content.view()));
  if (!key) return base::fail(key.error().within(fmt::format("'{}'", path.string())));
  return key;
}

base::SecretBytes X25519Private::pem() const {
  const impl::BioPtr bio(BIO_new(BIO_s_secmem()));
  RESCUE_ASSERT(bio &&
                PEM_write_bio_PKCS8PrivateKey(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return base::SecretBytes(base::to_bytes(base::as_bytes(impl::bio_content(bio.get()))));
}

base::Result<> X25519Private::save_new(const std::filesystem::path& path) const {
  return write_new_secret_file(path, pem().view());
}

base::Result<base::SecretBytes> X25519Private::agree(const X25519Public& peer) const {
  const impl::KeyContextPtr context(EVP_PKEY_CTX_new(key_.get(), nullptr));
  const auto other = native(peer);
  base::SecretBytes out(kX25519Bytes);
  std::size_t n = kX25519Bytes;
  const bool ok = context && other && EVP_PKEY_derive_init(context.get()) == 1 &&
                  EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1 &&
                  EVP_PKEY_derive(context.get(), out.data().data(), &n) == 1 && n == kX25519Bytes;
  if (!ok) return impl::openssl_fail(Errc::key_malformed, "X25519 key agreement");
  return out;
}

}  // namespace rescue::crypto
