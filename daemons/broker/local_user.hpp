// SPDX-License-Identifier: Apache-2.0
// Users of this machine, as the log names them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "directory/by.hpp"

namespace rescue::broker {

/// "local:ROOT" of the user that runs this process or, with `uid`, of that one; "local:1234" without a name.
[[nodiscard]] std::string local_actor(std::optional<uid_t> uid = {});
/// Who acts when a command of this program changes the site.
[[nodiscard]] directory::By local_program();

}  // namespace rescue::broker
