// SPDX-License-Identifier: Apache-2.0
// RFC 9162 section 2.1; the verification of proofs is that of sections 2.1.3.2 and 2.1.4.2.
#include "evidence/merkle.hpp"

#include <bit>

#include "evidence/impl/statement.hpp"

namespace rescue::evidence {
namespace {
using base::Errc;
using base::fail;
using base::Result;

/// The largest power of two below `n`, which is at least 2.
std::uint64_t split(std::uint64_t n) { return std::bit_floor(n - 1); }

Result<> path(const LeafAt& leaf, std::uint64_t index, std::uint64_t first, std::uint64_t last,
              std::vector<Digest256>& out) {
  if (last - first == 1) return {};
  const auto middle = first + split(last - first);
  const bool left = index < middle;
  RESCUE_CHECK(left ? path(leaf, index, first, middle, out) : path(leaf, index, middle, last, out));
  RESCUE_TRY(const auto other, left ? subtree_root(leaf, middle, last) : subtree_root(leaf, first, middle));
  out.push_back(other);
  return {};
}

/// SUBPROOF of section 2.1.4.1; `known`: the verifier has the root of this subtree.
Result<> subproof(const LeafAt& leaf, std::uint64_t from, std::uint64_t first, std::uint64_t last, bool known,
                  std::vector<Digest256>& out) {
  if (from == last - first) {
    if (known) return {};
    RESCUE_TRY(const auto root, subtree_root(leaf, first, last));
    out.push_back(root);
    return {};
  }
  const auto k = split(last - first);
  if (from <= k) {
    RESCUE_CHECK(subproof(leaf, from, first, first + k, known, out));
    RESCUE_TRY(const auto right, subtree_root(leaf, first + k, last));
    out.push_back(right);
    return {};
  }
  RESCUE_CHECK(subproof(leaf, from - k, first + k, last, false, out));
  RESCUE_TRY(const auto left, subtree_root(leaf, first, first + k));
  out.push_back(left);
  return {};
}
}  // namespace

Digest256 leaf_hash(base::ByteView data) {
  base::ByteWriter in;
  in.u8(0);
  in.bytes(data);
  return crypto::sha256(in.view());
}

Digest256 node_hash(const Digest256& left, const Digest256& right) {
  base::ByteWriter in;
  in.u8(1);
  in.bytes(left);
  in.bytes(right);
  return crypto::sha256(in.view());
}

Digest256 leaf_digest(const Leaf& leaf) {
  impl::Statement s("rescue-leaf/1");
  s.u8(static_cast<std::uint8_t>(leaf.kind));
  s.bytes(leaf.session.bytes());
  s.time(leaf.at);
  s.u64(leaf.heads.size());
  for (const auto& head : leaf.heads) {
    const auto bytes = to_bytes(head);
    s.u64(bytes.size());
    s.bytes(bytes);
  }
  return leaf_hash(s.take());
}

Result<MerkleFrontier> MerkleFrontier::of(std::uint64_t size, std::vector<Digest256> roots) {
  if (roots.size() != static_cast<std::size_t>(std::popcount(size)))
    return fail(Errc::bad_format, "a tree of this size has another number of full subtrees");
  MerkleFrontier out;
  out.size_ = size;
  out.roots_ = std::move(roots);
  return out;
}

void MerkleFrontier::append(const Digest256& leaf) {
  roots_.push_back(leaf);
  // Each bit that carries joins two subtrees of one size.
  for (auto carry = size_; (carry & 1) != 0; carry >>= 1) {
    const auto right = roots_.back();
    roots_.pop_back();
    roots_.back() = node_hash(roots_.back(), right);
  }
  ++size_;
}

Digest256 MerkleFrontier::root() const {
  if (roots_.empty()) return crypto::sha256({});
  auto out = roots_.back();
  for (auto i = roots_.size() - 1; i > 0; --i) out = node_hash(roots_[i - 1], out);
  return out;
}

Result<Digest256> subtree_root(const LeafAt& leaf, std::uint64_t first, std::uint64_t last) {
  MerkleFrontier tree;
  for (auto i = first; i < last; ++i) {
    RESCUE_TRY(const auto digest, leaf(i));
    tree.append(digest);
  }
  return tree.root();
}

Digest256 tree_root(std::span<const Digest256> leaves) {
  MerkleFrontier tree;
  for (const auto& leaf : leaves) tree.append(leaf);
  return tree.root();
}

Result<std::vector<Digest256>> inclusion_proof(const LeafAt& leaf, std::uint64_t index, std::uint64_t size) {
  if (index >= size) return fail(Errc::invalid_argument, "there is no such leaf in the tree");
  std::vector<Digest256> out;
  RESCUE_CHECK(path(leaf, index, 0, size, out));
  return out;
}

Result<std::vector<Digest256>> consistency_proof(const LeafAt& leaf, std::uint64_t from, std::uint64_t to) {
  if (from > to) return fail(Errc::invalid_argument, "the earlier tree is the larger one");
  std::vector<Digest256> out;
  if (from == 0 || from == to) return out;
  RESCUE_CHECK(subproof(leaf, from, 0, to, true, out));
  return out;
}

bool verify_inclusion(const Digest256& leaf, std::uint64_t index, std::uint64_t size, std::span<const Digest256> proof,
                      const Digest256& root) {
  if (index >= size) return false;
  auto fn = index;
  auto sn = size - 1;
  auto r = leaf;
  for (const auto& p : proof) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      r = node_hash(p, r);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = node_hash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && r == root;
}

bool verify_consistency(std::uint64_t from, const Digest256& from_root, std::uint64_t to, const Digest256& to_root,
                        std::span<const Digest256> proof) {
  if (from > to) return false;
  if (from == to) return proof.empty() && from_root == to_root;
  if (from == 0) return proof.empty() && from_root == crypto::sha256({});
  std::vector<Digest256> steps(proof.begin(), proof.end());
  if (std::has_single_bit(from)) steps.insert(steps.begin(), from_root);
  if (steps.empty()) return false;
  auto fn = from - 1;
  auto sn = to - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  auto fr = steps.front();
  auto sr = steps.front();
  for (std::size_t i = 1; i < steps.size(); ++i) {
    if (sn == 0) return false;
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_hash(steps[i], fr);
      sr = node_hash(steps[i], sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = node_hash(sr, steps[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && fr == from_root && sr == to_root;
}

}  // namespace rescue::evidence
