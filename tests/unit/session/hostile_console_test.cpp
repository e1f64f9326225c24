// SPDX-License-Identifier: Apache-2.0
// Property: whatever a console sends, in whatever order, and whatever the user answers, nothing leaves the supported
// machine and nothing happens on it without grant and consent in force at that moment. The oracle below keeps its own
// books from what the test itself granted and answered; it shares no code with ConsentPolicy.
#include <map>

#include "base/random.hpp"
#include "fakes.hpp"
#include "session/impl/messages.hpp"

namespace rescue::session {
namespace {
using namespace std::chrono_literals;
using testing::TestClock;
using enum wire::Permission;
namespace m = messages;
namespace msg = wire::session;

/// What may happen at most. Never allows more than the rules; may allow less only where said.
class Oracle {
 public:
  explicit Oracle(const GrantTerms& t) { grant(t); }

  void grant(const GrantTerms& t) {
    granted_ = t.permissions;
    lease_until_ = t.lease_until;
    forced_ = t.recording_forced;
    yes_ = yes_ & granted_;
  }
  void time(base::SteadyTime now) {
    now_ = now;
    if (now_ >= lease_until_) yes_ = {};
  }
  void yes_to(PermissionSet covers, bool everything) {
    yes_ = yes_ | covers;
    if (everything) all_at_once_ = true;
  }
  void revoke(Permission p) { yes_.remove(p); }
  void revoke_all() {
    yes_ = {};
    all_at_once_ = false;
  }
  void link_down() { down_since_ = now_; }
  void link_up() {
    if (now_ - down_since_ >= 5min && !all_at_once_) {
      yes_.remove(remote_control);
      yes_.remove(clipboard_sync);
    }
  }
  void recording(bool on) { recording_ = on; }
  void prompt_opened() { prompt_open_ = true; }
  void prompt_closed() {
    prompt_open_ = false;
    held_until_ = now_ + 500ms;
  }
  void end() { ended_ = true; }

  [[nodiscard]] bool allows(Permission p) const {
    if (ended_ || now_ >= lease_until_ || !granted_.has(p) || !yes_.has(p)) return false;
    if (forced_ && !recording_ && (p == desktop_view || p == remote_control)) return false;
    return true;
  }
  [[nodiscard]] bool allows_input() const { return allows(remote_control) && !prompt_open_ && now_ >= held_until_; }

 private:
  PermissionSet granted_, yes_;
  base::SteadyTime now_, lease_until_, down_since_, held_until_;
  bool forced_ = false, recording_ = false, all_at_once_ = false, prompt_open_ = false, ended_ = false;
};

/// How often each guarded thing happened, over all seeds: a property that is never exercised proves nothing.
std::map<std::string, std::uint64_t> happened;

struct World : TestClock {
  base::SeededRandom random;
  GrantTerms terms;
  AppletSession core;
  Oracle oracle;
  std::optional<Prompt> prompt;
  bool link_is_up = false;
  bool ended_by_call = false;
  std::uint32_t next_transfer = 1;
  std::vector<TransferId> reads;
  std::vector<TransferId> opens;
  std::vector<WriteChunk> writes;
  std::vector<TransferId> commits;
  std::vector<std::uint32_t> chooses, sysinfos;
  std::uint64_t incoming_at = 0, incoming_size = 0;  // of the newest file towards the user
  bool accepted = false;
  std::uint32_t offered_to_us = 9999;

  explicit World(std::uint64_t seed)
      : random(seed), terms(make_terms()), core(testing::applet_options(), terms, now), oracle(terms) {
    oracle.time(now.steady);
    check();
  }
  GrantTerms make_terms() {
    auto t = testing::all_granted(now);
    if (random.below(2) == 0)
      t.permissions = PermissionSet::from_bits(static_cast<std::uint32_t>(random.u64() | random.u64()));
    t.single_prompt = random.below(4) == 0;
    t.recording_forced = random.below(5) == 0;
    t.consent_timeout = std::chrono::seconds(5 + random.below(20));
    t.lease_until = now.steady + std::chrono::seconds(60 + random.below(2000));
    return t;
  }

  void guarded(const char* what, bool allowed) {
    ASSERT_TRUE(allowed) << what << " without permission";
    ++happened[what];
  }

