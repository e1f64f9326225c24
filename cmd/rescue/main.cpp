// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/program.hpp"

int main(int argc, char** argv) { return rescue::cli::run_main(argc, argv, rescue::program::x_main); }
