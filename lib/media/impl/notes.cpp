// SPDX-License-Identifier: Apache-2.0
#include "media/impl/notes.hpp"

#include "base/utf8.hpp"

namespace rescue::media {
namespace {
/// An empty line would end a cue of subtitles.
std::string one_block(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' && (out.empty() || out.back() == '\n')) continue;
    out.push_back(c);
  }
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}
}  // namespace

std::string subrip_text(const std::string& text) {
  constexpr std::string_view kWordJoiner = "\u2060";
  std::string out;
  for (const char c : text) {
    const bool ends_arrow = c == '>' && out.ends_with('-');
    const bool begins_tag = c == '\\' && out.ends_with('{');
    if (ends_arrow || begins_tag) out += kWordJoiner;
    out.push_back(c);
    if (c == '<') out += kWordJoiner;
  }
  return out;
}

std::string webvtt_text(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::optional<Note> note_of(const rcrec::TimelineItem& item) {
  if (const auto* chat = std::get_if<rcrec::ChatItem>(&item.item))
    return Note{NoteKind::chat,
                base::to_display_text(chat->from) + ": " + one_block(base::to_display_text(chat->text, true))};
  if (const auto* event = std::get_if<rcrec::EventItem>(&item.item))
    return Note{NoteKind::event, "[" + base::to_display_text(event->type) + "]"};
  return std::nullopt;
}

}  // namespace rescue::media
