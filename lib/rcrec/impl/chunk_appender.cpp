// SPDX-License-Identifier: Apache-2.0
#include "rcrec/impl/chunk_appender.hpp"

#include <algorithm>

#include "base/crc32c.hpp"

namespace rescue::rcrec {

base::Result<> ChunkAppender::put(base::ByteView whole) {
  if (torn_) {
    RESCUE_CHECK(sink_->truncate(bytes_));
    torn_ = false;
  }
  if (auto written = sink_->append(whole); !written) {
    torn_ = !sink_->truncate(bytes_);
    return written;
  }
  bytes_ += whole.size();
  sha_.update(whole);
  return {};
}

base::Result<> ChunkAppender::begin(const FileHeader& header) {
  const auto bytes = encode_file_header(header);
  RESCUE_CHECK(put(bytes));
  tip_ = chain_hash(bytes);
  return {};
}

base::Result<> ChunkAppender::encrypt(const FileHeader& header, std::span<const crypto::X25519Public> recipients,
                                      base::RandomSource& random) {
  RESCUE_TRY(sealer_, Sealer::create(encode_file_header(header), recipients, random));
  return repeat_keys(Time(0));
}

base::Result<> ChunkAppender::repeat_keys(Time t0) {
  ChunkHeader h;
  h.type = static_cast<std::uint8_t>(ChunkType::keys);
  h.t0 = t0;
  RESCUE_TRY(const auto offset, append(h, sealer_->keys()));
  static_cast<void>(offset);
  return {};
}

base::Result<std::uint64_t> ChunkAppender::append(ChunkType type, Time t0, Time span, base::ByteView payload) {
  ChunkHeader h;
  h.type = static_cast<std::uint8_t>(type);
  h.t0 = t0;
  h.span = std::min<Time>(span, Time(UINT32_MAX));
  if (!sealer_) return append(h, payload);
  RESCUE_TRY(const base::Bytes sealed, sealer_->seal(h, payload));
  RESCUE_TRY(const std::uint64_t offset, append(h, sealed));
  sealer_->written();
  return offset;
}

base::Result<std::uint64_t> ChunkAppender::append(ChunkHeader header, base::ByteView payload) {
  if (payload.size() > kMaxPayloadBytes)
    return base::fail(base::Errc::too_large, "chunk for recording '" + name() + "'");
  header.length = static_cast<std::uint32_t>(payload.size());
  header.sequence = sequence_;
  header.previous = tip_;
  base::ByteWriter w;
  w.bytes(encode_chunk_header(header));
  w.bytes(payload);
  w.u32(base::crc32c(payload));
  RESCUE_CHECK(put(w.view()));
  tip_ = chain_hash(w.view());
  ++sequence_;
  return bytes_ - w.size();
}

}  // namespace rescue::rcrec
