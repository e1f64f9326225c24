// SPDX-License-Identifier: Apache-2.0
#include "perf/xcp_writer.hpp"

#include <zstd.h>

#include <algorithm>
#include <fstream>

#include "base/bytes.hpp"

namespace rescue::perf {
namespace {
constexpr std::int32_t kTileSide = 64;
constexpr int kWindowLog = 27;  // what the reader allows: content that comes back after minutes is found
}  // namespace

struct XcpWriter::State {
  std::ofstream file;
  std::string path;
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> zstd{ZSTD_createCCtx(), ZSTD_freeCCtx};
  base::Bytes plain;
  std::vector<char> packed = std::vector<char>(ZSTD_CStreamOutSize());
  screen::Frame before;
  bool begun = false;

  template <typename T>
  void number(T v) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
      plain.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(v) >> (8 * i)));
  }
  void head(char type, std::chrono::microseconds t) {
    plain.push_back(static_cast<std::uint8_t>(type));
    number(static_cast<std::uint64_t>(t.count()));
  }
  void tile(std::size_t index, const screen::FrameView& f, const screen::Rect& r);
  [[nodiscard]] base::Result<> flush(ZSTD_EndDirective how);
};

void XcpWriter::State::tile(std::size_t index, const screen::FrameView& f, const screen::Rect& r) {
  number(static_cast<std::uint16_t>(index));
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    std::copy_n(f.row(y) + r.x, r.width, before.row(y) + r.x);
    for (std::int32_t x = r.x; x < r.right(); ++x) {
      const screen::Pixel p = f.row(y)[x] & screen::kPixelMask;
      before.row(y)[x] = p;
      for (const int shift : {0, 8, 16}) plain.push_back(static_cast<std::uint8_t>(p >> shift));
    }
  }
}

base::Result<> XcpWriter::State::flush(ZSTD_EndDirective how) {
  ZSTD_inBuffer in{plain.data(), plain.size(), 0};
  std::size_t left = 0;
  do {
    ZSTD_outBuffer out{packed.data(), packed.size(), 0};
    left = ZSTD_compressStream2(zstd.get(), &out, &in, how);
    if (ZSTD_isError(left) != 0) return base::fail(base::Errc::internal, "compress '" + path + "'");
    file.write(packed.data(), static_cast<std::streamsize>(out.pos));
  } while (in.pos < in.size || (how == ZSTD_e_end && left > 0));
  plain.clear();
  if (!file) return base::fail(base::errno_error("write '" + path + "'"));
  return {};
}

XcpWriter::XcpWriter(std::unique_ptr<State> s) : state_(std::move(s)) {}
XcpWriter::XcpWriter(XcpWriter&&) noexcept = default;
XcpWriter::~XcpWriter() = default;

base::Result<XcpWriter> XcpWriter::create(const std::string& path, screen::Size size, int zstd_level) {
  auto s = std::make_unique<State>();
  s->path = path;
  RESCUE_TRY(s->before, screen::Frame::create(size));
  s->file.open(path, std::ios::binary | std::ios::trunc);
  if (!s->file) return base::fail(base::errno_error("create '" + path + "'"));
  ZSTD_CCtx_setParameter(s->zstd.get(), ZSTD_c_compressionLevel, zstd_level);
  ZSTD_CCtx_setParameter(s->zstd.get(), ZSTD_c_windowLog, kWindowLog);
  ZSTD_CCtx_setParameter(s->zstd.get(), ZSTD_c_enableLongDistanceMatching, 1);
  ZSTD_CCtx_setParameter(s->zstd.get(), ZSTD_c_nbWorkers,
                         1);  // refused by a zstd without threads, which then works here
  base::append(s->plain, base::as_bytes("XCP2"));
  for (const std::int32_t v : {size.width, size.height, kTileSide}) s->number(static_cast<std::uint16_t>(v));
  return XcpWriter(std::move(s));
}

base::Result<std::size_t> XcpWriter::frame(const screen::FrameView& frame, std::chrono::microseconds t) {
  State& s = *state_;
  if (frame.size != s.before.size()) return base::fail(base::Errc::invalid_argument, "a capture has one size");
  const std::int32_t columns = (frame.size.width + kTileSide - 1) / kTileSide;
  const std::int32_t rows = (frame.size.height + kTileSide - 1) / kTileSide;
  std::size_t count_at = 0;
  std::uint32_t count = 0;
  for (std::int32_t i = 0; i < columns * rows; ++i) {
    const screen::Rect r =
        screen::Rect{i % columns * kTileSide, i / columns * kTileSide, kTileSide, kTileSide}.intersected(
            screen::whole(frame.size));
    bool same = s.begun;
    for (std::int32_t y = r.y; y < r.bottom() && same; ++y)
      same = std::equal(frame.row(y) + r.x, frame.row(y) + r.right(), s.before.row(y) + r.x,
                        [](screen::Pixel a, screen::Pixel b) { return ((a ^ b) & screen::kPixelMask) == 0; });
    if (same) continue;
    if (count++ == 0) {
      s.head('F', t);
      count_at = s.plain.size();
      s.number(std::uint32_t{0});
    }
    s.tile(static_cast<std::size_t>(i), frame, r);
  }
  s.begun = true;
  if (count == 0) return std::size_t{0};
  for (std::size_t i = 0; i < 4; ++i) s.plain[count_at + i] = static_cast<std::uint8_t>(count >> (8 * i));
  RESCUE_CHECK(s.flush(ZSTD_e_continue));
  return std::size_t{count};
}

base::Result<> XcpWriter::cursor_shape(std::uint32_t id, const screen::CursorImage& image,
                                       std::chrono::microseconds t) {
  RESCUE_CHECK(screen::check(image));
  State& s = *state_;
  s.head('S', t);
  s.number(id);
  for (const std::int32_t v : {image.size.width, image.size.height, image.hotspot.x, image.hotspot.y})
    s.number(static_cast<std::uint16_t>(v));
  for (const std::uint32_t p : image.argb) s.number(p);
  return s.flush(ZSTD_e_continue);
}

base::Result<> XcpWriter::cursor_move(screen::Point position, std::uint32_t shape, std::chrono::microseconds t) {
  State& s = *state_;
  s.head('C', t);
  s.number(static_cast<std::int16_t>(position.x));
  s.number(static_cast<std::int16_t>(position.y));
  s.number(shape);
  return s.flush(ZSTD_e_continue);
}

base::Result<> XcpWriter::finish(std::chrono::microseconds t) {
  state_->head('E', t);
  RESCUE_CHECK(state_->flush(ZSTD_e_end));
  state_->file.close();
  if (!state_->file) return base::fail(base::errno_error("close '" + state_->path + "'"));
  return {};
}

}  // namespace rescue::perf
