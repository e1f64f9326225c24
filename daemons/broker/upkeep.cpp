// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/upkeep.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "crypto/tls.hpp"
#include "daemons/broker/once.hpp"
#include "daemons/broker/recording_check.hpp"
#include "directory/sign_in_sessions.hpp"
#include "net/io_thread.hpp"
#include "store/sign_ins.hpp"

namespace rescue::broker {
namespace asio = boost::asio;
namespace {

constexpr base::Duration kEventsPing = std::chrono::seconds(20);
constexpr base::Duration kAppletPing = std::chrono::seconds(15);
constexpr base::Duration kCertificateCheck = std::chrono::hours(12);
/// Longest time that a lost applet is noticed too late.
constexpr base::Duration kLongestPresenceCheck = std::chrono::seconds(30);
constexpr base::Duration kLongestRecordingCheck = std::chrono::seconds(5);
/// A machine that restarts is not away for so long; its applet comes back within this time or never.
constexpr base::Duration kRestartTime = std::chrono::minutes(30);
constexpr std::size_t kSweepLimit = 100;
constexpr std::size_t kIdleLimit = 1000;
constexpr base::Duration kIdleCheck = std::chrono::seconds(5);
constexpr std::size_t kPresencePage = 500;
constexpr base::Duration kRequestIdCheck = std::chrono::minutes(10);
constexpr base::Duration kAppletFilesLook = std::chrono::seconds(2);
constexpr base::Duration kSsoCheck = std::chrono::minutes(1);
constexpr base::Duration kFailureCheck = std::chrono::hours(1);
constexpr base::Duration kFailureMemory = std::chrono::hours(24);  // far beyond the hour for which a failure counts
constexpr base::Duration kSsoMemory = std::chrono::minutes(10);    // for a clock that is set back

void warn(std::string_view what, const base::Error& error) {
  base::log(base::LogLevel::warn, "broker", what, {{"what", error.message()}});
}

/// Runs in a worker thread.
void sweep(Services& s) {
  for (;;) {
    const auto ended =
        s.store->write_now([&](store::Transaction& tx) { return s.desk.sweep(tx, s.clock.wall(), kSweepLimit); });
    if (!ended) return warn("sessions that ran out were not ended", ended.error());
    for (const auto& session : *ended)
      base::log(base::LogLevel::info, "broker", "session ended by its clock",
                {{"session", session.id.text()}, {"reason", session.end_reason}});
    if (ended->size() < kSweepLimit) return;
  }
}

/// Runs in a worker thread: sign-ins that nobody used for too long end, and what listens with them.
void end_idle_sign_ins(Services& s) {
  const auto ended = s.store->write_now(
      [&](store::Transaction& tx) { return directory::sign_ins::end_idle(tx, s.clock.wall(), kIdleLimit); });
  if (!ended) warn("idle sign-ins were not ended", ended.error());
}

/// Runs in a worker thread: answers that nobody asks for again.
void forget_request_ids(Services& s) {
  const auto purged = s.store->write_now(
      [&](store::Transaction& tx) { return store::request_ids::purge(tx, s.clock.wall() - kRequestIdLifetime); });
  if (!purged) warn("request ids were not forgotten", purged.error());
}

/// Runs in a worker thread: failed sign-ins that count for nothing any more, and invitations that nobody can accept.
void forget_failures(Services& s) {
  const auto purged = s.store->write_now([&](store::Transaction& tx) -> base::Result<bool> {
    const auto now = s.clock.wall();
    if (auto done = store::sign_in_networks::purge(tx, now - kFailureMemory); !done) return base::fail(done.error());
    if (auto done = store::invitations::purge(tx, now - kFailureMemory); !done) return base::fail(done.error());
    return true;
  });
  if (!purged) warn("failed sign-ins were not forgotten", purged.error());
}

/// Runs in a worker thread: sign-ins at the identity provider that were not finished in time, and what was replayable.
void forget_sso(Services& s) {
  const auto purged =
      s.store->write_now([&](store::Transaction& tx) { return store::sso::purge(tx, s.clock.wall() - kSsoMemory); });
  if (!purged) warn("traces of single sign-on were not forgotten", purged.error());
}

store::SessionFilter with_applet() {
  using enum wire::SessionState;
  store::SessionFilter filter;
  for (const auto state : {waiting, active, on_hold, transferring, reconnecting, rebooting})
    filter.states.emplace_back(wire::name(state));
  filter.live_only = true;
  return filter;
}

/// Runs in a worker thread: applets that were away for too long make their sessions offline.
void check_presence(Services& s) {
  const auto filter = with_applet();
  std::string cursor;
  do {
    const auto page = s.store->read_now(
        [&](store::ReadTransaction& tx) { return store::sessions::list(tx, filter, cursor, kPresencePage); });
    if (!page) return warn("presence of applets was not checked", page.error());
    for (const auto& session : page->items) {
      // Also not right after it registered or was picked up: its stream may be on its way.
      const bool restarts = session.state == wire::name(wire::SessionState::rebooting);
      if (s.clock.wall() - session.state_since <= (restarts ? kRestartTime : s.settings.applet_grace)) continue;
      const auto silent = s.applets.silent_for(session.id, s.clock.steady());
      if (silent <= s.settings.applet_grace) continue;
      const auto stepped = s.store->write_now([&](store::Transaction& tx) {
        return s.desk.applet_lost(tx, session.id, silent, s.clock.wall());
      });
      if (!stepped) warn("session was not set offline", stepped.error());
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
}

/// `action` every `interval`, the first time after `first`. It runs on the loop and must not block.
asio::awaitable<void> every(base::Duration first, base::Duration interval, std::function<void()> action) {
  auto waiting = net::sleep_for(first);
  bool go_on = co_await std::move(waiting);
  while (go_on) {
    action();
    auto pause = net::sleep_for(interval);
    go_on = co_await std::move(pause);
  }
}

}  // namespace

base::Result<crypto::TlsContext> tls_context(const crypto::ServerIdentity& identity) {
  return crypto::https_server_context(identity);
}

void reload_certificate(Services& s, net::HttpServer& server) {
  const auto identity = reload_server_identity(s.site, s.clock.wall());
  if (!identity) return warn("certificate was not reloaded", identity.error());
  auto context = tls_context(*identity);
  if (!context) return warn("certificate was not reloaded", context.error());
  server.reload_tls(std::move(*context));
  s.own_certificate = certified_by_site(*identity, s.site.ca);
  base::log(base::LogLevel::info, "broker", "certificate reloaded", {});
}

void start_upkeep(Services& s, net::HttpServer& server, net::TaskGroup& group) {
  const auto start = [&group](std::string_view name, base::Duration first, base::Duration interval,
                              std::function<void()> action) {
    group.spawn(name, every(first, interval, std::move(action)));
  };
  start("ping events", kEventsPing, kEventsPing, [&s] { s.feed.ping_events(); });
  start("ping applets", kAppletPing, kAppletPing, [&s] { s.feed.ping_applets(); });
  const auto first_sweep = std::max(s.settings.restart_grace, s.settings.sweep_interval);
  start("sweep", first_sweep, s.settings.sweep_interval, [&s] { s.fast.post([&s] { sweep(s); }); });
  start("idle sign-ins", kIdleCheck, kIdleCheck, [&s] { s.fast.post([&s] { end_idle_sign_ins(s); }); });
  start("single sign-on", first_sweep, kSsoCheck, [&s] { s.fast.post([&s] { forget_sso(s); }); });
  start("applet files", kAppletFilesLook, kAppletFilesLook,
        [&s] { s.fast.post([&s] { s.applet_files.look(s.clock.wall()); }); });
  start("request ids", first_sweep, kRequestIdCheck, [&s] { s.fast.post([&s] { forget_request_ids(s); }); });
  start("failed sign-ins", first_sweep, kFailureCheck, [&s] { s.fast.post([&s] { forget_failures(s); }); });
  const auto presence = std::clamp(s.settings.applet_grace / 2, base::Duration(1000), kLongestPresenceCheck);
  start("presence", presence, presence, [&s] { s.fast.post([&s] { check_presence(s); }); });
  const auto recordings = std::clamp(s.settings.recording_patience / 4, base::Duration(50'000), kLongestRecordingCheck);
  start("recordings", recordings, recordings, [&s] { s.fast.post([&s] { check_recordings(s); }); });
  start("certificate", kCertificateCheck, kCertificateCheck, [&s, &server] { reload_certificate(s, server); });
}

}  // namespace rescue::broker
