// SPDX-License-Identifier: Apache-2.0
// A gateway in this process and real OpenSSL clients of it on loopback.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/guid.hpp"
#include "crypto/possession.hpp"
#include "daemons/gateway/data_plane.hpp"

namespace rescue::gateway::test {

using namespace std::chrono_literals;
inline constexpr std::chrono::seconds kPatience{20};  // for what is going to happen, on a busy machine under sanitizers

/// True as soon as `condition` holds; false when it did not within kPatience.
[[nodiscard]] bool eventually(const std::function<bool()>& condition);

/// The site: answers as told, remembers what it was told.
class FakeSite final : public Admission {
 public:
  void ask(const Applicant& applicant, std::move_only_function<void(Verdict)> answer) override;
  void waiting_changed(const base::Guid& session, crypto::Role role, unsigned waiting) override;
  void pair_joined(const base::Guid& session, const base::Guid& pair) override;
  void pair_ended(const PairReport& report) override;
  void incident(const IncidentReport& report) override;

  void set_verdict(Verdict v) { verdict_ = v; }
  void set_silent(bool silent) { silent_ = silent; }
  [[nodiscard]] std::vector<Applicant> asked() const { return copy(asked_); }
  [[nodiscard]] std::vector<PairReport> ended() const { return copy(ended_); }
  [[nodiscard]] std::vector<IncidentReport> incidents() const { return copy(incidents_); }
  [[nodiscard]] unsigned waiting(const base::Guid& session, crypto::Role role) const;
  [[nodiscard]] std::size_t joined() const;

 private:
  template <typename T>
  std::vector<T> copy(const std::vector<T>& v) const {
    const std::lock_guard lock(mutex_);
    return v;
  }
  mutable std::mutex mutex_;
  std::atomic<Verdict> verdict_{Verdict::admitted};
  std::atomic<bool> silent_{false};
  std::vector<std::move_only_function<void(Verdict)>> unanswered_;
  std::vector<Applicant> asked_;
  std::vector<PairReport> ended_;
  std::vector<IncidentReport> incidents_;
  std::vector<std::pair<base::Guid, base::Guid>> joined_;
  std::map<std::pair<base::Guid, crypto::Role>, unsigned> waiting_;
};

/// Keys of a site, made once per process.
struct SiteKeys {
  crypto::PrivateKey token;
  crypto::PrivateKey ca_key;
  crypto::ServerIdentity server;
  crypto::TrustPin pin;
  static const SiteKeys& get();
};

/// One end of a session: its key and what the broker gave it.
struct End {
  crypto::Role role;
  crypto::PrivateKey key;
  base::Guid guid;
  base::Bytes ticket;
};
/// A session with both ends' valid tickets.
struct TestSession {
  base::Guid id;
  End applet;
  End console;
  TestSession();
  [[nodiscard]] crypto::Ticket ticket_for(const End& end) const;
};

/// What the gateway said.
struct Said {
  wire::handoff::Message kind = wire::handoff::Message::NONE;
  RefuseReason reason = RefuseReason::other;
  std::string text;
  base::Guid pair;
  std::uint64_t value = 0;
  bool end = false;  // connection closed or broken instead of a message
};

/// A blocking client. Every wait is bounded by kPatience.
class Client {
 public:
  explicit Client(const net::Endpoint& gateway);
  ~Client();
  Client(Client&&) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// False when the gateway closed or refused TLS.
  bool tls(const crypto::TlsContext* context = nullptr);
  void hello(const End& end, bool leaves_at_once = false);
  void hello(wire::tokens::Role role, base::ByteView ticket, std::optional<base::Guid> guid,
             const crypto::PrivateKey& key, bool leaves_at_once = false);
  void send_frame(base::ByteView message);
  void send_plain(base::ByteView bytes);  // inside TLS, as it is
  void ping(std::uint64_t value);
  [[nodiscard]] Said read();
  /// tls, hello, and the answer.
  [[nodiscard]] Said enter(const End& end);
  /// Our close_notify and `eager` bytes in one segment; reads nothing.
  [[nodiscard]] bool say_goodbye(base::ByteView eager);
  /// The gateway's close_notify, and nothing behind it.
  [[nodiscard]] bool hear_goodbye();
  /// From Joined to raw: our close_notify (with `eager` bytes right behind it in the same segment), the gateway's.
  [[nodiscard]] bool leave(base::ByteView eager = {});

  // Raw bytes after leave().
  void send(base::ByteView bytes) const;
  [[nodiscard]] base::Bytes receive(std::size_t n) const;  // fewer when the stream ended
  /// 0 at EOF, -1 at reset, else 1 (a byte came).
  [[nodiscard]] int next() const;
  void finish() const;  // FIN
  void reset();         // RST
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_ = -1;
  crypto::SslPtr ssl_;
};

/// A running gateway with a fake site.
class Gateway {
 public:
  explicit Gateway(DataPlaneOptions options = {});
  ~Gateway();
  [[nodiscard]] const net::Endpoint& at() const { return plane->local(); }
  [[nodiscard]] std::uint64_t count(Metric m) const { return plane->counters()[m]; }
  [[nodiscard]] std::uint64_t refused(RefuseReason r) const {
    return plane->counters().refused[static_cast<std::size_t>(r)];
  }
  [[nodiscard]] std::uint64_t ended(PairEnd e) const { return plane->counters().ended[static_cast<std::size_t>(e)]; }

  FakeSite site;
  TokenKeys token_keys;
  std::unique_ptr<DataPlane> plane;
};

/// Two raw ends joined through the gateway.
struct Joined {
  Client applet;
  Client console;
};
[[nodiscard]] Joined join(const Gateway& gateway, const TestSession& session);

/// `n` bytes that tell their place.
[[nodiscard]] base::Bytes pattern(std::size_t n, std::uint8_t seed);

}  // namespace rescue::gateway::test
