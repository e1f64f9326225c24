// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 messages to and from bytes, sans-IO. The only door to Beast's parser.
#pragma once

#include <memory>
#include <string>

#include "net/http.hpp"

namespace rescue::net {

/// Takes bytes as they come. Header first; the caller then sets the cap of the body, and feeds on until done().
/// Refused beside what RFC 9112 forbids: Transfer-Encoding together with Content-Length, transfer codings but chunked,
/// several Host fields or none (requests of HTTP/1.1), folded fields.
class HttpParser {
 public:
  enum class Kind { request, response, response_to_head };
  HttpParser(Kind kind, std::size_t header_cap);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  /// Consumes from the front of `in`, nothing behind the message, and stops after the header once. Errors: bad_format,
  /// too_large (context "header" or "body").
  [[nodiscard]] base::Result<> feed(std::string& in);
  /// The peer ended its direction: right for a response without length only.
  [[nodiscard]] base::Result<> feed_end();
  /// Also checks a Content-Length already seen.
  [[nodiscard]] base::Result<> set_body_cap(std::size_t bytes);

  [[nodiscard]] bool got_any() const;
  [[nodiscard]] bool header_done() const;
  [[nodiscard]] bool done() const;
  /// The connection may be used for another message after this one.
  [[nodiscard]] bool keep_alive() const;  // after the header
  [[nodiscard]] bool expects_continue() const;

  // After the header:
  [[nodiscard]] Method method() const;
  [[nodiscard]] std::string method_text() const;
  [[nodiscard]] std::string target() const;
  [[nodiscard]] unsigned status() const;
  [[nodiscard]] HttpHeaders take_headers();
  // After done(); for responses read in parts also before:
  [[nodiscard]] std::string take_body();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Status line, fields and `body`; what is in `more` is for the caller to send. Content-Length is set here; no body goes
/// with 1xx, 204, 304 and `head`.
[[nodiscard]] std::string write_response(const HttpResponse& response, bool keep_alive, bool head);
/// Only status line and fields, for streams and upgrades.
[[nodiscard]] std::string write_response_head(const HttpResponse& response);
/// Request line, Host, fields, Content-Length, body.
[[nodiscard]] base::Result<std::string> write_request(std::string_view method, std::string_view target,
                                                      std::string_view host, const HttpHeaders& headers,
                                                      std::string_view body);

}  // namespace rescue::net
