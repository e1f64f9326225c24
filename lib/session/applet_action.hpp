// SPDX-License-Identifier: Apache-2.0
// What the core of the supported end tells its host to do, in order.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.hpp"
#include "session/activity.hpp"
#include "session/consent.hpp"
#include "session/desk_events.hpp"
#include "session/file_manager.hpp"
#include "session/file_transfer.hpp"
#include "session/machine_actions.hpp"
#include "session/question.hpp"
#include "wire/channel.hpp"
#include "wire/session_messages.hpp"

namespace rescue::session {

using wire::Channel;

struct DisplayInfo {
  std::uint32_t id = 0;
  std::int32_t x = 0, y = 0;  // on the virtual desktop, pixels
  std::uint32_t width = 0, height = 0;
  std::uint16_t scale_percent = 100;
  bool primary = false;
  std::string name;
  friend bool operator==(const DisplayInfo&, const DisplayInfo&) = default;
};
struct SysinfoItem {
  std::string key, value;
  friend bool operator==(const SysinfoItem&, const SysinfoItem&) = default;
};
struct SysinfoSection {
  std::string name;
  std::vector<SysinfoItem> items;
  friend bool operator==(const SysinfoSection&, const SysinfoSection&) = default;
};

// ---- actions: what the host must do, in order
struct ShowPrompt {
  Prompt prompt;
  std::string technician_name, technician_email, organisation;  // from the grant, for people
  bool recorded = false;  // a rule of the organisation wants what is asked for recorded
};
struct ClosePrompt {
  PromptId id;
};
struct InjectKey {
  std::uint32_t keysym = 0, keycode = 0;
  bool down = false;
};
struct InjectText {
  std::string text;
};
struct InjectPointer {
  std::uint32_t display = 0;  // an id of set_displays()
  std::int32_t x = 0, y = 0;  // inside that display
  std::uint32_t buttons = 0;
  std::int8_t wheel_x = 0, wheel_y = 0;
};
struct ReleaseInput {};
/// Begin with a keyframe of this display; also when the view changes its display or a keyframe is asked for.
struct StartCapture {
  std::uint32_t display = 0;
  unsigned max_frames_per_s = 30;
  bool exact = false;  // the technician wants every pixel exact from the first moment on
};
struct KeyframeWanted {};
struct StopCapture {};
/// can_send_screen() became true.
struct ScreenWanted {};
struct ChooseFile {
  std::uint32_t request = 0;  // answer with file_chosen() or file_not_chosen()
};
struct CollectSysinfo {
  std::uint32_t request = 0;          // answer with sysinfo_collected()
  std::vector<std::string> sections;  // empty: all
};
struct ShowChat {
  std::string from, text;  // text is valid UTF-8, not made safe for a terminal
  base::WallTime sent;
};
/// What the window shows all the time; sent whenever it changes.
struct ShowStatus {
  bool linked = false;
  bool viewing = false;
  bool controlling = false;
  bool input_held = false;
  bool recording = false;
  PermissionSet in_force;
  ActivitySet on;  // what goes on right now, of all kinds
  friend bool operator==(const ShowStatus&, const ShowStatus&) = default;
};
struct ShowFile {
  FileEvent event;
};
struct SessionEnded {
  wire::session::EndedBy by = wire::session::EndedBy::none;
  std::string reason;
  bool inactive = false;  // nobody did anything for too long
};
/// Put this to the user; answer with AppletSession::question_answered().
struct AskUser {
  QuestionId id;
  Question question;
  base::SteadyTime deadline;  // then it counts as no answer
  std::string technician_name, technician_email, organisation;
};
struct CloseQuestion {
  QuestionId id;
};
/// One alternative per feature (applet_feature.hpp), in a header of its own.
using AppletAction =
    std::variant<ShowPrompt, ClosePrompt, InjectKey, InjectText, InjectPointer, ReleaseInput, StartCapture,
                 KeyframeWanted, StopCapture, ScreenWanted, ChooseFile, CollectSysinfo, FileAction, ShowChat,
                 ShowStatus, ShowFile, SessionEnded, AskUser, CloseQuestion, OpenUrl, ShareClipboard, SetClipboardText,
                 ReadClipboard, ScriptAction, AccountAction, RebootAction, FileManagerAction>;

}  // namespace rescue::session
