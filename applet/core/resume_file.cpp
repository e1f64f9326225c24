// SPDX-License-Identifier: Apache-2.0
#include "applet/core/resume_file.hpp"

#include <cerrno>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.hpp"

namespace rescue::applet {
namespace {
namespace json = boost::json;
namespace fs = std::filesystem;
constexpr std::string_view kFilePrefix = "resume-";
constexpr std::chrono::minutes kClockSlack{5};
constexpr std::size_t kPeopleMax = 64;

std::string base64(base::ByteView b) { return base::to_base64url(b); }
std::int64_t micros(base::WallTime t) { return t.time_since_epoch().count(); }

fs::path entry_of(const fs::path& config, std::string_view session) {
  return config / "autostart" / fmt::format("rescue-applet-{}.desktop", session);
}
base::Result<fs::path> folder(const Env& env, std::string_view variable, std::string_view below_home) {
  if (auto set = env.var(variable); set && set->starts_with('/')) return fs::path(*set);
  const auto home = env.var("HOME");
  if (!home || !home->starts_with('/')) return base::fail(base::Errc::not_found, "there is no home folder");
  return fs::path(*home) / below_home;
}

/// Written whole or not at all: a temporary file beside it, then its name.
base::Result<> write_file(const fs::path& path, std::string_view content, mode_t mode) {
  const auto part = path.string() + ".part";
  ::unlink(part.c_str());
  const int fd = ::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
  if (fd < 0) return base::fail(base::errno_error(fmt::format("write '{}'", part)));
  int why = 0;
  while (!content.empty() && why == 0) {
    const auto n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno != EINTR) why = errno;
    if (n > 0) content.remove_prefix(static_cast<std::size_t>(n));
  }
  if (why == 0 && ::fsync(fd) != 0) why = errno;
  ::close(fd);
  if (why == 0 && ::rename(part.c_str(), path.c_str()) != 0) why = errno;
  if (why == 0) return {};
  ::unlink(part.c_str());
  return base::fail(base::errno_error(fmt::format("write '{}'", path.string()), why));
}

// ---- reading

std::unexpected<base::Error> bad(std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("state from before the restart: {}", what));
}
base::Result<const json::value*> field(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
  if (v == nullptr) return bad(fmt::format("no '{}'", key));
  return v;
}
base::Result<std::int64_t> number(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto* v, field(o, key));
  if (!v->is_int64()) return bad(fmt::format("'{}' is no number", key));
  return v->get_int64();
}
base::Result<std::string> text(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto* v, field(o, key));
  if (!v->is_string()) return bad(fmt::format("'{}' is no text", key));
  return std::string(v->get_string().data(), v->get_string().size());
}
base::Result<base::Bytes> bytes(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto t, text(o, key));
  auto b = base::from_base64url(t);
  if (!b) return bad(fmt::format("'{}' is no base64url", key));
  return std::move(*b);
}
template <std::size_t N>
base::Result<std::array<std::uint8_t, N>> exactly(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto b, bytes(o, key));
  std::array<std::uint8_t, N> out;
  if (b.size() != N) return bad(fmt::format("'{}' has {} bytes", key, b.size()));
  std::ranges::copy(b, out.begin());
  return out;
}
base::Result<const json::array*> list(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto* v, field(o, key));
  if (!v->is_array()) return bad(fmt::format("'{}' is no list", key));
  return &v->get_array();
}
base::Result<std::vector<std::string>> texts(const json::object& o, std::string_view key) {
  RESCUE_TRY(const auto* all, list(o, key));
  std::vector<std::string> out;
  for (const auto& v : *all) {
    if (!v.is_string()) return bad(fmt::format("'{}' has what is no text", key));
    out.emplace_back(v.get_string().data(), v.get_string().size());
  }
  return out;
}

