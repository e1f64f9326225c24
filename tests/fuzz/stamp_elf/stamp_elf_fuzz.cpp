// SPDX-License-Identifier: Apache-2.0
// A hostile ELF file: as a template, and as an applet that reads its slot. What is taken
// must be stamped so that the payload can be read back and the file taken again. Corpus:
// tests/unit/stamp/corpus_test.cpp.
#include "base/assert.hpp"
#include "stamp/prepared_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rescue;
  const base::ByteView input(data, size);
  const auto image = stamp::PreparedImage::make(base::to_bytes(input));
  RESCUE_ASSERT(image.has_value() == stamp::find_slot(input).has_value());
  if (!image) return 0;
  const base::Bytes payload(size % stamp::kMaxSlotPayload + 1, 0xa5);
  const auto made = image->stamp(payload, {.file_digest = true});
  RESCUE_ASSERT(made && made->bytes.size() == image->size() && made->sha256 == crypto::sha256(made->bytes));
  const auto read = stamp::read_slot(made->bytes);
  RESCUE_ASSERT(read && std::ranges::equal(read->view(), payload));
  const auto again = stamp::PreparedImage::make(made->bytes);
  RESCUE_ASSERT(again && again->size() == image->size());
  return 0;
}
