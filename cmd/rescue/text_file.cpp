// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/text_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "cli/secret_input.hpp"

namespace rescue::program {

base::Result<std::string> read_text_file(const cli::Env& env, const std::string& name, std::size_t cap) {
  if (name == "-") return cli::read_all(env.in_fd, cap);
  const int fd = ::open(env.absolute(name).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return base::fail(base::errno_error(fmt::format("read '{}'", name)));
  auto text = cli::read_all(fd, cap);
  ::close(fd);
  if (!text) return base::fail(text.error().within(fmt::format("read '{}'", name)));
  return text;
}

}  // namespace rescue::program