base::Result<ResumedPerson> person(const json::value& v) {
  if (!v.is_object()) return bad("a technician is no object");
  const auto& o = v.get_object();
  ResumedPerson p;
  RESCUE_TRY(const auto id, text(o, "technician"));
  const auto guid = base::Guid::parse(id);
  if (!guid) return bad("a technician has no id");
  p.technician = *guid;
  RESCUE_TRY(const auto generation, number(o, "generation"));
  p.generation = static_cast<std::uint64_t>(generation);
  RESCUE_TRY(p.console, exactly<sizeof(crypto::Fingerprint)>(o, "console"));
  RESCUE_TRY(const auto flags, number(o, "sas_confirmed"));
  p.sas_confirmed = flags != 0;
  RESCUE_TRY(const auto* allowed, list(o, "allowed"));
  if (allowed->size() > wire::kPermissionCount) return bad("too many permissions");
  for (const auto& a : *allowed) {
    if (!a.is_object()) return bad("a permission is no object");
    RESCUE_TRY(const auto named, text(a.get_object(), "permission"));
    RESCUE_TRY(const auto receipt, number(a.get_object(), "receipt"));
    const auto permission = wire::parse_permission(named);
    if (!permission) return bad("an unknown permission");
    p.consent.by_single_prompt.emplace_back(*permission, static_cast<std::uint64_t>(receipt));
  }
  return p;
}
}  // namespace

base::Result<ResumePlace> resume_place(const Env& env, const base::Guid& session) {
  RESCUE_TRY(const auto state, folder(env, "XDG_STATE_HOME", ".local/state"));
  RESCUE_TRY(const auto config, folder(env, "XDG_CONFIG_HOME", ".config"));
  return ResumePlace{state / "rescue-applet" / (std::string(kFilePrefix) + session.text()),
                     entry_of(config, session.text())};
}

std::string to_json(const ResumeState& s) {
  json::array events, arguments, people;
  for (const auto& e : s.events) events.emplace_back(e);
  for (const auto& a : s.arguments) arguments.emplace_back(a);
  for (const auto& p : s.people) {
    json::array allowed;
    for (const auto& [permission, receipt] : p.consent.by_single_prompt)
      allowed.emplace_back(json::object{{"permission", std::string(wire::name(permission))},
                                        {"receipt", static_cast<std::int64_t>(receipt)}});
    people.emplace_back(json::object{{"technician", p.technician.text()},
                                     {"generation", static_cast<std::int64_t>(p.generation)},
                                     {"console", base64(p.console)},
                                     {"sas_confirmed", static_cast<std::int64_t>(p.sas_confirmed)},
                                     {"allowed", std::move(allowed)}});
  }
  return json::serialize(json::object{{"version", 1},
                                      {"written", micros(s.written)},
                                      {"invited", micros(s.invited)},
                                      {"invite", base64(s.invite)},
                                      {"key", std::string(base::as_text(s.key.view()))},
                                      {"receipts", static_cast<std::int64_t>(s.receipts.last)},
                                      {"receipt_digest", base64(s.receipts.digest)},
                                      {"next_event", static_cast<std::int64_t>(s.next_event)},
                                      {"events", std::move(events)},
                                      {"arguments", std::move(arguments)},
                                      {"people", std::move(people)}});
}

base::Result<ResumeState> parse_resume_state(std::string_view content) {
  json::error_code error;
  auto value = json::parse(json::string_view(content.data(), content.size()), error);
  if (error || !value.is_object()) return bad("not a JSON object");
  const auto& o = value.get_object();
  RESCUE_TRY(const auto version, number(o, "version"));
  if (version != 1) return bad("of another version");
  ResumeState s;
  RESCUE_TRY(const auto written, number(o, "written"));
  RESCUE_TRY(const auto invited, number(o, "invited"));
  s.written = base::WallTime(std::chrono::microseconds(written));
  s.invited = base::WallTime(std::chrono::microseconds(invited));
  RESCUE_TRY(s.invite, bytes(o, "invite"));
  RESCUE_TRY(auto key, text(o, "key"));
  s.key = base::SecretBytes(base::to_bytes(base::as_bytes(key)));
  base::wipe({reinterpret_cast<std::uint8_t*>(key.data()), key.size()});
  RESCUE_TRY(const auto receipts, number(o, "receipts"));
  s.receipts.last = static_cast<std::uint64_t>(receipts);
  RESCUE_TRY(s.receipts.digest, exactly<sizeof(crypto::Digest256)>(o, "receipt_digest"));
  RESCUE_TRY(const auto next, number(o, "next_event"));
  if (next < 1) return bad("'next_event' is out of range");
  s.next_event = static_cast<std::uint64_t>(next);
  RESCUE_TRY(s.events, texts(o, "events"));
  if (s.events.size() >= s.next_event) return bad("more events than were numbered");
  RESCUE_TRY(s.arguments, texts(o, "arguments"));
  RESCUE_TRY(const auto* people, list(o, "people"));
  if (people->size() > kPeopleMax) return bad("too many technicians");
  for (const auto& p : *people) {
    RESCUE_TRY(auto one, person(p));
    s.people.push_back(std::move(one));
  }
  return s;
}

