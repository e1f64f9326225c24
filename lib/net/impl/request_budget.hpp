// SPDX-License-Identifier: Apache-2.0
// Memory that clients can make a server hold before it knows who they are: what requests have brought and what is not
// answered yet. One budget for all connections of a server, and a share of it for each client address.
#pragma once

#include <map>
#include <mutex>

#include "net/endpoint.hpp"
#include "net/limits.hpp"

namespace rescue::net {

struct RequestMemory {
  std::size_t total = kRequestMemory;
  std::size_t per_address = kRequestMemoryPerAddress;
};

/// Addresses that one client can have at will count as one: an IPv6 network of 64 bits (RFC 4291 section 2.5.1), or one
/// IPv4 address.
[[nodiscard]] IpAddress client_network(const IpAddress& address);

/// Thread-safe. Outlives its shares.
class RequestBudget {
 public:
  enum class Verdict : std::uint8_t { ok, address_full, all_full };

  explicit RequestBudget(RequestMemory limits) : limits_(limits) {}
  RequestBudget(const RequestBudget&) = delete;
  RequestBudget& operator=(const RequestBudget&) = delete;

  /// What one request holds; goes back when this goes away.
  class Share {
   public:
    Share(RequestBudget& budget, const IpAddress& from) : budget_(budget), network_(client_network(from)) {}
    ~Share() { budget_.give_back(network_, held_); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    /// Holds at least `bytes` afterwards, or what it held before. The first kUncountedRequest bytes are free: every
    /// connection has them, and the number of connections is limited.
    [[nodiscard]] Verdict grow_to(std::size_t bytes);

   private:
    RequestBudget& budget_;
    const IpAddress network_;
    std::size_t held_ = 0;
  };

  [[nodiscard]] std::size_t used() const;

 private:
  [[nodiscard]] Verdict take(const IpAddress& network, std::size_t held, std::size_t wanted);
  void give_back(const IpAddress& network, std::size_t bytes);

  const RequestMemory limits_;
  mutable std::mutex mutex_;
  std::size_t used_ = 0;
  std::map<IpAddress, std::size_t> by_network_;
};

}  // namespace rescue::net
