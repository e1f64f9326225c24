// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <iostream>

#include "cmd/rescue-media/x_main.hpp"

namespace {
volatile std::sig_atomic_t g_stop = 0;
void on_signal(int) { g_stop = 1; }
}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  rescue::media_program::Env env{std::cout, std::cerr, true, [] { return g_stop != 0; }};
  return rescue::media_program::x_main({argv, argv + argc}, env);
}
