// SPDX-License-Identifier: Apache-2.0
// What is read of proofs that somebody else kept: signed heads, openings of events, checkpoints. The first byte chooses
// the reader. What is accepted comes back as the same bytes.
#include <boost/json/parse.hpp>

#include "base/assert.hpp"
#include "evidence/checkpoint.hpp"
#include "evidence/merkle.hpp"

namespace {
using namespace rescue;

void head(base::ByteView b) {
  const auto read = evidence::read_signed_head(b);
  if (!read) return;
  const auto again = evidence::to_bytes(*read);
  RESCUE_ASSERT(std::equal(again.begin(), again.end(), b.begin(), b.end()));
}

void opening(base::ByteView b) {
  boost::system::error_code error;
  const auto text = base::as_text(b);
  const auto value = boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
  if (error) return;
  if (const auto one_text = evidence::canonical(value)) {
    const auto again = boost::json::parse(*one_text, error);
    RESCUE_ASSERT(!error && evidence::canonical(again).value() == *one_text);
  }
  const auto read = evidence::Opening::from_json(value);
  if (!read) return;
  RESCUE_ASSERT(evidence::Opening::from_json(read->to_json()).value().erased == read->erased);
}

void checkpoint(base::ByteView b) {
  static const auto kKey = crypto::PublicKey::from_raw_ed25519(base::Bytes(32, 0x58)).value();
  RESCUE_ASSERT(!evidence::open_checkpoint(base::as_text(b), kKey));
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView rest(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      head(rest);
      break;
    case 1:
      opening(rest);
      break;
    default:
      checkpoint(rest);
      break;
  }
  return 0;
}
