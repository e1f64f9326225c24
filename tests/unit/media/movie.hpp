// SPDX-License-Identifier: Apache-2.0
// Recordings with real screen packets whose picture at every moment is known, and ffmpeg/ffprobe as the other side.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "rcrec/writer.hpp"
#include "screen/codec.hpp"
#include "screen/compose.hpp"
#include "support/temp_dir.hpp"

namespace rescue::media::movie {

using std::chrono::milliseconds;

/// What a command prints; fails the test when it fails.
inline std::string output_of(const std::string& command) {
  std::string out;
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 1 << 16> block{};
  for (std::size_t n = 0; (n = std::fread(block.data(), 1, block.size(), pipe)) > 0;) out.append(block.data(), n);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return out;
}

struct Probe {
  std::int64_t frames = 0;
  double duration = 0;
  int width = 0;
  int height = 0;
  std::string codec;
  std::string rate;
};
/// ffprobe, counting the frames that really decode.
inline Probe probe(const std::string& path) {
  const auto v = boost::json::parse(
      output_of("ffprobe -v error -count_frames -select_streams v:0 -show_entries "
                "stream=codec_name,width,height,nb_read_frames,r_frame_rate:format=duration -of json '" +
                path + "'"));
  const auto& s = v.at("streams").at(0).as_object();
  return {std::stoll(std::string(s.at("nb_read_frames").as_string())),
          std::stod(std::string(v.at("format").at("duration").as_string())),
          static_cast<int>(s.at("width").as_int64()),
          static_cast<int>(s.at("height").as_int64()),
          std::string(s.at("codec_name").as_string()),
          std::string(s.at("r_frame_rate").as_string())};
}

/// All frames of a video as pixels, decoded by ffmpeg.
inline std::vector<screen::Frame> frames_of(const std::string& path, screen::Size size) {
  const std::string raw =
      output_of("ffmpeg -v error -i '" + path + "' -fps_mode passthrough -f rawvideo -pix_fmt bgr0 -");
  const std::size_t bytes = static_cast<std::size_t>(size.pixels()) * 4;
  EXPECT_EQ(raw.size() % bytes, 0u);
  std::vector<screen::Frame> out;
  for (std::size_t at = 0; at + bytes <= raw.size(); at += bytes) {
    std::vector<screen::Pixel> pixels(static_cast<std::size_t>(size.pixels()));
    std::memcpy(pixels.data(), raw.data() + at, bytes);
    out.push_back(*screen::Frame::copy_of({pixels.data(), size, size.width}));
  }
  return out;
}

/// Records what is drawn on `frame`.
class Movie {
 public:
  Movie(const std::string& path, screen::Size size) : frame(*screen::Frame::create(size)), random_(1) {
    auto w = rcrec::Writer::create(*rcrec::create_file_sink(path),
                                   {*base::Guid::parse("7f1a2b3c-0000-4000-8000-00000000beef"),
                                    base::WallTime(std::chrono::seconds(1'764'000'000)),
                                    {}},
                                   random_);
    EXPECT_TRUE(w);
    writer.emplace(std::move(*w));
  }
  void shoot(milliseconds t, bool keyframe = false) {
    const auto p = encoder_.encode(frame, nullptr, keyframe);
    ASSERT_TRUE(p);
    if (*p) {
      ASSERT_TRUE(writer->video((*p)->bytes, (*p)->info.keyframe, t));
    }
    ASSERT_TRUE(writer->flush_due(t));
  }
  void resize(screen::Size size) { frame = *screen::Frame::create(size); }
  void end(milliseconds t) {
    ASSERT_TRUE(writer->finish(t));
    writer.reset();
  }

  screen::Frame frame;
  std::optional<rcrec::Writer> writer;

 private:
  base::SeededRandom random_;
  screen::Encoder encoder_;
};

}  // namespace rescue::media::movie
