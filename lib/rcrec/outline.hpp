// SPDX-License-Identifier: Apache-2.0
// What is where in a recording, without reading it: a finished file says it at its end, for any other the chunk headers
// are walked. Not a check: whether it is true, verify() tells.
#pragma once

#include <vector>

#include "rcrec/format.hpp"

namespace rescue::rcrec {

struct Outline {
  bool finished = false;            // END stands at the end of the file
  bool from_index = false;          // entries come from the INDEX chunks, not from a walk
  Time duration{};                  // from END, else the end of the last chunk
  std::vector<IndexEntry> entries;  // checkpoints and chunks of events, in file order
};

}  // namespace rescue::rcrec
