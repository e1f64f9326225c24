// SPDX-License-Identifier: Apache-2.0
// One request on its way through a handler. Handlers are plain functions that run in a worker thread and may block.
#pragma once

#include <optional>
#include <string>

#include <boost/json/value.hpp>

#include "daemons/broker/api_error.hpp"
#include "daemons/broker/services.hpp"
#include "directory/by.hpp"

namespace rescue::broker {

struct Call {
  const net::HttpRequest& request;
  std::string address;  // of the client, for log and guards; empty: this machine
  base::WallTime now;
  std::optional<directory::Principal> principal{};  // set on routes for signed-in people
  bool changed_nothing = false;  // said by a handler that succeeded without: the request's id may come again (once.hpp)

  [[nodiscard]] const directory::Principal& who() const { return *principal; }
  /// Who it is, from where, with what kind of token: for the log events of mutations.
  [[nodiscard]] directory::By by() const { return directory::by_of(*principal); }
  /// The TLS client certificate's key; set on routes for applets and gateways.
  [[nodiscard]] base::ByteView fingerprint() const { return *request.peer_fingerprint; }
};

struct Reply {
  unsigned status = 200;
  boost::json::value body = boost::json::object{{"ok", true}};
  std::string content_type{};  // with `text` instead of `body`
  std::string text{};
  std::vector<net::SharedBytes> more{};  // behind `text`
  net::HttpHeaders headers{};  // beside those that every answer has, or in their place
  std::optional<base::Error> refused{};  // what a page tells of in words, for the log
};

using Answer = base::Result<Reply>;
using Handler = Answer (*)(Services&, Call&);

/// "{session}" of the path. not_found unless it is a GUID: a malformed id names nothing.
[[nodiscard]] base::Result<base::Guid> session_param(const Call& call);
/// session_not_found where the store says not_found.
[[nodiscard]] base::Result<store::Session> find_session(store::ReadTransaction& tx, const base::Guid& id);
/// The account that `named` names (id or e-mail address), if the caller may do `verb` to it (authorize_account).
/// user_not_found; but denied for who reaches some accounts alone: the answer must not tell which others there are.
[[nodiscard]] base::Result<store::User> named_user(store::ReadTransaction& tx, const Call& call, std::string_view named,
                                                   directory::Verb verb);
/// The group that `named` names (id or name); as named_user.
[[nodiscard]] base::Result<store::Group> named_group(store::ReadTransaction& tx, const Call& call,
                                                     std::string_view named, directory::Verb verb);
/// The account that a "technician" parameter names, if the caller may use `verb` on what is that technician's.
/// user_not_found, but denied as named_user.
[[nodiscard]] base::Result<base::Guid> named_technician(store::ReadTransaction& tx, const Call& call,
                                                        std::string_view named, directory::Verb verb);
/// A whole number parameter of the query within bounds; nullopt when absent. invalid_argument names it.
[[nodiscard]] base::Result<std::optional<std::int64_t>> integer_query(const Call& call, std::string_view name,
                                                                      std::int64_t min, std::int64_t max);
/// A text parameter, "" when absent. invalid_argument when it is longer than `max` bytes.
[[nodiscard]] base::Result<std::string> text_query(const Call& call, std::string_view name, std::size_t max);
/// "limit" of lists: 1 to 500, 100 when absent.
[[nodiscard]] base::Result<std::size_t> limit_query(const Call& call);
/// invalid_argument for a parameter that is not in `known`.
[[nodiscard]] base::Result<> only_query(const Call& call, std::initializer_list<std::string_view> known);
[[nodiscard]] boost::json::value cursor_view(const std::string& next_cursor);

}  // namespace rescue::broker
