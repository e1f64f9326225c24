// SPDX-License-Identifier: Apache-2.0
// What a packet says about video regions, between its header and its body; layout in scodec(7), VIDEO.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "screen/frame.hpp"

namespace rescue::screen {

inline constexpr std::size_t kMaxVideoRegions = 4;
/// Of all regions of a picture together; 2560x1440 fits. A decoder needs about 25 bytes for each.
inline constexpr std::int64_t kMaxVideoPixels = std::int64_t{4} << 20;
inline constexpr std::int32_t kMinVideoSide = 16;
/// One picture of a region. A key frame of 2560x1440 at the best quality that is used stays below half of it.
inline constexpr std::size_t kMaxVideoFrameBytes = std::size_t{1} << 20;

/// What happens to one region. The number of a region is its place in the list of all.
struct VideoStep {
  enum class Kind : std::uint8_t {
    picture = 0,  // its stream goes on
    start = 1,    // a stream begins, in place of one that had the number
    end = 2,      // the region is no more
  };
  std::uint8_t region = 0;
  Kind kind = Kind::picture;
  Rect rect;             // start
  base::ByteView frame;  // picture and start: one VP9 frame
};

/// Where the regions are; nullopt for a number that is not in use.
using VideoPlaces = std::array<std::optional<Rect>, kMaxVideoRegions>;

/// The region numbers ascend, and all is within the limits.
void append_video_section(base::Bytes& out, std::span<const VideoStep> steps);

struct VideoSection {
  std::vector<VideoStep> steps;  // of views into the packet
  std::size_t bytes = 0;         // that the section takes
  VideoPlaces places;            // after it
};
/// `in` begins with the section and goes on with the body; `places` are those before. Checks all but the VP9 frames.
/// Errors: bad_format, too_large.
[[nodiscard]] base::Result<VideoSection> parse_video_section(base::ByteView in, Size picture,
                                                             const VideoPlaces& places);

}  // namespace rescue::screen
