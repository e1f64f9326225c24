// SPDX-License-Identifier: Apache-2.0
#include "applet/core/applet.hpp"

#include <csignal>
#include <fstream>

#include <fmt/format.h>

#include "base/log.hpp"
#include "net/signals.hpp"
#include "net/timeout.hpp"

namespace rescue::applet {
namespace {
constexpr std::size_t kInviteFileMax = 8192;
constexpr std::chrono::milliseconds kTurn{20};  // of looking whether the log is out
constexpr int kTurnsPerRetry = 15;
constexpr net::NamedTimeout kEndReport("report of the end", kLastWords);

std::vector<peer::GatewayAddress> to_peer(const std::vector<GatewayAddress>& gateways) {
  std::vector<peer::GatewayAddress> out;
  for (const auto& g : gateways) out.emplace_back(g.id, net::Endpoint(g.host, g.port));
  return out;
}

/// What the user can do about an invite that this program file carries.
base::Error stamp_error(const base::Error& error) {
  if (error.code == crypto::Errc::token_expired)
    return {error.code, "the time to start this program has passed: ask for a new PIN"};
  if (error.code == crypto::Errc::token_not_yet_valid) return error;
  return {base::Errc::verification_failed, std::string(kDamagedFile)};
}
}  // namespace

base::Result<crypto::ServerTrust> trust_of(const Options& options) {
  if (!options.ca_pin.empty()) {
    auto pin = crypto::parse_digest256(options.ca_pin);
    if (!pin) return base::fail(base::Errc::invalid_argument, "--ca-pin: 64 hex digits are expected");
    return crypto::TrustPin{*pin};
  }
  if (!options.ca_file.empty()) return crypto::TrustCaFile{options.ca_file};
  return crypto::TrustSystem{};
}

base::Result<crypto::ServerTrust> site_trust(const crypto::Invite& invite, const Options& options) {
  if (invite.broker_trust == crypto::BrokerTrust::site_ca) return crypto::TrustPin{invite.ca_pin};
  return trust_of(options);
}

base::Result<base::Bytes> read_invite_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::fail(base::errno_error(fmt::format("open invite '{}'", path.string())));
  std::string text(kInviteFileMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() < 0) return base::fail(base::Errc::io, fmt::format("read invite '{}'", path.string()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kInviteFileMax) return base::fail(base::Errc::too_large, fmt::format("invite '{}'", path.string()));
  if (text.starts_with("RSG1")) return base::to_bytes(base::as_bytes(text));
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  auto bytes = base::from_base64url(text);
  if (!bytes) return base::fail(base::Errc::bad_format, fmt::format("'{}' is no invite", path.string()));
  return bytes;
}

Applet::Applet(Options options, Env& env, Ui& ui, Desktop desktop)
    : options_(std::move(options)),
      env_(env),
      ui_(ui),
      make_capture_(std::move(desktop.make_capture)),
      tasks_(io_.executor()),
      finished_(io_.executor()),
      log_changed_(io_.executor()),
      spool_(*env.random),
      machine_log_(make_machine_log(options_.machine_log, env)),
      worker_(std::make_unique<Worker>()),
      input_(std::make_unique<InputWorker>(std::move(desktop.input), options_.revoke_key)) {
  Deliver deliver = [this](PersonId person, SessionCall call) {
    if (peer_) peer_->post(peer::TechnicianNumber(person.get()), std::move(call));
  };
  files_ = std::make_unique<FileStore>(*worker_, deliver, options_.download_dir, *env.random);
  file_manager_ = std::make_unique<FileManager>(*files_, deliver, options_.file_roots);
  clipboard_ = std::make_unique<MachineClipboard>(std::move(desktop.clipboard), deliver);
  urls_ = std::make_unique<UrlOpener>(desktop.open_address ? std::move(desktop.open_address) : open_with_browser(), deliver);
  files_->on_saved([](PersonId, const std::filesystem::path& path) {
    base::log(base::LogLevel::info, "files", "saved", {{"path", path.string()}});
  });
}

Applet::~Applet() {
  hosts_.clear();
  scripts_.reset();
  clipboard_.reset();
  urls_.reset();
  slow_.reset();
  input_.reset();
  file_manager_.reset();
  worker_.reset();
}

int Applet::run() {
  base::Result<int> code = base::fail(base::Errc::internal, "the network thread did not run");
  std::thread network([&] { code = io_.run(life()); });
  ui_.run(*this);
  network.join();
  if (!code) {
    base::log(base::LogLevel::error, "applet", "internal error", {{"why", code.error().message()}});
    return static_cast<int>(code.error().exit());
  }
  return *code;
}

void Applet::finish(Finish why) {
  if (finish_) return;
  finish_ = std::move(why);
  finished_.notify();
}

Applet::Task<base::Result<int>> Applet::life() {
  tasks_.spawn("signals", watch_signals());
  tasks_.spawn("session", session());
  while (!finish_) co_await finished_.wait();
  auto last = goodbye();
  co_await std::move(last);
  co_await tasks_.stop(std::chrono::microseconds(0));
  const auto& ending = finish_->ending;
  base::log(base::LogLevel::info, "applet", "ended", {{"exit", static_cast<int>(ending.exit)}, {"text", ending.text}});
  ui_.end(ending);
  co_return static_cast<int>(ending.exit);
}

// Everything up to the end of peer_->run(). A failure here is the end of the applet.
Applet::Task<> Applet::session() {
  auto living = live();
  auto result = co_await std::move(living);
  session_over_ = true;
  if (!result) {
    const auto& error = result.error();
    if (registration_ && error.code == Errc::session_ended) {  // heard of here first: the control connection was away
      Finish why;
      why.ending = {base::Exit::ok, "The session has been closed."};
      finish(std::move(why));
      finished_.notify();
      co_return;
    }
    base::log(base::LogLevel::error, "applet", "failed",
              {{"error", error.code.name()}, {"code", static_cast<int>(error.exit())}, {"message", error.message()}});
    Finish why;
    why.ending = {result.error().exit(), result.error().message()};
    finish(std::move(why));
  }
  finished_.notify();
}

Applet::Task<base::Result<>> Applet::live() {
  ui_.show_reach(Reach::connecting, options_.server);
  auto inviting = obtain_invite();
  RESCUE_CO_TRY(invite_, co_await std::move(inviting));
  RESCUE_CO_TRY(identity_, session_identity());
  RESCUE_CO_TRY(const auto trust, site_trust(*invite_, options_));
  auto lookup = [this](std::string_view name) { return env_.var(name); };
  RESCUE_CO_TRY(site_, SiteClient::create(io_.executor(), invite_->broker_url, trust, identity_, lookup));
  auto enrolling = enrol_patiently();
  RESCUE_CO_TRY(registration_, co_await std::move(enrolling));
  const auto session = registration_->session.text();
  base::log(base::LogLevel::info, "applet", "registered",
            {{"session", session}, {"organisation", registration_->organisation}});
  keep({.event = "connection.registered", .by = "user", .reason = "at " + invite_->broker_url});

  peer::AppletPeerOptions options(*identity_);
  options.session = registration_->session;
  options.guid = invite_->guid;
  options.token_keys = invite_->token_keys;
  options.admission.ticket = registration_->ticket;
  options.admission.gateways = to_peer(registration_->gateways);
  options.admission.gateway_ca_pin = registration_->gateway_ca_pin;
  options.core.software = std::string("rescue-applet ") + RESCUE_VERSION;
  options.core.hasher = file_hasher();
  if (options_.resumed) RESCUE_CO_CHECK(take_up(options));
  peer_ =
      std::make_unique<peer::AppletPeer>(io_.executor(), std::move(options), peer_hooks(), *env_.clock, *env_.random);
  tasks_.spawn("site", follow_site());
  tasks_.spawn("log", send_log());
  auto running = peer_->run();
  co_return co_await std::move(running);
}

Applet::Task<base::Result<crypto::Invite>> Applet::obtain_invite() {
  base::Bytes envelope;
  if (!options_.stamp_problem.empty())
    co_return base::fail(base::Errc::verification_failed, options_.stamp_problem);
  if (options_.resumed) {
    invite_envelope_ = options_.resumed->invite;
    invited_ = options_.resumed->invited;
    co_return crypto::open_invite_unanchored(invite_envelope_, invited_);
  }
  if (options_.stamped) {
    envelope = base::to_bytes(options_.stamped->view());
  } else if (!options_.invite.empty()) {
    RESCUE_CO_TRY(envelope, read_invite_file(options_.invite));
  } else {
    RESCUE_CO_TRY(const auto trust, trust_of(options_));
    auto lookup = [this](std::string_view name) { return env_.var(name); };
    RESCUE_CO_TRY(auto site, SiteClient::create(io_.executor(), options_.server, trust, std::nullopt, lookup));
    auto redeeming = options_.channel.empty()
                         ? site->redeem_pin(options_.pin)
                         : site->visit_channel(options_.channel, options_.visitor_name, options_.problem);
    RESCUE_CO_TRY(envelope, co_await std::move(redeeming));
  }
  invited_ = env_.clock->wall();
  invite_envelope_ = envelope;
  auto invite = crypto::open_invite_unanchored(envelope, invited_);
  if (!invite && options_.stamped) co_return base::fail(stamp_error(invite.error()));
  co_return invite;
}

Applet::Task<base::Result<Registration>> Applet::enrol_patiently() {
  const auto give_up = env_.clock->steady() + kEnrolPatience;
  net::Backoff backoff({}, *env_.random);
  for (;;) {
    auto enrolling = site_->enrol(invite_->guid, host_names(), RESCUE_VERSION);
    auto result = co_await std::move(enrolling);
    if (result || !result.error().retryable() || env_.clock->steady() >= give_up) co_return result;
    base::log(base::LogLevel::warn, "applet", "cannot register yet", {{"why", result.error().message()}});
    ui_.show_reach(Reach::connecting, result.error().message());
    auto pause = net::sleep_for(backoff.next());
    co_await std::move(pause);
  }
}

Applet::Task<base::Result<peer::Admission>> Applet::renew_admission() {
  auto renewing = site_->renew_ticket();
  RESCUE_CO_TRY(auto answer, co_await std::move(renewing));
  peer::Admission out;
  out.ticket = std::move(answer.ticket);
  out.gateways = to_peer(answer.gateways);
  out.gateway_ca_pin = answer.gateway_ca_pin;
  co_return out;
}

Applet::Task<> Applet::watch_signals() {
  net::SignalWatcher signals(io_.executor(), {SIGINT, SIGTERM});
  auto waiting = signals.next();
  const int signal = co_await std::move(waiting);
  Finish why;
  why.ending = {signal == SIGINT ? base::Exit::interrupted : base::Exit::ok, "The applet was stopped."};
  if (going_down_)
    why.ending.text = "The computer restarts.";
  else
    why.tell_site = why.tell_people = "the applet was stopped";
  finish(std::move(why));
}

Applet::Task<> Applet::follow_site() {
  net::EventStreamOptions options;
  options.target = kEventsTarget;
  events_ = std::make_unique<net::EventStreamClient>(site_->http(), std::move(options), *env_.random);
  events_->observe([](bool open, const base::Error* why) {
    base::log(base::LogLevel::info, "applet", open ? "control connection open" : "control connection lost",
              {{"why", why != nullptr ? why->message() : ""}});
  });
  for (;;) {
    auto waiting = events_->next();
    auto event = co_await std::move(waiting);
    if (!event) {
      if (event.error().code == base::Errc::closed) co_return;
      Finish why;
      why.ending = {event.error().exit(), "The site no longer knows this session: " + event.error().message()};
      if (event.error().code == base::Errc::conflict) why.ending = {base::Exit::ok, "The session has been closed."};
      why.tell_people = "the site ended the session";
      finish(std::move(why));
      co_return;
    }
    auto read = read_site_event(event->type, event->data);
    if (!read)
      base::log(base::LogLevel::warn, "applet", "strange event of the site", {{"why", read.error().message()}});
    else if (*read)
      on_site_event(**read);
  }
}

Applet::Task<> Applet::send_log() {
  for (;;) {
    if (going_down_) {
      auto pause = log_changed_.wait();
      co_await std::move(pause);
    } else if (auto body = spool_.next_batch(env_.clock->steady())) {
      auto sending = site_->send_log(std::move(*body));
      auto through = co_await std::move(sending);
      if (through) {
        spool_.accepted(*through);
      } else if (through.error().code == Errc::refused) {
        if (spool_.refused(env_.clock->steady()))
          base::log(base::LogLevel::error, "applet", "the site does not take a log event",
                    {{"why", through.error().message()}});
      } else {
        base::log(base::LogLevel::info, "applet", "the log waits", {{"why", through.error().message()}});
        spool_.failed(env_.clock->steady());
      }
    } else if (auto due = spool_.next_deadline()) {
      auto pause = log_changed_.wait_until(*due);
      co_await std::move(pause);
    } else {
      auto pause = log_changed_.wait();
      co_await std::move(pause);
    }
  }
}

// Order: rights end first, then technicians hear it, then the site gets the rest of the log and the end.
Applet::Task<> Applet::goodbye() {
  input_->release_all();
  if (going_down_ && finish_->tell_people.empty() && finish_->tell_site.empty()) {
    const auto write = writing_down();
    if (auto written = write ? (*write)() : base::fail(write.error()); !written)
      base::log(base::LogLevel::warn, "applet", "the session will not go on", {{"why", written.error().message()}});
    peer_->stop(base::Duration(0));
    while (!session_over_) co_await finished_.wait();
    hosts_.clear();
    co_return;
  }
  if (peer_) {
    if (!finish_->tell_people.empty())
      with_each_host([&](TechnicianHost& host) { host.core().user_ends(finish_->tell_people, now()); });
    peer_->stop(kGoodbye);
    while (!session_over_) co_await finished_.wait();
  }
  hosts_.clear();
  if (!registration_) co_return;
  keep({.event = "session.ended", .reason = finish_->ending.text});
  const auto until = env_.clock->steady() + kLastWords;
  for (int turn = 0; !spool_.empty() && env_.clock->steady() < until; ++turn) {
    if (turn % kTurnsPerRetry == 0) {
      spool_.retry_now();
      log_changed_.notify();
    }
    auto pause = net::sleep_for(kTurn);
    co_await std::move(pause);
  }
  if (!spool_.empty()) base::log(base::LogLevel::warn, "applet", "part of the log did not reach the site");
  if (finish_->tell_site.empty()) co_return;
  auto telling = site_->end(finish_->tell_site, finish_->inactive);
  auto limited = net::with_timeout(std::move(telling), kEndReport);
  auto told = co_await std::move(limited);
  if (!told)
    base::log(base::LogLevel::warn, "applet", "the site was not told of the end", {{"why", told.error().message()}});
}

}  // namespace rescue::applet
