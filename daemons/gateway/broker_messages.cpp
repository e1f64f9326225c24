// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/broker_messages.hpp"

namespace rescue::gateway {
namespace {
namespace fb = wire::gateway;
using Builder = flatbuffers::FlatBufferBuilder;

flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> bytes_of(Builder& b, base::ByteView v) {
  return b.CreateVector(v.data(), v.size());
}
flatbuffers::Offset<flatbuffers::String> text_of(Builder& b, std::string_view s) {
  return b.CreateString(s.data(), s.size());
}
wire::tokens::Role role_of(crypto::Role role) { return static_cast<wire::tokens::Role>(role); }
template <typename T>
base::Bytes finished(Builder& b, fb::Message kind, flatbuffers::Offset<T> message) {
  fb::FinishGatewayMessageBuffer(b, fb::CreateGatewayMessage(b, kind, message.Union()));
  return wire::finished_bytes(b);
}
}  // namespace

base::Bytes register_message(std::string_view name, const std::vector<std::string>& addresses,
                             std::uint32_t capacity_pairs, std::string_view software) {
  Builder b;
  const auto shown = text_of(b, name);
  const auto list = b.CreateVectorOfStrings(addresses);
  const auto program = text_of(b, software);
  fb::RegisterBuilder out(b);
  out.add_name(shown);
  out.add_addresses(list);
  out.add_capacity_pairs(capacity_pairs);
  out.add_software(program);
  return finished(b, fb::Message::Register, out.Finish());
}

base::Bytes admit_message(std::uint64_t id, const Applicant& a) {
  Builder b;
  const auto session = bytes_of(b, a.session.bytes());
  const auto guid = bytes_of(b, a.guid_id);
  const auto holder = bytes_of(b, a.holder);
  const auto remote = text_of(b, a.remote_address);
  return finished(b, fb::Message::AdmitRequest,
                  fb::CreateAdmitRequest(b, id, session, role_of(a.role), guid, holder, remote));
}

base::Bytes waiting_message(const base::Guid& session, crypto::Role role, unsigned waiting) {
  Builder b;
  const auto id = bytes_of(b, session.bytes());
  return finished(b, fb::Message::WaitingChanged, fb::CreateWaitingChanged(b, id, role_of(role), waiting));
}

base::Bytes joined_message(const base::Guid& session, const base::Guid& pair) {
  Builder b;
  const auto id = bytes_of(b, session.bytes());
  const auto name = bytes_of(b, pair.bytes());
  return finished(b, fb::Message::PairJoined, fb::CreatePairJoined(b, id, name));
}

base::Bytes ended_message(const PairReport& r) {
  Builder b;
  const auto id = bytes_of(b, r.session.bytes());
  const auto name = bytes_of(b, r.pair.bytes());
  return finished(b, fb::Message::PairEnded,
                  fb::CreatePairEnded(b, id, name, r.end, r.bytes_to_applet, r.bytes_to_console,
                                      static_cast<std::uint64_t>(r.duration.count())));
}

base::Bytes incident_message(const IncidentReport& r) {
  Builder b;
  const auto id = r.session ? bytes_of(b, r.session->bytes()) : 0;
  const auto reason = text_of(b, r.reason);
  const auto remote = text_of(b, r.remote_address);
  return finished(b, fb::Message::Incident, fb::CreateIncident(b, id, role_of(r.role), reason, remote));
}

base::Bytes load_message(const CounterValues& v, bool draining) {
  Builder b;
  const auto u32 = [&](Metric m) { return static_cast<std::uint32_t>(v[m]); };
  return finished(b, fb::Message::Load,
                  fb::CreateLoad(b, u32(Metric::pairs), u32(Metric::waiting), u32(Metric::handshaking),
                                 v[Metric::bytes_to_applet] + v[Metric::bytes_to_console], draining));
}

Verdict verdict_of(fb::AdmitVerdict verdict) {
  switch (verdict) {
    case fb::AdmitVerdict::admitted:
      return Verdict::admitted;
    case fb::AdmitVerdict::unknown_session:
      return Verdict::unknown_session;
    case fb::AdmitVerdict::session_ended:
      return Verdict::session_ended;
    case fb::AdmitVerdict::wrong_key:
      return Verdict::wrong_key;
    case fb::AdmitVerdict::network:
      return Verdict::network;
    default:
      return Verdict::refused;
  }
}

}  // namespace rescue::gateway
