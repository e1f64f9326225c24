// SPDX-License-Identifier: Apache-2.0
// Through libvpx, as it is used for calls: real-time, constant rate, one pass, one thread.
#include <fmt/format.h>
#include <vpx/vp8cx.h>
#include <vpx/vp8dx.h>
#include <vpx/vpx_decoder.h>
#include <vpx/vpx_encoder.h>

#include <algorithm>
#include <vector>

#include "screen/impl/vp9_frame_header.hpp"
#include "screen/impl/vp9_stream.hpp"

namespace rescue::screen {
namespace {
using Milliseconds = std::chrono::milliseconds;

constexpr unsigned kMinKbit = 50;
constexpr unsigned kMaxKbit = 50'000;
// Quantizers of libvpx, 0 (best) to 63. Finer than kBestQuantizer nobody sees in motion; a film at a low rate is
// rather soft than late.
constexpr unsigned kBestQuantizer = 22;
constexpr unsigned kWorstQuantizer = 56;
// libvpx: 5 to 9 are for calls. Each step takes about a sixth less time, and costs a tenth of a dB.
constexpr int kSpeed = 8;
constexpr int kBigPictureSpeed = 9;
constexpr std::int64_t kBigPicture = 1280 * 720;
// A key frame may take this much of the rate of one picture, in percent: without it the first one is too coarse.
constexpr unsigned kKeyFramePercent = 900;
constexpr Milliseconds kUsualInterval{66};

std::unexpected<base::Error> failed(std::string_view what, vpx_codec_ctx_t& context) {
  const char* detail = vpx_codec_error_detail(&context);
  return base::fail(base::Errc::internal,
                    fmt::format("{}: {}", what, detail != nullptr ? detail : vpx_codec_error(&context)));
}

VideoPlanes planes_of(const vpx_image_t& image) {
  return {image.planes[VPX_PLANE_Y], image.planes[VPX_PLANE_U], image.planes[VPX_PLANE_V], image.stride[VPX_PLANE_Y],
          image.stride[VPX_PLANE_U]};
}

bool has_form(const vpx_image_t* image, Size size) {
  return image != nullptr && image->fmt == VPX_IMG_FMT_I420 && image->d_w == static_cast<unsigned>(size.width) &&
         image->d_h == static_cast<unsigned>(size.height);
}

vpx_rational_t milliseconds() { return {1, 1000}; }

/// What is fixed for the life of a stream.
void choose(vpx_codec_enc_cfg_t& c, Size size) {
  c.g_w = static_cast<unsigned>(size.width);
  c.g_h = static_cast<unsigned>(size.height);
  c.g_profile = 0;
  c.g_threads = 1;
  c.g_timebase = milliseconds();
  c.g_error_resilient = 0;
  c.g_lag_in_frames = 0;
  c.g_pass = VPX_RC_ONE_PASS;
  c.rc_end_usage = VPX_CBR;
  c.rc_min_quantizer = kBestQuantizer;
  c.rc_max_quantizer = kWorstQuantizer;
  c.rc_dropframe_thresh = 0;
  c.rc_resize_allowed = 0;
  c.rc_undershoot_pct = 100;
  c.rc_overshoot_pct = 50;
  c.rc_buf_initial_sz = 600;
  c.rc_buf_optimal_sz = 600;
  c.rc_buf_sz = 1000;
  c.kf_mode = VPX_KF_DISABLED;
}
}  // namespace

bool video_available() { return true; }

struct Vp9Encoder::State {
  Size size;
  vpx_codec_enc_cfg_t config{};
  vpx_codec_ctx_t context{};
  bool open = false;
  std::vector<std::uint8_t> source;  // three planes, one behind the other
  std::optional<std::int64_t> last_ms;
  VideoPlanes picture;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (open) vpx_codec_destroy(&context);
  }
  [[nodiscard]] std::size_t luma() const { return static_cast<std::size_t>(size.pixels()); }
  [[nodiscard]] std::ptrdiff_t chroma_width() const { return (size.width + 1) / 2; }
  [[nodiscard]] std::size_t chroma() const {
    return static_cast<std::size_t>(chroma_width()) * static_cast<std::size_t>((size.height + 1) / 2);
  }
  [[nodiscard]] MutableVideoPlanes planes() {
    return {source.data(), source.data() + luma(), source.data() + luma() + chroma(), size.width, chroma_width()};
  }
  [[nodiscard]] vpx_image_t image() {
    vpx_image_t out{};
    vpx_img_wrap(&out, VPX_IMG_FMT_I420, config.g_w, config.g_h, 1, source.data());
    const MutableVideoPlanes p = planes();
    out.planes[VPX_PLANE_Y] = p.y;
    out.planes[VPX_PLANE_U] = p.u;
    out.planes[VPX_PLANE_V] = p.v;
    out.stride[VPX_PLANE_Y] = static_cast<int>(p.y_stride);
    out.stride[VPX_PLANE_U] = out.stride[VPX_PLANE_V] = static_cast<int>(p.uv_stride);
    out.cs = VPX_CS_BT_601;
    out.range = VPX_CR_FULL_RANGE;
    return out;
  }
  base::Result<> begin(unsigned kbit);
};

