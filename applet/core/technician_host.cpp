// SPDX-License-Identifier: Apache-2.0
#include "applet/core/technician_host.hpp"

#include <algorithm>

#include "applet/core/system_information.hpp"

namespace rescue::applet {

TechnicianHost::TechnicianHost(PersonId person, session::AppletSession& core, PersonNames names,
                               const HostServices& services)
    : person_(person),
      services_(services),
      names_(std::move(names)),
      core_(core),
      capture_(services.make_capture, person, services.deliver),
      machine_(person, core, services.machine, services.deliver),
      desk_(person, services.desk, services.deliver) {
  services_.files.introduce(person_, names_.email);
}

TechnicianHost::~TechnicianHost() {
  services_.input.release_all();
  services_.file_manager.forget(person_);
  services_.files.forget(person_);
  services_.ui.remove_person(person_);
}

void TechnicianHost::drain(session::Now now) {
  while (auto action = core_.poll_action()) act(*action, now);
  while (auto event = core_.poll_audit()) services_.audit(names_.email, *event);
}

void TechnicianHost::act(session::AppletAction& action, session::Now now) {
  std::visit(
      [&]<typename A>(A& a) {
        if constexpr (std::is_same_v<A, session::ShowPrompt>) {
          // The user reads for some seconds, the view is wanted at once after that.
          if (a.prompt.covers.has(wire::Permission::desktop_view)) capture_.prepare();
          services_.ui.show_prompt({person_, a});
        } else if constexpr (std::is_same_v<A, session::ClosePrompt>) {
          if (!core_.in_force(wire::Permission::desktop_view, now)) capture_.unprepare();
          services_.ui.close_prompt(person_, a.id);
        } else if constexpr (std::is_same_v<A, session::InjectKey>)
          services_.input.post(KeyInput{a.keysym, a.down, a.keycode});
        else if constexpr (std::is_same_v<A, session::InjectText>)
          services_.input.post(TextInput{std::move(a.text)});
        else if constexpr (std::is_same_v<A, session::InjectPointer>)
          inject_pointer(a);
        else if constexpr (std::is_same_v<A, session::ReleaseInput>)
          services_.input.release_all();
        else if constexpr (std::is_same_v<A, session::StartCapture>) {
          capture_.start(a.display, a.max_frames_per_s, a.exact);
          if (core_.can_send_screen(now)) capture_.may_send(core_.screen_link());
        } else if constexpr (std::is_same_v<A, session::KeyframeWanted>)
          capture_.keyframe();
        else if constexpr (std::is_same_v<A, session::StopCapture>) {
          capture_.stop();
          if (!core_.in_force(wire::Permission::desktop_view, now)) capture_.unprepare();
        } else if constexpr (std::is_same_v<A, session::ScreenWanted>)
          capture_.may_send(core_.screen_link());
        else if constexpr (std::is_same_v<A, session::ChooseFile>)
          choose_file(a.request);
        else if constexpr (std::is_same_v<A, session::CollectSysinfo>)
          collect(a);
        else if constexpr (std::is_same_v<A, session::FileAction>)
          services_.files.act(person_, std::move(a));
        else if constexpr (std::is_same_v<A, session::FileManagerAction>)
          services_.file_manager.act(person_, std::move(a));
        else if constexpr (std::is_same_v<A, session::ScriptAction> || std::is_same_v<A, session::AccountAction> ||
                           std::is_same_v<A, session::RebootAction>)
          machine_.act(a, now);
        else if constexpr (std::is_same_v<A, session::ShowChat>)
          services_.ui.show_chat({a.from, a.text, a.sent});
        else if constexpr (std::is_same_v<A, session::ShowStatus>)
          services_.ui.show_person({person_, names_.name, names_.email, names_.organisation, a});
        else if constexpr (std::is_same_v<A, session::ShowFile>)
          services_.ui.show_file({person_, a.event});
        else if constexpr (std::is_same_v<A, session::AskUser>)
          services_.ui.ask({person_, std::move(a)});
        else if constexpr (std::is_same_v<A, session::CloseQuestion>)
          services_.ui.close_question(person_, a.id);
        else if constexpr (std::is_same_v<A, session::OpenUrl> || std::is_same_v<A, session::ShareClipboard> ||
                           std::is_same_v<A, session::SetClipboardText> || std::is_same_v<A, session::ReadClipboard>)
          desk_.act(a);
        else if constexpr (std::is_same_v<A, session::SessionEnded>)
          ended_ = a;
      },
      action);
}

// The session speaks of pixels of a display, the desktop of one plane on which displays lie.
void TechnicianHost::inject_pointer(const session::InjectPointer& p) {
  const auto displays = capture_.displays();
  auto display = std::ranges::find(displays, p.display, &desktop::Display::id);
  if (display == displays.end()) return;
  services_.input.post(PointerInput{display->area.x + p.x, display->area.y + p.y, p.buttons, p.wheel_x, p.wheel_y});
}

void TechnicianHost::collect(const session::CollectSysinfo& request) {
  (services_.desk.slow != nullptr ? *services_.desk.slow : services_.worker).post([request, person = person_, deliver = services_.deliver] {
    deliver(person, [request = request.request, sections = collect_system_information(request.sections)](
                        session::AppletSession& s, session::Now now) { s.sysinfo_collected(request, sections, now); });
  });
}

void TechnicianHost::choose_file(std::uint32_t request) {
  if (!services_.offer_file.empty()) return services_.files.offer(person_, request, services_.offer_file);
  services_.ui.ask_file({person_, request, names_.name, names_.email});
}

}  // namespace rescue::applet
