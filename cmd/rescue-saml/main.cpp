// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "cmd/rescue-saml/x_main.hpp"

int main(int argc, char** argv) {
  rescue::saml_program::Env env{std::cin, std::cout, std::cerr, true};
  return rescue::saml_program::x_main({argv, argv + argc}, env);
}
