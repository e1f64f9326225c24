// SPDX-License-Identifier: Apache-2.0
#include "unit/stamp/fixtures.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "base/assert.hpp"
#include "support/paths.hpp"

namespace rescue::test {

std::filesystem::path stamp_fixture(std::string_view name) { return binary_dir() / "tests/stamp_fixtures" / name; }

base::Bytes read_bytes(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  RESCUE_ASSERT(in.good());
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void write_bytes(const std::filesystem::path& path, base::ByteView bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  RESCUE_ASSERT(out.flush().good());
}

Ran run_program(const std::vector<std::string>& argv) {
  std::vector<char*> words;
  for (const auto& word : argv) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  int ends[2] = {-1, -1};
  RESCUE_ASSERT(::pipe2(ends, O_CLOEXEC) == 0);
  posix_spawn_file_actions_t actions;
  RESCUE_ASSERT(::posix_spawn_file_actions_init(&actions) == 0);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t child = -1;
  const int failed = ::posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  Ran out;
  if (failed != 0) {
    out.output = std::string("cannot start ") + words[0];
  } else {
    std::array<char, 4096> buffer{};
    for (ssize_t n = 0; (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
      out.output.append(buffer.data(), static_cast<std::size_t>(n));
    int status = 0;
    ::waitpid(child, &status, 0);
    out.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  ::close(ends[0]);
  return out;
}

Ran osslsigncode_verify(const std::filesystem::path& file) {
  return run_program({"osslsigncode", "verify", "-CAfile", stamp_fixture("root.pem"), "-in", file});
}

base::WallTime stamp_now() { return base::system_clock().wall(); }

stamp::CodeSigner code_signer(std::string_view name, const stamp::ProgramInfo& info) {
  auto signer = stamp::CodeSigner::load(stamp_fixture(fmt::format("{}-chain.pem", name)),
                                        stamp_fixture(fmt::format("{}.key", name)), info, stamp_now());
  RESCUE_ASSERT(signer);
  return std::move(*signer);
}

namespace {
const crypto::PrivateKey& site_key() {
  static const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  return key;
}
}  // namespace

crypto::Invite sample_invite() {
  crypto::Invite invite;
  invite.guid = base::Guid::from_bytes(base::Bytes(16, 0x5a)).value();
  invite.broker_url = "https://help.example.org";
  invite.ca_pin.fill(7);
  invite.token_keys = {site_key().public_key()};
  invite.organisation = "Example Ltd";
  invite.issued = stamp_now();
  invite.not_after = invite.issued + std::chrono::hours(1);
  return invite;
}

base::Bytes sample_payload() { return crypto::make_invite(sample_invite(), site_key()).value(); }

}  // namespace rescue::test
