// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "rcrec/impl/file.hpp"
#include "rcrec/sink.hpp"

namespace rescue::rcrec {
namespace {

class FileSink final : public Sink {
 public:
  FileSink(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() override { ::close(fd_); }

  base::Result<> append(base::ByteView b) override {
    while (!b.empty()) {
      const ssize_t n = ::write(fd_, b.data(), b.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return base::fail(base::errno_error("write recording '" + path_ + "'"));
      b = b.subspan(static_cast<std::size_t>(n));
    }
    return {};
  }
  base::Result<> truncate(std::uint64_t size) override {
    const auto at = static_cast<off_t>(size);
    if (::ftruncate(fd_, at) != 0 || ::lseek(fd_, at, SEEK_SET) < 0)
      return base::fail(base::errno_error("truncate recording '" + path_ + "'"));
    return {};
  }
  base::Result<> sync() override {
    if (::fdatasync(fd_) != 0) return base::fail(base::errno_error("sync recording '" + path_ + "'"));
    return {};
  }
  const std::string& name() const override { return path_; }

 private:
  int fd_;
  std::string path_;
};

}  // namespace

base::Result<std::unique_ptr<Sink>> create_file_sink(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) {
    if (errno == EEXIST) return base::fail(base::Errc::conflict, "recording '" + path + "' exists");
    return base::fail(base::errno_error("create recording '" + path + "'"));
  }
  return std::make_unique<FileSink>(fd, path);
}

base::Result<InputFile> InputFile::open(const std::string& path) {
  // O_NONBLOCK: a pipe under a recording's name must not hang us before fstat can refuse it.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return base::fail(base::errno_error("open recording '" + path + "'"));
  struct stat st{};
  if (::fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    ::close(fd);
    return base::fail(base::Errc::invalid_argument, "'" + path + "' is not a regular file");
  }
  return InputFile(fd, static_cast<std::uint64_t>(st.st_size), path);
}

InputFile::InputFile(InputFile&& o) noexcept
    : fd_(std::exchange(o.fd_, -1)), size_(o.size_), bytes_read_(o.bytes_read_), path_(std::move(o.path_)) {}
InputFile& InputFile::operator=(InputFile&& o) noexcept {
  std::swap(fd_, o.fd_);
  std::swap(size_, o.size_);
  std::swap(bytes_read_, o.bytes_read_);
  std::swap(path_, o.path_);
  return *this;
}
InputFile::~InputFile() {
  if (fd_ >= 0) ::close(fd_);
}

base::Result<std::size_t> InputFile::read_at(std::uint64_t offset, base::MutableByteView to) const {
  std::size_t done = 0;
  while (done < to.size()) {
    const ssize_t n = ::pread(fd_, to.data() + done, to.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error("read recording '" + path_ + "'"));
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  bytes_read_ += done;
  return done;
}

}  // namespace rescue::rcrec
