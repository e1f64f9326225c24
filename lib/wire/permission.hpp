// SPDX-License-Identifier: Apache-2.0
// The closed list of permissions (man rescue-protocol(7), PERMISSIONS) and sets of them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::wire {

/// Numbers are on the wire and are bit positions of PermissionSet; never reuse one.
enum class Permission : std::uint8_t {
  remote_control = 0,  // move the pointer, press keys
  desktop_view = 1,    // see the screen, the cursor and the list of displays
  send_files = 2,      // technician to user
  receive_files = 3,   // user to technician
  file_manager = 4,
  send_urls = 5,
  system_information = 6,
  reboot = 7,
  record_session = 8,
  private_sessions = 9,
  windows_credentials = 10,
  clipboard_sync = 11,
  deploy_scripts = 12,
};
inline constexpr std::size_t kPermissionCount = 13;

[[nodiscard]] std::string_view name(Permission p);  // "remote_control"
[[nodiscard]] std::optional<Permission> parse_permission(std::string_view name);
/// From a wire number; nothing for one this build does not know.
[[nodiscard]] std::optional<Permission> permission_from_wire(std::uint32_t number);
/// For a prompt or a status line: "see your screen".
[[nodiscard]] std::string_view what_it_allows(Permission p);

class PermissionSet {
 public:
  constexpr PermissionSet() = default;
  constexpr PermissionSet(std::initializer_list<Permission> all) {
    for (auto p : all) add(p);
  }
  /// Unknown bits are dropped: a newer site may grant what this build cannot do.
  [[nodiscard]] static constexpr PermissionSet from_bits(std::uint32_t bits) {
    PermissionSet s;
    s.bits_ = bits & kKnownBits;
    return s;
  }
  [[nodiscard]] static constexpr PermissionSet all() { return from_bits(kKnownBits); }
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool has(Permission p) const { return (bits_ & bit(p)) != 0; }
  [[nodiscard]] constexpr bool has_all(PermissionSet o) const { return (bits_ & o.bits_) == o.bits_; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  constexpr void add(Permission p) { bits_ |= bit(p); }
  constexpr void remove(Permission p) { bits_ &= ~bit(p); }
  friend constexpr PermissionSet operator&(PermissionSet a, PermissionSet b) { return from_bits(a.bits_ & b.bits_); }
  friend constexpr PermissionSet operator|(PermissionSet a, PermissionSet b) { return from_bits(a.bits_ | b.bits_); }
  friend constexpr PermissionSet operator-(PermissionSet a, PermissionSet b) { return from_bits(a.bits_ & ~b.bits_); }
  friend constexpr bool operator==(PermissionSet a, PermissionSet b) { return a.bits_ == b.bits_; }

  /// "desktop_view,remote_control" in the order of the enum; "none" for the empty set.
  [[nodiscard]] std::string text() const;
  /// Accepts text() in any order, "none" and "all"; an unknown or doubled name is bad_format and named.
  [[nodiscard]] static base::Result<PermissionSet> parse(std::string_view text);

 private:
  static constexpr std::uint32_t kKnownBits = (1u << kPermissionCount) - 1;
  static constexpr std::uint32_t bit(Permission p) { return 1u << static_cast<unsigned>(p); }
  std::uint32_t bits_ = 0;
};

/// All permissions in wire order.
[[nodiscard]] const std::array<Permission, kPermissionCount>& all_permissions();

}  // namespace rescue::wire
