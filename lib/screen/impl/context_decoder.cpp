// SPDX-License-Identifier: Apache-2.0
#include "screen/impl/context_decoder.hpp"

#include <fmt/format.h>

namespace rescue::screen {
namespace {
std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("screen packet: {}", what));
}
}  // namespace

base::Result<Damage> ContextDecoder::apply(const PacketHeader& h, base::ByteView body) {
  if (h.continues && complete_) return malformed("goes on behind the end of a picture");
  if (h.info.keyframe) {
    RESCUE_CHECK(shared_.reset(h.info.size));
  } else if (!h.continues) {
    shared_.end_picture();
  }
  complete_ = h.info.complete;
  BitDecoder coder(body);
  if (const char* wrong = code_body(coder, shared_, h.continues, nullptr)) return malformed(wrong);
  if (coder.overrun()) return malformed("cut off");
  if (coder.left_over()) return malformed("bytes left over");
  Damage changed;
  add_painted(changed, shared_);
  return changed;
}

}  // namespace rescue::screen
