// SPDX-License-Identifier: Apache-2.0
// Whole-file questions: what is in a recording, is it what was recorded, and a repaired copy of a damaged one.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "rcrec/reader.hpp"

namespace rescue::rcrec {

struct ChunkCount {
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;  // with headers
};

struct RecordingInfo {
  std::string path;
  FileHeader header;
  bool encrypted = false;
  bool content_read = true;                     // false: encrypted and no key was given, counts of items are zero
  std::vector<crypto::RecipientId> recipients;  // of an encrypted one
  boost::json::object head;                     // empty when HEAD is damaged or was not read
  std::uint64_t file_bytes = 0;
  bool finished = false;  // END is there: the recorder closed the file in order
  Time duration{};        // from END, else the latest item
  std::uint64_t chunks = 0;
  ChunkCount by_type[kChunkTypes];  // by ChunkType number; [0] counts unknown types
  std::uint64_t video_packets = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t chat_lines = 0;
  std::uint64_t events = 0;
  ChainHash chain_tip{};             // of the last whole chunk
  std::vector<DamagedPlace> damage;  // in file order, at most kMaxReportedDamage
  std::uint64_t damaged_places = 0;  // all of them
};
/// Reads the whole file. Damage is reported, not an error. Errors as ChunkReader::open.
[[nodiscard]] base::Result<RecordingInfo> info(const std::string& path, const KeyRing& keys = {});

enum class Verdict : std::uint8_t {
  intact,      // finished, every byte checked
  unfinished,  // every whole chunk checks, but there is no END: the recorder was killed, or the tail was cut off
  damaged,     // see first_bad
};
[[nodiscard]] std::string_view verdict_name(Verdict v);

struct Verification {
  Verdict verdict{};
  RecordingInfo info;
  std::string sha256_hex;                 // of the whole file as it is
  std::optional<DamagedPlace> first_bad;  // of a damaged one; the torn tail of an unfinished one
};
/// Without a key an encrypted recording is checked by CRC and chain alone: info.content_read tells. With a key also
/// every seal is checked, so nobody but the recorder can have made, moved or left out a chunk.
[[nodiscard]] base::Result<Verification> verify(const std::string& path, const KeyRing& keys = {});

struct RepairReport {
  std::uint64_t chunks_kept = 0;
  std::uint64_t bytes_dropped = 0;
  std::vector<DamagedPlace> damage;
  std::string original_sha256_hex;
  std::string sha256_hex;
};
/// Copies every whole chunk of `in` to the new file `out`, with an EVENT {"type":"repaired",…} that names the original
/// by hash and the damage, then INDEX and END. Chunks before the first damage keep their bytes; later ones get a new
/// sequence number and chain. Errors: as open; conflict when `out` exists; no_space, io (then `out` is removed).
/// An encrypted recording is repaired without a key; with one, chunks whose seal is wrong are dropped too.
[[nodiscard]] base::Result<RepairReport> repair(const std::string& in, const std::string& out,
                                                const KeyRing& keys = {});

}  // namespace rescue::rcrec
