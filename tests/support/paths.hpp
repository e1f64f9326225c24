// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <filesystem>

namespace rescue::test {
/// The source tree and this build's tree; programs are in binary_dir()/bin.
std::filesystem::path source_dir();
std::filesystem::path binary_dir();
}  // namespace rescue::test
