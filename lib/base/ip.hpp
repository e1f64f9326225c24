// SPDX-License-Identifier: Apache-2.0
// Numeric addresses, CIDR prefixes (RFC 4632, RFC 4291 section 2.3) and lists of them, as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace rescue::base {

/// A numeric address. IPv4 is kept as IPv4-mapped IPv6 (RFC 4291 section 2.5.5.2), so that a client that comes to a
/// socket of both families is the same as one that comes to a socket of IPv4.
class IpAddress {
 public:
  IpAddress() = default;  // "::"
  explicit IpAddress(std::array<std::uint8_t, 16> mapped) : b_(mapped) {}
  /// bad_format. No zones, no leading zeros, no port.
  [[nodiscard]] static Result<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_v4() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] const std::array<std::uint8_t, 16>& mapped() const { return b_; }
  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> b_{};
};

/// "10.0.0.0/8", "2001:db8::/32"; a bare address is a prefix of its full length. Bits behind the prefix are dropped.
class IpPrefix {
 public:
  /// bad_format. An IPv4-mapped prefix ("::ffff:10.0.0.0/104") is the IPv4 prefix that it stands for.
  [[nodiscard]] static Result<IpPrefix> parse(std::string_view text);
  /// The same, but bad_format also for bits behind the prefix: "10.1.2.3/8" may be meant as one address or as a net of
  /// sixteen millions, and a rule is no place to guess.
  [[nodiscard]] static Result<IpPrefix> parse_exact(std::string_view text);
  /// `bits` of the mapped space, 0 to 128. bad_format.
  [[nodiscard]] static Result<IpPrefix> from_mapped(ByteView address, unsigned bits);
  /// An IPv6 prefix contains no IPv4 address, however short it is.
  [[nodiscard]] bool contains(const IpAddress& a) const;
  /// Everything that `other` contains.
  [[nodiscard]] bool covers(const IpPrefix& other) const;
  [[nodiscard]] std::string text() const;
  [[nodiscard]] const IpAddress& address() const { return address_; }
  [[nodiscard]] unsigned mapped_bits() const { return bits_; }  // IPv4 /8 is 104
  auto operator<=>(const IpPrefix&) const = default;

 private:
  IpPrefix(const IpAddress& address, unsigned bits);
  [[nodiscard]] bool is_v4() const { return bits_ >= 96 && address_.is_v4(); }
  IpAddress address_;
  unsigned bits_ = 128;
};

/// From where somebody may come. Empty lists of configuration mean "from anywhere"; a rule made of several lists allows
/// what all of them allow, which may be nothing.
class NetworkRule {
 public:
  /// From anywhere.
  NetworkRule() = default;
  /// At most kMaxNetworks, each as IpPrefix::parse_exact; duplicates and what another one covers are dropped. An empty
  /// list: from anywhere. bad_format and too_large name the entry.
  [[nodiscard]] static Result<NetworkRule> parse(std::span<const std::string> list);
  /// 17 bytes each, as packed() gives them; empty: from nowhere. bad_format.
  [[nodiscard]] static Result<NetworkRule> unpack(ByteView packed);

  [[nodiscard]] bool restricts() const { return restricts_; }
  [[nodiscard]] bool allows(const IpAddress& a) const;
  /// What both allow.
  [[nodiscard]] NetworkRule both(const NetworkRule& other) const;
  /// Sorted, none covering another. Empty: anywhere or, when it restricts, nowhere.
  [[nodiscard]] const std::vector<IpPrefix>& networks() const { return networks_; }
  [[nodiscard]] std::vector<std::string> texts() const;
  /// Address (IPv4 mapped) and prefix length of each.
  [[nodiscard]] Bytes packed() const;
  bool operator==(const NetworkRule&) const = default;

 private:
  static std::vector<IpPrefix> normalised(std::vector<IpPrefix> networks);
  bool restricts_ = false;
  std::vector<IpPrefix> networks_;
};

/// Entries of one list. Rules of three lists (site, group, account) have at most three times as many.
inline constexpr std::size_t kMaxNetworks = 64;
inline constexpr std::size_t kPackedNetwork = 17;

}  // namespace rescue::base
