// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/selection_owner.hpp"

#include <algorithm>
#include <cstring>

#include "applet/x11/file_list.hpp"
#include "applet/x11/selection_reader.hpp"
#include "base/utf8.hpp"

namespace rescue::applet::x11 {
namespace {
constexpr std::size_t kPairsMax = 32;  // of one MULTIPLE

/// For programs that know Latin-1 alone.
std::string to_latin1(std::string_view utf8) {
  std::string out;
  for (std::size_t at = 0; at < utf8.size();) {
    const auto c = base::next_code_point(utf8, at);
    out.push_back(c < 0x100 ? static_cast<char>(c) : '?');
  }
  return out;
}
}  // namespace

void SelectionOwner::own(desktop::ClipboardContent content, xcb_timestamp_t since) {
  const bool files = !content.files.empty();
  utf8_ = std::make_shared<const std::string>(content.text);
  uris_ = std::make_shared<const std::string>(files ? to_uri_list(content.files) : "");
  copied_ = std::make_shared<const std::string>(files ? to_copied_files(content.files) : "");
  content_ = std::make_shared<const desktop::ClipboardContent>(std::move(content));
  since_ = since;
}

std::vector<SelectionOwner::Format> SelectionOwner::formats() const {
  if (!content_) return {};
  if (!content_->files.empty())
    return {{atoms_.uri_list, atoms_.uri_list, uris_}, {atoms_.copied_files, atoms_.copied_files, copied_}};
  const auto latin1 = std::make_shared<const std::string>(to_latin1(*utf8_));
  return {{atoms_.utf8_string, atoms_.utf8_string, utf8_},
          {atoms_.text_plain_utf8, atoms_.text_plain_utf8, utf8_},
          {atoms_.text_plain, atoms_.text_plain, utf8_},
          {atoms_.text, atoms_.utf8_string, utf8_},
          {XCB_ATOM_STRING, XCB_ATOM_STRING, latin1}};
}

void SelectionOwner::on_request(const xcb_selection_request_event_t& event, base::SteadyTime now) {
  xcb_selection_notify_event_t answer{};
  answer.response_type = XCB_SELECTION_NOTIFY;
  answer.time = event.time;
  answer.requestor = event.requestor;
  answer.selection = event.selection;
  answer.target = event.target;
  // A program of before 1989 names no property and means the target's.
  const auto property = event.property != XCB_ATOM_NONE ? event.property : event.target;
  const bool ours =
      content_ && event.selection == atoms_.clipboard && (event.time == XCB_CURRENT_TIME || event.time >= since_);
  const bool given = ours && (event.target == atoms_.multiple
                                  ? event.property != XCB_ATOM_NONE && give_many(event.requestor, property, now)
                                  : give(event.target, event.requestor, property, now));
  answer.property = given ? property : xcb_atom_t{XCB_ATOM_NONE};
  char bytes[32] = {};
  std::memcpy(bytes, &answer, sizeof answer);
  xcb_send_event(connection_.get(), 0, event.requestor, XCB_EVENT_MASK_NO_EVENT, bytes);
  xcb_flush(connection_.get());
}

bool SelectionOwner::give(xcb_atom_t target, xcb_window_t window, xcb_atom_t property, base::SteadyTime now) {
  const auto all = formats();
  if (target == atoms_.targets) {
    std::vector<xcb_atom_t> names = {atoms_.targets, atoms_.timestamp, atoms_.multiple};
    for (const auto& f : all) names.push_back(f.target);
    xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, window, property, XCB_ATOM_ATOM, 32,
                        static_cast<std::uint32_t>(names.size()), names.data());
    return true;
  }
  if (target == atoms_.timestamp) {
    xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, window, property, XCB_ATOM_INTEGER, 32, 1, &since_);
    return true;
  }
  const auto format = std::ranges::find(all, target, &Format::target);
  if (format == all.end()) return false;
  if (format->bytes->size() > kSelectionPart) return begin_parts(*format, window, property, now);
  write(window, property, format->type, *format->bytes);
  return true;
}

