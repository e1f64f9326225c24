// SPDX-License-Identifier: Apache-2.0
// A client that nobody here wrote.
#include <array>
#include <cstdio>
#include <fstream>
#include <future>

#include "loopback.hpp"
#include "support/temp_dir.hpp"

namespace rescue::net {

using namespace std::chrono_literals;
using test::awaitable;
using test::TestServer;

namespace {

std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::array<char, 4096> chunk{};
  for (std::size_t n = 0; (n = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) out.append(chunk.data(), n);
  ::pclose(pipe);
  return out;
}

awaitable<HttpResponse> length(HttpRequest& r) { co_return HttpResponse::text(200, std::to_string(r.body.size())); }

awaitable<HttpResponse> three_events(HttpRequest&, EventStream& stream) {
  (void)co_await stream.open();
  for (const auto* text : {"one", "two", "three"}) stream.sink()->send(ServerEvent("", "", text));
  stream.sink()->close();
  co_await stream.run();
  co_return HttpResponse(200);
}

}  // namespace

TEST(Curl, SpeaksWithOurServer) {
  ASSERT_FALSE(output_of("command -v curl").empty()) << "curl is not installed: ./dev setup";
  const rescue::test::TempDir dir;
  std::ofstream(dir / "ca.pem") << test::Site::get().ca_pem();
  std::ofstream(dir / "body") << std::string(700'000, 'x');
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    auto router = std::make_shared<Router>();
    router->http(Method::post, "/length", length);
    router->events("/events", three_events);
    TestServer server(context, router);
    const auto url = server.origin().text();
    const auto curl = "curl -sS --noproxy '*' --max-time 30 --cacert " + (dir / "ca.pem").string() + " ";
    const auto run = [&](const std::string& arguments) -> awaitable<std::string> {
      auto job = std::async(std::launch::async, output_of, curl + arguments + " 2>&1");
      while (job.wait_for(0s) != std::future_status::ready) {
        auto nap = sleep_for(2ms);
        (void)co_await std::move(nap);
      }
      co_return job.get();
    };
    const auto file = " --data-binary @" + (dir / "body").string() + " ";
    EXPECT_EQ(co_await run(file + url + "/length"), "700000");
    EXPECT_EQ(co_await run("-H 'Transfer-Encoding: chunked'" + file + url + "/length"), "700000");
    EXPECT_EQ(co_await run("-N " + url + "/events"), "data: one\n\ndata: two\n\ndata: three\n\n");
    // Two requests on one connection.
    EXPECT_EQ(co_await run("-d ab " + url + "/length " + url + "/length -w '|%{num_connects}|'"), "2|1|2|0|");
    EXPECT_EQ(co_await run("-o /dev/null -w '%{http_code}' " + url + "/none"), "404");
    const auto untrusted =
        co_await run("--cacert /etc/ssl/certs/ca-certificates.crt -o /dev/null -w '%{http_code}' " + url + "/length");
    EXPECT_TRUE(untrusted.starts_with("000") || untrusted.starts_with("curl: (")) << untrusted;
    co_await server.stop();
  };
  test::run(context, body);
}

}  // namespace rescue::net
