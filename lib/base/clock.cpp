// SPDX-License-Identifier: Apache-2.0
#include "base/clock.hpp"

#include <charconv>

#include <fmt/format.h>

namespace rescue::base {
namespace {
class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
  [[nodiscard]] WallTime wall() const override {
    return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
};

std::unexpected<Error> bad_time(std::string_view text) {
  return fail(Errc::bad_format, "'" + std::string(text.substr(0, 64)) + "' is not a time like 2026-11-24T05:28:46Z");
}

/// Exactly `digits` decimal digits at `at`; -1 otherwise.
int fixed(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return -1;
  int v = 0;
  for (std::size_t i = at; i < at + digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    v = v * 10 + (text[i] - '0');
  }
  return v;
}
}  // namespace

Clock& system_clock() {
  static SystemClock c;
  return c;
}

std::string to_rfc3339(WallTime t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss hms(t - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int(ymd.year()), unsigned(ymd.month()),
                     unsigned(ymd.day()), hms.hours().count(), hms.minutes().count(), hms.seconds().count(),
                     hms.subseconds().count());
}

Result<WallTime> parse_rfc3339(std::string_view text) {
  const int year = fixed(text, 0, 4), month = fixed(text, 5, 2), day = fixed(text, 8, 2);
  const int hour = fixed(text, 11, 2), minute = fixed(text, 14, 2), second = fixed(text, 17, 2);
  if (text.size() < 20 || year < 0 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
      second < 0 || second > 60 || text[4] != '-' || text[7] != '-' ||
      (text[10] != 'T' && text[10] != 't' && text[10] != ' ') || text[13] != ':' || text[16] != ':')
    return bad_time(text);
  std::size_t at = 19;
  std::int64_t micros = 0;
  if (text[at] == '.') {
    std::int64_t unit = 100'000;
    std::size_t digits = 0;
    for (++at; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, ++digits) {
      micros += (text[at] - '0') * unit;
      unit /= 10;
    }
    if (digits == 0 || digits > 9) return bad_time(text);
  }
  std::chrono::minutes offset{0};
  const auto zone = text.substr(at);
  if (zone != "Z" && zone != "z") {
    const int oh = fixed(zone, 1, 2), om = fixed(zone, 4, 2);
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' || oh < 0 || oh > 23 || om < 0 ||
        om > 59)
      return bad_time(text);
    offset = std::chrono::minutes((oh * 60 + om) * (zone[0] == '-' ? -1 : 1));
  }
  const std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                        std::chrono::day(static_cast<unsigned>(day))};
  if (!ymd.ok()) return bad_time(text);
  return WallTime(std::chrono::sys_days(ymd)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + std::chrono::microseconds(micros) - offset;
}

Result<Duration> parse_duration(std::string_view text) {
  std::int64_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const auto bad = [&] {
    return fail(Errc::bad_format,
                "'" + std::string(text.substr(0, 64)) + "' is not a duration like 90s, 15m, 2h or 3d");
  };
  constexpr std::int64_t kMax = 1'000'000'000;  // beyond any use, below overflow in weeks of microseconds
  if (ec != std::errc() || n < 0 || n > kMax) return bad();
  std::int64_t unit_us = 0;
  if (unit == "ms") unit_us = 1'000;
  if (unit == "s") unit_us = 1'000'000;
  if (unit == "m") unit_us = 60'000'000;
  if (unit == "h") unit_us = 3'600'000'000;
  if (unit == "d") unit_us = 86'400'000'000;
  if (unit == "w") unit_us = 604'800'000'000;
  if (unit_us == 0 || n > INT64_MAX / 4 / unit_us) return bad();
  return Duration(n * unit_us);
}

Result<WallTime> parse_time_or_ago(std::string_view text, WallTime now) {
  if (auto d = parse_duration(text)) return now - *d;
  if (auto t = parse_rfc3339(text)) return *t;
  return fail(Errc::bad_format, "'" + std::string(text.substr(0, 64)) +
                                    "' is neither a time like 2026-11-24T05:28:46Z nor a duration like 2h or 3d");
}

}  // namespace rescue::base
