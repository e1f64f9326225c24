// SPDX-License-Identifier: Apache-2.0
#include "link/error.hpp"

#include <array>

namespace rescue::link {
namespace {
constexpr std::array<base::ErrorEntry, 6> kEntries = {{
    {static_cast<int>(Errc::protocol), "LINK_PROTOCOL_ERROR", "the other end broke the rules of the session link",
     base::Exit::failed, false},
    {static_cast<int>(Errc::message_too_large), "LINK_MESSAGE_TOO_LARGE", "a message is longer than its channel allows",
     base::Exit::failed, false},
    {static_cast<int>(Errc::queue_full), "LINK_QUEUE_FULL", "too much waits to be sent on this channel",
     base::Exit::failed, true},
    {static_cast<int>(Errc::closed), "LINK_CLOSED", "the session link is over", base::Exit::unreachable, false},
    {static_cast<int>(Errc::wrong_link), "LINK_MISMATCH", "the connection belongs to another session link",
     base::Exit::failed, false},
    {static_cast<int>(Errc::resume_impossible), "LINK_RESUME_IMPOSSIBLE",
     "the two ends no longer agree on what was sent, so the link cannot go on", base::Exit::failed, false},
}};
constexpr base::ErrorDomain kDomain{"link", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

}  // namespace rescue::link
