// SPDX-License-Identifier: Apache-2.0
// Input: bytes of one path, as a peer sends them. They are given to a link in two pieces (the first byte says where to
// cut), while the link itself has something to send. Seeds: tests/fuzz/make_link_corpus.py.
#include "base/assert.hpp"
#include "link/frame.hpp"
#include "link/link.hpp"

using namespace rescue;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const base::ByteView all(data + 1, size - 1);
  const auto cut = all.size() * data[0] / 255;
  (void)link::peek_resume(all);

  const base::Bytes id(16, 7);
  link::Link link(*base::Guid::from_bytes(id));
  const base::SteadyTime now{std::chrono::hours(1)};
  const link::PathId path(1);
  RESCUE_ASSERT(link.send(link::Channel::chat, base::Bytes(100, 1)));
  link.path_up(path, now);
  (void)link.poll_output(path, 4096, now);
  std::size_t allowed = 0;
  for (auto c : wire::kChannels) allowed += link::receive_window(c);
  for (auto part : {all.first(cut), all.subspan(cut)}) {
    const auto ok = link.on_bytes(path, part, now);
    RESCUE_ASSERT(ok || link.is_closed());
    RESCUE_ASSERT(link.reassembly_bytes() <= allowed && link.reassembly_bytes() <= size);
    RESCUE_ASSERT(link.retained_bytes() <= link::kRetainedMax);
    link.on_deadline(now + std::chrono::seconds(6));
    (void)link.poll_output(path, 4096, now);
  }
  while (auto e = link.poll_event())
    if (auto* m = std::get_if<link::MessageArrived>(&*e)) link.consumed(m->channel, m->bytes.size());
  (void)link.poll_output(path, 4096, now);
  return 0;
}
