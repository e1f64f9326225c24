// SPDX-License-Identifier: Apache-2.0
#include "client/log_spool.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

namespace rescue::client {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".spool";
constexpr std::size_t kMaxFileBytes = 2 * kSpoolMaxBytes;

std::string line_of(const LogEvent& e) {
  return fmt::format(R"({{"seq":{},"time":{},"type":{},"actor":{},"data":{}}})", e.seq,
                     json::serialize(json::string(e.time)), json::serialize(json::string(e.type)),
                     json::serialize(json::string(e.actor)), e.data.empty() ? "{}" : e.data) +
         "\n";
}

std::string header_of(const std::string& session, std::uint64_t next_seq) {
  return fmt::format(R"({{"rescue_spool":1,"session":{},"next_seq":{}}})", json::serialize(json::string(session)),
                     next_seq) +
         "\n";
}

std::optional<std::uint64_t> number(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
  if (v == nullptr || !v->is_int64() || v->as_int64() < 0) return std::nullopt;
  return static_cast<std::uint64_t>(v->as_int64());
}

std::optional<LogEvent> event_of(const json::object& o) {
  LogEvent e;
  const auto seq = number(o, "seq");
  auto time = text_field(o, "time"), type = text_field(o, "type"), actor = text_field(o, "actor");
  auto data = object_field(o, "data");
  if (!seq || !time || !type || !actor || !data) return std::nullopt;
  return LogEvent{*seq, *time, *type, *actor, json::serialize(*data)};
}

base::Result<> write_all(int fd, std::string_view text, const fs::path& path) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error(fmt::format("write session log spool '{}'", path.string())));
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

base::Result<std::string> read_whole(int fd, const fs::path& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return base::fail(base::errno_error(path.string()));
  if (static_cast<std::size_t>(info.st_size) > kMaxFileBytes)
    return base::fail(base::Errc::too_large, fmt::format("session log spool '{}'", path.string()));
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const auto n = ::pread(fd, text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return base::fail(base::errno_error(fmt::format("read session log spool '{}'", path.string())));
    if (n == 0) break;
    at += static_cast<std::size_t>(n);
  }
  text.resize(at);
  return text;
}

}  // namespace

struct LogSpool::State {
  ~State() {
    if (fd >= 0) ::close(fd);
  }
  base::Result<> load();
  base::Result<> compact();
  base::Result<> create_header() {
    RESCUE_CHECK(write_all(fd, header_of(session, next), path));
    if (::fdatasync(fd) != 0) return base::fail(base::errno_error(path.string()));
    size = static_cast<std::uint64_t>(::lseek(fd, 0, SEEK_END));
    return {};
  }

  fs::path path;
  std::string session;
  int fd = -1;
  std::uint64_t next = 1;
  std::uint64_t size = 0;  // bytes of whole lines
  std::size_t pending_bytes = 0;
  std::size_t acknowledged_bytes = 0;
  std::deque<LogEvent> events;  // unacknowledged, in order
};

base::Result<> LogSpool::State::load() {
  RESCUE_TRY(const auto text, read_whole(fd, path));
  bool header = true;
  std::size_t good = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    if (end == text.npos) break;  // cut short by a crash: never offered for sending
    auto parsed = parse_json(std::string_view(text).substr(at, end - at));
    if (!parsed || !parsed->is_object()) break;
    const auto& o = parsed->as_object();
    if (header) {
      const auto version = number(o, "rescue_spool"), seq = number(o, "next_seq");
      if (version != 1 || !seq)
        return base::fail(base::Errc::bad_format, fmt::format("session log spool '{}'", path.string()));
      next = *seq;
      header = false;
    } else if (auto e = event_of(o); e && e->seq >= next) {
      next = e->seq + 1;
      pending_bytes += end - at;
      events.push_back(std::move(*e));
    } else {
      break;
    }
    at = good = end + 1;
  }
  if (::ftruncate(fd, static_cast<off_t>(good)) != 0) return base::fail(base::errno_error(path.string()));
  size = good;
  ::lseek(fd, 0, SEEK_END);
  return header ? create_header() : base::Result<>();
}

base::Result<> LogSpool::State::compact() {
  const auto temporary = fs::path(path.string() + ".new");
  const int fresh = ::open(temporary.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_APPEND | O_NOFOLLOW, 0600);
  if (fresh < 0) return base::fail(base::errno_error(temporary.string()));
  auto written = [&]() -> base::Result<> {
    if (::flock(fresh, LOCK_EX | LOCK_NB) != 0) return base::fail(base::errno_error(temporary.string()));
    std::string text = header_of(session, events.empty() ? next : events.front().seq);
    for (const auto& e : events) text += line_of(e);
    RESCUE_CHECK(write_all(fresh, text, temporary));
    if (::fdatasync(fresh) != 0) return base::fail(base::errno_error(temporary.string()));
    if (::rename(temporary.c_str(), path.c_str()) != 0) return base::fail(base::errno_error(path.string()));
    size = text.size();
    return {};
  }();
  if (!written) {
    ::close(fresh);
    ::unlink(temporary.c_str());
    return written;
  }
  ::close(fd);
  fd = fresh;
  acknowledged_bytes = 0;
  return {};
}

