// SPDX-License-Identifier: Apache-2.0
// Site addresses and the proxy to reach them through.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

#include "net/http_client.hpp"

namespace rescue::net {

namespace urls = boost::urls;

namespace {

std::string str(boost::core::string_view s) { return {s.data(), s.size()}; }

base::Result<urls::url_view> parse_url(std::string_view text) {
  const auto url = urls::parse_uri(boost::core::string_view(text.data(), text.size()));
  if (!url) return base::fail(base::Errc::bad_format, fmt::format("URL '{}'", text), url.error());
  return *url;
}

std::string host_of(const urls::url_view& url) {
  auto host = url.host();
  if (host.size() >= 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

std::string basic_credentials(const urls::url_view& url) {
  const std::string plain = url.user() + ":" + url.password();
  std::string out((plain.size() + 2) / 3 * 4, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(plain.data()),
                  static_cast<int>(plain.size()));
  return "Basic " + out;
}

/// curl's rule: "*" is everything; ".example" and "example" cover the name and what is below it.
bool goes_direct(std::string_view list, std::string_view host) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto entry = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (!entry.empty() && (entry.front() == ' ' || entry.front() == '.')) entry.remove_prefix(1);
    while (!entry.empty() && entry.back() == ' ') entry.remove_suffix(1);
    if (entry.empty()) continue;
    if (entry == "*" || entry == host) return true;
    if (host.size() > entry.size() && host.ends_with(entry) && host[host.size() - entry.size() - 1] == '.') return true;
  }
  return false;
}

constexpr std::string_view kLocal = "unix:";

base::Result<Origin> local_origin(std::string_view path) {
  if (!path.starts_with('/') || path.size() < 2 || path.find('\0') != std::string_view::npos)
    return base::fail(base::Errc::bad_format, fmt::format("'unix:{}' must be unix: and an absolute path", path));
  Origin out;
  out.secure = false;
  out.host = "localhost";
  out.port = 80;
  out.local = path;
  return out;
}

}  // namespace

base::Result<Origin> Origin::parse(std::string_view text) {
  if (text.starts_with(kLocal)) return local_origin(text.substr(kLocal.size()));
  RESCUE_TRY(const auto url, parse_url(text));
  Origin out;
  const auto scheme = str(url.scheme());
  if (scheme != "https" && scheme != "http")
    return base::fail(base::Errc::bad_format, fmt::format("URL '{}' must begin with https://", text));
  out.secure = scheme == "https";
  out.host = host_of(url);
  if (out.host.empty()) return base::fail(base::Errc::bad_format, fmt::format("URL '{}' has no host", text));
  if (url.has_userinfo() || url.has_query() || url.has_fragment())
    return base::fail(base::Errc::bad_format, fmt::format("URL '{}' may have a host, a port and a path only", text));
  if (url.has_port()) {
    // Endpoint::parse checks the range; Boost.URL's port_number() wraps around.
    RESCUE_TRY(const auto at, Endpoint::parse("h:" + str(url.port())));
    if (at.port == 0) return base::fail(base::Errc::bad_format, fmt::format("port of URL '{}'", text));
    out.port = at.port;
  } else {
    out.port = static_cast<std::uint16_t>(out.secure ? 443 : 80);
  }
  out.base_path = str(url.encoded_path());
  while (out.base_path.ends_with('/')) out.base_path.pop_back();
  return out;
}

std::string Origin::host_header() const {
  const bool usual = port == (secure ? 443 : 80);
  const auto name = host.find(':') == std::string::npos ? host : "[" + host + "]";
  return usual ? name : fmt::format("{}:{}", name, port);
}

std::string Origin::text() const {
  if (!local.empty()) return std::string(kLocal) + local;
  return fmt::format("{}://{}{}", secure ? "https" : "http", host_header(), base_path);
}

base::Result<std::optional<ProxySetting>> proxy_from_environment(
    const Origin& origin, const std::function<std::optional<std::string>(std::string_view)>& lookup) {
  const auto either = [&](std::string_view lower, std::string_view upper) {
    auto v = lookup(lower);
    return v ? v : lookup(upper);
  };
  if (!origin.local.empty()) return std::nullopt;
  // HTTP_PROXY in capitals is not read: in a CGI program it is the client's "Proxy:" field.
  const auto setting = origin.secure ? either("https_proxy", "HTTPS_PROXY") : lookup("http_proxy");
  if (!setting || setting->empty()) return std::nullopt;
  if (const auto direct = either("no_proxy", "NO_PROXY"); direct && goes_direct(*direct, origin.host))
    return std::nullopt;
  const auto with_scheme = setting->find("://") == std::string::npos ? "http://" + *setting : *setting;
  RESCUE_TRY(const auto url, parse_url(with_scheme));
  if (str(url.scheme()) != "http")
    return base::fail(base::Errc::unsupported,
                      fmt::format("proxy '{}': only http:// proxies are supported", url.host()));
  ProxySetting out;
  out.proxy = Endpoint(host_of(url), url.port_number() != 0 ? url.port_number() : static_cast<std::uint16_t>(1080));
  if (url.has_userinfo()) out.authorization = basic_credentials(url);
  return out;
}

}  // namespace rescue::net
