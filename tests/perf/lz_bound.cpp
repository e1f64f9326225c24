// SPDX-License-Identifier: Apache-2.0
#include "perf/lz_bound.hpp"

#include <zstd.h>

#include <algorithm>

#include "perf/clip_encode.hpp"

namespace rescue::perf {
namespace {
constexpr int kWindowLog = 27;
constexpr std::int32_t kTileSide = 64;

/// B G R of each tile in which the two differ.
void add_changed(const screen::Frame& now, const screen::Frame& before, bool all, base::Bytes& out) {
  for (std::int32_t top = 0; top < now.size().height; top += kTileSide) {
    for (std::int32_t left = 0; left < now.size().width; left += kTileSide) {
      const screen::Rect r = screen::Rect{left, top, kTileSide, kTileSide}.intersected(screen::whole(now.size()));
      bool same = !all;
      for (std::int32_t y = r.y; y < r.bottom() && same; ++y)
        same = std::equal(now.row(y) + r.x, now.row(y) + r.right(), before.row(y) + r.x);
      if (same) continue;
      for (std::int32_t y = r.y; y < r.bottom(); ++y)
        for (std::int32_t x = r.x; x < r.right(); ++x)
          for (const int shift : {0, 8, 16}) out.push_back(static_cast<std::uint8_t>(now.row(y)[x] >> shift));
    }
  }
}
}  // namespace

base::Result<> print_lz_bound(const std::string& clip, std::chrono::microseconds until, int level) {
  RESCUE_TRY(auto source, ClipSource::open(clip, until));
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd{ZSTD_createCCtx(), ZSTD_freeCCtx};
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_windowLog, kWindowLog);
  ZSTD_CCtx_setParameter(zstd.get(), ZSTD_c_enableLongDistanceMatching, 1);
  std::vector<char> out(ZSTD_CStreamOutSize());
  base::Bytes tiles;
  screen::Frame before;
  std::size_t plain = 0;
  std::size_t packed = 0;
  double cpu_ms = 0;
  const auto compress = [&](ZSTD_EndDirective how) -> base::Result<> {
    const double cpu_before = process_cpu_ms();
    ZSTD_inBuffer in{tiles.data(), tiles.size(), 0};
    std::size_t left = 0;
    do {
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      left = ZSTD_compressStream2(zstd.get(), &to, &in, how);
      if (ZSTD_isError(left) != 0) return base::fail(base::Errc::internal, ZSTD_getErrorName(left));
      packed += to.pos;
    } while (in.pos < in.size || (how == ZSTD_e_end && left > 0));
    plain += tiles.size();
    tiles.clear();
    cpu_ms += process_cpu_ms() - cpu_before;
    return {};
  };
  for (;;) {
    RESCUE_TRY(const bool more, source.next_picture());
    if (!more) break;
    if (before.empty()) before = source.frame();
    add_changed(source.frame(), before, source.pictures() == 1, tiles);
    before = source.frame();
    RESCUE_CHECK(compress(ZSTD_e_continue));
  }
  RESCUE_CHECK(compress(ZSTD_e_end));
  fmt::print(R"({{"bytes":{},"cpu_s":{:.2f},"plain_mb":{:.1f}}})"
             "\n",
             packed, cpu_ms / 1000, static_cast<double>(plain) / 1e6);
  return {};
}

}  // namespace rescue::perf
