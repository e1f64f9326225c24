// SPDX-License-Identifier: Apache-2.0
// Restart of the machine: what the applet writes down before, and takes up after it.
#include <csignal>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "applet/core/applet.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "net/timeout.hpp"

namespace rescue::applet {
namespace {
constexpr net::NamedTimeout kTellSite("word of the restart", std::chrono::seconds(10));

/// Runs it to its end; what it said on its standard error when it fails.
base::Result<> run_program(const std::vector<std::string>& command) {
  int err[2];
  if (::pipe2(err, O_CLOEXEC) != 0) return base::fail(base::errno_error("restart"));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, err[1], 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> argv;
  for (const auto& a : command) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  pid_t pid = -1;
  const int why = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), ::environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  ::close(err[1]);
  std::string said;
  char block[512];
  for (ssize_t n = 0; why == 0 && (n = ::read(err[0], block, sizeof block)) > 0;)
    if (said.size() < 2000) said.append(block, static_cast<std::size_t>(n));
  ::close(err[0]);
  if (why != 0) return base::fail(base::errno_error(command[0], why));
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return base::fail(base::Errc::denied,
                    "the system refused the restart: " + base::to_display_text(base::to_valid_utf8(said)));
}
}  // namespace

RebootServices Applet::reboot_services() {
  RebootServices services;
  services.prepare = [this](RebootServices::Done done) { prepare_restart(std::move(done)); };
  services.go = [this](RebootServices::Done failed) { restart_machine(std::move(failed)); };
  services.cancel = [this] { cancel_restart(); };
  return services;
}

base::Result<std::function<base::Result<>()>> Applet::writing_down() {
  RESCUE_TRY(auto program, own_program());
  RESCUE_TRY(restart_place_, resume_place(env_, registration_->session));
  ResumeState state;
  state.written = env_.clock->wall();
  state.invited = invited_;
  state.invite = invite_envelope_;
  state.key = identity_->key.pem();
  state.receipts = peer_->receipts();
  state.next_event = spool_.next_seq();
  state.events = spool_.unsent();
  state.arguments = options_.again;
  for (auto& t : peer_->standings())
    state.people.push_back({t.technician, t.generation, t.console, std::move(t.consent), t.sas_confirmed});
  auto text = to_json(state);
  auto json = std::make_shared<base::SecretBytes>(base::to_bytes(base::as_bytes(text)));
  base::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return [place = *restart_place_, program = std::move(program), json = std::move(json)] {
    return write_resume(place, base::as_text(json->view()), program);
  };
}

void Applet::prepare_restart(RebootServices::Done done) {
  auto write = writing_down();
  if (!write) return done(base::fail(write.error()));
  tasks_.spawn("word of the restart", tell_site_of_restart(true));
  // The session's key is in what is written: a technician who fetched it could sign answers of the user.
  file_manager_->pause([this, write = std::move(*write), done = std::move(done)]() mutable {
    auto written = write();
    on_network([done = std::move(done), written = std::move(written)]() mutable { done(std::move(written)); });
  });
}

/// From here on the log stands still: what is written down is what the next process goes on from.
void Applet::restart_machine(RebootServices::Done failed) {
  going_down_ = true;
  auto write = writing_down();
  auto command = restart_command(env_);
  if (!write || !command) return failed(base::fail(write ? command.error() : write.error()));
  base::log(base::LogLevel::info, "applet", "the machine restarts", {});
  file_manager_->pause(
      [this, write = std::move(*write), command = std::move(*command), failed = std::move(failed)]() mutable {
        auto written = write();
        worker_->post([this, written = std::move(written), command = std::move(command),
                       failed = std::move(failed)]() mutable {
          auto result = written ? run_program(command) : std::move(written);
          if (result) return;
          on_network([failed = std::move(failed), result = std::move(result)]() mutable { failed(std::move(result)); });
        });
      });
}

void Applet::cancel_restart() {
  going_down_ = false;
  log_changed_.notify();
  if (!restart_place_) return;
  // By the same thread: behind a write that is under way.
  file_manager_->resume([place = *restart_place_] { remove_resume(place); });
  restart_place_.reset();
  tasks_.spawn("word of the restart", tell_site_of_restart(false));
}

Applet::Task<> Applet::tell_site_of_restart(bool starts) {
  auto telling = site_->restart(starts);
  auto limited = net::with_timeout(std::move(telling), kTellSite);
  const auto told = co_await std::move(limited);
  if (!told)
    base::log(base::LogLevel::warn, "applet", "the site does not know of the restart",
              {{"why", told.error().message()}});
}

base::Result<std::vector<std::string>> restart_command(const Env& env) {
  const auto path = env.var("PATH").value_or("/usr/bin:/bin:/usr/sbin:/sbin");
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find(':', at), path.size());
    const auto program = path.substr(at, end - at) + "/systemctl";
    at = end + 1;
    // polkit lets the user at the machine restart it, unless others work there; nobody is asked for a password.
    if (program.starts_with('/') && ::access(program.c_str(), X_OK) == 0)
      return std::vector<std::string>{program, "--no-ask-password", "reboot"};
  }
  return base::fail(base::Errc::unsupported, "there is no systemctl on this machine");
}

/// Takes up what an earlier process wrote down.
base::Result<> Applet::take_up(peer::AppletPeerOptions& options) {
  const auto& state = *options_.resumed;
  options.receipts = state.receipts;
  for (const auto& p : state.people)
    options.restored.push_back({p.technician, p.console, p.generation, p.consent, p.sas_confirmed});
  base::log(base::LogLevel::info, "applet", "goes on after the restart",
            {{"session", options.session.text()}, {"events", state.events.size()}});
  return {};
}

base::Result<crypto::SessionIdentity> Applet::session_identity() {
  if (!options_.resumed) return crypto::make_session_identity(env_.clock->wall(), options_.key_kind);
  RESCUE_TRY(const auto key, crypto::PrivateKey::from_pem(base::as_text(options_.resumed->key.view())));
  spool_.restore(options_.resumed->next_event, options_.resumed->events, env_.clock->wall());
  return crypto::make_identity(key, crypto::kSessionIdentityName, env_.clock->wall(), std::chrono::days(2));
}

}  // namespace rescue::applet
