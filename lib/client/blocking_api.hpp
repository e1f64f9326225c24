// SPDX-License-Identifier: Apache-2.0
// The broker's API for code that just waits: short commands of the CLI. The network runs on a thread of its own.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client/broker_api.hpp"

namespace rescue::client {

/// The broker's event stream, kept open: re-connects with back-off and loses no log event, however long it was away
/// (what the stream does not send again is read from GET /log). One thread calls it; must go before the BlockingApi
/// that made it.
class EventFollower {
 public:
  ~EventFollower();
  /// The next message: {"type":"session"|"log",…} as the broker sends it, {"type":"connected"} when
  /// the broker has begun to tell after a (re)connection (the moment to read what changed meanwhile: nothing falls
  /// between the two), {"type":"disconnected","reason":…}. Nothing when `timeout` passes. Errors: those that re-connecting does not cure (sign_in_needed, denied, a wrong certificate).
  [[nodiscard]] base::Result<std::optional<boost::json::object>> next(
      std::optional<std::chrono::microseconds> timeout = std::nullopt);

 private:
  friend class BlockingApi;
  struct Impl;
  explicit EventFollower(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// One thread calls it. Errors as BrokerApi.
class BlockingApi {
 public:
  [[nodiscard]] static base::Result<std::unique_ptr<BlockingApi>> create(const SiteAddress& site, std::string token);
  ~BlockingApi();

  [[nodiscard]] base::Result<boost::json::value> get(std::string target);
  [[nodiscard]] base::Result<boost::json::value> post(std::string target, boost::json::object body = {});
  [[nodiscard]] base::Result<boost::json::value> patch(std::string target, boost::json::object body);
  [[nodiscard]] base::Result<boost::json::value> del(std::string target);
  /// All pages of a list: `on_item` for each element of `key` until it says false or `limit` are there (0 = all).
  /// True when more would have come.
  [[nodiscard]] base::Result<bool> for_each(std::string target, std::string_view key, std::size_t limit,
                                            const std::function<bool(const boost::json::object&)>& on_item);
  /// GET /events with `topics` "sessions", "log" or both; `after` 0: only what comes from now on.
  [[nodiscard]] std::unique_ptr<EventFollower> follow(std::string topics, std::uint64_t after);
  [[nodiscard]] const std::string& last_request_id() const;
  /// As BrokerApi; before the first request.
  void set_request_id(std::string id);
  void set_timeout(std::chrono::microseconds timeout);

 private:
  struct Impl;
  explicit BlockingApi(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::client
