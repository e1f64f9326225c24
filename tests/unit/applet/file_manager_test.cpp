// SPDX-License-Identifier: Apache-2.0
// The file manager from a view's command to the disk of the other machine: a session agent, both cores, a real host.
#include <algorithm>
#include <fstream>
#include <future>

#include <sys/stat.h>

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "applet/core/volumes.hpp"
#include "applet/headless/synthetic_desktop.hpp"
#include "client/session_agent.hpp"
#include "unit/applet/session_rig.hpp"
#include "unit/files/disk.hpp"

namespace rescue::applet {
namespace {
namespace fs = std::filesystem;
namespace json = boost::json;
using files::content;
using files::put;
using files::tree_of;
using test::Rig;
using wire::Permission;
using namespace std::chrono_literals;
using Names = std::vector<std::string>;

class FileManagerTest : public testing::Test {
 protected:
  explicit FileManagerTest(bool below_there = false)
      : rig_([this] { return base::Result<std::unique_ptr<desktop::Capture>>(desktop_.make_capture()); },
             desktop_.make_input(), 0, below_there ? std::vector<fs::path>{made("there")} : std::vector<fs::path>{}) {
    made("there");
    client::AgentInfo info;
    info.session = "0f8fad5b-d9cb-469f-a165-70867728950e";
    info.technician = "ada@example.org";
    info.receive_dir = made("here");
    client::AgentHooks hooks;
    hooks.send = [this](client::ViewId, const std::string& line) { lines_.push_back(json::parse(line).as_object()); };
    hooks.log = [](client::LogEvent) {};
    hooks.wake = [] {};
    hooks.spooled = [] { return std::size_t{0}; };
    agent_ =
        std::make_unique<client::SessionAgent>(*rig_.console, std::move(info), std::move(hooks), base::system_clock());
    rig_.drain_console = [this] {
      agent_->tick();
      return agent_->drain();
    };
    agent_->view_joined(client::ViewId(1));
    agent_->on_line(client::ViewId(1), R"({"cmd":"hello","cwd":"/","name":"test"})");
  }
  fs::path made(const char* name) {
    fs::create_directories(dir_ / name);
    return dir_ / name;
  }
  fs::path there(const char* name = "") { return dir_ / "there" / name; }
  fs::path here(const char* name = "") { return dir_ / "here" / name; }

