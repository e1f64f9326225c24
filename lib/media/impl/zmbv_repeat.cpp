// SPDX-License-Identifier: Apache-2.0
#include <zlib.h>

#include "media/impl/repeater.hpp"

namespace rescue::media {
namespace {
// As libavcodec writes it: a byte of flags; of a keyframe version (2), compression, pixels, block width and height
// follow.
constexpr std::uint8_t kKeyframe = 1;
constexpr std::size_t kKeyHeader = 7;
constexpr std::uint8_t kZlib = 1;
constexpr std::size_t kStep = std::size_t{1} << 16;
constexpr int kLevel = 6;  // 9 takes three times as long for 2 % less

struct Inflater {
  Inflater() { ok = inflateInit(&z) == Z_OK; }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&z); }
  z_stream z{};
  bool ok;
};
struct Deflater {
  Deflater() { ok = deflateInit(&z, kLevel) == Z_OK; }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&z); }
  z_stream z{};
  bool ok;
};

class ZmbvRepeater final : public Repeater {
 public:
  explicit ZmbvRepeater(screen::Size picture) : size_(picture) {}

  base::Result<base::Bytes> picture(base::ByteView packet, std::int64_t) override {
    const bool key = !packet.empty() && (packet[0] & kKeyframe) != 0;
    const std::size_t header = key ? kKeyHeader : 1;
    if (!in_.ok || !out_.ok) return base::fail(base::Errc::internal, "out of memory");
    if (packet.size() < header || (key && packet[3] != kZlib) || (!key && blocks_ == 0)) return other_stream();
    if (key) {
      const int width = packet[5], height = packet[6];
      if (width == 0 || height == 0) return other_stream();
      blocks_ = static_cast<std::size_t>((size_.width + width - 1) / width) *
                static_cast<std::size_t>((size_.height + height - 1) / height);
      inflateReset(&in_.z);
      deflateReset(&out_.z);
    }
    RESCUE_TRY(const auto plain, inflated(packet.subspan(header)));
    base::Bytes result = base::to_bytes(packet.first(header));
    RESCUE_CHECK(deflate_to(result, plain));
    return result;
  }

  base::Result<base::Bytes> repeat(std::int64_t) override {
    if (blocks_ == 0) return base::fail(base::Errc::conflict, "repeat a picture before the first");
    const base::Bytes still((blocks_ * 2 + 3) / 4 * 4);  // two bytes a block: no vector, no change
    base::Bytes result{0};
    RESCUE_CHECK(deflate_to(result, still));
    return result;
  }

 private:
  static std::unexpected<base::Error> other_stream() {
    return base::fail(base::Errc::unsupported, "repeat a picture of this ZMBV stream");
  }

  base::Result<base::Bytes> inflated(base::ByteView data) {
    base::Bytes plain;
    in_.z.next_in = const_cast<std::uint8_t*>(data.data());
    in_.z.avail_in = static_cast<uInt>(data.size());
    do {
      const std::size_t at = plain.size();
      plain.resize(at + std::max(kStep, data.size()));
      in_.z.next_out = plain.data() + at;
      in_.z.avail_out = static_cast<uInt>(plain.size() - at);
      const int rc = ::inflate(&in_.z, Z_SYNC_FLUSH);
      plain.resize(plain.size() - in_.z.avail_out);
      if (rc != Z_OK && rc != Z_BUF_ERROR) return other_stream();
      if (rc == Z_BUF_ERROR) break;
    } while (in_.z.avail_out == 0 || in_.z.avail_in > 0);
    return plain;
  }

  base::Result<> deflate_to(base::Bytes& to, base::ByteView plain) {
    out_.z.next_in = const_cast<std::uint8_t*>(plain.data());
    out_.z.avail_in = static_cast<uInt>(plain.size());
    do {
      const std::size_t at = to.size();
      to.resize(at + kStep);
      out_.z.next_out = to.data() + at;
      out_.z.avail_out = kStep;
      if (::deflate(&out_.z, Z_SYNC_FLUSH) == Z_STREAM_ERROR) return base::fail(base::Errc::internal, "deflate");
      to.resize(to.size() - out_.z.avail_out);
    } while (out_.z.avail_out == 0);
    return {};
  }

  screen::Size size_;
  std::size_t blocks_ = 0;
  Inflater in_;
  Deflater out_;
};
}  // namespace

std::unique_ptr<Repeater> make_zmbv_repeater(screen::Size picture) { return std::make_unique<ZmbvRepeater>(picture); }

}  // namespace rescue::media
