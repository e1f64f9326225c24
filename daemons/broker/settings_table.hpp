// SPDX-License-Identifier: Apache-2.0
// The broker's configuration keys. Environment names begin with RESCUE_BROKER_; rescue-broker(8) lists all.
#pragma once

#include "config/settings.hpp"

namespace rescue::broker {

[[nodiscard]] const config::KeyTable& key_table();

/// The settled values in the types that the broker works with.
struct BrokerSettings {
  std::string listen;
  std::string public_url;  // empty: made from the listening address
  std::string organisation;
  std::string log_level;
  std::vector<std::string> trusted_proxies;
  unsigned workers = 16;
  base::Duration drain_grace{};
  base::Duration pin_lifetime{};
  base::Duration waiting_limit{};
  base::Duration applet_grace{};
  base::Duration lapsed_limit{};
  base::Duration late_log{};
  base::Duration lease{};
  base::Duration ticket_lifetime{};
  base::Duration sweep_interval{};
  base::Duration restart_grace{};
  bool allow_aes256_sha = false;
  base::Duration log_query_limit{};
  base::Duration recording_patience{};
  std::uint32_t login_per_address = 0;
  std::uint32_t pin_per_address = 0;
  std::uint32_t visits_per_address = 0;
  base::Duration rate_refill{};
  /// Program files of the applet, given out by the page, and who signs them.
  struct Applets {
    std::string linux_x86_64, windows_x86_64;  // paths; empty: what is installed beside the broker
    std::string signing_chain, signing_key;    // paths
  } applets{};
  /// The end user's page.
  struct Page {
    std::string language, accent, accent_dark, logo;
    std::string contact, contact_de, privacy, privacy_de, privacy_url;
  } page{};
};
[[nodiscard]] BrokerSettings broker_settings(const config::Settings& settings);

}  // namespace rescue::broker
