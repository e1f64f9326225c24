// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/loopback.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <sstream>

#include <fmt/format.h>

namespace rescue::program {
namespace {
using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class LoopbackTest : public ::testing::Test {
 protected:
  LoopbackTest() : loopback_(std::move(*Loopback::open(random_))) {}
  /// Waits in another thread, as the command does.
  std::future<base::Result<Arrival>> waiting(int typed = -1, std::chrono::milliseconds patience = 60s) {
    return std::async(std::launch::async, [this, typed, patience] {
      return loopback_.wait(std::chrono::steady_clock::now() + patience, typed, complaints_);
    });
  }
  client::Descriptor connect() const {
    client::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(loopback_.port());
    const timeval patience{30, 0};  // who is not answered must not wait for ever
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  std::string ask(const std::string& head) const {
    const auto fd = connect();
    // Who is turned away in the middle of a long one gets rid of a part of it, or of nothing.
    const auto sent = ::send(fd.get(), head.data(), head.size(), MSG_NOSIGNAL);
    if (head.size() <= 4096) {
      EXPECT_EQ(sent, static_cast<ssize_t>(head.size()));
    }
    std::string out;
    char buffer[1024];
    for (ssize_t n = 0; (n = ::recv(fd.get(), buffer, sizeof buffer, 0)) > 0;)
      out.append(buffer, static_cast<std::size_t>(n));
    return out;
  }
  std::string get(const std::string& target, const std::string& host = "", const std::string& method = "GET") const {
    const auto named = host.empty() ? fmt::format("127.0.0.1:{}", loopback_.port()) : host;
    return ask(fmt::format("{} {} HTTP/1.1\r\nAccept: */*\r\nHost: {}\r\n\r\n", method, target, named));
  }
  static std::string code_of(std::future<base::Result<Arrival>>& arrival) {
    const auto got = arrival.get();
    return got ? got->code : got.error().message();
  }
  std::string path() const { return "/" + loopback_.secret(); }

  base::SeededRandom random_{7};
  Loopback loopback_;
  std::ostringstream complaints_;
};

TEST_F(LoopbackTest, TakesTheCodeThatTheBrowserBrings) {
  auto arrival = waiting();
  const auto page = get(path() + "?code=K7QF-9XTM-2HVR");
  EXPECT_THAT(page, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(page, HasSubstr("Back to the terminal"));
  EXPECT_THAT(page, HasSubstr("Content-Security-Policy: default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("Cache-Control: no-store"));
  EXPECT_EQ(code_of(arrival), "K7QF-9XTM-2HVR");
}

TEST_F(LoopbackTest, TakesARefusal) {
  auto arrival = waiting();
  get(path() + "?error=ACCOUNT_DISABLED");
  const auto got = arrival.get();
  ASSERT_TRUE(got);
  EXPECT_EQ(got->error, "ACCOUNT_DISABLED");
  EXPECT_EQ(got->code, "");
}

TEST_F(LoopbackTest, IsThereForNothingElse) {
  auto arrival = waiting();
  const auto wrong = [&](const std::string& answer) { EXPECT_THAT(answer, StartsWith("HTTP/1.1 404 ")); };
  wrong(get("/"));
  wrong(get("/favicon.ico"));
  wrong(get("/?code=AAAA-BBBB-CCCC"));
  wrong(get("/0123456789abcdefghijkl?code=AAAA-BBBB-CCCC"));
  wrong(get(path() + "x?code=AAAA-BBBB-CCCC"));
  wrong(get(path()));
  wrong(get(path() + "?code="));
  wrong(get(path() + "?code=a%0ab"));
  wrong(get(path() + "?code=A&error=B"));
  wrong(get(path() + "?code=AAAA-BBBB-CCCC", "", "POST"));
  wrong(get(path() + "?code=AAAA-BBBB-CCCC", "rebound.example.test"));
  wrong(get(path() + "?code=AAAA-BBBB-CCCC", "localhost:" + std::to_string(loopback_.port())));
  wrong(ask("GET " + path() + "?code=AAAA-BBBB-CCCC HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(arrival.wait_for(0s), std::future_status::timeout);
  get(path() + "?code=GOOD");
  EXPECT_EQ(code_of(arrival), "GOOD");
}

TEST_F(LoopbackTest, IdleAndEndlessVisitorsStopNobody) {
  auto arrival = waiting();
  std::vector<client::Descriptor> idle;
  for (int i = 0; i < 40; ++i) idle.push_back(connect());
  EXPECT_EQ(ask(std::string(64 * 1024, 'x')), "");
  get(path() + "?code=GOOD");
  EXPECT_EQ(code_of(arrival), "GOOD");
}

TEST_F(LoopbackTest, TakesWhatIsTypedOrPasted) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const client::Descriptor in(ends[0]), out(ends[1]);
  auto arrival = waiting(in.get());
  const auto type = [&](std::string_view line) { EXPECT_GT(::write(out.get(), line.data(), line.size()), 0); };
  type("what code?!\n");
  type("http://127.0.0.1:4711/abc?code=K7QF-9XTM-2HVR\n");
  EXPECT_EQ(code_of(arrival), "K7QF-9XTM-2HVR");
  EXPECT_THAT(complaints_.str(), HasSubstr("no code"));
}

TEST_F(LoopbackTest, TheEndOfStandardInputIsNotTheEnd) {
  const client::Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  auto arrival = waiting(nothing.get());
  get(path() + "?code=GOOD");
  EXPECT_EQ(code_of(arrival), "GOOD");
}

TEST_F(LoopbackTest, GivesUpAtTheDeadline) { EXPECT_EQ(waiting(-1, 10ms).get().error().code, base::Errc::timed_out); }

TEST(ReadArrival, KnowsCodesAndAddresses) {
  EXPECT_EQ(read_arrival("  k7qf 9xtm-2hvr ")->code, "k7qf9xtm-2hvr");
  EXPECT_EQ(read_arrival("http://127.0.0.1:1/x?error=DENIED")->error, "DENIED");
  for (const auto* no : {"", "   ", "a b!", "http://127.0.0.1:1/x?other=1", "?code=%zz"})
    EXPECT_FALSE(read_arrival(no)) << no;
  EXPECT_FALSE(read_arrival(std::string(65, 'a')));
}

}  // namespace
}  // namespace rescue::program
