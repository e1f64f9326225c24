// SPDX-License-Identifier: Apache-2.0
#include "media/impl/sidecars.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <boost/json/serialize.hpp>

#include <cstdio>
#include <filesystem>

#include "media/impl/notes.hpp"

namespace rescue::media {
namespace {
constexpr std::string_view kPart = ".part";

/// "01:02:03,456"
std::string srt_time(rcrec::Time t) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(t).count();
  return fmt::format("{:02}:{:02}:{:02},{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}
}  // namespace

base::Result<Sidecars> Sidecars::create(const std::string& out, bool events) {
  Sidecars s;
  const std::filesystem::path path(out);
  const auto open = [&](Part& part, const char* suffix) -> base::Result<> {
    part.path = std::filesystem::path(path).replace_extension(suffix).string();
    const std::string name = part.path + std::string(kPart);
    ::unlink(name.c_str());
    // Never open to others, and never what somebody else put there: it holds what was said.
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return base::fail(base::errno_error("create '" + part.path + "'"));
    ::close(fd);
    part.out.open(name, std::ios::binary | std::ios::trunc);
    if (!part.out) return base::fail(base::errno_error("create '" + part.path + "'"));
    return {};
  };
  RESCUE_CHECK(open(s.subtitles_, ".srt"));
  if (events) RESCUE_CHECK(open(s.events_, ".events.jsonl"));
  return s;
}

Sidecars::~Sidecars() {
  if (committed_) return;
  for (const Part* part : {&subtitles_, &events_}) {
    if (!part->path.empty()) ::unlink((part->path + std::string(kPart)).c_str());
  }
}

void Sidecars::add(const rcrec::TimelineItem& item, rcrec::Time at, base::WallTime wall) {
  const auto line = [&](std::string_view kind, const boost::json::object& all) {
    if (events_.path.empty()) return;
    const boost::json::object o{{"t_us", at.count()}, {"time", base::to_rfc3339(wall)}, {"kind", kind}, {"data", all}};
    events_.out << boost::json::serialize(o) << '\n';
  };
  if (const auto* chat = std::get_if<rcrec::ChatItem>(&item.item)) {
    line("chat", chat->all);
  } else if (const auto* event = std::get_if<rcrec::EventItem>(&item.item)) {
    line("event", event->all);
  } else if (const auto* gap = std::get_if<rcrec::GapItem>(&item.item)) {
    line("damage", {{"kind", rcrec::damage_kind_name(gap->place.kind)},
                    {"offset", gap->place.offset},
                    {"length", gap->place.length},
                    {"what", gap->place.what}});
  }
  if (const auto note = note_of(item)) add_cue(at, subrip_text(note->text));
}

void Sidecars::add_cue(rcrec::Time at, const std::string& text) {
  subtitles_.out << ++cues_ << '\n' << srt_time(at) << " --> " << srt_time(at + kCueTime) << '\n' << text << "\n\n";
}

base::Result<std::vector<std::string>> Sidecars::commit() {
  std::vector<std::string> names;
  for (Part* part : {&subtitles_, &events_}) {
    if (part->path.empty()) continue;
    errno = 0;
    part->out.close();
    if (!part->out) return base::fail(base::errno_error("write '" + part->path + "'"));
    if (std::rename((part->path + std::string(kPart)).c_str(), part->path.c_str()) != 0)
      return base::fail(base::errno_error("rename to '" + part->path + "'"));
    names.push_back(part->path);
  }
  committed_ = true;
  return names;
}

}  // namespace rescue::media
