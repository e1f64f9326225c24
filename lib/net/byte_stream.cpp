// SPDX-License-Identifier: Apache-2.0
#include "net/byte_stream.hpp"

#include <fmt/format.h>

namespace rescue::net {

namespace asio = boost::asio;

asio::awaitable<base::Result<>> write_all(ByteStream& stream, base::ByteView from) {
  while (!from.empty()) {
    RESCUE_CO_TRY(const auto n, co_await stream.write_some(from));
    from = from.subspan(n);
  }
  co_return base::Result<>{};
}

asio::awaitable<base::Result<>> read_exactly(ByteStream& stream, base::MutableByteView into) {
  std::size_t have = 0;
  while (have < into.size()) {
    RESCUE_CO_TRY(const auto n, co_await stream.read_some(into.subspan(have)));
    if (n == 0)
      co_return base::fail(base::Errc::closed, fmt::format("stream ended after {} of {} bytes", have, into.size()));
    have += n;
  }
  co_return base::Result<>{};
}

}  // namespace rescue::net
