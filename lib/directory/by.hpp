// SPDX-License-Identifier: Apache-2.0
// Who does a mutation, from where and through what: what its log event says beside the change itself.
#pragma once

#include <string>
#include <string_view>

namespace rescue::directory {

struct By {
  std::string actor;    // an e-mail address, or "local:ROOT" for an OS user on the broker's own machine
  std::string address;  // remote address; empty on the machine itself
  std::string via;      // "api", "token:NAME", "socket", "program"; empty: not said

  By() = default;
  // Implicit: a name alone is what programs on the machine itself have.
  By(std::string_view name) : actor(name) {}    // NOLINT(google-explicit-constructor)
  By(const std::string& name) : actor(name) {}  // NOLINT(google-explicit-constructor)
  By(const char* name) : actor(name) {}         // NOLINT(google-explicit-constructor)
  By(std::string name, std::string from, std::string through)
      : actor(std::move(name)), address(std::move(from)), via(std::move(through)) {}
};

}  // namespace rescue::directory
