// SPDX-License-Identifier: Apache-2.0
// Text in the picture of a video: fonts, and where they lie.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace rescue::media {

/// Files and folders that drawing text reads: fontconfig's configuration, its caches and the fonts. A process that
/// confines itself needs to keep them. unsupported when this machine has no font.
[[nodiscard]] base::Result<std::vector<std::string>> font_places();

}  // namespace rescue::media
