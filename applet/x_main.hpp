// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "applet/core/env.hpp"

namespace rescue::applet {

/// The program rescue-applet: man rescue-applet(1).
int applet_main(Args args, Env& env);

}  // namespace rescue::applet
