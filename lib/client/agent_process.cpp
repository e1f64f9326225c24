// SPDX-License-Identifier: Apache-2.0
#include "client/agent_process.hpp"

#include <csignal>
#include <mutex>

#include <fmt/format.h>
#include <boost/asio/awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "base/log.hpp"
#include "client/impl/answers.hpp"
#include "client/impl/log_sender.hpp"
#include "client/impl/video_makers.hpp"
#include "client/impl/view_server.hpp"
#include "client/known_gateways.hpp"
#include "client/parties.hpp"
#include "net/signals.hpp"
#include "net/websocket_client.hpp"
#include "peer/console_peer.hpp"
#include "session/ended_by.hpp"
#include "wire/session_state.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
using boost::asio::awaitable;
using namespace std::chrono_literals;
using base::LogLevel;

constexpr auto kTick = 250ms;
constexpr auto kGoodbye = 3s;       // for views to read the last lines, and for the peer's farewell
constexpr auto kLastWord = 1500ms;  // for the link to end in order before the site ends it
constexpr auto kSiteClose = 35s;    // above the time-out of a request
constexpr auto kSpoolWait = 10s;    // for a process of this session that is just ending
constexpr auto kPoll = 20ms;
constexpr auto kWhoEnded = 3s;  // for the site to say so when the path is cut for good
constexpr auto kAskAgain = 200ms;
constexpr auto kVideo = 12h;               // for a recording to become a video
constexpr auto kPartFromGateways = 200ms;  // that were called ahead in vain
constexpr auto kQuickFlush = 5s;           // of the log, when the session goes on without us
constexpr auto kRenewAtLeast = 20s;        // between two lease renewals
constexpr auto kRenewRetry = 15s;
/// Numbers of one run of log events; the broker takes a new run for no gap (man rescue-protocol(7), LOG).
constexpr std::uint64_t kLogRun = std::uint64_t{1} << 24;

/// Wakes the strand from any thread for as long as the process' objects stand.
struct WakeGate {
  explicit WakeGate(boost::asio::any_io_executor e) : executor(std::move(e)) {}
  void post(std::function<void()> f) {
    std::lock_guard lock(mutex);
    if (open) net::post_on(executor, std::move(f));
  }
  void close() {
    std::lock_guard lock(mutex);
    open = false;
  }
  std::mutex mutex;
  bool open = true;
  boost::asio::any_io_executor executor;
};

class Process {
 public:
  Process(net::IoContext& io, AgentProcessOptions options)
      : options_(std::move(options)),
        executor_(io.executor()),
        group_(executor_),
        called_ahead_(group_),
        gate_(std::make_shared<WakeGate>(executor_)),
        done_(executor_),
        renew_now_(executor_) {}

  awaitable<base::Result<int>> main() {
    auto preparing = prepare();
    const auto prepared = co_await std::move(preparing);
    options_.on_ready(prepared);
    if (!prepared) {
      called_ahead_.drop();
      auto stopping = group_.stop(kPartFromGateways);
      co_await std::move(stopping);
      co_return base::fail(prepared.error());
    }
    start_tasks();
    auto waiting = done_.wait();
    co_await std::move(waiting);
    auto ending = shut_down();
    co_await std::move(ending);
    co_return 0;
  }

 private:
  // ---- start
  awaitable<base::Result<>> prepare() {
    RESCUE_CO_TRY(const auto id, base::Guid::parse(options_.session));
    RESCUE_CO_TRY(auto listener, AgentListener::open(options_.socket));
    RESCUE_CO_TRY(api_, BrokerApi::create(executor_, options_.site, options_.token));
    const bool legacy = options_.profile == crypto::Profile::aes256_sha;
    RESCUE_CO_TRY(identity_, crypto::make_session_identity(options_.clock->wall(),
                                                           legacy ? crypto::KeyKind::rsa2048 : crypto::KeyKind::p256));
    if (const auto known = read_known_gateways(options_.known_gateways))
      called_ahead_.call(known->gateways, known->ca_pin);
    auto taking = take(id);
    RESCUE_CO_TRY(auto admission, co_await std::move(taking));
    if (!options_.known_gateways.empty()) write_known_gateways(options_.known_gateways, admission);
    auto opening = open_spool();
    RESCUE_CO_CHECK(co_await std::move(opening));
    build(std::move(admission));
    views_.emplace(std::move(listener), group_, view_hooks());
    views_->start();
    co_return base::Result<>();
  }

