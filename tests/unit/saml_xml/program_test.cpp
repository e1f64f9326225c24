// SPDX-License-Identifier: Apache-2.0
// rescue-saml: in this process, as a confined program asked by HelperVerifier, and what the confinement takes away.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <thread>

#include "cmd/rescue-saml/sandbox.hpp"
#include "cmd/rescue-saml/x_main.hpp"
#include "saml/helper_words.hpp"
#include "saml/verifier.hpp"
#include "vectors.hpp"

namespace rescue::saml_xml {
namespace {

std::filesystem::path helper() {
  return saml::find_helper(test::binary_dir() / "bin" / "rescue").value_or(std::filesystem::path());
}

/// A program that stands in for the helper.
std::filesystem::path script(const test::TempDir& dir, const std::string& text) {
  const auto path = dir / "helper";
  std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
  ::chmod(path.c_str(), 0700);
  return path;
}

/// In a process of its own; gives what `act` gives once the process is confined.
template <typename Act>
int confined(Act&& act) {
  const auto pid = ::fork();
  if (pid == 0) {
    const auto layers = saml_program::confine();
    if (!layers) ::_exit(99);
    const bool all = std::ranges::find(*layers, "seccomp") != layers->end();
    ::_exit(all ? act() : 98);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  // Where the filter kills, it does so with SIGSYS: as good as a refusal.
  return WIFEXITED(status) ? WEXITSTATUS(status) : WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? EPERM : -1;
}

TEST(SamlHelper, AnswersLikeTheEngine) {
  saml::HelperVerifier verifier(helper());
  const auto verdict = verifier.check(vectors::question("good_encrypted_gcm_both_signed"));
  ASSERT_TRUE(verdict) << verdict.error().message();
  ASSERT_TRUE(*verdict) << verdict->error().message();
  const auto& i = **verdict;
  const auto here = Engine().check(vectors::question("good_encrypted_gcm_both_signed")).value().value();
  EXPECT_EQ(boost::json::value(saml::to_json(i)), boost::json::value(saml::to_json(here)));

  const auto refused = verifier.check(vectors::question("xsw3_assertion"));
  ASSERT_TRUE(refused) << refused.error().message();
  ASSERT_FALSE(*refused);
  EXPECT_EQ(refused->error().rule, saml::Rule::assertion_count);
}

TEST(SamlHelper, ReadsMetadata) {
  saml::HelperVerifier verifier(helper());
  const auto read = verifier.read_metadata(vectors::read_file(vectors::folder() / "metadata.idp"));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(boost::json::value(saml::to_json(*read)), boost::json::value(saml::to_json(vectors::idp())));
  const auto refused = verifier.read_metadata("<x/>");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, saml::Errc::refused);
  EXPECT_NE(refused.error().context.find("root"), std::string::npos) << refused.error().context;
}

TEST(SamlHelper, WorksForSeveralThreadsAtATime) {
  saml::HelperVerifier verifier(helper());
  std::vector<std::thread> threads;
  std::atomic<int> accepted{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      const auto verdict = verifier.check(vectors::question("good_both_signed"));
      if (verdict && *verdict) ++accepted;
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(accepted, 4);
}

// A daemon's sockets are open across exec: the helper must not find them.
TEST(SamlHelper, InheritsNothingButItsStandardStreams) {
  const test::TempDir dir;
  constexpr int kLeak = 200;
  ASSERT_EQ(::dup2(STDERR_FILENO, kLeak), kLeak);
  const auto here = Engine().check(vectors::question("good_both_signed")).value().value();
  const auto good = boost::json::serialize(boost::json::object{{"accepted", saml::to_json(here)}, {"confined_by", {}}});
  saml::HelperVerifier verifier(script(dir, "[ -e /proc/$$/fd/200 ] && exit 7; cat >/dev/null; echo '" + good + "'"),
                                std::chrono::seconds(10));
  const auto verdict = verifier.check(vectors::question("good_both_signed"));
  EXPECT_TRUE(verdict) << verdict.error().message();
  EXPECT_EQ(confined([] { return ::write(kLeak, "", 0) >= 0 ? 0 : errno; }), EBADF);
  ::close(kLeak);
}

TEST(SamlHelper, IsNeverBelievedWhenItFails) {
  const test::TempDir dir;
  const auto ask = [&](const std::string& text, std::chrono::milliseconds timeout = std::chrono::seconds(10)) {
    saml::HelperVerifier verifier(script(dir, text), timeout);
    const auto verdict = verifier.check(vectors::question("good_both_signed"));
    return verdict ? std::string("verdict") : std::string(verdict.error().code.name());
  };
  const auto here = Engine().check(vectors::question("good_both_signed")).value().value();
  const auto good = boost::json::serialize(boost::json::object{{"accepted", saml::to_json(here)}, {"confined_by", {}}});
  const auto say = [](const std::string& words) { return "cat >/dev/null; echo '" + words + "'"; };
  EXPECT_EQ(ask(say(good)), "verdict");  // the script can be heard at all
  EXPECT_EQ(ask(say(good) + "; exit 1"), "SSO_HELPER_FAILED");
  EXPECT_EQ(ask(say(good) + "; kill -9 $$"), "SSO_HELPER_FAILED");
  EXPECT_EQ(ask("exit 0"), "SSO_HELPER_FAILED");
  EXPECT_EQ(ask(say("accepted")), "SSO_HELPER_FAILED");
  EXPECT_EQ(ask(say("{}")), "SSO_HELPER_FAILED");
  EXPECT_EQ(ask(say(R"({"accepted":{},"confined_by":[]})")), "BAD_FORMAT");
  EXPECT_EQ(ask(say(R"({"accepted":{},"refused":{"rule":"dtd","detail":""},"confined_by":[]})")), "SSO_HELPER_FAILED");
  EXPECT_EQ(ask("exec sleep 60", std::chrono::milliseconds(200)), "SSO_HELPER_TIMED_OUT");
  saml::HelperVerifier missing(dir / "nothing");
  EXPECT_FALSE(missing.check(vectors::question("good_both_signed")));
}

std::pair<int, std::string> run(const std::string& question, std::vector<std::string> args = {}) {
  std::istringstream in(question);
  std::ostringstream out, err;
  saml_program::Env env{in, out, err, false};
  args.insert(args.begin(), "rescue-saml");
  const int code = saml_program::x_main(args, env);
  return {code, code == 0 ? out.str() : err.str()};
}

TEST(SamlProgram, SaysWhatIsWrongWithAQuestion) {
  EXPECT_EQ(run("").first, 1);
  EXPECT_EQ(run("[]").first, 1);
  EXPECT_EQ(run(R"({"op":"sing"})").first, 1);
  EXPECT_EQ(run(R"({"op":"check"})").first, 1);
  EXPECT_EQ(run(std::string(saml::kMaxQuestionBytes + 1, ' ')).first, 1);
  EXPECT_EQ(run("{}", {"--help"}).first, 2);
  const auto [code, text] = run(R"({"op":"read_metadata","xml":"<x/>"})");
  EXPECT_EQ(code, 0);
  EXPECT_NE(text.find(R"("rule":"root")"), std::string::npos) << text;
}

TEST(SamlProgram, KeepsEveryWordOfAQuestion) {
  auto q = vectors::question("good_encrypted_gcm_both_signed", "any");
  q.clock_skew = std::chrono::seconds(7);
  q.idp.valid_until = q.now + std::chrono::hours(1);
  const auto read = saml::read_question(saml::write_question(q));
  ASSERT_TRUE(read) << read.error().message();
  const auto& back = std::get<saml::ResponseCheck>(*read);
  EXPECT_EQ(back.answers, saml::Answers::any);
  EXPECT_EQ(back.request_id, q.request_id);
  EXPECT_EQ(back.clock_skew, q.clock_skew);
  EXPECT_EQ(back.now, q.now);
  EXPECT_EQ(back.response, q.response);
  EXPECT_EQ(back.idp.valid_until, q.idp.valid_until);
  EXPECT_EQ(back.sp.acs_url, q.sp.acs_url);
  ASSERT_EQ(back.decryption_keys.size(), 1u);
  EXPECT_EQ(base::as_text(back.decryption_keys[0].view()), base::as_text(q.decryption_keys[0].view()));
}

TEST(SamlSandbox, LeavesNeitherFilesNorSocketsNorPrograms) {
  EXPECT_EQ(confined([] { return 7; }), 7);  // and lets work be done
  const auto open_passwd = confined([] {
    const int fd = ::open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? 0 : errno;
  });
  EXPECT_TRUE(open_passwd == EACCES || open_passwd == EPERM) << open_passwd;
  const auto make_file = confined([] {
    const int fd = ::open("/tmp/rescue-saml-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return fd >= 0 ? 0 : errno;
  });
  EXPECT_TRUE(make_file == EACCES || make_file == EPERM) << make_file;
  EXPECT_EQ(confined([] { return ::socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno; }), EPERM);
  EXPECT_EQ(confined([] { return ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno; }), EPERM);
  EXPECT_EQ(confined([] {
              ::execl("/bin/true", "true", nullptr);
              return errno;
            }),
            EPERM);
  EXPECT_EQ(confined([] { return ::kill(::getppid(), 0) == 0 ? 0 : errno; }), EPERM);
}

TEST(SamlSandbox, IsReportedByTheProgram) {
  const auto out = test::binary_dir() / "bin" / "rescue-saml";
  const test::TempDir dir;
  std::ofstream(dir / "question") << R"({"op":"read_metadata","xml":"<x/>"})";
  const auto command =
      "'" + out.string() + "' <'" + (dir / "question").string() + "' >'" + (dir / "answer").string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT: a test
  const auto answer = boost::json::parse(vectors::read_file(dir / "answer")).as_object();
  std::vector<std::string> layers;
  for (const auto& layer : answer.at("confined_by").as_array()) layers.emplace_back(layer.as_string());
  EXPECT_NE(std::ranges::find(layers, "seccomp"), layers.end());
  EXPECT_NE(std::ranges::find(layers, "rlimits"), layers.end());
}

}  // namespace
}  // namespace rescue::saml_xml
