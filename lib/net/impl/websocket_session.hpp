// SPDX-License-Identifier: Apache-2.0
// A WebSocketSession over any ByteStream, for both sides.
#pragma once

#include <deque>
#include <mutex>

#include "base/random.hpp"
#include "net/byte_stream.hpp"
#include "net/io_thread.hpp"
#include "net/timeout.hpp"
#include "net/websocket.hpp"
#include "net/websocket_frame.hpp"

namespace rescue::net {

/// Two coroutines use it on one strand: the owner's receive() and run_writer(), which whoever makes the session spawns
/// into a TaskGroup with a shared_ptr of the session. Only the queue is shared with other threads.
class WebSocketSessionImpl final : public WebSocketSession, public std::enable_shared_from_this<WebSocketSessionImpl> {
 public:
  WebSocketSessionImpl(WebSocketSide side, std::shared_ptr<ByteStream> stream, std::string already_read,
                       WebSocketOptions options);
  ~WebSocketSessionImpl() override;

  bool send_text(std::string text) override;
  bool send_binary(base::ByteView data) override;
  [[nodiscard]] boost::asio::awaitable<base::Result<WebSocketMessage>> receive() override;
  void close(CloseCode code, std::string reason) override;
  [[nodiscard]] bool closed() const override;

  /// Writes what is queued until the session ends. Takes the pointer, because it runs beside everything else.
  [[nodiscard]] static boost::asio::awaitable<void> run_writer(std::shared_ptr<WebSocketSessionImpl> self);
  /// After the handler returned: closes in order (waiting kWebSocketClose at most for the peer), then for good.
  /// The writer must be running.
  [[nodiscard]] boost::asio::awaitable<void> finish();

 private:
  bool queue(WebSocketOpcode opcode, base::ByteView payload);
  bool queue_frame(std::string frame, bool last);
  void wake();
  void silence_passed();
  [[nodiscard]] boost::asio::awaitable<base::Result<std::optional<WebSocketMessage>>> receive_part();
  [[nodiscard]] base::Result<std::optional<WebSocketMessage>> take_event();
  [[nodiscard]] boost::asio::awaitable<void> wait_for_peer_close();
  [[nodiscard]] base::Error why_lost(const base::Result<std::size_t>& read) const;
  [[nodiscard]] boost::asio::awaitable<void> write_queue();
  void end_reading();
  void over();

  const WebSocketSide side_;
  const std::shared_ptr<ByteStream> stream_;
  const WebSocketOptions options_;
  const boost::asio::any_io_executor executor_;

  // strand
  WebSocketDecoder decoder_;
  std::deque<WebSocketEvent> events_;
  std::string already_read_;
  std::optional<base::Error> decode_error_;
  Signal queued_;
  std::unique_ptr<Watchdog> watchdog_;
  std::chrono::steady_clock::time_point heard_;
  bool reading_over_ = false;  // nothing more will come, or is of use
  bool silent_ = false;

  mutable std::mutex mutex_;
  std::deque<std::string> queue_;  // guarded by mutex_, as all below
  std::size_t queue_bytes_ = 0;
  bool close_queued_ = false;
  bool over_ = false;
  bool overflow_ = false;
};

}  // namespace rescue::net
