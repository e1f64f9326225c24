// SPDX-License-Identifier: Apache-2.0
// What the sections of system_information.hpp are made with. Not for others.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "applet/core/system_information.hpp"

namespace rescue::applet {

/// Items of one section at most.
inline constexpr std::size_t kSectionItemsMax = 400;

/// The beginning of a file below /proc, /sys, /run or /etc; empty when there is none.
[[nodiscard]] std::string read_info_file(const std::filesystem::path& path);
[[nodiscard]] std::string read_info_line(const std::filesystem::path& path);
std::vector<std::string_view> lines_of(std::string&& text) = delete;  // the views would outlive it
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);
std::string_view trimmed(std::string&& s) = delete;  // the view would outlive it
/// Without blanks and quotes around it.
[[nodiscard]] std::string_view trimmed(std::string_view s);
/// "key<separator>value" lines; the first value of a key counts.
[[nodiscard]] std::map<std::string, std::string, std::less<>> fields_of(std::string_view text, char separator);
/// 0 for what is no number.
[[nodiscard]] std::uint64_t number_of(std::string_view text);

/// A section under construction: values are made valid UTF-8 within the caps, a key that is there already gets a
/// number.
class InfoItems {
 public:
  explicit InfoItems(std::string_view name) { section_.name = name; }
  void add(std::string_view key, std::string_view value);
  [[nodiscard]] session::SysinfoSection take() { return std::move(section_); }

 private:
  session::SysinfoSection section_;
  std::map<std::string, unsigned, std::less<>> seen_;
};

// ---- system_information_services_linux.cpp
/// What the service manager runs and what has failed.
[[nodiscard]] session::SysinfoSection services_section();
/// Who is logged in, from where.
[[nodiscard]] session::SysinfoSection sessions_section(const std::filesystem::path& root);
/// Warnings and errors that the system has logged last.
[[nodiscard]] session::SysinfoSection events_section(const std::filesystem::path& root);

}  // namespace rescue::applet
