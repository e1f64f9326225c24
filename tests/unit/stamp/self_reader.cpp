// SPDX-License-Identifier: Apache-2.0
// As an applet does: says what this program file was stamped with.
#include <cstdio>

#include "stamp/own_image.hpp"
#include "stamp/slot_note.hpp"

RESCUE_PLACE_SLOT_NOTE();

int main() {
  const auto payload = rescue::stamp::read_own_slot();
  if (!payload) {
    std::printf("%s\n", payload.error().message().c_str());
    return static_cast<int>(payload.error().exit());
  }
  std::printf("%s\n", rescue::base::to_hex(payload->view()).c_str());
  return 0;
}