  /// Picks the session up; who has it already comes again with a new key (after a crash, or from another machine).
  /// Nothing is asked first: each question is a round trip before the first picture.
  awaitable<base::Result<peer::Admission>> take(base::Guid id) {
    const auto spki = identity_->key.public_key().spki();
    auto picking = api_->pickup(options_.session, spki, options_.join, options_.profile);
    const auto pickup = co_await std::move(picking);
    if (!pickup && pickup.error().code == Errc::already_picked_up) {
      auto asking = is_mine();
      RESCUE_CO_TRY(const bool mine, co_await std::move(asking));
      if (!mine) co_return base::fail(pickup.error());
      auto renewing = api_->ticket(options_.session, spki);
      RESCUE_CO_TRY(const auto renewal, co_await std::move(renewing));
      RESCUE_CO_TRY(grant_, read_grant(renewal.grant, id));
      co_return impl::admission_of(renewal);
    }
    if (!pickup) co_return base::fail(pickup.error());
    RESCUE_CO_TRY(grant_, read_grant(pickup->grant, id));
    if (grant_.applet != pickup->applet_fingerprint)
      co_return base::fail(Errc::bad_answer, "grant and pickup name two applets");
    parties_ = parties_of(pickup->session);
    co_return impl::admission_of(*pickup);
  }
  awaitable<base::Result<bool>> is_mine() {
    auto looking = api_->get("/sessions/" + options_.session);
    RESCUE_CO_TRY(const auto answer, co_await std::move(looking));
    if (!answer.is_object()) co_return base::fail(Errc::bad_answer, "the answer is no object");
    RESCUE_CO_TRY(const auto session, object_field(answer.as_object(), "session"));
    parties_ = parties_of(session);
    auto asking = api_->get("/auth/whoami");
    RESCUE_CO_TRY(const auto user, co_await std::move(asking));
    if (!user.is_object()) co_return base::fail(Errc::bad_answer, "the answer is no object");
    RESCUE_CO_TRY(const auto me, text_field(user.as_object(), "id"));
    co_return impl::technician_of(session) == me;
  }

  awaitable<base::Result<>> open_spool() {
    // Each key has a run of numbers of its own: a process that died, another machine or another technician may still
    // have events of an earlier one to send. Counts only for a new spool; an old one goes on where it was.
    const auto first_seq = (grant_.generation - 1) * kLogRun + 1;
    const auto deadline = std::chrono::steady_clock::now() + kSpoolWait;
    for (;;) {
      auto spool = LogSpool::open(options_.spool_dir, options_.session, first_seq);
      if (spool) {
        spool_.emplace(std::move(*spool));
        co_return base::Result<>();
      }
      if (spool.error().code != base::Errc::conflict || std::chrono::steady_clock::now() > deadline)
        co_return base::fail(spool.error());
      auto pause = net::sleep_for(kPoll);
      co_await std::move(pause);
    }
  }

  void build(peer::Admission admission) {
    const auto now = session::Now::of(*options_.clock);
    session::ConsoleOptions core;
    core.software = options_.software;
    core.technician_email = grant_.technician_email;
    core.granted = wire::PermissionSet::from_bits(grant_.permissions);
    core.recording_forced = grant_.recording_forced;
    core.omit_chat_text = grant_.omit_chat_text;
    core.hasher = make_file_hasher();
    core_ = std::make_unique<session::ConsoleSession>(std::move(core), now);
    sender_.emplace(*api_, *spool_, *options_.random);
    agent_ = std::make_unique<SessionAgent>(*core_, agent_info(now.wall), agent_hooks(), *options_.clock);
    peer::ConsolePeerOptions console(*identity_);
    console.applet = grant_.applet;
    console.profile = grant_.legacy_profile ? crypto::Profile::aes256_sha : crypto::Profile::modern;
    console.admission = std::move(admission);
    console.link_id = base::Guid::random(*options_.random);
    console.called_ahead = &called_ahead_;
    peer_ = std::make_unique<peer::ConsolePeer>(executor_, *core_, std::move(console), peer_hooks(), *options_.clock,
                                                *options_.random);
    last_view_left_ = options_.clock->steady();
  }

