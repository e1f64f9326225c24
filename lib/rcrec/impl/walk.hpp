// SPDX-License-Identifier: Apache-2.0
// Finding chunks in a file by their headers, and what a finished file says of itself at its end.
#pragma once

#include <optional>
#include <vector>

#include "rcrec/impl/file.hpp"
#include "rcrec/outline.hpp"

namespace rescue::rcrec {

[[nodiscard]] inline std::uint64_t chunk_end(std::uint64_t offset, const ChunkHeader& h) {
  return offset + kChunkHeaderBytes + h.length + kChunkTrailerBytes;
}
/// The header at `offset`; nullopt when there is no valid one.
[[nodiscard]] base::Result<std::optional<ChunkHeader>> header_at(const InputFile& file, std::uint64_t offset);
/// The next offset at or behind `from` where a chunk header stands whose chunk fits in the file; the file's end if
/// none.
[[nodiscard]] base::Result<std::uint64_t> scan_for_chunk(const InputFile& file, std::uint64_t from);
/// The payload of the chunk at `offset` when its header is valid, of `type`, it ends at `end` at most, and its CRC is
/// right.
[[nodiscard]] base::Result<std::optional<base::Bytes>> read_chunk_of(const InputFile& file, std::uint64_t offset,
                                                                     ChunkType type, std::uint64_t end);

/// From END and INDEX when both are whole; else by walking over the headers.
[[nodiscard]] base::Result<Outline> outline_of(const InputFile& file);
[[nodiscard]] base::Result<Outline> outline_by_walking(const InputFile& file);

}  // namespace rescue::rcrec
