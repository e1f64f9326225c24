// SPDX-License-Identifier: Apache-2.0
// Hostile bytes at the gateway. First byte: where they meet it; the rest is what comes.
//   0 decrypted bytes at a fresh hand-off          1 … at one that is waiting (a valid Hello went before)
//   2 … at one that is leaving                     3 first bytes at the front
//   4 body of a ClientHello, behind correct record and handshake headers
// Corpus: tests/fuzz/handoff/make_corpus.py.
#include "base/assert.hpp"
#include "crypto/possession.hpp"
#include "daemons/gateway/client_hello.hpp"
#include "daemons/gateway/handoff_core.hpp"
#include "wire/limits.hpp"

namespace {
using namespace rescue;
using gateway::HandoffCore;
using gateway::HandoffState;
namespace fb = wire::handoff;

const gateway::Timeouts kTimeouts;
const base::SteadyTime kNow{std::chrono::hours(1)};
const base::WallTime kWall{std::chrono::seconds(1'800'000'000)};
const base::Bytes kExporter(crypto::kPossessionExporterBytes, 7);

struct Keys {
  crypto::PrivateKey site = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  crypto::PrivateKey holder = crypto::PrivateKey::generate(crypto::KeyKind::p256).value();
  std::vector<crypto::PublicKey> token_keys{site.public_key()};
  base::Bytes hello;          // framed and valid
  base::Bytes hello_leaving;  // the same that leaves at once

  Keys() {
    crypto::Ticket t;
    t.role = crypto::Role::console;
    t.holder_spki = holder.public_key().spki();
    t.issued = kWall;
    t.not_after = kWall + std::chrono::minutes(5);
    const auto ticket = crypto::make_ticket(t, site).value();
    const auto proof = crypto::prove_possession(holder, kExporter, ticket).value();
    for (const bool leaves : {false, true}) {
      flatbuffers::FlatBufferBuilder b;
      const auto ticket_field = b.CreateVector(ticket);
      const auto proof_field = b.CreateVector(proof);
      const auto message = fb::CreateHello(b, 1, wire::tokens::Role::console, ticket_field, 0, proof_field, leaves);
      fb::FinishHandoffBuffer(b, fb::CreateHandoff(b, fb::Message::Hello, message.Union()));
      (leaves ? hello_leaving : hello) = wire::make_frame(wire::finished_bytes(b), wire::kMaxHandoffMessage);
    }
  }
};
const Keys& keys() {
  static const Keys k;
  return k;
}

void feed(HandoffCore& core, base::ByteView bytes) {
  while (!bytes.empty() && core.wanted() > 0) {
    const auto n = std::min(bytes.size(), core.wanted());
    core.on_plaintext(bytes.first(n), {kExporter, &keys().token_keys, kWall}, kNow);
    bytes = bytes.subspan(n);
  }
}

void hand_off(base::ByteView input, int depth, bool leaves) {
  HandoffCore core(kTimeouts, "192.0.2.1:5", kNow);
  if (depth > 0) {
    feed(core, leaves ? keys().hello_leaving : keys().hello);
    RESCUE_ASSERT(core.state() == HandoffState::admitting);
    core.on_admission(gateway::Verdict::admitted, kNow);
    if (depth > 1) core.on_partner(base::Guid(), kNow);
  }
  feed(core, input);
  // Without the site's signature nobody gets in, and a refusal is short.
  if (depth == 0) RESCUE_ASSERT(core.state() == HandoffState::hello || core.state() == HandoffState::refused);
  // A client that pings gets as much as it sends and no more.
  RESCUE_ASSERT(core.take_output().size() <= 1024 + 2 * input.size());
  core.on_close_notify();
  if (!core.waits_mute()) return;
  RESCUE_ASSERT(leaves && depth > 0 && core.wanted() == 0);
  core.on_partner(base::Guid(), kNow);
  RESCUE_ASSERT(core.state() == HandoffState::left);
}

void client_hello(base::ByteView body) {
  if (body.size() > 0xfff0) return;
  base::ByteWriter w;
  w.u8(22);
  w.u16(0x0301);
  w.u16(static_cast<std::uint16_t>(body.size() + 4));
  w.u8(1);
  w.u8(0);
  w.u16(static_cast<std::uint16_t>(body.size()));
  w.bytes(body);
  const auto whole = std::move(w).take();
  if (whole.size() <= 16 * 1024) RESCUE_ASSERT(gateway::destination_of(whole) != gateway::Destination::undecided);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView input(data + 1, size - 1);
  switch (data[0] % 5) {
    case 3:
      (void)gateway::destination_of(input);
      break;
    case 4:
      client_hello(input);
      break;
    default:
      hand_off(input, data[0] % 5, false);
      hand_off(input, data[0] % 5, true);
  }
  return 0;
}
