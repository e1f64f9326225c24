// SPDX-License-Identifier: Apache-2.0
#include "crypto/sas.hpp"

#include <fmt/format.h>

namespace rescue::crypto {
namespace {
base::Bytes begin(std::string_view domain, const SasBinding& b) {
  base::Bytes out = base::to_bytes(base::as_bytes(domain));
  out.push_back(0);
  base::append(out, b.applet);
  base::append(out, b.console);
  base::append(out, b.exporter);
  return out;
}
}  // namespace

Digest256 sas_commitment(const SasBinding& binding, const SasNonce& applet) {
  auto text = begin("rescue-sas-commitment/1", binding);
  base::append(text, applet);
  return sha256(text);
}

std::string sas_digits(const SasBinding& binding, const SasNonce& applet, const SasNonce& console) {
  auto text = begin("rescue-sas/1", binding);
  base::append(text, applet);
  base::append(text, console);
  const auto digest = sha256(text);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | digest[i];
  return fmt::format("{:06}", value % 1'000'000);
}

}  // namespace rescue::crypto
