// SPDX-License-Identifier: Apache-2.0
// The features of the supported end, one class per action, in the order in which they see messages. Each is made from
// the session's AppletContext.
#pragma once

#include <tuple>

#include "session/applet_clipboard.hpp"
#include "session/applet_credentials.hpp"
#include "session/applet_feature.hpp"
#include "session/applet_file_manager.hpp"
#include "session/applet_reboot.hpp"
#include "session/applet_scripts.hpp"
#include "session/applet_urls.hpp"
#include "session/sas.hpp"

namespace rescue::session {

using AppletFeatures = std::tuple<AppletSas, AppletUrls, AppletClipboard, AppletScripts, AppletCredentials,
                                  AppletReboot, AppletFileManager>;

/// One of each, made in place.
template <typename... F>
struct MakeFeatures;
template <typename... F>
struct MakeFeatures<std::tuple<F...>> {
  template <typename Context>
  [[nodiscard]] static std::tuple<F...> make(Context& context) {
    return std::tuple<F...>(((void)sizeof(F), context)...);
  }
};

}  // namespace rescue::session