  AgentInfo agent_info(base::WallTime now) const {
    AgentInfo info;
    info.session = options_.session;
    info.technician = grant_.technician_email;
    info.organisation = grant_.organisation;
    info.software = options_.software;
    info.recording_forced = grant_.recording_forced;
    info.receive_dir = options_.receive_dir;
    info.record_dir = options_.record_dir;
    info.record_at_once = options_.record_at_once;
    info.record_to = options_.record_to;
    info.parties = parties_;
    info.picked_up = now;
    return info;
  }

  AgentHooks agent_hooks() {
    AgentHooks hooks;
    hooks.send = [this](ViewId view, const std::string& line) {
      if (views_) views_->send(view, line);
    };
    hooks.log = [this](LogEvent e) { sender_->add(std::move(e)); };
    hooks.close_site = [this](const std::string& reason, std::function<void(bool)> done) {
      ++closing_;
      group_.spawn("close session", close_site(reason, std::move(done)));
    };
    hooks.wake = [this, gate = gate_] { gate->post([this] { tick(); }); };
    hooks.spooled = [this] { return sender_->pending(); };
    if (options_.make_video) {
      videos_.emplace(options_.make_video, [gate = gate_](std::function<void()> f) { gate->post(std::move(f)); });
      hooks.make_video = [this](const auto& recording, auto done) { videos_->start(recording, std::move(done)); };
    }
    return hooks;
  }

  impl::ViewServer::Hooks view_hooks() {
    impl::ViewServer::Hooks hooks;
    hooks.joined = [this](ViewId v) { agent_->view_joined(v); };
    hooks.left = [this](ViewId v) {
      agent_->view_left(v);
      last_view_left_ = options_.clock->steady();
      peer_->kick();
    };
    hooks.line = [this](ViewId v, std::string_view line) {
      agent_->on_line(v, line);
      peer_->kick();
    };
    return hooks;
  }

  peer::ConsolePeerHooks peer_hooks() {
    peer::ConsolePeerHooks hooks;
    hooks.pumped = [this] {
      if (agent_->drain()) peer_->kick();  // what it answered must go out
    };
    hooks.path = [this](const peer::PathReport& report) { on_path(report); };
    hooks.renew = [this] { return renew(); };
    return hooks;
  }

  // ---- while it runs
  void start_tasks() {
    group_.spawn("peer", run_peer());
    group_.spawn("log", sender_->run());
    group_.spawn("leftover logs", impl::send_leftovers(*api_, options_.spool_dir, *options_.random));
    group_.spawn("lease", keep_lease());
    group_.spawn("site events", watch_site());
    group_.spawn("ticks", tick_loop());
    group_.spawn("signals", watch_signals());
  }

  void on_path(const peer::PathReport& report) {
    const auto why = report.error ? report.error->message() : "";
    base::log(
        report.error ? LogLevel::warn : LogLevel::info, "client", "path",
        {{"state", peer::name(report.state)}, {"gateway", report.gateway}, {"cipher", report.cipher}, {"error", why}});
    if (report.state == peer::PathState::up)
      agent_->on_path(report.path, "");
    else if (report.state != peer::PathState::connecting)
      agent_->on_path("", why);
    if (report.state == peer::PathState::refused)
      agent_->alert(fmt::format("somebody who is not the applet answered: {}", why));
    peer_->kick();
  }

  awaitable<void> run_peer() {
    auto running = peer_->run();
    const auto result = co_await std::move(running);
    peer_done_ = true;
    if (!result) base::log(LogLevel::warn, "client", "the path is given up", {{"error", message_of(result.error())}});
    if (!agent_->ended()) {
      // Whoever ends the session elsewhere makes the gateway cut the path; the site's word may be slower than that.
      auto asking = ask_who_ended();
      co_await std::move(asking);
    }
    if (!agent_->ended())
      agent_->on_site_ends(session::EndedBy::console, result ? "the link was closed" : message_of(result.error()));
    finish();
  }

  /// Asks until the site says that the session is over, for a moment.
  awaitable<void> ask_who_ended() {
    const auto deadline = std::chrono::steady_clock::now() + kWhoEnded;
    while (!agent_->ended() && std::chrono::steady_clock::now() < deadline) {
      auto asking = api_->get("/sessions/" + options_.session);
      const auto answer = co_await std::move(asking);
      if (answer && answer->is_object()) look_at(answer->as_object());
      if (agent_->ended()) co_return;
      auto pause = net::sleep_for(kAskAgain);
      co_await std::move(pause);
    }
  }

