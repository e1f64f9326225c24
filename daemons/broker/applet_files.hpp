// SPDX-License-Identifier: Apache-2.0
// The applet's program files as they are given out: read and checked once, ready to be stamped, read again when they
// change on the disk.
#pragma once

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

#include "base/clock.hpp"
#include "stamp/prepared_image.hpp"

namespace rescue::broker {

/// What a program file is for.
enum class System : std::uint8_t { linux_x86_64, windows_x86_64 };
inline constexpr std::size_t kSystems = static_cast<std::size_t>(System::windows_x86_64) + 1;
[[nodiscard]] std::string_view name_of(System system);  // "linux-x86_64"
[[nodiscard]] std::optional<System> parse_system(std::string_view name);
/// As the file is called where it was downloaded.
[[nodiscard]] std::string_view file_name_of(System system);

/// One state of all files; immutable.
struct AppletSet {
  std::array<std::optional<stamp::PreparedImage>, kSystems> images;
  std::optional<stamp::CodeSigner> signer;
  std::string publisher;       // the signer's common name
  std::string certificate;     // PEM, of the signer
  bool same_each_time = true;  // signatures are: a file can be named by its hash before it is made

  [[nodiscard]] const stamp::PreparedImage* image(System system) const {
    const auto& slot = images.at(static_cast<std::size_t>(system));
    return slot ? &*slot : nullptr;
  }
  [[nodiscard]] bool empty() const {
    return std::ranges::none_of(images, [](const auto& image) { return image.has_value(); });
  }
};

/// Thread-safe after open().
class AppletFiles {
 public:
  struct Sources {
    std::array<std::filesystem::path, kSystems> files;  // empty: none
    std::filesystem::path signing_chain, signing_key;   // both or none
    stamp::ProgramInfo info;
  };
  /// Fails on a file that cannot be given out and on a key that cannot sign: who starts a broker sees it then. Warns
  /// of a program for Windows that nobody signs.
  [[nodiscard]] base::Result<> open(Sources sources, base::WallTime now);
  /// Reads again what has changed since, once it is the same at two looks (somebody may be writing it), or at once when
  /// `at_once`. What cannot be used is told to the log, and what was before stays.
  void look(base::WallTime now, bool at_once = false);
  /// Never null.
  [[nodiscard]] std::shared_ptr<const AppletSet> current() const;

 private:
  /// Of each file: what stat(2) says of its content, empty when it cannot be read.
  using Marks = std::array<std::string, kSystems + 2>;
  [[nodiscard]] Marks marks() const;
  [[nodiscard]] base::Result<std::shared_ptr<const AppletSet>> load(base::WallTime now) const;

  Sources sources_;
  mutable std::mutex mutex_;
  std::shared_ptr<const AppletSet> current_ = std::make_shared<AppletSet>();
  Marks loaded_, seen_;
};

/// Where an installation keeps the applet's program file for others: ../share/rescue/applets beside this program.
/// Empty when there is none.
[[nodiscard]] std::filesystem::path installed_applet(const std::filesystem::path& self, System system);

}  // namespace rescue::broker
