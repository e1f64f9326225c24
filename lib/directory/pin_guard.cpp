// SPDX-License-Identifier: Apache-2.0
#include "directory/pin_guard.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/bytes.hpp"

namespace rescue::directory {
namespace {
using std::chrono::duration;
using std::chrono::milliseconds;

double seconds_between(base::SteadyTime from, base::SteadyTime to) {
  return std::max(0.0, duration<double>(to - from).count());
}

constexpr double kSurgeMemorySeconds = 60;
}  // namespace

std::vector<PinGuard::Key> PinGuard::keys_of(std::string_view address) const {
  const std::string text(address.substr(0, INET6_ADDRSTRLEN));
  std::array<std::uint8_t, 16> b{};
  if (::inet_pton(AF_INET6, text.c_str(), b.data()) == 1) {
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0,    0,
                                                   0, 0, 0, 0, 0xff, 0xff};  // RFC 4291 section 2.5.5.2
    if (!std::equal(kMapped.begin(), kMapped.end(), b.begin())) {
      const base::ByteView all(b);
      // One user of IPv6 has a /64 to choose from: the single address is no limit worth keeping.
      return {{"6/64 " + base::to_hex(all.first(8)), limits_.per_address},
              {"6/56 " + base::to_hex(all.first(7)), limits_.per_network},
              {"6/48 " + base::to_hex(all.first(6)), limits_.per_site}};
    }
    std::copy(b.begin() + 12, b.end(), b.begin());
  } else if (::inet_pton(AF_INET, text.c_str(), b.data()) != 1) {
    return {{"?", limits_.per_network}};
  }
  const base::ByteView v4(b.data(), 4);
  return {{"4 " + base::to_hex(v4), limits_.per_address}, {"4/24 " + base::to_hex(v4.first(3)), limits_.per_network}};
}

double PinGuard::rate_per_s(const Key& key) const {
  // A network's allowance refills as much faster as it is larger.
  const double one_per = static_cast<double>(limits_.refill.count()) * limits_.per_address;
  return static_cast<double>(key.allowance) / std::max(one_per, 1.0);
}

double PinGuard::used(const Key& key, base::SteadyTime now) const {
  const auto found = buckets_.find(key.text);
  if (found == buckets_.end()) return 0;
  return std::max(0.0, found->second.used - seconds_between(found->second.at, now) * rate_per_s(key));
}

std::uint32_t PinGuard::running(const Key& key) const {
  const auto found = buckets_.find(key.text);
  return found == buckets_.end() ? 0 : found->second.running;
}

void PinGuard::charge(const Key& key, double amount, int running, base::SteadyTime now) {
  const double next = std::max(0.0, used(key, now) + amount);
  auto [at, fresh] = buckets_.try_emplace(key.text);
  if (fresh) {
    at->second.age = by_age_.insert(by_age_.end(), key.text);
  } else {
    by_age_.splice(by_age_.end(), by_age_, at->second.age);
  }
  at->second.used = next;
  // Of a bucket that was forgotten meanwhile more may end than began.
  at->second.running =
      static_cast<std::uint32_t>(std::max<std::int64_t>(0, std::int64_t{at->second.running} + running));
  at->second.at = now;
  while (buckets_.size() > std::max<std::size_t>(limits_.max_entries, 1)) {
    buckets_.erase(by_age_.front());
    by_age_.pop_front();
  }
}

milliseconds PinGuard::surge(base::SteadyTime now) const {
  const double recent = recent_ * std::exp(-seconds_between(recent_at_, now) / kSurgeMemorySeconds);
  const auto steps = static_cast<std::int64_t>(recent / std::max(limits_.surge_per_minute, 1u));
  return std::min(limits_.max_delay, limits_.surge_delay * steps);
}

PinGuard::Verdict PinGuard::check(std::string_view address, base::SteadyTime now) {
  Verdict verdict;
  const auto keys = keys_of(address);
  bool decided = false;
  for (const auto& key : keys) {
    const double over = used(key, now) + 1 - key.allowance;
    if (over <= 0) continue;
    verdict.allowed = false;
    decided = decided || over > running(key);
    const std::chrono::seconds wait(static_cast<std::int64_t>(std::ceil(over / rate_per_s(key))));
    verdict.retry_after = std::max(verdict.retry_after, wait);
  }
  verdict.undecided = !verdict.allowed && !decided;
  if (!verdict.allowed) return verdict;
  for (const auto& key : keys) charge(key, 1, 1, now);
  verdict.delay = surge(now);
  return verdict;
}

void PinGuard::failed(std::string_view address, base::SteadyTime now) {
  abandoned(address, now);
  recent_ = recent_ * std::exp(-seconds_between(recent_at_, now) / kSurgeMemorySeconds) + 1;
  recent_at_ = now;
}

void PinGuard::succeeded(std::string_view address, base::SteadyTime now) {
  for (const auto& key : keys_of(address)) charge(key, -1, -1, now);
}

void PinGuard::abandoned(std::string_view address, base::SteadyTime now) {
  for (const auto& key : keys_of(address)) charge(key, 0, -1, now);
}

}  // namespace rescue::directory
