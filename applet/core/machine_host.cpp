// SPDX-License-Identifier: Apache-2.0
#include "applet/core/machine_host.hpp"

namespace rescue::applet {
namespace {
using session::AppletCredentials;
using session::AppletReboot;
using session::AppletScripts;
using session::AppletSession;
using session::Now;
using session::ScriptResult;
using Phase = wire::session::ScriptPhase;

ScriptResult result_of(ScriptEnd end) {
  ScriptResult r;
  switch (end.how) {
    case ScriptEnd::How::ended:
      r.phase = Phase::ended;
      break;
    case ScriptEnd::How::timed_out:
      r.phase = Phase::timed_out;
      break;
    case ScriptEnd::How::killed:
      r.phase = Phase::killed;
      break;
    case ScriptEnd::How::failed:
      r.phase = Phase::failed;
      break;
  }
  r.exit_code = end.exit_code;
  r.signal = end.signal;
  r.detail = std::move(end.detail);
  if (end.dropped > 0) r.detail += fmt::format("{} bytes of output were not passed on", end.dropped);
  return r;
}

ScriptEnd failure(std::string why) {
  ScriptEnd end;
  end.how = ScriptEnd::How::failed;
  end.detail = std::move(why);
  return end;
}
}  // namespace

struct MachineHost::Accounts {
  std::optional<Account> typed;  // being checked
  std::uint32_t request = 0;     // of that
  std::optional<Account> right;
};

MachineHost::MachineHost(PersonId person, AppletSession& core, MachineServices services, Deliver deliver)
    : person_(person),
      core_(core),
      services_(std::move(services)),
      deliver_(std::move(deliver)),
      accounts_(std::make_shared<Accounts>()) {
  if (!services_.guard.root) return;
  // Nobody needs to type anything where the applet has all rights already.
  deliver_(person_, [](AppletSession& s, Now now) {
    s.with<AppletScripts>(now, [](auto& scripts) { scripts.set_account("root", true); });
  });
}

MachineHost::~MachineHost() {
  *here_ = false;
  services_.scripts.stop_all(person_);
  *accounts_ = {};
}

// ---- scripts

void MachineHost::act(session::ScriptAction& action, Now now) {
  if (auto* script = std::get_if<session::RunScript>(&action))
    run(*script, now);
  else if (const auto* more = std::get_if<session::TakeScriptOutput>(&action))
    services_.scripts.allow({person_, more->request}, more->up_to);
  else if (const auto* end = std::get_if<session::EndScript>(&action))
    end->at_once ? services_.scripts.stop({person_, end->request}) : services_.scripts.kill({person_, end->request});
}

void MachineHost::run(session::RunScript& script, Now now) {
  const auto request = script.request;
  auto start = [&]() -> base::Result<GuardStart> {
    if (!script.elevated || services_.guard.root) return plain_start(services_.guard);
    if (!accounts_->right) return base::fail(base::Errc::denied, "the user has typed no account for it");
    return elevated_start(services_.guard, *accounts_->right);
  }();
  if (!start) {
    core_.with<AppletScripts>(
        now, [&](auto& scripts) { scripts.ended(request, result_of(failure(start.error().message()))); });
    return;
  }
  ScriptJob job;
  job.interpreter = std::move(script.interpreter);
  job.text = std::move(script.text);
  job.arguments = std::move(script.arguments);
  job.timeout = script.timeout;
  const auto tell = [person = person_, deliver = deliver_](auto call) {
    deliver(person, [call = std::move(call)](AppletSession& s, Now at) mutable {
      s.with<AppletScripts>(at, [&](auto& scripts) { call(scripts); });
    });
  };
  ScriptEvents events;
  events.began = [=] { tell([request](AppletScripts& s) { s.began(request); }); };
  events.output = [=](bool to_stderr, base::Bytes data) {
    tell([=, data = std::move(data)](AppletScripts& s) { s.output(request, to_stderr, data); });
  };
  events.ended = [=](ScriptEnd end) {
    tell([request, result = result_of(std::move(end))](AppletScripts& s) { s.ended(request, result); });
  };
  services_.scripts.run({person_, request}, std::move(*start), std::move(job), script.up_to, std::move(events));
}

// ---- account

void MachineHost::act(session::AccountAction& action, Now now) {
  if (const auto* typed = std::get_if<session::CheckAccount>(&action))
    check(*typed, now);
  else
    forget(now);
}

void MachineHost::check(const session::CheckAccount& request, Now now) {
  const auto refuse = [&](std::string_view why) {
    core_.with<AppletCredentials>(now, [&](auto& c) { c.checked(request.request, false, why); });
  };
  if (services_.guard.root) return refuse("the applet has all rights here already");
  Account account{request.account->name, std::move(request.account->password)};
  auto start = elevated_start(services_.guard, account);
  if (!start) return refuse(start.error().message());
  accounts_->typed = std::move(account);
  accounts_->request = request.request;
  auto heard = [person = person_, deliver = deliver_, accounts = std::weak_ptr(accounts_),
                id = request.request](base::Result<> result) {
    deliver(person, [=, result = std::move(result)](AppletSession& s, Now at) {
      const auto all = accounts.lock();
      if (!all || !all->typed || all->request != id) return;
      if (result) all->right = std::move(all->typed);
      all->typed.reset();
      const auto why = result ? std::string() : result.error().context;
      s.with<AppletCredentials>(at, [&](auto& c) { c.checked(id, result.has_value(), why); });
      if (result) s.with<AppletScripts>(at, [&](auto& scripts) { scripts.set_account(all->right->name); });
    });
  };
  services_.scripts.check({person_, request.request}, std::move(*start), std::move(heard));
}

void MachineHost::forget(Now now) {
  if (accounts_->typed) services_.scripts.stop({person_, accounts_->request});
  *accounts_ = {};
  if (!services_.guard.root) core_.with<AppletScripts>(now, [](auto& scripts) { scripts.set_account(std::nullopt); });
}

// ---- restart

void MachineHost::act(session::RebootAction& action, Now) {
  const auto tell = [person = person_, deliver = deliver_, here = std::weak_ptr(here_)](auto call) {
    return [=](base::Result<> result) {
      if (here.expired()) return;
      deliver(person, [=, result = std::move(result)](AppletSession& s, Now at) {
        s.with<AppletReboot>(at, [&](auto& reboot) { call(reboot, result); });
      });
    };
  };
  const auto why = [](const base::Result<>& r) { return r ? std::string() : r.error().message(); };
  if (const auto* prepare = std::get_if<session::PrepareReboot>(&action)) {
    services_.reboot.prepare(tell([why, id = prepare->request](AppletReboot& reboot, const base::Result<>& r) {
      reboot.prepared(id, r.has_value(), why(r));
    }));
  } else if (const auto* go = std::get_if<session::RebootNow>(&action)) {
    services_.reboot.go(tell([why, id = go->request](AppletReboot& reboot, const base::Result<>& r) {
      if (!r) reboot.failed(id, why(r));
    }));
  } else {
    services_.reboot.cancel();
  }
}

}  // namespace rescue::applet