  awaitable<base::Result<peer::Admission>> renew() {
    auto asking = api_->ticket(options_.session, identity_->key.public_key().spki());
    RESCUE_CO_TRY(const auto renewal, co_await std::move(asking));
    RESCUE_CO_TRY(const auto id, base::Guid::parse(options_.session));
    RESCUE_CO_TRY(grant_, read_grant(renewal.grant, id));
    seen_generation_ = std::max(seen_generation_, grant_.generation);
    agent_->on_grant(wire::PermissionSet::from_bits(grant_.permissions), grant_.recording_forced,
                     grant_.omit_chat_text);
    co_return impl::admission_of(renewal);
  }

  awaitable<void> keep_lease() {
    base::Duration wait = half_of_lease();
    for (;;) {
      auto waiting = renew_now_.wait_until(std::chrono::steady_clock::now() + wait);
      co_await std::move(waiting);
      const auto seen = seen_generation_;
      auto renewing = renew();
      const auto renewed = co_await std::move(renewing);
      if (!renewed)
        base::log(LogLevel::warn, "client", "the lease is not renewed", {{"error", message_of(renewed.error())}});
      wait = renewed ? half_of_lease() : base::Duration(kRenewRetry);
      if (seen_generation_ > seen) wait = {};  // said while nobody waited for it
      peer_->kick();
    }
  }
  [[nodiscard]] base::Duration half_of_lease() const {
    return std::max<base::Duration>(kRenewAtLeast, (grant_.lease_until - options_.clock->wall()) / 2);
  }

  /// The site may end the session, or this technician's part in it.
  awaitable<void> watch_site() {
    net::Backoff backoff(net::BackoffOptions(), *options_.random);
    for (;;) {
      auto watching = watch_once(backoff);
      const auto result = co_await std::move(watching);
      if (!result &&
          (result.error().exit() == base::Exit::sign_in_needed || result.error().exit() == base::Exit::denied)) {
        site_ended(session::EndedBy::broker, message_of(result.error()));
        co_return;
      }
      auto pause = net::sleep_for(backoff.next());
      co_await std::move(pause);
    }
  }
  awaitable<base::Result<>> watch_once(net::Backoff& backoff) {
    net::WebSocketOptions socket_options;
    auto connecting = net::connect_websocket(api_->http(), group_, "/api/v1/events?topics=sessions",
                                             api_->authorization(), socket_options);
    RESCUE_CO_TRY(auto events, co_await std::move(connecting));
    for (;;) {
      auto receiving = events->receive();
      RESCUE_CO_TRY(const auto message, co_await std::move(receiving));
      backoff.reset();
      const auto parsed = parse_json(message.data);
      if (!parsed || !parsed->is_object()) continue;
      look_at(parsed->as_object());
      if (text_field(parsed->as_object(), "type").value_or("") != "ready") continue;
      // What happened while nobody listened. Not asked for earlier: the broker tells of changes from now on only.
      auto asking = api_->get("/sessions/" + options_.session);
      RESCUE_CO_TRY(const auto answer, co_await std::move(asking));
      if (answer.is_object()) look_at(answer.as_object());
    }
  }
  void look_at(const json::object& message) {
    const auto session = object_field(message, "session");
    if (!session || text_field(*session, "id").value_or("") != options_.session) return;
    // What the group may do has changed, or a colleague has joined; only the site can tell.
    if (const auto newest = impl::generation_of(*session); newest > std::max(seen_generation_, grant_.generation)) {
      seen_generation_ = newest;
      renew_now_.notify();
    }
    const auto state = wire::parse_session_state(text_field(*session, "state").value_or(""));
    if (state && !wire::is_final(*state) && !impl::takes_part(*session, grant_.technician_email))
      return site_ended(session::EndedBy::technician, fmt::format("not in it any more: it is {}", wire::name(*state)));
    if (state && wire::is_final(*state))
      site_ended(session::ended_by(text_field(*session, "ended_by").value_or("")),
                 text_field(*session, "end_reason").value_or(std::string(wire::name(*state))));
  }
  void site_ended(session::EndedBy by, const std::string& reason) {
    if (agent_->ended()) return;
    agent_->on_site_ends(by, reason);
    peer_->kick();
  }

