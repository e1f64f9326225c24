// SPDX-License-Identifier: Apache-2.0
// Pumps one session link and the core above it over a succession of paths.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "base/clock.hpp"
#include "link/link.hpp"
#include "net/byte_stream.hpp"
#include "net/io_thread.hpp"
#include "net/task_group.hpp"
#include "session/pump.hpp"

namespace rescue::peer {

/// The core above the link, as the runner sees it.
struct LinkUser {
  /// session::pump(link, core, now), and then the host's turn: it takes the core's actions or events.
  std::function<session::PumpResult(link::Link&, session::Now)> pump;
  std::function<std::optional<base::SteadyTime>()> next_deadline;
};
/// The usual `pump`: `host` runs after each pump, and the core is pumped again when the host made room in it.
template <typename Core, typename Host>
[[nodiscard]] session::PumpResult pump_with_host(link::Link& link, Core& core, session::Now now, Host&& host) {
  for (;;) {
    auto result = session::pump(link, core, now);
    const bool was_full = !core.wants_messages() && !core.ended();
    host();
    if (result.path_dead || result.closed || !was_full || !core.wants_messages()) return result;
  }
}

/// Why a path ended; `error` is empty for `link_over` and `replaced`.
struct PathEnd {
  enum class Kind { lost, replaced, link_over };
  Kind kind = Kind::lost;
  std::optional<base::Error> error;
};

/// Strand of the executor. Writes only when the kernel has little unsent (kUnsentLowWater), so that what the link
/// chooses as most urgent is on the wire next; reads as fast as the core takes it. Memory: that of the link, kReadMax
/// and kWriteMax.
class LinkRunner : public std::enable_shared_from_this<LinkRunner> {
 public:
  [[nodiscard]] static std::shared_ptr<LinkRunner> create(boost::asio::any_io_executor executor, link::Link link,
                                                          LinkUser user, base::Clock& clock);
  ~LinkRunner();
  LinkRunner(const LinkRunner&) = delete;
  LinkRunner& operator=(const LinkRunner&) = delete;

  /// Keeps time while paths come and go: deadlines of link and core. Ends when the link is over. Spawn it once.
  [[nodiscard]] static boost::asio::awaitable<void> keep_time(std::shared_ptr<LinkRunner> self);
  /// Runs one path to its end; a path that was running is replaced. `already_read`: bytes taken off the stream before.
  /// Its reader is a task of `group`.
  [[nodiscard]] static boost::asio::awaitable<PathEnd> run_path(std::shared_ptr<LinkRunner> self, net::TaskGroup& group,
                                                                std::unique_ptr<net::ByteStream> stream,
                                                                base::Bytes already_read);
  /// The core changed outside of pump(): pump and send soon.
  void kick();
  /// The core goes away: nothing is pumped from now on.
  void retire();
  /// The link and its core are over; nothing more will be pumped.
  [[nodiscard]] bool over() const;
  [[nodiscard]] const std::optional<link::LinkClosed>& closed() const;
  [[nodiscard]] link::Link& link();

 private:
  struct Path;
  struct Impl;
  explicit LinkRunner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rescue::peer
