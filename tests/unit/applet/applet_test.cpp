// SPDX-License-Identifier: Apache-2.0
// The program as a whole, headless, against a site and a gateway in the test's process.
#include <algorithm>
#include <fstream>

#include "applet/core/applet.hpp"
#include "unit/applet/fake_site.hpp"

namespace rescue::applet {
namespace {
using test::FakeSite;
using test::HeadlessApplet;
using test::play;
using wire::Permission;
using namespace std::chrono_literals;
using boost::asio::awaitable;
namespace peer_test = rescue::peer::test;

constexpr auto kYes = R"({"prompts":[{"answer":"yes"}],"chat":[{"contains":"hello","reply":"hi, help me"}],
  "desktop":{"displays":[{"width":320,"height":200}],"period":"20ms"}})";

// A console with a key and a grant, on the test's strand.
struct Technician {
  Technician(FakeSite& site, std::uint64_t generation = 1)
      : identity(peer_test::World::identity()), tasks(site.context.executor()) {
    site.grant(identity, generation);
    host = std::make_unique<peer_test::ConsoleHost>(site.context, site.world, identity, site.gateways(), *site.bound);
    host->start(tasks);
  }
  session::Now now() const { return session::Now::of(base::system_clock()); }
  session::ConsoleSession& core() { return *host->core; }
  awaitable<void> stop() {
    host->peer->stop();
    auto stopping = tasks.stop(100ms);
    co_await std::move(stopping);
  }
  crypto::SessionIdentity identity;
  net::TaskGroup tasks;
  std::unique_ptr<peer_test::ConsoleHost> host;
};

bool contains(const std::vector<std::string>& all, std::string_view what) {
  return std::ranges::find(all, what) != all.end();
}

TEST(Applet, FromThePinToTheEndWithEveryLogEventOnce) {
  net::IoContext context;
  FakeSite site(context);
  base::SeededRandom chance(4);  // three of the six answers are lost after the events were stored
  int faults = 0;
  site.log_fault = [&] {
    if (faults >= 6) return FakeSite::LogFault::none;
    ++faults;
    return chance.below(2) == 0 ? FakeSite::LogFault::refuse : FakeSite::LogFault::lose_answer;
  };
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, kYes);
    CO_EVENTUALLY(site.changed, site.sink != nullptr);
    CO_ASSERT(site.sink);
    Technician ada(site);
    CO_EVENTUALLY(ada.host->changed, ada.host->linked());
    EXPECT_TRUE(ada.core().chat("Hello?", ada.now()));
    ada.host->peer->kick();
    CO_EVENTUALLY(site.changed, applet.said("user", "chat", "hi, help me"));
    EXPECT_TRUE(ada.core().ask(Permission::remote_control, ada.now()));
    ada.host->peer->kick();
    CO_EVENTUALLY(ada.host->changed, ada.core().state(Permission::remote_control) == session::ConsentState::granted);
    EXPECT_TRUE(ada.core().start_control(ada.now()));
    ada.host->peer->kick();
    CO_EVENTUALLY(ada.host->changed, ada.core().controlling() && !ada.core().control_held());
    EXPECT_TRUE(ada.core().type_text("fixed", ada.now()));
    ada.host->peer->kick();
    CO_EVENTUALLY(site.changed, applet.said("desktop", "text", "\"value\":\"fixed\""));
    EXPECT_TRUE(applet.said("user", "prompt", "\"permissions\":\"remote_control\""));
    EXPECT_TRUE(applet.said("user", "person", "\"email\":\"ada@example.test\""));
    site.send("close", R"({"by":"technician","reason":"solved"})");
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    EXPECT_EQ(applet.exit_code(), 0);
    EXPECT_TRUE(applet.said("user", "ended", "closed by the technician: solved"));
    for (const auto* event : {"connection.registered", "connection.waiting", "sign_in.accepted", "consent.granted",
                              "control.started", "control.ended", "sign_in.ended", "session.ended"})
      EXPECT_FALSE(applet.machine_log(event).empty()) << event << " is not in the machine's own log";
    for (const auto* event :
         {"sign_in.accepted", "consent.granted", "control.started", "control.ended", "sign_in.ended"})
      for (const auto& line : applet.machine_log(event))
        EXPECT_NE(line.find("technician=\"ada@example.test\""), std::string::npos) << line;
    EXPECT_NE(applet.machine_log("session.ended").at(0).find("solved"), std::string::npos) << "and why";
    EXPECT_TRUE(applet.machine_log("sign_in.refused").empty());
    auto leaving = ada.stop();
    co_await std::move(leaving);
  };
  play(site, body);
  EXPECT_GT(faults, 3);
  EXPECT_GT(site.repeated, 0) << "the test met a lost answer";
  for (std::uint64_t n = 1; n <= site.stored.size(); ++n) EXPECT_TRUE(site.stored.contains(n)) << "gap at " << n;
  const auto types = site.types();
  for (const auto* type : {"transport.changed", "link.up", "chat.message", "consent.asked", "consent.granted",
                           "control.started", "control.ended"})
    EXPECT_TRUE(contains(types, type)) << type;
  EXPECT_EQ(std::ranges::count(types, "chat.message"), 2);
  EXPECT_EQ(std::ranges::count(types, "consent.granted"), 1);
}

