// SPDX-License-Identifier: Apache-2.0
// HTTP over a socket of this machine: who may come, and what is known of who did.
#include "net/local_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "loopback.hpp"
#include "support/temp_dir.hpp"

namespace rescue::net {
namespace {
namespace fs = std::filesystem;
using rescue::test::TempDir;
using test::awaitable;

awaitable<HttpResponse> who(HttpRequest& r) {
  const auto text = r.local_peer ? fmt::format("uid={} pid={}", r.local_peer->uid, r.local_peer->pid) : "nobody";
  co_return HttpResponse::text(200, text + (r.secure ? " secure" : ""));
}

std::shared_ptr<Router> sample() {
  auto r = std::make_shared<Router>();
  r->http(Method::get, "/who", who);
  return r;
}

HttpServerOptions at(const fs::path& path) {
  HttpServerOptions out;
  out.listen_local = path.string();
  return out;
}

awaitable<void> expect_answer(IoContext& context, const fs::path& path) {
  const auto origin = Origin::parse("unix:" + path.string());
  CO_ASSERT(origin);
  HttpClient client(context.executor(), *origin, HttpClientOptions());
  for (int i = 0; i < 2; ++i) {  // the second on the same connection
    const auto answer = co_await client.send(ClientRequest(Method::get, "/who"));
    CO_ASSERT(answer, answer.error().message());
    EXPECT_EQ(answer->body, fmt::format("uid={} pid={}", ::getuid(), ::getpid()));
  }
}

TEST(LocalSocket, TellsWhoIsAtTheOtherEnd) {
  const TempDir dir;
  const auto path = dir.path() / "s.sock";
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    test::TestServer server(context, sample(), at(path), false);
    struct stat made {};
    EXPECT_EQ(::stat(path.c_str(), &made), 0);
    EXPECT_EQ(made.st_mode & 0777U, 0600U) << "nobody but the owner and root connects";
    co_await expect_answer(context, path);
    co_await server.stop();
  };
  test::run(context, body);
  EXPECT_FALSE(fs::exists(path)) << "the path goes with the server";
}

TEST(LocalSocket, TcpClientsAreNobodyOfThisMachine) {
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    test::TestServer server(context, sample(), {}, false);
    const auto answer = co_await test::raw_exchange(server.server->local(),
                                                    "GET /who HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(answer.ends_with("nobody")) << answer;
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(LocalSocket, APathMayBeLongerThanItsAddress) {
  const TempDir dir;
  const auto folder = dir.path() / std::string(150, 'x');
  fs::create_directory(folder);
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    test::TestServer server(context, sample(), at(folder / "s.sock"), false);
    co_await expect_answer(context, folder / "s.sock");
    co_await server.stop();
  };
  test::run(context, body);
}

TEST(LocalSocket, ReplacesWhatADeadProgramLeftAndNothingElse) {
  const TempDir dir;
  const auto path = (dir.path() / "s.sock").string();
  const int first = listen_local(path).value();
  EXPECT_EQ(listen_local(path).error().code, base::Errc::conflict) << "somebody listens";
  ::close(first);
  const auto second = listen_local(path);
  ASSERT_TRUE(second) << second.error().message();
  ::close(*second);
  const auto file = (dir.path() / "file").string();
  std::ofstream(file) << "kept";
  EXPECT_EQ(listen_local(file).error().code, base::Errc::conflict);
  EXPECT_EQ(fs::file_size(file), 4U);
  EXPECT_FALSE(listen_local((dir.path() / "none" / "s.sock").string()));
  EXPECT_FALSE(listen_local(""));
}

TEST(LocalSocket, SaysWhyItCannotBeReached) {
  const TempDir dir;
  IoContext context;
  const auto body = [&]() -> awaitable<void> {
    const auto nothing = connect_local(context.executor(), (dir.path() / "none.sock").string());
    CO_ASSERT(!nothing);
    EXPECT_EQ(nothing.error().code, base::Errc::unreachable);
    EXPECT_NE(nothing.error().message().find("none.sock"), std::string::npos) << nothing.error().message();
    co_return;
  };
  test::run(context, body);
  EXPECT_EQ(local_peer(STDIN_FILENO).error().code, base::Errc::unsupported);
}

TEST(Origin, NamesASocketByItsAbsolutePath) {
  const auto origin = Origin::parse("unix:/run/rescue/admin.sock").value();
  EXPECT_EQ(origin.local, "/run/rescue/admin.sock");
  EXPECT_FALSE(origin.secure);
  EXPECT_EQ(origin.text(), "unix:/run/rescue/admin.sock");
  EXPECT_EQ(origin.host_header(), "localhost");
  for (const auto* bad : {"unix:", "unix:/", "unix:relative.sock"}) EXPECT_FALSE(Origin::parse(bad)) << bad;
}

}  // namespace
}  // namespace rescue::net
