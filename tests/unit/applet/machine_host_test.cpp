// SPDX-License-Identifier: Apache-2.0
// Scripts and accounts from the technician's end to real processes, and what of it the link sees.
#include <fstream>

#include <sys/stat.h>

#include "unit/applet/session_rig.hpp"

namespace rescue::applet {
namespace {
using test::Rig;
using wire::Permission;
using namespace std::chrono_literals;
namespace ws = wire::session;
constexpr std::string_view kPassword = "Tr0ub4dor&3 staple";

class AtTheMachine : public testing::Test {
 protected:
  AtTheMachine() {
    place_.program =
        (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "applet_script_guard_probe").string();
    place_.user = "ann";
    place_.search_path = (dir_.path()).string();
    rig_.host.reset();
    rig_.calls.clear();
    rig_.services.machine.guard = place_;
    rig_.host = std::make_unique<TechnicianHost>(
        PersonId(1), *rig_.core, PersonNames{"Ada Lovelace", "ada@example.org", "Example Support"}, rig_.services);
    rig_.tap = [this](base::ByteView bytes) { base::append(wire_, bytes); };
    // As sudo: the first line of its input is the password.
    const auto sudo = dir_.path() / "sudo";
    std::ofstream(sudo) << "#!/bin/bash\nIFS= read -r pw\n[ \"$pw\" = '" << kPassword
                        << "' ] || { echo Sorry >&2; exit 1; }\n"
                        << "while [ \"$1\" != -- ]; do shift; done; shift\n"
                        << "[ \"$(id -u)\" = 0 ] && exec \"$@\"\nexec unshare -r \"$@\"\n";
    ::chmod(sudo.c_str(), 0755);
  }
  template <typename T>
  const T* last() {
    for (auto it = rig_.events.rbegin(); it != rig_.events.rend(); ++it)
      if (const auto* m = std::get_if<session::MachineEvent>(&*it))
        if (const auto* t = std::get_if<T>(m)) return t;
    return nullptr;
  }
  /// The user answers the question that is put next.
  bool answer(std::size_t before, bool yes, std::vector<base::SecretBytes> values = {}) {
    if (!rig_.until([&] { return rig_.ui.asked.size() > before; })) return false;
    rig_.run_for(session::kPromptDeafTime + 20ms);
    const bool taken = rig_.core->question_answered(rig_.ui.asked.back().ask.id, yes, std::move(values), rig_.now());
    rig_.host->drain(rig_.now());
    return taken;
  }
  bool run(session::ScriptOrder order) {
    const auto before = rig_.ui.asked.size();
    return rig_.console->with<session::ConsoleScripts>(rig_.now(), [&](auto& f) { return f.run(std::move(order)); }) &&
           answer(before, true);
  }
  bool over() {
    return rig_.until([&] {
      const auto* e = last<session::ScriptChanged>();
      return e != nullptr && session::is_over(e->phase);
    });
  }
  std::string printed() {
    std::string out;
    for (const auto& e : rig_.events)
      if (const auto* m = std::get_if<session::MachineEvent>(&e))
        if (const auto* p = std::get_if<session::ScriptPrinted>(m)) out += base::as_text(p->data);
    return out;
  }
  bool credentials(std::string_view name, std::string_view password) {
    const auto before = rig_.ui.asked.size();
    if (!rig_.console->with<session::ConsoleCredentials>(rig_.now(), [](auto& f) { return f.request("driver"); }))
      return false;
    std::vector<base::SecretBytes> typed;
    for (const auto text : {name, password}) typed.emplace_back(base::to_bytes(base::as_bytes(text)));
    return answer(before, true, std::move(typed)) && rig_.until([&] {
      const auto* e = last<session::CredentialsChanged>();
      return e != nullptr && session::is_over(e->outcome);
    });
  }
  bool on_the_wire(std::string_view text) { return base::as_text(wire_).find(text) != std::string_view::npos; }

