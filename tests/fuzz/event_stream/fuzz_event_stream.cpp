// SPDX-License-Identifier: Apache-2.0
// However the bytes are cut, the events are the same.
#include <cstdlib>

#include "net/event_stream_client.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rescue;
  const auto all = base::as_text(base::ByteView(data, size));
  net::EventStreamParser whole;
  const auto at_once = whole.feed(all);
  if (!at_once) return 0;
  net::EventStreamParser parts;
  std::size_t n = 0;
  for (const char c : all) {
    const auto some = parts.feed(std::string_view(&c, 1));
    if (!some) std::abort();
    for (const auto& e : *some)
      if (n >= at_once->size() || (*at_once)[n].data != e.data || (*at_once)[n++].id != e.id) std::abort();
  }
  if (n != at_once->size()) std::abort();
  return 0;
}
