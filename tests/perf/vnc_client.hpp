// SPDX-License-Identifier: Apache-2.0
// A VNC client by libvncclient in a thread of its own, which knows when a picture has arrived and how many bytes that
// took.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "screen/frame.hpp"

namespace rescue::perf {

class VncClient {
 public:
  /// Connects in its own thread, which needs a server that answers meanwhile. `encoding`: "tight", "zrle"; without
  /// loss.
  VncClient(int port, std::string encoding);
  ~VncClient();
  VncClient(const VncClient&) = delete;
  VncClient& operator=(const VncClient&) = delete;

  [[nodiscard]] bool failed() const;
  /// Updates that have been drawn so far.
  [[nodiscard]] std::uint64_t updates() const;
  /// Whether what it shows is `frame`.
  [[nodiscard]] bool shows(const screen::Frame& frame) const;
  /// All that came over the TCP connection.
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace rescue::perf
