// SPDX-License-Identifier: Apache-2.0
#include "crypto/receipt.hpp"

#include <algorithm>

#include "crypto/errors.hpp"

namespace rescue::crypto {
namespace {

constexpr std::string_view kMagic = "RSR1";

template <typename T>
void put(base::Bytes& out, T value) {
  for (int shift = static_cast<int>(sizeof(T) * 8) - 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(value) >> shift));
}

/// The size of the whole has been checked.
class Reader {
 public:
  explicit Reader(base::ByteView bytes) : rest_(bytes) {}
  base::ByteView take(std::size_t n) {
    const auto out = rest_.first(n);
    rest_ = rest_.subspan(n);
    return out;
  }
  template <typename T>
  T number() {
    std::uint64_t out = 0;
    for (const auto byte : take(sizeof(T))) out = out << 8 | byte;
    return static_cast<T>(out);
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array() {
    std::array<std::uint8_t, N> out;
    std::ranges::copy(take(N), out.begin());
    return out;
  }

 private:
  base::ByteView rest_;
};

base::Bytes statement_of(const Receipt& r) {
  base::Bytes out = base::to_bytes(base::as_bytes(kMagic));
  out.reserve(kReceiptStatementBytes);
  base::append(out, r.session.bytes());
  base::append(out, r.technician.bytes());
  put(out, r.generation);
  base::append(out, r.console);
  put(out, r.number);
  put(out, r.prompt);
  put(out, r.permissions);
  put(out, static_cast<std::uint8_t>(r.answer));
  put(out, r.about);
  put(out, static_cast<std::int64_t>(r.at.time_since_epoch().count()));
  base::append(out, r.subject);
  base::append(out, r.previous);
  return out;
}

base::Bytes signed_text(base::ByteView statement) {
  base::Bytes out = base::to_bytes(base::as_bytes(kReceiptDomain));
  out.push_back(0);
  base::append(out, statement);
  return out;
}

std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(Errc::token_malformed, "receipt: " + std::string(what));
}

}  // namespace

base::Result<base::Bytes> sign_receipt(const Receipt& receipt, const PrivateKey& applet) {
  auto out = statement_of(receipt);
  RESCUE_TRY(const auto signature, applet.sign(signed_text(out)));
  base::append(out, signature);
  return out;
}

base::Result<Receipt> open_receipt(base::ByteView bytes, const PublicKey& applet) {
  if (bytes.size() <= kReceiptStatementBytes || bytes.size() > kReceiptStatementBytes + kMaxSignatureBytes)
    return malformed("size");
  const auto statement = bytes.first(kReceiptStatementBytes);
  RESCUE_CHECK(applet.verify(signed_text(statement), bytes.subspan(kReceiptStatementBytes)));
  Reader in(statement);
  if (!std::ranges::equal(in.take(kMagic.size()), base::as_bytes(kMagic))) return malformed("magic");
  Receipt r;
  RESCUE_TRY(r.session, base::Guid::from_bytes(in.take(base::Guid::kSize)));
  RESCUE_TRY(r.technician, base::Guid::from_bytes(in.take(base::Guid::kSize)));
  r.generation = in.number<std::uint64_t>();
  r.console = in.array<32>();
  r.number = in.number<std::uint64_t>();
  r.prompt = in.number<std::uint32_t>();
  r.permissions = in.number<std::uint32_t>();
  r.answer = static_cast<ReceiptAnswer>(in.number<std::uint8_t>());
  r.about = in.number<std::uint8_t>();
  r.at = base::WallTime(std::chrono::microseconds(in.number<std::int64_t>()));
  r.subject = in.array<32>();
  r.previous = in.array<32>();
  if (r.answer < ReceiptAnswer::yes || r.answer > ReceiptAnswer::lapsed) return malformed("answer");
  if (r.number == 0) return malformed("number");
  return r;
}

Digest256 receipt_digest(base::ByteView bytes) { return sha256(bytes); }

base::Result<ReceiptChain::Issued> ReceiptChain::issue(Receipt receipt) {
  receipt.session = session_;
  receipt.number = position_.last + 1;
  receipt.previous = position_.digest;
  RESCUE_TRY(auto bytes, sign_receipt(receipt, applet_));
  position_ = {receipt.number, receipt_digest(bytes)};
  return Issued{receipt.number, std::move(bytes)};
}

}  // namespace rescue::crypto
