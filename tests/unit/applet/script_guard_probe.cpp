// SPDX-License-Identifier: Apache-2.0
// The guard alone, as rescue-applet is it when it is started as one.
#include "applet/core/script_guard.hpp"

int main() { rescue::applet::run_script_guard(); }
