// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/zstd_reader.hpp"

#include <zstd.h>

#include <algorithm>
#include <new>

namespace rescue::screen {
namespace {
constexpr std::size_t kStep = std::size_t{64} << 10;
}

void ZstdReader::Free::operator()(ZSTD_DCtx_s* c) const { ZSTD_freeDCtx(c); }

ZstdReader::ZstdReader(int window_log) : context_(ZSTD_createDCtx()) {
  if (!context_) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log);
}

void ZstdReader::reset() { ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only); }

base::Result<> ZstdReader::read(base::ByteView packed, std::size_t plain_bytes, base::Bytes& plain) {
  plain.clear();
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  for (;;) {
    const std::size_t at = plain.size();
    // One byte more than claimed: what does not fit the claim shows itself.
    plain.resize(std::min(plain_bytes + 1, at + std::max(kStep, at)));
    ZSTD_outBuffer to{plain.data(), plain.size(), at};
    const std::size_t in_before = in.pos;
    const std::size_t hint = ZSTD_decompressStream(context_.get(), &to, &in);
    const bool full = to.pos == plain.size();
    plain.resize(to.pos);
    if (ZSTD_isError(hint) != 0)
      return base::fail(base::Errc::bad_format, std::string("decompress: ") + ZSTD_getErrorName(hint));
    if (plain.size() > plain_bytes) return base::fail(base::Errc::bad_format, "decompress: more than announced");
    if (in.pos == in.size && !full) break;
    if (in.pos == in_before && to.pos == at) return base::fail(base::Errc::bad_format, "decompress: no progress");
  }
  if (plain.size() != plain_bytes) return base::fail(base::Errc::bad_format, "decompress: less than announced");
  return {};
}

}  // namespace rescue::screen
