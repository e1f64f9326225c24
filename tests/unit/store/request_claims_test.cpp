// SPDX-License-Identifier: Apache-2.0
#include "store/request_claims.hpp"

#include "support.hpp"

namespace rescue::store {
namespace {
using namespace std::chrono_literals;

class RequestClaims : public StoreTest {
 protected:
  void SetUp() override {
    StoreTest::SetUp();
    RequestId row{user, "job-1", "createUser", base::Bytes(32, 1), request_claims::kClaimed, "mine", kNow};
    EXPECT_OK(write([&](Transaction& tx) { return request_ids::insert(tx, row); }));
  }
  std::optional<RequestId> row() {
    return ok_value(store_->read_now([&](ReadTransaction& tx) { return request_ids::find(tx, user, "job-1"); }));
  }
  base::Result<bool> take_over(std::string_view token, base::WallTime before) {
    return write(
        [&](Transaction& tx) { return request_claims::take_over(tx, user, "job-1", token, before, kNow + 5min); });
  }
  base::Result<> carried_out(std::string_view token) {
    return write([&](Transaction& tx) { return request_claims::carried_out(tx, user, "job-1", token); });
  }
  base::Result<> answered(std::string_view token) {
    return write([&](Transaction& tx) { return request_claims::answered(tx, user, "job-1", token, 201, "sealed"); });
  }
  base::Result<> release(std::string_view token) {
    return write([&](Transaction& tx) { return request_claims::release(tx, user, "job-1", token); });
  }
  base::Guid user = base::Guid::random(base::system_random());
};

TEST_F(RequestClaims, GoFromClaimedOverCarriedOutToAnswered) {
  EXPECT_OK(carried_out("mine"));
  EXPECT_OK(carried_out("mine")) << "a request may have several mutations";
  EXPECT_EQ(row()->status, request_claims::kCarriedOut);
  EXPECT_OK(answered("mine"));
  EXPECT_EQ(row()->status, 201U);
  EXPECT_EQ(row()->answer, "sealed");
  EXPECT_CODE(carried_out("mine"), base::Errc::conflict) << "it is over";
}

TEST_F(RequestClaims, WhoseClaimWasTakenOverCommitsNothing) {
  EXPECT_FALSE(ok_value(take_over("theirs", kNow)));
  EXPECT_TRUE(ok_value(take_over("theirs", kNow + 1s)));
  EXPECT_CODE(carried_out("mine"), base::Errc::conflict);
  EXPECT_CODE(answered("mine"), base::Errc::conflict);
  EXPECT_OK(release("mine"));
  EXPECT_TRUE(row());
  EXPECT_OK(carried_out("theirs"));
  EXPECT_FALSE(ok_value(take_over("others", kNow + 1h))) << "carried out: nobody does it again";
}

TEST_F(RequestClaims, AreForgottenWhereNothingWasDone) {
  EXPECT_OK(release("theirs"));
  EXPECT_TRUE(row());
  EXPECT_OK(release("mine"));
  EXPECT_FALSE(row());
}

TEST_F(RequestClaims, StayOnceCarriedOutUnlessForgotten) {
  const auto forget = [&](std::string_view token) {
    return write([&](Transaction& tx) { return request_claims::forget(tx, user, "job-1", token); });
  };
  EXPECT_OK(carried_out("mine"));
  EXPECT_OK(release("mine"));
  EXPECT_OK(forget("theirs"));
  EXPECT_TRUE(row());
  EXPECT_OK(forget("mine"));
  EXPECT_FALSE(row());
}

}  // namespace
}  // namespace rescue::store
