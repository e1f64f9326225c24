// SPDX-License-Identifier: Apache-2.0
// Gives other programs what is on the clipboard while it is ours (ICCCM 2.2, 2.6.2, 2.7.2). One thread.
#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>

#include "applet/x11/atoms.hpp"
#include "base/clock.hpp"
#include "desktop/clipboard.hpp"

namespace rescue::applet::x11 {

/// More in one piece goes in parts of this size.
inline constexpr std::size_t kSelectionPart = 64 * 1024;
/// Programs that are being given parts at one time; one more is refused.
inline constexpr std::size_t kSelectionReadersMax = 16;

class SelectionOwner {
 public:
  SelectionOwner(const Connection& connection, const ClipboardAtoms& atoms) : connection_(connection), atoms_(atoms) {}

  /// From `since` on it is ours, with this content.
  void own(desktop::ClipboardContent content, xcb_timestamp_t since);
  /// It is another program's; who is being given parts gets the rest.
  void lost() { content_.reset(); }
  [[nodiscard]] bool owns() const { return content_ != nullptr; }
  [[nodiscard]] xcb_timestamp_t since() const { return since_; }

  void on_request(const xcb_selection_request_event_t& event, base::SteadyTime now);
  void on_property(const xcb_property_notify_event_t& event, base::SteadyTime now);
  void on_destroy(xcb_window_t window);
  [[nodiscard]] std::optional<base::SteadyTime> deadline() const;
  void on_deadline(base::SteadyTime now);

 private:
  using Text = std::shared_ptr<const std::string>;
  struct Parts {
    xcb_window_t window = 0;
    xcb_atom_t property = 0, type = 0;
    Text bytes;
    std::size_t given = 0;
    bool last = false;  // the empty part that ends it has been written
    base::SteadyTime deadline;
  };
  struct Format {
    xcb_atom_t target = 0, type = 0;
    Text bytes;
  };
  [[nodiscard]] std::vector<Format> formats() const;
  bool give(xcb_atom_t target, xcb_window_t window, xcb_atom_t property, base::SteadyTime now);
  bool give_many(xcb_window_t window, xcb_atom_t property, base::SteadyTime now);
  bool begin_parts(const Format& format, xcb_window_t window, xcb_atom_t property, base::SteadyTime now);
  void write(xcb_window_t window, xcb_atom_t property, xcb_atom_t type, std::string_view bytes);
  void forget(std::list<Parts>::iterator it);

  const Connection& connection_;
  const ClipboardAtoms& atoms_;
  std::shared_ptr<const desktop::ClipboardContent> content_;
  xcb_timestamp_t since_ = 0;
  Text utf8_, uris_, copied_;
  std::list<Parts> parts_;
};

}  // namespace rescue::applet::x11
