// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "client/agent_process.hpp"
#include "client/transfer_files.hpp"
#include "crypto/tokens.hpp"
#include "support/temp_dir.hpp"

namespace rescue::client {
namespace {

std::size_t files_in(const std::filesystem::path& dir) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(dir), {}));
}

TEST(ClientGuards, AFileThatIsBrokenOffLeavesNothingBehind) {
  const test::TempDir dir;
  const session::Now now{};
  session::ConsoleOptions options;
  options.hasher = make_file_hasher();
  session::ConsoleSession core(std::move(options), now);
  const session::TransferId one{session::FileDirection::to_console, 1}, two{session::FileDirection::to_console, 2};
  {
    TransferFiles files(core, "session");
    files.set_directory(7, dir.path());
    files.set_directory(8, dir.path());
    files.act(session::OpenForWrite{one, "a.txt", 100, 7}, now);
    files.act(session::WriteChunk{one, 0, base::Bytes(10, 'x')}, now);
    ASSERT_EQ(files_in(dir.path()), 1u);
    EXPECT_FALSE(std::filesystem::exists(dir / "a.txt")) << "no partial file under its final name";
    files.act(session::DropFile{one, session::FileStop::canceled}, now);
    EXPECT_EQ(files_in(dir.path()), 0u);
    files.act(session::OpenForWrite{two, "b.txt", 100, 8}, now);
    ASSERT_EQ(files_in(dir.path()), 1u);
  }
  EXPECT_EQ(files_in(dir.path()), 0u) << "nor does one that nothing could go on with";
}

TEST(ClientGuards, AFileIsGoneOnWithByAnotherAgentOfTheSameSession) {
  const test::TempDir dir;
  const session::Now now{};
  session::ConsoleOptions options;
  options.hasher = make_file_hasher();
  session::ConsoleSession core(std::move(options), now);
  const session::TransferId one{session::FileDirection::to_console, 1};
  const session::OpenForWrite open{one, "a.txt", 100, 7, base::WallTime(std::chrono::hours(1))};
  const auto begin = [&](TransferFiles& files, const session::FileAction& last) {
    files.set_directory(7, dir.path());
    files.act(open, now);
    files.act(last, now);
  };
  const session::WriteChunk chunk{one, 0, base::Bytes(10, 'x')};
  {
    TransferFiles files(core, "session");
    begin(files, chunk);
  }
  ASSERT_EQ(files_in(dir.path()), 1u) << "the agent went, the session goes on";
  {
    TransferFiles files(core, "session");
    begin(files, session::DropFile{one, session::FileStop::none, true});
  }
  ASSERT_EQ(files_in(dir.path()), 1u) << "nobody said no";
  {
    TransferFiles files(core, "session");
    begin(files, session::DropFile{one, session::FileStop::canceled, false});
  }
  EXPECT_EQ(files_in(dir.path()), 0u) << "it was the same file that was gone on with";
}

TEST(ClientGuards, AGrantForAnotherSessionIsNoAnswer) {
  const auto site = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  crypto::Grant grant;
  grant.session = base::Guid::random(base::system_random());
  grant.technician = base::Guid::random(base::system_random());
  grant.lease_until = base::WallTime(std::chrono::hours(1));
  const auto envelope = crypto::make_grant(grant, site).value();
  EXPECT_TRUE(read_grant(envelope, grant.session));
  EXPECT_FALSE(read_grant(envelope, base::Guid::random(base::system_random())));
  EXPECT_FALSE(read_grant(base::ByteView(envelope).first(40), grant.session)) << "cut off";
  crypto::Ticket ticket;
  ticket.session = grant.session;
  ticket.holder_spki = crypto::PrivateKey::generate(crypto::KeyKind::p256).value().public_key().spki();
  ticket.not_after = grant.lease_until;
  EXPECT_FALSE(read_grant(crypto::make_ticket(ticket, site).value(), grant.session)) << "a ticket is no grant";
}

}  // namespace
}  // namespace rescue::client
