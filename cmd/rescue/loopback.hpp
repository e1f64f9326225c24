// SPDX-License-Identifier: Apache-2.0
// Where a browser on the same machine brings the outcome of a sign-in (RFC 8252 section 7.3): a listener on 127.0.0.1
// for the moment, with a path that only the broker and the browser were told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "client/agent_socket.hpp"

namespace rescue::program {

/// What came back: a one-time code, or why there is none.
struct Arrival {
  std::string code;
  std::string error;  // a name of the API, "ACCOUNT_DISABLED"
};

/// What a person pastes: the code, or the address where the browser ended, which has it too. Nothing for anything else.
[[nodiscard]] std::optional<Arrival> read_arrival(std::string_view text);

/// One thread uses it.
class Loopback {
 public:
  /// Listens on a free port.
  [[nodiscard]] static base::Result<Loopback> open(base::RandomSource& random);

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// 22 characters; the one path that is served.
  [[nodiscard]] const std::string& secret() const { return secret_; }

  /// Serves until the browser brings an outcome or, when `typed_fd` is not -1, a line with one can be read there.
  /// Other requests are answered with 404, other lines with a word on `complain`. timed_out.
  [[nodiscard]] base::Result<Arrival> wait(std::chrono::steady_clock::time_point deadline, int typed_fd,
                                           std::ostream& complain);

 private:
  Loopback(client::Descriptor listener, std::uint16_t port, std::string secret)
      : listener_(std::move(listener)), port_(port), secret_(std::move(secret)) {}
  struct Visitor;
  [[nodiscard]] std::optional<Arrival> serve(Visitor& visitor) const;

  client::Descriptor listener_;
  std::uint16_t port_;
  std::string secret_;
};

}  // namespace rescue::program
