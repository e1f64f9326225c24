// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/handoff_connection.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "crypto/possession.hpp"

namespace rescue::gateway {
namespace {
// A refused client that goes on talking is listened to for this much, so that our close does not become a RST that
// overtakes the reason.
constexpr std::size_t kMaxLinger = 64 << 10;
const Timeouts kNoTimeouts;
}  // namespace

HandoffConnection::HandoffConnection(std::uint64_t id, Client client, crypto::SslPtr ssl,
                                     std::optional<RefuseReason> refuse_with)
    : id_(id), client_(std::move(client)), ssl_(std::move(ssl)), core_(kNoTimeouts, {}, {}), refuse_with_(refuse_with) {
  SSL_set_fd(ssl_.get(), client_.fd.get());
  SSL_set_accept_state(ssl_.get());
  SSL_clear_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);  // while record follows record; it is set when waiting begins
}

void HandoffConnection::attach(LoopParts& parts, HandoffOwner& owner, bool watched) {
  parts_ = &parts;
  owner_ = &owner;
  if (phase_ == Phase::tls) phase_deadline_ = parts.now + parts.options.timeouts.tls;
  const int fd = client_.fd.get();
  if (!(watched ? parts.rewatch(fd, kStreamEvents, this) : parts.watch(fd, kStreamEvents, this))) return abandon();
  arm();
  // A client that was just accepted has hardly spoken yet, and epoll tells when it has.
  if (phase_ != Phase::tls) drive();
}

void HandoffConnection::detach() {
  TimerWheel::cancel(*this);
  parts_->unwatch(client_.fd.get());
  parts_ = nullptr;
  owner_ = nullptr;
}

