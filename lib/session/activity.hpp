// SPDX-License-Identifier: Apache-2.0
// What a technician is doing on the supported machine right now: the sign that is always to be seen there.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace rescue::session {

enum class Activity : std::uint8_t {
  view,
  control,
  recording,
  files_in,   // from the technician
  files_out,  // to the technician
  file_manager,
  clipboard,
  script,
  reboot,
};
inline constexpr std::size_t kActivities = 9;
/// For the banner: "sees your screen".
[[nodiscard]] std::string_view what_goes_on(Activity a);
[[nodiscard]] std::string_view name(Activity a);  // "file_manager"

class ActivitySet {
 public:
  constexpr void add(Activity a) { bits_ |= bit(a); }
  [[nodiscard]] constexpr bool has(Activity a) const { return (bits_ & bit(a)) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(ActivitySet, ActivitySet) = default;

 private:
  static constexpr std::uint32_t bit(Activity a) { return 1u << static_cast<unsigned>(a); }
  std::uint32_t bits_ = 0;
};

[[nodiscard]] const std::array<Activity, kActivities>& all_activities();

}  // namespace rescue::session
