// SPDX-License-Identifier: Apache-2.0
#include "applet/core/system_information_parts.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
constexpr std::size_t kFileMax = 256 * 1024;

std::string fit(std::string_view s, std::size_t most) {
  std::string out = base::to_valid_utf8(s);
  while (out.size() > most || (!out.empty() && !base::is_valid_utf8(out))) out.pop_back();
  return out;
}
}  // namespace

std::string read_info_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kFileMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return text;
}

std::string read_info_line(const std::filesystem::path& path) {
  const auto text = read_info_file(path);
  return std::string(trimmed(std::string_view(text)));
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    auto end = text.find('\n');
    out.push_back(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

std::string_view trimmed(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\"");
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(" \t\"\n") - first + 1);
}

std::map<std::string, std::string, std::less<>> fields_of(std::string_view text, char separator) {
  std::map<std::string, std::string, std::less<>> out;
  for (auto line : lines_of(text))
    if (auto at = line.find(separator); at != std::string_view::npos)
      out.emplace(trimmed(line.substr(0, at)), trimmed(line.substr(at + 1)));
  return out;
}

std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  text = trimmed(text);
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void InfoItems::add(std::string_view key, std::string_view value) {
  if (value.empty() || section_.items.size() == kSectionItemsMax) return;
  // Readers make an object of them: what comes twice is told apart.
  auto name = fit(key, wire::kSysinfoKeyMax - 8);
  if (const auto n = ++seen_[name]; n > 1) name += fmt::format(" ({})", n);
  section_.items.push_back({std::move(name), fit(value, wire::kSysinfoValueMax)});
}

}  // namespace rescue::applet
