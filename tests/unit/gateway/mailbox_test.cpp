// SPDX-License-Identifier: Apache-2.0
#include "daemons/gateway/mailbox.hpp"

#include <gtest/gtest.h>
#include <poll.h>

namespace rescue::gateway {
namespace {

bool is_raised(const Mailbox& box) {
  pollfd p{box.fd(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 1;
}

TEST(Mailbox, WakesItsReaderForOthersOnly) {
  Mailbox box;
  box.read_here();
  int done = 0;
  box.post([&](Loop*) { done += 1; });
  EXPECT_FALSE(is_raised(box));
  EXPECT_TRUE(box.has_own());
  std::thread([&] { box.post([&](Loop*) { done += 10; }); }).join();
  EXPECT_TRUE(is_raised(box));
  for (auto& task : box.take()) task(nullptr);
  EXPECT_EQ(done, 11);  // both, in one go
  EXPECT_FALSE(box.has_own());
  box.lower_flag();
  EXPECT_FALSE(is_raised(box));
}

TEST(Mailbox, BeforeItHasAReaderAndAfterItsEnd) {
  Mailbox box;
  box.post([](Loop*) {});
  EXPECT_TRUE(is_raised(box));
  EXPECT_EQ(box.take().size(), 1U);
  box.close();
  box.post([](Loop*) { FAIL(); });
  EXPECT_TRUE(box.take().empty());
}

}  // namespace
}  // namespace rescue::gateway
