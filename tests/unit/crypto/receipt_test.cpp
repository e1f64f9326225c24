// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/errors.hpp"
#include "crypto/receipt.hpp"

namespace rescue::crypto {
namespace {

const base::Guid kSession = base::Guid::parse("11111111-2222-4333-8444-555555555555").value();
const base::Guid kTechnician = base::Guid::parse("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee").value();

Receipt some_receipt() {
  Receipt r;
  r.session = kSession;
  r.technician = kTechnician;
  r.generation = 0x0102030405060708;
  r.console.fill(0xc0);
  r.number = 7;
  r.prompt = 0x11223344;
  r.permissions = 0x1003;
  r.answer = ReceiptAnswer::one_by_one;
  r.about = 2;
  r.at = base::WallTime(std::chrono::microseconds(1'700'000'000'123'456));
  r.subject.fill(0x5b);
  r.previous.fill(0x9e);
  return r;
}

class ReceiptOfKind : public testing::TestWithParam<KeyKind> {};
INSTANTIATE_TEST_SUITE_P(Keys, ReceiptOfKind, testing::Values(KeyKind::p256, KeyKind::rsa2048));

TEST_P(ReceiptOfKind, ComesBackAsItWasSigned) {
  const auto key = PrivateKey::generate(GetParam()).value();
  const auto bytes = sign_receipt(some_receipt(), key).value();
  EXPECT_EQ(open_receipt(bytes, key.public_key()).value(), some_receipt());
}

TEST(Receipt, HasThePublishedLayout) {
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto bytes = sign_receipt(some_receipt(), key).value();
  EXPECT_EQ(base::to_hex(base::ByteView(bytes).first(kReceiptStatementBytes)),
            "52535231"                          // RSR1
            "11111111222243338444555555555555"  // session
            "aaaaaaaabbbb4ccc8dddeeeeeeeeeeee"  // technician
            "0102030405060708"                  // generation
            "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
            "0000000000000007"  // number
            "11223344"          // prompt
            "00001003"          // permissions
            "03"                // one by one
            "02"                // about
            "00060a2418202240"  // microseconds since 1970
            "5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b"
            "9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e9e");
}

TEST(Receipt, IsWorthNothingWithOneBitChanged) {
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto bytes = sign_receipt(some_receipt(), key).value();
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto changed = bytes;
    changed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_FALSE(open_receipt(changed, key.public_key())) << "bit " << bit;
  }
}

TEST(Receipt, IsRefusedFromAnotherKeyOrOfAnotherSize) {
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto bytes = sign_receipt(some_receipt(), key).value();
  EXPECT_EQ(open_receipt(bytes, PrivateKey::generate(KeyKind::p256).value().public_key()).error().code,
            Errc::signature_invalid);
  for (std::size_t size : {std::size_t{0}, std::size_t{4}, kReceiptStatementBytes, bytes.size() - 1})
    EXPECT_FALSE(open_receipt(base::ByteView(bytes).first(size), key.public_key())) << size;
  EXPECT_EQ(open_receipt(base::Bytes(5000), key.public_key()).error().code, Errc::token_malformed);
}

TEST(Receipt, SignedNonsenseIsMalformed) {
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  const auto code_of = [&](const Receipt& r) {
    const auto opened = open_receipt(sign_receipt(r, key).value(), key.public_key());
    return opened ? base::ErrorCode(base::Errc::internal) : opened.error().code;
  };
  auto r = some_receipt();
  r.number = 0;
  EXPECT_EQ(code_of(r), Errc::token_malformed);
  for (int answer : {0, 7, 255}) {
    r = some_receipt();
    r.answer = static_cast<ReceiptAnswer>(answer);
    EXPECT_EQ(code_of(r), Errc::token_malformed) << answer;
  }
}

TEST(ReceiptChain, NumbersFromOneAndNamesTheOneBefore) {
  const auto key = PrivateKey::generate(KeyKind::p256).value();
  ReceiptChain chain(key, kSession);
  Digest256 before{};
  for (std::uint64_t n = 1; n <= 3; ++n) {
    auto draft = some_receipt();
    draft.number = 99;
    draft.session = kTechnician;
    const auto issued = chain.issue(draft).value();
    EXPECT_EQ(issued.number, n);
    const auto receipt = open_receipt(issued.bytes, key.public_key()).value();
    EXPECT_EQ(receipt.number, n);
    EXPECT_EQ(receipt.session, kSession);
    EXPECT_EQ(receipt.previous, before);
    before = sha256(issued.bytes);
  }
  // A process that comes after goes on where this one stopped.
  ReceiptChain later(key, kSession, chain.position());
  const auto next = open_receipt(later.issue(some_receipt()).value().bytes, key.public_key()).value();
  EXPECT_EQ(next.number, 4u);
  EXPECT_EQ(next.previous, before);
}

}  // namespace
}  // namespace rescue::crypto
