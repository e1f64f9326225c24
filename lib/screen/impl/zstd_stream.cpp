// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/zstd_stream.hpp"

#include <zstd.h>

#include <algorithm>
#include <new>

namespace rescue::screen {
namespace {
constexpr std::size_t kStep = std::size_t{64} << 10;
}

void ZstdWriter::Free::operator()(ZSTD_CCtx_s* c) const { ZSTD_freeCCtx(c); }
void ZstdReader::Free::operator()(ZSTD_DCtx_s* c) const { ZSTD_freeDCtx(c); }

ZstdWriter::ZstdWriter(int level, int window_log) : context_(ZSTD_createCCtx()) {
  if (!context_) throw std::bad_alloc();
  // Out-of-range levels are clamped by zstd itself; the window log is our constant.
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_contentSizeFlag, 0);
}

void ZstdWriter::reset() { ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only); }

base::Result<> ZstdWriter::write(base::ByteView plain, base::Bytes& out, std::size_t max_out) {
  ZSTD_inBuffer in{plain.data(), plain.size(), 0};
  for (;;) {
    const std::size_t at = out.size();
    if (at > max_out) return base::fail(base::Errc::too_large, "screen packet");
    out.resize(at + std::max(kStep, ZSTD_compressBound(std::min(plain.size() - in.pos, kStep))));
    ZSTD_outBuffer to{out.data(), out.size(), at};
    const std::size_t left = ZSTD_compressStream2(context_.get(), &to, &in, ZSTD_e_flush);
    out.resize(to.pos);
    if (ZSTD_isError(left) != 0)
      return base::fail(base::Errc::internal, std::string("compress: ") + ZSTD_getErrorName(left));
    if (left == 0 && in.pos == in.size) break;
  }
  if (out.size() > max_out) return base::fail(base::Errc::too_large, "screen packet");
  return {};
}

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