base::Result<> write_resume(const ResumePlace& place, std::string_view content, const fs::path& program) {
  std::error_code error;
  fs::create_directories(place.file.parent_path(), error);
  if (error)
    return base::fail(base::Errc::io, fmt::format("make '{}': {}", place.file.parent_path().string(), error.message()));
  ::chmod(place.file.parent_path().c_str(), 0700);
  fs::create_directories(place.entry.parent_path(), error);
  if (error)
    return base::fail(base::Errc::io,
                      fmt::format("make '{}': {}", place.entry.parent_path().string(), error.message()));
  RESCUE_CHECK(write_file(place.file, content, 0600));
  if (auto ok = write_file(place.entry, autostart_entry(program, place.file), 0644); !ok) {
    remove_resume(place);
    return ok;
  }
  return {};
}

void remove_resume(const ResumePlace& place) {
  std::error_code ignored;
  fs::remove(place.file, ignored);
  fs::remove(place.entry, ignored);
}

base::Result<ResumeState> take_resume(const Env& env, const fs::path& file) {
  // The entry first and in any case: a start that fails is not repeated at each sign-in.
  const auto name = file.filename().string();
  if (const auto session = base::Guid::parse(name.starts_with(kFilePrefix) ? name.substr(kFilePrefix.size()) : ""))
    if (std::error_code ignored; const auto place = resume_place(env, *session)) fs::remove(place->entry, ignored);
  const int fd = ::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return base::fail(base::errno_error(fmt::format("state from before the restart '{}'", file.string())));
  ::unlink(file.c_str());
  struct stat info {};
  std::string content;
  const auto read_it = [&]() -> base::Result<> {
    if (::fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return bad("not a file");
    if (info.st_uid != ::geteuid() || (info.st_mode & 077) != 0)
      return base::fail(base::Errc::denied, "state from before the restart: others may have written or read it");
    if (info.st_size > static_cast<off_t>(kResumeFileMax))
      return base::fail(base::Errc::too_large, "state from before the restart");
    content.resize(static_cast<std::size_t>(info.st_size));
    std::size_t have = 0;
    while (have < content.size()) {
      const auto n = ::read(fd, content.data() + have, content.size() - have);
      if (n <= 0) return bad("cut off");
      have += static_cast<std::size_t>(n);
    }
    return {};
  };
  const auto done = read_it();
  ::close(fd);
  if (!done) return base::fail(done.error());
  auto state = parse_resume_state(content);
  base::wipe({reinterpret_cast<std::uint8_t*>(content.data()), content.size()});
  if (!state) return state;
  const auto now = env.clock->wall();
  if (now - state->written > kResumeTime || state->written - now > kClockSlack)
    return base::fail(base::Errc::timed_out, "the restart took too long: the session is not resumed");
  return state;
}

std::string autostart_entry(const fs::path& program, const fs::path& file) {
  // In quotes, '"', '`', '$' and '\' are escaped; the value's own escapes come on top of it; '%' begins a field code.
  const auto quoted = [](std::string_view s) {
    std::string out = "\"";
    for (const char c : s) {
      if (c == '"' || c == '`' || c == '$') out += "\\\\";
      if (c == '\\') out += "\\\\\\";
      if (c == '%') out += '%';
      out += c;
    }
    return out + '"';
  };
  return fmt::format(
      "[Desktop Entry]\nType=Application\nVersion=1.5\nName=Rescue\nComment=Goes on with a support session after a "
      "restart, once\nExec={} {} {}\nTerminal=false\nX-GNOME-Autostart-enabled=true\n",
      quoted(program.string()), kResumeFlag, quoted(file.string()));
}

base::Result<fs::path> own_program() {
  std::error_code error;
  auto path = fs::read_symlink("/proc/self/exe", error);
  if (error || !fs::exists(path, error))
    return base::fail(base::Errc::not_found, "the applet's program file is no longer there");
  const auto name = path.string();
  if (name.find('\n') != std::string::npos)
    return base::fail(base::Errc::invalid_argument, "the path of the applet's program file has a line end");
  return path;
}

}  // namespace rescue::applet
