// SPDX-License-Identifier: Apache-2.0
#include "client/impl/view_server.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/log.hpp"
#include "net/byte_stream.hpp"

namespace rescue::client::impl {
namespace {
namespace asio = boost::asio;
using boost::asio::awaitable;
using namespace std::chrono_literals;
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr auto kAcceptPause = 100ms;  // out of descriptors
}  // namespace

ViewServer::ViewServer(AgentListener listener, net::TaskGroup& group, Hooks hooks)
    : listener_(std::move(listener)),
      group_(group),
      hooks_(std::move(hooks)),
      acceptor_(group.executor(), ::fcntl(listener_->fd(), F_DUPFD_CLOEXEC, 0)) {}

void ViewServer::start() { group_.spawn("accept views", accept_loop()); }

awaitable<void> ViewServer::accept_loop() {
  while (acceptor_.is_open()) {
    const auto [error] =
        co_await acceptor_.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (error || !acceptor_.is_open()) co_return;
    const int fd = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      admit(fd);
    } else if (errno == EMFILE || errno == ENFILE) {
      auto pause = net::sleep_for(kAcceptPause);
      co_await std::move(pause);
    }
  }
}

void ViewServer::admit(int fd) {
  // The folder and the socket's mode keep others out already.
  if (!is_own_peer(fd) || views_.size() >= kViewsMax) {
    ::close(fd);
    return;
  }
  auto stream = net::TcpStream::adopt(group_.executor(), fd);
  if (!stream) return;
  const ViewId id(next_++);
  auto view = std::make_shared<View>(id, std::move(*stream));
  views_[id] = view;
  hooks_.joined(id);
  group_.spawn("read view", read_loop(view));
  group_.spawn("write view", write_loop(view));
}

awaitable<void> ViewServer::read_loop(std::shared_ptr<View> view) {
  base::Bytes buffer(kReadBytes);
  for (;;) {
    auto reading = view->stream->read_some(buffer);
    const auto n = co_await std::move(reading);
    if (!n || *n == 0) break;
    view->lines.add(base::as_text(base::ByteView(buffer).first(*n)));
    for (;;) {
      auto line = view->lines.next();
      if (!line)
        send(view->id, error_line(std::nullopt, line.error()));
      else if (!*line)
        break;
      else if (!(*line)->empty())
        hooks_.line(view->id, **line);
    }
  }
  drop(view);
}

awaitable<void> ViewServer::write_loop(std::shared_ptr<View> view) {
  while (view->stream->is_open()) {
    if (view->out.empty()) {
      if (view->closing) break;
      auto waiting = view->wake.wait();
      co_await std::move(waiting);
      continue;
    }
    const auto line = std::move(view->out.front());
    view->out.pop_front();
    view->out_bytes -= line.size();
    auto writing = net::write_all(*view->stream, base::as_bytes(line));
    const auto written = co_await std::move(writing);
    if (!written) break;
  }
  drop(view);
}

void ViewServer::drop(const std::shared_ptr<View>& view) {
  view->stream->close();
  view->wake.notify();
  if (views_.erase(view->id) > 0) hooks_.left(view->id);
}

void ViewServer::send(ViewId id, const std::string& line) {
  const auto it = views_.find(id);
  if (it == views_.end()) return;
  auto& view = *it->second;
  if (view.out_bytes + line.size() > kViewQueueBytes) {
    base::log(base::LogLevel::warn, "client", "a view does not read its lines and is let go", {{"view", id.get()}});
    view.stream->close();  // its reader ends and drops it
    return;
  }
  view.out.push_back(line + "\n");
  view.out_bytes += line.size() + 1;
  view.wake.notify();
}

void ViewServer::close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  listener_.reset();
  for (auto& [id, view] : views_) {
    view->closing = true;
    view->wake.notify();
  }
}

}  // namespace rescue::client::impl
