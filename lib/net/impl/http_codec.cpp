// SPDX-License-Identifier: Apache-2.0
#include "net/impl/http_codec.hpp"

#include <fmt/format.h>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>

#include <variant>

namespace rescue::net {

namespace http = boost::beast::http;

namespace {

std::string str(boost::beast::string_view s) { return {s.data(), s.size()}; }

base::Error parse_error(const boost::system::error_code& ec) {
  if (ec == http::error::header_limit) return {base::Errc::too_large, "header", ec};
  if (ec == http::error::body_limit || ec == http::error::buffer_overflow) return {base::Errc::too_large, "body", ec};
  return {base::Errc::bad_format, "HTTP message", ec};
}

Method method_of(http::verb v) {
  switch (v) {
    case http::verb::get:
      return Method::get;
    case http::verb::head:
      return Method::head;
    case http::verb::post:
      return Method::post;
    case http::verb::put:
      return Method::put;
    case http::verb::patch:
      return Method::patch;
    case http::verb::delete_:
      return Method::del;
    case http::verb::options:
      return Method::options;
    default:
      return Method::other;
  }
}

/// "0", CRLF, CRLF. Beast (1.81) asserts that it gets as much when it comes back to a last chunk that it has seen the
/// beginning of. No chunked body ends with less, so nothing is lost by waiting for it.
constexpr std::size_t kShortestLastChunk = 5;

/// As Beast's string_body for reading, but memory is taken for what has come, not for what a Content-Length announces.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool request, class Fields>
    reader(http::header<request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, boost::system::error_code& ec) { ec = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& ec) {
      ec = {};
      std::size_t taken = 0;
      for (auto at = boost::asio::buffer_sequence_begin(buffers); at != boost::asio::buffer_sequence_end(buffers);
           ++at) {
        const boost::asio::const_buffer part = *at;
        body_.append(static_cast<const char*>(part.data()), part.size());
        taken += part.size();
      }
      return taken;
    }
    void finish(boost::system::error_code& ec) { ec = {}; }

   private:
    value_type& body_;
  };
};

}  // namespace

struct HttpParser::Impl {
  using Request = http::request_parser<GrowingBody>;
  using Response = http::response_parser<GrowingBody>;

  explicit Impl(bool request) {
    if (request)
      parser.emplace<Request>();
    else
      parser.emplace<Response>();
  }

  template <typename F>
  decltype(auto) each(F f) {
    return parser.index() == 1 ? f(std::get<1>(parser)) : f(std::get<2>(parser));
  }

  base::Result<> check_header() {
    const bool request = parser.index() == 1;
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t codings = 0;
    unsigned version = 11;
    each([&](auto& p) {
      hosts = p.get().count(http::field::host);
      lengths = p.get().count(http::field::content_length);
      codings = p.get().count(http::field::transfer_encoding);
      version = p.get().version();
    });
    if (version != 10 && version != 11) return base::fail(base::Errc::bad_format, "HTTP version");
    if (codings + lengths > 1) return base::fail(base::Errc::bad_format, "several lengths of the body");
    if (codings == 1 && !each([](auto& p) { return p.chunked(); }))
      return base::fail(base::Errc::bad_format, "transfer coding other than chunked");
    if (request && (hosts > 1 || (hosts == 0 && version == 11)))
      return base::fail(base::Errc::bad_format, "exactly one Host field is needed");
    return {};
  }

  std::variant<std::monostate, Request, Response> parser;
};

HttpParser::HttpParser(Kind kind, std::size_t header_cap) : impl_(std::make_unique<Impl>(kind == Kind::request)) {
  impl_->each([&](auto& p) {
    p.header_limit(static_cast<std::uint32_t>(header_cap));
    p.body_limit(boost::none);  // set_body_cap follows before any byte of the body is taken
    p.eager(false);
  });
  if (kind == Kind::response_to_head) std::get<2>(impl_->parser).skip(true);
}

HttpParser::~HttpParser() = default;

