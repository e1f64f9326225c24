// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/pixel_models.hpp"

namespace rescue::screen {

void PixelModels::reset() {
  wide.reset();
  near.reset();
  closest.reset();
  structure.assign(std::size_t{1} << 16, {});
  agreement.assign(std::size_t{1} << 16, {});
  transition.assign(std::size_t{1} << 16, {});
  Weights<kGuessInputs> guess;
  guess.reset(65536 * 3 / 10);
  guess_weights.assign(320, guess);
  run_whole.fill({});
  for (auto& r : run_length) r.fill({});
  byte_direct.assign(std::size_t{1} << 17, {});
  byte_hashed.assign(std::size_t{16} << kLiteralSlotBits, {});
  Weights<kByteInputs> byte;
  byte.reset(65536 * 3 / 10);
  byte_weights.assign(128, byte);
  for (auto& table : colour_by_green) table.assign(std::size_t{1} << 14, 0);
  colour_guess.fill({});
  zero = {};
  sign = {};
  magnitude = {};
  mantissa = {};
  last_miss = 0;
  history = 0;
  last_literal = 0;
}

}  // namespace rescue::screen
