// SPDX-License-Identifier: Apache-2.0
// Sites that a user is signed in to, under $XDG_CONFIG_HOME/rescue:
//   contexts/NAME.toml   server, ca_pin or ca_file, email
//   tokens/NAME          the bearer token, 0600 in a 0700 folder
//   current              the name of the current context
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "cli/env.hpp"
#include "cli/parse.hpp"
#include "client/broker_api.hpp"

namespace rescue::program {

struct Context {
  std::string name;
  std::string server;
  std::string ca_pin;   // 64 hex digits, or empty
  std::string ca_file;  // absolute path, or empty; both empty: the system's authorities
  std::string email;
};

/// Where to go and as whom, after flags, environment and saved context were put together.
struct Target {
  Context context;  // name is empty when nothing saved was used
  client::SiteAddress site;
  std::string token;
  bool local = false;  // through the broker's socket on this machine: who we are is known there without token
};

class ContextStore {
 public:
  explicit ContextStore(const cli::Env& env) : env_(env) {}

  [[nodiscard]] base::Result<std::vector<Context>> list() const;
  /// not_found names the context.
  [[nodiscard]] base::Result<Context> load(const std::string& name) const;
  [[nodiscard]] base::Result<> save(const Context& context) const;
  [[nodiscard]] base::Result<> remove(const std::string& name) const;
  [[nodiscard]] std::optional<std::string> current() const;
  [[nodiscard]] base::Result<> set_current(const std::string& name) const;
  /// Empty when there is none. file_exposed when others can read it.
  [[nodiscard]] base::Result<std::string> token(const std::string& name) const;
  [[nodiscard]] base::Result<> save_token(const std::string& name, std::string_view token) const;
  void remove_token(const std::string& name) const;

  /// A saved token is used only for the server it was made for. Errors: invalid_argument when no server is known or
  /// flags contradict, not_found for an unknown context, those of the token file. `server`: as if --server said it, when
  /// neither flag nor variable does.
  [[nodiscard]] base::Result<Target> resolve(const cli::Parsed& parsed, const std::string& server = "") const;

 private:
  [[nodiscard]] std::filesystem::path dir() const { return env_.config_dir(); }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const;
  const cli::Env& env_;
};

/// 1 to 64 of A-Z a-z 0-9 . _ -, not beginning with '.' or '-'.
[[nodiscard]] bool is_context_name(std::string_view name);
/// "support.example.org" of "https://support.example.org:8443".
[[nodiscard]] std::string context_name_of(std::string_view url);

}  // namespace rescue::program
