// SPDX-License-Identifier: Apache-2.0
#include "stamp/prepared_image.hpp"

#include "stamp/impl/fields.hpp"
#include "stamp/impl/pe_digest.hpp"
#include "stamp/impl/spc.hpp"

namespace rescue::stamp {
namespace {
using base::Bytes;
using base::ByteView;
using base::Result;
}  // namespace

struct PreparedImage::Parts {
  ImageFormat format = ImageFormat::elf;
  Bytes content;  // PE: without signature, checksum and certificate entry zeroed, its length a multiple of 8
  std::size_t slot_at = 0;
  impl::PeLayout pe;
  std::uint64_t words = 0;   // PE: the checksum's sum of all but the slot
  impl::Sha256 before_slot;  // PE: of the Authenticode digest; ELF: of the file

  [[nodiscard]] ByteView behind_slot() const { return ByteView(content).subspan(slot_at + kSlotBytes); }
  [[nodiscard]] crypto::Digest256 digest_with(ByteView slot) const {
    impl::Sha256 hash(before_slot);
    hash.update(slot);
    hash.update(behind_slot());
    return hash.finish();
  }
  /// The content with `slot` in it, and room for `more` bytes.
  [[nodiscard]] Bytes copy_with(ByteView slot, std::size_t more) const {
    const ByteView all(content);
    Bytes out;
    out.reserve(all.size() + more);
    base::append(out, all.first(slot_at));
    base::append(out, slot);
    base::append(out, behind_slot());
    return out;
  }
};

Result<PreparedImage> PreparedImage::make(Bytes image) {
  RESCUE_TRY(const auto place, find_slot(image));
  auto parts = std::make_shared<Parts>();
  parts->format = place.format;
  parts->slot_at = place.offset;
  if (place.format == ImageFormat::pe) {
    RESCUE_TRY(parts->pe, impl::parse_pe(image));
    image.resize(parts->pe.content_end);
    while (image.size() % 8 != 0) image.push_back(0);
    std::ranges::fill(std::span(image).subspan(parts->pe.checksum_at, 4), std::uint8_t{0});
    std::ranges::fill(std::span(image).subspan(parts->pe.security_entry_at, 8), std::uint8_t{0});
    const ByteView all(image);
    parts->words =
        impl::pe_word_sum(all.first(place.offset)) + impl::pe_word_sum(all.subspan(place.offset + kSlotBytes));
    impl::hash_pe(parts->before_slot, all, parts->pe, place.offset);
  } else {
    parts->before_slot.update(ByteView(image).first(place.offset));
  }
  parts->content = std::move(image);
  return PreparedImage(std::move(parts));
}

ImageFormat PreparedImage::format() const { return parts_->format; }
std::size_t PreparedImage::size() const { return parts_->content.size(); }
std::size_t PreparedImage::hashed_each_time() const { return parts_->content.size() - parts_->slot_at; }

Result<StampedImage> PreparedImage::stamp(ByteView payload, const StampOptions& options) const {
  RESCUE_TRY(const auto slot, make_slot(payload));
  return parts_->format == ImageFormat::pe ? stamp_pe(slot.view(), options) : stamp_elf(slot.view(), options);
}

Result<StampedImage> PreparedImage::stamp_pe(ByteView slot, const StampOptions& options) const {
  const auto& pe = parts_->pe;
  Bytes table;
  if (options.signer != nullptr) {
    RESCUE_TRY(const auto signature, options.signer->sign_authenticode(parts_->digest_with(slot)));
    table = impl::certificate_table(signature);
  }
  StampedImage out;
  out.bytes = parts_->copy_with(slot, table.size());
  const auto entry = std::span(out.bytes).subspan(pe.security_entry_at, 8);
  if (!table.empty()) {
    impl::put_u32(entry, 0, static_cast<std::uint32_t>(out.bytes.size()));
    impl::put_u32(entry, 4, static_cast<std::uint32_t>(table.size()));
  }
  const std::uint64_t words =
      parts_->words + impl::pe_word_sum(slot) + impl::pe_word_sum(entry) + impl::pe_word_sum(table);
  base::append(out.bytes, table);
  impl::put_u32(out.bytes, pe.checksum_at, impl::pe_checksum(words, out.bytes.size()));
  if (options.file_digest) out.sha256 = crypto::sha256(out.bytes);
  return out;
}

Result<StampedImage> PreparedImage::stamp_elf(ByteView slot, const StampOptions& options) const {
  StampedImage out;
  if (options.file_digest || options.signer != nullptr) out.sha256 = parts_->digest_with(slot);
  if (options.signer != nullptr) {
    RESCUE_TRY(out.detached_signature, options.signer->sign_detached(*out.sha256));
  }
  out.bytes = parts_->copy_with(slot, 0);
  return out;
}

}  // namespace rescue::stamp
