// SPDX-License-Identifier: Apache-2.0
// What the technician's end tells its views, scripts and recorder.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "session/applet_action.hpp"

namespace rescue::session {

using wire::session::Action;
using wire::session::ConsentState;
using wire::session::EndedBy;
using wire::session::RefusalReason;
using wire::session::StopReason;

// ---- events: for views, scripts and the recorder
struct PeerHello {
  std::string software;
};
struct LinkChanged {
  bool up = false;
};
struct ChatReceived {
  std::string text;
  base::WallTime sent;
};
struct PermissionChanged {
  Permission permission;
  ConsentState state = ConsentState::none;
  base::Bytes receipt;  // signed by the applet; empty where nobody answered anything
};
struct DisplaysChanged {
  std::vector<DisplayInfo> displays;
};
struct ViewChanged {
  bool active = false;
  std::uint32_t display = 0;
  StopReason reason = StopReason::none;
};
/// Answer with screen_decoded(sequence) or screen_broken().
struct ScreenArrived {
  std::uint32_t sequence = 0;
  std::uint32_t display = 0;
  bool keyframe = false;
  base::WallTime captured;
  base::Bytes data;
};
struct CursorShapeChanged {
  std::uint16_t width = 0, height = 0, hot_x = 0, hot_y = 0;
  base::Bytes rgba;
};
struct CursorMoved {
  std::uint32_t display = 0;
  std::int32_t x = 0, y = 0;
  bool visible = true;
};
struct ControlChanged {
  bool active = false;
  bool held = false;  // input is being dropped while the user decides
  StopReason reason = StopReason::none;
};
struct Refused {
  Action action = Action::none;
  std::uint32_t id = 0;
  RefusalReason reason = RefusalReason::other;
};
/// The digits for the technician to read out; `failed` without digits: somebody stands between the ends.
struct SasChanged {
  std::string digits;
  wire::session::SasOutcome outcome = wire::session::SasOutcome::none;
  std::uint8_t attempts_left = 0;
};
struct SysinfoArrived {
  std::uint32_t request = 0;
  std::vector<SysinfoSection> sections;
};
/// One alternative per feature (console_feature.hpp), in a header of its own.
using ConsoleEvent =
    std::variant<PeerHello, LinkChanged, ChatReceived, PermissionChanged, DisplaysChanged, ViewChanged, ScreenArrived,
                 CursorShapeChanged, CursorMoved, ControlChanged, Refused, SysinfoArrived, FileAction, FileEvent,
                 SessionEnded, SasChanged, UrlChanged, ClipboardShared, ClipboardOffered, ClipboardArrived,
                 ClipboardLost, ClipboardTaken, MachineEvent, FsReplied>;

}  // namespace rescue::session