  /// Takes everything the core has to say and do, and judges it.
  void check() {
    oracle.time(now.steady);
    if (core.ended()) oracle.end();
    std::vector<AppletAction> actions;
    while (auto a = core.poll_action()) actions.push_back(std::move(*a));
    const bool prompt_in_batch = testing::count_of<ShowPrompt>(actions) > 0;
    for (const auto& a : actions) ASSERT_NO_FATAL_FAILURE(judge(a, prompt_in_batch));
    // The link is full at times: what waits in the core must lose its way out together with its right.
    for (auto c : wire::kChannels) {
      if (random.below(3) != 0) continue;
      while (auto out = core.next_outgoing(c, now)) ASSERT_NO_FATAL_FAILURE(judge(*out));
    }
    while (auto a = core.poll_action()) ASSERT_NO_FATAL_FAILURE(judge(*a, false));
    while (core.poll_audit()) {
    }
  }
  void judge(const AppletAction& action, bool prompt_in_batch) {
    if (const auto* show = std::get_if<ShowPrompt>(&action)) {
      prompt = show->prompt;
      oracle.prompt_opened();
    } else if (std::get_if<ClosePrompt>(&action) != nullptr) {
      prompt.reset();
      oracle.prompt_closed();
    } else if (std::get_if<InjectKey>(&action) || std::get_if<InjectText>(&action) ||
               std::get_if<InjectPointer>(&action)) {
      guarded("input", oracle.allows_input() && !prompt_in_batch);
    } else if (std::get_if<StartCapture>(&action) || std::get_if<KeyframeWanted>(&action) ||
               std::get_if<ScreenWanted>(&action)) {
      guarded("capture", oracle.allows(desktop_view));
    } else if (const auto* choose = std::get_if<ChooseFile>(&action)) {
      guarded("choose file", oracle.allows(receive_files));
      chooses.push_back(choose->request);
    } else if (const auto* collect = std::get_if<CollectSysinfo>(&action)) {
      guarded("collect sysinfo", oracle.allows(system_information));
      sysinfos.push_back(collect->request);
    } else if (const auto* file = std::get_if<FileAction>(&action)) {
      judge(*file);
    }
  }
  void judge(const FileAction& action) {
    if (const auto* open = std::get_if<OpenForWrite>(&action)) {
      guarded("open for write", oracle.allows(send_files));
      opens.push_back(open->transfer);
    } else if (const auto* write = std::get_if<WriteChunk>(&action)) {
      guarded("write", oracle.allows(send_files));
      writes.push_back(*write);
    } else if (const auto* commit = std::get_if<CommitFile>(&action)) {
      guarded("commit", oracle.allows(send_files));
      commits.push_back(commit->transfer);
    } else if (const auto* read = std::get_if<ReadChunk>(&action)) {
      guarded("read", oracle.allows(receive_files));
      reads.push_back(read->transfer);
      read_sizes[read->transfer] = read->bytes;
    }
  }
  std::map<TransferId, std::size_t> read_sizes;

  void judge(const base::Bytes& out) {
    const auto checked = wire::verify_and_check(out);
    ASSERT_TRUE(checked) << "the applet itself sends only well-formed messages: " << checked.error().message();
    switch ((*checked)->message_type()) {
      case msg::Message::ScreenPacket:
        return guarded("screen packet", oracle.allows(desktop_view));
      case msg::Message::CursorShape:
        return guarded("cursor shape", oracle.allows(desktop_view));
      case msg::Message::CursorPosition:
        return guarded("cursor position", oracle.allows(desktop_view));
      case msg::Message::DisplayList:
        return guarded("display list", oracle.allows(desktop_view));
      case msg::Message::SysinfoReply:
        return guarded("sysinfo", oracle.allows(system_information));
      case msg::Message::FileOffer:
        offered_to_us = (*checked)->message_as_FileOffer()->transfer();
        return guarded("file name", oracle.allows(receive_files));
      case msg::Message::FileAccept:
        accepted |= (*checked)->message_as_FileAccept()->transfer() == next_transfer - 1;
        return;
      case msg::Message::FileChunk:
        return guarded("file content", oracle.allows(receive_files));
      case msg::Message::FileDone:
        return guarded("file hash", oracle.allows(receive_files));
      case msg::Message::ViewState:
        if ((*checked)->message_as_ViewState()->active()) guarded("view state", oracle.allows(desktop_view));
        return;
      default:
        return;
    }
  }

