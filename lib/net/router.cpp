// SPDX-License-Identifier: Apache-2.0
#include "net/router.hpp"

#include "base/assert.hpp"
#include "net/uri.hpp"

namespace rescue::net {

namespace {

using Params = std::map<std::string, std::string, std::less<>>;

/// Takes the next segment off "/a/b": "a", leaving "/b". The caller has checked that `rest` begins with '/'.
std::string_view take_segment(std::string_view& rest) {
  const auto end = rest.find('/', 1);
  const auto segment = rest.substr(1, end == std::string_view::npos ? end : end - 1);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  return segment;
}

bool is_param(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

/// How well a pattern fits: a literal segment counts more the earlier it stands. nullopt: not at all.
std::optional<std::string> fits(std::string_view pattern, std::string_view path, Params& params) {
  std::string score;
  while (!pattern.empty()) {
    const auto want = take_segment(pattern);
    if (is_param(want) && want.ends_with("...}")) {
      if (path.empty()) return std::nullopt;
      auto rest = decode_component(path.substr(1));
      if (!rest) return std::nullopt;
      params[std::string(want.substr(1, want.size() - 5))] = std::move(*rest);
      return score + '0';
    }
    if (path.empty()) return std::nullopt;
    const auto have = take_segment(path);
    if (is_param(want)) {
      auto value = decode_component(have);
      if (!value || value->empty()) return std::nullopt;
      params[std::string(want.substr(1, want.size() - 2))] = std::move(*value);
      score += '1';
    } else {
      const auto value = decode_component(have);
      if (!value || *value != want) return std::nullopt;
      score += '2';
    }
  }
  return path.empty() ? std::optional(score) : std::nullopt;
}

}  // namespace

void Router::http(Method method, std::string pattern, HttpHandler handler, RouteOptions options) {
  RESCUE_ASSERT(pattern.starts_with('/') && method != Method::head && method != Method::other);
  for (const auto& r : routes_) RESCUE_ASSERT(r->method != method || r->pattern != pattern);
  auto route = std::make_unique<Route>();
  route->method = method;
  route->pattern = std::move(pattern);
  route->options = options;
  route->handler = std::move(handler);
  routes_.push_back(std::move(route));
}

void Router::events(std::string pattern, EventHandler handler) {
  http(Method::get, std::move(pattern), HttpHandler());
  routes_.back()->handler = std::move(handler);
}

void Router::websocket(std::string pattern, WebSocketHandler handler) {
  http(Method::get, std::move(pattern), HttpHandler());
  routes_.back()->handler = std::move(handler);
}

Router::Match Router::match(Method method, std::string_view raw_path) const {
  Match best;
  if (!raw_path.starts_with('/')) return best;
  std::string best_score;
  const auto wanted = method == Method::head ? Method::get : method;
  for (const auto& r : routes_) {
    Params params;
    const auto score = fits(r->pattern, raw_path, params);
    if (!score) continue;
    best.path_known = true;
    if (!best.allow.empty()) best.allow += ", ";
    best.allow += method_name(r->method);
    if (r->method != wanted || (best.route != nullptr && *score <= best_score)) continue;
    best.route = r.get();
    best.params = std::move(params);
    best_score = *score;
  }
  return best;
}

}  // namespace rescue::net
