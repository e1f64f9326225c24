// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/loopback.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ostream>
#include <vector>

#include <fmt/format.h>

#include "cli/secret_input.hpp"
#include "net/uri.hpp"

namespace rescue::program {

struct Loopback::Visitor {
  client::Descriptor fd;
  std::string said;
  bool done = false;
};

namespace {

constexpr std::size_t kMaxVisitors = 16;        // browsers open some connections ahead
constexpr std::size_t kMaxRequest = 16 * 1024;  // head of a request
constexpr std::size_t kMaxTyped = 1024;         // a code, or an address with one
constexpr std::size_t kMaxCode = 64;
constexpr std::size_t kSecretBytes = 16;

constexpr std::string_view kBack =
    "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Rescue</title>\n"
    "<h1>Back to the terminal</h1>\n<p>The sign-in goes on where it was begun. This page can be closed.</p>\n</html>\n";
constexpr std::string_view kNothing = "Nothing is here.\n";

bool is_code(std::string_view text) {
  return !text.empty() && text.size() <= kMaxCode && std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::optional<Arrival> arrival_of(const std::vector<std::pair<std::string, std::string>>& query) {
  Arrival out;
  for (const auto& [name, value] : query) {
    if (!is_code(value)) continue;
    if (name == "code") out.code = value;
    if (name == "error") out.error = value;
  }
  if (out.code.empty() == out.error.empty()) return std::nullopt;
  return out;
}

std::string response(unsigned status, std::string_view type, std::string_view body) {
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n"
      "Referrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{}",
      status, status == 200 ? "OK" : "Not Found", type, body.size(), body);
}

void send_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // it left, or does not read what fits into any socket's buffer
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string_view header_of(std::string_view head, std::string_view name) {
  for (std::size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    auto line = head.substr(at, head.find("\r\n", at) - at);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    const bool same = std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + ('a' - 'A')) : b);
    });
    if (!same) continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    return line;
  }
  return {};
}

}  // namespace

std::optional<Arrival> read_arrival(std::string_view text) {
  if (const auto query = text.find('?'); query != std::string_view::npos) {
    const auto target = net::parse_target("/" + std::string(text.substr(query)));
    return target ? arrival_of(target->query) : std::nullopt;
  }
  std::string letters;  // people type a code with blanks as well as with dashes
  for (const char c : text)
    if (c != ' ' && c != '\t') letters += c;
  if (!is_code(letters)) return std::nullopt;
  return Arrival{std::move(letters), ""};
}

base::Result<Loopback> Loopback::open(base::RandomSource& random) {
  client::Descriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (!listener || ::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener.get(), SOMAXCONN) != 0 ||
      ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return base::fail(base::errno_error("listen on 127.0.0.1"));
  base::Bytes secret(kSecretBytes);
  random.fill(secret);
  return Loopback(std::move(listener), ntohs(address.sin_port), base::to_base64url(secret));
}

std::optional<Arrival> Loopback::serve(Visitor& visitor) const {
  std::array<char, 4096> chunk{};
  const auto n = ::recv(visitor.fd.get(), chunk.data(), chunk.size(), 0);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
  if (n <= 0) {
    visitor.done = true;
    return std::nullopt;
  }
  visitor.said.append(chunk.data(), static_cast<std::size_t>(n));
  const auto end = visitor.said.find("\r\n\r\n");
  if (end == std::string::npos) {
    visitor.done = visitor.said.size() > kMaxRequest;
    return std::nullopt;
  }
  visitor.done = true;
  const auto head = std::string_view(visitor.said).substr(0, end + 2);
  const auto line = head.substr(0, head.find("\r\n"));
  const auto first = line.find(' '), last = line.rfind(' ');
  std::optional<Arrival> out;
  // The Host header keeps a page elsewhere from reaching this by a name of its own that leads here.
  if (line.starts_with("GET ") && last > first && header_of(head, "host") == fmt::format("127.0.0.1:{}", port_)) {
    const auto target = net::parse_target(line.substr(first + 1, last - first - 1));
    if (target && target->path == "/" + secret_) out = arrival_of(target->query);
  }
  send_all(visitor.fd.get(), out ? response(200, "text/html", kBack) : response(404, "text/plain", kNothing));
  return out;
}

base::Result<Arrival> Loopback::wait(std::chrono::steady_clock::time_point deadline, int typed_fd,
                                     std::ostream& complain) {
  std::vector<Visitor> visitors;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0)
      return base::fail(base::Errc::timed_out, "the browser has not brought the outcome of the sign-in");
    std::vector<pollfd> polled{{listener_.get(), POLLIN, 0}, {typed_fd, POLLIN, 0}};
    for (const auto& v : visitors) polled.push_back({v.fd.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), static_cast<int>(left.count())) < 0 && errno != EINTR)
      return base::fail(base::errno_error("wait for the browser"));
    for (std::size_t i = 0; i < visitors.size(); ++i)
      if (polled[i + 2].revents != 0)
        if (auto out = serve(visitors[i])) return *out;
    std::erase_if(visitors, [](const Visitor& v) { return v.done; });
    if (polled[1].revents != 0) {
      const auto typed = cli::read_line(typed_fd, kMaxTyped);
      if (!typed)
        typed_fd = -1;
      else if (auto out = read_arrival(*typed))
        return *out;
      else
        complain << "This is no code. Once more: " << std::flush;
    }
    if (polled[0].revents != 0)
      if (client::Descriptor fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)); fd) {
        if (visitors.size() == kMaxVisitors) visitors.erase(visitors.begin());  // who says nothing makes room
        visitors.push_back({std::move(fd), {}, false});
      }
  }
}

}  // namespace rescue::program
