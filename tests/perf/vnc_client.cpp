// SPDX-License-Identifier: Apache-2.0
#include "perf/vnc_client.hpp"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <rfb/rfbclient.h>
#include <sys/socket.h>
#undef max
#undef min

#include <atomic>
#include <mutex>
#include <thread>

namespace rescue::perf {

struct VncClient::State {
  int port = 0;
  std::string encoding;
  mutable std::mutex mutex;  // guards the pixels
  rfbClient* client = nullptr;
  std::atomic<std::uint64_t> updates{0};
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> failed{false};
  std::atomic<bool> stop{false};
  std::thread thread;

  void run();
};

namespace {
int tag;  // its address is the key of what the library keeps for us
constexpr unsigned kWaitUs = 20'000;
}  // namespace

void VncClient::State::run() {
  client = rfbGetClient(8, 3, 4);
  rfbClientSetClientData(client, &tag, this);
  client->serverHost = strdup("127.0.0.1");
  client->serverPort = port;
  client->format.redShift = 16;
  client->format.greenShift = 8;
  client->format.blueShift = 0;
  client->appData.encodingsString = encoding.c_str();
  client->appData.compressLevel = 9;
  client->appData.enableJPEG = FALSE;
  client->appData.useRemoteCursor = FALSE;
  client->FinishedFrameBufferUpdate = [](rfbClient* c) {
    auto* s = static_cast<State*>(rfbClientGetClientData(c, &tag));
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(c->sock, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) s->bytes = info.tcpi_bytes_received;
    ++s->updates;
  };
  if (!rfbInitClient(client, nullptr, nullptr)) {  // frees the client itself
    client = nullptr;
    failed = true;
    return;
  }
  while (!stop) {
    const int ready = WaitForMessage(client, kWaitUs);
    if (ready == 0) continue;
    const std::lock_guard lock(mutex);
    if (ready > 0 && HandleRFBServerMessage(client)) continue;
    failed = true;
    break;
  }
}

VncClient::VncClient(int port, std::string encoding) : state_(std::make_unique<State>()) {
  rfbEnableClientLogging = FALSE;
  state_->port = port;
  state_->encoding = std::move(encoding);
  state_->thread = std::thread([s = state_.get()] { s->run(); });
}

VncClient::~VncClient() {
  state_->stop = true;
  state_->thread.join();
  if (state_->client == nullptr) return;
  std::free(state_->client->frameBuffer);
  rfbClientCleanup(state_->client);
}

bool VncClient::failed() const { return state_->failed; }
std::uint64_t VncClient::updates() const { return state_->updates; }
std::uint64_t VncClient::bytes() const { return state_->bytes; }

bool VncClient::shows(const screen::Frame& frame) const {
  const std::lock_guard lock(state_->mutex);
  if (state_->client == nullptr || state_->client->frameBuffer == nullptr) return false;
  const auto* shown = reinterpret_cast<const screen::Pixel*>(state_->client->frameBuffer);
  for (const screen::Pixel p : frame.pixels())
    if (((*shown++ ^ p) & screen::kPixelMask) != 0) return false;
  return true;
}

}  // namespace rescue::perf