  void say(json::object command) {
    command["id"] = ++id_;
    agent_->on_line(client::ViewId(1), json::serialize(command));
  }
  /// The reply to the last command, once it is there.
  json::object reply() {
    const json::object* found = nullptr;
    const auto answered = [&] {
      for (const auto& line : lines_)
        if (const auto* id = line.if_contains("id"); id != nullptr && *id == id_) found = &line;
      return found != nullptr;
    };
    EXPECT_TRUE(rig_.until(answered, 60s));
    return found != nullptr ? *found : json::object();
  }
  json::object run(json::object command) {
    say(std::move(command));
    return reply();
  }
  bool allow() { return rig_.ask(Permission::file_manager, true); }
  [[nodiscard]] const session::AuditEvent* logged(std::string_view type, std::string_view operation = "") const {
    for (auto it = rig_.audit.rbegin(); it != rig_.audit.rend(); ++it) {
      const auto* has = it->find("operation");
      if (it->type == type && (operation.empty() || (has && std::get<std::string>(*has) == operation))) return &*it;
    }
    return nullptr;
  }
  static Names names_of(const json::object& answer) {
    Names out;
    for (const auto& e : answer.at("entries").as_array()) out.emplace_back(e.at("name").as_string());
    return out;
  }
  static std::string text(const json::object& o, std::string_view key) {
    const auto* v = o.if_contains(json::string_view(key.data(), key.size()));
    return v != nullptr && v->is_string() ? std::string(v->as_string()) : "";
  }
  void make_tree(const fs::path& at) {
    put(at / "proj" / "one.txt", "1");
    put(at / "proj" / ".hidden", "h");
    put(at / "proj" / "sub" / "zero", "");
    put(at / "proj" / "sub" / "deep" / "two.bin", std::string(300'000, 'x'));
    fs::create_directories(at / "proj" / "empty" / "inner");
  }
  static Names whole_tree() {
    return {"proj",          "proj/.hidden",          "proj/empty",   "proj/empty/inner", "proj/one.txt", "proj/sub",
            "proj/sub/deep", "proj/sub/deep/two.bin", "proj/sub/zero"};
  }

  SyntheticDesktop desktop_{{5, {{640, 400}}, 100ms}, [](std::string_view, const std::string&) {}};
  test::TempDir dir_;
  Rig rig_;
  std::vector<json::object> lines_;
  std::int64_t id_ = 0;
  std::unique_ptr<client::SessionAgent> agent_;
};

class FileManagerBelow : public FileManagerTest {
 protected:
  FileManagerBelow() : FileManagerTest(true) {}
};

TEST_F(FileManagerTest, DoesNothingBeforeTheUserHasAllowedIt) {
  put(there("file"), "x");
  for (const char* cmd : {"fs_list", "fs_stat", "fs_make", "fs_remove", "fs_get"})
    EXPECT_EQ(text(run({{"cmd", cmd}, {"path", there("file").string()}}), "error"), "DENIED") << cmd;
  ASSERT_TRUE(rig_.ask(Permission::file_manager, false));
  EXPECT_EQ(text(run({{"cmd", "fs_remove"}, {"path", there("file").string()}}), "error"), "DENIED");
  EXPECT_TRUE(fs::exists(there("file")));
}

TEST_F(FileManagerTest, ListsAndLooks) {
  make_tree(there());
  fs::create_symlink("one.txt", there("proj") / "link");
  ASSERT_TRUE(allow());
  const auto list = run({{"cmd", "fs_list"}, {"path", there("proj").string()}});
  EXPECT_EQ(names_of(list), (Names{".hidden", "empty", "link", "one.txt", "sub"}));
  EXPECT_EQ(list.at("total").as_int64(), 5);
  EXPECT_EQ(list.at("entries").as_array()[2].at("kind").as_string(), "link");
  EXPECT_EQ(list.at("entries").as_array()[2].at("detail").as_string(), "one.txt");
  const auto stat = run({{"cmd", "fs_stat"}, {"path", (there("proj") / "one.txt").string()}});
  EXPECT_EQ(stat.at("entries").as_array()[0].at("size").as_int64(), 1);
  const auto volumes = run({{"cmd", "fs_list"}});
  EXPECT_NE(std::ranges::count(names_of(volumes), "/"), 0);
  EXPECT_EQ(text(run({{"cmd", "fs_list"}, {"path", there("none").string()}}), "error"), "NOT_FOUND");
  EXPECT_EQ(text(run({{"cmd", "fs_list"}, {"path", "relative"}}), "error"), "FILE_NAME_REFUSED");
  EXPECT_EQ(text(run({{"cmd", "fs_list"}, {"path", there("proj").string() + "/../.."}}), "error"), "FILE_NAME_REFUSED");
  const auto* logged_list = logged(session::audit_type::kFilesListed);
  ASSERT_NE(logged_list, nullptr);
  EXPECT_NE(logged_list->find("receipt"), nullptr) << "covered by the user's yes";
}

TEST_F(FileManagerTest, ListsALongFolderInPages) {
  for (int n = 0; n < 700; ++n) put(there("many") / fmt::format("file {:05}", n), "");
  ASSERT_TRUE(allow());
  Names seen;
  std::string cursor;
  do {
    json::object command{{"cmd", "fs_list"}, {"path", there("many").string()}};
    if (!cursor.empty()) command["cursor"] = cursor;
    const auto page = run(std::move(command));
    EXPECT_LT(json::serialize(page).size(), client::kScriptLineMax);
    for (auto& name : names_of(page)) seen.push_back(std::move(name));
    cursor = text(page, "cursor");
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), 700U);
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST_F(FileManagerTest, MakesRenamesAndRemoves) {
  ASSERT_TRUE(allow());
  const auto path = [&](const char* name) { return there(name).string(); };
  EXPECT_EQ(text(run({{"cmd", "fs_make"}, {"path", path("a")}}), "status"), "ok");
  EXPECT_EQ(text(run({{"cmd", "fs_make"}, {"path", path("a")}}), "error"), "FILE_EXISTS");
  EXPECT_EQ(text(run({{"cmd", "fs_make"}, {"path", path("b/c/d")}}), "error"), "NOT_FOUND");
  EXPECT_EQ(text(run({{"cmd", "fs_make"}, {"path", path("b/c/d")}, {"parents", true}}), "status"), "ok");
  put(there("one"), "1");
  put(there("two"), "2");
  EXPECT_EQ(text(run({{"cmd", "fs_rename"}, {"path", path("one")}, {"to", path("two")}}), "error"), "FILE_EXISTS");
  EXPECT_EQ(content(there("two")), "2");
  EXPECT_EQ(
      text(run({{"cmd", "fs_rename"}, {"path", path("one")}, {"to", path("two")}, {"overwrite", true}}), "status"),
      "ok");
  EXPECT_EQ(content(there("two")), "1");
  EXPECT_EQ(text(run({{"cmd", "fs_rename"}, {"path", path("two")}, {"to", path("a")}, {"overwrite", true}}), "error"),
            "FILE_EXISTS")
      << "no folder is replaced";
  EXPECT_EQ(text(run({{"cmd", "fs_remove"}, {"path", path("b")}}), "error"), "FOLDER_NOT_EMPTY");
  EXPECT_EQ(run({{"cmd", "fs_remove"}, {"path", path("b")}, {"recursive", true}}).at("files").as_int64(), 3);
  EXPECT_EQ(tree_of(there()), (Names{"a", "two"}));
  const auto* ended = logged(session::audit_type::kFilesEnded, "remove");
  ASSERT_NE(ended, nullptr);
  EXPECT_EQ(std::get<std::string>(*ended->find("outcome")), "ok");
  EXPECT_EQ(std::get<std::int64_t>(*ended->find("files")), 3);
  ASSERT_NE(logged(session::audit_type::kFilesStarted, "rename"), nullptr);
}

TEST_F(FileManagerTest, GetsATreeAndNothingBehindItsLinks) {
  make_tree(there());
  put(dir_ / "secret" / "key", "secret");
  fs::create_symlink("../../secret", there("proj") / "way_out");
  fs::create_symlink("../../secret/key", there("proj") / "file_out");
  mkfifo((there("proj") / "pipe").c_str(), 0600);
  ASSERT_TRUE(allow());
  const auto done = run({{"cmd", "fs_get"}, {"path", there("proj").string()}});
  EXPECT_EQ(text(done, "status"), "partial");
  EXPECT_NE(text(done, "detail").find("3 left out"), std::string::npos) << text(done, "detail");
  EXPECT_EQ(done.at("files").as_int64(), 4);
  EXPECT_EQ(text(done, "local"), here("proj").string());
  EXPECT_EQ(tree_of(here()), whole_tree());
  EXPECT_EQ(content(here("proj") / "sub" / "deep" / "two.bin"), std::string(300'000, 'x'));
  const auto sent = std::ranges::count(rig_.audit, session::audit_type::kFileSent, &session::AuditEvent::type);
  EXPECT_EQ(sent, 4) << "each with its name and hashes";
}

TEST_F(FileManagerTest, GetsAgainWhatIsThereAlreadyWithoutASecondCopy) {
  make_tree(there());
  ASSERT_TRUE(allow());
  ASSERT_EQ(text(run({{"cmd", "fs_get"}, {"path", there("proj").string()}}), "status"), "ok");
  fs::remove(here("proj") / "one.txt");
  ASSERT_EQ(text(run({{"cmd", "fs_get"}, {"path", there("proj").string() + "/"}}), "status"), "ok");
  EXPECT_EQ(tree_of(here()), whole_tree());
}

TEST_F(FileManagerTest, PutsATree) {
  make_tree(here());
  fs::create_symlink("/etc/passwd", here("proj") / "passwd");
  ASSERT_TRUE(allow());
  const auto done = run({{"cmd", "fs_put"}, {"path", here("proj").string()}, {"to", there().string()}});
  EXPECT_EQ(text(done, "status"), "partial") << "a link is left out";
  EXPECT_EQ(tree_of(there()), whole_tree());
  EXPECT_EQ(content(there("proj") / "sub" / "deep" / "two.bin"), std::string(300'000, 'x'));
  put(here("proj") / "one.txt", "changed");
  fs::remove(here("proj") / "passwd");
  ASSERT_EQ(text(run({{"cmd", "fs_put"}, {"path", here("proj").string()}, {"to", there().string()}}), "status"), "ok");
  EXPECT_EQ(content(there("proj") / "one.txt"), "1") << "nothing is replaced unless that is said";
  EXPECT_EQ(content(there("proj") / "one (2).txt"), "changed");
  ASSERT_EQ(text(run({{"cmd", "fs_put"},
                      {"path", (here("proj") / "one.txt").string()},
                      {"to", there("proj").string()},
                      {"overwrite", true}}),
                 "status"),
            "ok");
  EXPECT_EQ(content(there("proj") / "one.txt"), "changed");
}

TEST_F(FileManagerTest, PutsNothingThroughALinkOfTheOtherMachine) {
  make_tree(here());
  fs::create_directories(dir_ / "elsewhere");
  fs::create_directories(there("proj"));
  fs::create_symlink("../../elsewhere", there("proj") / "sub");
  ASSERT_TRUE(allow());
  const auto done = run({{"cmd", "fs_put"}, {"path", here("proj").string()}, {"to", there().string()}});
  EXPECT_EQ(text(done, "status"), "partial");
  EXPECT_TRUE(fs::is_empty(dir_ / "elsewhere"));
  EXPECT_EQ(content(there("proj") / "one.txt"), "1");
}

TEST_F(FileManagerTest, CarriesManySmallFiles) {
  constexpr int kFiles = 600;
  for (int n = 0; n < kFiles; ++n) put(there("many") / fmt::format("{}", n % 10) / fmt::format("f{}", n), "content");
  ASSERT_TRUE(allow());
  const auto got = run({{"cmd", "fs_get"}, {"path", there("many").string()}});
  EXPECT_EQ(text(got, "status"), "ok") << text(got, "detail");
  EXPECT_EQ(got.at("files").as_int64(), kFiles);
  EXPECT_EQ(tree_of(here("many")), tree_of(there("many")));
  EXPECT_EQ(run({{"cmd", "fs_remove"}, {"path", there("many").string()}, {"recursive", true}}).at("files").as_int64(),
            kFiles + 11);
}

TEST_F(FileManagerTest, StopsInTheMiddleWhenTheUserTakesItBack) {
  put(there("big") / "a.bin", std::string(30'000'000, 'x'));
  ASSERT_TRUE(allow());
  say({{"cmd", "fs_get"}, {"path", there("big").string()}});
  ASSERT_TRUE(rig_.until([&] { return fs::exists(here("big")) && !tree_of(here("big")).empty(); }));
  rig_.core->user_revokes(Permission::file_manager, rig_.now());
  EXPECT_EQ(text(reply(), "error"), "DENIED");
  ASSERT_TRUE(rig_.until([&] { return logged(session::audit_type::kFilesEnded, "get") != nullptr; }));
  EXPECT_EQ(std::get<std::string>(*logged(session::audit_type::kFilesEnded, "get")->find("outcome")), "revoked");
  EXPECT_TRUE(rig_.until([&] { return tree_of(here("big")).empty(); })) << "nothing of it is left";
  EXPECT_EQ(text(run({{"cmd", "fs_list"}, {"path", there().string()}}), "error"), "DENIED");
}

TEST_F(FileManagerTest, StopsInTheMiddleWhenTheTechnicianCancels) {
  put(here("big") / "a.bin", std::string(30'000'000, 'x'));
  ASSERT_TRUE(allow());
  say({{"cmd", "fs_put"}, {"path", here("big").string()}, {"to", there().string()}});
  const auto put_id = id_;
  ASSERT_TRUE(rig_.until([&] { return fs::exists(there("big")) && !tree_of(there("big")).empty(); }));
  run({{"cmd", "cancel"}});
  id_ = put_id;
  EXPECT_EQ(text(reply(), "error"), "CANCELED");
  EXPECT_TRUE(rig_.until([&] { return tree_of(there("big")).empty(); }));
}

TEST_F(FileManagerTest, ShowsNothingWhileTheMachineIsToRestart) {
  put(there("resume-1"), "the key of the session");
  ASSERT_TRUE(allow());
  std::promise<void> written, removed;
  rig_.manager.pause([&] { written.set_value(); });
  written.get_future().wait();
  EXPECT_EQ(text(run({{"cmd", "fs_get"}, {"path", there("resume-1").string()}}), "error"), "FILE_BUSY");
  EXPECT_EQ(text(run({{"cmd", "fs_list"}, {"path", there().string()}}), "error"), "FILE_BUSY");
  EXPECT_FALSE(fs::exists(here("resume-1")));
  rig_.manager.resume([&] { removed.set_value(); });
  removed.get_future().wait();
  EXPECT_EQ(names_of(run({{"cmd", "fs_list"}, {"path", there().string()}})), Names{"resume-1"});
}

TEST_F(FileManagerBelow, ReachesNothingOutsideOfItsRoots) {
  make_tree(there());
  put(dir_ / "secret" / "key", "secret");
  fs::create_symlink("../secret", there("way_out"));
  ASSERT_TRUE(allow());
  EXPECT_EQ(names_of(run({{"cmd", "fs_list"}})), Names{there().parent_path().string()});
  const auto key = (dir_ / "secret" / "key").string();
  const auto through = (there("way_out") / "key").string();
  for (const auto& path : {key, through})
    for (const char* cmd : {"fs_stat", "fs_get", "fs_remove"})
      EXPECT_EQ(text(run({{"cmd", cmd}, {"path", path}}), "error"), "PATH_OUTSIDE") << cmd << ' ' << path;
  EXPECT_EQ(text(run({{"cmd", "fs_list"}, {"path", "/etc"}}), "error"), "PATH_OUTSIDE");
  EXPECT_EQ(text(run({{"cmd", "fs_list"}, {"path", there("way_out").string()}}), "error"), "PATH_OUTSIDE");
  EXPECT_EQ(
      text(run({{"cmd", "fs_rename"}, {"path", there("proj").string()}, {"to", (dir_ / "stolen").string()}}), "error"),
      "PATH_OUTSIDE");
  EXPECT_EQ(text(run({{"cmd", "fs_put"}, {"path", here().parent_path().string()}, {"to", there("way_out").string()}}),
                 "error"),
            "PATH_OUTSIDE");
  EXPECT_EQ(text(run({{"cmd", "fs_remove"}, {"path", there().parent_path().string()}, {"recursive", true}}), "error"),
            "FILE_NAME_REFUSED")
      << "not the place where it begins";
  EXPECT_EQ(content(dir_ / "secret" / "key"), "secret");
  EXPECT_EQ(names_of(run({{"cmd", "fs_list"}, {"path", there("proj").string()}})).size(), 4U);
}

TEST(Volumes, AreWhatPeopleKeepFilesOn) {
  const auto mounts = read_mounts(
      "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "23 22 0:21 / /proc rw - proc proc rw\n"
      "24 22 0:22 / /run rw - tmpfs tmpfs rw\n"
      "25 22 8:17 / /media/ada/USB\\040STICK rw - vfat /dev/sdb1 rw\n"
      "26 22 8:2 / /boot/efi rw - vfat /dev/sda2 rw\n"
      "27 22 0:50 / /home/ada/net rw shared:9 master:1 - nfs4 server:/x rw\n"
      "28 22 0:51 / /home/ada/s rw - fuse.sshfs ada@host: rw\n"
      "29 25 8:17 / /media/ada/USB\\040STICK rw - vfat /dev/sdb1 rw\n"
      "broken line\n");
  EXPECT_EQ(
      mounts,
      (std::vector<Mount>{
          {"/", "ext4"}, {"/media/ada/USB STICK", "vfat"}, {"/home/ada/net", "nfs4"}, {"/home/ada/s", "fuse.sshfs"}}));
}

}  // namespace
}  // namespace rescue::applet
