// SPDX-License-Identifier: Apache-2.0
// The channels of a session link: what may overtake what. Messages keep their order within a channel only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace rescue::wire {

/// Numbers are on the wire (link/frame.hpp).
enum class Channel : std::uint8_t {
  control = 0,  // permissions, view and control state, the end
  input = 1,    // keys, text, pointer: before everything else
  chat = 2,     // equal to control
  screen = 3,   // picture and cursor
  files = 4,    // file content, system information
};
inline constexpr std::size_t kChannelCount = 5;
inline constexpr std::array<Channel, kChannelCount> kChannels = {Channel::control, Channel::input, Channel::chat,
                                                                 Channel::screen, Channel::files};

[[nodiscard]] std::string_view name(Channel c);
/// Longest message of a channel in bytes (wire/session_limits.hpp).
[[nodiscard]] std::size_t message_max(Channel c);

}  // namespace rescue::wire
