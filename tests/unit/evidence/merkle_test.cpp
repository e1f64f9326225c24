// SPDX-License-Identifier: Apache-2.0
#include "evidence/merkle.hpp"

#include <gtest/gtest.h>

namespace rescue::evidence {
namespace {

/// The eight inputs of the reference test vectors of RFC 6962 implementations, whose roots are widely published.
std::vector<Digest256> reference_leaves() {
  const std::vector<std::string> inputs = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  std::vector<Digest256> out;
  for (const auto& hex : inputs) out.push_back(leaf_hash(base::from_hex(hex).value()));
  return out;
}
constexpr std::string_view kReferenceRoots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                                "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                                "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                                "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                                "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                                "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                                "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

std::vector<Digest256> some_leaves(std::size_t n) {
  std::vector<Digest256> out;
  for (std::size_t i = 0; i < n; ++i) out.push_back(leaf_hash(base::as_bytes(std::to_string(i))));
  return out;
}
LeafAt from(const std::vector<Digest256>& leaves) {
  return [&leaves](std::uint64_t i) -> base::Result<Digest256> { return leaves.at(i); };
}

TEST(Merkle, HasThePublishedRoots) {
  EXPECT_EQ(base::to_hex(MerkleFrontier().root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const auto leaves = reference_leaves();
  for (std::size_t n = 1; n <= leaves.size(); ++n)
    EXPECT_EQ(base::to_hex(tree_root(std::span(leaves).first(n))), kReferenceRoots[n - 1]) << n;
}

TEST(Merkle, AFrontierGoesOnWhereItWasKept) {
  const auto leaves = some_leaves(70);
  MerkleFrontier tree;
  for (std::size_t n = 0; n < leaves.size(); ++n) {
    auto again = MerkleFrontier::of(tree.size(), tree.roots()).value();
    again.append(leaves[n]);
    tree.append(leaves[n]);
    EXPECT_EQ(again.root(), tree.root());
    EXPECT_EQ(tree.root(), tree_root(std::span(leaves).first(n + 1)));
  }
  EXPECT_FALSE(MerkleFrontier::of(3, {leaves[0]}));
}

TEST(Merkle, EachLeafIsProvedAndNoOtherInItsPlace) {
  const auto leaves = some_leaves(20);
  for (std::uint64_t size = 1; size <= leaves.size(); ++size) {
    const auto root = tree_root(std::span(leaves).first(size));
    for (std::uint64_t i = 0; i < size; ++i) {
      auto proof = inclusion_proof(from(leaves), i, size).value();
      EXPECT_TRUE(verify_inclusion(leaves[i], i, size, proof, root));
      EXPECT_FALSE(verify_inclusion(leaves[(i + 1) % leaves.size()], i, size, proof, root));
      if (size > 1) {
        EXPECT_FALSE(verify_inclusion(leaves[i], (i + 1) % size, size, proof, root));
      }
      proof.push_back(root);
      EXPECT_FALSE(verify_inclusion(leaves[i], i, size, proof, root));
      proof.pop_back();
      if (!proof.empty()) {
        proof.back()[0] ^= 1;
        EXPECT_FALSE(verify_inclusion(leaves[i], i, size, proof, root));
      }
    }
    EXPECT_FALSE(inclusion_proof(from(leaves), size, size));
    EXPECT_FALSE(verify_inclusion(leaves[0], size, size, {}, root));
  }
}

TEST(Merkle, ALaterTreeIsProvedToBeginWithTheEarlierOne) {
  const auto leaves = some_leaves(20);
  for (std::uint64_t to = 0; to <= leaves.size(); ++to) {
    const auto to_root = tree_root(std::span(leaves).first(to));
    for (std::uint64_t first = 0; first <= to; ++first) {
      const auto from_root = tree_root(std::span(leaves).first(first));
      auto proof = consistency_proof(from(leaves), first, to).value();
      EXPECT_TRUE(verify_consistency(first, from_root, to, to_root, proof)) << first << " " << to;
      auto other = from_root;
      other[5] ^= 1;
      EXPECT_FALSE(verify_consistency(first, other, to, to_root, proof)) << first << " " << to;
      if (first > 0 && first < to) {
        auto changed = to_root;
        changed[5] ^= 1;
        EXPECT_FALSE(verify_consistency(first, from_root, to, changed, proof));
        proof.pop_back();
        EXPECT_FALSE(verify_consistency(first, from_root, to, to_root, proof));
      }
    }
  }
  EXPECT_FALSE(consistency_proof(from(leaves), 3, 2));
  EXPECT_FALSE(verify_consistency(3, {}, 2, {}, {}));
}

TEST(Merkle, ALeafNamesWhatEnded) {
  Leaf leaf{Leaf::Kind::created, base::Guid::parse("11111111-2222-4333-8444-555555555555").value(), {}, {}};
  const auto created = leaf_digest(leaf);
  leaf.kind = Leaf::Kind::ended;
  const auto ended = leaf_digest(leaf);
  EXPECT_NE(created, ended);
  leaf.heads.emplace_back();
  leaf.heads.back().head.chain.source = "applet";
  EXPECT_NE(leaf_digest(leaf), ended);
}

}  // namespace
}  // namespace rescue::evidence
