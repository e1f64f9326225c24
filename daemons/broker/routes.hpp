// SPDX-License-Identifier: Apache-2.0
// The route table: method, path, who may call, body cap, handler. docs/openapi.json describes the same routes; a test
// compares the two in both directions.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemons/broker/handlers.hpp"
#include "net/router.hpp"

namespace rescue::broker {

/// Who stands behind a request, and how that was shown.
enum class Who : std::uint8_t {
  anyone,     // nobody is asked
  signed_in,  // bearer token; the verb decides by role
  applet,     // TLS client certificate of some key; the handler asks the database whose
  gateway,    // TLS client certificate of an enrolled gateway
};
/// Which guessing limit counts failures of the route.
enum class Guarded : std::uint8_t { no, login, pin };
/// Worker threads: `slow` for what hashes passwords, `log` for queries of the log, which may walk far and end when
/// their client leaves.
enum class Lane : std::uint8_t { fast, slow, log };
/// How the route answers: plain handlers in a worker, streams on the connection's strand.
enum class Kind : std::uint8_t { plain, events_socket, applet_stream, gateway_socket };

struct Route {
  net::Method method = net::Method::get;
  std::string_view pattern{};
  std::string_view operation{};  // operationId of the API description
  Who who = Who::anyone;
  directory::Verb verb = directory::Verb::own_account;  // of signed_in
  std::size_t body_cap = 0;                             // bytes; 0 where no body is expected
  Lane lane = Lane::fast;
  Guarded guarded = Guarded::no;
  Handler handler = nullptr;  // of plain
  Kind kind = Kind::plain;
  bool page = false;  // of people who are helped: refusals are pages, too
};

[[nodiscard]] std::span<const Route> routes();
/// "technician" … for signed_in by the authorization table, else "public", "applet", "gateway".
[[nodiscard]] std::vector<std::string> who_may(const Route& route);
/// The whole table as JSON, for tests.
[[nodiscard]] std::string routes_json();

/// A router that serves the table. `services` must outlive it.
[[nodiscard]] std::shared_ptr<const net::Router> make_router(Services& services);

/// Reads the bearer token and checks that this principal may use the verb at all. sign_in_needed, denied,
/// password_change_required. Blocks: for worker threads.
[[nodiscard]] base::Result<directory::Principal> principal_for(Services& services, const net::HttpRequest& request,
                                                               directory::Verb verb, base::WallTime now);

}  // namespace rescue::broker
