// SPDX-License-Identifier: Apache-2.0
#include "unit/applet/fake_site.hpp"

#include <fstream>
#include <sstream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "applet/x_main.hpp"
#include "base/log.hpp"

namespace rescue::test {
namespace json = boost::json;
using namespace std::chrono_literals;

FakeSite::FakeSite(net::IoContext& c)
    : context(c), server(c, routes()), gateway(c, {world.token_key.public_key()}), changed(c.executor()) {}

void FakeSite::start() { gateway.start(); }

awaitable<void> FakeSite::stop() {
  if (sink) sink->close();
  auto first = server.stop(100ms);
  co_await std::move(first);
  auto second = gateway.stop();
  co_await std::move(second);
}

std::shared_ptr<net::Router> FakeSite::routes() {
  auto r = std::make_shared<net::Router>();
  using net::Method;
  r->http(Method::post, "/api/v1/pin", [this](net::HttpRequest& q) { return redeem(q); });
  r->http(Method::post, "/api/v1/applet/register", [this](net::HttpRequest& q) { return enrol(q); });
  r->http(Method::post, "/api/v1/applet/ticket", [this](net::HttpRequest& q) { return ticket(q); });
  r->http(Method::post, "/api/v1/applet/log", [this](net::HttpRequest& q) { return take_log(q); });
  r->http(Method::post, "/api/v1/applet/end", [this](net::HttpRequest& q) { return end(q); });
  r->events("/api/v1/applet/events", [this](net::HttpRequest& q, net::EventStream& s) { return events(q, s); });
  return r;
}

awaitable<net::HttpResponse> FakeSite::redeem(net::HttpRequest& request) {
  if (pin_status != 200)
    co_return net::HttpResponse::error(pin_status, pin_error, "not this PIN", false, request.request_id);
  crypto::Invite invite;
  invite.guid = world.guid;
  invite.broker_url = server.origin().text();
  invite.ca_pin = net::test::Site::get().pin();
  invite.token_keys.push_back(world.token_key.public_key());
  invite.organisation = "Example Support";
  invite.issued = base::system_clock().wall();
  invite.not_after = invite.issued + 1h;
  const auto envelope = crypto::make_invite(invite, world.token_key).value();
  co_return net::HttpResponse::json(200, fmt::format(R"({{"invite":"{}"}})", base::to_base64url(envelope)));
}

std::string FakeSite::ticket_json() const {
  crypto::Ticket t;
  t.serial = base::Guid::random(base::system_random());
  t.session = world.session;
  t.role = crypto::Role::applet;
  t.holder_spki = bound_key;
  t.guid_id = crypto::guid_id(world.guid.bytes());
  t.issued = base::system_clock().wall();
  t.not_after = t.issued + 1h;
  const auto envelope = crypto::make_ticket(t, world.token_key).value();
  const auto at = gateway.address().at;
  return fmt::format(
      R"("ticket":"{}","gateways":[{{"id":"g","name":"g","host":"{}","port":{},"fingerprint":"{}"}}],"gateway_ca_pin":"{}")",
      base::to_base64url(envelope), at.host, at.port, std::string(64, '0'), base::to_hex(net::test::Site::get().pin()));
}

awaitable<net::HttpResponse> FakeSite::enrol(net::HttpRequest& request) {
  if (register_status != 200)
    co_return net::HttpResponse::error(register_status, register_error, "not you", false, request.request_id);
  const auto hello = json::parse(request.body);
  EXPECT_EQ(hello.at("guid").as_string(), world.guid.text());
  if (!request.peer_fingerprint || (bound && *bound != *request.peer_fingerprint))
    co_return net::HttpResponse::error(409, "KEY_ALREADY_BOUND", "another key", false, request.request_id);
  bound = request.peer_fingerprint;
  bound_key = *request.peer_key;
  changed.notify();
  co_return net::HttpResponse::json(200, fmt::format(R"({{"session_id":"{}",{},"organisation":"Example Support"}})",
                                                     world.session.text(), ticket_json()));
}

awaitable<net::HttpResponse> FakeSite::ticket(net::HttpRequest&) {
  co_return net::HttpResponse::json(200, "{" + ticket_json() + "}");
}

awaitable<net::HttpResponse> FakeSite::take_log(net::HttpRequest& request) {
  EXPECT_EQ(request.peer_fingerprint, bound);
  const auto fault = log_fault ? log_fault() : LogFault::none;
  const auto unavailable = net::HttpResponse::error(503, "UNAVAILABLE", "later", true, request.request_id);
  if (fault == LogFault::refuse) co_return unavailable;
  const auto body = json::parse(request.body);
  for (const auto& v : body.at("events").as_array()) {
    const auto seq = static_cast<std::uint64_t>(v.at("seq").as_int64());
    auto text = json::serialize(v);
    const auto [at, fresh] = stored.emplace(seq, text);
    if (!fresh) ++repeated;
    EXPECT_EQ(at->second, text) << "one number names two events";
  }
  changed.notify();
  if (fault == LogFault::lose_answer) co_return unavailable;
  std::uint64_t through = 0;
  while (stored.contains(through + 1)) ++through;
  co_return net::HttpResponse::json(200, fmt::format(R"({{"accepted_through":{}}})", through));
}

awaitable<net::HttpResponse> FakeSite::end(net::HttpRequest& request) {
  ended_reason = std::string(json::parse(request.body).at("reason").as_string());
  changed.notify();
  co_return net::HttpResponse::json(200, "{}");
}

awaitable<net::HttpResponse> FakeSite::events(net::HttpRequest& request, net::EventStream& stream) {
  EXPECT_EQ(request.peer_fingerprint, bound);
  auto opening = stream.open();
  const auto opened = co_await std::move(opening);
  if (!opened) co_return net::HttpResponse(500);
  sink = stream.sink();
  ++streams;
  if (streams > 1) {
    json::array list;
    for (const auto& id : synced) list.emplace_back(id.text());
    send("synced", json::serialize(json::object{{"technicians", list}}));
  }
  changed.notify();
  auto running = stream.run();
  co_await std::move(running);
  co_return net::HttpResponse(200);
}

void FakeSite::send(std::string type, std::string data) {
  EXPECT_TRUE(sink && sink->send(net::ServerEvent("", std::move(type), std::move(data))));
}

void FakeSite::grant(const crypto::SessionIdentity& console, std::uint64_t generation) {
  auto g = world.grant(console, generation);
  g.applet_fingerprint = *bound;
  g.organisation = "Example Support";
  send("grant", fmt::format(R"({{"grant":"{}"}})", base::to_base64url(world.sign(g))));
}

std::vector<std::string> FakeSite::types() const {
  std::vector<std::string> out;
  for (const auto& [seq, text] : stored) out.emplace_back(json::parse(text).at("type").as_string());
  return out;
}

std::vector<std::string> HeadlessApplet::machine_log(std::string_view event) const {
  std::ifstream in(dir_ / "machine.log");
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    if (line.find("]: " + std::string(event) + " ") != std::string::npos) out.push_back(line);
  return out;
}

HeadlessApplet::HeadlessApplet(const FakeSite& site, const std::string& scenario, std::vector<std::string> more) {
  const auto file = dir_ / "scenario.json";
  std::ofstream(file) << scenario;
  base::set_log_sink([this](std::string_view line) {
    std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  });
  std::vector<std::string> args = {"--server",
                                   site.server.origin().text(),
                                   "--pin",
                                   "123456",
                                   "--headless",
                                   "--scenario",
                                   file.string(),
                                   "--seed",
                                   "3",
                                   "--download-dir",
                                   (dir_ / "in").string(),
                                   "--machine-log",
                                   (dir_ / "machine.log").string()};
  if (std::ranges::find(more, "--ca-pin") == more.end()) {
    args.emplace_back("--ca-pin");
    args.push_back(base::to_hex(net::test::Site::get().pin()));
  }
  args.insert(args.end(), more.begin(), more.end());
  thread_ = std::thread([this, args] {
    std::ostringstream out, err;
    applet::Env env;
    env.out = &out;
    env.err = &err;
    const int code = applet::applet_main(args, env);
    std::lock_guard lock(mutex_);
    exit_ = code;
  });
}

HeadlessApplet::~HeadlessApplet() {
  thread_.join();
  base::set_log_sink([](std::string_view) {});
}

std::vector<std::string> HeadlessApplet::lines(std::string_view room, std::string_view message) const {
  const auto wanted = fmt::format(R"("room":"{}","msg":"{}")", room, message);
  std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  for (const auto& line : lines_)
    if (line.find(wanted) != std::string::npos) out.push_back(line);
  return out;
}

bool HeadlessApplet::said(std::string_view room, std::string_view message, std::string_view part) const {
  const auto all = lines(room, message);
  return std::ranges::any_of(all, [&](const auto& line) { return line.find(part) != std::string::npos; });
}

std::optional<int> HeadlessApplet::exit_code() const {
  std::lock_guard lock(mutex_);
  return exit_;
}

}  // namespace rescue::test