base::Result<> Vp9Encoder::State::begin(unsigned kbit) {
  if (vpx_codec_enc_config_default(vpx_codec_vp9_cx(), &config, 0) != VPX_CODEC_OK)
    return base::fail(base::Errc::internal, "settings of the video encoder");
  choose(config, size);
  config.rc_target_bitrate = std::clamp(kbit, kMinKbit, kMaxKbit);
  if (vpx_codec_enc_init(&context, vpx_codec_vp9_cx(), &config, 0) != VPX_CODEC_OK)
    return failed("open the video encoder", context);
  open = true;
  const int speed = size.pixels() >= kBigPicture ? kBigPictureSpeed : kSpeed;
  bool well = vpx_codec_control(&context, VP8E_SET_CPUUSED, speed) == VPX_CODEC_OK;
  well = well && vpx_codec_control(&context, VP9E_SET_AQ_MODE, 3u) == VPX_CODEC_OK;
  well = well && vpx_codec_control(&context, VP8E_SET_MAX_INTRA_BITRATE_PCT, kKeyFramePercent) == VPX_CODEC_OK;
  well = well && vpx_codec_control(&context, VP9E_SET_TILE_COLUMNS, 0) == VPX_CODEC_OK;
  well = well && vpx_codec_control(&context, VP9E_SET_COLOR_SPACE, VPX_CS_BT_601) == VPX_CODEC_OK;
  well = well && vpx_codec_control(&context, VP9E_SET_COLOR_RANGE, VPX_CR_FULL_RANGE) == VPX_CODEC_OK;
  if (!well) return failed("set up the video encoder", context);
  source.resize(luma() + 2 * chroma());
  return {};
}

Vp9Encoder::Vp9Encoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vp9Encoder::Vp9Encoder(Vp9Encoder&&) noexcept = default;
Vp9Encoder& Vp9Encoder::operator=(Vp9Encoder&&) noexcept = default;
Vp9Encoder::~Vp9Encoder() = default;

base::Result<Vp9Encoder> Vp9Encoder::open(Size size, unsigned kbit) {
  auto state = std::make_unique<State>();
  state->size = size;
  RESCUE_CHECK(state->begin(kbit));
  return Vp9Encoder(std::move(state));
}

base::Result<base::Bytes> Vp9Encoder::encode(const FrameView& frame, Point place, base::Duration time) {
  State& s = *state_;
  to_planes(frame, {place.x, place.y, s.size.width, s.size.height}, s.planes());
  const bool key = !s.last_ms;
  const std::int64_t now = std::max(std::chrono::duration_cast<Milliseconds>(time).count(), s.last_ms.value_or(-1) + 1);
  const std::int64_t interval =
      std::clamp<std::int64_t>(now - s.last_ms.value_or(now - kUsualInterval.count()), 1, 1000);
  s.last_ms = now;
  const vpx_image_t image = s.image();
  if (vpx_codec_encode(&s.context, &image, now, static_cast<unsigned long>(interval), key ? VPX_EFLAG_FORCE_KF : 0,
                       VPX_DL_REALTIME) != VPX_CODEC_OK)
    return failed("encode video", s.context);
  base::Bytes out;
  vpx_codec_iter_t iterator = nullptr;
  while (const vpx_codec_cx_pkt_t* packet = vpx_codec_get_cx_data(&s.context, &iterator)) {
    if (packet->kind != VPX_CODEC_CX_FRAME_PKT) continue;
    const auto* bytes = static_cast<const std::uint8_t*>(packet->data.frame.buf);
    out.insert(out.end(), bytes, bytes + packet->data.frame.sz);
  }
  if (const char* wrong = check_vp9_frame(out, s.size, key))
    return base::fail(base::Errc::internal, fmt::format("encode {}", wrong));
  const vpx_image_t* shown = vpx_codec_get_preview_frame(&s.context);
  if (!has_form(shown, s.size)) return failed("look at encoded video", s.context);
  s.picture = planes_of(*shown);
  return out;
}

