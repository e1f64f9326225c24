// SPDX-License-Identifier: Apache-2.0
// Writes lossless desktop captures; the format stands in xcp_reader.hpp. Compression runs in a thread of its own
// (zstd), so that a capture in real time does not wait for it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "screen/cursor.hpp"
#include "screen/frame.hpp"

namespace rescue::perf {

class XcpWriter {
 public:
  /// Replaces the file. Errors: io with the path.
  [[nodiscard]] static base::Result<XcpWriter> create(const std::string& path, screen::Size size, int zstd_level = 3);
  XcpWriter(XcpWriter&&) noexcept;
  ~XcpWriter();

  /// Writes the tiles in which `frame` differs from the frame before (all of them at first). Returns how many: 0 means
  /// that nothing was written.
  base::Result<std::size_t> frame(const screen::FrameView& frame, std::chrono::microseconds t);
  base::Result<> cursor_shape(std::uint32_t id, const screen::CursorImage& image, std::chrono::microseconds t);
  base::Result<> cursor_move(screen::Point position, std::uint32_t shape, std::chrono::microseconds t);
  /// Ends the file; nothing may follow. Without it a reader finds the end missing.
  base::Result<> finish(std::chrono::microseconds t);

 private:
  struct State;
  explicit XcpWriter(std::unique_ptr<State> s);
  std::unique_ptr<State> state_;
};

}  // namespace rescue::perf
