// SPDX-License-Identifier: Apache-2.0
#include "peer/path_report.hpp"

namespace rescue::peer {

std::string_view name(PathState s) {
  switch (s) {
    case PathState::connecting:
      return "connecting";
    case PathState::up:
      return "up";
    case PathState::down:
      return "down";
    case PathState::failed:
      return "failed";
    case PathState::refused:
      return "refused";
  }
  return "connecting";
}

}  // namespace rescue::peer
