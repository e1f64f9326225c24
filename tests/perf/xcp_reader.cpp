// SPDX-License-Identifier: Apache-2.0
#include "perf/xcp_reader.hpp"

#include <zstd.h>

#include <algorithm>

namespace rescue::perf {

struct XcpReader::State {
  std::ifstream file;
  std::string path;
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> zstd{ZSTD_createDCtx(), ZSTD_freeDCtx};
  std::vector<char> packed = std::vector<char>(std::size_t{1} << 16);
  base::Bytes plain;
  std::size_t at = 0;
  ZSTD_inBuffer in{nullptr, 0, 0};
  screen::Frame frame;
  std::int32_t side = 0;
  std::optional<std::pair<std::uint64_t, std::uint64_t>> head;  // type and time of the record that comes

  [[nodiscard]] bool take(std::uint8_t* to, std::size_t n);
  [[nodiscard]] std::optional<std::uint64_t> number(std::size_t bytes);
  [[nodiscard]] base::Result<> frame_record(bool residuals, Record& r);
  [[nodiscard]] base::Result<> shape_record(Record& r);
  [[nodiscard]] std::unexpected<base::Error> bad() const {
    return base::fail(base::Errc::bad_format, "capture '" + path + "'");
  }
};

bool XcpReader::State::take(std::uint8_t* to, std::size_t n) {
  while (n > 0) {
    if (at == plain.size()) {
      if (in.pos == in.size) {
        file.read(packed.data(), static_cast<std::streamsize>(packed.size()));
        if (file.gcount() == 0) return false;
        in = {packed.data(), static_cast<std::size_t>(file.gcount()), 0};
      }
      plain.resize(std::size_t{1} << 18);
      ZSTD_outBuffer out{plain.data(), plain.size(), 0};
      if (ZSTD_isError(ZSTD_decompressStream(zstd.get(), &out, &in)) != 0) return false;
      plain.resize(out.pos);
      at = 0;
      continue;
    }
    const std::size_t part = std::min(n, plain.size() - at);
    std::copy_n(plain.data() + at, part, to);
    at += part;
    to += part;
    n -= part;
  }
  return true;
}

std::optional<std::uint64_t> XcpReader::State::number(std::size_t bytes) {
  std::uint8_t b[8]{};
  if (!take(b, bytes)) return std::nullopt;
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < bytes; ++i) v |= std::uint64_t{b[i]} << (8 * i);
  return v;
}

namespace {
/// Undoes the median prediction of one plane in place.
void integrate(std::uint8_t* p, int width, int height) {
  const auto value = [&](int x, int y) -> int { return x < 0 || y < 0 ? 0 : p[y * width + x]; };
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const int left = value(x - 1, y);
      const int above = value(x, y - 1);
      const int corner = value(x - 1, y - 1);
      const int high = std::max(left, above);
      const int low = std::min(left, above);
      const int guess = corner >= high ? low : corner <= low ? high : left + above - corner;
      p[y * width + x] = static_cast<std::uint8_t>(p[y * width + x] + guess);
    }
  }
}
}  // namespace

base::Result<> XcpReader::State::frame_record(bool residuals, Record& r) {
  const auto count = number(4);
  if (!count) return bad();
  const std::int32_t columns = (frame.size().width + side - 1) / side;
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto tile = number(2);
    if (!tile) return bad();
    const auto index = static_cast<std::int32_t>(*tile);
    const screen::Rect rect = screen::Rect{index % columns * side, index / columns * side, side, side}.intersected(
        screen::whole(frame.size()));
    if (rect.empty()) return bad();
    const auto pixels = static_cast<std::size_t>(rect.width) * static_cast<std::size_t>(rect.height);
    base::Bytes b(pixels * 3);
    if (!take(b.data(), b.size())) return bad();
    for (std::size_t k = 0; residuals && k < 3; ++k) integrate(b.data() + k * pixels, rect.width, rect.height);
    for (std::size_t p = 0; p < pixels; ++p) {
      const std::uint8_t g = residuals ? b[p] : b[p * 3 + 1];
      const auto blue = static_cast<std::uint8_t>(residuals ? b[pixels + p] + g : b[p * 3]);
      const auto red = static_cast<std::uint8_t>(residuals ? b[2 * pixels + p] + g : b[p * 3 + 2]);
      const auto x = static_cast<std::int32_t>(p % static_cast<std::size_t>(rect.width));
      const auto y = static_cast<std::int32_t>(p / static_cast<std::size_t>(rect.width));
      frame.row(rect.y + y)[rect.x + x] = screen::Pixel{blue} | screen::Pixel{g} << 8 | screen::Pixel{red} << 16;
    }
    r.damage.add(rect);
  }
  return {};
}

