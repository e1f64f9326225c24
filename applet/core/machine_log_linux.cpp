// SPDX-License-Identifier: Apache-2.0
// journald and the plain file.
#include <cstring>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fmt/format.h>

#include "applet/core/machine_log.hpp"
#include "base/utf8.hpp"

namespace rescue::applet {
namespace {
constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
constexpr int kNotice = 5, kWarning = 4;  // syslog(3)

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

class JournalSink final : public MachineLogSink {
 public:
  explicit JournalSink(std::filesystem::path socket) : path_(std::move(socket)) {}

  bool write(const MachineLogEntry& entry) override {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path_.native().size() >= sizeof to.sun_path) return false;
    std::memcpy(to.sun_path, path_.c_str(), path_.native().size());
    const Fd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) return false;
    const auto message = fields(entry);
    const auto sent = sendto(fd.get(), message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&to), sizeof to);
    return sent == static_cast<ssize_t>(message.size());
  }

 private:
  /// NAME=value lines: no value has a newline, so none needs the binary form.
  static std::string fields(const MachineLogEntry& e) {
    // The journal has the time and the process of its own.
    auto message = machine_log_line(e, getpid());
    message.erase(0, message.find(": ") + 2);
    std::string out;
    const auto add = [&](std::string_view name, std::string_view value) {
      if (!value.empty()) out += fmt::format("{}={}\n", name, base::to_display_text(value));
    };
    add("MESSAGE", message);
    add("PRIORITY", fmt::format("{}", e.warning ? kWarning : kNotice));
    add("SYSLOG_IDENTIFIER", "rescue-applet");
    add("RESCUE_EVENT", e.event);
    add("RESCUE_SESSION", e.session);
    add("RESCUE_TECHNICIAN", e.technician);
    add("RESCUE_BY", e.by);
    add("RESCUE_REASON", e.reason);
    if (e.data.size() <= kMachineLogDataMax) add("RESCUE_DATA", e.data);
    return out;
  }
  std::filesystem::path path_;
};

class FileSink final : public MachineLogSink {
 public:
  explicit FileSink(std::filesystem::path file) : path_(std::move(file)) {}

  bool write(const MachineLogEntry& entry) override {
    const auto line = machine_log_line(entry, getpid()) + "\n";
    put_aside();
    Fd fd(open_file());
    if (fd.get() < 0) {
      make_folder();
      const Fd again(open_file());
      return again.get() >= 0 && append(again.get(), line);
    }
    return append(fd.get(), line);
  }

 private:
  [[nodiscard]] int open_file() const {
    return open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  }
  static bool append(int fd, std::string_view line) {
    struct stat is {};
    // Nobody else's pipe or device is written to.
    if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode)) return false;
    return ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  }
  void make_folder() const {
    std::error_code ignored;
    const auto folder = path_.parent_path();
    if (!std::filesystem::create_directories(folder, ignored) || ignored) return;
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, ignored);
  }
  void put_aside() const {
    struct stat is {};
    if (lstat(path_.c_str(), &is) != 0 || static_cast<std::uint64_t>(is.st_size) < kMachineLogFileMax) return;
    static_cast<void>(rename(path_.c_str(), (path_.native() + ".1").c_str()));
  }
  std::filesystem::path path_;
};
}  // namespace

std::unique_ptr<MachineLogSink> make_journal_sink(std::filesystem::path socket) {
  if (socket.empty()) socket = kJournalSocket;
  return std::make_unique<JournalSink>(std::move(socket));
}

std::unique_ptr<MachineLogSink> make_file_sink(std::filesystem::path file) {
  return std::make_unique<FileSink>(std::move(file));
}

}  // namespace rescue::applet
