// SPDX-License-Identifier: Apache-2.0
#include "base/ip.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace rescue::base {

namespace {

constexpr std::array<std::uint8_t, 12> kV4Prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr unsigned kV4Bits = 96;  // of the mapped space, before the address itself
constexpr unsigned kAllBits = 128;

Result<unsigned> prefix_length(std::string_view text, unsigned most) {
  unsigned v = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (ec != std::errc() || end != text.data() + text.size() || v > most)
    return fail(Errc::bad_format, fmt::format("prefix length '{}' (0 to {})", text, most));
  return v;
}

bool same_bits(const IpAddress& a, const IpAddress& b, unsigned bits) {
  const auto& x = a.mapped();
  const auto& y = b.mapped();
  const unsigned whole = bits / 8;
  if (std::memcmp(x.data(), y.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  return ((x[whole] ^ y[whole]) >> (8 - bits % 8)) == 0;
}

IpAddress cut(const IpAddress& a, unsigned bits) {
  auto out = a.mapped();
  for (unsigned i = 0; i < out.size(); ++i) {
    const unsigned kept = bits > i * 8 ? std::min(8U, bits - i * 8) : 0;
    out[i] = static_cast<std::uint8_t>(out[i] & (0xFF00U >> kept));
  }
  return IpAddress(out);
}

struct Written {
  IpAddress address;
  unsigned bits = 0;
};

Result<Written> read(std::string_view text) {
  const auto slash = text.find('/');
  const auto address_text = text.substr(0, slash);
  Written out;
  RESCUE_TRY(out.address, IpAddress::parse(address_text));
  // As it is written: "::ffff:10.0.0.0/104" counts from the front of the mapped form.
  const bool dotted = address_text.find(':') == std::string_view::npos;
  const unsigned width = dotted ? kAllBits - kV4Bits : kAllBits;
  unsigned bits = width;
  if (slash != std::string_view::npos) {
    RESCUE_TRY(bits, prefix_length(text.substr(slash + 1), width));
  }
  out.bits = bits + (kAllBits - width);
  return out;
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string z(text);  // inet_pton wants a terminator
  std::array<std::uint8_t, 16> b{};
  if (z.size() == std::strlen(z.c_str())) {
    if (inet_pton(AF_INET6, z.c_str(), b.data()) == 1) return IpAddress(b);
    std::copy(kV4Prefix.begin(), kV4Prefix.end(), b.begin());
    if (inet_pton(AF_INET, z.c_str(), b.data() + kV4Prefix.size()) == 1) return IpAddress(b);
  }
  return fail(Errc::bad_format, fmt::format("'{}' is no IP address", text));
}

bool IpAddress::is_v4() const { return std::equal(kV4Prefix.begin(), kV4Prefix.end(), b_.begin()); }

bool IpAddress::is_loopback() const {
  if (is_v4()) return b_[12] == 127;
  return std::all_of(b_.begin(), b_.end() - 1, [](auto x) { return x == 0; }) && b_[15] == 1;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (is_v4())
    inet_ntop(AF_INET, b_.data() + kV4Prefix.size(), buffer, sizeof buffer);
  else
    inet_ntop(AF_INET6, b_.data(), buffer, sizeof buffer);
  return buffer;
}

IpPrefix::IpPrefix(const IpAddress& address, unsigned bits) : address_(cut(address, bits)), bits_(bits) {}

Result<IpPrefix> IpPrefix::parse(std::string_view text) {
  RESCUE_TRY(const auto written, read(text));
  return IpPrefix(written.address, written.bits);
}

Result<IpPrefix> IpPrefix::parse_exact(std::string_view text) {
  RESCUE_TRY(const auto written, read(text));
  const IpPrefix out(written.address, written.bits);
  if (out.address_ != written.address)
    return fail(Errc::bad_format, fmt::format("'{}' has bits behind its prefix: write {} for the network or {} for the "
                                              "one address",
                                              text, out.text(), written.address.text()));
  return out;
}

Result<IpPrefix> IpPrefix::from_mapped(ByteView address, unsigned bits) {
  std::array<std::uint8_t, 16> b{};
  if (address.size() != b.size() || bits > kAllBits) return fail(Errc::bad_format, "network");
  std::ranges::copy(address, b.begin());
  return IpPrefix(IpAddress(b), bits);
}

bool IpPrefix::contains(const IpAddress& a) const {
  if (bits_ < kV4Bits && a.is_v4()) return false;
  return same_bits(address_, a, bits_);
}

bool IpPrefix::covers(const IpPrefix& other) const {
  if (bits_ > other.bits_ || (bits_ < kV4Bits && other.is_v4())) return false;
  return same_bits(address_, other.address_, bits_);
}

std::string IpPrefix::text() const { return fmt::format("{}/{}", address_.text(), is_v4() ? bits_ - kV4Bits : bits_); }

std::vector<IpPrefix> NetworkRule::normalised(std::vector<IpPrefix> networks) {
  std::ranges::sort(networks);
  std::vector<IpPrefix> out;
  for (const auto& n : networks) {
    const auto covers_n = [&n](const IpPrefix& p) { return p != n && p.covers(n); };
    if (std::ranges::any_of(networks, covers_n) || (!out.empty() && out.back() == n)) continue;
    out.push_back(n);
  }
  return out;
}

Result<NetworkRule> NetworkRule::parse(std::span<const std::string> list) {
  if (list.size() > kMaxNetworks)
    return fail(Errc::too_large, fmt::format("{} networks, {} at most", list.size(), kMaxNetworks));
  std::vector<IpPrefix> networks;
  for (const auto& text : list) {
    RESCUE_TRY(auto network, IpPrefix::parse_exact(text));
    networks.push_back(network);
  }
  NetworkRule out;
  out.restricts_ = !list.empty();
  out.networks_ = normalised(std::move(networks));
  return out;
}

Result<NetworkRule> NetworkRule::unpack(ByteView packed) {
  if (packed.size() % kPackedNetwork != 0 || packed.size() > 3 * kMaxNetworks * kPackedNetwork)
    return fail(Errc::bad_format, "list of networks");
  std::vector<IpPrefix> networks;
  for (std::size_t at = 0; at < packed.size(); at += kPackedNetwork) {
    const auto one = packed.subspan(at, kPackedNetwork);
    RESCUE_TRY(auto network, IpPrefix::from_mapped(one.first(kPackedNetwork - 1), one.back()));
    networks.push_back(network);
  }
  NetworkRule out;
  out.restricts_ = true;
  out.networks_ = normalised(std::move(networks));
  return out;
}

bool NetworkRule::allows(const IpAddress& a) const {
  return !restricts_ || std::ranges::any_of(networks_, [&a](const IpPrefix& p) { return p.contains(a); });
}

NetworkRule NetworkRule::both(const NetworkRule& other) const {
  if (!restricts_) return other;
  if (!other.restricts_) return *this;
  // Two prefixes lie in each other or apart, so the narrower of each nested pair is all that both contain.
  std::vector<IpPrefix> common;
  for (const auto& a : networks_) {
    for (const auto& b : other.networks_) {
      if (a.covers(b)) common.push_back(b);
      if (a != b && b.covers(a)) common.push_back(a);
    }
  }
  NetworkRule out;
  out.restricts_ = true;
  out.networks_ = normalised(std::move(common));
  return out;
}

std::vector<std::string> NetworkRule::texts() const {
  std::vector<std::string> out;
  for (const auto& n : networks_) out.push_back(n.text());
  return out;
}

Bytes NetworkRule::packed() const {
  Bytes out;
  for (const auto& n : networks_) {
    append(out, n.address().mapped());
    out.push_back(static_cast<std::uint8_t>(n.mapped_bits()));
  }
  return out;
}

}  // namespace rescue::base
