// SPDX-License-Identifier: Apache-2.0
// Requests that carry an id (header Idempotency-Key): a second one with the same id gets the answer of the first and
// changes nothing. For every request of a signed-in account that changes something; ids are the account's own and are
// kept for kRequestIdLifetime. Answers hold secrets that are shown once, so they are kept sealed.
#pragma once

#include <memory>
#include <optional>

#include "daemons/broker/call.hpp"
#include "daemons/broker/routes.hpp"
#include "store/write_mark.hpp"

namespace rescue::broker {

inline constexpr std::chrono::hours kRequestIdLifetime{24};
inline constexpr std::size_t kMaxRequestId = 128;  // printable ASCII
/// A claim without answer is taken over after that long: whoever runs it has lost its client long ago
/// (net::kHandlerTimeout), and can no longer commit.
inline constexpr std::chrono::seconds kClaimLifetime{90};

/// The claim on one id while its request runs. Lives and dies on the worker thread that runs the request.
class Once {
 public:
  struct Begun {
    std::unique_ptr<Once> claim;              // null: the request has no id, or `replay` is its answer
    std::optional<net::HttpResponse> replay;  // of the first request, with the header Idempotent-Replayed
  };
  /// request_id_reused when the id came with another request; unavailable while the first one runs; conflict when it
  /// was carried out and its answer was lost; invalid_argument for an id of another form.
  [[nodiscard]] static base::Result<Begun> begin(Services& s, const Route& route, const Call& call);
  /// Forgets the claim when nothing was carried out for it.
  ~Once();
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;

  /// The handler has ended: what is stored from now on is about the request, and not what it asked for.
  void handled() { mark_.reset(); }
  /// After handled(). Keeps a successful answer, or any one after something was changed. Otherwise, and when the handler says that it
  /// changed nothing, the id may come again.
  void finish(const net::HttpResponse& response, bool changed_nothing);

 private:
  Once(Services& s, base::Guid user, std::string id, std::string token);
  void release();

  Services& s_;
  base::Guid user_;
  std::string id_;
  std::string token_;
  bool open_ = true;
  std::optional<store::WriteMark> mark_;
};

}  // namespace rescue::broker