TEST(Applet, TheUserEndsAndTheSiteIsTold) {
  net::IoContext context;
  FakeSite site(context);
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, R"({"steps":[{"when":"helped","after":"50ms","do":"end"}]})");
    CO_EVENTUALLY(site.changed, site.sink != nullptr);
    CO_ASSERT(site.sink);
    Technician ada(site);
    CO_EVENTUALLY(ada.host->changed, ada.host->ended);
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    EXPECT_EQ(applet.exit_code(), 0);
    EXPECT_EQ(site.ended_reason, "ended by the user");
    EXPECT_TRUE(contains(site.types(), "link.down") || contains(site.types(), "link.up"));
    auto leaving = ada.stop();
    co_await std::move(leaving);
  };
  play(site, body);
}

TEST(Applet, WhoeverTheSiteNoLongerNamesIsOut) {
  net::IoContext context;
  FakeSite site(context);
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, kYes);
    CO_EVENTUALLY(site.changed, site.sink != nullptr);
    CO_ASSERT(site.sink);
    Technician ada(site);
    CO_EVENTUALLY(ada.host->changed, ada.host->linked());
    // The site comes back without this technician: revoked while it was away.
    site.sink->close();
    CO_EVENTUALLY(site.changed, site.streams == 2);
    CO_EVENTUALLY(ada.host->changed, ada.host->ended);
    CO_EVENTUALLY(site.changed, applet.said("user", "person gone", ""));
    site.send("close", R"({"by":"broker","reason":""})");
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    auto leaving = ada.stop();
    co_await std::move(leaving);
  };
  play(site, body);
}

TEST(Applet, ASessionGoesOnWhileTheSiteIsAway) {
  net::IoContext context;
  FakeSite site(context);
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, kYes);
    CO_EVENTUALLY(site.changed, site.sink != nullptr);
    CO_ASSERT(site.sink);
    Technician ada(site);
    CO_EVENTUALLY(ada.host->changed, ada.host->linked());
    bool away = true;
    site.log_fault = [&] { return away ? FakeSite::LogFault::refuse : FakeSite::LogFault::none; };
    EXPECT_TRUE(ada.core().chat("hello while the site is away", ada.now()));
    ada.host->peer->kick();
    CO_EVENTUALLY(site.changed, applet.said("user", "chat", "hi, help me"));
    EXPECT_FALSE(contains(site.types(), "chat.message"));
    away = false;
    CO_EVENTUALLY(site.changed, std::ranges::count(site.types(), "chat.message") == 2);
    site.synced = {site.world.technician};
    site.sink->close();
    CO_EVENTUALLY(site.changed, site.streams == 2);
    EXPECT_TRUE(ada.core().chat("still hello?", ada.now()));
    ada.host->peer->kick();
    CO_EVENTUALLY(site.changed, applet.said("user", "chat", "still hello?"));
    EXPECT_FALSE(ada.host->ended);
    site.send("close", R"({"by":"technician","reason":""})");
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    auto leaving = ada.stop();
    co_await std::move(leaving);
  };
  play(site, body);
}

