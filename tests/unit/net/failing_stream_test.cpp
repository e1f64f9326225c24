// SPDX-License-Identifier: Apache-2.0
// Every error path: a stream that fails at operation N, for N = 0, 1, 2, … until the whole exchange passes.
#include "loopback.hpp"
#include "net/impl/client_connection.hpp"
#include "net/impl/websocket_session.hpp"
#include "net/task_group.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;

namespace {

/// Gives scripted bytes a few at a time, swallows what is written, and fails at the chosen operation.
class FailingStream final : public ByteStream {
 public:
  FailingStream(boost::asio::any_io_executor ex, std::string script, int fail_at)
      : executor_(std::move(ex)), script_(std::move(script)), fail_at_(fail_at) {}

  awaitable<base::Result<std::size_t>> read_some(base::MutableByteView into) override {
    if (fails()) co_return base::fail(base::Errc::io, "on purpose");
    auto nap = sleep_for(0us);
    (void)co_await std::move(nap);
    const auto n = std::min({into.size(), script_.size(), std::size_t{7}});
    std::copy_n(script_.begin(), n, into.begin());
    script_.erase(0, n);
    co_return n;
  }
  awaitable<base::Result<std::size_t>> write_some(base::ByteView from) override {
    if (fails()) co_return base::fail(base::Errc::io, "on purpose");
    auto nap = sleep_for(0us);
    (void)co_await std::move(nap);
    const auto n = std::min<std::size_t>(from.size(), 5);
    written += base::as_text(from.first(n));
    co_return n;
  }
  awaitable<base::Result<>> wait_writable() override { co_return base::Result<>{}; }
  awaitable<base::Result<>> shutdown_write() override { co_return base::Result<>{}; }
  void close() override { open_ = false; }
  bool is_open() const override { return open_; }
  boost::asio::any_io_executor executor() const override { return executor_; }

  std::string written;
  int operations = 0;

 private:
  bool fails() { return !open_ || operations++ == fail_at_; }
  boost::asio::any_io_executor executor_;
  std::string script_;
  int fail_at_;
  bool open_ = true;
};

}  // namespace

TEST(FailingStream, HttpResponseIsAnErrorOrWhole) {
  IoContext context;
  const std::string script =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n "
      "world\r\n0\r\n\r\n";
  const auto body = [&]() -> awaitable<void> {
    int passed = 0;
    for (int n = 0; passed == 0 && n < 1000; ++n) {
      FailingStream s(context.executor(), script, n);
      std::string in;
      auto head = co_await read_response_header(s, in, HttpParser::Kind::response);
      if (!head) {
        EXPECT_EQ(head.error().code, base::Errc::io);
        continue;
      }
      EXPECT_EQ((*head)->status(), 200u);
      const auto rest = co_await read_response_body(s, in, **head, 1000);
      if (!rest) {
        EXPECT_EQ(rest.error().code, base::Errc::io);
        continue;
      }
      EXPECT_EQ((*head)->take_body(), "hello world");
      passed = n;
    }
    EXPECT_GT(passed, 10);
  };
  test::run(context, body);
}

TEST(FailingStream, WebSocketSessionEndsWhateverFails) {
  IoContext context;
  base::SeededRandom random(2);
  std::string script =
      write_websocket_frame(WebSocketSide::server, WebSocketOpcode::text, base::as_bytes("one"), random);
  script += write_websocket_frame(WebSocketSide::server, WebSocketOpcode::ping, base::as_bytes("p"), random);
  script += write_websocket_frame(WebSocketSide::server, WebSocketOpcode::binary, base::as_bytes("two"), random);
  script += write_websocket_close(WebSocketSide::server, CloseCode::normal, "end", random);
  const auto body = [&]() -> awaitable<void> {
    bool passed = false;
    int n = 0;
    for (; !passed && n < 1000; ++n) {
      const auto stream = std::make_shared<FailingStream>(context.executor(), script, n);
      const auto ws = std::make_shared<WebSocketSessionImpl>(WebSocketSide::client, stream, "", WebSocketOptions());
      TaskGroup group(context.executor());
      group.spawn("writer", WebSocketSessionImpl::run_writer(ws));
      (void)ws->send_text("hello");
      std::string got;
      base::Result<WebSocketMessage> m;
      for (;;) {
        m = co_await ws->receive();
        if (!m) break;
        got += m->data + ".";
      }
      EXPECT_TRUE(std::string("one.two.").starts_with(got)) << got;
      co_await group.join();  // the writer ends by itself in every case
      passed = m.error().code == base::Errc::closed && stream->operations <= n;
      EXPECT_FALSE(stream->is_open());
      EXPECT_FALSE(ws->send_text("late"));
    }
    EXPECT_TRUE(passed);
    EXPECT_GT(n, 10);
  };
  test::run(context, body);
}

}  // namespace rescue::net
