// SPDX-License-Identifier: Apache-2.0
#include "store/request_claims.hpp"

#include "store/impl/sqlite.hpp"

namespace rescue::store::request_claims {
namespace {

base::Result<> one(base::Result<std::uint64_t> rows, std::string_view id) {
  if (!rows) return base::fail(std::move(rows).error());
  if (*rows == 0) return base::fail(base::Errc::conflict, "request id '" + std::string(id) + "' was taken over");
  return {};
}

}  // namespace

base::Result<bool> take_over(Transaction& tx, const base::Guid& user, std::string_view id, std::string_view token,
                             base::WallTime before, base::WallTime now) {
  RESCUE_TRY(const auto rows, impl::run(tx.connection(),
                                        "UPDATE request_ids SET answer=?3, created_at=?5 WHERE user_id=?1 AND "
                                        "request_id=?2 AND status=0 AND created_at < ?4",
                                        user, id, token, before, now));
  return rows > 0;
}

base::Result<> carried_out(Transaction& tx, const base::Guid& user, std::string_view id, std::string_view token) {
  return one(impl::run(tx.connection(),
                       "UPDATE request_ids SET status=1 WHERE user_id=?1 AND request_id=?2 AND answer=?3 AND status IN "
                       "(0, 1)",
                       user, id, token),
             id);
}

base::Result<> answered(Transaction& tx, const base::Guid& user, std::string_view id, std::string_view token,
                        std::uint32_t status, std::string_view answer) {
  return one(impl::run(tx.connection(),
                       "UPDATE request_ids SET status=?4, answer=?5 WHERE user_id=?1 AND request_id=?2 AND answer=?3 "
                       "AND status IN (0, 1)",
                       user, id, token, status, answer),
             id);
}

base::Result<> release(Transaction& tx, const base::Guid& user, std::string_view id, std::string_view token) {
  auto rows =
      impl::run(tx.connection(), "DELETE FROM request_ids WHERE user_id=? AND request_id=? AND answer=? AND status=0",
                user, id, token);
  if (!rows) return base::fail(std::move(rows).error());
  return {};
}

base::Result<> forget(Transaction& tx, const base::Guid& user, std::string_view id, std::string_view token) {
  auto rows = impl::run(tx.connection(),
                        "DELETE FROM request_ids WHERE user_id=? AND request_id=? AND answer=? AND status IN (0, 1)",
                        user, id, token);
  if (!rows) return base::fail(std::move(rows).error());
  return {};
}

}  // namespace rescue::store::request_claims
