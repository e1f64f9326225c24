// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "client/session_agent.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
using session::ConsentState;
using session::FileStop;
using session::RefusalReason;
using session::StopReason;

json::string_view sv(std::string_view s) { return {s.data(), s.size()}; }
/// A request for a keyframe that got none is repeated after this.
constexpr std::chrono::seconds kKeyframeAgain{2};
/// Pictures are decoded for so long at a time.
constexpr std::chrono::milliseconds kDecodeMost{8};

base::Error consent_error(ConsentState state, std::string_view what) {
  switch (state) {
    case ConsentState::timed_out:
      return {base::Errc::timed_out, fmt::format("{}: the user did not answer", what)};
    case ConsentState::not_in_grant:
      return {base::Errc::denied, fmt::format("{}: not among the rights of this account", what)};
    case ConsentState::expired:
      return {base::Errc::denied, fmt::format("{}: the grant has expired", what)};
    default:
      return {base::Errc::denied, fmt::format("{}: the user said no", what)};
  }
}

base::Error refusal_error(RefusalReason reason, std::string_view what) {
  switch (reason) {
    case RefusalReason::not_in_grant:
      return {base::Errc::denied, fmt::format("{}: not among the rights of this account", what)};
    case RefusalReason::no_consent:
      return {base::Errc::denied, fmt::format("{}: the user has not allowed it", what)};
    case RefusalReason::lease_expired:
      return {base::Errc::denied, fmt::format("{}: the grant has expired", what)};
    case RefusalReason::busy:
      return {base::Errc::conflict, fmt::format("{}: too many at once", what)};
    case RefusalReason::bad_name:
      return {base::Errc::invalid_argument, fmt::format("{}: the name is not allowed", what)};
    case RefusalReason::too_large:
      return {base::Errc::too_large, fmt::format("{}", what)};
    case RefusalReason::user_declined:
      return {base::Errc::denied, fmt::format("{}: the user declined", what)};
    case RefusalReason::unavailable:
      return {base::Errc::unsupported, fmt::format("{}: not available there", what)};
    case RefusalReason::too_soon:
      return {base::Errc::denied, fmt::format("{}: asked again too soon", what)};
    case RefusalReason::needs_recording:
      return {Errc::recording_failed, fmt::format("{}: needs a running recording", what)};
    default:
      return {base::Errc::denied, fmt::format("{}: refused", what)};
  }
}

base::Error stop_error(FileStop reason, std::string_view name) {
  switch (reason) {
    case FileStop::refused:
      return {base::Errc::denied, fmt::format("file '{}': refused", name)};
    case FileStop::no_permission:
    case FileStop::revoked:
      return {base::Errc::denied, fmt::format("file '{}': the user has not allowed it", name)};
    case FileStop::canceled:
      return {base::Errc::canceled, fmt::format("file '{}'", name)};
    case FileStop::bad_name:
      return {base::Errc::invalid_argument, fmt::format("file '{}': the name is not allowed", name)};
    case FileStop::too_large:
      return {base::Errc::too_large, fmt::format("file '{}'", name)};
    case FileStop::hash_mismatch:
      return {base::Errc::verification_failed, fmt::format("file '{}': the hashes differ", name)};
    case FileStop::busy:
      return {base::Errc::conflict, fmt::format("file '{}': too many at once", name)};
    case FileStop::disk:
      return {base::Errc::io, fmt::format("file '{}': the receiver's disk refused", name)};
    case FileStop::source:
      return {base::Errc::io, fmt::format("file '{}': the source cannot be read", name)};
    default:
      return {base::Errc::io, fmt::format("file '{}': {}", name, session::name(reason))};
  }
}

json::object digests(const session::FileFinished& f) {
  return {{"name", f.name},
          {"size", f.size},
          {"md5", base::to_hex(f.digests.md5)},
          {"sha256", base::to_hex(f.digests.sha256)}};
}

}  // namespace

bool SessionAgent::drain() {
  const auto begun = clock_.steady();
  for (bool moved = false;; moved = true) {
    bool any = false;
    while (auto event = core_.poll_event()) {
      const bool picture = std::holds_alternative<session::ScreenArrived>(*event);
      on_event(std::move(*event));
      any = true;
      // Keys and clicks that a view has sent meanwhile come first.
      if (picture && clock_.steady() - begun > kDecodeMost) return true;
    }
    while (auto audit = core_.poll_audit()) {
      on_audit(*audit);
      any = true;
    }
    if (!any) return moved;
  }
}

