// SPDX-License-Identifier: Apache-2.0
#include "cli/exit.hpp"

#include <algorithm>
#include <cctype>
#include <ostream>

#include <fmt/format.h>

#include "base/log.hpp"
#include "base/utf8.hpp"

namespace rescue::cli {

Failure failure_of(const base::Error& error) {
  std::string name(error.code.name());
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return {.error = std::move(name), .code = error.exit(), .message = error.message(), .retryable = error.retryable()};
}

std::string to_json(const Failure& f) {
  auto out = fmt::format(R"({{"error":{},"code":{},"message":{},"retryable":{})", base::json_quote(f.error),
                         exit_code(f.code), base::json_quote(f.message), f.retryable);
  if (!f.request_id.empty()) out += ",\"request_id\":" + base::json_quote(f.request_id);
  if (!f.suggestion.empty()) out += ",\"suggestion\":" + base::json_quote(f.suggestion);
  return out + "}";
}

int print_failure(Env& env, std::string_view program, const Failure& f, bool json) {
  if (json) {
    *env.err << to_json(f) << '\n';
  } else {
    *env.err << program << ": " << base::to_display_text(f.message);
    if (!f.suggestion.empty()) *env.err << " (did you mean '" << f.suggestion << "'?)";
    if (!f.request_id.empty()) *env.err << " [request " << base::to_display_text(f.request_id) << "]";
    *env.err << '\n';
  }
  env.err->flush();
  return exit_code(f.code);
}

}  // namespace rescue::cli
