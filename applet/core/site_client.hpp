// SPDX-License-Identifier: Apache-2.0
// The applet's side of the broker's API (docs/openapi.json, tag "applet"): PIN, registration, tickets, log, the end,
// and the event stream that brings grants and revocations. The session identity is the TLS client certificate.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "applet/core/errors.hpp"
#include "applet/core/system_information.hpp"
#include "applet/ui.hpp"
#include "base/bytes.hpp"
#include "base/guid.hpp"
#include "crypto/tls.hpp"
#include "net/http_client.hpp"

namespace rescue::applet {

inline constexpr std::size_t kGatewaysMax = 64;
inline constexpr std::size_t kPeopleMax = 64;
inline constexpr std::size_t kPersonTextMax = 1000;  // bytes; what is longer is cut
inline constexpr std::size_t kSiteAnswerMax = 256 * 1024;

struct GatewayAddress {
  std::string id, name, host;
  std::uint16_t port = 0;
  std::string fingerprint;
  bool operator==(const GatewayAddress&) const = default;
};
struct Registration {
  base::Guid session;
  base::Bytes ticket;
  std::vector<GatewayAddress> gateways;
  crypto::Digest256 gateway_ca_pin{};  // who certified them
  std::string organisation;
};
struct TicketAnswer {
  base::Bytes ticket;
  std::vector<GatewayAddress> gateways;
  crypto::Digest256 gateway_ca_pin{};
};

// Events of the stream.
struct SiteGrant {
  base::Bytes envelope;
};
struct SiteRevoke {
  base::Guid technician;
};
/// After each connect: whoever is not in the list has no grant.
struct SiteSynced {
  std::vector<base::Guid> technicians;
};
struct SiteClose {
  std::string by, reason;
};
struct SiteGateways {
  std::vector<GatewayAddress> gateways;
};
/// The session changed hands, or rests. Texts of people, not made safe for display.
struct SiteState {
  wire::SessionState state = wire::SessionState::waiting;
  Participant technician;  // who has it; none: nobody
  std::string to;          // while it is handed over: to whom, if to a person
};
/// Everybody who has a grant now.
struct SitePeople {
  std::vector<Participant> people;
};
using SiteEvent = std::variant<SiteState, SitePeople, SiteGrant, SiteRevoke, SiteSynced, SiteClose, SiteGateways>;
/// Nothing for pings and types of a later version. bad_answer.
[[nodiscard]] base::Result<std::optional<SiteEvent>> read_site_event(std::string_view type, std::string_view data);

/// Strand of `executor`. Errors: applet::Errc, and those of net::HttpClient.
class SiteClient {
 public:
  /// `identity` may be missing for redeem_pin alone. `lookup` reads the environment (proxies). invalid_argument: no
  /// https.
  [[nodiscard]] static base::Result<std::unique_ptr<SiteClient>> create(
      boost::asio::any_io_executor executor, const std::string& url, const crypto::ServerTrust& trust,
      const std::optional<crypto::SessionIdentity>& identity,
      const std::function<std::optional<std::string>(std::string_view)>& lookup);

  /// The signed invite, still to be opened.
  [[nodiscard]] boost::asio::awaitable<base::Result<base::Bytes>> redeem_pin(std::string pin);
  /// The invite of a new session in the channel's queue. `name` and `problem` may be empty.
  [[nodiscard]] boost::asio::awaitable<base::Result<base::Bytes>> visit_channel(std::string channel, std::string name,
                                                                                std::string problem);
  [[nodiscard]] boost::asio::awaitable<base::Result<Registration>> enrol(base::Guid guid, HostNames host,
                                                                         std::string version);
  [[nodiscard]] boost::asio::awaitable<base::Result<TicketAnswer>> renew_ticket();
  /// `body` of LogSpool; the number up to which the site has all.
  [[nodiscard]] boost::asio::awaitable<base::Result<std::uint64_t>> send_log(std::string body);
  /// `inactive`: by the clock, not by the user.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> end(std::string reason, bool inactive = false);
  /// The machine restarts, or does not after all.
  [[nodiscard]] boost::asio::awaitable<base::Result<>> restart(bool starts);

  [[nodiscard]] net::HttpClient& http() { return http_; }

 private:
  SiteClient(boost::asio::any_io_executor executor, net::Origin origin, net::HttpClientOptions options)
      : http_(std::move(executor), std::move(origin), std::move(options)) {}
  boost::asio::awaitable<base::Result<std::string>> post(std::string path, std::string body, std::string doing);
  net::HttpClient http_;
};

inline constexpr std::string_view kEventsTarget = "/api/v1/applet/events";

}  // namespace rescue::applet
