// SPDX-License-Identifier: Apache-2.0
#include "applet/x_main.hpp"

int main(int argc, char** argv) { return rescue::applet::run_main(argc, argv, rescue::applet::applet_main); }
