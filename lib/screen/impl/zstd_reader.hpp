// SPDX-License-Identifier: Apache-2.0
// One zstd frame over many packets: each sees all the earlier ones through the window.
#pragma once

#include <memory>

#include "base/bytes.hpp"

struct ZSTD_DCtx_s;

namespace rescue::screen {

class ZstdReader {
 public:
  explicit ZstdReader(int window_log);
  void reset();
  /// Decompresses all of `packed`, which must give exactly `plain_bytes`. Memory grows with what really comes out, not
  /// with the claim. Errors: bad_format; then reset() before the next use.
  [[nodiscard]] base::Result<> read(base::ByteView packed, std::size_t plain_bytes, base::Bytes& plain);

 private:
  struct Free {
    void operator()(ZSTD_DCtx_s* c) const;
  };
  std::unique_ptr<ZSTD_DCtx_s, Free> context_;
};

}  // namespace rescue::screen
