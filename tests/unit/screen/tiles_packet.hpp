// SPDX-License-Identifier: Apache-2.0
// Makes packets of the codec "tiles", which the program itself only reads.
#pragma once

#include <zstd.h>

#include <memory>

#include "base/random.hpp"
#include "base/varint.hpp"
#include "screen/compose.hpp"
#include "screen/impl/canvas.hpp"
#include "screen/impl/packet.hpp"
#include "screen/impl/tiles_format.hpp"

namespace rescue::screen {

/// The bodies of a keyframe and of the packets after it: one zstd frame, flushed after each.
class TilesWriter {
 public:
  explicit TilesWriter(int window_log = kWindowLog) : context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_windowLog, window_log);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_contentSizeFlag, 0);
  }

  struct Head {
    Size size;
    bool keyframe = true;
    std::uint32_t sequence = 0;
    std::uint32_t check = 0;
    std::optional<std::size_t> announced = std::nullopt;  // bytes of the body
  };
  [[nodiscard]] base::Bytes packet(const Head& head, base::ByteView body) {
    base::ByteWriter w;
    w.u8(kPacketMagic);
    w.u8(static_cast<std::uint8_t>(CodecId::tiles));
    w.u8(kTilesVersion);
    w.u8(head.keyframe ? kFlagKeyframe : 0);
    w.u32(head.sequence);
    w.u16(static_cast<std::uint16_t>(head.size.width));
    w.u16(static_cast<std::uint16_t>(head.size.height));
    w.u32(head.check);
    w.u32(static_cast<std::uint32_t>(head.announced.value_or(body.size())));
    base::Bytes packed(ZSTD_compressBound(body.size()) + 1024);
    ZSTD_inBuffer in{body.data(), body.size(), 0};
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    while (ZSTD_compressStream2(context_.get(), &out, &in, ZSTD_e_flush) != 0) {
    }
    w.bytes(base::ByteView(packed).first(out.pos));
    return std::move(w).take();
  }

 private:
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_;
};

/// 75x52: tiles at both edges are cut. Dots in four colours on the left, noise on the right.
inline Frame fixture_frame() {
  Frame f = *Frame::create({75, 52});
  base::SeededRandom random(7);
  for (std::int32_t y = 0; y < 52; ++y) {
    for (std::int32_t x = 0; x < 75; ++x)
      f.row(y)[x] = static_cast<Pixel>(random.below(x < 40 ? 4 : 0x1000000) * (x < 40 ? 0x202020u : 1u));
  }
  return f;
}

/// A body that spells out every pixel of `f`.
inline base::Bytes spelt_out(const Frame& f) {
  const TileGrid grid(f.size());
  base::Bytes out;
  base::append_varint(out, 0);
  base::append_varint(out, static_cast<std::uint64_t>(grid.rows));
  for (std::int32_t row = 0; row < grid.rows; ++row) {
    base::append_varint(out, 0);
    base::append_varint(out, static_cast<std::uint64_t>(grid.columns));
    out.push_back(kModeTable);
  }
  for (std::int32_t row = 0; row < grid.rows; ++row) {
    const Rect r = grid.run_rect(static_cast<std::size_t>(row * grid.columns), static_cast<std::size_t>(grid.columns));
    out.insert(out.end(), static_cast<std::size_t>(r.width) * static_cast<std::size_t>(r.height), 255);
    for (std::int32_t y = r.y; y < r.bottom(); ++y) {
      for (std::int32_t x = 0; x < r.width; ++x) {
        for (int shift = 0; shift < 24; shift += 8) out.push_back(static_cast<std::uint8_t>(f.row(y)[x] >> shift));
      }
    }
  }
  return out;
}

/// The canvas check of a picture.
inline std::uint32_t check_of(const Frame& f) {
  Canvas canvas;
  static_cast<void>(canvas.reset(f.size()));
  blit(canvas.frame(), {0, 0}, f);
  for (std::size_t t = 0; t < canvas.grid().count(); ++t) canvas.repainted(t);
  return canvas.check();
}

/// A keyframe of the fixture, and behind it a packet with any body. Its canvas check is wrong; that is compared last.
inline std::pair<base::Bytes, base::Bytes> fixture_and(base::ByteView body) {
  const Frame f = fixture_frame();
  TilesWriter writer;
  base::Bytes first = writer.packet({f.size(), true, 0, check_of(f)}, spelt_out(f));
  return {std::move(first), writer.packet({f.size(), false, 1, 0}, body)};
}

}  // namespace rescue::screen
