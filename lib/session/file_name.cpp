// SPDX-License-Identifier: Apache-2.0
#include "session/file_name.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "wire/session_limits.hpp"

namespace rescue::session {
namespace {
using base::Errc;
using base::fail;
constexpr std::size_t kFolderPartsMax = 200;

bool is_reserved_on_windows(std::string_view name) {
  // Reserved with any extension: "nul.txt" opens the null device.
  std::string stem(name.substr(0, name.find('.')));
  while (!stem.empty() && stem.back() == ' ') stem.pop_back();
  std::ranges::transform(stem, stem.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  static constexpr auto kNames = std::to_array<std::string_view>({"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"});
  if (std::ranges::find(kNames, stem) != kNames.end()) return true;
  if (!stem.starts_with("COM") && !stem.starts_with("LPT")) return false;
  const auto rest = std::string_view(stem).substr(3);
  // The superscript digits count as digits there too.
  return (rest.size() == 1 && rest[0] >= '0' && rest[0] <= '9') || rest == "\u00b9" || rest == "\u00b2" ||
         rest == "\u00b3";
}
}  // namespace

base::Result<void> check_file_name(std::string_view from_peer) {
  if (from_peer.empty() || from_peer == "." || from_peer == "..") return fail(Errc::denied, "file without a name");
  if (from_peer.size() > wire::kFileNameMax)
    return fail(Errc::denied,
                fmt::format("file name of {} bytes, at most {} are allowed", from_peer.size(), wire::kFileNameMax));
  if (!base::is_valid_utf8(from_peer)) return fail(Errc::denied, "file name is not UTF-8");
  if (from_peer.find_first_of("/\\") != std::string_view::npos) return fail(Errc::denied, "file name contains a path");
  // to_display_text replaces exactly what must never be in a name: controls and bidirectional overrides.
  if (base::to_display_text(from_peer) != from_peer) return fail(Errc::denied, "file name contains control characters");
  return {};
}

base::Result<void> check_folder_name(std::string_view from_peer) {
  for (std::size_t parts = 0; !from_peer.empty(); ++parts) {
    if (parts == kFolderPartsMax) return fail(Errc::denied, fmt::format("more than {} folders deep", kFolderPartsMax));
    const auto slash = from_peer.find('/');
    RESCUE_CHECK(check_file_name(from_peer.substr(0, slash)));
    if (slash == from_peer.size() - 1) return fail(Errc::denied, "a folder without a name");
    from_peer.remove_prefix(slash == std::string_view::npos ? from_peer.size() : slash + 1);
  }
  return {};
}

base::Result<std::string> safe_file_name(std::string_view from_peer) {
  RESCUE_CHECK(check_file_name(from_peer));
  std::string name(from_peer);
  std::ranges::replace_if(
      name, [](char c) { return std::string_view("<>:\"|?*").find(c) != std::string_view::npos; }, '_');
  for (auto it = name.rbegin(); it != name.rend() && (*it == '.' || *it == ' '); ++it) *it = '_';
  if (name.front() == '.' || name.front() == '-' || name.front() == ' ' || is_reserved_on_windows(name))
    name.insert(0, 1, '_');
  return name;
}

}  // namespace rescue::session
