// SPDX-License-Identifier: Apache-2.0
#include "link/limits.hpp"

#include "wire/session_limits.hpp"

namespace rescue::link {
namespace {
constexpr std::size_t kKiB = 1024;
constexpr std::size_t kMiB = 1024 * 1024;
struct Row {
  std::size_t window;
  std::size_t queue_max;
  std::size_t low_water;
  std::size_t message_max;
};
constexpr std::array<Row, wire::kChannelCount> kRows = {{
    /* control */ {256 * kKiB, 256 * kKiB, 128 * kKiB, wire::kControlMessageMax},
    /* input   */ {64 * kKiB, 64 * kKiB, 32 * kKiB, wire::kInputMessageMax},
    /* chat    */ {128 * kKiB, 256 * kKiB, 128 * kKiB, wire::kChatMessageMax},
    // A low water of one small picture: what waits here is already old when it leaves.
    /* screen  */ {16 * kMiB, 9 * kMiB, 256 * kKiB, wire::kScreenMessageMax},
    /* files   */ {4 * kMiB, 1 * kMiB, 256 * kKiB, wire::kFilesMessageMax},
}};
static_assert(
    [] {
      for (const auto& r : kRows)
        if (r.window < 2 * r.message_max || r.queue_max < r.low_water + r.message_max) return false;
      return true;
    }(),
    "a message must fit beside what may already be in the way of it");

const Row& row(wire::Channel c) { return kRows[static_cast<std::size_t>(c)]; }
}  // namespace

std::size_t receive_window(wire::Channel c) { return row(c).window; }
std::size_t queue_max(wire::Channel c) { return row(c).queue_max; }
std::size_t queue_low_water(wire::Channel c) { return row(c).low_water; }

}  // namespace rescue::link
