// SPDX-License-Identifier: Apache-2.0
// The Merkle tree over the beginnings and ends of all sessions, as RFC 9162 section 2.1 has it: a site that has shown
// somebody its root can neither take a leaf back nor put one in before others.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/guid.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"
#include "evidence/chain.hpp"

namespace rescue::evidence {

/// A session was made, or is over with these chains.
struct Leaf {
  enum class Kind : std::uint8_t { created = 1, ended = 2 };
  Kind kind = Kind::created;
  base::Guid session;
  base::WallTime at;
  std::vector<SignedHead> heads;  // of an ended one: the last of each chain, ordered by chain
};
[[nodiscard]] Digest256 leaf_digest(const Leaf& leaf);
/// RFC 9162: SHA-256(0x00 || data) and SHA-256(0x01 || left || right).
[[nodiscard]] Digest256 leaf_hash(base::ByteView data);
[[nodiscard]] Digest256 node_hash(const Digest256& left, const Digest256& right);

/// What is needed of a tree to let it grow: the roots of its full subtrees, largest first, at most 64.
class MerkleFrontier {
 public:
  MerkleFrontier() = default;
  /// bad_format when there are not as many roots as `size` has bits set.
  [[nodiscard]] static base::Result<MerkleFrontier> of(std::uint64_t size, std::vector<Digest256> roots);
  void append(const Digest256& leaf);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] const std::vector<Digest256>& roots() const { return roots_; }
  /// SHA-256 of nothing for the empty tree.
  [[nodiscard]] Digest256 root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest256> roots_;
};

/// Root of the leaves [first, last), of which there is at least one, by what gives any one of them.
using LeafAt = std::function<base::Result<Digest256>(std::uint64_t)>;
[[nodiscard]] base::Result<Digest256> subtree_root(const LeafAt& leaf, std::uint64_t first, std::uint64_t last);
[[nodiscard]] Digest256 tree_root(std::span<const Digest256> leaves);

/// That leaf `index` is in the tree of `size`. invalid_argument when it is not below it.
[[nodiscard]] base::Result<std::vector<Digest256>> inclusion_proof(const LeafAt& leaf, std::uint64_t index,
                                                                   std::uint64_t size);
/// That the tree of `from` leaves is the beginning of the one of `to`.
[[nodiscard]] base::Result<std::vector<Digest256>> consistency_proof(const LeafAt& leaf, std::uint64_t from,
                                                                     std::uint64_t to);
[[nodiscard]] bool verify_inclusion(const Digest256& leaf, std::uint64_t index, std::uint64_t size,
                                    std::span<const Digest256> proof, const Digest256& root);
[[nodiscard]] bool verify_consistency(std::uint64_t from, const Digest256& from_root, std::uint64_t to,
                                      const Digest256& to_root, std::span<const Digest256> proof);

}  // namespace rescue::evidence
