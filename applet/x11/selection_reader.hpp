// SPDX-License-Identifier: Apache-2.0
// Fetches what another program has on the clipboard, in steps: its formats, then the best of them, whole or in parts
// (ICCCM 2.7.2, INCR). One fetch at a time; a new one replaces it. One thread.
#pragma once

#include <functional>
#include <optional>

#include "applet/x11/atoms.hpp"
#include "base/clock.hpp"
#include "desktop/clipboard.hpp"

namespace rescue::applet::x11 {

/// A program that gives nothing for this long is not waited for.
inline constexpr std::chrono::seconds kSelectionPatience{10};

class SelectionReader {
 public:
  using Done = std::function<void(desktop::ClipboardContent)>;
  /// `window` gets the properties; its PropertyChange events come to this connection.
  SelectionReader(const Connection& connection, const ClipboardAtoms& atoms, xcb_window_t window, Done done)
      : connection_(connection), atoms_(atoms), window_(window), done_(std::move(done)) {}

  void start(xcb_timestamp_t time, base::SteadyTime now);
  void stop() { step_ = Step::idle; }
  void on_notify(const xcb_selection_notify_event_t& event, base::SteadyTime now);
  void on_property(const xcb_property_notify_event_t& event, base::SteadyTime now);
  [[nodiscard]] std::optional<base::SteadyTime> deadline() const;
  void on_deadline(base::SteadyTime now);

 private:
  enum class Step : std::uint8_t { idle, formats, content, parts };
  /// One property, taken away from the window.
  struct Property {
    xcb_atom_t type = 0;
    std::string bytes;
    bool too_large = false;
  };
  [[nodiscard]] Property take_property();
  void convert(xcb_atom_t target, base::SteadyTime now);
  void choose(const Property& formats, base::SteadyTime now);
  void arrived(base::SteadyTime now);
  void finish(desktop::ClipboardContent content);

  const Connection& connection_;
  const ClipboardAtoms& atoms_;
  xcb_window_t window_;
  Done done_;
  Step step_ = Step::idle;
  xcb_timestamp_t time_ = 0;
  xcb_atom_t target_ = 0;
  bool text_too_ = false;  // where the file list turns out to be none
  std::string bytes_;
  bool too_large_ = false;
  base::SteadyTime deadline_{};
};

}  // namespace rescue::applet::x11