  test::TempDir dir_;
  GuardPlace place_;
  Rig rig_{[] { return base::Result<std::unique_ptr<desktop::Capture>>(base::fail(base::Errc::unsupported, "none")); },
           nullptr};
  base::Bytes wire_;
};

TEST_F(AtTheMachine, AScriptRunsAndItsOutputComes) {
  ASSERT_TRUE(rig_.ask(Permission::deploy_scripts, true));
  ASSERT_TRUE(run({.text = "echo one; echo two >&2; exit 5"}));
  ASSERT_TRUE(over());
  EXPECT_EQ(last<session::ScriptChanged>()->exit_code, 5);
  EXPECT_NE(printed().find("one\n"), std::string::npos);
  EXPECT_NE(printed().find("two\n"), std::string::npos);
  EXPECT_TRUE(on_the_wire("one\n")) << "the link is listened to";
}

TEST_F(AtTheMachine, MuchOutputComesWhole) {
  ASSERT_TRUE(rig_.ask(Permission::deploy_scripts, true));
  ASSERT_TRUE(run({.text = "seq 1 300000"}));
  std::uint64_t taken = 0;
  ASSERT_TRUE(rig_.until([&] {
    const auto* p = last<session::ScriptPrinted>();
    if (p != nullptr && p->offset + p->data.size() > taken) {
      taken = p->offset + p->data.size();
      rig_.console->with<session::ConsoleScripts>(rig_.now(), [&](auto& f) { f.taken(p->request, taken); });
    }
    const auto* e = last<session::ScriptChanged>();
    return e != nullptr && session::is_over(e->phase);
  }));
  const auto text = printed();
  EXPECT_TRUE(text.starts_with("1\n2\n"));
  EXPECT_TRUE(text.ends_with("299999\n300000\n"));
  EXPECT_EQ(std::ranges::count(text, '\n'), 300000);
}

TEST_F(AtTheMachine, AnAccountElevatesAndItsPasswordGoesNowhere) {
  ASSERT_TRUE(rig_.ask(Permission::deploy_scripts, true));
  ASSERT_TRUE(rig_.ask(Permission::windows_credentials, true));
  ASSERT_TRUE(credentials("ann", kPassword));
  EXPECT_EQ(last<session::CredentialsChanged>()->outcome, ws::Outcome::done);
  EXPECT_EQ(last<session::CredentialsChanged>()->account, "ann");
  ASSERT_TRUE(run({.text = "id -u; tr '\\0' '\\n' < /proc/$$/environ; ps ax -o args", .elevated = true}));
  ASSERT_TRUE(over());
  EXPECT_EQ(last<session::ScriptChanged>()->phase, ws::ScriptPhase::ended) << last<session::ScriptChanged>()->detail;
  EXPECT_TRUE(printed().starts_with("0\n")) << printed();
  EXPECT_TRUE(on_the_wire("ann"));
  EXPECT_FALSE(on_the_wire(kPassword));
  EXPECT_EQ(printed().find(kPassword), std::string::npos) << "in no argument and no environment";
  for (const auto& e : rig_.audit) EXPECT_EQ(e.data_json().find("Tr0ub4dor"), std::string::npos);
}

TEST_F(AtTheMachine, AWrongPasswordElevatesNothing) {
  ASSERT_TRUE(rig_.ask(Permission::deploy_scripts, true));
  ASSERT_TRUE(rig_.ask(Permission::windows_credentials, true));
  ASSERT_TRUE(credentials("ann", "another"));
  EXPECT_EQ(last<session::CredentialsChanged>()->outcome, ws::Outcome::failed);
  EXPECT_EQ(last<session::CredentialsChanged>()->detail, "Sorry");
  ASSERT_TRUE(rig_.console->with<session::ConsoleScripts>(
      rig_.now(), [](auto& f) { return f.run({.text = "id", .elevated = true}); }));
  ASSERT_TRUE(over());
  EXPECT_EQ(last<session::ScriptChanged>()->phase, ws::ScriptPhase::failed);
  EXPECT_EQ(printed(), "");
}

TEST_F(AtTheMachine, AnAccountIsForgottenWithItsRight) {
  ASSERT_TRUE(rig_.ask(Permission::deploy_scripts, true));
  ASSERT_TRUE(rig_.ask(Permission::windows_credentials, true));
  ASSERT_TRUE(credentials("ann", kPassword));
  rig_.core->user_revokes(Permission::windows_credentials, rig_.now());
  rig_.host->drain(rig_.now());
  ASSERT_TRUE(
      rig_.until([&] { return rig_.state(Permission::windows_credentials) == session::ConsentState::revoked; }));
  rig_.core->with<session::AppletCredentials>(rig_.now(), [](auto& c) { EXPECT_FALSE(c.account()); });
  EXPECT_FALSE(rig_.console->with<session::ConsoleScripts>(
      rig_.now(), [](auto& f) { return f.run({.text = "id", .elevated = true}); }));
}

}  // namespace
}  // namespace rescue::applet