void SessionAgent::on_event(session::ConsoleEvent event) {
  if (const auto* hello = std::get_if<session::PeerHello>(&event)) {
    peer_software_ = hello->software;
    broadcast("peer", {{"software", hello->software}});
  } else if (const auto* link = std::get_if<session::LinkChanged>(&event)) {
    was_linked_ |= link->up;
    broadcast("link", {{"up", link->up}});
    if (link->up) {
      machine_is_back();
      std::vector<Pending> ready;
      settle([](const Pending& p) { return p.await == Await::link; }, [&](const Pending& p) { ready.push_back(p); });
      for (auto& p : ready) execute(p.view, std::move(p.command));
      if (info_.record_at_once && !record_asked_) {
        record_asked_ = true;
        static_cast<void>(core_.ask(wire::Permission::record_session, now()));
      }
    }
  } else if (const auto* chat = std::get_if<session::ChatReceived>(&event)) {
    if (recorder_) recorder_->chat("customer", chat->text);
    broadcast("chat", {{"from", "applet"}, {"text", chat->text}, {"time", base::to_rfc3339(chat->sent)}});
  } else if (const auto* permission = std::get_if<session::PermissionChanged>(&event)) {
    on_permission(*permission);
  } else if (const auto* displays = std::get_if<session::DisplaysChanged>(&event)) {
    json::array list;
    for (const auto& d : displays->displays)
      list.push_back(
          {{"id", d.id}, {"width", d.width}, {"height", d.height}, {"primary", d.primary}, {"name", d.name}});
    broadcast("displays", {{"displays", std::move(list)}});
    record_displays();
  } else if (const auto* view = std::get_if<session::ViewChanged>(&event)) {
    on_view(*view);
  } else if (const auto* screen = std::get_if<session::ScreenArrived>(&event)) {
    on_screen(*screen);
  } else if (const auto* shape = std::get_if<session::CursorShapeChanged>(&event)) {
    if (screen_.apply(*shape) && recorder_) recorder_->cursor_shape(*screen_.cursor_shape());
  } else if (const auto* move = std::get_if<session::CursorMoved>(&event)) {
    screen_.apply(*move);
    if (recorder_) recorder_->cursor_move(*screen_.cursor_move());
  } else if (const auto* control = std::get_if<session::ControlChanged>(&event)) {
    on_control(*control);
  } else if (const auto* refused = std::get_if<session::Refused>(&event)) {
    on_refused(*refused);
  } else if (const auto* sysinfo = std::get_if<session::SysinfoArrived>(&event)) {
    on_sysinfo(*sysinfo);
  } else if (const auto* action = std::get_if<session::FileAction>(&event)) {
    files_.act(*action, now());
    if (const auto* open = std::get_if<session::OpenForWrite>(action))
      for (auto& p : pending_)
        if (p.await == Await::received_file && p.request != 0 && p.request == open->request) {
          p.transfer = open->transfer;
          p.deadline = clock_.steady() + std::chrono::hours(24);  // it runs; the link's time-outs end it
        }
  } else if (const auto* replied = std::get_if<session::FsReplied>(&event)) {
    on_files(*replied);
  } else if (const auto* file = std::get_if<session::FileEvent>(&event)) {
    on_file(*file);
  } else if (const auto* machine = std::get_if<session::MachineEvent>(&event)) {
    on_machine(*machine);
  } else if (const auto* end = std::get_if<session::SessionEnded>(&event)) {
    on_end(*end);
  } else {
    std::visit(
        [this]<typename E>(const E& e) {
          if constexpr (requires { on_desk(e); }) on_desk(e);
        },
        event);
  }
}

void SessionAgent::on_permission(const session::PermissionChanged& e) {
  const auto name = wire::name(e.permission);
  const char* state = wire::session::EnumNameConsentState(e.state);
  json::object told{{"permission", sv(name)}, {"state", state}};
  if (!e.receipt.empty()) told["receipt"] = base::to_base64url(e.receipt);
  broadcast("consent", std::move(told));
  // The user reads for some seconds, and a view follows.
  if (e.state == ConsentState::asked && e.permission == wire::Permission::desktop_view) screen_.prepare();
  if (e.state == ConsentState::asked || e.state == ConsentState::none) return;
  settle([&](const Pending& p) { return p.await == Await::consent && p.permission == e.permission; },
         [&](const Pending& p) {
           if (e.state == ConsentState::granted)
             reply(p, {{"permission", sv(name)}, {"state", "granted"}});
           else
             fail(p, consent_error(e.state, name));
         });
  if (e.permission == wire::Permission::record_session && e.state == ConsentState::granted && info_.record_at_once &&
      !recorder_) {
    if (auto started = start_recording(info_.record_dir); !started)
      broadcast("recording", {{"state", "failed"}, {"message", message_of(started.error())}});
  }
}

