// SPDX-License-Identifier: Apache-2.0
// Sends a spool to the broker, in order, again until it is acknowledged.
#pragma once

#include "base/random.hpp"
#include "client/broker_api.hpp"
#include "client/log_spool.hpp"
#include "net/backoff.hpp"
#include "net/io_thread.hpp"

namespace rescue::client::impl {

/// Strand of the api's executor.
class LogSender {
 public:
  LogSender(BrokerApi& api, LogSpool& spool, base::RandomSource& random);

  /// From the session: into the spool, at once or when the disk takes it again.
  void add(LogEvent event);
  /// Retries what the disk refused.
  void tick();
  [[nodiscard]] std::size_t pending() const { return spool_.pending() + refused_.size(); }
  /// Until canceled.
  [[nodiscard]] boost::asio::awaitable<void> run();
  /// Until everything is sent, `deadline` has passed, or it can never be sent. True when nothing is left.
  [[nodiscard]] boost::asio::awaitable<bool> flush(std::chrono::steady_clock::time_point deadline);

 private:
  enum class Sent { all, later, never };
  [[nodiscard]] boost::asio::awaitable<Sent> send_pending();

  BrokerApi& api_;
  LogSpool& spool_;
  net::Backoff backoff_;
  net::Signal changed_;
  std::deque<LogEvent> refused_;  // by the disk
};

/// Sends what earlier processes left in `dir`; gives up on the first failure.
[[nodiscard]] boost::asio::awaitable<void> send_leftovers(BrokerApi& api, std::filesystem::path dir,
                                                          base::RandomSource& random);

}  // namespace rescue::client::impl
