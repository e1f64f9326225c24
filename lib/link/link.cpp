// SPDX-License-Identifier: Apache-2.0
#include "link/link.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/assert.hpp"
#include "link/frame.hpp"
#include "link/impl/receive_side.hpp"
#include "link/impl/send_side.hpp"

namespace rescue::link {
namespace {
using base::Bytes;
using base::ByteView;
using base::fail;
using base::Result;
using base::SteadyTime;

/// What belongs to one path and dies with it.
struct Path {
  PathId id;
  SteadyTime up_since;
  SteadyTime last_heard;
  Bytes inbox;  // the beginning of a frame, below kFrameMax bytes
  bool resume_sent = false;
  bool ready = false;     // the peer's RESUME came
  bool may_send = false;  // ready, or nothing that a RESUME could ask for again
  bool dead_reported = false;
  bool ping_due = false;
  SteadyTime next_ping;
  std::uint64_t ping_value = 0;
  std::optional<SteadyTime> ping_sent;
  std::optional<std::uint64_t> pong_owed;  // only the newest: a flood of pings costs one answer
  std::optional<base::Duration> srtt;
  std::uint64_t acked_to_peer = 0;  // last ACK (or RESUME) we gave on this path
  bool ack_now = false;
  std::optional<SteadyTime> ack_by;
};
}  // namespace

struct Link::Impl {
  explicit Impl(base::Guid link_id) : id(link_id) {}

  base::Guid id;
  SendSide out;
  ReceiveSide in;
  std::optional<Path> path;
  std::deque<Event> events;  // all but messages; bounded, as each is told once per change
  std::array<bool, wire::kChannelCount> blocked{};
  bool peer_finished_told = false;
  bool closed = false;
  std::optional<CloseFrame> close_to_send;
  LinkStats stats;

  [[nodiscard]] bool is_current(PathId p) const { return path && path->id == p; }
  [[nodiscard]] bool data_due() const { return !closed && path->may_send && out.has_next(); }

  void end(bool orderly, std::uint16_t code, std::string text) {
    if (closed) return;
    closed = true;
    events.push_back(LinkClosed{orderly, code, std::move(text)});
    if (orderly) return;  // the last ACK still goes out
    out.discard_everything();
    if (path) {
      path->pong_owed.reset();
      path->ack_by.reset();
      path->ack_now = path->ping_due = false;
    }
  }

  void abort(CloseCode code, std::string_view text) {
    if (closed) return;
    if (path && !close_to_send) close_to_send = CloseFrame{static_cast<std::uint16_t>(code), std::string(text)};
    end(false, static_cast<std::uint16_t>(code), std::string(text));
  }

  void tell_writable() {
    for (auto c : wire::kChannels) {
      auto& b = blocked[static_cast<std::size_t>(c)];
      if (!b || out.queued(c) >= queue_low_water(c)) continue;
      b = false;
      events.push_back(Writable{c});
    }
  }

  void end_if_done() {
    if (out.finished() && in.finished()) end(true, 0, {});
  }

