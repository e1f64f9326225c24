// SPDX-License-Identifier: Apache-2.0
// Input: a whole file. CRCs would stop a fuzzer at the door, so they are made right first: the file header's, and those
// of every chunk header and payload that the lengths lead to. In an encrypted one seals would, too: with a fixed key,
// KEYS is made to fit the header, and what stands in the chunks is taken for their plaintext and sealed. Then every
// entry of the reader runs over the file, without a key and with it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "base/crc32c.hpp"
#include "rcrec/impl/seal.hpp"
#include "rcrec/inspect.hpp"

namespace {
using namespace rescue;

const crypto::X25519Private& auditor() {
  static const auto key = [] {
    base::SeededRandom random(11);
    return crypto::X25519Private::generate(random).value();
  }();
  return key;
}

void seal(base::MutableByteView b, std::size_t at, base::ByteView covered) {
  const std::uint32_t crc = base::crc32c(covered);
  for (std::size_t i = 0; i < 4; ++i) b[at + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
}

void seal_all(base::MutableByteView b) {
  if (b.size() < rcrec::kFileHeaderBytes) return;
  seal(b, 60, b.first(60));
  std::size_t at = rcrec::kFileHeaderBytes;
  while (b.size() - at >= rcrec::kChunkHeaderBytes) {
    seal(b, at + 44, b.subspan(at, 44));
    const std::size_t length = *base::ByteReader(b.subspan(at + 8)).u32();
    at += rcrec::kChunkHeaderBytes;
    if (b.size() - at < length + rcrec::kChunkTrailerBytes) return;
    seal(b, at + length, b.subspan(at, length));
    at += length + rcrec::kChunkTrailerBytes;
  }
}

/// The file with each chunk's payload as plaintext, encrypted.
base::Bytes encrypted(base::ByteView b) {
  if (b.size() < rcrec::kFileHeaderBytes) return {};
  auto header = rcrec::decode_file_header(b.first(rcrec::kFileHeaderBytes));
  if (!header) return {};
  header->minor = std::max<std::uint16_t>(header->minor, 1);
  header->flags |= rcrec::kFileFlagEncrypted;
  const auto head = rcrec::encode_file_header(*header);
  base::SeededRandom random(1);
  const std::array recipients{auditor().public_key()};
  auto sealer = rcrec::Sealer::create(head, recipients, random).value();
  base::Bytes out(head.begin(), head.end());
  const auto put = [&out](rcrec::ChunkHeader h, base::ByteView payload) {
    h.length = static_cast<std::uint32_t>(payload.size());
    base::append(out, rcrec::encode_chunk_header(h));
    base::append(out, payload);
    base::ByteWriter crc;
    crc.u32(base::crc32c(payload));
    base::append(out, crc.view());
  };
  rcrec::ChunkHeader keys;
  keys.type = static_cast<std::uint8_t>(rcrec::ChunkType::keys);
  put(keys, sealer.keys());
  for (std::size_t at = rcrec::kFileHeaderBytes; b.size() - at >= rcrec::kChunkHeaderBytes;) {
    auto h = rcrec::decode_chunk_header(b.subspan(at, rcrec::kChunkHeaderBytes));
    if (!h || b.size() - at - rcrec::kChunkHeaderBytes < h->length + rcrec::kChunkTrailerBytes) break;
    const auto payload = b.subspan(at + rcrec::kChunkHeaderBytes, h->length);
    at += rcrec::kChunkHeaderBytes + h->length + rcrec::kChunkTrailerBytes;
    const auto sealed = sealer.seal(*h, payload).value();
    put(*h, sealed);
    sealer.written();
  }
  return out;
}

void read_all(const std::string& path, const rcrec::KeyRing& keys) {
  const auto v = rcrec::verify(path, keys);
  if (v && v->verdict == rcrec::Verdict::intact && v->first_bad) __builtin_trap();
  auto timeline = rcrec::Timeline::open(path, keys);
  if (!timeline) return;
  rcrec::Time last{};
  for (auto item = timeline->next(); item && *item; item = timeline->next()) {
    if ((*item)->t < last) __builtin_trap();
    last = (*item)->t;
  }
  if (timeline->seek(last / 2)) {
    for (auto item = timeline->next(); item && *item; item = timeline->next()) last = (*item)->t;
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("recording", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  static const rcrec::KeyRing ring = [] {
    rcrec::KeyRing out;
    out.add(auditor());
    return out;
  }();
  const auto stand = [](base::ByteView b) {
    return ::ftruncate(fd, 0) == 0 && ::pwrite(fd, b.data(), b.size(), 0) == static_cast<ssize_t>(b.size());
  };
  base::Bytes b(data, data + size);
  for (const bool sealed : {false, true}) {
    if (sealed) seal_all(b);
    if (!stand(b)) return 0;
    read_all(path, {});
    read_all(path, ring);
  }
  if (!stand(encrypted(b))) return 0;
  read_all(path, {});
  read_all(path, ring);
  return 0;
}
