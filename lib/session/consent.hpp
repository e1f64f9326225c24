// SPDX-License-Identifier: Apache-2.0
// Grant and consent of one technician at the supported end: what may happen now, and which prompt the user sees.
// A permission is in force when the grant has it, the lease runs, and the user said yes and did not take it back.
// Sans-IO, one strand.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"
#include "session/receipt.hpp"
#include "wire/permission.hpp"

namespace rescue::session {

using wire::Permission;
using wire::PermissionSet;
using PromptId = base::Strong<std::uint32_t, struct PromptIdTag>;

/// While a prompt is open and for this long after, injected input is dropped: no click of the technician may answer it.
inline constexpr std::chrono::milliseconds kInputHoldAfterPrompt{500};
/// A prompt accepts no answer before it has been seen for this long.
inline constexpr std::chrono::milliseconds kPromptDeafTime{500};
/// After a No, a time-out or a revocation the same question may not be put again for this long.
inline constexpr std::chrono::seconds kReaskDelay{10};
/// After this long without a link, control and clipboard need a new yes (unless one prompt covered everything).
inline constexpr std::chrono::minutes kLinkLossKeepsControl{5};
inline constexpr std::chrono::seconds kConsentTimeoutMin{5};
inline constexpr std::chrono::seconds kConsentTimeoutMax{600};

/// A grant whose signature, fingerprints and session were checked by the caller.
struct GrantTerms {
  std::uint64_t generation = 0;
  std::string technician_name;
  std::string technician_email;
  std::string organisation;
  PermissionSet permissions;
  std::chrono::seconds consent_timeout{60};       // clamped to kConsentTimeoutMin..Max
  std::chrono::seconds inactivity_timeout{1800};  // 0: none
  bool single_prompt = false;
  bool recording_forced = false;  // view and control only while the console says it records
  bool omit_chat_text = false;    // chat events carry the length only
  bool require_sas = false;       // nothing is in force before the user has typed the digits
  base::SteadyTime lease_until;
};

enum class Consent : std::uint8_t { none, asked, granted, denied, timed_out, revoked };

enum class ConsentChangeReason : std::uint8_t {
  user,
  timed_out,
  not_in_grant,
  grant,
  lease,
  link,
  site,
  not_signed,
  restart
};
[[nodiscard]] std::string_view name(ConsentChangeReason r);

/// One permission changed. `asked` also for each permission covered by a single prompt.
struct ConsentChange {
  Permission permission;
  Consent now;
  ConsentChangeReason reason;
  std::optional<std::uint64_t> receipt;  // of the answer that this is part of
};

/// What is to be signed now: number of the receipt, nothing when it cannot be signed.
using Witness = std::function<std::optional<std::uint64_t>(ReceiptAnswer, PromptId, PermissionSet)>;

struct Prompt {
  PromptId id;
  PermissionSet covers;  // one, or everything granted and not yet consented
  bool single = false;   // a prompt for everything: offer "yes to all", "no" and "ask me one by one"
  base::SteadyTime opened;
  base::SteadyTime deadline;  // then it counts as No
};

enum class AskResult : std::uint8_t {
  prompted,
  queued,
  already_granted,
  already_asked,
  not_in_grant,
  lease_expired,
  too_soon
};
enum class Answer : std::uint8_t { yes, no, one_by_one };

/// What a restart of the machine leaves of what the user allowed: nothing but what one prompt for everything covered.
struct CarriedConsent {
  std::vector<std::pair<Permission, std::uint64_t>> by_single_prompt;  // with the receipt of the answer
};

class ConsentPolicy {
 public:
  /// Every answer, and every end of what was allowed, is shown to `witness` before it counts.
  ConsentPolicy(GrantTerms terms, Witness witness);

  /// A later grant of the same technician. Refused (conflict) when its generation is below the highest seen.
  /// Permissions it no longer has lose their consent.
  [[nodiscard]] base::Result<void> on_grant(GrantTerms terms, base::SteadyTime now);
  /// The site took the grant back: nothing is in force any more, nor can be.
  void on_grant_withdrawn(base::SteadyTime now);