void SessionAgent::on_view(const session::ViewChanged& e) {
  const auto seen = screen_.display();
  // The picture of each view, also of one that goes on with another display, begins with a keyframe.
  screen_.reset(e.active ? std::optional(e.display) : std::nullopt);
  picture_due_ = e.active;
  broadcast("view",
            {{"active", e.active}, {"display", e.display}, {"reason", wire::session::EnumNameStopReason(e.reason)}});
  if (e.active) {
    shown_display_ = e.display;
    return record_displays();
  }
  settle([](const Pending& p) { return p.await == Await::first_picture || p.await == Await::whole_picture; },
         [&](const Pending& p) {
           fail(p, e.reason == StopReason::recording_missing
                       ? base::Error(Errc::recording_failed, "view: needs a running recording")
                       : base::Error(base::Errc::denied,
                                     fmt::format("view: {}", wire::session::EnumNameStopReason(e.reason))));
         });
  if (e.reason == StopReason::recording_missing) ended_unrecorded(seen, false);
}

void SessionAgent::on_screen(const session::ScreenArrived& e) {
  const auto changed = screen_.apply(e);
  if (!changed) {
    // Out of step: everything until a keyframe is lost anyway. It is done with all the same; unacknowledged it would
    // take the room on the way that the keyframe needs.
    core_.screen_decoded(e.sequence, now());
    const auto at = clock_.steady();
    if (!keyframe_asked_ || at - *keyframe_asked_ > kKeyframeAgain) {
      keyframe_asked_ = at;
      core_.screen_broken(now());
    }
    return;
  }
  if (e.keyframe) keyframe_asked_.reset();
  core_.screen_decoded(e.sequence, now());
  if (recorder_)
    record(recorded_.take(e.data, e.keyframe, screen_.complete(), screen_.canvas(), *changed, clock_.steady()));
  if (const auto picture = screen_.take_picture()) on_picture(e, *picture);
}

void SessionAgent::on_picture(const session::ScreenArrived& last, const WholePicture& picture) {
  const auto size = screen_.size();
  if (std::exchange(picture_due_, false)) {
    broadcast("picture", {{"display", last.display}, {"width", size.width}, {"height", size.height}});
    const auto meant = [&](const Pending& p) {
      const auto wanted = p.command.integer("display", 0);
      return p.await == Await::first_picture && (wanted == 0 || wanted == last.display);
    };
    settle(meant, [&](const Pending& p) {
      const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock_.steady() - p.since);
      reply(p, {{"display", last.display},
                {"width", size.width},
                {"height", size.height},
                {"first_picture_us", took.count()}});
    });
  }
  settle([](const Pending& p) { return p.await == Await::whole_picture; },
         [&](const Pending& p) { answer(p.view, p.command, save_screenshot(p.view, p.command)); });
  json::array rects;
  for (const auto& [id, view] : views_) {
    if (!view.frames) continue;
    if (rects.empty())
      for (const auto& r : picture.changed.rects()) rects.push_back({r.x, r.y, r.width, r.height});
    hooks_.send(id, event_line("frame", {{"n", screen_.frames()},
                                         {"display", last.display},
                                         {"keyframe", picture.keyframe},
                                         {"exact", picture.exact},
                                         {"packets", picture.packets},
                                         {"bytes", picture.bytes},
                                         {"captured", base::to_rfc3339(last.captured)},
                                         {"changed", rects}}));
  }
}

void SessionAgent::on_control(const session::ControlChanged& e) {
  broadcast("control",
            {{"active", e.active}, {"held", e.held}, {"reason", wire::session::EnumNameStopReason(e.reason)}});
  if (!e.active) holder_ = ViewId(0);
  if (e.active && e.held) return;  // usable when the user has decided and half a second more
  settle([](const Pending& p) { return p.await == Await::control; },
         [&](const Pending& p) {
           if (e.active)
             reply(p, {});
           else
             fail(p, base::Error(base::Errc::denied,
                                 fmt::format("control: {}", wire::session::EnumNameStopReason(e.reason))));
         });
  if (!e.active && e.reason == StopReason::recording_missing) ended_unrecorded(std::nullopt, true);
}

