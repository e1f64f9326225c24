// SPDX-License-Identifier: Apache-2.0
#include "session/consent.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace rescue::session {
namespace {
using base::SteadyTime;

/// What a stranger at the other end could do unseen: it needs a fresh yes after a long break.
constexpr PermissionSet kLapseOnLinkLoss = {Permission::remote_control, Permission::clipboard_sync};

std::size_t count(PermissionSet s) {
  std::size_t n = 0;
  for (auto p : wire::all_permissions()) n += s.has(p) ? 1 : 0;
  return n;
}

GrantTerms clamped(GrantTerms t) {
  t.consent_timeout = std::clamp(t.consent_timeout, kConsentTimeoutMin, kConsentTimeoutMax);
  return t;
}
}  // namespace

std::string_view name(ConsentChangeReason r) {
  switch (r) {
    case ConsentChangeReason::user:
      return "user";
    case ConsentChangeReason::timed_out:
      return "timed_out";
    case ConsentChangeReason::not_in_grant:
      return "not_in_grant";
    case ConsentChangeReason::grant:
      return "grant";
    case ConsentChangeReason::lease:
      return "lease";
    case ConsentChangeReason::link:
      return "link";
    case ConsentChangeReason::site:
      return "site";
    case ConsentChangeReason::restart:
      return "restart";
    case ConsentChangeReason::not_signed:
      return "not_signed";
  }
  return "user";
}

std::string_view name(ReceiptAnswer a) {
  switch (a) {
    case ReceiptAnswer::yes:
      return "yes";
    case ReceiptAnswer::no:
      return "no";
    case ReceiptAnswer::one_by_one:
      return "one_by_one";
    case ReceiptAnswer::timed_out:
      return "timed_out";
    case ReceiptAnswer::revoked:
      return "revoked";
    case ReceiptAnswer::lapsed:
      return "lapsed";
  }
  return "no";
}

ConsentPolicy::ConsentPolicy(GrantTerms terms, Witness witness)
    : terms_(clamped(std::move(terms))), witness_(std::move(witness)), highest_generation_(terms_.generation) {}

base::Result<void> ConsentPolicy::on_grant(GrantTerms terms, SteadyTime now) {
  on_deadline(now);
  if (terms.generation < highest_generation_)
    return base::fail(base::Errc::conflict, fmt::format("grant of generation {}, {} was seen already", terms.generation,
                                                        highest_generation_));
  // A grant that the site took back is not revived by a copy of itself.
  if (withdrawn_ && terms.generation == highest_generation_)
    return base::fail(base::Errc::conflict, fmt::format("grant of generation {} was taken back", terms.generation));
  highest_generation_ = terms.generation;
  withdrawn_ = false;
  const auto lost = terms_.permissions - terms.permissions;
  terms_ = clamped(std::move(terms));
  lease_ended_ = false;
  drop_lost(lost, ConsentChangeReason::grant, now);
  on_deadline(now);
  return {};
}

void ConsentPolicy::on_grant_withdrawn(SteadyTime now) {
  withdrawn_ = true;
  drop_lost(PermissionSet::all(), ConsentChangeReason::site, now);
}

void ConsentPolicy::drop_lost(PermissionSet lost, ConsentChangeReason reason, SteadyTime now) {
  withdraw(lost, reason);
  std::erase_if(waiting_, [&](Permission p) { return lost.has(p); });
  std::erase_if(single_requested_, [&](Permission p) { return lost.has(p); });
  if (lost == PermissionSet::all()) single_prompt_granted_ = false;
  if (!open_) return;
  // The user must never say yes to more than is still there: the prompt goes, and what is left of it is put anew.
  const auto left = open_->covers - lost;
  if (left == open_->covers) return;
  const bool single = open_->single;
  close_prompt(now);
  if (single) {
    for (auto p : single_requested_) waiting_.push_back(p);
    for (auto p : wire::all_permissions())
      if (left.has(p) && std::ranges::find(waiting_, p) == waiting_.end()) set(p, Consent::none, reason);
  }
  open_next(now);
}

AskResult ConsentPolicy::ask(Permission p, SteadyTime now) {
  on_deadline(now);
  if (withdrawn_ || !terms_.permissions.has(p)) return AskResult::not_in_grant;
  if (!lease_valid(now)) return AskResult::lease_expired;
  auto& e = entry(p);
  if (e.consent == Consent::granted) return AskResult::already_granted;
  if (e.consent == Consent::asked) {
    // Covered by the open single prompt without having been asked for by itself: it now is.
    if (open_ && open_->single && std::ranges::find(single_requested_, p) == single_requested_.end())
      single_requested_.push_back(p);
    return AskResult::already_asked;
  }
  if (e.not_before && now < *e.not_before) return AskResult::too_soon;
  set(p, Consent::asked, ConsentChangeReason::user);
  waiting_.push_back(p);
  const bool queued = open_.has_value() || prompts_held_ || sas_missing();
  open_next(now);
  return queued ? AskResult::queued : AskResult::prompted;
}

