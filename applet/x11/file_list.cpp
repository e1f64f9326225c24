// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/file_list.hpp"

#include <optional>

#include "base/percent.hpp"

namespace rescue::applet::x11 {
namespace {
std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

/// RFC 8089: "file:///path", "file:/path", "file://localhost/path".
std::optional<std::filesystem::path> file_of(std::string_view uri) {
  for (const std::string_view start : {"file://localhost/", "file:///", "file:/"}) {
    if (!uri.starts_with(start)) continue;
    const auto path = percent_decode(uri.substr(start.size() - 1));
    if (!path || path->contains('\0') || path->starts_with("//")) return std::nullopt;
    return *path;
  }
  return std::nullopt;
}

std::string uri_of(const std::filesystem::path& path) {
  std::string out = "file://";
  for (const auto& part : path.relative_path()) out += "/" + base::percent_encode(part.string());
  return out;
}
}  // namespace

std::vector<std::filesystem::path> read_file_list(std::string_view text) {
  std::vector<std::filesystem::path> out;
  bool first = true;
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool verb = std::exchange(first, false) && (line == "copy" || line == "cut");
    // Some programs end the list with a zero byte.
    if (verb || line.empty() || line.starts_with('#') || line == std::string_view("\0", 1)) continue;
    auto file = file_of(line);
    if (!file) return {};
    out.push_back(std::move(*file));
  }
  return out;
}

std::string to_uri_list(const std::vector<std::filesystem::path>& files) {
  std::string out;
  for (const auto& f : files) out += uri_of(f) + "\r\n";
  return out;
}

std::string to_copied_files(const std::vector<std::filesystem::path>& files) {
  std::string out = "copy";
  for (const auto& f : files) out += "\n" + uri_of(f);
  return out;
}

}  // namespace rescue::applet::x11
