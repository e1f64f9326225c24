// SPDX-License-Identifier: Apache-2.0
// For builds without libvpx.
#include "screen/impl/vp9_stream.hpp"

namespace rescue::screen {
namespace {
std::unexpected<base::Error> none() { return base::fail(base::Errc::unsupported, "this build has no video"); }
}  // namespace

struct Vp9Encoder::State {};
struct Vp9Decoder::State {};

bool video_available() { return false; }

Vp9Encoder::Vp9Encoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vp9Encoder::Vp9Encoder(Vp9Encoder&&) noexcept = default;
Vp9Encoder& Vp9Encoder::operator=(Vp9Encoder&&) noexcept = default;
Vp9Encoder::~Vp9Encoder() = default;
base::Result<Vp9Encoder> Vp9Encoder::open(Size /*size*/, unsigned /*kbit*/) { return none(); }
base::Result<base::Bytes> Vp9Encoder::encode(const FrameView& /*frame*/, Point /*place*/, base::Duration /*time*/) {
  return none();
}
void Vp9Encoder::set_rate(unsigned /*kbit*/) {}
VideoPlanes Vp9Encoder::picture() const { return {}; }

Vp9Decoder::Vp9Decoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vp9Decoder::Vp9Decoder(Vp9Decoder&&) noexcept = default;
Vp9Decoder& Vp9Decoder::operator=(Vp9Decoder&&) noexcept = default;
Vp9Decoder::~Vp9Decoder() = default;
base::Result<Vp9Decoder> Vp9Decoder::open(Size /*size*/) { return none(); }
base::Result<> Vp9Decoder::decode(base::ByteView /*frame*/) { return none(); }
VideoPlanes Vp9Decoder::picture() const { return {}; }

}  // namespace rescue::screen
