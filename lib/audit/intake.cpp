// SPDX-License-Identifier: Apache-2.0
#include "audit/intake.hpp"

#include <algorithm>

#include <boost/json.hpp>
#include <fmt/format.h>

#include "audit/event_types.hpp"
#include "audit/receipt_check.hpp"
#include "base/utf8.hpp"
#include "crypto/keys.hpp"
#include "store/sessions.hpp"

namespace rescue::audit {
namespace {
namespace json = boost::json;
using store::NewEvent;
using store::SeqRange;

// Clocks of supported machines may be years off; outside of this it is no clock.
constexpr base::WallTime kEarliest{std::chrono::seconds(946'684'800)};  // 2000-01-01
constexpr base::WallTime kLatest{std::chrono::seconds(7'258'118'400)};  // 2200-01-01
constexpr std::size_t kMaxRangesInAlert = 20;

std::unexpected<base::Error> bad(std::uint64_t seq, std::string_view what) {
  return base::fail(base::Errc::invalid_argument, fmt::format("event {}: {}", seq, what));
}

base::Result<json::object> parse_data(std::uint64_t seq, const std::string& text) {
  if (text.size() > kMaxEventDataBytes) {
    return base::fail(base::Errc::too_large,
                      fmt::format("event {}: data of more than {} bytes", seq, kMaxEventDataBytes));
  }
  json::parse_options options;
  options.max_depth = kMaxDataDepth;
  json::error_code why;
  auto value = json::parse(text, why, {}, options);
  if (why || !value.is_object()) {
    return bad(seq, fmt::format("data: not a JSON object of at most {} levels of valid UTF-8", kMaxDataDepth));
  }
  return std::move(value.as_object());
}

base::Result<> check_actor(std::uint64_t seq, std::string_view actor) {
  const bool control =
      std::any_of(actor.begin(), actor.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  if (actor.size() > kMaxActorBytes || control || !base::is_valid_utf8(actor)) {
    return bad(seq, fmt::format("actor: at most {} bytes of UTF-8 text on one line", kMaxActorBytes));
  }
  return {};
}

base::Result<> check_time(std::uint64_t seq, base::WallTime time) {
  if (time < kEarliest || time >= kLatest) return bad(seq, "time: between the years 2000 and 2200");
  return {};
}

/// What of an event the full-text index covers.
std::string search_text_of(store::EventType type, const json::object& data) {
  if (type != store::EventType::chat_message && type != store::EventType::session_noted) return {};
  const auto* text = data.if_contains("text");
  if (text == nullptr || !text->is_string()) return {};
  std::string out(text->get_string());
  std::replace(out.begin(), out.end(), '\0', ' ');
  return out;
}

/// The event as it will be stored: data in one canonical text, so that repeats can be compared.
base::Result<NewEvent> convert(const Sender& sender, const IncomingEvent& in) {
  if (in.seq == 0 || in.seq > kMaxSeq) return bad(in.seq, "seq: 1 to 2^53 - 1");
  if (sender.source == store::EventSource::applet && in.seq > kMaxAppletSeq)
    return bad(in.seq, fmt::format("seq: an applet sends at most {} events of a session", kMaxAppletSeq));
  const auto type = store::parse_event_type(in.type);
  if (!type)
    return bad(in.seq, fmt::format("type: '{}' is not in the list", base::to_display_text(in.type.substr(0, 64))));
  if (!may_send(sender.source, *type)) {
    return bad(in.seq, fmt::format("type: {} may not send {}", store::to_string(sender.source), in.type));
  }
  RESCUE_CHECK(check_time(in.seq, in.time));
  RESCUE_CHECK(check_actor(in.seq, in.actor));
  RESCUE_TRY(const auto data, parse_data(in.seq, in.data));
  NewEvent e;
  e.session = sender.session;
  e.technician = sender.technician;
  e.source = sender.source;
  e.origin = sender.origin;
  e.seq = in.seq;
  e.time = in.time;
  e.type = *type;
  e.actor = in.actor.empty() ? sender.default_actor : in.actor;
  e.data = json::serialize(data);
  e.search_text = search_text_of(*type, data);
  return e;
}

base::Result<std::vector<NewEvent>> convert_all(const Sender& sender, std::span<const IncomingEvent> batch) {
  if (batch.size() > kMaxBatch) {
    return base::fail(base::Errc::too_large, fmt::format("events: more than {} at once", kMaxBatch));
  }
  std::vector<NewEvent> out;
  out.reserve(batch.size());
  for (const auto& in : batch) {
    if (!out.empty() && in.seq <= out.back().seq) return bad(in.seq, "seq: not ascending");
    RESCUE_TRY(auto event, convert(sender, in));
    out.push_back(std::move(event));
  }
  return out;
}

base::Result<> alert(store::Transaction& tx, const Sender& sender, std::string_view reason, json::object data,
                     base::WallTime now) {
  data["reason"] = json::string_view(reason.data(), reason.size());
  const auto source = store::to_string(sender.source);
  data["source"] = json::string_view(source.data(), source.size());
  NewEvent e;
  e.session = sender.session;
  e.technician = sender.technician;
  e.time = now;
  e.type = store::EventType::alert;
  e.actor = "broker";
  e.data = json::serialize(data);
  if (auto done = store::log::append(tx, e, now); !done) return base::fail(done.error());
  return {};
}

json::object describe(const std::vector<SeqRange>& gaps) {
  json::array ranges;
  for (const auto& gap : gaps) {
    if (ranges.size() == kMaxRangesInAlert) break;
    ranges.push_back(json::array{gap.first, gap.last});
  }
  return {{"missing", std::move(ranges)}, {"gaps", gaps.size()}};
}

/// Alerts about receipts among what was stored now.
base::Result<> check_receipts(store::Transaction& tx, const Sender& sender, const std::vector<NewEvent>& stored,
                              base::WallTime now) {
  json::array wrong;
  std::optional<crypto::PublicKey> key;
  bool key_sought = false;
  for (const auto& event : stored) {
    if (!may_have_receipt(event.type)) continue;
    if (!std::exchange(key_sought, true)) {
      RESCUE_TRY(const auto bound, store::applet_keys::find(tx, sender.session));
      if (bound) {
        RESCUE_TRY(key, crypto::PublicKey::from_spki(bound->spki));
      }
    }
    const auto data = json::parse(event.data).as_object();
    const auto problem = receipt_problem(event.source, event.type, data, sender.session, key ? &*key : nullptr);
    if (!problem || wrong.size() == kMaxRangesInAlert) continue;
    wrong.push_back(json::object{{"seq", event.seq}, {"what", json::string_view(problem->data(), problem->size())}});
  }
  if (wrong.empty()) return {};
  return alert(tx, sender, "bad_receipt", {{"events", std::move(wrong)}}, now);
}

/// Only a console has several keys in a session.
bool runs_of(store::EventSource source) { return source == store::EventSource::console; }

}  // namespace

base::Result<> check(const Sender& sender, std::span<const IncomingEvent> batch) {
  if (auto events = convert_all(sender, batch); !events) return base::fail(std::move(events).error());
  return {};
}

base::Result<IntakeResult> take(store::Transaction& tx, const Sender& sender, std::span<const IncomingEvent> batch,
                                base::WallTime now) {
  RESCUE_TRY(const auto events, convert_all(sender, batch));
  IntakeResult out;
  std::uint64_t last = 0, run_end = 0;
  std::vector<NewEvent> with_receipts;
  for (const auto& event : events) {
    if (event.seq > run_end) {
      const auto run = runs_of(sender.source) ? (event.seq - 1) / kRun : 0;
      run_end = runs_of(sender.source) ? (run + 1) * kRun : kMaxSeq;
      RESCUE_TRY(const auto stored, store::log::last_seq(tx, sender.session, sender.source, sender.origin, run_end));
      last = std::max(stored, run * kRun);
    }
    RESCUE_TRY(const auto appended, store::log::append(tx, event, now));
    if (appended.duplicate) {
      ++out.duplicates;
      if (appended.differs) ++out.differing;
      continue;
    }
    ++out.stored;
    if (may_have_receipt(event.type)) with_receipts.push_back(event);
    if (event.seq > last + 1) out.gaps.push_back({last + 1, event.seq - 1});
    last = std::max(last, event.seq);
  }
  out.accepted_through = last;
  if (!out.gaps.empty()) RESCUE_CHECK(alert(tx, sender, "log_gap", describe(out.gaps), now));
  RESCUE_CHECK(check_receipts(tx, sender, with_receipts, now));
  if (out.differing > 0) RESCUE_CHECK(alert(tx, sender, "log_differs", {{"events", out.differing}}, now));
  return out;
}

base::Result<store::Appended> record(store::Transaction& tx, const NewEvent& event, base::WallTime now) {
  if (!may_send(event.source, event.type)) {
    return bad(event.seq,
               fmt::format("type: {} may not send {}", store::to_string(event.source), store::to_string(event.type)));
  }
  RESCUE_CHECK(check_time(event.seq, event.time));
  RESCUE_CHECK(check_actor(event.seq, event.actor));
  RESCUE_TRY(const auto data, parse_data(event.seq, event.data));
  auto e = event;
  e.search_text = search_text_of(event.type, data);
  return store::log::append(tx, e, now);
}

}  // namespace rescue::audit
