// SPDX-License-Identifier: Apache-2.0
// The features of the technician's end, one class per action. Each is made from the session's ConsoleContext.
#pragma once

#include <tuple>

#include "session/applet_features.hpp"
#include "session/console_clipboard.hpp"
#include "session/console_feature.hpp"
#include "session/console_file_manager.hpp"
#include "session/console_machine.hpp"
#include "session/console_urls.hpp"
#include "session/sas.hpp"

namespace rescue::session {

using ConsoleFeatures = std::tuple<ConsoleSas, ConsoleUrls, ConsoleClipboard, ConsoleScripts, ConsoleReboot,
                                   ConsoleCredentials, ConsoleFileManager>;

}  // namespace rescue::session
