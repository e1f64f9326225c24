// SPDX-License-Identifier: Apache-2.0
// The map of a packet: which tiles are painted, and how. Read completely before anything is painted.
#pragma once

#include "screen/impl/tile_plan.hpp"

namespace rescue::screen {

inline constexpr std::size_t kMostVectors = 8;  // with (0, 0)

template <typename Coder>
class MapCoder {
 public:
  /// `inexact` tells of each tile of the canvas whether it is, and learns it of those painted; null: version 1, where all
  /// are exact.
  MapCoder(Coder& coder, MapModels& models, const TileGrid& grid, std::vector<std::uint8_t>* inexact = nullptr)
      : c_(coder), m_(models), grid_(grid), inexact_(inexact) {}

  void vectors(std::vector<Vector>& list);
  void tiles(TilePlan& plan);

 private:
  std::int32_t number(std::int32_t value, std::array<SteadyBit, 20>& model);
  void choice(TilePlan& plan, std::size_t tile, const TileChoice* left, const TileChoice* up);
  void slot(TileChoice& tile, const TileChoice* left, const TileChoice* up);
  void form(TileChoice& tile, const TileChoice* left, const TileChoice* up);
  void exactness(TileChoice& choice, std::size_t tile);

  Coder& c_;
  MapModels& m_;
  const TileGrid& grid_;
  std::vector<std::uint8_t>* inexact_;
  int last_mode_ = 0;
};

/// Signed, up to 15 bits.
template <typename Coder>
std::int32_t MapCoder<Coder>::number(std::int32_t value, std::array<SteadyBit, 20>& model) {
  if (code_bit(c_, value == 0, model[0])) return 0;
  const bool negative = code_bit(c_, value < 0, model[1]);
  const auto magnitude = static_cast<std::uint32_t>(std::abs(value));
  const int wanted = std::bit_width(magnitude) - 1;
  int e = 0;
  while (e < 15 && code_bit(c_, e < wanted, model[static_cast<std::size_t>(2 + e)])) ++e;
  const auto out = static_cast<std::int32_t>(1u << e | code_plain(c_, magnitude & ((1u << e) - 1), e));
  return negative ? -out : out;
}

template <typename Coder>
void MapCoder<Coder>::vectors(std::vector<Vector>& list) {
  std::size_t count = 1;
  while (count < kMostVectors && code_bit(c_, count < list.size(), m_.vectors[count])) ++count;
  list.resize(count);
  list[0] = {0, 0};
  for (std::size_t i = 1; i < count; ++i) {
    list[i].dx = number(list[i].dx, m_.vector_part[0]);
    list[i].dy = number(list[i].dy, m_.vector_part[1]);
  }
}

template <typename Coder>
void MapCoder<Coder>::tiles(TilePlan& plan) {
  const auto columns = static_cast<std::size_t>(grid_.columns);
  bool row_above = false;
  for (std::size_t row = 0; row < static_cast<std::size_t>(grid_.rows); ++row) {
    TileChoice* tiles = plan.tiles.data() + row * columns;
    bool any = false;
    if constexpr (Coder::kEncodes) {
      for (std::size_t i = 0; i < columns && !any; ++i) any = tiles[i].painted;
    }
    any = code_bit(c_, any,
                   m_.row[(row_above ? 1u : 0u) + (m_.row_before[row] != 0 ? 2u : 0u) +
                          (row + 1 < m_.row_before.size() && m_.row_before[row + 1] != 0 ? 4u : 0u)]);
    m_.row_before[row] = any ? 1 : 0;
    const bool up_known = row_above;
    row_above = any;
    if (!any) {
      for (std::size_t i = 0; i < columns; ++i) {
        tiles[i].painted = false;
        m_.painted_before[row * columns + i] = 0;
      }
      continue;
    }
    for (std::size_t i = 0; i < columns; ++i) {
      const auto painted = [&](const TileChoice* t) { return t != nullptr && t->painted ? 1u : 0u; };
      const TileChoice* left = i > 0 ? tiles + i - 1 : nullptr;
      const TileChoice* up = up_known ? tiles + i - columns : nullptr;
      const TileChoice* up_right = up_known && i + 1 < columns ? up + 1 : nullptr;
      const TileChoice* up_left = up_known && i > 0 ? up - 1 : nullptr;
      const std::size_t at = row * columns + i;
      const unsigned next_before = i + 1 < columns && m_.painted_before[at + 1] != 0 ? 1 : 0;
      const unsigned context =
          ((((painted(left) * 2 + painted(up)) * 2 + painted(up_right)) * 2 + painted(up_left)) * 2 +
           m_.painted_before[at]) *
              2 +
          next_before;
      tiles[i].painted =
          code_bit(c_, tiles[i].painted, m_.painted[context * 2 + (i > 1 && tiles[i - 2].painted ? 1 : 0)]);
      m_.painted_before[at] = tiles[i].painted ? 1 : 0;
      if (!tiles[i].painted) continue;
      const TileChoice* left_painted = painted(left) != 0 ? left : nullptr;
      const TileChoice* up_painted = painted(up) != 0 ? up : nullptr;
      choice(plan, at, left_painted, up_painted);
      if constexpr (!Coder::kEncodes) tiles[i].form = PhotoForm::exact;
      if (inexact_ == nullptr) continue;
      if (tiles[i].mode == TileMode::photo) form(tiles[i], left_painted, up_painted);
      exactness(tiles[i], at);
    }
  }
}

namespace map {
/// Modes and vectors as one number: 0..2 as TileMode, moved by vector k as 2 + k.
inline int kind(const TileChoice& t) {
  return t.mode == TileMode::moved ? 2 + static_cast<int>(t.vector) : static_cast<int>(t.mode);
}
}  // namespace map

template <typename Coder>
void MapCoder<Coder>::choice(TilePlan& plan, std::size_t tile, const TileChoice* left, const TileChoice* up) {
  TileChoice& t = plan.tiles[tile];
  const auto context_of = [](const TileChoice* n) {
    return n != nullptr ? static_cast<std::size_t>(std::min(map::kind(*n), 4)) : 5u;
  };
  auto& model =
      m_.mode[(context_of(left) * 6 + context_of(up)) * 6 + static_cast<std::size_t>(std::min(last_mode_, 4))];
  const int guess = left != nullptr ? map::kind(*left) : up != nullptr ? map::kind(*up) : last_mode_;
  int kind = Coder::kEncodes ? map::kind(t) : 0;
  if (code_bit(c_, kind == guess, model[0])) {
    kind = guess;
  } else if (code_bit(c_, kind == 0, model[1])) {
    kind = 0;
  } else if (code_bit(c_, kind == 1, model[2])) {
    kind = 1;
  } else if (code_bit(c_, kind == 2, model[3])) {
    kind = 2;
  } else {
    int k = 3;
    const int most = static_cast<int>(plan.vectors.size()) + 1;
    while (k < most && code_bit(c_, k < kind, m_.vector_choice[static_cast<std::size_t>(k)])) ++k;
    kind = k;
  }
  last_mode_ = kind;
  t.mode = kind > 2 ? TileMode::moved : static_cast<TileMode>(kind);
  t.vector = static_cast<std::uint8_t>(kind > 2 ? kind - 2 : 0);
  if (t.mode == TileMode::cached) slot(t, left, up);
  if (t.mode != TileMode::exact) return;
  const int near = left != nullptr && left->mode == TileMode::exact   ? left->reference
                   : left != nullptr && left->mode == TileMode::moved ? static_cast<int>(left->vector)
                                                                      : 0;
  const unsigned context = near < 0 ? 0 : near == 0 ? 1 : 2;
  if (code_bit(c_, t.reference == near, m_.reference[context])) {
    t.reference = static_cast<ReferenceIndex>(near);
    return;
  }
  int k = -1;
  const int most = static_cast<int>(plan.vectors.size()) - 1;
  while (k < most && code_bit(c_, k < t.reference, m_.reference[static_cast<std::size_t>(8 + k + 1)])) ++k;
  t.reference = static_cast<ReferenceIndex>(k);
}

template <typename Coder>
void MapCoder<Coder>::form(TileChoice& t, const TileChoice* left, const TileChoice* up) {
  const auto context_of = [](const TileChoice* n) {
    return n != nullptr && n->mode == TileMode::photo ? 1 + static_cast<std::size_t>(n->form) : 0u;
  };
  auto& model = m_.form[context_of(left) * 5 + context_of(up)];
  if (code_bit(c_, t.form == PhotoForm::lossy, model[0])) {
    t.form = PhotoForm::lossy;
  } else if (code_bit(c_, t.form == PhotoForm::refined, model[1])) {
    t.form = PhotoForm::refined;
  } else {
    t.form = code_bit(c_, t.form == PhotoForm::video, model[2]) ? PhotoForm::video : PhotoForm::exact;
  }
}

template <typename Coder>
void MapCoder<Coder>::exactness(TileChoice& t, std::size_t tile) {
  auto& plane = *inexact_;
  if (t.mode == TileMode::photo) {
    t.inexact = t.form == PhotoForm::lossy || t.form == PhotoForm::video;
  } else {
    const auto columns = static_cast<std::size_t>(grid_.columns);
    const unsigned mode = t.mode == TileMode::exact ? 0 : t.mode == TileMode::cached ? 1 : 2;
    const unsigned left = tile % columns > 0 ? plane[tile - 1] : 0;
    const unsigned up = tile >= columns ? plane[tile - columns] : 0;
    const unsigned right = tile % columns + 1 < columns ? plane[tile + 1] : 0;
    const unsigned context = (((mode * 2 + left) * 2 + up) * 2 + plane[tile]) * 2 + right;
    t.inexact = code_bit(c_, t.inexact, m_.inexact[context]);
  }
  plane[tile] = t.inexact ? 1 : 0;
}

template <typename Coder>
void MapCoder<Coder>::slot(TileChoice& t, const TileChoice* left, const TileChoice* up) {
  const bool left_cached = left != nullptr && left->mode == TileMode::cached;
  const bool up_cached = up != nullptr && up->mode == TileMode::cached;
  const auto next = static_cast<std::uint16_t>(m_.last_slot + 1);
  const auto below = up_cached ? static_cast<std::uint16_t>(up->slot + m_.row_step) : next;
  std::uint16_t slot = t.slot;
  if (code_bit(c_, slot == next, m_.slot[left_cached ? 1 : 0])) {
    slot = next;
  } else if (up_cached && code_bit(c_, slot == below, m_.slot[2])) {
    slot = below;
  } else if (code_bit(c_, slot == m_.last_slot, m_.slot[4])) {
    slot = m_.last_slot;
  } else {
    slot = static_cast<std::uint16_t>(code_plain(c_, slot, 16));
  }
  if (up_cached) m_.row_step = std::int32_t{slot} - up->slot;
  m_.last_slot = slot;
  t.slot = slot;
}

}  // namespace rescue::screen
