// SPDX-License-Identifier: Apache-2.0
// Reads the codec "tiles", version 1, that recordings of the first release hold. Layout in tiles_format.hpp.
#pragma once

#include "screen/impl/packet.hpp"
#include "screen/impl/tiles_format.hpp"
#include "screen/impl/tiles_state.hpp"
#include "screen/impl/vector.hpp"
#include "screen/impl/zstd_reader.hpp"

namespace rescue::screen {

class TilesDecoder {
 public:
  /// The packet's header was judged in full; order and size fit what came before. What changed, or an error after which
  /// only a keyframe makes sense. The caller compares the canvas check.
  [[nodiscard]] base::Result<Damage> apply(const PacketHeader& h, base::ByteView packed);
  [[nodiscard]] const Canvas& canvas() const { return canvas_; }

 private:
  struct Group {
    std::size_t first = 0;
    std::size_t run = 0;
    std::uint8_t mode = 0;
    Pixel colour = 0;                // kModeSolid
    std::vector<std::size_t> slots;  // kModeCache
  };

  base::Result<> reset(Size size);
  base::Result<> parse_vectors(base::ByteReader& in);
  base::Result<> parse_groups(base::ByteReader& in);
  base::Result<> parse_slots(base::ByteReader& in, Group& g, std::uint16_t& slot_before);
  base::Result<> gather_moves();
  base::Result<> paint(base::ByteReader& in);
  void paint_tiles(const Group& g, const Pixel*& move_source);

  Canvas canvas_;
  TileRing ring_;
  ColourTable table_;
  ZstdReader zstd_{kWindowLog};

  // Of the packet in hand.
  base::Bytes body_;
  std::vector<Vector> vectors_;
  std::vector<Group> groups_;
  std::vector<Pixel> moved_;  // sources of all moves, read before anything is painted
};

}  // namespace rescue::screen
