// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include "session/applet_session.hpp"
#include "session/console_session.hpp"

namespace rescue::session::testing {

using namespace std::chrono_literals;

/// FNV-1a, spread over both digests: equal content, equal digests; the room does not care which hash it is.
class FakeHasher final : public FileHasher {
 public:
  void update(base::ByteView b) override {
    for (auto v : b) h_ = (h_ ^ v) * 0x100000001b3ull;
  }
  std::array<std::uint8_t, 32> sha256_so_far() const override { return FakeHasher(*this).finish().sha256; }
  FileDigests finish() override {
    FileDigests d;
    for (std::size_t i = 0; i < d.md5.size(); ++i) d.md5[i] = static_cast<std::uint8_t>(h_ >> (i % 8 * 8));
    for (std::size_t i = 0; i < d.sha256.size(); ++i) d.sha256[i] = static_cast<std::uint8_t>((h_ >> (i % 8 * 8)) + i);
    return d;
  }

 private:
  std::uint64_t h_ = 0xcbf29ce484222325ull;
};
inline FileHasherFactory fake_hasher() {
  return [] { return std::make_unique<FakeHasher>(); };
}

struct TestClock {
  Now now{base::SteadyTime(1h), base::WallTime(std::chrono::seconds(1'700'000'000))};
  Now advance(base::Duration d) {
    now.steady += d;
    now.wall += d;
    return now;
  }
};

inline GrantTerms all_granted(Now now) {
  GrantTerms t;
  t.generation = 5;
  t.technician_name = "Ada Lovelace";
  t.technician_email = "ada@example.org";
  t.organisation = "Example Ltd";
  t.permissions = PermissionSet::all();
  t.lease_until = now.steady + 15min;
  return t;
}
/// Numbers what it is given; the bytes are the draft in words.
inline ReceiptSigner fake_signer() {
  return [n = std::uint64_t{0}](const ReceiptDraft& d) mutable -> std::optional<SignedReceipt> {
    const auto words = std::to_string(++n) + " " + std::string(name(d.answer)) + " " + d.permissions.text() + " prompt " +
                       std::to_string(d.prompt) + " about " + std::to_string(d.about) + " " + std::string(d.subject);
    return SignedReceipt{n, base::to_bytes(base::as_bytes(words))};
  };
}
inline AppletOptions applet_options() {
  AppletOptions o;
  o.software = "rescue test";
  o.hasher = fake_hasher();
  o.sign_receipt = fake_signer();
  return o;
}
inline ConsoleOptions console_options() {
  ConsoleOptions o;
  o.software = "rescue test";
  o.technician_email = "ada@example.org";
  o.granted = PermissionSet::all();
  o.hasher = fake_hasher();
  return o;
}
inline std::vector<DisplayInfo> two_displays() {
  return {{1, 0, 0, 800, 600, 100, true, "left"}, {2, 800, 0, 1024, 768, 100, false, "right"}};
}

template <typename T, typename Variant>
const T* last_of(const std::vector<Variant>& all) {
  for (auto it = all.rbegin(); it != all.rend(); ++it)
    if (const auto* v = std::get_if<T>(&*it)) return v;
  return nullptr;
}
template <typename T, typename Variant>
std::size_t count_of(const std::vector<Variant>& all) {
  std::size_t n = 0;
  for (const auto& v : all) n += std::holds_alternative<T>(v) ? 1 : 0;
  return n;
}
/// File actions lie one variant deeper.
template <typename T, typename Variant>
std::vector<T> file_actions(const std::vector<Variant>& all) {
  std::vector<T> out;
  for (const auto& v : all)
    if (const auto* f = std::get_if<FileAction>(&v))
      if (const auto* t = std::get_if<T>(f)) out.push_back(*t);
  return out;
}

/// One applet core with a console played by hand: every call is followed by a drain.
struct Applet : TestClock {
  AppletSession core;
  std::vector<AppletAction> actions;
  std::vector<AuditEvent> audit;
  std::vector<std::pair<Channel, base::Bytes>> sent;

  explicit Applet(std::optional<GrantTerms> terms = std::nullopt, AppletOptions options = applet_options())
      : core(std::move(options), terms ? *terms : all_granted(now), now) {
    core.on_link_up(now);
    core.set_displays(two_displays(), now);
    drain();
  }
  void drain() {
    while (auto a = core.poll_action()) actions.push_back(std::move(*a));
    while (auto e = core.poll_audit()) audit.push_back(std::move(*e));
    for (auto c : wire::kChannels)
      while (auto m = core.next_outgoing(c, now)) sent.emplace_back(c, std::move(*m));
    while (auto a = core.poll_action()) actions.push_back(std::move(*a));
  }
  /// Gives one message on its own channel.
  base::Result<void> give(const base::Bytes& m) {
    const auto type = wire::session::GetSessionMessage(m.data())->message_type();
    auto ok = core.on_message(wire::channel_of(type), m, now);
    drain();
    return ok;
  }
  void wait(base::Duration d) {
    advance(d);
    core.on_deadline(now);
    drain();
  }
  [[nodiscard]] const Prompt* prompt() const {
    return core.consent().open_prompt() ? &*core.consent().open_prompt() : nullptr;
  }
  /// The user looks at the open prompt for a second and answers.
  bool answer(Answer a) {
    if (prompt() == nullptr) return false;
    const auto id = prompt()->id;
    wait(1s);
    const bool taken = core.user_answers(id, a, now);
    drain();
    return taken;
  }
  void forget() {
    actions.clear();
    audit.clear();
    sent.clear();
  }
  [[nodiscard]] std::size_t sent_of(wire::session::Message type) const {
    std::size_t n = 0;
    for (const auto& [c, m] : sent) n += wire::session::GetSessionMessage(m.data())->message_type() == type ? 1 : 0;
    return n;
  }
  template <typename T>
  const T* last_sent(wire::session::Message type) const {
    for (auto it = sent.rbegin(); it != sent.rend(); ++it) {
      const auto* m = wire::session::GetSessionMessage(it->second.data());
      if (m->message_type() == type) return static_cast<const T*>(m->message());
    }
    return nullptr;
  }
  [[nodiscard]] const AuditEvent* last_audit(std::string_view type) const {
    for (auto it = audit.rbegin(); it != audit.rend(); ++it)
      if (it->type == type) return &*it;
    return nullptr;
  }
};

}  // namespace rescue::session::testing
