// SPDX-License-Identifier: Apache-2.0
#include "evidence/chain.hpp"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <functional>

namespace rescue::evidence {
namespace {
using crypto::KeyKind;
using crypto::PrivateKey;

const ChainId kChain{base::Guid::parse("11111111-2222-4333-8444-555555555555").value(), "applet", {}, 0};
base::WallTime at(std::int64_t s) { return base::WallTime(std::chrono::seconds(1'764'000'000 + s)); }

struct Row {
  EntryHeader header;
  FieldDigests fields;
};

/// Ten events, signed after the 4th and the 8th, and at the end.
struct Log {
  PrivateKey key = PrivateKey::generate(KeyKind::p256).value();
  std::vector<Row> rows;
  std::vector<SignedHead> heads;

  explicit Log(std::size_t events = 10, bool closed = true) {
    Chain chain(kChain);
    Salt salt{};
    for (std::size_t i = 1; i <= events; ++i) {
      salt[0] = static_cast<std::uint8_t>(i);
      Row row{{i, at(static_cast<std::int64_t>(i)), "chat.message", "user"},
              digest_fields(boost::json::object{{"text", "line " + std::to_string(i)}}, salt).value()};
      EXPECT_TRUE(chain.append(row.header, row.fields));
      rows.push_back(std::move(row));
      const bool last = i == events;
      if (i % 4 == 0 || (last && closed))
        heads.push_back(sign_head(chain.head_at(at(100), last && closed), key).value());
    }
  }
  [[nodiscard]] std::vector<ChainFinding> verify() const {
    ChainVerifier v(kChain, heads, {key.public_key()});
    for (const auto& r : rows) v.event(r.header, r.fields);
    return v.finish();
  }
};

TEST(ChainHead, ComesBackFromItsBytes) {
  const Log log;
  for (const auto& head : log.heads) EXPECT_EQ(read_signed_head(to_bytes(head)).value(), head);
  auto site = log.heads[0];
  site.head.chain = {{}, "broker", kChain.session, 3};
  EXPECT_EQ(read_signed_head(to_bytes(site)).value(), site);
}

TEST(ChainHead, CutOrLongerBytesAreRefused) {
  const auto bytes = to_bytes(Log().heads[0]);
  for (std::size_t n = 0; n < bytes.size(); ++n) EXPECT_FALSE(read_signed_head(base::ByteView(bytes).first(n))) << n;
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(read_signed_head(longer));
  EXPECT_EQ(read_signed_head(base::Bytes(kSignedHeadMax + 1)).error().code, base::Errc::too_large);
}

TEST(ChainHead, EachBitOfItIsSigned) {
  const auto key = PrivateKey::generate(KeyKind::ed25519).value();
  const auto bytes = to_bytes(sign_head({kChain, 5, genesis(kChain), at(0), false}, key).value());
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    auto flipped = bytes;
    flipped[i / 8] = static_cast<std::uint8_t>(flipped[i / 8] ^ (1u << (i % 8)));
    const auto head = read_signed_head(flipped);
    EXPECT_FALSE(head && verify_head(*head, key.public_key())) << "bit " << i;
  }
}

TEST(Chain, TakesEventsInTheirOrderOnly) {
  Chain chain(kChain);
  EXPECT_EQ(chain.append({2, at(0), "t", "a"}, {}).error().code, base::Errc::conflict);
  ASSERT_TRUE(chain.append({1, at(0), "t", "a"}, {}));
  EXPECT_EQ(chain.append({1, at(0), "t", "a"}, {}).error().code, base::Errc::conflict);
}

TEST(ChainVerifier, AnHonestLogIsProvedWhole) {
  const Log log;
  ChainVerifier v(kChain, log.heads, {log.key.public_key()});
  for (const auto& r : log.rows) v.event(r.header, r.fields);
  EXPECT_TRUE(v.finish().empty());
  EXPECT_EQ(v.proved(), 10u);
  EXPECT_EQ(v.events(), 10u);
}

TEST(ChainVerifier, AnOpenLogIsNeverClean) {
  const auto found = Log(10, false).verify();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].flaw, Flaw::unsigned_tail);
  EXPECT_EQ(found[0].seq, 9u);
  EXPECT_EQ(found[1].flaw, Flaw::left_open);
}

struct Attack {
  std::string name;
  std::function<void(Log&)> on;
  Flaw flaw;
  std::uint64_t seq;  // the first bad row
};

void PrintTo(const Attack& a, std::ostream* out) { *out << a.name; }

class ChainAttack : public testing::TestWithParam<Attack> {};

TEST_P(ChainAttack, IsNamedWithItsFirstBadRow) {
  Log log;
  GetParam().on(log);
  const auto found = log.verify();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found[0].flaw, GetParam().flaw) << name(found[0].flaw) << " " << found[0].detail;
  EXPECT_EQ(found[0].seq, GetParam().seq);
  EXPECT_TRUE(is_tampering(found[0].flaw));
}

SignedHead head_of_other(const Log& log, std::uint64_t seq) {
  auto head = log.heads.back().head;
  head.seq = seq;
  head.digest[0] ^= 1;
  return sign_head(head, log.key).value();
}

INSTANTIATE_TEST_SUITE_P(
    All, ChainAttack,
    testing::Values(
        // What a head covers is known to the head before it: a flip between the 5th and the 8th shows from the 5th on.
        Attack{"flip_text", [](Log& l) { l.rows[5].fields["text"][0] ^= 1; }, Flaw::changed, 5},
        Attack{"flip_time", [](Log& l) { l.rows[0].header.time += std::chrono::microseconds(1); }, Flaw::changed, 1},
        Attack{"flip_actor", [](Log& l) { l.rows[9].header.actor = "ada"; }, Flaw::changed, 9},
        Attack{"drop", [](Log& l) { l.rows.erase(l.rows.begin() + 6); }, Flaw::missing, 7},
        Attack{"drop_and_renumber",
               [](Log& l) {
                 l.rows.erase(l.rows.begin() + 6);
                 for (std::size_t i = 6; i < l.rows.size(); ++i) --l.rows[i].header.seq;
               },
               Flaw::changed, 5},
        Attack{"reorder", [](Log& l) { std::swap(l.rows[2], l.rows[3]); }, Flaw::missing, 3},
        Attack{"reorder_and_renumber",
               [](Log& l) {
                 std::swap(l.rows[2], l.rows[3]);
                 std::swap(l.rows[2].header.seq, l.rows[3].header.seq);
               },
               Flaw::changed, 1},
        Attack{"truncate", [](Log& l) { l.rows.resize(9); }, Flaw::cut, 10},
        Attack{"truncate_all", [](Log& l) { l.rows.clear(); }, Flaw::cut, 1},
        Attack{"insert", [](Log& l) { l.rows.insert(l.rows.begin() + 4, l.rows[4]); }, Flaw::out_of_order, 5},
        Attack{"insert_and_renumber",
               [](Log& l) {
                 l.rows.insert(l.rows.begin() + 4, l.rows[4]);
                 for (std::size_t i = 5; i < l.rows.size(); ++i) ++l.rows[i].header.seq;
               },
               Flaw::changed, 5},
        Attack{"fork", [](Log& l) { l.heads.push_back(head_of_other(l, 8)); }, Flaw::forked, 8},
        Attack{"fork_at_the_end", [](Log& l) { l.heads.push_back(head_of_other(l, 12)); }, Flaw::cut, 11},
        Attack{"resign_with_another_key",
               [](Log& l) {
                 const auto other = PrivateKey::generate(KeyKind::p256).value();
                 l.rows[2].header.actor = "somebody else";
                 Chain chain(kChain);
                 l.heads.clear();
                 for (const auto& r : l.rows) ASSERT_TRUE(chain.append(r.header, r.fields));
                 l.heads.push_back(sign_head(chain.head_at(at(100), true), other).value());
               },
               Flaw::unknown_key, 10},
        Attack{"claim_the_right_key",
               [](Log& l) {
                 const auto other = PrivateKey::generate(KeyKind::p256).value();
                 auto head = sign_head(l.heads.back().head, other).value();
                 head.signer = l.key.fingerprint();
                 l.heads.back() = head;
               },
               Flaw::bad_signature, 10},
        Attack{"head_of_another_chain",
               [](Log& l) {
                 auto head = l.heads.back().head;
                 head.chain.source = "console";
                 l.heads.push_back(sign_head(head, l.key).value());
               },
               Flaw::bad_signature, 10}),
    [](const auto& attack) { return attack.param.name; });

TEST(ChainVerifier, WhatCannotBeDigestedIsAChange) {
  const Log log;
  ChainVerifier v(kChain, log.heads, {log.key.public_key()});
  v.event(log.rows[0].header, log.rows[0].fields);
  v.unreadable(2, "field 'text' has no salt");
  for (std::size_t i = 2; i < log.rows.size(); ++i) v.event(log.rows[i].header, log.rows[i].fields);
  const auto found = v.finish();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].flaw, Flaw::changed);
  EXPECT_EQ(found[0].seq, 2u);
}

}  // namespace
}  // namespace rescue::evidence