TEST(Applet, RefusesAGrantThatTheSiteDidNotSign) {
  net::IoContext context;
  FakeSite site(context);
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, kYes);
    CO_EVENTUALLY(site.changed, site.sink != nullptr);
    CO_ASSERT(site.sink);
    const auto honest = site.world.token_key;
    site.world.token_key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
    Technician mallory(site);
    CO_EVENTUALLY(site.changed, contains(site.types(), "alert"));
    EXPECT_FALSE(mallory.host->linked());
    EXPECT_TRUE(applet.lines("applet", "a technician is here").empty());
    site.world.token_key = honest;
    site.send("close", R"({"by":"broker","reason":""})");
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    EXPECT_FALSE(applet.machine_log("sign_in.refused").empty()) << "the machine's own log tells of it";
    EXPECT_TRUE(applet.machine_log("sign_in.accepted").empty());
    auto leaving = mallory.stop();
    co_await std::move(leaving);
  };
  play(site, body);
}

TEST(Applet, ShowsHoldTransferAndWhoTakesPart) {
  net::IoContext context;
  FakeSite site(context);
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, kYes);
    CO_EVENTUALLY(site.changed, site.sink != nullptr);
    CO_ASSERT(site.sink);
    site.send("people", R"({"technicians":[{"name":"Ada","email":"ada@x"},{"name":"Bob","email":"bob@x"}]})");
    CO_EVENTUALLY(site.changed, applet.said("user", "standing", R"("people":"ada@x bob@x")"));
    site.send("state", R"({"state":"on_hold","technician":{"name":"Ada","email":"ada@x"},"to":""})");
    CO_EVENTUALLY(site.changed, applet.said("user", "standing", R"("state":"on_hold")"));
    site.send("state", R"({"state":"transferring","technician":{"name":"Ada","email":"ada@x"},"to":"Bob"})");
    CO_EVENTUALLY(site.changed, applet.said("user", "standing", R"("to":"Bob")"));
    site.send("state", R"({"state":"transferring","technician":{"name":"Ada","email":"ada@x"},"to":"Bob"})");
    site.send("close", R"({"by":"broker","reason":""})");
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    EXPECT_EQ(applet.lines("user", "standing").size(), 3u) << "what did not change is not told again";
    EXPECT_EQ(applet.machine_log("session.on_hold").size(), 1u);
    EXPECT_EQ(applet.machine_log("session.transferring").size(), 1u);
  };
  play(site, body);
}

struct Refusal {
  unsigned pin_status;
  const char* pin_error;
  unsigned register_status;
  const char* register_error;
  int exit;
  const char* name;
};
class AppletIsRefused : public testing::TestWithParam<Refusal> {};
INSTANTIATE_TEST_SUITE_P(ByTheSite, AppletIsRefused,
                         testing::Values(Refusal{404, "PIN_UNKNOWN", 200, "", 6, "PIN_UNKNOWN"},
                                         Refusal{410, "PIN_EXPIRED", 200, "", 8, "PIN_EXPIRED"},
                                         Refusal{409, "PIN_SPENT", 200, "", 7, "PIN_SPENT"},
                                         Refusal{429, "RATE_LIMITED", 200, "", 5, "RATE_LIMITED"},
                                         Refusal{200, "", 409, "KEY_ALREADY_BOUND", 7, "KEY_ALREADY_BOUND"},
                                         Refusal{200, "", 404, "GUID_UNKNOWN", 6, "SESSION_NOT_FOUND"}),
                         [](const auto& i) { return std::string(i.param.name); });