base::Result<> HttpParser::feed(std::string& in) {
  const bool had_header = header_done();
  while (!in.empty() && !done() && (had_header || !header_done())) {
    if (had_header && in.size() < kShortestLastChunk && impl_->each([](auto& p) { return p.chunked(); })) break;
    boost::system::error_code ec;
    const auto used = impl_->each([&](auto& p) { return p.put(boost::asio::buffer(in), ec); });
    in.erase(0, used);
    if (ec == http::error::need_more) {
      if (used == 0) break;
      ec = {};
    }
    if (ec) return base::fail(parse_error(ec));
  }
  if (!had_header && header_done()) return impl_->check_header();
  return {};
}

base::Result<> HttpParser::feed_end() {
  boost::system::error_code ec;
  impl_->each([&](auto& p) { p.put_eof(ec); });
  if (ec) return base::fail(parse_error(ec));
  return {};
}

base::Result<> HttpParser::set_body_cap(std::size_t bytes) {
  return impl_->each([&](auto& p) -> base::Result<> {
    p.body_limit(bytes);
    p.eager(true);
    const auto length = p.content_length();
    if (length && *length > bytes) return base::fail(base::Errc::too_large, "body");
    return {};
  });
}

bool HttpParser::got_any() const {
  return impl_->each([](auto& p) { return p.got_some(); });
}
bool HttpParser::header_done() const {
  return impl_->each([](auto& p) { return p.is_header_done(); });
}
bool HttpParser::done() const {
  return impl_->each([](auto& p) { return p.is_done(); });
}
bool HttpParser::keep_alive() const {
  return impl_->each([](auto& p) { return p.keep_alive(); });
}
bool HttpParser::expects_continue() const {
  return impl_->each([](auto& p) { return boost::beast::iequals(p.get()[http::field::expect], "100-continue"); });
}

Method HttpParser::method() const { return method_of(std::get<1>(impl_->parser).get().method()); }
std::string HttpParser::method_text() const { return str(std::get<1>(impl_->parser).get().method_string()); }
std::string HttpParser::target() const { return str(std::get<1>(impl_->parser).get().target()); }
unsigned HttpParser::status() const { return std::get<2>(impl_->parser).get().result_int(); }

HttpHeaders HttpParser::take_headers() {
  HttpHeaders out;
  impl_->each([&](auto& p) {
    for (const auto& f : p.get()) out.add(str(f.name_string()), str(f.value()));
  });
  return out;
}

std::string HttpParser::take_body() {
  return impl_->each([](auto& p) { return std::exchange(p.get().body(), std::string()); });
}

namespace {

bool clean(std::string_view s) { return s.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos; }

/// A value that would start a line of its own is dropped with its field: a handler's slip must not become an injection.
void write_fields(std::string& out, const HttpHeaders& headers) {
  for (const auto& [name, value] : headers.fields())
    if (!name.empty() && clean(name) && clean(value))
      fmt::format_to(std::back_inserter(out), "{}: {}\r\n", name, value);
}

}  // namespace

std::string write_response_head(const HttpResponse& response) {
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  write_fields(out, response.headers);
  out += "\r\n";
  return out;
}

std::string write_response(const HttpResponse& response, bool keep_alive, bool head) {
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  write_fields(out, response.headers);
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless) fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body_size());
  if (!keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  if (!bodiless && !head) out += response.body;
  return out;
}

base::Result<std::string> write_request(std::string_view method, std::string_view target, std::string_view host,
                                        const HttpHeaders& headers, std::string_view body) {
  if (!clean(target) || target.find(' ') != std::string_view::npos || target.empty())
    return base::fail(base::Errc::invalid_argument, fmt::format("request target '{}'", target));
  for (const auto& [name, value] : headers.fields())
    if (name.empty() || !clean(name) || !clean(value))
      return base::fail(base::Errc::invalid_argument, fmt::format("header field '{}'", name));
  auto out = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", method, target, host);
  write_fields(out, headers);
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH")
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", body.size());
  out += "\r\n";
  out += body;
  return out;
}

}  // namespace rescue::net
