// SPDX-License-Identifier: Apache-2.0
// Where a recording goes. The writer knows files only through this, so that tests can fill disks and tear writes.
#pragma once

#include <memory>
#include <string>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace rescue::rcrec {

/// Append-only storage. One thread at a time.
class Sink {
 public:
  virtual ~Sink() = default;
  /// All or an error; after an error part of the bytes may be there until truncate().
  [[nodiscard]] virtual base::Result<> append(base::ByteView b) = 0;
  /// Drops everything behind `size`.
  [[nodiscard]] virtual base::Result<> truncate(std::uint64_t size) = 0;
  /// Asks the system to put everything on the disk; may block for as long as the disk takes.
  [[nodiscard]] virtual base::Result<> sync() = 0;
  /// For messages.
  [[nodiscard]] virtual const std::string& name() const = 0;
};

/// A new file, mode 0600, under its final name from the start: a killed recorder leaves a file that opens.
/// Errors: conflict when the name exists; not_found, no_space, io with the path.
[[nodiscard]] base::Result<std::unique_ptr<Sink>> create_file_sink(const std::string& path);

}  // namespace rescue::rcrec
