// SPDX-License-Identifier: Apache-2.0
// Runs `rescue` in-process with a home of its own.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>

#include "cmd/rescue/program.hpp"
#include "fake_broker.hpp"
#include "support/cli_env.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"

namespace rescue::test {

struct RunResult {
  int code = -1;
  std::string out, err;
  [[nodiscard]] boost::json::value json() const { return boost::json::parse(out); }
  [[nodiscard]] boost::json::object error() const { return boost::json::parse(err).as_object(); }
};

class Person {
 public:
  Person() {
    variables = {{"HOME", home.path().string()},
                 {"XDG_CONFIG_HOME", (home.path() / "config").string()},
                 {"XDG_STATE_HOME", (home.path() / "state").string()},
                 {"XDG_RUNTIME_DIR", home.path().string()}};
  }
  RunResult run(const std::vector<std::string>& args, std::string_view input = "") {
    TestEnv t(input);
    t.env.environment = variables;
    t.env.cwd = home.path();
    t.env.self = self;
    t.env.clock = &base::system_clock();
    const int code = program::x_main(args, t.env);
    return {code, t.out(), t.err()};
  }
  RunResult run(std::string_view line, std::string_view input = "") { return run(words(line), input); }
  RunResult login(const FakeBroker& broker) {
    return run(
        {"login", "--server", broker.url(), "--ca-pin", broker.pin(), "--email", "ada@example.org", "--password-stdin"},
        "secret\n");
  }

  TempDir home;
  std::map<std::string, std::string, std::less<>> variables;
  std::filesystem::path self = binary_dir() / "bin" / "rescue";
};

inline constexpr const char* kUserJson =
    R"({"id":"11111111-1111-4111-8111-111111111111","email":"ada@example.org","name":"Ada","role":"technician","group":{"id":"22222222-2222-4222-8222-222222222222","name":"support"},"disabled":false,"locked":false,"must_change_password":false,"created_at":"2026-01-01T00:00:00.000000Z","last_login_at":null})";
inline std::string login_json() {
  return std::string(R"({"token":"tok-1","expires_at":"2026-01-02T00:00:00.000000Z","user":)") + kUserJson +
         R"(,"must_change_password":false})";
}
inline const std::string kId = "0f8fad5b-d9cb-469f-a165-70867728950e";
inline std::string session_json(const std::string& state, const std::string& id = kId) {
  return R"({"id":")" + id + R"(","state":")" + state +
         R"(","kind":"private","note":"printer","customer":{},"created_at":"2026-01-01T00:00:00.000000Z","created_by":{"id":"1","email":"ada@example.org","name":"Ada"},"technician":null,"applet":null,"pin_expires_at":null,"ended_at":null,"ended_by":null,"end_reason":null})";
}

}  // namespace rescue::test
