// SPDX-License-Identifier: Apache-2.0
// The web pages of the person who is helped: PIN, channel, download. Plain HTML that works without script, in the
// languages of visit_texts.hpp. Nothing on a page comes from elsewhere, and nothing stands inline, so that the content
// policy can forbid both.
#pragma once

#include "daemons/broker/visit_texts.hpp"

namespace rescue::broker::visit {

inline constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

inline constexpr std::size_t kMaxVisitorName = 200;
inline constexpr std::size_t kMaxProblem = 2000;

/// Whose site it is, as its configuration says. Texts come as they are; pages escape them.
struct Brand {
  std::string organisation;
  bool logo = false;
  std::array<std::string, kLanguages> contact, privacy;  // empty: none
  std::string privacy_url;
  std::string command;  // how to start an installed applet: "rescue-applet --server URL --pin DIGITS"
};
struct Frame {
  const Brand& brand;
  Language language = Language::en;
  bool by_query = false;  // the language was chosen: links and forms keep it
  std::string path;       // of the page, for the switch of language: "/c/billing"
};

struct StartForm {
  std::string pin;
  std::string_view problem;  // why the last try was refused; empty: none
};
[[nodiscard]] std::string start_page(const Frame& frame, const StartForm& form);

struct ChannelForm {
  std::string channel;
  std::string name, problem_text;
  std::string_view problem;
};
[[nodiscard]] std::string channel_page(const Frame& frame, const ChannelForm& form);

struct Offer {
  System system;
  std::size_t bytes;
  std::string sha256;     // hex; empty: not known before it is made
  std::string publisher;  // who signs; empty: nobody
};
/// `others`: what there is for other systems.
[[nodiscard]] std::string ready_page(const Frame& frame, const Offer& offer, const std::vector<System>& others);
/// There is something to download, but not for the visitor's device.
[[nodiscard]] std::string no_system_page(const Frame& frame, const std::vector<System>& others);
/// The site gives out no applets.
[[nodiscard]] std::string no_file_page(const Frame& frame);
[[nodiscard]] std::string running_page(const Frame& frame);
[[nodiscard]] std::string over_page(const Frame& frame);
[[nodiscard]] std::string sorry_page(const Frame& frame, std::string_view text);

/// "#rrggbb" of buttons and links, for light and dark screens.
[[nodiscard]] std::string style(std::string_view accent, std::string_view accent_dark);
/// "#000000" or "#ffffff", whichever is read better on it (WCAG 2.2, relative luminance).
[[nodiscard]] std::string_view readable_on(std::string_view colour);
[[nodiscard]] std::string_view script();

}  // namespace rescue::broker::visit
