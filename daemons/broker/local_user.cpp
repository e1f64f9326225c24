// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/local_user.hpp"

#include <pwd.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::broker {

std::string local_actor(std::optional<uid_t> uid) {
  const uid_t who = uid.value_or(::geteuid());
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  const int failed = ::getpwuid_r(who, &entry, buffer.data(), buffer.size(), &found);
  if (failed != 0 || found == nullptr) return fmt::format("local:{}", who);
  return "local:" + base::to_display_text(found->pw_name);
}

directory::By local_program() { return {local_actor(), "", "program"}; }

}  // namespace rescue::broker