void Vp9Encoder::set_rate(unsigned kbit) {
  const unsigned rate = std::clamp(kbit, kMinKbit, kMaxKbit);
  if (rate == state_->config.rc_target_bitrate) return;
  state_->config.rc_target_bitrate = rate;
  // A refusal leaves the rate as it was, which is no harm.
  static_cast<void>(vpx_codec_enc_config_set(&state_->context, &state_->config));
}

VideoPlanes Vp9Encoder::picture() const { return state_->picture; }

struct Vp9Decoder::State {
  Size size;
  vpx_codec_ctx_t context{};
  bool open = false;
  bool begun = false;
  VideoPlanes picture;
  base::Bytes framed;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (open) vpx_codec_destroy(&context);
  }
};

Vp9Decoder::Vp9Decoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Vp9Decoder::Vp9Decoder(Vp9Decoder&&) noexcept = default;
Vp9Decoder& Vp9Decoder::operator=(Vp9Decoder&&) noexcept = default;
Vp9Decoder::~Vp9Decoder() = default;

base::Result<Vp9Decoder> Vp9Decoder::open(Size size) {
  auto state = std::make_unique<State>();
  state->size = size;
  const vpx_codec_dec_cfg_t config{1, static_cast<unsigned>(size.width), static_cast<unsigned>(size.height)};
  if (vpx_codec_dec_init(&state->context, vpx_codec_vp9_dx(), &config, 0) != VPX_CODEC_OK)
    return failed("open the video decoder", state->context);
  state->open = true;
  return Vp9Decoder(std::move(state));
}

base::Result<> Vp9Decoder::decode(base::ByteView frame) {
  State& s = *state_;
  const auto malformed = [](std::string_view what) {
    return base::fail(base::Errc::bad_format, fmt::format("screen packet: {}", what));
  };
  if (const char* wrong = check_vp9_frame(frame, s.size, !s.begun)) return malformed(wrong);
  // libvpx takes what follows a frame for another frame, whose size nobody has judged. An index of one frame (VP9
  // specification, annex B) tells it where the only one ends.
  constexpr std::uint8_t kIndexOfOne = 0xd8;  // one frame, its length in four bytes
  const auto length = static_cast<std::uint32_t>(frame.size());
  s.framed.assign(frame.begin(), frame.end());
  s.framed.push_back(kIndexOfOne);
  for (int i = 0; i < 4; ++i) s.framed.push_back(static_cast<std::uint8_t>(length >> (8 * i)));
  s.framed.push_back(kIndexOfOne);
  s.picture = {};
  if (vpx_codec_decode(&s.context, s.framed.data(), static_cast<unsigned>(s.framed.size()), nullptr, 0) != VPX_CODEC_OK)
    return malformed("video");
  vpx_codec_iter_t iterator = nullptr;
  const vpx_image_t* shown = vpx_codec_get_frame(&s.context, &iterator);
  int corrupted = 0;
  if (!has_form(shown, s.size) || vpx_codec_control(&s.context, VP8D_GET_FRAME_CORRUPTED, &corrupted) != VPX_CODEC_OK ||
      corrupted != 0)
    return malformed("video");
  s.picture = planes_of(*shown);
  s.begun = true;
  return {};
}

VideoPlanes Vp9Decoder::picture() const { return state_->picture; }

}  // namespace rescue::screen
