// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/once.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "crypto/sealer.hpp"
#include "store/request_claims.hpp"

namespace rescue::broker {
namespace claims = store::request_claims;
namespace ids = store::request_ids;
namespace {

constexpr std::string_view kHeader = "Idempotency-Key";

crypto::Sealer sealer(const Services& s) { return {s.site.secret.view(), "answers to request ids"}; }

base::Bytes context_of(const base::Guid& user, std::string_view id) {
  base::Bytes out(user.bytes().begin(), user.bytes().end());
  out.insert(out.end(), id.begin(), id.end());
  return out;
}

bool is_request_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxRequestId &&
         std::ranges::all_of(id, [](char c) { return c > 0x20 && c < 0x7f; });
}

/// Method, target and body: what makes two requests the same one. Keyed: bodies hold passwords, which nobody who has
/// stolen the database is to try out.
base::Bytes hash_of(const Services& s, const net::HttpRequest& request) {
  std::string text = request.method_text;
  text += '\n';
  text += request.target;
  text += '\n';
  text += request.body;
  const auto digest = sealer(s).digest(base::as_bytes(text), {});
  base::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return {digest.begin(), digest.end()};
}

base::Result<net::HttpResponse> replay_of(const Services& s, const store::RequestId& row) {
  RESCUE_TRY(const auto sealed, base::from_base64url(row.answer));
  RESCUE_TRY(const auto body, sealer(s).open(sealed, context_of(row.user, row.request_id)));
  auto out = net::HttpResponse::json(row.status, std::string(base::as_text(body.view())));
  out.headers.add("Cache-Control", "no-store");
  out.headers.add("Idempotent-Replayed", "true");
  return out;
}

void warn(std::string_view what, const base::Error& error) {
  base::log(base::LogLevel::warn, "broker", what, {{"error", error.code.name()}});
}

struct Found {
  bool claimed = false;
  std::optional<store::RequestId> answered;
};

/// Claims the id, or says what became of it.
base::Result<Found> claim(store::Transaction& tx, const store::RequestId& wanted) {
  RESCUE_TRY(auto there, ids::find(tx, wanted.user, wanted.request_id));
  if (there && there->created_at < wanted.created_at - kRequestIdLifetime) {
    RESCUE_TRY(const auto purged, ids::purge(tx, wanted.created_at - kRequestIdLifetime));
    static_cast<void>(purged);
    there.reset();
  }
  if (!there) {
    RESCUE_CHECK(ids::insert(tx, wanted));
    return Found{true, {}};
  }
  if (there->operation != wanted.operation || there->body_hash != wanted.body_hash)
    return base::fail(directory::Errc::request_id_reused, wanted.request_id);
  if (there->status > claims::kCarriedOut) return Found{false, std::move(there)};
  const auto stale = wanted.created_at - kClaimLifetime;
  if (there->status == claims::kCarriedOut && there->created_at < stale)
    return base::fail(base::Errc::conflict,
                      "the request was carried out, but its answer is lost; look, and use a new id");
  RESCUE_TRY(const bool taken,
             claims::take_over(tx, wanted.user, wanted.request_id, wanted.answer, stale, wanted.created_at));
  if (!taken) return base::fail(Errc::unavailable, "the first request with this id is still under way");
  return Found{true, {}};
}

}  // namespace

base::Result<Once::Begun> Once::begin(Services& s, const Route& route, const Call& call) {
  const auto id = call.request.headers.get(kHeader);
  if (!id || !call.principal || route.method == net::Method::get) return Begun{};
  if (!is_request_id(*id))
    return base::fail(base::Errc::invalid_argument, "header Idempotency-Key: 1 to 128 printable ASCII characters");
  store::RequestId wanted;
  wanted.user = call.who().id;
  wanted.request_id = std::string(*id);
  wanted.operation = std::string(route.operation);
  wanted.body_hash = hash_of(s, call.request);
  wanted.status = claims::kClaimed;
  wanted.answer = base::Guid::random(s.random).text();
  wanted.created_at = call.now;
  RESCUE_TRY(auto found, s.store->write_now([&](store::Transaction& tx) { return claim(tx, wanted); }));
  Begun out;
  if (found.claimed) {
    out.claim.reset(new Once(s, wanted.user, wanted.request_id, wanted.answer));
  } else {
    RESCUE_TRY(out.replay, replay_of(s, *found.answered));
  }
  return out;
}

Once::Once(Services& s, base::Guid user, std::string id, std::string token)
    : s_(s), user_(user), id_(std::move(id)), token_(std::move(token)) {
  mark_.emplace([this](store::Transaction& tx) { return claims::carried_out(tx, user_, id_, token_); });
}

Once::~Once() {
  mark_.reset();
  if (open_) release();
}

void Once::release() {
  open_ = false;
  const auto done =
      s_.store->write_now([&](store::Transaction& tx) { return claims::release(tx, user_, id_, token_); });
  if (!done) warn("request id was not released", done.error());
}

void Once::finish(const net::HttpResponse& response, bool changed_nothing) {
  mark_.reset();
  open_ = false;
  if (changed_nothing) {
    const auto forgotten =
        s_.store->write_now([&](store::Transaction& tx) { return claims::forget(tx, user_, id_, token_); });
    if (!forgotten) warn("request id was not forgotten", forgotten.error());
    return;
  }
  const auto sealed = sealer(s_).seal(base::as_bytes(response.body), context_of(user_, id_), s_.random);
  if (!sealed) return;
  const auto answer = base::to_base64url(*sealed);
  const auto done = s_.store->write_now([&](store::Transaction& tx) -> base::Result<> {
    if (!response.ok()) {
      // Nothing was carried out for most failed requests: those may come again.
      RESCUE_CHECK(claims::release(tx, user_, id_, token_));
      RESCUE_TRY(const auto left, ids::find(tx, user_, id_));
      if (!left) return {};
    }
    return claims::answered(tx, user_, id_, token_, response.status, answer);
  });
  // The change itself is stored and marked: a retry is told so, and does not repeat it.
  if (!done) warn("answer to a request id was not kept", done.error());
}

}  // namespace rescue::broker
