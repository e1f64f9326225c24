// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include "net/proxy_protocol.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rescue::net;
  const rescue::base::ByteView all(data, size);
  const auto fixed = all.first(std::min(size, kProxyFixedSize));
  const auto rest = proxy_rest_size(fixed);
  if (!rest || *rest > size - kProxyFixedSize) return 0;
  const auto peer = parse_proxy_header(fixed, all.subspan(kProxyFixedSize, *rest));
  if (!peer || !*peer) return 0;
  const auto again = write_proxy_header(**peer);
  const rescue::base::ByteView view(again);
  const auto back = parse_proxy_header(view.first(kProxyFixedSize), view.subspan(kProxyFixedSize));
  if (!back || !*back || (*back)->source != (*peer)->source || (*back)->source_port != (*peer)->source_port)
    std::abort();
  return 0;
}
