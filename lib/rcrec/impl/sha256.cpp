// SPDX-License-Identifier: Apache-2.0
#include "rcrec/impl/sha256.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "base/assert.hpp"
#include "rcrec/impl/file.hpp"

namespace rescue::rcrec {

void Sha256::Free::operator()(evp_md_ctx_st* c) const { EVP_MD_CTX_free(c); }

// SHA-256 is in OpenSSL's default provider and its calls fail only without memory.
Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  RESCUE_ASSERT(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256::update(base::ByteView b) { RESCUE_ASSERT(EVP_DigestUpdate(context_.get(), b.data(), b.size()) == 1); }

std::array<std::uint8_t, 32> Sha256::digest() const {
  const std::unique_ptr<evp_md_ctx_st, Free> copy(EVP_MD_CTX_new());
  std::array<std::uint8_t, 32> out{};
  RESCUE_ASSERT(copy && EVP_MD_CTX_copy_ex(copy.get(), context_.get()) == 1);
  RESCUE_ASSERT(EVP_DigestFinal_ex(copy.get(), out.data(), nullptr) == 1);
  return out;
}

ChainHash chain_hash(base::ByteView a, base::ByteView b, base::ByteView c) {
  Sha256 sha;
  sha.update(a);
  sha.update(b);
  sha.update(c);
  const auto full = sha.digest();
  ChainHash out{};
  std::copy_n(full.begin(), out.size(), out.begin());
  return out;
}

base::Result<std::string> sha256_hex_of_file(const std::string& path) {
  RESCUE_TRY(const InputFile file, InputFile::open(path));
  Sha256 sha;
  base::Bytes block(std::size_t{1} << 18);
  for (std::uint64_t at = 0;;) {
    RESCUE_TRY(const std::size_t n, file.read_at(at, block));
    if (n == 0) return sha.hex();
    sha.update(base::ByteView(block).first(n));
    at += n;
  }
}

}  // namespace rescue::rcrec