void SessionAgent::on_refused(const session::Refused& e) {
  using session::Action;
  const std::string action = wire::session::EnumNameAction(e.action);
  broadcast("refused", {{"action", action}, {"id", e.id}, {"reason", wire::session::EnumNameRefusalReason(e.reason)}});
  const auto error = refusal_error(e.reason, action);
  settle(
      [&](const Pending& p) {
        switch (e.action) {
          case Action::view:
            return p.await == Await::first_picture;
          case Action::control:
            return p.await == Await::control;
          case Action::file_to_console:
            return p.await == Await::received_file && p.request == e.id;
          case Action::system_information:
            return p.await == Await::sysinfo && p.request == e.id;
          case Action::ask:
            return p.await == Await::consent && static_cast<std::uint32_t>(p.permission) == e.id;
          default:
            return desk_refused(p, e);
        }
      },
      [&](const Pending& p) { fail(p, error); });
  if (e.action == Action::control && !core_.controlling()) holder_ = ViewId(0);
}

void SessionAgent::on_sysinfo(const session::SysinfoArrived& e) {
  json::object sections;
  for (const auto& s : e.sections) {
    json::object items;
    for (const auto& item : s.items) items[item.key] = item.value;
    sections[s.name] = std::move(items);
  }
  settle([&](const Pending& p) { return p.await == Await::sysinfo && p.request == e.request; },
         [&](const Pending& p) { reply(p, {{"sections", sections}}); });
}

void SessionAgent::on_file(const session::FileEvent& event) {
  const auto number = std::visit([](const auto& e) { return e.transfer.number; }, event);
  if (session::purpose_of(number) == session::FilePurpose::file_manager) return on_tree_file(event);
  if (const auto* offered = std::get_if<session::FileOffered>(&event)) {
    broadcast("file", {{"state", "offered"},
                       {"direction", sv(session::name(offered->transfer.direction))},
                       {"transfer", offered->transfer.number},
                       {"name", offered->name},
                       {"size", offered->size}});
  } else if (const auto* progress = std::get_if<session::FileProgress>(&event)) {
    const auto line = event_line("file", {{"state", "progress"},
                                          {"direction", sv(session::name(progress->transfer.direction))},
                                          {"transfer", progress->transfer.number},
                                          {"done", progress->done},
                                          {"size", progress->size}});
    for (const auto& [id, view] : views_) hooks_.send(id, line);
  } else if (const auto* f = std::get_if<session::FileFinished>(&event)) {
    const bool ok = f->reason == FileStop::none;
    auto fields =
        ok ? digests(*f) : json::object{{"name", f->name}, {"size", f->size}, {"reason", sv(session::name(f->reason))}};
    fields["direction"] = sv(session::name(f->transfer.direction));
    fields["transfer"] = f->transfer.number;
    if (auto path = files_.path_of(f->transfer)) fields["path"] = path->string();
    const auto request = files_.request_of(f->transfer);
    settle(
        [&](const Pending& p) {
          if (p.await == Await::sent_file) return p.transfer == f->transfer;
          return p.await == Await::received_file &&
                 (p.transfer == f->transfer || (request != 0 && p.request == request));
        },
        [&](const Pending& p) {
          if (ok)
            reply(p, fields);
          else
            fail(p, stop_error(f->reason, f->name));
        });
    fields["state"] = ok ? "complete" : f->accepted ? "failed" : "refused";
    broadcast("file", std::move(fields));
    files_.forget(f->transfer);
  }
}

void SessionAgent::on_end(const session::SessionEnded& e) {
  if (ended_) return;
  ended_ = true;
  if (recorder_) static_cast<void>(stop_recording());
  settle([](const Pending& p) { return p.await != Await::event; },
         [&](const Pending& p) { fail(p, base::Error(Errc::session_over, "the session has ended")); });
  broadcast("ended", {{"by", wire::session::EnumNameEndedBy(e.by)}, {"reason", e.reason}});
  stop();
}

void SessionAgent::on_audit(const session::AuditEvent& e) {
  LogEvent out;
  out.time = base::to_rfc3339(e.time);
  out.type = std::string(e.type);
  out.actor = e.actor;
  out.data = e.data_json();
  if (recorder_ && e.type != session::audit_type::kChat) {
    auto data = parse_json(out.data);
    recorder_->event(out.type, data && data->is_object() ? data->as_object() : json::object());
  }
  hooks_.log(std::move(out));
}

}  // namespace rescue::client