  Result<void> on_frame(const RawFrame& f, SteadyTime now);
  Result<void> on_resume(ByteView payload, SteadyTime now);
  Result<void> on_data(ByteView payload, SteadyTime now);
  void on_pong(std::uint64_t value, SteadyTime now);
  void write_replies(Bytes& out_bytes, SteadyTime now);
  void write_stream(Bytes& out_bytes, std::size_t max, SteadyTime now);
};

Link::Link(base::Guid id) : impl_(std::make_unique<Impl>(id)) {}
Link::~Link() = default;
Link::Link(Link&&) noexcept = default;
Link& Link::operator=(Link&&) noexcept = default;

base::Guid Link::id() const { return impl_->id; }

// ---- messages

Result<void> Link::send(Channel channel, Bytes message) {
  if (impl_->closed) return fail(Errc::closed, "sending on a closed link");
  RESCUE_CHECK(impl_->out.enqueue(channel, std::move(message)));
  if (!can_send(channel)) impl_->blocked[static_cast<std::size_t>(channel)] = true;
  return {};
}

bool Link::can_send(Channel channel) const {
  return !impl_->closed && !impl_->out.finishing() && impl_->out.queued(channel) < queue_low_water(channel);
}

std::size_t Link::queued_bytes(Channel channel) const { return impl_->out.queued(channel); }

void Link::discard_queued(Channel channel) {
  impl_->out.discard(channel);
  impl_->tell_writable();
}

void Link::cancel_queued(Channel channel, const std::function<bool(base::ByteView)>& which) {
  impl_->out.cancel(channel, which);
  impl_->tell_writable();
}

void Link::consumed(Channel channel, std::size_t bytes) {
  if (const auto limit = impl_->in.consumed(channel, bytes)) impl_->out.owe_credit(channel, *limit);
}

void Link::finish() { impl_->out.finish(); }

void Link::close(CloseCode code, std::string_view text) { impl_->abort(code, text); }

bool Link::is_closed() const { return impl_->closed; }

// ---- paths

void Link::path_up(PathId id, SteadyTime now) {
  if (impl_->closed) return;
  auto& path = impl_->path.emplace();
  path.id = id;
  path.up_since = path.last_heard = path.next_ping = now;
  path.may_send = impl_->out.retained() == 0;
  impl_->out.rewind(impl_->out.acked(), now);
  ++impl_->stats.paths;
}

void Link::path_down(PathId id, SteadyTime) {
  if (impl_->is_current(id)) impl_->path.reset();
}

Result<void> Link::on_bytes(PathId id, ByteView bytes, SteadyTime now) {
  if (!impl_->is_current(id) || impl_->closed) return {};
  auto& path = *impl_->path;
  path.last_heard = now;
  const bool buffered = !path.inbox.empty();
  if (buffered) base::append(path.inbox, bytes);
  const ByteView all = buffered ? ByteView(path.inbox) : bytes;
  std::size_t used = 0;
  while (!impl_->closed) {
    auto frame = read_frame(all.subspan(used));
    Result<void> ok;
    if (!frame) {
      ok = fail(std::move(frame).error());
    } else if (!*frame) {
      break;
    } else {
      ok = impl_->on_frame(**frame, now);
      used += (*frame)->size;
    }
    if (!ok) {
      impl_->abort(CloseCode::protocol_error, ok.error().context);
      return ok;
    }
  }
  const auto rest = base::to_bytes(all.subspan(used));
  path.inbox = rest;
  return {};
}

Result<void> Link::Impl::on_frame(const RawFrame& f, SteadyTime now) {
  const auto type = static_cast<FrameType>(f.type);
  if (!path->ready && type != FrameType::resume && type != FrameType::close)
    return fail(Errc::protocol, fmt::format("a path begins with frame type {}, not RESUME", f.type));
  switch (type) {
    case FrameType::resume:
      return on_resume(f.payload, now);
    case FrameType::data:
      return on_data(f.payload, now);
    case FrameType::ack: {
      RESCUE_TRY(const auto offset, read_number(f.payload));
      RESCUE_CHECK(out.on_acked(offset, now));
      stats.acknowledged = out.acked();
      end_if_done();
      return {};
    }
    case FrameType::ping: {
      RESCUE_TRY(path->pong_owed, read_number(f.payload));
      return {};
    }
    case FrameType::pong: {
      RESCUE_TRY(const auto value, read_number(f.payload));
      on_pong(value, now);
      return {};
    }
    case FrameType::close: {
      RESCUE_TRY(auto close, read_close(f.payload));
      end(false, close.code, std::move(close.text));
      return {};
    }
    case FrameType::switch_path:
      break;
  }
  if (f.type >= kFirstIgnorableType) return {};
  return fail(Errc::protocol, fmt::format("frame of unknown type {}", f.type));
}

Result<void> Link::Impl::on_resume(ByteView payload, SteadyTime now) {
  if (path->ready) return fail(Errc::protocol, "a second RESUME on one path");
  RESCUE_TRY(const auto resume, read_resume(payload));
  if (resume.link_id != id) return fail(Errc::wrong_link, "RESUME of another link");
  if (resume.received < out.acked() || resume.received > out.next_offset())
    return fail(Errc::resume_impossible, fmt::format("peer has {} bytes; {} were acknowledged and {} sent",
                                                     resume.received, out.acked(), out.next_offset()));
  RESCUE_CHECK(out.on_acked(resume.received, now));  // what comes after it is sent again
  stats.acknowledged = out.acked();
  path->ready = path->may_send = true;
  path->ping_due = true;
  events.push_back(PathReady{path->id});
  end_if_done();
  return {};
}

Result<void> Link::Impl::on_data(ByteView payload, SteadyTime now) {
  RESCUE_TRY(const auto data, read_data(payload));
  RESCUE_CHECK(in.on_stream(data.offset, data.bytes));
  stats.received = in.received();
  stats.repeats_dropped = in.repeats();
  while (const auto credit = in.take_credit()) RESCUE_CHECK(out.on_credit(credit->channel, credit->limit));
  while (const auto owed = in.take_owed()) out.owe_credit(owed->channel, owed->limit);
  if (in.received() - path->acked_to_peer >= kAckEveryBytes || in.finished()) path->ack_now = true;
  if (!path->ack_by) path->ack_by = now + kAckDelay;
  if (in.finished() && !peer_finished_told) {
    // Behind every message: poll_event() gives messages first.
    peer_finished_told = true;
    events.push_back(PeerFinished{});
  }
  end_if_done();
  return {};
}

void Link::Impl::on_pong(std::uint64_t value, SteadyTime now) {
  if (!path->ping_sent || value != path->ping_value) return;
  const auto sample = std::chrono::duration_cast<base::Duration>(now - *path->ping_sent);
  out.on_round_trip(*path->ping_sent, now);
  path->ping_sent.reset();
  path->srtt = path->srtt ? (*path->srtt * 7 + sample) / 8 : sample;
}

Bytes Link::poll_output(PathId id, std::size_t max_bytes, SteadyTime now) {
  Bytes bytes;
  if (!impl_->is_current(id)) return bytes;
  const auto max = std::max(max_bytes, kFrameMax);
  auto& path = *impl_->path;
  if (!path.resume_sent && !(impl_->closed && !impl_->close_to_send)) {
    write_resume(bytes, {impl_->id, impl_->in.received()});
    path.resume_sent = true;
    path.acked_to_peer = impl_->in.received();
  }
  if (impl_->close_to_send) {
    write_close(bytes, impl_->close_to_send->code, impl_->close_to_send->text);
    impl_->close_to_send.reset();
    return bytes;
  }
  impl_->write_replies(bytes, now);
  if (!impl_->closed && path.may_send) impl_->write_stream(bytes, max, now);
  impl_->tell_writable();
  return bytes;
}

void Link::Impl::write_replies(Bytes& bytes, SteadyTime now) {
  if (!path->ready) return;
  if (path->pong_owed) write_number(bytes, FrameType::pong, *std::exchange(path->pong_owed, std::nullopt));
  if (path->ping_due && !closed) {
    path->ping_due = false;
    path->next_ping = now + kPingInterval;
    path->ping_sent = now;
    write_number(bytes, FrameType::ping, ++path->ping_value);
  }
  // An ACK that is not urgent rides along when a write happens anyway.
  const bool ride = path->ack_by && (!bytes.empty() || data_due());
  if (!path->ack_now && !ride) return;
  path->ack_now = false;
  path->ack_by.reset();
  path->acked_to_peer = in.received();
  write_number(bytes, FrameType::ack, in.received());
}

void Link::Impl::write_stream(Bytes& bytes, std::size_t max, SteadyTime now) {
  // Smaller than this there is no room for a record worth its header.
  constexpr std::size_t kRoomMin = kDataHeader + kRecordHeader + 16;
  while (bytes.size() + kRoomMin <= max) {
    const auto room = std::min(max - bytes.size(), kFrameMax) - kDataHeader;
    const auto slice = out.next(room, now);
    if (!slice) break;
    write_data(bytes, slice->offset, slice->bytes);
    (slice->again ? stats.resent : stats.sent) += slice->bytes.size();
  }
  if (path->ready && out.take_ping_wish()) path->ping_due = true;
}

bool Link::has_output(PathId id) const {
  if (!impl_->is_current(id)) return false;
  if (impl_->close_to_send) return true;
  const auto& path = *impl_->path;
  if (path.ready && (path.pong_owed || path.ack_now)) return true;
  if (impl_->closed) return false;
  return !path.resume_sent || (path.ready && path.ping_due) || impl_->data_due();
}

std::optional<PathId> Link::current_path() const { return impl_->path ? std::optional(impl_->path->id) : std::nullopt; }

bool Link::is_ready() const { return impl_->path && impl_->path->ready && !impl_->closed; }

// ---- time and events

std::optional<Event> Link::poll_event() {
  if (auto m = impl_->in.take_message()) return MessageArrived{m->channel, std::move(m->bytes)};
  if (impl_->events.empty()) return std::nullopt;
  auto event = std::move(impl_->events.front());
  impl_->events.pop_front();
  return event;
}

std::optional<SteadyTime> Link::next_deadline() const {
  if (!impl_->path || impl_->closed) return std::nullopt;
  const auto& path = *impl_->path;
  std::optional<SteadyTime> next;
  const auto consider = [&next](SteadyTime t) { next = next ? std::min(*next, t) : t; };
  if (!path.dead_reported) consider(path.ready ? path.last_heard + kPathTimeout : path.up_since + kResumeTimeout);
  if (path.ready && !path.ping_due) consider(path.next_ping);
  if (path.ack_by && !path.ack_now) consider(*path.ack_by);
  return next;
}

void Link::on_deadline(SteadyTime now) {
  if (!impl_->path || impl_->closed) return;
  auto& path = *impl_->path;
  if (path.ready && now >= path.next_ping) path.ping_due = true;
  if (path.ack_by && now >= *path.ack_by) path.ack_now = true;
  const auto dead_at = path.ready ? path.last_heard + kPathTimeout : path.up_since + kResumeTimeout;
  if (!path.dead_reported && now >= dead_at) {
    path.dead_reported = true;
    impl_->events.push_back(PathDead{path.id});
  }
}

std::optional<base::Duration> Link::rtt() const { return impl_->path ? impl_->path->srtt : std::nullopt; }
const LinkStats& Link::stats() const { return impl_->stats; }
std::size_t Link::retained_bytes() const { return impl_->out.held(); }
std::size_t Link::reassembly_bytes() const { return impl_->in.held(); }

}  // namespace rescue::link
