// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "screen/impl/context_decoder.hpp"
#include "screen/impl/tiles_decoder.hpp"

namespace rescue::screen {
namespace {
std::unexpected<base::Error> malformed(std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("screen packet: {}", what));
}
}  // namespace

struct Decoder::State {
  explicit State(DecoderLimits l) : limits(l) {}

  DecoderLimits limits;
  Frame nothing;  // before the first keyframe
  // One of them at most: that of the last keyframe.
  std::unique_ptr<TilesDecoder> tiles;
  std::unique_ptr<ContextDecoder> context;
  PacketSequence next;
  bool needs_keyframe = true;
  bool complete = false;

  [[nodiscard]] const Canvas* canvas() const {
    return tiles ? &tiles->canvas() : context ? &context->canvas() : nullptr;
  }
  base::Result<> check_order(const PacketHeader& h) const;
  void choose(CodecId codec);
  base::Result<Damage> apply(const PacketHeader& h, base::ByteView packed);
};

/// A keyframe within the limits, or the packet that is due.
base::Result<> Decoder::State::check_order(const PacketHeader& h) const {
  if (h.info.size.pixels() > limits.max_pixels)
    return base::fail(base::Errc::too_large,
                      fmt::format("picture of {}x{} pixels", h.info.size.width, h.info.size.height));
  if (h.info.keyframe) return {};
  if (needs_keyframe) return base::fail(base::Errc::conflict, "screen packet without the keyframe before it");
  if (h.info.codec != (tiles ? CodecId::tiles : CodecId::context)) return malformed("another codec without a keyframe");
  if (h.info.sequence != next)
    return base::fail(base::Errc::conflict,
                      fmt::format("screen packet {} where {} was due", h.info.sequence.get(), next.get()));
  if (tiles && h.info.size != canvas()->frame().size()) return malformed("another size without a keyframe");
  return {};
}

void Decoder::State::choose(CodecId codec) {
  if (codec == CodecId::tiles) {
    context.reset();
    if (!tiles) tiles = std::make_unique<TilesDecoder>();
  } else {
    tiles.reset();
    if (!context) context = std::make_unique<ContextDecoder>();
  }
}

base::Result<Damage> Decoder::State::apply(const PacketHeader& h, base::ByteView body) {
  RESCUE_CHECK(check_order(h));
  if (h.info.keyframe) choose(h.info.codec);
  needs_keyframe = true;  // until all went well
  RESCUE_TRY(Damage changed, tiles ? tiles->apply(h, body) : context->apply(h, body));
  const std::uint32_t check = canvas()->check();
  if (h.canvas_check != (tiles ? check : fold_check(check)))
    return base::fail(base::Errc::verification_failed,
                      fmt::format("picture after screen packet {}", h.info.sequence.get()));
  needs_keyframe = false;
  complete = h.info.complete;
  const std::uint32_t following = h.info.sequence.get() + 1;
  next = PacketSequence(tiles ? following : following & 0xffff);
  if (h.info.keyframe) return Damage(whole(h.info.size));
  return changed;
}

Decoder::Decoder(DecoderLimits limits) : state_(std::make_unique<State>(limits)) {}
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;
Decoder::~Decoder() = default;

base::Result<Damage> Decoder::decode(base::ByteView packet) {
  auto header = parse_header(packet);
  auto changed =
      header ? state_->apply(*header, packet.subspan(header->header_bytes)) : base::fail(std::move(header).error());
  if (!changed) state_->needs_keyframe = true;
  return changed;
}

const Frame& Decoder::canvas() const {
  const Canvas* canvas = state_->canvas();
  return canvas != nullptr ? canvas->frame() : state_->nothing;
}
bool Decoder::needs_keyframe() const { return state_->needs_keyframe; }
Damage Decoder::inexact() const { return state_->context ? state_->context->inexact() : Damage(); }
bool Decoder::complete() const { return state_->complete; }

}  // namespace rescue::screen
