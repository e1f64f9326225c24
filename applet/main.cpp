// SPDX-License-Identifier: Apache-2.0
#include "applet/x_main.hpp"
#include "stamp/slot_note.hpp"

// Where a site's broker writes the session of one download.
RESCUE_PLACE_SLOT_NOTE();

int main(int argc, char** argv) { return rescue::applet::run_main(argc, argv, rescue::applet::applet_main); }
