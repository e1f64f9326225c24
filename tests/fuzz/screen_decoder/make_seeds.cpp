// SPDX-License-Identifier: Apache-2.0
// screen_decoder_seeds FOLDER: writes seeds of the fuzz target for the codec "context", one file per kind of tile.
// Those for the codec "tiles" were made by its encoder, which is no more; they stay.
#include <cstdio>
#include <fstream>
#include <string>

#include "screen/codec.hpp"
#include "screen/compose.hpp"
#include "screen/impl/packet.hpp"
#include "tests/unit/screen/film.hpp"
#include "tests/unit/screen/tiles_packet.hpp"

namespace {
using namespace rescue;

class Seed {
 public:
  Seed(std::string folder, std::string name) : path_(std::move(folder) + "/" + std::move(name)) { out_.u8('p'); }
  ~Seed() {
    std::ofstream(path_, std::ios::binary)
        .write(reinterpret_cast<const char*>(out_.view().data()), static_cast<std::streamsize>(out_.size()));
  }
  Seed(const Seed&) = delete;
  Seed& operator=(const Seed&) = delete;
  void add(const screen::Frame& f, const screen::EncodeRequest& request = {}) {
    const auto p = encoder_.encode(f, request);
    if (!p || !*p || (*p)->bytes.size() > 0xffff) return;
    out_.u16(static_cast<std::uint16_t>((*p)->bytes.size()));
    out_.bytes((*p)->bytes);
  }

 private:
  std::string path_;
  screen::Encoder encoder_;
  base::ByteWriter out_;
};

/// The body of the packet that follows the fixed keyframe and turns its picture into `f`.
void body_seed(const std::string& path, const screen::Frame& f, bool continues,
               screen::Fidelity fidelity = screen::Fidelity::exact) {
  screen::Encoder encoder;
  static_cast<void>(encoder.encode(screen::fixture_frame(), screen::EncodeRequest{nullptr, false, 9000, {30, 30}}));
  const screen::Damage nothing;
  const auto p = encoder.encode(f, {.damage = continues ? &nothing : nullptr, .fidelity = fidelity});
  base::ByteWriter out;
  out.u8((*p)->bytes[2] == screen::kPhotoVersion ? 'd' : 'c');
  out.u8((*p)->bytes[3]);
  out.bytes(base::ByteView((*p)->bytes).subspan(8));
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(out.view().data()), static_cast<std::streamsize>(out.size()));
}

/// What may be shown inexactly.
void soft(screen::Frame& f, screen::Rect r, base::SeededRandom& random) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    for (std::int32_t x = r.x; x < r.right(); ++x)
      f.row(y)[x] = static_cast<screen::Pixel>((x * 2 + y) % 200 << 16 | (y * 2 + 30) % 220 << 8 | (40 + x + y)) +
                    static_cast<screen::Pixel>(random.below(3));
  }
}

void speckle(screen::Frame& f, screen::Rect r, base::SeededRandom& random, std::uint64_t colours) {
  for (std::int32_t y = r.y; y < r.bottom(); ++y) {
    for (std::int32_t x = r.x; x < r.right(); ++x)
      f.row(y)[x] = static_cast<screen::Pixel>(random.below(colours) * 0x010305);
  }
}
/// A film that is found, goes on, stops and becomes exact; `sections`: what the packets say of video, alone.
void film_seed(const std::string& path, bool sections) {
  constexpr screen::Rect kFilm{9, 5, 130, 99};
  screen::Frame screen = *screen::Frame::create({160, 128});
  screen::paint_text(screen, {0, 0, 160, 128}, 1);
  screen::Encoder encoder;
  screen::EncodeRequest request;
  request.fidelity = screen::Fidelity::visual;
  request.video_kbit = 100;
  base::ByteWriter out;
  out.u8(sections ? 'v' : 'p');
  for (int i = 0; i < 24; ++i) {
    if (i > 0 && i < 14) screen::paint_film(screen, kFilm, i);
    request.time += std::chrono::milliseconds(67);
    request.refine = i >= 14;
    const auto p = encoder.encode(screen, request);
    if (!p || !*p) continue;
    base::ByteView bytes = (*p)->bytes;
    const auto header = screen::parse_header(bytes);
    if (sections && !header->video) continue;
    if (sections) bytes = bytes.subspan(header->header_bytes);
    out.u16(static_cast<std::uint16_t>(bytes.size()));
    out.bytes(bytes);
  }
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(out.view().data()), static_cast<std::streamsize>(out.size()));
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  base::SeededRandom random(1);
  screen::Frame f = *screen::Frame::create({75, 52});
  {
    Seed s(argv[1], "context_solid");
    f.fill({0, 0, 40, 40}, 0x336699);
    s.add(f);
    f.fill({10, 10, 20, 20}, 0xffffff);
    s.add(f);
  }
  {
    Seed s(argv[1], "context_table_and_cache");
    const screen::Frame blank = *screen::Frame::create({75, 52});
    speckle(f, {0, 0, 75, 52}, random, 3);
    s.add(f);
    s.add(blank);
    s.add(f);
  }
  {
    Seed s(argv[1], "context_photo");
    screen::Frame photo = *screen::Frame::create({34, 18});
    speckle(photo, {0, 0, 34, 18}, random, 50000);
    s.add(photo);
  }
  {
    Seed s(argv[1], "context_moves");
    screen::Frame page = *screen::Frame::create({120, 100});
    speckle(page, {0, 0, 120, 100}, random, 2);
    s.add(page);
    screen::Frame up = page;
    screen::blit(up, {0, -9}, page);
    s.add(up);
  }
  {
    Seed s(argv[1], "context_resize");
    for (const std::int32_t side : {1, 16, 17, 33}) s.add(*screen::Frame::create({side, side}));
  }
  const std::string folder = argv[1];
  const screen::Frame fixture = screen::fixture_frame();
  body_seed(folder + "/context_body_continues", fixture, true);
  screen::Frame moved = fixture;
  screen::blit(moved, {3, -5}, fixture);
  body_seed(folder + "/context_body_moves", moved, false);
  screen::Frame mixed = fixture;
  mixed.fill({0, 0, 33, 20}, 0x00ff00);
  speckle(mixed, {48, 32, 20, 20}, random, 4);
  body_seed(folder + "/context_body_mixed", mixed, false);
  film_seed(folder + "/film", false);
  film_seed(folder + "/film_sections", true);
  screen::Frame photo = fixture;
  soft(photo, {16, 16, 48, 32}, random);
  body_seed(folder + "/photo_body", photo, false, screen::Fidelity::visual);
  {
    Seed s(folder, "photo_refined");
    screen::Frame soft_page = *screen::Frame::create({80, 56});
    soft(soft_page, {0, 0, 80, 56}, random);
    s.add(soft_page, {.fidelity = screen::Fidelity::coarse});
    soft_page.fill({20, 10, 9, 9}, 0xffffff);
    s.add(soft_page, {.work = 5000, .fidelity = screen::Fidelity::visual, .refine = true});
    s.add(soft_page, {.fidelity = screen::Fidelity::visual, .refine = true});
  }
  return 0;
}
