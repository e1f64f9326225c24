// SPDX-License-Identifier: Apache-2.0
// Who calls, from where and through what: a person or service by its token over TLS, or whoever has this machine over
// the local socket. And what is written down when such a caller's change is refused.
#pragma once

#include <optional>
#include <string>

#include "daemons/broker/call.hpp"
#include "daemons/broker/local_user.hpp"

namespace rescue::broker {

struct Route;

/// "" on the machine itself.
[[nodiscard]] std::string address_of(const net::HttpRequest& request);
struct Caller {
  directory::Principal who;
  base::Result<> network;  // network_not_allowed, naming the list: it is known who tried, but nothing is done
};
/// sign_in_needed; denied for a local user other than root and the broker's own. Over the local socket tokens are not
/// looked at. Blocks: for worker threads.
[[nodiscard]] base::Result<Caller> caller_of(Services& services, const net::HttpRequest& request, base::WallTime now);
/// Whether the caller may use `verb` at all: network, role, what it owes (password, second factor). For who has the
/// machine all but what only a person can do: sessions of its own and an account.
[[nodiscard]] base::Result<> may_call(const Caller& caller, directory::Verb verb, net::Method method);

/// Whether a refusal of this route is worth an event: it would have changed something, or the network is wrong.
[[nodiscard]] bool is_logged(const Route& route, const base::Error& error);
/// admin.refused, in a transaction of its own.
void log_refusal(Services& services, const Route& route, const Call& call, const base::Error& error);
/// The fields of a request's body for the log: only those that are known to be no secret show their values.
[[nodiscard]] boost::json::value masked(const boost::json::value& body);

}  // namespace rescue::broker
