// SPDX-License-Identifier: Apache-2.0
// What people said and what happened, as lines to show.
#pragma once

#include <optional>
#include <string>

#include "rcrec/reader.hpp"

namespace rescue::media {

/// How long a line stands.
inline constexpr rcrec::Time kCueTime = std::chrono::seconds(5);

enum class NoteKind : std::uint8_t { chat, event };
struct Note {
  NoteKind kind{};
  std::string text;  // safe to show; chat may have several lines, none of them empty
};
/// Of a chat line or an event.
[[nodiscard]] std::optional<Note> note_of(const rcrec::TimelineItem& item);
/// A note's text for SubRip, where readers look for tags ("<i>", "{\an8}") and for times ("-->") in it: word joiners,
/// which are not seen, part what must not be found.
[[nodiscard]] std::string subrip_text(const std::string& text);
/// The same for WebVTT, with its escapes.
[[nodiscard]] std::string webvtt_text(const std::string& text);

}  // namespace rescue::media
