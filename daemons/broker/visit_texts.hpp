// SPDX-License-Identifier: Apache-2.0
// What the pages of the person who is helped say, in each language. Braces are places for fmt: {0} is the organisation
// unless the comment names something else.
#pragma once

#include "daemons/broker/visit.hpp"

namespace rescue::broker::visit {

struct Texts {
  std::string_view language;   // its own name, for the switch
  std::string_view help_from;  // heading of the start page
  std::string_view pin_intro, pin_label, pin_hint, go_on;
  std::string_view next_heading;  // what happens then
  std::array<std::string_view, 3> next;
  std::string_view warning_heading, warning, warning_do;
  std::string_view installed_heading, installed;
  std::string_view channel_heading;  // {0}: the channel
  std::string_view channel_intro, name_label, problem_label, problem_hint, ask_help;
  std::string_view ready_heading, ready_intro;
  std::string_view download;  // {0}: system, {1}: size
  std::string_view start_heading;
  std::array<std::string_view, 3> start_windows, start_linux;
  std::string_view start_terminal;
  std::string_view check_heading, check_hash, check_how, check_later, signed_by, unsigned_file, signature_file,
      certificate_file;
  std::string_view other_heading, other_system;  // {0}: system
  std::string_view no_system_heading, no_system, no_file_heading, no_file;
  std::string_view again;  // the same browser may fetch it again
  std::string_view running_heading, running;
  std::string_view over_heading, over, to_start;
  std::string_view sorry_heading;
  std::string_view contact, privacy, privacy_link, runs;  // runs: who runs the page
  std::string_view pin_unknown, pin_malformed, pin_expired, pin_spent, session_ended, too_many, busy, elsewhere,
      channel_unknown, name_missing, field_wrong, failed;
  std::string_view megabytes;  // {0}: number
};
[[nodiscard]] const Texts& texts(Language language);
[[nodiscard]] std::string_view shown_name(System system);

}  // namespace rescue::broker::visit
