// SPDX-License-Identifier: Apache-2.0
// Bounds of the session link, each with its reason.
#pragma once

#include <chrono>
#include <cstddef>

#include "wire/channel.hpp"

namespace rescue::link {

/// Sent and not yet acknowledged bytes that are kept for a resume. 8 MiB is 160 Mbit/s at a round trip of 400 ms.
inline constexpr std::size_t kRetainedMax = 8 * 1024 * 1024;
/// Part of it that screen and files leave to the other channels, so that a full pipe never stops a key press.
inline constexpr std::size_t kRetainedReserve = 512 * 1024;

/// Receiver's window: fragment payload a peer may send before the reader has called consumed(). At least twice the
/// longest message of the channel, or one message could block itself.
[[nodiscard]] std::size_t receive_window(wire::Channel c);
/// Send queue: bytes accepted by send() and not yet given to a path. send() refuses beyond it.
[[nodiscard]] std::size_t queue_max(wire::Channel c);
/// can_send() is true while the queue holds less than this.
[[nodiscard]] std::size_t queue_low_water(wire::Channel c);

/// A files fragment goes out at least once in this many bulk fragments, so that a busy screen does not stop a transfer.
inline constexpr unsigned kFilesShare = 16;

/// What files may add to the time that a key press needs to the other end; up to four times as much on a path whose
/// round trip is sixteen times that.
inline constexpr std::chrono::milliseconds kFilesQueueTime{3};
/// Bytes of files on their way at a time, whatever the path's rate: two fragments, which is the least that keeps it
/// moving.
inline constexpr std::size_t kFilesWindowMin = 32 * 1024;
/// Before anything is known of the path.
inline constexpr std::size_t kFilesWindowFirst = 64 * 1024;
/// The path is emptied of files for a moment to measure its round trip again when none was as short for this long.
inline constexpr std::chrono::seconds kRoundTripMemory{5};

inline constexpr std::size_t kAckEveryBytes = 64 * 1024;
inline constexpr std::chrono::milliseconds kAckDelay{20};
/// A PING goes out when the last one is this old; the relay's idle time-outs are far longer.
inline constexpr std::chrono::seconds kPingInterval{5};
/// No byte from the peer for this long: the path is reported dead (three pings unanswered).
inline constexpr std::chrono::seconds kPathTimeout{15};
/// From path_up to the peer's RESUME.
inline constexpr std::chrono::seconds kResumeTimeout{10};

}  // namespace rescue::link
