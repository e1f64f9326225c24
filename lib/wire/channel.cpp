// SPDX-License-Identifier: Apache-2.0
#include "wire/channel.hpp"

#include "wire/session_limits.hpp"

namespace rescue::wire {
namespace {
struct Row {
  std::string_view name;
  std::size_t message_max;
};
constexpr std::array<Row, kChannelCount> kRows = {{{"control", kControlMessageMax},
                                                   {"input", kInputMessageMax},
                                                   {"chat", kChatMessageMax},
                                                   {"screen", kScreenMessageMax},
                                                   {"files", kFilesMessageMax}}};
}  // namespace

std::string_view name(Channel c) { return kRows[static_cast<std::size_t>(c)].name; }
std::size_t message_max(Channel c) { return kRows[static_cast<std::size_t>(c)].message_max; }

}  // namespace rescue::wire
