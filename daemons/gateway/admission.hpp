// SPDX-License-Identifier: Apache-2.0
// What the data plane asks and tells the site. The broker's connection implements it; tests put their own in its place.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/guid.hpp"
#include "crypto/tokens.hpp"
#include "daemons/gateway/relay_pair.hpp"

namespace rescue::gateway {

/// An end that has shown a valid ticket and proved its key.
struct Applicant {
  base::Guid session;
  crypto::Role role = crypto::Role::applet;
  crypto::Digest256 guid_id{};
  crypto::Fingerprint holder{};
  std::string remote_address;
};

enum class Verdict : std::uint8_t { admitted, unknown_session, session_ended, wrong_key, refused, network, broker_away };

struct PairReport {
  base::Guid session;
  base::Guid pair;
  PairEnd end = PairEnd::closed;
  std::uint64_t bytes_to_applet = 0;
  std::uint64_t bytes_to_console = 0;
  base::Duration duration{};
};

/// A refused hand-off that the site should know of.
struct IncidentReport {
  std::optional<base::Guid> session;
  crypto::Role role = crypto::Role::applet;
  std::string reason;
  std::string remote_address;
};

/// All members: any thread, never blocking.
class Admission {
 public:
  virtual ~Admission() = default;
  /// `answer` is called exactly once, from any thread, perhaps before ask returns.
  virtual void ask(const Applicant& applicant, std::move_only_function<void(Verdict)> answer) = 0;
  /// `waiting` connections of this role now wait in the session.
  virtual void waiting_changed(const base::Guid& session, crypto::Role role, unsigned waiting) = 0;
  virtual void pair_joined(const base::Guid& session, const base::Guid& pair) = 0;
  virtual void pair_ended(const PairReport& report) = 0;
  virtual void incident(const IncidentReport& report) = 0;
};

/// The site's token keys as last told; readers keep what they got for one check. Thread-safe.
class TokenKeys {
 public:
  using List = std::shared_ptr<const std::vector<crypto::PublicKey>>;
  explicit TokenKeys(std::vector<crypto::PublicKey> keys = {}) { set(std::move(keys)); }
  void set(std::vector<crypto::PublicKey> keys) {
    auto list = std::make_shared<const std::vector<crypto::PublicKey>>(std::move(keys));
    const std::lock_guard lock(mutex_);
    list_ = std::move(list);
  }
  [[nodiscard]] List get() const {
    const std::lock_guard lock(mutex_);
    return list_;
  }

 private:
  mutable std::mutex mutex_;
  List list_;
};

}  // namespace rescue::gateway
