// SPDX-License-Identifier: Apache-2.0
// The hash chain that each source makes of its events of one session, and the heads it signs (man rescue-log-proof(7),
// CHAINS and HEADS). What a head covers cannot be changed, dropped, put elsewhere or made up afterwards without the
// key.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "crypto/keys.hpp"
#include "evidence/entry.hpp"

namespace rescue::evidence {

/// The head before the first event.
[[nodiscard]] Digest256 genesis(const ChainId& chain);
/// The head behind an event.
[[nodiscard]] Digest256 next_head(const Digest256& head, const Digest256& entry);

/// "Up to this event my log is this."
struct Head {
  ChainId chain;
  std::uint64_t seq = 0;  // of the last event; 0: none yet
  Digest256 digest{};
  base::WallTime at;
  bool closed = false;  // no event follows: the session is over for this source
  bool operator==(const Head&) const = default;
};
struct SignedHead {
  Head head;
  crypto::Fingerprint signer{};
  base::Bytes signature;
  bool operator==(const SignedHead&) const = default;
};
inline constexpr std::size_t kSignedHeadMax = 1024;  // bytes

[[nodiscard]] base::Result<SignedHead> sign_head(const Head& head, const crypto::PrivateKey& key);
/// signature_invalid; conflict when the key is not the signer it names.
[[nodiscard]] base::Result<> verify_head(const SignedHead& head, const crypto::PublicKey& key);
/// As it is sent and kept. bad_format, too_large.
[[nodiscard]] base::Bytes to_bytes(const SignedHead& head);
[[nodiscard]] base::Result<SignedHead> read_signed_head(base::ByteView bytes);

/// Grows a chain event by event. One strand.
class Chain {
 public:
  explicit Chain(ChainId id) : id_(std::move(id)), head_(genesis(id_)) {}
  /// Goes on behind `seq`.
  Chain(ChainId id, std::uint64_t seq, const Digest256& head) : id_(std::move(id)), seq_(seq), head_(head) {}

  /// Takes the event as the next one and returns its digest. conflict unless its number is the next.
  [[nodiscard]] base::Result<Digest256> append(const EntryHeader& header, const FieldDigests& fields);
  [[nodiscard]] const ChainId& id() const { return id_; }
  [[nodiscard]] std::uint64_t seq() const { return seq_; }
  [[nodiscard]] const Digest256& head() const { return head_; }
  [[nodiscard]] Head head_at(base::WallTime at, bool closed) const { return {id_, seq_, head_, at, closed}; }

 private:
  ChainId id_;
  std::uint64_t seq_ = 0;
  Digest256 head_{};
};

/// What is wrong with a chain, and where it begins to be wrong.
enum class Flaw : std::uint8_t {
  none,
  changed,       // what is there is not what was signed: an event was flipped, dropped, put in or put elsewhere
  missing,       // a number is not there
  out_of_order,  // a number does not follow the one before it
  cut,           // a signed head speaks of events that are not there
  forked,        // two heads of one key speak differently of the same event
  unknown_key,   // a head of a key that nobody vouches for
  bad_signature,
  unsigned_tail,  // events behind the last signed head: nothing proves them
  left_open,      // no closing head: the source never said that this was all
};
[[nodiscard]] std::string_view name(Flaw f);
[[nodiscard]] std::string_view meaning(Flaw f);
/// Whether it shows that somebody tampered, and not only that something is not proved.
[[nodiscard]] bool is_tampering(Flaw f);

struct ChainFinding {
  Flaw flaw = Flaw::none;
  std::uint64_t seq = 0;  // the first event that is not proved, or the number that is missing
  std::string detail;
};

/// Checks one chain: events in the order in which they are kept, then its heads. `keys`: who may sign it. Memory does
/// not grow with the number of events but by the digests of those at which heads stand.
class ChainVerifier {
 public:
  ChainVerifier(ChainId id, std::vector<SignedHead> heads, std::vector<crypto::PublicKey> keys);
  /// The next event as it is kept.
  void event(const EntryHeader& header, const FieldDigests& fields);
  /// The next event, whose data cannot be digested (`why`).
  void unreadable(std::uint64_t seq, std::string why);
  /// After the last one. The first finding is the one to name; none: all of it is proved.
  [[nodiscard]] std::vector<ChainFinding> finish();
  [[nodiscard]] std::uint64_t events() const { return events_; }
  /// Events up to here are proved.
  [[nodiscard]] std::uint64_t proved() const { return proved_; }

 private:
  void check_heads_at(std::uint64_t seq);
  void find(Flaw flaw, std::uint64_t seq, std::string detail = {});

  Chain chain_;
  std::vector<SignedHead> heads_;  // by seq; only those with a good signature
  std::size_t next_head_ = 0;
  std::vector<ChainFinding> findings_;
  std::uint64_t events_ = 0;
  std::uint64_t proved_ = 0;
  bool closed_ = false;
  bool broken_ = false;  // nothing can be said of what follows
};

}  // namespace rescue::evidence
