// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/file_transfer.hpp"

namespace rescue::session {

struct FileTransfers::Outgoing {
  enum class State : std::uint8_t {
    offered,  // waits for the receiver's answer
    sending,
    done_sent,  // all read and sent; waits for FileReceived
  };
  std::uint32_t number = 0;
  std::string name;
  std::uint64_t size = 0;
  State state = State::offered;
  std::uint64_t read = 0;  // and sent
  std::uint64_t acked = 0;
  std::size_t reading = 0;  // bytes the host was asked for, 0 when nothing is outstanding
  std::unique_ptr<FileHasher> hasher;
  FileDigests digests;
};

struct FileTransfers::Incoming {
  enum class State : std::uint8_t {
    opening,  // the host is opening a partial file
    receiving,
    finishing,   // hashes match; the host still writes
    committing,  // the host gives it its final name
  };
  std::uint32_t number = 0;
  std::string name;
  std::uint64_t size = 0;
  State state = State::opening;
  std::uint64_t received = 0;
  std::uint64_t written = 0;
  std::uint64_t acked = 0;
  std::unique_ptr<FileHasher> hasher;
  FileDigests digests;
};

}  // namespace rescue::session
