// SPDX-License-Identifier: Apache-2.0
// Reads lossless desktop captures (*.xcp.zst): changed 64x64 tiles with microsecond time stamps, the cursor beside
// them. Little endian, the whole file is one zstd stream: "XCP2" u16 width u16 height u16 tile side, then records:
//   'F' u64 t_us u32 n, n x { u16 tile number, B G R of its pixels }
//   'G' as 'F', but the pixels are three planes G, B-G, R-G of residuals against the median of left, above, gradient
//   'S' u64 t_us u32 id u16 w u16 h u16 hotspot x u16 hotspot y, w*h u32 premultiplied ARGB     cursor shape
//   'C' u64 t_us i16 x i16 y u32 shape                                                           cursor position
//   'E' u64 t_us                                                                                 end
// For measuring on files of one's own; not for hostile ones.
#pragma once

#include <chrono>
#include <fstream>
#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "screen/cursor.hpp"
#include "screen/frame.hpp"

namespace rescue::perf {

class XcpReader {
 public:
  [[nodiscard]] static base::Result<XcpReader> open(const std::string& path);
  XcpReader(XcpReader&&) noexcept;
  ~XcpReader();

  enum class Kind { frame, cursor_shape, cursor_move, end };
  struct Record {
    Kind kind{};
    std::chrono::microseconds t{};
    screen::Damage damage;       // frame: the tiles that came
    std::uint32_t shape_id = 0;  // cursor_shape, cursor_move
    screen::CursorImage shape;   // cursor_shape
    screen::Point position;      // cursor_move
  };
  /// Kind and time of the next record, which is not read yet.
  struct Upcoming {
    Kind kind{};
    std::chrono::microseconds t{};
  };
  [[nodiscard]] base::Result<Upcoming> peek();
  /// The next record; frame() shows the picture after it.
  [[nodiscard]] base::Result<Record> next();
  [[nodiscard]] const screen::Frame& frame() const;

 private:
  struct State;
  explicit XcpReader(std::unique_ptr<State> s);
  std::unique_ptr<State> state_;
};

}  // namespace rescue::perf