base::Result<> XcpReader::State::shape_record(Record& r) {
  const auto id = number(4);
  std::int32_t v[4];
  for (auto& field : v) {
    const auto n = number(2);
    if (!n) return bad();
    field = static_cast<std::int32_t>(*n);
  }
  if (!id) return bad();
  r.shape_id = static_cast<std::uint32_t>(*id);
  r.shape.size = {v[0], v[1]};
  r.shape.hotspot = {v[2], v[3]};
  r.shape.argb.resize(static_cast<std::size_t>(r.shape.size.pixels()));
  for (auto& p : r.shape.argb) {
    const auto n = number(4);
    if (!n) return bad();
    p = static_cast<std::uint32_t>(*n);
  }
  return {};
}

XcpReader::XcpReader(std::unique_ptr<State> s) : state_(std::move(s)) {}
XcpReader::XcpReader(XcpReader&&) noexcept = default;
XcpReader::~XcpReader() = default;
const screen::Frame& XcpReader::frame() const { return state_->frame; }

base::Result<XcpReader> XcpReader::open(const std::string& path) {
  auto s = std::make_unique<State>();
  s->path = path;
  s->file.open(path, std::ios::binary);
  if (!s->file) return base::fail(base::errno_error("open '" + path + "'"));
  ZSTD_DCtx_setParameter(s->zstd.get(), ZSTD_d_windowLogMax, 27);
  std::uint8_t magic[4]{};
  if (!s->take(magic, 4) || base::as_text(magic) != "XCP2") return s->bad();
  const auto width = s->number(2);
  const auto height = s->number(2);
  const auto side = s->number(2);
  if (!width || !height || !side || *side == 0) return s->bad();
  s->side = static_cast<std::int32_t>(*side);
  RESCUE_TRY(s->frame, screen::Frame::create({static_cast<std::int32_t>(*width), static_cast<std::int32_t>(*height)}));
  return XcpReader(std::move(s));
}

base::Result<XcpReader::Upcoming> XcpReader::peek() {
  State& s = *state_;
  if (!s.head) {
    const auto type = s.number(1);
    const auto t = s.number(8);
    if (!type || !t) return s.bad();
    s.head = {*type, *t};
  }
  const auto kind = [](std::uint64_t type) {
    return type == 'S' ? Kind::cursor_shape : type == 'C' ? Kind::cursor_move : type == 'E' ? Kind::end : Kind::frame;
  };
  return Upcoming{kind(s.head->first), std::chrono::microseconds(s.head->second)};
}

base::Result<XcpReader::Record> XcpReader::next() {
  State& s = *state_;
  Record r;
  RESCUE_TRY(const auto upcoming, peek());
  const auto type = std::exchange(s.head, std::nullopt)->first;
  r.t = upcoming.t;
  switch (static_cast<char>(type)) {
    case 'F':
    case 'G':
      r.kind = Kind::frame;
      RESCUE_CHECK(s.frame_record(type == 'G', r));
      return r;
    case 'S':
      r.kind = Kind::cursor_shape;
      RESCUE_CHECK(s.shape_record(r));
      return r;
    case 'C': {
      const auto x = s.number(2);
      const auto y = s.number(2);
      const auto id = s.number(4);
      if (!x || !y || !id) return s.bad();
      r.kind = Kind::cursor_move;
      r.position = {static_cast<std::int16_t>(*x), static_cast<std::int16_t>(*y)};
      r.shape_id = static_cast<std::uint32_t>(*id);
      return r;
    }
    case 'E':
      r.kind = Kind::end;
      return r;
    default:
      return s.bad();
  }
}

}  // namespace rescue::perf