  awaitable<void> close_site(std::string reason, std::function<void(bool)> done) {
    // The applet hears it from us first: once the site knows, the gateway cuts the path.
    auto hearing = wait_while([this] { return !peer_done_; }, kLastWord);
    co_await std::move(hearing);
    json::object body{{"reason", reason}};
    auto closing = api_->post(fmt::format("/sessions/{}/close", options_.session), std::move(body));
    const auto closed = co_await std::move(closing);
    const bool told = closed || closed.error().exit() == base::Exit::conflict;  // the applet was faster
    if (!told)
      base::log(LogLevel::warn, "client", "the broker did not hear of the end",
                {{"error", message_of(closed.error())}});
    done(told);
    --closing_;
  }
  awaitable<void> wait_while(std::function<bool()> condition, base::Duration at_most) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (condition() && std::chrono::steady_clock::now() < deadline) {
      auto pause = net::sleep_for(kPoll);
      co_await std::move(pause);
    }
  }

  void tick() {
    sender_->tick();
    agent_->tick();
    peer_->kick();
  }
  awaitable<void> tick_loop() {
    for (;;) {
      auto sleeping = net::sleep_for(kTick);
      co_await std::move(sleeping);
      tick();
      if (agent_->views() > 0) last_view_left_ = options_.clock->steady();
      const bool deserted = !finishing_ && options_.clock->steady() - last_view_left_ > options_.linger;
      if (deserted) base::log(LogLevel::info, "client", "no view is left", {});
      if (deserted || agent_->ended()) finish();
    }
  }
  awaitable<void> watch_signals() {
    net::SignalWatcher signals(executor_, {SIGTERM, SIGINT, SIGHUP});
    auto waiting = signals.next();
    const int signal = co_await std::move(waiting);
    base::log(LogLevel::info, "client", "ends by a signal", {{"signal", signal}});
    finish();
  }
  void finish() {
    if (!finishing_) done_.notify();
    finishing_ = true;
  }

  // ---- the end
  awaitable<void> shut_down() {
    const bool over = agent_->ended();
    agent_->stop();
    auto telling = wait_while([this] { return closing_ > 0; }, kSiteClose);
    co_await std::move(telling);
    views_->close();
    // The last messages to the applet, the last lines to the views.
    auto parting = wait_while([this, over] { return views_->views() > 0 || (over && !peer_done_); }, kGoodbye);
    co_await std::move(parting);
    peer_->stop();
    auto leaving = wait_while([this] { return !peer_done_; }, kGoodbye);
    co_await std::move(leaving);
    // Before the log's last events, which tell of them.
    auto making = wait_while([this] { return videos_ && videos_->due() > 0; }, kVideo);
    co_await std::move(making);
    gate_->close();
    const auto deadline =
        std::chrono::steady_clock::now() + (over ? std::chrono::steady_clock::duration(kLastLog) : kQuickFlush);
    auto flushing = sender_->flush(deadline);
    const bool sent = co_await std::move(flushing);
    if (over && sent) spool_->remove_if_empty();
    if (!sent)
      base::log(LogLevel::warn, "client", "log events stay in the spool",
                {{"pending", sender_->pending()}, {"file", spool_->path().string()}});
    auto stopping = group_.stop(0s);
    co_await std::move(stopping);
  }

  AgentProcessOptions options_;
  boost::asio::any_io_executor executor_;
  net::TaskGroup group_;
  peer::GatewayCalls called_ahead_;
  std::shared_ptr<WakeGate> gate_;
  net::Signal done_;
  net::Signal renew_now_;
  std::unique_ptr<BrokerApi> api_;
  std::optional<crypto::SessionIdentity> identity_;
  GrantView grant_;
  std::uint64_t seen_generation_ = 0;
  std::optional<LogSpool> spool_;
  std::optional<impl::LogSender> sender_;
  std::unique_ptr<session::ConsoleSession> core_;
  std::unique_ptr<SessionAgent> agent_;
  std::unique_ptr<peer::ConsolePeer> peer_;
  std::optional<impl::ViewServer> views_;
  json::object parties_;
  base::SteadyTime last_view_left_{};
  std::optional<impl::VideoMakers> videos_;
  bool finishing_ = false;
  bool peer_done_ = false;
  int closing_ = 0;  // requests to end the session, on their way to the broker
};

}  // namespace

base::Result<int> run_agent_process(AgentProcessOptions options) {
  net::IoContext io;
  Process process(io, std::move(options));
  return io.run(process.main());
}

}  // namespace rescue::client
