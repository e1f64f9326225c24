// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stamp/own_image.hpp"

namespace rescue::stamp {
namespace {
using base::ByteView;
using base::fail;
using base::Result;

struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};
struct Mapping {
  void* at;
  std::size_t size;
  ~Mapping() {
    if (at != MAP_FAILED) ::munmap(at, size);
  }
};
}  // namespace

Result<base::SecretBytes> read_slot_of(const char* path) {
  const auto doing = [path] { return fmt::format("reading program file '{}'", path); };
  const Descriptor file{::open(path, O_RDONLY | O_CLOEXEC)};
  struct stat info {};
  if (file.fd < 0 || ::fstat(file.fd, &info) != 0) return fail(base::errno_error(doing()));
  if (!S_ISREG(info.st_mode) || info.st_size <= 0) return fail(base::Errc::bad_format, doing() + ": not a program");
  if (static_cast<std::uint64_t>(info.st_size) > kMaxImageBytes) return fail(base::Errc::too_large, doing());
  // Mapped, because few of its pages are looked at. A running program's file cannot be written or cut (ETXTBSY).
  const auto size = static_cast<std::size_t>(info.st_size);
  const Mapping map{::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd, 0), size};
  if (map.at == MAP_FAILED) return fail(base::errno_error(doing()));
  return read_slot(ByteView(static_cast<const std::uint8_t*>(map.at), size));
}

Result<base::SecretBytes> read_own_slot() { return read_slot_of("/proc/self/exe"); }

}  // namespace rescue::stamp
