// SPDX-License-Identifier: Apache-2.0
#include "client/impl/log_sender.hpp"

#include "base/log.hpp"

namespace rescue::client::impl {
namespace {
using boost::asio::awaitable;
using namespace std::chrono_literals;
constexpr auto kIdle = 30s;                  // looked at that often even when nobody notified
constexpr std::size_t kRefusedMax = 10'000;  // events in memory while the disk is full
constexpr auto kLeftoverPatience = 30s;      // for one spool

/// The broker will say the same again, whoever asks.
bool is_final(const base::Error& e) {
  return e.exit() == base::Exit::not_found || e.exit() == base::Exit::denied || e.exit() == base::Exit::conflict;
}
bool is_about_one_event(const base::Error& e) { return e.code == Errc::invalid_argument || e.code == Errc::too_large; }
}  // namespace

LogSender::LogSender(BrokerApi& api, LogSpool& spool, base::RandomSource& random)
    : api_(api), spool_(spool), backoff_(net::BackoffOptions(250ms, 10s), random), changed_(api.http().executor()) {}

void LogSender::add(LogEvent event) {
  refused_.push_back(std::move(event));
  tick();
}

void LogSender::tick() {
  while (!refused_.empty()) {
    auto appended = spool_.append(refused_.front());
    if (!appended) {
      base::log(base::LogLevel::error, "client", "the session log cannot be spooled",
                {{"error", appended.error().message()}, {"waiting", refused_.size()}});
      if (refused_.size() > kRefusedMax) refused_.pop_front();
      return;
    }
    refused_.pop_front();
    changed_.notify();
  }
}

awaitable<LogSender::Sent> LogSender::send_pending() {
  bool one_by_one = false;
  while (spool_.pending() > 0) {
    auto batch = spool_.batch();
    if (one_by_one) batch.resize(1);
    const auto last = batch.back().seq;
    const auto type = batch.front().type;
    auto sending = api_.send_log(spool_.session(), batch);
    const auto through = co_await std::move(sending);
    if (through) {
      backoff_.reset();
      // What is below the broker's mark needs no second sending, whatever we remember.
      if (auto kept = spool_.acknowledge(std::max(*through, last)); !kept)
        base::log(base::LogLevel::warn, "client", "the log spool cannot be shortened",
                  {{"error", kept.error().message()}});
      one_by_one = false;
      continue;
    }
    const auto& e = through.error();
    if (is_about_one_event(e) && batch.size() > 1) {
      one_by_one = true;
      continue;
    }
    if (is_about_one_event(e)) {
      // It would hold back everything behind it for ever.
      base::log(base::LogLevel::error, "client", "the broker refuses a log event",
                {{"seq", last}, {"type", type}, {"error", message_of(e)}});
      static_cast<void>(spool_.acknowledge(last));
      continue;
    }
    base::log(base::LogLevel::warn, "client", "the session log cannot be sent",
              {{"error", message_of(e)}, {"pending", spool_.pending()}});
    co_return is_final(e) ? Sent::never : Sent::later;
  }
  co_return Sent::all;
}

awaitable<void> LogSender::run() {
  for (;;) {
    auto sending = send_pending();
    const auto sent = co_await std::move(sending);
    if (sent == Sent::later) {
      auto pause = net::sleep_for(backoff_.next());
      co_await std::move(pause);
      continue;
    }
    auto waiting = changed_.wait_until(std::chrono::steady_clock::now() + kIdle);
    co_await std::move(waiting);
  }
}

awaitable<bool> LogSender::flush(std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    tick();
    auto sending = send_pending();
    const auto sent = co_await std::move(sending);
    if (sent == Sent::all && refused_.empty()) co_return true;
    if (sent == Sent::never || std::chrono::steady_clock::now() >= deadline) co_return false;
    auto pause = net::sleep_for(backoff_.next());
    co_await std::move(pause);
  }
}

awaitable<void> send_leftovers(BrokerApi& api, std::filesystem::path dir, base::RandomSource& random) {
  for (const auto& session : leftover_spools(dir)) {
    auto spool = LogSpool::open(dir, session, 1);
    if (!spool) continue;
    LogSender sender(api, *spool, random);
    auto flushing = sender.flush(std::chrono::steady_clock::now() + kLeftoverPatience);
    if (const bool sent = co_await std::move(flushing); sent) spool->remove_if_empty();
  }
}

}  // namespace rescue::client::impl
