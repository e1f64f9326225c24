// SPDX-License-Identifier: Apache-2.0
// A broker for the gateway to talk to: HTTPS enrolment and the gateway's WebSocket, on a thread of its own.
#pragma once

#include <future>
#include <mutex>

#include "gateway_client.hpp"
#include "net/http_server.hpp"
#include "net/io_thread.hpp"
#include "net/websocket.hpp"

namespace rescue::gateway::test {

/// Runs a coroutine that prepares, then waits until told, then ends; all on one thread.
class Background {
 public:
  using Steps = std::function<boost::asio::awaitable<void>()>;
  Background(std::function<void(net::IoContext&)> begin, Steps end);
  ~Background() { stop(); }
  void stop();

 private:
  net::IoContext context_;
  net::Signal told_{context_.executor()};
  std::thread thread_;
};

class PlayedBroker {
 public:
  PlayedBroker() { start(); }
  ~PlayedBroker() { stop(); }

  [[nodiscard]] std::string url() const { return fmt::format("https://127.0.0.1:{}", port_); }
  void start();  // on the same port as before
  void stop();

  // What it saw.
  [[nodiscard]] std::size_t count(wire::gateway::Message kind) const;
  [[nodiscard]] std::optional<crypto::Fingerprint> peer() const;
  [[nodiscard]] std::string registered_name() const;
  [[nodiscard]] std::string last_enrolment() const;
  [[nodiscard]] std::vector<std::pair<base::Guid, unsigned>> waiting() const;
  [[nodiscard]] bool has_gateway() const;
  // What it does.
  void set_verdict(wire::gateway::AdmitVerdict v);
  void set_enroll_status(unsigned status);
  void certify_another_key(bool on);
  void set_token_keys(std::vector<crypto::PublicKey> keys);
  void drain(std::uint32_t deadline_s);
  void resume();
  void kick(const base::Guid& session);
  void send_token_keys();
  void send_rubbish();

 private:
  boost::asio::awaitable<net::HttpResponse> serve(net::HttpRequest& request, net::WebSocketUpgrade& upgrade);
  net::HttpResponse enroll(const net::HttpRequest& request);
  void on_message(base::ByteView bytes);
  void send(const base::Bytes& message);

  mutable std::mutex mutex_;
  std::uint16_t port_ = 0;
  std::vector<wire::gateway::Message> seen_;
  std::vector<std::pair<base::Guid, unsigned>> waiting_;
  std::optional<crypto::Fingerprint> peer_;
  std::string name_;
  std::string enrolment_;
  unsigned enroll_status_ = 201;
  bool certifies_another_ = false;
  wire::gateway::AdmitVerdict verdict_ = wire::gateway::AdmitVerdict::admitted;
  std::vector<crypto::PublicKey> token_keys_{SiteKeys::get().token.public_key()};
  std::shared_ptr<net::WebSocketSession> socket_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<Background> background_;
};

}  // namespace rescue::gateway::test