LogSpool::LogSpool(std::unique_ptr<State> state) : state_(std::move(state)) {}
LogSpool::LogSpool(LogSpool&&) noexcept = default;
LogSpool& LogSpool::operator=(LogSpool&&) noexcept = default;
LogSpool::~LogSpool() = default;

base::Result<LogSpool> LogSpool::open(const fs::path& dir, const std::string& session, std::uint64_t first_seq) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) return base::fail(base::Errc::io, fmt::format("create folder '{}'", dir.string()), error);
  auto state = std::make_unique<State>();
  state->path = dir / (session + std::string(kSuffix));
  state->session = session;
  state->next = first_seq;
  state->fd = ::open(state->path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND | O_NOFOLLOW, 0600);
  if (state->fd < 0)
    return base::fail(base::errno_error(fmt::format("open session log spool '{}'", state->path.string())));
  if (::flock(state->fd, LOCK_EX | LOCK_NB) != 0)
    return base::fail(base::Errc::conflict, fmt::format("session log spool '{}' is in use", state->path.string()));
  // Whoever held it has removed it in between: what is written here would be nobody's.
  struct stat info {};
  if (::fstat(state->fd, &info) == 0 && info.st_nlink == 0)
    return base::fail(base::Errc::conflict, fmt::format("session log spool '{}' is just going", state->path.string()));
  RESCUE_CHECK(state->load());
  return LogSpool(std::move(state));
}

const std::string& LogSpool::session() const { return state_->session; }
std::uint64_t LogSpool::next_seq() const { return state_->next; }
std::size_t LogSpool::pending() const { return state_->events.size(); }
const fs::path& LogSpool::path() const { return state_->path; }

base::Result<std::uint64_t> LogSpool::append(LogEvent event) {
  auto& s = *state_;
  if (event.seq == 0) event.seq = s.next;
  if (event.seq < s.next) return base::fail(base::Errc::conflict, fmt::format("log event {} exists", event.seq));
  const auto line = line_of(event);
  if (s.pending_bytes + line.size() > kSpoolMaxBytes)
    return base::fail(base::Errc::too_large, fmt::format("session log spool '{}'", s.path.string()));
  auto written = write_all(s.fd, line, s.path);
  if (written && ::fdatasync(s.fd) != 0) written = base::fail(base::errno_error(s.path.string()));
  if (!written) {
    // Part of the line may be there; the file ends with its last whole line again.
    if (::ftruncate(s.fd, static_cast<off_t>(s.size)) != 0) return base::fail(base::errno_error(s.path.string()));
    return base::fail(written.error());
  }
  s.size += line.size();
  s.pending_bytes += line.size();
  s.next = event.seq + 1;
  const auto seq = event.seq;
  s.events.push_back(std::move(event));
  return seq;
}

std::vector<LogEvent> LogSpool::batch() const {
  std::vector<LogEvent> out;
  std::size_t bytes = 0;
  for (const auto& e : state_->events) {
    const auto size = line_of(e).size();
    if (out.size() == kLogBatch || (!out.empty() && bytes + size > kLogBatchBytes)) break;
    bytes += size;
    out.push_back(e);
  }
  return out;
}

base::Result<> LogSpool::acknowledge(std::uint64_t through) {
  auto& s = *state_;
  while (!s.events.empty() && s.events.front().seq <= through) {
    const auto bytes = line_of(s.events.front()).size();
    s.pending_bytes -= std::min(bytes, s.pending_bytes);
    s.acknowledged_bytes += bytes;
    s.events.pop_front();
  }
  if (s.acknowledged_bytes == 0 || (!s.events.empty() && s.acknowledged_bytes < kCompactBytes)) return {};
  return s.compact();
}

bool LogSpool::remove_if_empty() {
  if (!state_->events.empty()) return false;
  ::unlink(state_->path.c_str());
  return true;
}

std::vector<std::string> leftover_spools(const fs::path& dir) {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::directory_iterator it(dir, error), end; !error && it != end; it.increment(error)) {
    const auto name = it->path().filename().string();
    if (!name.ends_with(kSuffix)) continue;
    const int fd = ::open(it->path().c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) continue;
    if (::flock(fd, LOCK_EX | LOCK_NB) == 0) out.push_back(name.substr(0, name.size() - kSuffix.size()));
    ::close(fd);
  }
  return out;
}

}  // namespace rescue::client