bool SelectionOwner::give_many(xcb_window_t window, xcb_atom_t property, base::SteadyTime now) {
  const auto cookie = xcb_get_property(connection_.get(), 0, window, property, XCB_ATOM_ANY, 0, kPairsMax * 2);
  auto got = reply(xcb_get_property_reply, connection_.get(), cookie, "read what is asked for");
  if (!got || (*got)->format != 32) return false;
  std::vector<xcb_atom_t> pairs((*got)->value_len - (*got)->value_len % 2);
  std::memcpy(pairs.data(), xcb_get_property_value(got->get()), pairs.size() * sizeof(xcb_atom_t));
  for (std::size_t i = 0; i < pairs.size(); i += 2)
    if (pairs[i] == atoms_.multiple || pairs[i + 1] == XCB_ATOM_NONE || !give(pairs[i], window, pairs[i + 1], now))
      pairs[i + 1] = XCB_ATOM_NONE;
  xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, window, property, atoms_.atom_pair, 32,
                      static_cast<std::uint32_t>(pairs.size()), pairs.data());
  return true;
}

bool SelectionOwner::begin_parts(const Format& format, xcb_window_t window, xcb_atom_t property, base::SteadyTime now) {
  if (parts_.size() >= kSelectionReadersMax) return false;
  const auto same =
      std::ranges::find_if(parts_, [&](const Parts& p) { return p.window == window && p.property == property; });
  if (same != parts_.end()) parts_.erase(same);
  // The reader takes each part by deleting the property; its end is seen too.
  const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE | XCB_EVENT_MASK_STRUCTURE_NOTIFY;
  xcb_change_window_attributes(connection_.get(), window, XCB_CW_EVENT_MASK, &events);
  const auto size = static_cast<std::uint32_t>(format.bytes->size());
  xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, window, property, atoms_.incr, 32, 1, &size);
  parts_.push_back({window, property, format.type, format.bytes, 0, false, now + kSelectionPatience});
  return true;
}

void SelectionOwner::on_property(const xcb_property_notify_event_t& event, base::SteadyTime now) {
  if (event.state != XCB_PROPERTY_DELETE) return;
  const auto it = std::ranges::find_if(
      parts_, [&](const Parts& p) { return p.window == event.window && p.property == event.atom; });
  if (it == parts_.end()) return;
  if (it->last) return forget(it);
  const auto part = std::string_view(*it->bytes).substr(it->given, kSelectionPart);
  it->given += part.size();
  it->last = part.empty();
  it->deadline = now + kSelectionPatience;
  write(it->window, it->property, it->type, part);
  xcb_flush(connection_.get());
}

void SelectionOwner::write(xcb_window_t window, xcb_atom_t property, xcb_atom_t type, std::string_view bytes) {
  xcb_change_property(connection_.get(), XCB_PROP_MODE_REPLACE, window, property, type, 8,
                      static_cast<std::uint32_t>(bytes.size()), bytes.data());
}

void SelectionOwner::on_destroy(xcb_window_t window) {
  std::erase_if(parts_, [&](const Parts& p) { return p.window == window; });
}

void SelectionOwner::forget(std::list<Parts>::iterator it) {
  const auto window = it->window;
  parts_.erase(it);
  if (std::ranges::find(parts_, window, &Parts::window) != parts_.end()) return;
  const std::uint32_t none = XCB_EVENT_MASK_NO_EVENT;
  xcb_change_window_attributes(connection_.get(), window, XCB_CW_EVENT_MASK, &none);
  xcb_flush(connection_.get());
}

std::optional<base::SteadyTime> SelectionOwner::deadline() const {
  std::optional<base::SteadyTime> next;
  for (const auto& p : parts_)
    if (!next || p.deadline < *next) next = p.deadline;
  return next;
}
void SelectionOwner::on_deadline(base::SteadyTime now) {
  for (auto it = parts_.begin(); it != parts_.end();) {
    const auto current = it++;
    if (now >= current->deadline) forget(current);
  }
}

}  // namespace rescue::applet::x11