void HandoffConnection::on_events(std::uint32_t events) {
  if (dead() || phase_ == Phase::raw) return;
  if ((events & (EPOLLERR | EPOLLHUP)) != 0) return abandon();
  if ((events & EPOLLRDHUP) != 0) peer_finished_ = true;
  // Room to write comes with every event; alone it is news only for who waits for it.
  const bool only_room = (events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0;
  if (!only_room || wants_write_) drive();
}

void HandoffConnection::on_timer(base::SteadyTime now) {
  if (dead()) return;
  if (phase_ != Phase::framed) {
    if (phase_ == Phase::tls) parts_->counters.add(Metric::tls_failed);
    return abandon();
  }
  core_.on_deadline(now);
  after_core();
  drive();
}

void HandoffConnection::arm() {
  if (dead() || phase_ == Phase::raw) return;
  parts_->timers.arm(*this, phase_ == Phase::framed ? core_.deadline() : phase_deadline_);
}

void HandoffConnection::on_admission(Verdict verdict) {
  if (dead()) return;
  if (verdict == Verdict::broker_away) parts_->counters.add(Metric::admitted_offline);
  core_.on_admission(verdict, parts_->now);
  after_core();
  if (core_.state() != HandoffState::waiting) drive();
}

void HandoffConnection::on_partner(const base::Guid& pair, HandoffConnection& partner) {
  partner_ = &partner;
  pair_ = pair;
  core_.on_partner(pair, parts_->now);
  after_core();
  drive();
}

void HandoffConnection::refuse(RefuseReason reason, std::string_view text) {
  if (dead()) return;
  if (phase_ == Phase::tls) {
    refuse_with_ = reason;
    return;
  }
  core_.refuse(reason, text);
  after_core();
  drive();
}

void HandoffConnection::abandon() {
  if (dead()) return;
  if (core_.state() == HandoffState::leaving || core_.state() == HandoffState::left) {
    const linger reset{1, 0};
    (void)::setsockopt(client_.fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  }
  close();
}

RelayPair::Side HandoffConnection::release() {
  RESCUE_ASSERT(phase_ == Phase::raw);
  phase_ = Phase::dead;
  TimerWheel::cancel(*this);
  return {std::move(client_.fd), std::move(client_.lease), {}, true};
}

void HandoffConnection::close() {
  phase_ = Phase::dead;
  TimerWheel::cancel(*this);
  ssl_.reset();
  client_.fd.reset();
  client_.lease.release();
  client_.unauthenticated.release();
  owner_->closed(*this);
}

// What the core's new state asks for; the owner is told and acts later.
void HandoffConnection::after_core() {
  base::append(outgoing_, core_.take_output());
  if (core_.state() == HandoffState::admitting && !std::exchange(asked_, true)) owner_->hello_received(*this);
  if (core_.state() == HandoffState::waiting && !std::exchange(announced_, true)) {
    client_.unauthenticated.release();
    exporter_ = {};
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
    owner_->admitted(*this);
  }
  const bool over = core_.state() == HandoffState::refused || core_.state() == HandoffState::gone;
  if (over && !std::exchange(stopped_, true)) owner_->stopped(*this);
  arm();
}

void HandoffConnection::drive() {
  if (std::exchange(driving_, true)) return;
  while (!dead() && phase_ != Phase::raw && step()) {
  }
  driving_ = false;
}

// One step forward; false when it waits for the socket or is over.
bool HandoffConnection::step() {
  switch (phase_) {
    case Phase::tls:
      return step_tls();
    case Phase::framed:
      return step_framed();
    case Phase::answering:
    case Phase::farewell:
      return step_goodbye();
    case Phase::lingering:
      return step_linger();
    default:
      return false;
  }
}

HandoffConnection::Io HandoffConnection::judge(int result, std::string_view doing) {
  const int why = SSL_get_error(ssl_.get(), result);
  wants_write_ = why == SSL_ERROR_WANT_WRITE;
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return Io::blocked;
  if (why == SSL_ERROR_ZERO_RETURN) return Io::ended;
  if (base::log_enabled(base::LogLevel::debug)) {
    base::log(base::LogLevel::debug, "gateway", "connection failed",
              {{"doing", doing}, {"remote", client_.text()}, {"why", crypto::tls_error(ssl_.get(), doing).message()}});
  }
  abandon();
  return Io::blocked;
}

bool HandoffConnection::step_tls() {
  ERR_clear_error();
  const int r = SSL_accept(ssl_.get());
  if (r != 1) {
    const bool failed = judge(r, "outer TLS") == Io::ended;
    if (dead() || failed) parts_->counters.add(Metric::tls_failed);
    if (failed) abandon();
    return false;
  }
  auto exporter = crypto::export_keying(ssl_.get(), crypto::kPossessionExporterLabel, crypto::kPossessionExporterBytes);
  if (!exporter) {
    abandon();
    return false;
  }
  exporter_ = base::to_bytes(exporter->view());
  phase_ = Phase::framed;
  core_ = HandoffCore(parts_->options.timeouts, client_.text(), parts_->now);
  if (refuse_with_) core_.refuse(*refuse_with_, wire::handoff::EnumNameRefuseReason(*refuse_with_));
  after_core();
  return true;
}

bool HandoffConnection::flush() {
  while (!outgoing_.empty()) {
    ERR_clear_error();
    const int r = SSL_write(ssl_.get(), outgoing_.data(), static_cast<int>(outgoing_.size()));
    if (r <= 0) {
      judge(r, "write");
      return false;
    }
    outgoing_.erase(outgoing_.begin(), outgoing_.begin() + r);
  }
  return true;
}

bool HandoffConnection::step_framed() {
  if (!flush()) return false;
  if (core_.state() == HandoffState::gone) {
    abandon();
    return false;
  }
  if (core_.state() == HandoffState::refused || core_.state() == HandoffState::left) {
    phase_ = core_.state() == HandoffState::left ? Phase::answering : Phase::farewell;
    phase_deadline_ = parts_->now + parts_->options.timeouts.closing;
    arm();
    return true;
  }
  // Nothing is read of it any more, so nothing else would tell; a partner must not be wasted on it.
  if (core_.waits_mute() && peer_finished_) {
    abandon();
    return false;
  }
  std::uint8_t buffer[wire::kMaxHandoffMessage];
  const std::size_t wanted = core_.wanted();
  if (wanted == 0) return false;
  ERR_clear_error();
  const int r = SSL_read(ssl_.get(), buffer, static_cast<int>(wanted));
  if (r > 0) {
    const auto keys = owner_->token_keys();
    core_.on_plaintext({buffer, static_cast<std::size_t>(r)}, {exporter_, keys.get(), owner_->wall(), client_.address},
                       parts_->now);
  } else if (judge(r, "read") == Io::ended) {
    core_.on_close_notify();
  } else {
    return false;
  }
  after_core();
  return !dead();
}

// Our close_notify: the answer to the client's, or the end after a refusal.
bool HandoffConnection::step_goodbye() {
  ERR_clear_error();
  const int r = SSL_shutdown(ssl_.get());
  if (r < 0) {
    judge(r, "close_notify");
    return false;
  }
  if (phase_ == Phase::farewell) {
    ::shutdown(client_.fd.get(), SHUT_WR);
    phase_ = Phase::lingering;
    return true;
  }
  // Whatever OpenSSL had read beyond the client's close_notify would be lost now. Without read-ahead there is nothing.
  if (SSL_has_pending(ssl_.get()) != 0) {
    abandon();
    return false;
  }
  ssl_.reset();
  phase_ = Phase::raw;
  TimerWheel::cancel(*this);
  owner_->left_tls(*this);
  return false;
}

bool HandoffConnection::step_linger() {
  std::size_t taken = 0;
  while (taken < kMaxLinger) {
    const ssize_t n = ::recv(client_.fd.get(), parts_->scratch.data(), parts_->scratch.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return false;
    if (n <= 0) break;
    taken += static_cast<std::size_t>(n);
  }
  close();
  return false;
}

}  // namespace rescue::gateway
