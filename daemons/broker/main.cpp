// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/program.hpp"

int main(int argc, char** argv) { return rescue::cli::run_main(argc, argv, rescue::broker::x_main); }
