// SPDX-License-Identifier: Apache-2.0
// The clipboard between the supported machine and one technician, each way by itself. An end tells that it has
// something new, how much, and no more; content goes when the other end asks for it. The applet asks at once: what the
// technician copies is on the machine's clipboard then. What the technician asks for is content the user copied while
// sharing was on.
#pragma once

#include <optional>
#include <string>

#include "session/applet_feature.hpp"

namespace rescue::session {

/// Told at most this often that the user has copied something: the last one counts.
inline constexpr std::chrono::milliseconds kClipboardTellEvery{100};
/// What a technician may put on the clipboard in a second; more is refused as busy.
inline constexpr unsigned kClipboardSetsPerSecond = 20;

class AppletClipboard final : public AppletFeature {
 public:
  using AppletFeature::AppletFeature;
  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void rights_changed() override;
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const override;
  void on_deadline() override;
  void session_ended() override;
  void add_activity(ActivitySet& on) const override;

  // ---- what the host tells
  /// The user has copied something; `version` goes up. Both 0: nothing that can be shared.
  void changed(std::uint64_t version, std::uint64_t text_bytes);
  /// Answers of ReadClipboard: valid UTF-8 of at most wire::kClipboardTextMax bytes.
  void text(std::uint64_t version, std::string_view content);
  void gone(std::uint64_t version);
  /// SetClipboardText is done, or was not possible.
  void taken(std::uint32_t serial, bool ok);
  /// There is no clipboard here that could be shared.
  void unavailable();

 private:
  struct News {
    std::uint64_t version = 0, text_bytes = 0;
  };
  struct Incoming {
    std::uint32_t serial = 0;
    std::uint64_t bytes = 0;
    std::string text;
  };
  void on_start(const wire::session::ClipboardStart& m);
  [[nodiscard]] base::Result<void> on_offer(const wire::session::ClipboardOffer& m);
  void on_request(const wire::session::ClipboardRequest& m);
  [[nodiscard]] base::Result<void> on_text(const wire::session::ClipboardText& m);
  void offer();
  void stop(std::string_view reason);
  void tell_state();
  [[nodiscard]] bool on() const { return to_applet_ || to_console_; }

  bool to_applet_ = false, to_console_ = false;
  // from the technician
  std::uint32_t heard_ = 0;  // serial of the last offer
  std::uint32_t taken_ = 0;  // of the last one that is on the clipboard
  std::optional<Incoming> incoming_;
  base::SteadyTime second_{};
  unsigned in_second_ = 0;
  std::uint64_t setting_bytes_ = 0;  // of SetClipboardText under way
  // to the technician
  std::uint32_t serial_ = 0;    // of the last offer
  News offered_;                // under it
  std::optional<News> untold_;  // newer than that
  base::SteadyTime tell_from_{};
  bool reading_ = false;
};

}  // namespace rescue::session
