// SPDX-License-Identifier: Apache-2.0
// Any bytes as a video: what decodes are frames of a valid size whose times never fall, and nothing else happens.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "media/impl/video_reader.hpp"

namespace {
constexpr int kMaxFrames = 24;
constexpr std::size_t kMaxInput = std::size_t{1} << 18;

void read_all(const std::string& path) {
  using namespace rescue;
  media::capture_ffmpeg_log();
  auto reader = media::VideoReader::open(path);
  if (!reader) return;
  rcrec::Time last{};
  for (int n = 0; n < kMaxFrames; ++n) {
    const auto frame = reader->next();
    if (!frame || *frame == nullptr) break;
    if (!(*frame)->size().valid() || reader->time() < last || reader->time() > rcrec::kMaxTime) std::abort();
    last = reader->time();
    // Every pixel is there.
    volatile screen::Pixel sum = 0;
    for (const screen::Pixel p : (*frame)->pixels()) sum = sum ^ p;
  }
  if (reader->end() < last || reader->expected() < rcrec::Time{} || reader->codec().empty()) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > kMaxInput) return 0;
  const int fd = ::memfd_create("video", MFD_CLOEXEC);
  if (fd < 0) std::abort();
  if (::write(fd, data, size) != static_cast<ssize_t>(size)) std::abort();
  read_all("/proc/self/fd/" + std::to_string(fd));
  ::close(fd);
  return 0;
}