bool ConsentPolicy::answer(PromptId id, Answer a, SteadyTime now) {
  on_deadline(now);
  if (!open_ || open_->id != id || now - open_->opened < kPromptDeafTime) return false;
  if (a == Answer::one_by_one && !open_->single) return false;
  const auto prompt = *open_;
  switch (a) {
    case Answer::yes: {
      const auto receipt = witness_(ReceiptAnswer::yes, prompt.id, prompt.covers);
      if (!receipt) {
        decide_no(Consent::denied, ConsentChangeReason::not_signed, now);
        break;
      }
      for (auto p : wire::all_permissions())
        if (prompt.covers.has(p)) set(p, Consent::granted, ConsentChangeReason::user, receipt);
      if (prompt.single) single_prompt_granted_ = true;
      close_prompt(now);
      break;
    }
    case Answer::no:
      decide_no(Consent::denied, ConsentChangeReason::user, now);
      break;
    case Answer::one_by_one:
      static_cast<void>(witness_(ReceiptAnswer::one_by_one, prompt.id, prompt.covers));
      close_prompt(now);
      for (auto p : wire::all_permissions()) {
        if (!prompt.covers.has(p)) continue;
        if (std::ranges::find(single_requested_, p) == single_requested_.end()) {
          set(p, Consent::none, ConsentChangeReason::user);
        } else {
          waiting_.push_back(p);
        }
      }
      break;
  }
  open_next(now);
  return true;
}

/// No to everything the open prompt covers. What only came along with a single prompt may be asked for at any time.
void ConsentPolicy::decide_no(Consent result, ConsentChangeReason reason, SteadyTime now) {
  const auto prompt = *open_;
  close_prompt(now);
  std::optional<std::uint64_t> receipt;
  if (reason != ConsentChangeReason::not_signed)
    receipt =
        witness_(result == Consent::timed_out ? ReceiptAnswer::timed_out : ReceiptAnswer::no, prompt.id, prompt.covers);
  for (auto p : wire::all_permissions()) {
    if (!prompt.covers.has(p)) continue;
    const bool asked_for = !prompt.single || std::ranges::find(single_requested_, p) != single_requested_.end();
    set(p, asked_for ? result : Consent::none, reason, receipt);
    if (asked_for) entry(p).not_before = now + kReaskDelay;
  }
}

void ConsentPolicy::revoke(Permission p, SteadyTime now) {
  on_deadline(now);
  if (entry(p).consent != Consent::granted) return;
  set(p, Consent::revoked, ConsentChangeReason::user, witness_(ReceiptAnswer::revoked, PromptId(0), {p}));
  entry(p).not_before = now + kReaskDelay;
}

void ConsentPolicy::revoke_all(SteadyTime now) {
  on_deadline(now);
  single_prompt_granted_ = false;
  auto taken = granted();
  for (auto p : waiting_) taken.add(p);
  if (taken != PermissionSet()) {
    const auto receipt = witness_(ReceiptAnswer::revoked, PromptId(0), taken);
    for (auto p : wire::all_permissions()) {
      if (!taken.has(p)) continue;
      const bool had = entry(p).consent == Consent::granted;
      set(p, had ? Consent::revoked : Consent::denied, ConsentChangeReason::user, receipt);
      entry(p).not_before = now + kReaskDelay;
    }
  }
  waiting_.clear();
  if (open_) decide_no(Consent::denied, ConsentChangeReason::user, now);
}

void ConsentPolicy::on_sas_confirmed(SteadyTime now) {
  sas_confirmed_ = true;
  on_deadline(now);
}

CarriedConsent ConsentPolicy::carried() const {
  CarriedConsent out;
  if (!single_prompt_granted_ || withdrawn_) return out;
  for (const auto p : wire::all_permissions())
    if (const auto& e = entry(p); e.consent == Consent::granted && e.receipt)
      out.by_single_prompt.emplace_back(p, *e.receipt);
  return out;
}

void ConsentPolicy::restore(const CarriedConsent& before) {
  for (const auto& [p, receipt] : before.by_single_prompt) {
    if (!terms_.single_prompt || !terms_.permissions.has(p)) continue;
    set(p, Consent::granted, ConsentChangeReason::restart, receipt);
    single_prompt_spent_ = single_prompt_granted_ = true;
  }
}

