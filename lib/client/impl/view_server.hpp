// SPDX-License-Identifier: Apache-2.0
// The local socket of a background process: accepts views, brings their lines, sends them theirs.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <map>
#include <memory>

#include "client/agent_process.hpp"
#include "client/agent_socket.hpp"
#include "client/session_agent.hpp"
#include "net/io_thread.hpp"
#include "net/task_group.hpp"
#include "net/tcp.hpp"

namespace rescue::client::impl {

/// Strand of the group's executor.
class ViewServer {
 public:
  struct Hooks {
    std::function<void(ViewId)> joined;
    std::function<void(ViewId)> left;
    std::function<void(ViewId, std::string_view)> line;
  };
  ViewServer(AgentListener listener, net::TaskGroup& group, Hooks hooks);

  void start();
  void send(ViewId view, const std::string& line);
  /// No new views; those that are here go when they have read what is queued.
  void close();
  [[nodiscard]] std::size_t views() const { return views_.size(); }

 private:
  struct View {
    explicit View(ViewId i, std::unique_ptr<net::TcpStream> s)
        : id(i), stream(std::move(s)), wake(stream->executor()), lines(kScriptLineMax) {}
    ViewId id;
    std::unique_ptr<net::TcpStream> stream;
    net::Signal wake;
    LineBuffer lines;
    std::deque<std::string> out;
    std::size_t out_bytes = 0;
    bool closing = false;
  };
  [[nodiscard]] boost::asio::awaitable<void> accept_loop();
  [[nodiscard]] boost::asio::awaitable<void> read_loop(std::shared_ptr<View> view);
  [[nodiscard]] boost::asio::awaitable<void> write_loop(std::shared_ptr<View> view);
  void admit(int fd);
  void drop(const std::shared_ptr<View>& view);

  std::optional<AgentListener> listener_;
  net::TaskGroup& group_;
  Hooks hooks_;
  boost::asio::posix::stream_descriptor acceptor_;
  std::map<ViewId, std::shared_ptr<View>> views_;
  std::uint64_t next_ = 1;
};

}  // namespace rescue::client::impl
