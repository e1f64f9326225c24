// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <unistd.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "client/session_agent.hpp"
#include "wire/session_limits.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;

/// Commands that are put to the supported end, and so need the link.
bool needs_link(ScriptVerb v) {
  switch (v) {
    case ScriptVerb::chat:
    case ScriptVerb::ask:
    case ScriptVerb::view:
    case ScriptVerb::control:
    case ScriptVerb::key:
    case ScriptVerb::type:
    case ScriptVerb::pointer:
    case ScriptVerb::send:
    case ScriptVerb::receive:
    case ScriptVerb::sysinfo:
    case ScriptVerb::url:
    case ScriptVerb::clipboard_sync:
    case ScriptVerb::clipboard_set:
    case ScriptVerb::clipboard_get:
    case ScriptVerb::fs_list:
    case ScriptVerb::fs_stat:
    case ScriptVerb::fs_make:
    case ScriptVerb::fs_rename:
    case ScriptVerb::fs_remove:
    case ScriptVerb::fs_get:
    case ScriptVerb::fs_put:
      return true;
    default:
      return false;
  }
}

base::Duration timeout_of(const ScriptCommand& c, base::Duration fallback) {
  const auto* v = c.fields.if_contains("timeout");
  if (v == nullptr) return fallback;
  if (v->is_string()) return base::parse_duration(std::string_view(v->as_string())).value_or(fallback);
  const double seconds = v->is_double() ? v->as_double() : v->is_int64() ? static_cast<double>(v->as_int64()) : 0.0;
  return base::Duration(static_cast<std::int64_t>(std::clamp(seconds, 0.0, 86'400.0) * 1e6));
}

std::unexpected<base::Error> input_is_taken() {
  return base::fail(Errc::input_taken, "another view holds pointer and keyboard");
}

/// Every field of `where` has the same value in `event`.
bool matches(const json::object& event, const ScriptCommand& wait) {
  const auto* name = event.if_contains("event");
  if (name == nullptr || !name->is_string() || std::string_view(name->as_string()) != wait.text("for")) return false;
  const auto* where = wait.fields.if_contains("where");
  if (where == nullptr || !where->is_object()) return true;
  return std::ranges::all_of(where->as_object(), [&](const auto& pair) {
    const auto* have = event.if_contains(pair.key());
    return have != nullptr && *have == pair.value();
  });
}

}  // namespace

std::filesystem::path SessionAgent::resolve(ViewId view, const std::string& path) const {
  const std::filesystem::path p(path);
  const auto it = views_.find(view);
  return p.is_absolute() || it == views_.end() ? p : (it->second.cwd / p).lexically_normal();
}

void SessionAgent::execute(ViewId view, ScriptCommand c) {
  if (ended_ && c.verb != ScriptVerb::hello && c.verb != ScriptVerb::state && c.verb != ScriptVerb::wait &&
      c.verb != ScriptVerb::unrecord)
    return answer(view, c, base::Result<void>(base::fail(Errc::session_over, "the session has ended")));
  if (needs_link(c.verb) && !core_.link_up() && !was_linked_) {
    wait_for(view, std::move(c), Await::link, kFirstLink);
    return;
  }
  switch (c.verb) {
    case ScriptVerb::hello:
      return hello(view, c);
    case ScriptVerb::chat:
      return chat(view, c);
    case ScriptVerb::ask:
      return ask(view, std::move(c));
    case ScriptVerb::view:
      return start_view(view, std::move(c));
    case ScriptVerb::unview:
      core_.stop_view(now());
      return answer(view, c, base::Result<void>());
    case ScriptVerb::control:
      return start_control(view, std::move(c));
    case ScriptVerb::uncontrol:
      return stop_control(view, c);
    case ScriptVerb::key:
    case ScriptVerb::type:
    case ScriptVerb::pointer:
      return input(view, c);
    case ScriptVerb::screenshot:
      return screenshot(view, std::move(c));
    case ScriptVerb::send:
      return send_file(view, std::move(c));
    case ScriptVerb::receive:
      return receive_file(view, std::move(c));
    case ScriptVerb::cancel:
      for (const auto& p : pending_)
        if (p.view == view && (p.await == Await::sent_file || p.await == Await::received_file))
          core_.cancel_file(p.transfer, now());
      cancel_files(view);
      return answer(view, c, base::Result<void>());
    case ScriptVerb::sysinfo:
      return sysinfo(view, std::move(c));
    case ScriptVerb::url:
      return send_url(view, std::move(c));
    case ScriptVerb::clipboard_sync:
      return share_clipboard(view, std::move(c));
    case ScriptVerb::clipboard_set:
      return set_clipboard(view, std::move(c));
    case ScriptVerb::clipboard_get:
      return get_clipboard(view, std::move(c));
    case ScriptVerb::fs_list:
    case ScriptVerb::fs_stat:
    case ScriptVerb::fs_make:
    case ScriptVerb::fs_rename:
    case ScriptVerb::fs_remove:
    case ScriptVerb::fs_get:
    case ScriptVerb::fs_put:
      return manage_files(view, std::move(c));
    case ScriptVerb::record:
      return answer(view, c,
                    start_recording(c.has("directory") ? resolve(view, c.text("directory")) : info_.record_dir));
    case ScriptVerb::unrecord:
      return answer(view, c, stop_recording());
    case ScriptVerb::wait:
      return wait_event(view, std::move(c));
    case ScriptVerb::subscribe:
      views_[view].frames = c.boolean("frames", false);
      return answer(view, c, base::Result<void>());
    case ScriptVerb::state:
      return answer(view, c, base::Result<json::object>(state(view)));
    case ScriptVerb::close:
      return close(view, c);
    case ScriptVerb::run:
      return run_script(view, std::move(c));
    case ScriptVerb::kill:
      return kill_script(view, c);
    case ScriptVerb::reboot:
      return reboot(view, std::move(c));
    case ScriptVerb::credentials:
      return credentials(view, std::move(c));
  }
}

void SessionAgent::hello(ViewId view, const ScriptCommand& c) {
  auto& v = views_[view];
  v.cwd = c.text("cwd", "/");
  v.name = c.text("name", "view");
  v.greeted = true;
  auto fields = state(view);
  fields["software"] = info_.software;
  fields["picked_up_at"] = base::to_rfc3339(info_.picked_up);
  answer(view, c, base::Result<json::object>(std::move(fields)));
}

void SessionAgent::chat(ViewId view, const ScriptCommand& c) {
  const auto text = c.text("text");
  auto sent = core_.chat(text, now());
  if (sent) {
    if (recorder_) recorder_->chat("technician", text);
    broadcast("chat", {{"from", "console"}, {"text", text}, {"time", base::to_rfc3339(clock_.wall())}}, view);
  }
  answer(view, c, sent);
}

void SessionAgent::ask(ViewId view, ScriptCommand c) {
  const auto name = c.text("permission");
  const auto permission = wire::parse_permission(name);
  if (!permission)
    return answer(
        view, c, base::Result<void>(base::fail(base::Errc::invalid_argument, fmt::format("no permission '{}'", name))));
  if (core_.state(*permission) == session::ConsentState::granted)
    return answer(view, c, base::Result<json::object>(json::object{{"permission", name}, {"state", "granted"}}));
  if (auto asked = core_.ask(*permission, now()); !asked) return answer(view, c, asked);
  // The user's own time-out comes first; this one is for a supported end that says nothing at all.
  wait_for(view, std::move(c), Await::consent, session::kConsentTimeoutMax + kAnswer).permission = *permission;
}

void SessionAgent::start_view(ViewId view, ScriptCommand c) {
  if (auto ready = ensure_recording("the view"); !ready) return answer(view, c, ready);
  auto display = c.integer("display", 0);
  const auto fps = c.integer("fps", 30);
  if (display < 0 || display > UINT32_MAX || fps < 1 || fps > 60)
    return answer(view, c,
                  base::Result<void>(base::fail(base::Errc::invalid_argument, "view: display or fps out of range")));
  const auto fidelity = c.text("fidelity", view_exact_ ? "exact" : "auto");
  if (fidelity != "exact" && fidelity != "auto")
    return answer(view, c,
                  base::Result<void>(base::fail(base::Errc::invalid_argument, "view: fidelity is 'auto' or 'exact'")));
  view_fps_ = static_cast<unsigned>(fps);
  const bool exact = fidelity == "exact";
  const bool as_before = std::exchange(view_exact_, exact) == exact;
  // Said, 0 is the primary display; left out, it is the one that is seen already.
  const auto primary = std::ranges::find(core_.displays(), true, &session::DisplayInfo::primary);
  if (display == 0 && core_.viewing() && primary != core_.displays().end())
    display = c.has("display") ? primary->id : shown_display_;
  const bool same = core_.viewing() && static_cast<std::uint32_t>(display) == screen_.display() && as_before;
  if (same && screen_.current())
    return answer(
        view, c,
        base::Result<json::object>(json::object{
            {"display", screen_.display()}, {"width", screen_.size().width}, {"height", screen_.size().height}}));
  if (auto started = core_.start_view(static_cast<std::uint32_t>(display), view_fps_, now(), view_exact_); !started)
    return answer(view, c, started);
  wait_for(view, std::move(c), Await::first_picture, kFirstPicture);
}

base::Result<> SessionAgent::take_input(ViewId view) {
  if (holder_ != ViewId(0) && holder_ != view) return input_is_taken();
  if (holder_ != view) {
    holder_ = view;
    broadcast("input", {{"held", true}, {"by", views_[view].name}}, view);
  }
  return {};
}

void SessionAgent::start_control(ViewId view, ScriptCommand c) {
  if (auto ready = ensure_recording("control"); !ready) return answer(view, c, ready);
  if (auto taken = take_input(view); !taken) return answer(view, c, taken);
  if (core_.controlling() && !core_.control_held()) return answer(view, c, base::Result<void>());
  if (auto started = core_.controlling() ? base::Result<void>() : core_.start_control(now()); !started) {
    holder_ = ViewId(0);
    return answer(view, c, started);
  }
  wait_for(view, std::move(c), Await::control, kAnswer);
}

void SessionAgent::stop_control(ViewId view, const ScriptCommand& c) {
  if (holder_ != ViewId(0) && holder_ != view) return answer(view, c, base::Result<void>(input_is_taken()));
  core_.stop_control(now());
  if (std::exchange(holder_, ViewId(0)) == view) broadcast("input", {{"held", false}}, view);
  settle([](const Pending& p) { return p.await == Await::control; },
         [&](const Pending& p) { fail(p, base::Error(base::Errc::canceled, "control: given back before it began")); });
  drain();
  answer(view, c, base::Result<void>());
}

void SessionAgent::input(ViewId view, const ScriptCommand& c) {
  // Without control there is nothing to hold; the core says why it refuses.
  if (core_.controlling()) {
    if (auto taken = take_input(view); !taken) return answer(view, c, taken);
  }
  base::Result<void> done;
  if (core_.control_held())
    return answer(view, c,
                  base::Result<void>(
                      base::fail(Errc::input_held, "the user is being asked something; input is dropped until then")));
  if (c.verb == ScriptVerb::key) {
    const auto* v = c.fields.if_contains("keysym");
    const auto keysym = v->is_int64() ? static_cast<std::uint32_t>(v->as_int64())
                                      : keysym_of(std::string_view(v->as_string())).value_or(0);
    const auto keycode = static_cast<std::uint32_t>(std::clamp<std::int64_t>(c.integer("keycode"), 0, 65535));
    const bool both = !c.has("down");
    done = core_.key(keysym, keycode, both || c.boolean("down", true), now());
    if (done && both) done = core_.key(keysym, keycode, false, now());
  } else if (c.verb == ScriptVerb::type) {
    const auto text = c.text("text");
    for (std::size_t at = 0; done && at < text.size();) {
      auto end = std::min(text.size(), at + wire::kInputTextMax);
      while (end < text.size() && end > at && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;  // whole characters
      done = core_.type_text(std::string_view(text).substr(at, end - at), now());
      at = end;
    }
  } else {
    const auto in_range = [&](std::string_view key, std::int64_t low, std::int64_t high) {
      const auto v = c.integer(key);
      return v >= low && v <= high;
    };
    if (!in_range("x", INT32_MIN, INT32_MAX) || !in_range("y", INT32_MIN, INT32_MAX) || !in_range("buttons", 0, 31) ||
        !in_range("wheel_x", -128, 127) || !in_range("wheel_y", -128, 127) || !in_range("display", 0, UINT32_MAX))
      done = base::fail(base::Errc::invalid_argument, "pointer: a value is out of range");
    else
      done = core_.pointer(static_cast<std::uint32_t>(c.integer("display", screen_.display())),
                           static_cast<std::int32_t>(c.integer("x")), static_cast<std::int32_t>(c.integer("y")),
                           static_cast<std::uint32_t>(c.integer("buttons")),
                           static_cast<std::int8_t>(c.integer("wheel_x")),
                           static_cast<std::int8_t>(c.integer("wheel_y")), now());
  }
  answer(view, c, done);
}

void SessionAgent::send_file(ViewId view, ScriptCommand c) {
  auto source = files::SourceFile::open(resolve(view, c.text("path")));
  if (!source) return answer(view, c, base::Result<void>(base::fail(source.error())));
  auto transfer = core_.send_file(source->name, source->size, source->modified, now());
  if (!transfer) return answer(view, c, base::Result<void>(base::fail(transfer.error())));
  files_.add_source(*transfer, std::move(*source));
  // No time-out of its own: the link's and the prompt's end it, and `cancel` does.
  wait_for(view, std::move(c), Await::sent_file, std::chrono::hours(24)).transfer = *transfer;
}

void SessionAgent::receive_file(ViewId view, ScriptCommand c) {
  const auto directory = c.has("directory") ? resolve(view, c.text("directory")) : info_.receive_dir;
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error))
    return answer(
        view, c, base::Result<void>(base::fail(base::Errc::not_found, fmt::format("folder '{}'", directory.string()))));
  auto request = core_.request_file(now());
  if (!request) return answer(view, c, base::Result<void>(base::fail(request.error())));
  files_.set_directory(*request, directory);
  wait_for(view, std::move(c), Await::received_file, kChooseFile).request = *request;
}

void SessionAgent::sysinfo(ViewId view, ScriptCommand c) {
  std::vector<std::string> sections;
  if (const auto* list = c.fields.if_contains("sections"); list != nullptr && list->is_array())
    for (const auto& s : list->as_array())
      if (s.is_string()) sections.emplace_back(s.as_string());
  auto request = core_.request_sysinfo(std::move(sections), now());
  if (!request) return answer(view, c, base::Result<void>(base::fail(request.error())));
  wait_for(view, std::move(c), Await::sysinfo, kAnswer).request = *request;
}

void SessionAgent::wait_event(ViewId view, ScriptCommand c) {
  auto& past = views_[view].past;
  const auto found = std::ranges::find_if(past, [&](const json::object& e) { return matches(e, c); });
  if (found == past.end()) {
    const auto patience = timeout_of(c, std::chrono::seconds(60));
    wait_for(view, std::move(c), Await::event, patience);
    return;
  }
  json::object fields{{"matched", *found}};
  // What came before is taken too: the next wait looks at what follows.
  past.erase(past.begin(), found + 1);
  answer(view, c, base::Result<json::object>(std::move(fields)));
}

/// Of a whole picture: where one is coming in parts, of that.
void SessionAgent::screenshot(ViewId view, ScriptCommand c) {
  if (!core_.viewing() || !screen_.has_picture() || screen_.complete())
    return answer(view, c, save_screenshot(view, c));
  const auto patience = timeout_of(c, kWholePicture);
  wait_for(view, std::move(c), Await::whole_picture, patience);
}

base::Result<json::object> SessionAgent::save_screenshot(ViewId view, const ScriptCommand& c) {
  const auto path = resolve(view, c.text("path")).string();
  RESCUE_CHECK(screen_.save_png(path));
  return json::object{{"path", path},
                      {"width", screen_.size().width},
                      {"height", screen_.size().height},
                      {"frames", screen_.frames()},
                      {"current", screen_.current()}};
}

void SessionAgent::close(ViewId view, const ScriptCommand& c) {
  const auto reason = c.text("reason");
  if (reason.size() > wire::kEndReasonMax)
    return answer(view, c, base::Result<void>(base::fail(base::Errc::too_large, "close: the reason is too long")));
  if (recorder_) static_cast<void>(stop_recording());
  core_.end(reason, now());
  hooks_.close_site(reason, [this, view, c](bool told) {
    answer(view, c, base::Result<json::object>(json::object{{"site_told", told}}));
  });
  drain();
}

}  // namespace rescue::client
