// SPDX-License-Identifier: Apache-2.0
// Method and path pattern to handler.
#pragma once

#include <chrono>
#include <variant>

#include "net/http.hpp"
#include "net/limits.hpp"

namespace rescue::net {

struct RouteOptions {
  std::size_t body_cap = kDefaultBodyCap;                       // bytes; more is answered by 413
  std::chrono::microseconds handler_timeout = kHandlerTimeout;  // plain handlers only; passing it is answered by 503
  bool watch_client = false;  // sets HttpRequest::client_gone; costs a descriptor while the handler runs

  RouteOptions() = default;
  explicit RouteOptions(std::size_t cap) : body_cap(cap) {}
};

/// Filled before the server starts, then only read (from any thread).
/// Patterns: "/api/v1/users/{id}" — "{name}" takes one whole non-empty segment, "{name...}" as the last one takes the
/// rest. A literal segment wins over "{name}". HEAD is served by the GET handler without the body.
class Router {
 public:
  struct Route {
    Method method;
    std::string pattern;
    RouteOptions options;
    std::variant<HttpHandler, EventHandler, WebSocketHandler> handler;
  };

  /// Registering a method and pattern twice is our bug (asserts).
  void http(Method method, std::string pattern, HttpHandler handler, RouteOptions options = {});
  void events(std::string pattern, EventHandler handler);         // GET
  void websocket(std::string pattern, WebSocketHandler handler);  // GET with "Upgrade: websocket"

  struct Match {
    const Route* route = nullptr;  // null: nothing serves it
    bool path_known = false;       // true with a null route: 405, `allow` says what there is
    std::string allow;             // "GET, POST"
    std::map<std::string, std::string, std::less<>> params;
  };
  /// `raw_path` is the path still percent-encoded; parameters come out decoded.
  [[nodiscard]] Match match(Method method, std::string_view raw_path) const;
  /// In order of registration, for tests that hold the API description to the code.
  [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace rescue::net
