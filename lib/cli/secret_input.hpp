// SPDX-License-Identifier: Apache-2.0
// Passwords and tokens: from stdin, a file, the environment or a terminal without echo; never from argv.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "cli/env.hpp"
#include "cli/parse.hpp"

namespace rescue::cli {

inline constexpr std::size_t kMaxSecretBytes = 4096;

/// The secret flag `name` of the table: --NAME-stdin (first line of stdin), else --NAME-file, else the flag's variable,
/// else a prompt on the terminal (twice with `confirm`), else invalid_argument that names the three ways.
/// A trailing line end is dropped; empty and longer than kMaxSecretBytes are invalid_argument.
[[nodiscard]] base::Result<base::SecretBytes> read_secret(Env& env, const Parsed& parsed, std::string_view name,
                                                          std::string_view prompt, bool confirm = false);

/// Says to the person what a new secret is worth; true when it will do.
using JudgeSecret = std::function<bool(base::ByteView secret)>;
/// read_secret for a secret that is being chosen. `judge` sees it as soon as it is there: on a terminal one that will
/// not do is asked for anew, up to kSecretTries times, and one that will is asked for once more to compare. From
/// elsewhere it is taken as it is, whatever the verdict: who refuses it says why.
inline constexpr int kSecretTries = 3;
[[nodiscard]] base::Result<base::SecretBytes> read_new_secret(Env& env, const Parsed& parsed, std::string_view name,
                                                              std::string_view prompt, const JudgeSecret& judge);

/// Echo on again when a prompt turned it off. Async-signal-safe: run_main's handler of SIGINT calls it.
void restore_terminal();

/// One line from env.in_fd without its line end, at most `cap` bytes; reads byte by byte and takes nothing more.
/// `closed` at end of file before any byte.
[[nodiscard]] base::Result<std::string> read_line(int fd, std::size_t cap);
/// All of a descriptor; too_large past `cap`.
[[nodiscard]] base::Result<std::string> read_all(int fd, std::size_t cap);
/// A yes/no question on stderr, answered on a terminal; false when stdin is none.
[[nodiscard]] bool confirm_on_terminal(Env& env, std::string_view question);

}  // namespace rescue::cli