void ConsentPolicy::on_link_down(SteadyTime now) {
  on_deadline(now);
  if (!link_down_since_) link_down_since_ = now;
}

void ConsentPolicy::on_link_up(SteadyTime now) {
  on_deadline(now);
  if (link_down_since_ && now - *link_down_since_ >= kLinkLossKeepsControl && !single_prompt_granted_)
    withdraw(kLapseOnLinkLoss, ConsentChangeReason::link);
  link_down_since_.reset();
}

bool ConsentPolicy::lease_valid(SteadyTime now) const { return now < terms_.lease_until; }

bool ConsentPolicy::in_force(Permission p, SteadyTime now) const {
  return !withdrawn_ && !sas_missing() && lease_valid(now) && terms_.permissions.has(p) &&
         entry(p).consent == Consent::granted;
}

PermissionSet ConsentPolicy::in_force(SteadyTime now) const {
  PermissionSet set;
  for (auto p : wire::all_permissions())
    if (in_force(p, now)) set.add(p);
  return set;
}

Consent ConsentPolicy::consent(Permission p) const { return entry(p).consent; }

bool ConsentPolicy::input_held(SteadyTime now) const {
  return open_.has_value() || (hold_until_ && now < *hold_until_);
}

void ConsentPolicy::on_deadline(SteadyTime now) {
  if (!lease_ended_ && !lease_valid(now)) {
    lease_ended_ = true;
    drop_lost(PermissionSet::all(), ConsentChangeReason::lease, now);
  }
  if (open_ && now >= open_->deadline) decide_no(Consent::timed_out, ConsentChangeReason::timed_out, now);
  if (hold_until_ && now >= *hold_until_) hold_until_.reset();
  open_next(now);
}

std::optional<SteadyTime> ConsentPolicy::next_deadline() const {
  std::optional<SteadyTime> next;
  const auto consider = [&next](SteadyTime t) { next = next ? std::min(*next, t) : t; };
  if (!lease_ended_) consider(terms_.lease_until);
  if (open_) consider(open_->deadline);
  if (hold_until_) consider(*hold_until_);
  return next;
}

std::vector<ConsentChange> ConsentPolicy::take_changes() { return std::exchange(changes_, {}); }

void ConsentPolicy::set(Permission p, Consent c, ConsentChangeReason r, std::optional<std::uint64_t> receipt) {
  if (entry(p).consent == c) return;
  entry(p).consent = c;
  entry(p).receipt = c == Consent::granted ? receipt : std::nullopt;
  changes_.push_back({p, c, r, receipt});
}

PermissionSet ConsentPolicy::granted() const {
  PermissionSet out;
  for (auto p : wire::all_permissions())
    if (entry(p).consent == Consent::granted) out.add(p);
  return out;
}

void ConsentPolicy::withdraw(PermissionSet which, ConsentChangeReason r) {
  PermissionSet lost;
  for (auto p : wire::all_permissions())
    if (which.has(p) && entry(p).consent == Consent::granted) lost.add(p);
  std::optional<std::uint64_t> receipt;
  if (lost != PermissionSet()) receipt = witness_(ReceiptAnswer::lapsed, PromptId(0), lost);
  for (auto p : wire::all_permissions()) {
    if (!which.has(p)) continue;
    if (lost.has(p)) set(p, Consent::none, r, receipt);
    if (entry(p).consent == Consent::asked) set(p, Consent::none, r);
  }
}

void ConsentPolicy::hold_prompts(bool hold, SteadyTime now) {
  prompts_held_ = hold;
  open_next(now);
}

void ConsentPolicy::open_next(SteadyTime now) {
  if (open_ || waiting_.empty() || prompts_held_ || sas_missing()) return;
  Prompt prompt{PromptId(next_prompt_++), {}, false, now, now + terms_.consent_timeout};
  if (terms_.single_prompt && !single_prompt_spent_) {
    single_prompt_spent_ = true;
    single_requested_.assign(waiting_.begin(), waiting_.end());
    waiting_.clear();
    for (auto p : wire::all_permissions()) {
      if (!terms_.permissions.has(p) || entry(p).consent == Consent::granted) continue;
      prompt.covers.add(p);
      set(p, Consent::asked, ConsentChangeReason::user);
    }
    prompt.single = count(prompt.covers) > 1;
  } else {
    prompt.covers.add(waiting_.front());
    waiting_.pop_front();
  }
  open_ = prompt;
}

void ConsentPolicy::close_prompt(SteadyTime now) {
  open_.reset();
  hold_until_ = now + kInputHoldAfterPrompt;
}

}  // namespace rescue::session
