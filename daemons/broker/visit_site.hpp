// SPDX-License-Identifier: Apache-2.0
// The pages of people who are helped, as this site is configured.
#pragma once

#include "daemons/broker/settings_table.hpp"
#include "daemons/broker/visit_pages.hpp"

namespace rescue::broker::visit {

inline constexpr std::size_t kMaxLogoBytes = 512 * 1024;

/// Immutable once the broker serves.
struct Site {
  Brand brand;
  Language fallback = Language::en;
  std::string style;
  std::string logo, logo_type;  // content and media type; empty: none
};
/// `command`: as Brand's. Errors of the logo's file: io, too_large, invalid_argument when it is no PNG, JPEG or SVG.
[[nodiscard]] base::Result<Site> make_site(const BrokerSettings& settings, std::string command);
/// image/png, image/jpeg or image/svg+xml by the content; "" for anything else.
[[nodiscard]] std::string_view image_type(std::string_view content);

}  // namespace rescue::broker::visit
