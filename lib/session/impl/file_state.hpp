// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/file_transfer.hpp"

namespace rescue::session {

struct FileTransfers::Outgoing {
  enum class State : std::uint8_t {
    offered,   // waits for the receiver's answer
    checking,  // reads what the receiver says it has, to compare
    sending,
    done_sent,  // all read and sent; waits for FileReceived
  };
  std::uint32_t number = 0;
  OfferedFile file;
  State state = State::offered;
  std::uint64_t checked = 0;     // read for comparing
  std::uint64_t resumed_at = 0;  // where the receiver wants to go on
  std::array<std::uint8_t, 32> prefix{};
  std::uint64_t read = 0;  // and sent
  std::uint64_t acked = 0;
  std::size_t reading = 0;  // bytes the host was asked for, 0 when nothing is outstanding
  std::unique_ptr<FileHasher> hasher;
  FileDigests digests;
};

struct FileTransfers::Incoming {
  enum class State : std::uint8_t {
    opening,       // the host is opening a partial file
    looking_back,  // the host reads what an earlier try has left
    receiving,
    finishing,   // hashes match; the host still writes
    committing,  // the host gives it its final name
  };
  std::uint32_t number = 0;
  OfferedFile file;  // name and folder as the sender said them
  State state = State::opening;
  std::uint64_t have = 0;    // from an earlier try
  std::uint64_t looked = 0;  // of it read back
  std::size_t reading = 0;   // bytes the host was asked to read back
  bool may_restart = false;  // the sender has not answered yet whether it goes on from there
  std::uint64_t received = 0;
  std::uint64_t written = 0;
  std::uint64_t acked = 0;
  std::unique_ptr<FileHasher> hasher;
  FileDigests digests;
};

}  // namespace rescue::session