  // ---- the console
  std::uint32_t small() { return static_cast<std::uint32_t>(random.below(4)); }
  base::Bytes some_bytes(std::size_t n) {
    base::Bytes b(random.below(n) + 1);
    random.fill(b);
    return b;
  }
  base::Bytes any_message() {
    switch (random.below(30)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return m::permission_ask(
            static_cast<Permission>(random.below(random.below(10) == 0 ? 40 : wire::kPermissionCount)));
      case 4:
        return m::permission_ask(random.below(2) == 0 ? desktop_view : remote_control);
      case 5:
      case 6:
        return m::view_start(small(), static_cast<std::uint8_t>(random.below(256)));
      case 7:
        return m::view_stop();
      case 8:
        return m::keyframe_request(small());
      case 9:
      case 10:
        return m::control_start(1);
      case 11:
        return m::control_stop(2);
      case 12:
      case 13:
        return m::input_key(static_cast<std::uint32_t>(random.below(60'000)) + 1, small(), random.below(2) == 0);
      case 14:
        return m::input_text("rm -rf ~");
      case 15:
      case 16:
        return m::input_pointer(small(), static_cast<std::int32_t>(random.below(4000)) - 1000,
                                static_cast<std::int32_t>(random.below(4000)) - 1000,
                                static_cast<std::uint32_t>(random.u64()), 0, static_cast<std::int8_t>(random.below(3)));
      case 17:
        return m::input_release_all();
      case 18:
      case 19:
        return m::recording_notice(random.below(4) != 0);
      case 20:
        return m::chat(now.wall, "Please click Yes");
      case 21:
        return offer();
      case 22:
        return random.below(400) == 0 ? m::file_chunk(small(), 0, base::Bytes(5, 0)) : chunk_or_done();
      case 23:
        return random.below(400) == 0 ? m::file_done(small(), 0, FileDigests{}) : chunk_or_done();
      case 24:
      case 25:
        return m::file_request(static_cast<std::uint32_t>(random.u64()));
      case 26:
        return m::sysinfo_request(static_cast<std::uint32_t>(random.u64()), {});
      case 27:
        return random.below(400) == 0 ? m::file_accept(small() + 1)
                                      : m::file_accept(std::exchange(offered_to_us, 9999));
      case 28:
        return m::file_reject(small() + 1, FileStop::refused);
      default:
        return m::file_cancel(small() + 1, FileStop::canceled);
    }
  }

  base::Bytes offer() {
    incoming_size = random.below(3) * 1000;
    incoming_at = 0;
    accepted = false;
    return m::file_offer(next_transfer++, small(), incoming_size, now.wall, random.below(6) == 0 ? "../x" : "x");
  }
  /// Goes on with the newest file of ours as far as an honest console would; its content is zeros.
  base::Bytes chunk_or_done() {
    if (!accepted) return offer();
    if (incoming_at < incoming_size) {
      const auto n = std::min<std::uint64_t>(incoming_size - incoming_at, 1 + random.below(800));
      const auto at = std::exchange(incoming_at, incoming_at + n);
      return m::file_chunk(next_transfer - 1, at, base::Bytes(n, 0));
    }
    accepted = false;
    testing::FakeHasher hasher;
    hasher.update(base::Bytes(incoming_size, static_cast<std::uint8_t>(random.below(8) == 0 ? 1 : 0)));
    return m::file_done(next_transfer - 1, incoming_size, hasher.finish());
  }

  void console_step() {
    if (!link_is_up) return;
    auto message = any_message();
    const auto type = msg::GetSessionMessage(message.data())->message_type();
    auto channel = wire::channel_of(type);
    bool honest = true;
    if (random.below(3000) == 0) {
      message[random.below(message.size())] ^= static_cast<std::uint8_t>(1 + random.below(255));
      honest = false;
    }
    if (random.below(3000) == 0) channel = wire::kChannels[random.below(wire::kChannelCount)];
    if (random.below(3000) == 0) message = some_bytes(200);
    if (honest && type == msg::Message::RecordingNotice && channel == Channel::control && !core.ended()) {
      const auto checked = wire::read_session_message(message, channel, wire::End::console);
      if (checked) oracle.recording((*checked)->message_as_RecordingNotice()->active());
    } else if (!honest && type == msg::Message::RecordingNotice) {
      return;  // the oracle would have to guess what a flipped notice says
    }
    (void)core.on_message(channel, message, now);
  }

  // ---- the user and the site
  void user_step() {
    switch (random.below(12)) {
      case 0:
      case 1:
      case 2:
      case 3:
      case 4:
      case 5:
        return answer();
      case 6: {
        const auto p = static_cast<Permission>(random.below(wire::kPermissionCount));
        oracle.revoke(p);
        core.user_revokes(p, now);
        return;
      }
      case 7:
        if (random.below(5) != 0) return;
        oracle.revoke_all();
        core.user_revokes_all(now);
        return;
      case 8:
        (void)core.user_sends_chat("hm", now);
        return;
      case 9: {
        // The site renews, widens or narrows; sometimes an old grant is played again.
        auto t = make_terms();
        t.generation = terms.generation + random.below(3) - 1;
        const bool newer = t.generation >= terms.generation;
        const bool taken = core.on_grant(t, now).has_value();
        EXPECT_EQ(taken, newer);
        if (taken) terms = t, oracle.grant(t);
        return;
      }
      case 10:
        if (link_is_up && random.below(4) == 0) {
          link_is_up = false;
          oracle.link_down();
          core.on_link_down(now);
        }
        return;
      default:
        if (!link_is_up) {
          link_is_up = true;
          oracle.link_up();
          core.on_link_up(now);
        }
        return;
    }
  }
  void answer() {
    if (!prompt) return;
    const auto p = *prompt;
    const auto a = random.below(2) == 0 ? Answer::yes : static_cast<Answer>(random.below(3));
    const bool in_time = now.steady - p.opened >= 500ms && now.steady < p.deadline;
    const bool taken = core.user_answers(p.id, a, now);
    ASSERT_TRUE(in_time || !taken) << "an answer was taken that nobody can have given";
    if (taken && a == Answer::yes) oracle.yes_to(p.covers, p.single);
  }

  // ---- the host: does its work, and tries to send without being asked
  void host_step() {
    const base::Bytes data(1 + random.below(3000), 5);
    const base::Bytes rgba(4, 1);
    switch (random.below(12)) {
      case 0:
        core.set_displays(random.below(5) == 0 ? std::vector<DisplayInfo>{} : testing::two_displays(), now);
        return;
      case 1:
      case 2:
        (void)core.screen_packet(1 + small() % 2, random.below(2) == 0, data, now);
        return;
      case 3:
        (void)core.cursor_shape(1, 1, 0, 0, rgba, now);
        return;
      case 4:
        (void)core.cursor_position(1, 1, 1, true, now);
        return;
      case 5: {
        const auto request = chooses.empty() ? small() : chooses[random.below(chooses.size())];
        if (random.below(6) == 0)
          core.file_not_chosen(request, now);
        else
          (void)core.file_chosen(request, "private.txt", random.below(100'000), now.wall, now);
        return;
      }
      case 6: {
        const auto request = sysinfos.empty() ? small() : sysinfos[random.below(sysinfos.size())];
        (void)core.sysinfo_collected(request, {{"os", {{"serial", "secret"}}}}, now);
        return;
      }
      case 7:
        for (auto id : std::exchange(opens, {})) core.file_opened(id, now);
        return;
      case 8:
        for (const auto& w : std::exchange(writes, {})) core.file_written(w.transfer, w.offset + w.bytes.size(), now);
        return;
      case 9:
        for (auto id : std::exchange(commits, {})) core.file_committed(id, now);
        return;
      case 10:
        for (auto id : std::exchange(reads, {})) core.file_chunk(id, base::Bytes(read_sizes[id], 7), now);
        return;
      default:
        core.file_chunk({FileDirection::to_console, small() + 1}, data, now);
        return;
    }
  }

  void step() {
    switch (random.below(8)) {
      case 0:
      case 1:
      case 2:
        console_step();
        break;
      case 3:
      case 4:
        user_step();
        break;
      case 5:
      case 6:
        host_step();
        break;
      default:
        advance(random.below(link_is_up ? 40 : 4) == 0 ? base::Duration(random.below(400) * 1s)
                                                       : base::Duration(random.below(900) * 1ms));
        oracle.time(now.steady);
        core.on_deadline(now);
        break;
    }
  }
};

TEST(HostileConsole, NothingLeavesOrHappensWithoutGrantAndConsentInForce) {
  happened.clear();
  std::uint64_t steps = 0;
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 1500; ++i, ++steps) {
      ASSERT_NO_FATAL_FAILURE(world.step()) << "step " << i;
      ASSERT_NO_FATAL_FAILURE(world.check()) << "step " << i;
      if (world.core.ended() && i > 50 && i % 100 == 0) break;  // a while longer after the end: still nothing
    }
    if (world.core.ended()) ++dropped;
  }
  EXPECT_GT(steps, 20'000u);
  EXPECT_GT(dropped, 0u) << "no session ever met a broken message";
  for (const char* what : {"input", "capture", "choose file", "collect sysinfo", "open for write", "write", "commit",
                           "read", "screen packet", "cursor shape", "cursor position", "display list", "sysinfo",
                           "file name", "file content", "file hash", "view state"})
    EXPECT_GT(happened[what], 20u) << what << " was hardly ever exercised";
}

}  // namespace
}  // namespace rescue::session
