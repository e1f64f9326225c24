// SPDX-License-Identifier: Apache-2.0
// SHA-256 (FIPS 180-4) through OpenSSL's EVP: of one buffer, and running.
#pragma once

#include <memory>

#include "rcrec/format.hpp"

struct evp_md_ctx_st;

namespace rescue::rcrec {

class Sha256 {
 public:
  Sha256();
  void update(base::ByteView b);
  /// Of all bytes so far; more may follow.
  [[nodiscard]] std::array<std::uint8_t, 32> digest() const;
  [[nodiscard]] std::string hex() const { return base::to_hex(digest()); }

 private:
  struct Free {
    void operator()(evp_md_ctx_st* c) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

/// The first 16 bytes of the digest over all parts together.
[[nodiscard]] ChainHash chain_hash(base::ByteView a, base::ByteView b = {}, base::ByteView c = {});
/// Of a whole file; errors of the file system.
[[nodiscard]] base::Result<std::string> sha256_hex_of_file(const std::string& path);

}  // namespace rescue::rcrec
