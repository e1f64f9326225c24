// SPDX-License-Identifier: Apache-2.0
#include "evidence/chain.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "evidence/impl/statement.hpp"

namespace rescue::evidence {
namespace {
using base::Errc;
using base::fail;
using base::Result;

constexpr std::string_view kGenesisDomain = "rescue-chain/1";
constexpr std::string_view kLinkDomain = "rescue-link/1";
constexpr std::string_view kHeadDomain = "rescue-head/1";
constexpr std::uint8_t kHeadVersion = 1;
constexpr std::size_t kSourceMax = 16;  // bytes

base::Bytes head_statement(const Head& head) {
  impl::Statement s(kHeadDomain);
  s.chain(head.chain);
  s.u64(head.seq);
  s.bytes(head.digest);
  s.time(head.at);
  s.u8(head.closed ? 1 : 0);
  return s.take();
}

Result<std::optional<base::Guid>> read_guid(base::ByteReader& in) {
  const auto there = in.u8();
  if (!there || *there > 1) return fail(Errc::bad_format, "signed head: id");
  if (*there == 0) return std::optional<base::Guid>();
  const auto bytes = in.take(base::Guid::kSize);
  if (!bytes) return fail(Errc::bad_format, "signed head: id");
  RESCUE_TRY(const auto id, base::Guid::from_bytes(*bytes));
  return std::optional(id);
}

struct FlawRow {
  Flaw flaw;
  std::string_view name;
  std::string_view meaning;
  bool tampering;
};
constexpr std::array<FlawRow, 10> kFlaws = {{
    {Flaw::none, "none", "everything is proved", false},
    {Flaw::changed, "changed", "what is there is not what was signed: an event was changed, dropped, put in or moved",
     true},
    {Flaw::missing, "missing", "an event is not there", true},
    {Flaw::out_of_order, "out_of_order", "an event stands where another should", true},
    {Flaw::cut, "cut", "a signed head speaks of events that are not there", true},
    {Flaw::forked, "forked", "two signed heads speak differently of the same event", true},
    {Flaw::unknown_key, "unknown_key", "a head was signed by a key that nobody vouches for", true},
    {Flaw::bad_signature, "bad_signature", "a head's signature is not right", true},
    {Flaw::unsigned_tail, "unsigned_tail", "no signed head covers the last events", false},
    {Flaw::left_open, "left_open", "the source never said that this was all", false},
}};
const FlawRow& row(Flaw f) { return kFlaws[static_cast<std::size_t>(f)]; }
}  // namespace

std::string_view name(Flaw f) { return row(f).name; }
std::string_view meaning(Flaw f) { return row(f).meaning; }
bool is_tampering(Flaw f) { return row(f).tampering; }

Digest256 genesis(const ChainId& chain) {
  impl::Statement s(kGenesisDomain);
  s.chain(chain);
  return s.digest();
}

Digest256 next_head(const Digest256& head, const Digest256& entry) {
  impl::Statement s(kLinkDomain);
  s.bytes(head);
  s.bytes(entry);
  return s.digest();
}

Result<SignedHead> sign_head(const Head& head, const crypto::PrivateKey& key) {
  RESCUE_TRY(auto signature, key.sign(head_statement(head)));
  return SignedHead{head, key.fingerprint(), std::move(signature)};
}

Result<> verify_head(const SignedHead& head, const crypto::PublicKey& key) {
  if (key.fingerprint() != head.signer) return fail(Errc::conflict, "signed head: another key is its signer");
  return key.verify(head_statement(head.head), head.signature);
}

base::Bytes to_bytes(const SignedHead& h) {
  base::ByteWriter out;
  out.bytes(base::as_bytes("RSH"));
  out.u8(kHeadVersion);
  const auto guid = [&out](const std::optional<base::Guid>& id) {
    out.u8(id ? 1 : 0);
    if (id) out.bytes(id->bytes());
  };
  guid(h.head.chain.session);
  out.u8(static_cast<std::uint8_t>(h.head.chain.source.size()));
  out.bytes(base::as_bytes(h.head.chain.source));
  guid(h.head.chain.origin);
  out.u64(h.head.chain.run);
  out.u64(h.head.seq);
  out.bytes(h.head.digest);
  out.u64(static_cast<std::uint64_t>(h.head.at.time_since_epoch().count()));
  out.u8(h.head.closed ? 1 : 0);
  out.bytes(h.signer);
  out.u16(static_cast<std::uint16_t>(h.signature.size()));
  out.bytes(h.signature);
  return std::move(out).take();
}

Result<SignedHead> read_signed_head(base::ByteView bytes) {
  const auto bad = [](std::string_view what) { return fail(Errc::bad_format, fmt::format("signed head: {}", what)); };
  if (bytes.size() > kSignedHeadMax) return fail(Errc::too_large, "signed head");
  base::ByteReader in(bytes);
  const auto magic = in.take(3);
  const auto version = in.u8();
  if (!magic || base::as_text(*magic) != "RSH" || version != kHeadVersion) return bad("does not begin like one");
  SignedHead out;
  RESCUE_TRY(out.head.chain.session, read_guid(in));
  const auto source_size = in.u8();
  if (!source_size || *source_size == 0 || *source_size > kSourceMax) return bad("source");
  const auto source = in.take(*source_size);
  if (!source) return bad("source");
  out.head.chain.source = base::as_text(*source);
  RESCUE_TRY(out.head.chain.origin, read_guid(in));
  const auto run = in.u64();
  const auto seq = in.u64();
  const auto digest = in.take(32);
  const auto at = in.u64();
  const auto closed = in.u8();
  const auto signer = in.take(32);
  const auto size = in.u16();
  if (!run || !seq || !digest || !at || !closed || *closed > 1 || !signer || !size) return bad("is cut short");
  if (*size == 0 || *size > crypto::kMaxSignatureBytes || in.left() != *size) return bad("signature");
  out.head.chain.run = *run;
  out.head.seq = *seq;
  std::ranges::copy(*digest, out.head.digest.begin());
  out.head.at = base::WallTime(std::chrono::microseconds(static_cast<std::int64_t>(*at)));
  out.head.closed = *closed == 1;
  std::ranges::copy(*signer, out.signer.begin());
  out.signature = base::to_bytes(in.rest());
  return out;
}

Result<Digest256> Chain::append(const EntryHeader& header, const FieldDigests& fields) {
  if (header.seq != seq_ + 1)
    return fail(Errc::conflict, fmt::format("event {} behind event {} of {}", header.seq, seq_, id_.text()));
  const auto entry = entry_digest(id_, header, fields);
  head_ = next_head(head_, entry);
  seq_ = header.seq;
  return entry;
}

// ---- verification

ChainVerifier::ChainVerifier(ChainId id, std::vector<SignedHead> heads, std::vector<crypto::PublicKey> keys)
    : chain_(std::move(id)) {
  std::ranges::stable_sort(heads, {}, [](const SignedHead& h) { return h.head.seq; });
  for (auto& h : heads) {
    if (h.head.chain != chain_.id()) {
      find(Flaw::bad_signature, h.head.seq, "a head of another chain: " + h.head.chain.text());
      continue;
    }
    const auto key = std::ranges::find(keys, h.signer, &crypto::PublicKey::fingerprint);
    if (key == keys.end()) {
      find(Flaw::unknown_key, h.head.seq, "key " + base::to_hex(h.signer));
    } else if (!verify_head(h, *key)) {
      find(Flaw::bad_signature, h.head.seq, "key " + base::to_hex(h.signer));
    } else if (!heads_.empty() && heads_.back().head.seq == h.head.seq && heads_.back().head.digest != h.head.digest) {
      find(Flaw::forked, h.head.seq);
    } else {
      closed_ = closed_ || h.head.closed;
      heads_.push_back(std::move(h));
    }
  }
  check_heads_at(0);
}

void ChainVerifier::find(Flaw flaw, std::uint64_t seq, std::string detail) {
  findings_.push_back({flaw, seq, std::move(detail)});
}

void ChainVerifier::check_heads_at(std::uint64_t seq) {
  for (; next_head_ < heads_.size() && heads_[next_head_].head.seq == seq; ++next_head_) {
    if (heads_[next_head_].head.digest == chain_.head()) {
      proved_ = seq;
    } else if (!std::exchange(broken_, true)) {
      find(Flaw::changed, proved_ + 1, fmt::format("between event {} and event {}", proved_ + 1, seq));
    }
  }
}

void ChainVerifier::event(const EntryHeader& header, const FieldDigests& fields) {
  ++events_;
  if (broken_) return;
  const auto expected = chain_.seq() + 1;
  if (header.seq != expected) {
    broken_ = true;
    const bool gap = header.seq > expected;
    return find(gap ? Flaw::missing : Flaw::out_of_order, gap ? expected : header.seq,
                fmt::format("event {} stands where event {} should", header.seq, expected));
  }
  static_cast<void>(chain_.append(header, fields));
  check_heads_at(header.seq);
}

void ChainVerifier::unreadable(std::uint64_t seq, std::string why) {
  ++events_;
  if (!std::exchange(broken_, true)) find(Flaw::changed, seq, std::move(why));
}

std::vector<ChainFinding> ChainVerifier::finish() {
  if (!broken_) {
    if (next_head_ < heads_.size()) {
      find(Flaw::cut, chain_.seq() + 1, fmt::format("a head of event {} was signed", heads_.back().head.seq));
    } else if (chain_.seq() > proved_) {
      find(Flaw::unsigned_tail, proved_ + 1);
    }
  }
  if (!closed_) find(Flaw::left_open, chain_.seq());
  // What was tampered with is named before what is only not proved, the earliest event first.
  std::ranges::stable_sort(findings_, {},
                           [](const ChainFinding& f) { return std::pair(is_tampering(f.flaw) ? 0 : 1, f.seq); });
  return findings_;
}

}  // namespace rescue::evidence