  [[nodiscard]] AskResult ask(Permission p, base::SteadyTime now);
  /// False, and nothing happens, when the prompt is not open, is younger than kPromptDeafTime, or has timed out.
  [[nodiscard]] bool answer(PromptId id, Answer a, base::SteadyTime now);
  void revoke(Permission p, base::SteadyTime now);
  void revoke_all(base::SteadyTime now);

  /// While something else is put to the user no further prompt opens; what is asked meanwhile waits.
  void hold_prompts(bool hold, base::SteadyTime now);

  /// The user has typed the digits: what require_sas holds back is no longer held back.
  void on_sas_confirmed(base::SteadyTime now);
  [[nodiscard]] bool sas_missing() const { return terms_.require_sas && !sas_confirmed_; }

  [[nodiscard]] CarriedConsent carried() const;
  /// In a new policy: what of it the grant still has is allowed.
  void restore(const CarriedConsent& before);

  void on_link_down(base::SteadyTime now);
  void on_link_up(base::SteadyTime now);

  /// The one question every action asks.
  [[nodiscard]] bool in_force(Permission p, base::SteadyTime now) const;
  [[nodiscard]] PermissionSet in_force(base::SteadyTime now) const;
  [[nodiscard]] Consent consent(Permission p) const;
  /// Number of the receipt under which this permission is granted now.
  [[nodiscard]] std::optional<std::uint64_t> receipt(Permission p) const { return entry(p).receipt; }
  [[nodiscard]] bool input_held(base::SteadyTime now) const;
  [[nodiscard]] bool lease_valid(base::SteadyTime now) const;
  /// The site took the grant back.
  [[nodiscard]] bool withdrawn() const { return withdrawn_; }
  [[nodiscard]] const std::optional<Prompt>& open_prompt() const { return open_; }
  [[nodiscard]] const GrantTerms& terms() const { return terms_; }

  /// Times out prompts, ends the lease, opens the next waiting prompt. Also called by every method that takes `now`.
  void on_deadline(base::SteadyTime now);
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const;
  /// Changes since the last call, oldest first.
  [[nodiscard]] std::vector<ConsentChange> take_changes();

 private:
  struct Entry {
    Consent consent = Consent::none;
    std::optional<base::SteadyTime> not_before;  // no new prompt earlier
    std::optional<std::uint64_t> receipt;        // of the answer that granted it
  };
  void set(Permission p, Consent c, ConsentChangeReason r, std::optional<std::uint64_t> receipt = std::nullopt);
  [[nodiscard]] PermissionSet granted() const;
  void withdraw(PermissionSet which, ConsentChangeReason r);
  void open_next(base::SteadyTime now);
  void close_prompt(base::SteadyTime now);
  void decide_no(Consent result, ConsentChangeReason reason, base::SteadyTime now);
  void drop_lost(PermissionSet lost, ConsentChangeReason reason, base::SteadyTime now);
  [[nodiscard]] Entry& entry(Permission p) { return entries_[static_cast<std::size_t>(p)]; }
  [[nodiscard]] const Entry& entry(Permission p) const { return entries_[static_cast<std::size_t>(p)]; }

  GrantTerms terms_;
  Witness witness_;
  std::uint64_t highest_generation_ = 0;
  std::array<Entry, wire::kPermissionCount> entries_{};
  std::optional<Prompt> open_;
  std::deque<Permission> waiting_;
  std::vector<Permission> single_requested_;  // what the technician asked for when the single prompt opened
  std::optional<base::SteadyTime> hold_until_;
  std::optional<base::SteadyTime> link_down_since_;
  bool single_prompt_spent_ = false;  // it was put once; from then on one by one
  bool single_prompt_granted_ = false;
  bool prompts_held_ = false;
  bool withdrawn_ = false;
  bool sas_confirmed_ = false;
  bool lease_ended_ = false;
  std::uint32_t next_prompt_ = 1;
  std::vector<ConsentChange> changes_;
};

}  // namespace rescue::session
