// SPDX-License-Identifier: Apache-2.0
// Short authentication string, both ends (man rescue-protocol(7), SHORT AUTHENTICATION STRING). Nonces, hashing and
// what is known of the connection are brought by the shell, as this room may not use crypto.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "session/applet_feature.hpp"
#include "session/console_feature.hpp"

namespace rescue::session {

/// So often the user may type wrong digits; then the session ends.
inline constexpr std::uint8_t kSasAttempts = 2;
inline constexpr std::size_t kSasDigits = 6;

struct SasRevealed {
  base::Bytes nonce;   // of the applet
  std::string digits;  // never leaves this end
};
struct AppletSasKeys {
  /// Draws a nonce and commits to it.
  std::function<base::Bytes()> commit;
  std::function<SasRevealed(base::ByteView console_nonce)> reveal;
};
struct ConsoleSasKeys {
  std::function<base::Bytes()> nonce;
  /// Nothing: the commitment fits none of our connections, so somebody stands between the ends.
  std::function<std::optional<std::string>(base::ByteView commitment, base::ByteView applet_nonce,
                                           base::ByteView console_nonce)>
      digits;
};

/// Asks the user for the digits as soon as the grant wants them; nothing but chat is in force before.
class AppletSas final : public AppletFeature {
 public:
  using AppletFeature::AppletFeature;
  /// The first connection of this pair of keys stands. Later ones change nothing.
  void connected(AppletSasKeys keys);
  [[nodiscard]] bool is_connected() const { return keys_.has_value(); }
  /// The user has typed right digits for this pair of keys before.
  void known_pair();
  [[nodiscard]] bool confirmed() const { return confirmed_; }

  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;
  void rights_changed() override;
  void question_answered(QuestionId id, QuestionAnswer answer) override;

 private:
  [[nodiscard]] bool wanted() const { return session().terms().require_sas && !confirmed_ && !over_; }
  [[nodiscard]] base::Result<void> on_nonce(base::ByteView nonce);
  void ask();
  void tell(wire::session::SasOutcome outcome);
  void missed();

  std::optional<AppletSasKeys> keys_;
  bool committed_ = false;
  std::string digits_;
  QuestionId question_{0};
  std::uint8_t attempts_left_ = kSasAttempts;
  bool confirmed_ = false;
  bool over_ = false;
};

class ConsoleSas final : public ConsoleFeature {
 public:
  using ConsoleFeature::ConsoleFeature;
  void connected(ConsoleSasKeys keys) { keys_ = std::move(keys); }
  /// To be read out to the user; empty: none.
  [[nodiscard]] const std::string& digits() const { return digits_; }
  [[nodiscard]] wire::session::SasOutcome outcome() const { return outcome_; }
  [[nodiscard]] std::uint8_t attempts_left() const { return attempts_left_; }

  [[nodiscard]] base::Result<bool> on_message(const wire::session::SessionMessage& m) override;

 private:
  [[nodiscard]] base::Result<void> on_commit(base::ByteView commitment);
  [[nodiscard]] base::Result<void> on_reveal(base::ByteView nonce);
  void on_state(const wire::session::SasState& m);
  void show(wire::session::SasOutcome outcome);

  std::optional<ConsoleSasKeys> keys_;
  base::Bytes commitment_, nonce_;
  bool revealed_ = false;
  std::string digits_;
  wire::session::SasOutcome outcome_ = wire::session::SasOutcome::none;
  std::uint8_t attempts_left_ = kSasAttempts;
};

}  // namespace rescue::session
