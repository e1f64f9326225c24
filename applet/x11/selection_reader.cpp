// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/selection_reader.hpp"

#include <algorithm>
#include <cstring>

#include "applet/x11/file_list.hpp"
#include "base/utf8.hpp"

namespace rescue::applet::x11 {
namespace {
/// A list of files in percent signs may be longer than any text that is taken.
constexpr std::size_t kBytesMax = 4 * desktop::kClipboardTextBytesMax;
constexpr std::size_t kFormatsMax = 1000;

std::string from_latin1(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) base::append_utf8(out, static_cast<unsigned char>(c));
  return out;
}
}  // namespace

void SelectionReader::start(xcb_timestamp_t time, base::SteadyTime now) {
  time_ = time;
  step_ = Step::formats;
  text_too_ = false;
  convert(atoms_.targets, now);
}

void SelectionReader::convert(xcb_atom_t target, base::SteadyTime now) {
  target_ = target;
  bytes_.clear();
  too_large_ = false;
  deadline_ = now + kSelectionPatience;
  xcb_delete_property(connection_.get(), window_, atoms_.transfer);
  xcb_convert_selection(connection_.get(), window_, atoms_.clipboard, target, atoms_.transfer, time_);
  xcb_flush(connection_.get());
}

SelectionReader::Property SelectionReader::take_property() {
  Property out;
  const auto cookie = xcb_get_property(connection_.get(), 1, window_, atoms_.transfer, XCB_ATOM_ANY, 0, kBytesMax / 4);
  auto got = reply(xcb_get_property_reply, connection_.get(), cookie, "read the clipboard");
  if (!got) return out;
  out.type = (*got)->type;
  out.too_large = (*got)->bytes_after > 0;
  const auto* value = static_cast<const char*>(xcb_get_property_value(got->get()));
  out.bytes.assign(value, static_cast<std::size_t>(std::max(xcb_get_property_value_length(got->get()), 0)));
  // The server takes a property away only when all of it was read.
  if (out.too_large) xcb_delete_property(connection_.get(), window_, atoms_.transfer);
  return out;
}

void SelectionReader::on_notify(const xcb_selection_notify_event_t& event, base::SteadyTime now) {
  if ((step_ != Step::formats && step_ != Step::content) || event.requestor != window_ || event.target != target_ ||
      event.time != time_)
    return;
  if (event.property == XCB_ATOM_NONE) {
    // Programs of another age do not tell their formats; all of them have text.
    if (step_ == Step::formats) {
      step_ = Step::content;
      return convert(atoms_.utf8_string, now);
    }
    if (target_ == atoms_.utf8_string) return convert(XCB_ATOM_STRING, now);
    return finish({});
  }
  auto property = take_property();
  if (property.type == atoms_.incr) {
    step_ = Step::parts;
    deadline_ = now + kSelectionPatience;
    return;
  }
  if (step_ == Step::formats) return choose(property, now);
  bytes_ = std::move(property.bytes);
  too_large_ = property.too_large;
  arrived(now);
}

void SelectionReader::choose(const Property& formats, base::SteadyTime now) {
  std::vector<xcb_atom_t> offered(std::min(formats.bytes.size() / sizeof(xcb_atom_t), kFormatsMax));
  std::memcpy(offered.data(), formats.bytes.data(), offered.size() * sizeof(xcb_atom_t));
  const auto has = [&](xcb_atom_t a) { return std::ranges::find(offered, a) != offered.end(); };
  // What a password manager marks as secret stays where it is.
  if (has(atoms_.secret_hint)) return finish({});
  step_ = Step::content;
  const auto text = [&]() -> xcb_atom_t {
    for (const auto a : {atoms_.utf8_string, atoms_.text_plain_utf8, xcb_atom_t{XCB_ATOM_STRING}})
      if (has(a)) return a;
    return XCB_ATOM_NONE;
  }();
  text_too_ = text != XCB_ATOM_NONE;
  for (const auto a : {atoms_.copied_files, atoms_.uri_list})
    if (has(a)) return convert(a, now);
  if (!text_too_) return finish({});
  convert(text, now);
}

void SelectionReader::on_property(const xcb_property_notify_event_t& event, base::SteadyTime now) {
  if (step_ != Step::parts || event.window != window_ || event.atom != atoms_.transfer ||
      event.state != XCB_PROPERTY_NEW_VALUE)
    return;
  const auto part = take_property();
  if (part.bytes.empty() && !part.too_large) {
    step_ = Step::content;
    return arrived(now);
  }
  // What is too large is read to its end, or its program would wait for us; nothing of it is kept.
  too_large_ = too_large_ || part.too_large || bytes_.size() + part.bytes.size() > kBytesMax;
  if (too_large_)
    bytes_.clear();
  else
    bytes_ += part.bytes;
  // One that never ends is waited for no longer than one that gives nothing.
  if (!too_large_) deadline_ = now + kSelectionPatience;
}

void SelectionReader::arrived(base::SteadyTime now) {
  desktop::ClipboardContent content;
  if (too_large_) return finish({});
  if (target_ == atoms_.copied_files || target_ == atoms_.uri_list) {
    content.files = read_file_list(bytes_);
    if (content.files.empty() && text_too_) return convert(atoms_.utf8_string, now);
    if (content.files.size() > desktop::kClipboardFileCountMax) content.files.clear();
    return finish(std::move(content));
  }
  content.text = target_ == XCB_ATOM_STRING ? from_latin1(bytes_) : base::to_valid_utf8(bytes_);
  if (content.text.size() > desktop::kClipboardTextBytesMax) content.text.clear();
  finish(std::move(content));
}

void SelectionReader::finish(desktop::ClipboardContent content) {
  step_ = Step::idle;
  bytes_ = {};
  done_(std::move(content));
}

std::optional<base::SteadyTime> SelectionReader::deadline() const {
  return step_ == Step::idle ? std::nullopt : std::optional(deadline_);
}
void SelectionReader::on_deadline(base::SteadyTime now) {
  if (step_ != Step::idle && now >= deadline_) finish({});
}

}  // namespace rescue::applet::x11
