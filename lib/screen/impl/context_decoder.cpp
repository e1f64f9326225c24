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
    video_.reset();
  } else if (!h.continues) {
    shared_.end_picture();
  }
  if (h.info.keyframe) version_ = 0;
  if (h.info.version < version_) return malformed("an older version behind a newer one");
  version_ = h.info.version;
  complete_ = h.info.complete;
  std::size_t section = 0;
  if (h.video) {
    RESCUE_TRY(section, video_.apply(body, shared_.canvas.grid().size));
  }
  shared_.video = &video_.pictures();
  BitDecoder coder(body.subspan(section));
  if (const char* wrong = code_body(coder, shared_, {version_, h.continues}, nullptr)) return malformed(wrong);
  if (coder.overrun()) return malformed("cut off");
  if (coder.left_over()) return malformed("bytes left over");
  if (h.info.exact != shared_.exact()) return malformed("exact or not");
  Damage changed;
  add_painted(changed, shared_);
  return changed;
}

Damage ContextDecoder::inexact() const {
  Damage out;
  const auto& plane = shared_.inexact;
  for (std::size_t t = 0; t < plane.size();) {
    std::size_t end = t;
    while (end < plane.size() && plane[end] != 0) ++end;
    if (end > t) add_run(out, shared_.canvas.grid(), t, end - t);
    t = std::max(end, t + 1);
  }
  return out;
}

}  // namespace rescue::screen
