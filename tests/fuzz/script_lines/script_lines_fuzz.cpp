// SPDX-License-Identifier: Apache-2.0
// Input: bytes of a view's socket: lines of JSON, cut anywhere. The first byte chooses how the rest is cut into reads.
#include <cstdlib>

#include "client/agent_process.hpp"
#include "client/agent_socket.hpp"
#include "client/script_command.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rescue;
  if (size == 0) return 0;
  const std::size_t step = 1 + data[0] % 64;
  std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  client::LineBuffer lines(256);
  while (!rest.empty()) {
    lines.add(rest.substr(0, step));
    rest.remove_prefix(std::min(step, rest.size()));
    for (;;) {
      auto line = lines.next();
      if (!line) continue;  // too long: dropped, and reading goes on
      if (!*line) break;
      const auto command = client::parse_command(**line);
      // Whatever was asked, the reply is one line.
      const auto reply = command ? client::result_line(command->id, command->fields)
                                 : client::error_line(command.error().id, command.error().error);
      if (reply.find('\n') != reply.npos) std::abort();
    }
  }
  (void)client::read_grant({data, size}, base::Guid());
  return 0;
}
