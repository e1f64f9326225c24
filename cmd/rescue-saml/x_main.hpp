// SPDX-License-Identifier: Apache-2.0
// rescue-saml: the only program that parses XML. One question on standard input, one answer on standard output.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

namespace rescue::saml_program {

struct Env {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool confine = false;  // give up rights before the question is read; for the rest of the process
};

/// `args` with the program's name first. 0: the answer is in `out`, whatever it is. 1: there is none, and `err` says
/// why. 2: arguments, of which there are none.
[[nodiscard]] int x_main(const std::vector<std::string>& args, Env& env);

}  // namespace rescue::saml_program
