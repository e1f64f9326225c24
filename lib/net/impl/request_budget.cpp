// SPDX-License-Identifier: Apache-2.0
#include "net/impl/request_budget.hpp"

#include "base/assert.hpp"

namespace rescue::net {

namespace {
constexpr std::size_t kStep = 4 * 1024;   // bytes; one look at the lock for so much
constexpr std::size_t kNetworkBytes = 8;  // of an IPv6 address

std::size_t rounded(std::size_t bytes) { return (bytes + kStep - 1) / kStep * kStep; }
}  // namespace

IpAddress client_network(const IpAddress& address) {
  if (address.is_v4()) return address;
  std::array<std::uint8_t, 16> network{};
  std::copy_n(address.mapped().begin(), kNetworkBytes, network.begin());
  return IpAddress(network);
}

RequestBudget::Verdict RequestBudget::Share::grow_to(std::size_t bytes) {
  const auto wanted = bytes <= kUncountedRequest ? 0 : rounded(bytes);
  if (wanted <= held_) return Verdict::ok;
  const auto verdict = budget_.take(network_, held_, wanted);
  if (verdict == Verdict::ok) held_ = wanted;
  return verdict;
}

RequestBudget::Verdict RequestBudget::take(const IpAddress& network, std::size_t held, std::size_t wanted) {
  const auto more = wanted - held;
  const std::lock_guard lock(mutex_);
  const auto it = by_network_.find(network);
  const auto of_network = it == by_network_.end() ? 0 : it->second;
  if (more > limits_.per_address || of_network > limits_.per_address - more) return Verdict::address_full;
  // Large requests leave a part to small ones, so that people can sign in while others are uploading.
  const auto total = wanted > kSmallRequest ? limits_.total - limits_.total / kSmallRequestPart : limits_.total;
  if (more > total || used_ > total - more) return Verdict::all_full;
  used_ += more;
  by_network_[network] += more;
  return Verdict::ok;
}

void RequestBudget::give_back(const IpAddress& network, std::size_t bytes) {
  if (bytes == 0) return;
  const std::lock_guard lock(mutex_);
  const auto it = by_network_.find(network);
  RESCUE_ASSERT(it != by_network_.end() && it->second >= bytes && used_ >= bytes);
  used_ -= bytes;
  it->second -= bytes;
  if (it->second == 0) by_network_.erase(it);
}

std::size_t RequestBudget::used() const {
  const std::lock_guard lock(mutex_);
  return used_;
}

}  // namespace rescue::net
