// SPDX-License-Identifier: Apache-2.0
#include "media/impl/overlay.hpp"

#include <ass/ass.h>
#include <fontconfig/fontconfig.h>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "base/utf8.hpp"
#include "media/overlay.hpp"

namespace rescue::media {
namespace {
constexpr std::size_t kMaxLines = 6;                // that stand at a time: the newest
constexpr std::size_t kMaxCharacters = 240;         // of one line; the rest is in the subtitles
constexpr int kMinTextHeight = 14;                  // pixels
constexpr int kTextShare = 30;                      // of the picture's height
constexpr long long kForEver = 1LL << 40;           // milliseconds
constexpr std::string_view kWordJoiner = "\u2060";  // no glyph
constexpr const char* kFont = "sans-serif";

int text_height(screen::Size s) { return std::max(kMinTextHeight, std::min(s.height, s.width) / kTextShare); }

/// Text as libass shows it as it is: no override blocks, no escapes. Words longer than a row are broken, as libass
/// breaks at spaces alone.
std::string plain_text(std::string_view text, std::size_t row) {
  std::string out;
  std::size_t word = 0;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (begins && ++characters > kMaxCharacters) return out + "…";
    if (begins && (word = c == ' ' || c == '\n' ? 0 : word + 1) > row) {
      out += "\\N";
      word = 1;
    }
    if (c == '\n')
      out += "\\N";
    else if (c == '{')
      out += "\\{";
    else
      out += c;
    if (c == '\\') out += kWordJoiner;
  }
  return out;
}

struct FreeConfig {
  void operator()(FcConfig* c) const { FcConfigDestroy(c); }
};

/// Premultiplying is not needed: alpha is one for all colours of an image.
screen::Pixel mixed(screen::Pixel under, screen::Pixel over, std::uint32_t alpha) {
  const auto channel = [&](int shift) {
    const std::uint32_t a = under >> shift & 255, b = over >> shift & 255;
    return ((a * (255 - alpha) + b * alpha + 127) / 255) << shift;
  };
  return channel(16) | channel(8) | channel(0);
}

void blend(screen::Frame& to, const ASS_Image& image) {
  const screen::Rect part =
      screen::Rect{image.dst_x, image.dst_y, image.w, image.h}.intersected(screen::whole(to.size()));
  const screen::Pixel colour = image.color >> 8;
  const std::uint32_t opacity = 255 - (image.color & 255);
  for (std::int32_t y = part.y; y < part.bottom(); ++y) {
    const std::uint8_t* from = image.bitmap + std::ptrdiff_t{y - image.dst_y} * image.stride - image.dst_x;
    screen::Pixel* row = to.row(y);
    for (std::int32_t x = part.x; x < part.right(); ++x) {
      if (from[x] != 0) row[x] = mixed(row[x], colour, from[x] * opacity / 255);
    }
  }
}
}  // namespace

base::Result<std::vector<std::string>> font_places() {
  const std::unique_ptr<FcConfig, FreeConfig> config(FcInitLoadConfigAndFonts());
  const FcFontSet* fonts = config ? FcConfigGetFonts(config.get(), FcSetSystem) : nullptr;
  if (fonts == nullptr || fonts->nfont == 0)
    return base::fail(base::Errc::unsupported,
                      "draw text: this machine has no font (package fonts-dejavu-core has one)");
  std::vector<std::string> out;
  for (FcStrList* list :
       {FcConfigGetFontDirs(config.get()), FcConfigGetConfigFiles(config.get()), FcConfigGetCacheDirs(config.get())}) {
    while (const FcChar8* path = FcStrListNext(list)) out.emplace_back(reinterpret_cast<const char*>(path));
    FcStrListDone(list);
  }
  return out;
}

struct Overlay::Renderer {
  struct Done {
    void operator()(ASS_Library* l) const { ass_library_done(l); }
    void operator()(ASS_Renderer* r) const { ass_renderer_done(r); }
    void operator()(ASS_Track* t) const { ass_free_track(t); }
  };
  std::unique_ptr<ASS_Library, Done> library;
  std::unique_ptr<ASS_Renderer, Done> renderer;
  std::unique_ptr<ASS_Track, Done> track;
  int lower = 0, upper = 0;  // styles: chat and events, the clock
  std::size_t row = 0;       // characters that surely fit into one

  base::Result<> set_up(screen::Size size);
  int add_style(int height, int alignment);
  void add_text(int style, const std::string& text);
  const ASS_Image* lay_out(const std::string& lines, const std::string& clock);
};

