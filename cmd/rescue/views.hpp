// SPDX-License-Identifier: Apache-2.0
// The two views of a session in the shell: JSON lines for programs, a chat for people.
#pragma once

#include "cmd/rescue/agent_link.hpp"

namespace rescue::program {

/// Commands from `fd` (a line each), replies and events to stdout. `in_order`: a command begins when the one before has
/// ended, unless that one says "async":true. At the end of input waits for the replies that are due. Exit code: 0, or
/// with `in_order` that of the first command that failed.
[[nodiscard]] base::Result<int> run_script(Invocation& in, AgentLink& link, int fd, bool in_order);

/// Lines from the terminal are chat; "/…" are commands.
[[nodiscard]] base::Result<int> run_chat(Invocation& in, AgentLink& link, const boost::json::object& state);

}  // namespace rescue::program
