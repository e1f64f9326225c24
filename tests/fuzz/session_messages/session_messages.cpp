// SPDX-License-Identifier: Apache-2.0
// Input: one byte (bit 0: the end that sent it, bits 1 to 3: channel), then a message. It is verified, dumped, and
// given to the core of the other end, with every permission in force, so that its handlers run on it. Seeds:
// tests/fuzz/make_session_corpus.py, from tests/golden/wire/session.txt.
#include "base/assert.hpp"
#include "session/console_session.hpp"
#include "wire/dump.hpp"

using namespace rescue;

namespace {
class NoHasher final : public session::FileHasher {
 public:
  void update(base::ByteView) override {}
  session::FileDigests finish() override { return {}; }
  std::array<std::uint8_t, 32> sha256_so_far() const override { return {}; }
};
session::FileHasherFactory hasher() {
  return [] { return std::make_unique<NoHasher>(); };
}
constexpr std::chrono::seconds kSecond{1};

void to_applet(wire::Channel channel, base::ByteView message) {
  session::Now now{base::SteadyTime(std::chrono::hours(1)), {}};
  session::GrantTerms terms;
  terms.permissions = session::PermissionSet::all();
  terms.single_prompt = true;
  terms.lease_until = now.steady + std::chrono::hours(1);
  session::AppletOptions options;
  options.hasher = hasher();
  options.sign_receipt = [](const session::ReceiptDraft&) { return std::optional(session::SignedReceipt{1, {}}); };
  session::AppletSession core(options, terms, now);
  core.on_link_up(now);
  core.set_displays({{1, 0, 0, 640, 480, 100, true, "one"}}, now);
  flatbuffers::FlatBufferBuilder b;
  const auto ask = wire::session::CreatePermissionAsk(b, 1);
  RESCUE_ASSERT(core.on_message(wire::Channel::control, wire::finish(b, ask), now));
  now.steady += kSecond;
  RESCUE_ASSERT(core.user_answers(core.consent().open_prompt()->id, true, now));
  now.steady += kSecond;
  const auto ok = core.on_message(channel, message, now);
  RESCUE_ASSERT(ok || core.ended());
  while (core.poll_action()) {
  }
  for (auto c : wire::kChannels)
    while (auto out = core.next_outgoing(c, now)) RESCUE_ASSERT(wire::read_session_message(*out, c, wire::End::applet));
}

void to_console(wire::Channel channel, base::ByteView message) {
  const session::Now now{base::SteadyTime(std::chrono::hours(1)), {}};
  session::ConsoleOptions options;
  options.granted = session::PermissionSet::all();
  options.hasher = hasher();
  session::ConsoleSession core(options, now);
  core.on_link_up(now);
  const auto ok = core.on_message(channel, message, now);
  RESCUE_ASSERT(ok || core.ended());
  while (core.poll_event()) {
  }
  for (auto c : wire::kChannels)
    while (auto out = core.next_outgoing(c, now))
      RESCUE_ASSERT(wire::read_session_message(*out, c, wire::End::console));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const auto channel = wire::kChannels[(data[0] >> 1) % wire::kChannelCount];
  // An own copy: messages are read from storage aligned as the link hands it over.
  const base::Bytes message(data + 1, data + size);
  if (wire::verify_and_check(message)) (void)wire::dump(message, wire::session::SessionMessageTypeTable());
  if ((data[0] & 1) == 0)
    to_applet(channel, message);
  else
    to_console(channel, message);
  return 0;
}
