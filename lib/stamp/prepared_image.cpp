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
  std::shared_ptr<const Bytes>
      shared;  // PE: without signature, checksum and certificate entry zeroed, its length a multiple of 8
  std::size_t slot_at = 0;
  impl::PeLayout pe;
  std::uint64_t words = 0;   // PE: the checksum's sum of all but the slot
  impl::Sha256 before_slot;  // PE: of the Authenticode digest; ELF: of the file

  [[nodiscard]] ByteView content() const { return *shared; }
  [[nodiscard]] ByteView behind_slot() const { return content().subspan(slot_at + kSlotBytes); }
  [[nodiscard]] crypto::Digest256 digest_with(ByteView slot) const {
    impl::Sha256 hash(before_slot);
    hash.update(slot);
    hash.update(behind_slot());
    return hash.finish();
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
  parts->shared = std::make_shared<const Bytes>(std::move(image));
  return PreparedImage(std::move(parts));
}

ImageFormat PreparedImage::format() const { return parts_->format; }
std::size_t PreparedImage::size() const { return parts_->content().size(); }
std::size_t PreparedImage::hashed_each_time() const { return parts_->content().size() - parts_->slot_at; }

std::vector<ByteView> StampedPieces::pieces() const {
  std::vector<ByteView> out;
  const ByteView all(*template_);
  std::size_t at = 0;
  for (const auto& patch : patches_) {
    out.push_back(all.subspan(at, patch.at - at));
    out.emplace_back(patch.bytes);
    at = patch.at + patch.bytes.size();
  }
  out.push_back(all.subspan(at));
  out.emplace_back(tail_);
  return out;
}

std::size_t StampedPieces::size() const { return template_->size() + tail_.size(); }

Result<StampedPieces> PreparedImage::stamp_pieces(ByteView payload, const StampOptions& options) const {
  RESCUE_TRY(const auto slot, make_slot(payload));
  return parts_->format == ImageFormat::pe ? stamp_pe(slot.view(), options) : stamp_elf(slot.view(), options);
}

Result<StampedImage> PreparedImage::stamp(ByteView payload, const StampOptions& options) const {
  RESCUE_TRY(const auto made, stamp_pieces(payload, options));
  StampedImage out{{}, made.sha256(), made.detached_signature()};
  out.bytes.reserve(made.size());
  for (const auto piece : made.pieces()) base::append(out.bytes, piece);
  return out;
}

Result<StampedPieces> PreparedImage::stamp_pe(ByteView slot, const StampOptions& options) const {
  const auto& pe = parts_->pe;
  StampedPieces out;
  if (options.signer != nullptr) {
    RESCUE_TRY(const auto signature, options.signer->sign_authenticode(parts_->digest_with(slot)));
    out.tail_ = impl::certificate_table(signature);
  }
  out.template_ = parts_->shared;
  Bytes entry(8), checksum(4);
  if (!out.tail_.empty()) {
    impl::put_u32(entry, 0, static_cast<std::uint32_t>(parts_->content().size()));
    impl::put_u32(entry, 4, static_cast<std::uint32_t>(out.tail_.size()));
  }
  const std::uint64_t words =
      parts_->words + impl::pe_word_sum(slot) + impl::pe_word_sum(entry) + impl::pe_word_sum(out.tail_);
  impl::put_u32(checksum, 0, impl::pe_checksum(words, out.size()));
  // Both fields are in the headers, the checksum first; the slot is in a section.
  out.patches_ = {{pe.checksum_at, std::move(checksum)},
                  {pe.security_entry_at, std::move(entry)},
                  {parts_->slot_at, base::to_bytes(slot)}};
  if (options.file_digest) {
    impl::Sha256 hash;
    for (const auto piece : out.pieces()) hash.update(piece);
    out.sha256_ = hash.finish();
  }
  return out;
}

Result<StampedPieces> PreparedImage::stamp_elf(ByteView slot, const StampOptions& options) const {
  StampedPieces out;
  if (options.file_digest || options.signer != nullptr) out.sha256_ = parts_->digest_with(slot);
  if (options.signer != nullptr) {
    RESCUE_TRY(out.detached_signature_, options.signer->sign_detached(*out.sha256_));
  }
  out.template_ = parts_->shared;
  out.patches_ = {{parts_->slot_at, base::to_bytes(slot)}};
  return out;
}

}  // namespace rescue::stamp