base::Result<> Overlay::Renderer::set_up(screen::Size size) {
  library.reset(ass_library_init());
  if (!library) return base::fail(base::Errc::internal, "draw text: libass does not start");
  ass_set_message_cb(
      library.get(), [](int, const char*, va_list, void*) {}, nullptr);
  renderer.reset(ass_renderer_init(library.get()));
  track.reset(ass_new_track(library.get()));
  if (!renderer || !track) return base::fail(base::Errc::internal, "draw text: libass does not start");
  ass_set_frame_size(renderer.get(), size.width, size.height);
  ass_set_storage_size(renderer.get(), size.width, size.height);
  ass_set_fonts(renderer.get(), nullptr, kFont, ASS_FONTPROVIDER_FONTCONFIG, nullptr, 1);
  track->PlayResX = size.width;
  track->PlayResY = size.height;
  track->ScaledBorderAndShadow = 1;
  const int height = text_height(size);
  lower = add_style(height, HALIGN_LEFT | VALIGN_SUB);
  upper = add_style(height, HALIGN_RIGHT | VALIGN_TOP);
  row = static_cast<std::size_t>(std::max(8, size.width / height));
  return {};
}

int Overlay::Renderer::add_style(int height, int alignment) {
  const int n = ass_alloc_style(track.get());
  ASS_Style& s = track->styles[n];
  s.Name = ::strdup("Default");
  s.FontName = ::strdup(kFont);
  s.FontSize = height;
  s.PrimaryColour = 0xffffff00;  // white, opaque, with a dark edge: legible on everything
  s.SecondaryColour = 0xffffff00;
  s.OutlineColour = 0x10101000;
  s.BackColour = 0x00000080;
  s.Bold = 0;
  s.ScaleX = s.ScaleY = 1;
  s.BorderStyle = 1;
  s.Outline = std::max(1.5, height / 10.0);
  s.Alignment = alignment;
  s.MarginL = s.MarginR = s.MarginV = height / 2;
  return n;
}

void Overlay::Renderer::add_text(int style, const std::string& text) {
  if (text.empty()) return;
  const int n = ass_alloc_event(track.get());
  ASS_Event& e = track->events[n];
  e.Start = 0;
  e.Duration = kForEver;
  e.Style = style;
  e.ReadOrder = n;
  e.Text = ::strdup(text.c_str());
}

const ASS_Image* Overlay::Renderer::lay_out(const std::string& lines, const std::string& clock) {
  ass_flush_events(track.get());
  add_text(lower, lines);
  add_text(upper, clock);
  return ass_render_frame(renderer.get(), track.get(), 0, nullptr);
}

Overlay::Overlay(screen::Frame shown, OverlayParts parts, std::unique_ptr<Renderer> renderer)
    : shown_(std::move(shown)), parts_(parts), renderer_(std::move(renderer)) {}
Overlay::Overlay(Overlay&&) noexcept = default;
Overlay::~Overlay() = default;

base::Result<Overlay> Overlay::create(screen::Size size, OverlayParts parts) {
  RESCUE_TRY(auto shown, screen::Frame::create(size));
  auto renderer = std::make_unique<Renderer>();
  RESCUE_CHECK(renderer->set_up(size));
  return Overlay(std::move(shown), parts, std::move(renderer));
}

void Overlay::add(const Note& note, rcrec::Time at) {
  if (!(note.kind == NoteKind::chat ? parts_.chat : parts_.events)) return;
  lines_.push_back({at + kCueTime, plain_text(note.text, renderer_->row)});
  if (lines_.size() > kMaxLines) lines_.pop_front();
  stale_ = true;
}

std::string Overlay::clock_text(base::WallTime wall) const {
  if (!parts_.clock) return "";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
  return fmt::format("{:%Y-%m-%d %H:%M:%S} UTC",
                     fmt::gmtime(static_cast<std::time_t>(seconds.time_since_epoch().count())));
}

base::Result<const screen::Frame*> Overlay::draw(const screen::FrameView& plain, rcrec::Time t, base::WallTime wall,
                                                 screen::Damage& changed) {
  while (!lines_.empty() && lines_.front().until <= t) {
    lines_.pop_front();
    stale_ = true;
  }
  if (auto clock = clock_text(wall); clock != clock_) {
    clock_ = std::move(clock);
    stale_ = true;
  }
  if (!stale_ && changed.empty()) return &shown_;
  std::string text;
  for (const Line& line : lines_) text += (text.empty() ? "" : "\\N") + line.text;
  // libass keeps glyphs, so laying out again what stands still costs little.
  const ASS_Image* images = renderer_->lay_out(text, clock_);
  if (stale_ || !occupied_.empty()) changed.add(occupied_);
  occupied_.clear();
  for (const ASS_Image* i = images; i != nullptr; i = i->next) {
    const screen::Rect part = screen::Rect{i->dst_x, i->dst_y, i->w, i->h}.intersected(screen::whole(shown_.size()));
    if (!part.empty()) occupied_.add(part);
  }
  changed.add(occupied_);
  for (const screen::Rect& r : changed.rects()) {
    const screen::Rect part = r.intersected(screen::whole(shown_.size()));
    for (std::int32_t y = part.y; y < part.bottom(); ++y)
      std::copy_n(plain.row(y) + part.x, part.width, shown_.row(y) + part.x);
  }
  for (const ASS_Image* i = images; i != nullptr; i = i->next) blend(shown_, *i);
  stale_ = false;
  return &shown_;
}

}  // namespace rescue::media
