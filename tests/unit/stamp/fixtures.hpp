// SPDX-License-Identifier: Apache-2.0
// What make_fixtures.py made, an invite to stamp with, and other people's programs as judges.
#pragma once

#include <filesystem>
#include <string>

#include "crypto/tokens.hpp"
#include "stamp/code_signer.hpp"

namespace rescue::test {

std::filesystem::path stamp_fixture(std::string_view name);
base::Bytes read_bytes(const std::filesystem::path& path);
void write_bytes(const std::filesystem::path& path, base::ByteView bytes);

struct Ran {
  int status = -1;
  std::string output;  // both streams
};
/// Runs a program without a shell; arguments go as they are.
Ran run_program(const std::vector<std::string>& argv);
/// `osslsigncode verify` against the test authority.
Ran osslsigncode_verify(const std::filesystem::path& file);

base::WallTime stamp_now();
/// `name`: rsa or p256.
stamp::CodeSigner code_signer(std::string_view name,
                              const stamp::ProgramInfo& info = {"Rescue für Ada ☂", "https://help.example.org/"});

crypto::Invite sample_invite();
/// sample_invite() as the site signs it.
base::Bytes sample_payload();

}  // namespace rescue::test
