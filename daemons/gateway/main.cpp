// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/program.hpp"

int main(int argc, char** argv) { return rescue::cli::run_main(argc, argv, rescue::gateway::x_main); }
