// SPDX-License-Identifier: Apache-2.0
// The broker's HTTP API as a technician's client uses it (docs/openapi.json). JSON in and out where a program only
// shows it; typed where this side acts on it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/guid.hpp"
#include "client/errors.hpp"
#include "crypto/tls.hpp"
#include "net/http_client.hpp"

namespace rescue::client {

/// Where the site is and how it proves to be that.
struct SiteAddress {
  std::string url;  // "https://host[:port]", or "unix:/path" for the broker of this machine
  crypto::ServerTrust trust;
  std::optional<net::ProxySetting> proxy = {};
};

/// A gateway as the broker names it.
struct GatewayRef {
  std::string id;
  std::string name;
  std::string host;
  std::uint16_t port = 0;
  std::string fingerprint;  // 64 hex digits
};

/// What a pickup gives: rights, admission, and where to go.
struct Pickup {
  boost::json::object session;
  base::Bytes grant;   // signed envelope
  base::Bytes ticket;  // signed envelope
  std::vector<GatewayRef> gateways;
  crypto::Digest256 gateway_ca_pin{};  // who certified them
  crypto::Fingerprint applet_fingerprint{};
};
struct TicketRenewal {
  base::Bytes grant;
  base::Bytes ticket;
  std::vector<GatewayRef> gateways;
  crypto::Digest256 gateway_ca_pin{};
};

/// One event of the session log as it goes out.
struct LogEvent {
  std::uint64_t seq = 0;
  std::string time;  // RFC 3339
  std::string type;
  std::string actor;
  std::string data;  // JSON object text
};
/// At most this many in one request.
inline constexpr std::size_t kLogBatch = 500;
/// Bytes of events in one request, below the broker's body cap.
inline constexpr std::size_t kLogBatchBytes = 512 * 1024;

/// Strand of `executor`. Every call: the broker's refusal as Errc with its message, or the transport's error
/// (unreachable, timed_out, certificate_untrusted …).
class BrokerApi {
 public:
  /// `token` may be empty: then only login works. Errors: bad_format (url), those of https_client_context.
  [[nodiscard]] static base::Result<std::unique_ptr<BrokerApi>> create(boost::asio::any_io_executor executor,
                                                                       const SiteAddress& site, std::string token);
  ~BrokerApi();

  /// `target` without the prefix /api/v1, already percent-encoded. The answer is a JSON object or array.
  [[nodiscard]] boost::asio::awaitable<base::Result<boost::json::value>> get(std::string target);
  [[nodiscard]] boost::asio::awaitable<base::Result<boost::json::value>> post(std::string target,
                                                                              boost::json::object body);
  [[nodiscard]] boost::asio::awaitable<base::Result<boost::json::value>> patch(std::string target,
                                                                               boost::json::object body);
  [[nodiscard]] boost::asio::awaitable<base::Result<boost::json::value>> del(std::string target);

  /// `join`: take part beside the technician who holds it. `profile` must fit the kind of the key (RSA-2048 for
  /// aes256-sha).
  [[nodiscard]] boost::asio::awaitable<base::Result<Pickup>> pickup(std::string session, base::Bytes console_spki,
                                                                    bool join,
                                                                    crypto::Profile profile = crypto::Profile::modern);
  /// For who has the session already; another key than before gets a new grant and ends the old one.
  [[nodiscard]] boost::asio::awaitable<base::Result<TicketRenewal>> ticket(std::string session,
                                                                           base::Bytes console_spki);
  /// Gives accepted_through. `events` in order of seq, within kLogBatch and kLogBatchBytes.
  [[nodiscard]] boost::asio::awaitable<base::Result<std::uint64_t>> send_log(std::string session,
                                                                             std::vector<LogEvent> events);

  [[nodiscard]] net::HttpClient& http() { return *http_; }
  [[nodiscard]] net::HttpHeaders authorization() const;
  void set_token(std::string token) { token_ = std::move(token); }
  /// Requests that change something say this id (header Idempotency-Key; the second of them ID.2, and so on), so that
  /// the site carries them out once, however often they come. Printable ASCII, at most 120 bytes; empty: none.
  void set_request_id(std::string id) { request_id_ = std::move(id); }
  /// For all requests from now on, in place of the client's own.
  void set_timeout(std::chrono::microseconds timeout) { timeout_ = timeout; }
  /// Of the last refusal; for messages.
  [[nodiscard]] const std::string& last_request_id() const { return last_request_id_; }

 private:
  BrokerApi(std::unique_ptr<net::HttpClient> http, std::string token);
  [[nodiscard]] boost::asio::awaitable<base::Result<boost::json::value>> call(net::Method method, std::string target,
                                                                              std::string body);
  std::unique_ptr<net::HttpClient> http_;
  std::string token_;
  std::string last_request_id_;
  std::string request_id_;
  std::size_t changing_calls_ = 0;
  std::optional<std::chrono::microseconds> timeout_;
};

/// Parts of answers, checked; bad_answer names what is missing.
[[nodiscard]] base::Result<std::string> text_field(const boost::json::object& o, std::string_view key);
[[nodiscard]] base::Result<boost::json::object> object_field(const boost::json::object& o, std::string_view key);
[[nodiscard]] base::Result<base::Bytes> bytes_field(const boost::json::object& o, std::string_view key);
[[nodiscard]] base::Result<boost::json::array> array_field(const boost::json::object& o, std::string_view key);
/// Untrusted JSON text: at most 32 levels deep; bad_format.
[[nodiscard]] base::Result<boost::json::value> parse_json(std::string_view text);

}  // namespace rescue::client
