// SPDX-License-Identifier: Apache-2.0
// The window alone, driven by lines on stdin and answering by lines on stdout, for tests that click on it from outside.
//   person NAME|EMAIL|ORGANISATION|linked viewing controlling recording [ACTIVITY…]
//   standing STATE|TECHNICIAN|TO|NAME,EMAIL;…   prompt NUMBER PERMISSION TIMEOUT_S   single
//   NUMBER TIMEOUT_S close NUMBER   chat FROM|TEXT   reach N|DETAIL   file   ask_file   end TEXT   own
//   script NUMBER LINE|LINE   digits NUMBER   account NUMBER   close_question NUMBER
#include <algorithm>
#include <iostream>
#include <sstream>
#include <thread>

#include "applet/ui_fltk/fltk_ui.hpp"

namespace rescue::applet {
namespace {

class Events final : public UiEvents {
 public:
  void answered(PersonId, session::PromptId prompt, session::Answer a) override {
    constexpr const char* kNames[] = {"yes", "no", "one_by_one"};
    print("answered " + std::to_string(prompt.get()) + " " + kNames[static_cast<int>(a)]);
  }
  void question_answered(PersonId, session::QuestionId question, bool yes,
                         std::vector<base::SecretBytes> values) override {
    std::string line = "question " + std::to_string(question.get()) + (yes ? " yes" : " no");
    for (const auto& v : values) line += " " + std::string(v.view().begin(), v.view().end());
    print(line);
  }
  void says(std::string text) override { print("says " + text); }
  void file_picked(PersonId, std::uint32_t, std::optional<std::filesystem::path> file) override {
    print("file " + (file ? file->string() : std::string("none")));
  }
  void cancels_file(PersonId, session::TransferId) override { print("cancels"); }
  void revokes(session::Permission) override {}
  void revokes_all() override { print("revokes_all"); }
  void ends() override { print("ends"); }
  static void print(const std::string& line) { std::cout << line << std::endl; }
};

std::string until(std::istream& in, char end) {
  std::string out;
  std::getline(in, out, end);
  return out;
}

void obey(Ui& ui, desktop::OwnWindows& own, const std::string& line) {
  std::istringstream in(line);
  std::string verb;
  in >> verb >> std::ws;
  if (verb == "person") {
    PersonView p;
    p.id = PersonId(1);
    p.name = until(in, '|'), p.email = until(in, '|'), p.organisation = until(in, '|');
    in >> p.status.linked >> p.status.viewing >> p.status.controlling >> p.status.recording;
    if (p.status.viewing) p.status.on.add(session::Activity::view);
    if (p.status.controlling) p.status.on.add(session::Activity::control);
    if (p.status.recording) p.status.on.add(session::Activity::recording);
    for (std::string name; in >> name;)
      for (const auto a : session::all_activities())
        if (session::name(a) == name) p.status.on.add(a);
    ui.show_person(p);
  } else if (verb == "standing") {
    Standing s;
    s.state = wire::parse_session_state(until(in, '|')).value();
    s.technician = until(in, '|'), s.to = until(in, '|');
    for (std::string one; std::getline(in, one, ';');)
      s.people.push_back({one.substr(0, one.find(',')), one.substr(one.find(',') + 1)});
    ui.show_standing(s);
  } else if (verb == "prompt" || verb == "single") {
    PromptView v;
    v.person = PersonId(1);
    std::uint32_t number = 0;
    std::string permission;
    int timeout = 0;
    in >> number;
    if (verb == "prompt") in >> permission;
    in >> timeout;
    v.show.technician_name = "Ada Lovelace", v.show.technician_email = "ada@example.org",
    v.show.organisation = "Example Support";
    v.show.prompt.id = session::PromptId(number);
    v.show.prompt.single = verb == "single";
    v.show.prompt.covers = v.show.prompt.single
                               ? wire::PermissionSet{wire::Permission::desktop_view, wire::Permission::remote_control,
                                                     wire::Permission::system_information}
                               : wire::PermissionSet{wire::parse_permission(permission).value()};
    v.show.prompt.opened = std::chrono::steady_clock::now();
    v.show.prompt.deadline = v.show.prompt.opened + std::chrono::seconds(timeout);
    ui.show_prompt(v);
  } else if (verb == "script" || verb == "digits" || verb == "account") {
    QuestionView v;
    v.person = PersonId(1);
    std::uint32_t number = 0;
    in >> number >> std::ws;
    v.ask.id = session::QuestionId(number);
    v.ask.technician_name = "Ada Lovelace", v.ask.technician_email = "ada@example.org";
    v.ask.deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    auto& q = v.ask.question;
    q.heading = "A question of the test";
    q.text =
        "This sentence is long enough to need a second line in a window of this width, which the window has to leave "
        "room for.";
    q.yes = "Do it", q.no = "Leave it";
    if (verb == "script") {
      q.detail = until(in, '\n');
      std::ranges::replace(q.detail, '|', '\n');
    } else if (verb == "digits") {
      q.fields.push_back({"Six digits", false, true, 6});
    } else {
      q.fields.push_back({"Account", false, false, 64});
      q.fields.push_back({"Password", true, false, 64});
    }
    ui.ask(v);
  } else if (verb == "close_question") {
    std::uint32_t number = 0;
    in >> number;
    ui.close_question(PersonId(1), session::QuestionId(number));
  } else if (verb == "close") {
    std::uint32_t number = 0;
    in >> number;
    ui.close_prompt(PersonId(1), session::PromptId(number));
  } else if (verb == "chat") {
    auto from = until(in, '|');
    ui.show_chat({from, until(in, '\n'), {}});
  } else if (verb == "reach") {
    auto n = std::stoi(until(in, '|'));
    ui.show_reach(static_cast<Reach>(n), until(in, '\n'));
  } else if (verb == "file") {
    session::TransferId id{session::FileDirection::to_applet, 1};
    ui.show_file({PersonId(1), session::FileOffered{id, "printer-driver.deb", 4'200'000}});
    ui.show_file({PersonId(1), session::FileProgress{id, 1'500'000, 4'200'000}});
  } else if (verb == "ask_file") {
    ui.ask_file({PersonId(1), 7, "Ada Lovelace", "ada@example.org"});
  } else if (verb == "own") {
    Events::print("own " + std::to_string(own.list().size()));
  } else if (verb == "end") {
    ui.end({base::Exit::ok, until(in, '\n')});
  }
}

int run() {
  desktop::OwnWindows own;
  auto ui = make_fltk_ui({"", desktop::parse_keysym("F12").value()}, own);
  if (!ui) {
    std::cerr << ui.error().message() << '\n';
    return static_cast<int>(ui.error().exit());
  }
  Events events;
  std::thread reader([&] {
    for (std::string line; std::getline(std::cin, line);) obey(**ui, own, line);
  });
  (*ui)->run(events);
  Events::print("over");
  std::cout.flush();
  std::_Exit(0);  // the reader still waits for stdin
}
}  // namespace
}  // namespace rescue::applet

int main() { return rescue::applet::run(); }
