// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <unistd.h>

#include "cli/env.hpp"

namespace rescue::test {

/// An Env in memory: text as stdin, string streams as stdout and stderr, no environment.
class TestEnv {
 public:
  explicit TestEnv(std::string_view input = "") {
    fd_ = ::memfd_create("stdin", MFD_CLOEXEC);
    if (::write(fd_, input.data(), input.size()) != static_cast<ssize_t>(input.size())) fd_ = -1;
    ::lseek(fd_, 0, SEEK_SET);
    env.out = &out_;
    env.err = &err_;
    env.in_fd = fd_;
    env.out_fd = -1;
    env.cwd = "/";
    env.clock = &clock;
  }
  ~TestEnv() { ::close(fd_); }
  TestEnv(const TestEnv&) = delete;
  TestEnv& operator=(const TestEnv&) = delete;

  [[nodiscard]] std::string out() const { return out_.str(); }
  [[nodiscard]] std::string err() const { return err_.str(); }
  void clear() {
    out_.str("");
    err_.str("");
  }

  cli::Env env;
  base::ManualClock clock;

 private:
  std::ostringstream out_, err_;
  int fd_ = -1;
};

/// Words parted by single spaces.
inline std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  while (!line.empty()) {
    const auto end = line.find(' ');
    out.emplace_back(line.substr(0, end));
    line = end == line.npos ? std::string_view() : line.substr(end + 1);
  }
  return out;
}

}  // namespace rescue::test