TEST_P(AppletIsRefused, AndSaysWhy) {
  net::IoContext context;
  FakeSite site(context);
  const auto& p = GetParam();
  site.pin_status = p.pin_status;
  site.pin_error = p.pin_error;
  site.register_status = p.register_status;
  site.register_error = p.register_error;
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, kYes);
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    EXPECT_EQ(applet.exit_code(), p.exit);
    EXPECT_TRUE(applet.said("applet", "failed", std::string("\"error\":\"") + p.name + "\""));
    EXPECT_TRUE(applet.said("applet", "failed", site.server.origin().text())) << "it names the site";
    EXPECT_FALSE(applet.lines("user", "ended").empty()) << "the user is told";
  };
  play(site, body);
}

TEST(Applet, DoesNotTalkToASiteWithAnotherKey) {
  net::IoContext context;
  FakeSite site(context);
  const auto body = [&]() -> awaitable<void> {
    HeadlessApplet applet(site, kYes, {"--ca-pin", std::string(64, 'b')});
    CO_EVENTUALLY(site.changed, applet.exit_code().has_value());
    EXPECT_EQ(applet.exit_code(), 10);
    EXPECT_FALSE(site.bound);
  };
  play(site, body);
}

TEST(SiteEvents, AreReadStrictly) {
  EXPECT_FALSE(read_site_event("ping", "nonsense").value());
  EXPECT_FALSE(read_site_event("of a later version", "{}").value());
  EXPECT_EQ(std::get<SiteClose>(*read_site_event("close", R"({"by":"user","reason":"x"})").value()).by, "user");
  EXPECT_EQ(std::get<SiteGrant>(*read_site_event("grant", R"({"grant":"AQID"})").value()).envelope,
            (base::Bytes{1, 2, 3}));
  for (const auto& [type, data] : std::vector<std::pair<std::string, std::string>>{
           {"grant", "{}"},
           {"grant", R"({"grant":"a+b"})"},
           {"grant", "["},
           {"revoke", R"({"technician":"x"})"},
           {"synced", R"({"technicians":[1]})"},
           {"synced", "{}"},
           {"gateways", R"({"gateways":[{}]})"},
           {"gateways", R"({"gateways":[{"id":"a","name":"b","host":"c","fingerprint":"d","port":70000}]})"},
           {"close", "[]"},
           {"close", std::string(100'000, '[')}})
    EXPECT_FALSE(read_site_event(type, data)) << type << ' ' << data.substr(0, 60);
}

TEST(SiteTrust, IsThePinOfTheInviteUnlessTheBrokerHasACertificateOfAnotherAuthority) {
  crypto::Invite invite;
  invite.ca_pin = crypto::sha256(base::as_bytes("site"));
  Options told;
  told.ca_file = "/authority.pem";
  EXPECT_EQ(site_trust(invite, told).value(), crypto::ServerTrust(crypto::TrustPin{invite.ca_pin}));
  EXPECT_EQ(site_trust(invite, Options()).value(), crypto::ServerTrust(crypto::TrustPin{invite.ca_pin}));
  invite.broker_trust = crypto::BrokerTrust::system;
  EXPECT_EQ(site_trust(invite, told).value(), crypto::ServerTrust(crypto::TrustCaFile{told.ca_file}));
  EXPECT_EQ(site_trust(invite, Options()).value(), crypto::ServerTrust(crypto::TrustSystem{}));
}

TEST(InviteFile, IsTextOrBytesAndNothingElse) {
  test::TempDir dir;
  auto write = [&](const char* name, const std::string& text) {
    std::ofstream(dir / name, std::ios::binary) << text;
    return dir / name;
  };
  EXPECT_EQ(read_invite_file(write("text", "AQID\n")).value(), (base::Bytes{1, 2, 3}));
  EXPECT_EQ(base::as_text(read_invite_file(write("raw", "RSG1xyz")).value()), "RSG1xyz");
  EXPECT_EQ(read_invite_file(write("bad", "not an invite!")).error().code, base::Errc::bad_format);
  EXPECT_EQ(read_invite_file(write("big", std::string(10'000, 'A'))).error().code, base::Errc::too_large);
  EXPECT_EQ(read_invite_file(dir / "none").error().code, base::Errc::not_found);
}

}  // namespace
}  // namespace rescue::applet
