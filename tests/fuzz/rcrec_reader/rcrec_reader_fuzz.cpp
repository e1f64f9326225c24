// SPDX-License-Identifier: Apache-2.0
// Input: a whole file. CRCs would stop a fuzzer at the door, so they are made right first: the file header's, and those
// of every chunk header and payload that the lengths lead to. Then every entry of the reader runs over the file.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/crc32c.hpp"
#include "rcrec/inspect.hpp"

namespace {
using namespace rescue;

void seal(base::MutableByteView b, std::size_t at, base::ByteView covered) {
  const std::uint32_t crc = base::crc32c(covered);
  for (std::size_t i = 0; i < 4; ++i) b[at + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
}

void seal_all(base::MutableByteView b) {
  if (b.size() < rcrec::kFileHeaderBytes) return;
  seal(b, 60, b.first(60));
  std::size_t at = rcrec::kFileHeaderBytes;
  while (b.size() - at >= rcrec::kChunkHeaderBytes) {
    seal(b, at + 44, b.subspan(at, 44));
    const std::size_t length = *base::ByteReader(b.subspan(at + 8)).u32();
    at += rcrec::kChunkHeaderBytes;
    if (b.size() - at < length + rcrec::kChunkTrailerBytes) return;
    seal(b, at + length, b.subspan(at, length));
    at += length + rcrec::kChunkTrailerBytes;
  }
}

void read_all(const std::string& path) {
  const auto v = rcrec::verify(path);
  if (v && v->verdict == rcrec::Verdict::intact && v->first_bad) __builtin_trap();
  auto timeline = rcrec::Timeline::open(path);
  if (!timeline) return;
  rcrec::Time last{};
  for (auto item = timeline->next(); item && *item; item = timeline->next()) {
    if ((*item)->t < last) __builtin_trap();
    last = (*item)->t;
  }
  if (timeline->seek(last / 2)) {
    for (auto item = timeline->next(); item && *item; item = timeline->next()) last = (*item)->t;
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("recording", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  base::Bytes b(data, data + size);
  for (const bool sealed : {false, true}) {
    if (sealed) seal_all(b);
    if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, b.data(), b.size(), 0) != static_cast<ssize_t>(b.size())) return 0;
    read_all(path);
  }
  return 0;
}
