// SPDX-License-Identifier: Apache-2.0
// A broker that answers as a test tells it, over real TLS on loopback.
#pragma once

#include <boost/json/value.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "client/broker_api.hpp"

namespace rescue::test {

struct FakeRequest {
  std::string method;
  std::string path;  // with the query, without /api/v1
  std::string body;
  std::string token;  // bearer
  std::string key;    // Idempotency-Key
};
struct FakeReply {
  unsigned status = 200;
  std::string body = "{}";
};

class FakeBroker {
 public:
  using Answer = std::function<FakeReply(const FakeRequest&)>;
  /// `answer` runs on the broker's thread, one call at a time.
  explicit FakeBroker(Answer answer);
  ~FakeBroker();

  [[nodiscard]] client::SiteAddress site() const;
  [[nodiscard]] std::string url() const;
  [[nodiscard]] std::string pin() const;  // 64 hex digits
  [[nodiscard]] std::vector<FakeRequest> requests() const;
  /// Streams that connect from now on are not told "ready", as of a broker that is slow to subscribe them.
  void hold_ready();
  /// What every connected event stream gets next.
  void push_event(std::string json);
  /// Cuts the event streams.
  void drop_streams();
  /// Waits until that many event streams have connected in all.
  void wait_streams(std::size_t count) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// {"error":…} as the API shapes it.
[[nodiscard]] FakeReply refusal(unsigned status, const std::string& name, const std::string& message);

}  // namespace rescue::test
