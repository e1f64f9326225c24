// SPDX-License-Identifier: Apache-2.0
// libpng's "simplified" interface: it never leaves by longjmp, so destructors run.
#include "screen/png.hpp"

#include <fcntl.h>
#include <png.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace rescue::screen {
namespace {
base::Bytes to_rgb(const FrameView& frame) {
  base::Bytes rgb;
  rgb.reserve(static_cast<std::size_t>(frame.size.pixels()) * 3);
  for (std::int32_t y = 0; y < frame.size.height; ++y) {
    const Pixel* row = frame.row(y);
    for (std::int32_t x = 0; x < frame.size.width; ++x) {
      rgb.push_back(static_cast<std::uint8_t>(row[x] >> 16));
      rgb.push_back(static_cast<std::uint8_t>(row[x] >> 8));
      rgb.push_back(static_cast<std::uint8_t>(row[x]));
    }
  }
  return rgb;
}

base::Result<> write_all(int fd, base::ByteView b, const std::string& path) {
  while (!b.empty()) {
    const ssize_t n = ::write(fd, b.data(), b.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error("write '" + path + "'"));
    b = b.subspan(static_cast<std::size_t>(n));
  }
  return {};
}
}  // namespace

base::Result<base::Bytes> to_png(const FrameView& frame) {
  if (!frame.size.valid()) return base::fail(base::Errc::invalid_argument, "PNG of an empty picture");
  const base::Bytes rgb = to_rgb(frame);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(frame.size.width);
  image.height = static_cast<png_uint_32>(frame.size.height);
  image.format = PNG_FORMAT_RGB;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  base::Bytes out(size);
  const int ok = png_image_write_to_memory(&image, out.data(), &size, 0, rgb.data(), 0, nullptr);
  if (ok == 0) {
    const std::string why = image.message;
    png_image_free(&image);
    return base::fail(base::Errc::internal, "write PNG: " + why);
  }
  out.resize(size);
  return out;
}

base::Result<> write_png(const std::string& path, const FrameView& frame) {
  RESCUE_TRY(const base::Bytes png, to_png(frame));
  const std::string part = path + ".part";
  ::unlink(part.c_str());  // of an earlier run that was killed
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return base::fail(base::errno_error("create '" + path + "'"));
  auto written = write_all(fd, png, path);
  if (::close(fd) != 0 && written) written = base::fail(base::errno_error("close '" + path + "'"));
  if (written && ::rename(part.c_str(), path.c_str()) != 0)
    written = base::fail(base::errno_error("rename to '" + path + "'"));
  if (!written) ::unlink(part.c_str());
  return written;
}

base::Result<Frame> from_png(base::ByteView png) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, png.data(), png.size()) == 0)
    return base::fail(base::Errc::bad_format, std::string("PNG: ") + image.message);
  image.format = PNG_FORMAT_RGB;
  const auto side = [](png_uint_32 v) { return static_cast<std::int32_t>(std::min<png_uint_32>(v, kMaxSide + 1)); };
  auto frame = Frame::create({side(image.width), side(image.height)});
  if (!frame) {
    png_image_free(&image);
    return frame;
  }
  base::Bytes rgb(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, rgb.data(), 0, nullptr) == 0)
    return base::fail(base::Errc::bad_format, std::string("PNG: ") + image.message);
  const std::uint8_t* p = rgb.data();
  for (std::int32_t y = 0; y < frame->size().height; ++y) {
    for (std::int32_t x = 0; x < frame->size().width; ++x, p += 3)
      frame->row(y)[x] = Pixel{p[0]} << 16 | Pixel{p[1]} << 8 | Pixel{p[2]};
  }
  return frame;
}

}  // namespace rescue::screen
