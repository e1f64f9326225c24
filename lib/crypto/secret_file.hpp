// SPDX-License-Identifier: Apache-2.0
// Files that hold secrets: mode 0600 from the first moment, never followed through a symbolic link, never overwritten
// by accident.
#pragma once

#include <filesystem>

#include "base/bytes.hpp"

namespace rescue::crypto {

/// Makes `path` in one step: a temporary neighbour (O_EXCL, 0600), fsync, rename that replaces nothing, fsync of the
/// folder. conflict when it exists.
[[nodiscard]] base::Result<> write_new_secret_file(const std::filesystem::path& path, base::ByteView content);
/// The same, replacing what is there.
[[nodiscard]] base::Result<> replace_secret_file(const std::filesystem::path& path, base::ByteView content);
/// At most `max_bytes` (else too_large). Errc::file_exposed when group or others have any access to it.
[[nodiscard]] base::Result<base::SecretBytes> read_secret_file(const std::filesystem::path& path,
                                                               std::size_t max_bytes = 64 * 1024);

}  // namespace rescue::crypto
