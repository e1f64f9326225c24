// SPDX-License-Identifier: Apache-2.0
#include "applet/headless/synthetic_desktop.hpp"

#include <fmt/format.h>

#include "applet/headless/font.hpp"
#include "base/utf8.hpp"

namespace rescue::applet {
namespace {
using screen::Frame;
using screen::Pixel;
using screen::Rect;

constexpr Pixel kWallpaper = 0x2e4a62, kPaper = 0xf7f7f2, kInk = 0x1c1c1c, kTitle = 0x3a6ea5, kFrame = 0x707070,
                kButtonFace = 0xd8d8d8, kGreen = 0x2f8f4e, kWhite = 0xffffff;
constexpr std::uint64_t kTicksPerLine = 4;  // the log scrolls by one line in so many frames
constexpr std::size_t kFieldBytesMax = 4096;
constexpr std::size_t kEnteredMax = 200;  // lines kept
constexpr const char* kWords[] = {"printer", "queue",  "opened", "network", "cable",   "update", "folder", "backup",
                                  "driver",  "failed", "retry",  "closed",  "browser", "disk",   "login",  "mail"};

void draw_text(Frame& frame, std::int32_t x, std::int32_t y, std::string_view text, Pixel ink, const Rect& clip) {
  const Rect inside = clip.intersected(screen::whole(frame.size()));
  for (std::size_t at = 0; at < text.size();) {
    char32_t c = base::next_code_point(text, at);
    // A box with the code's low bits inside stands for what the font lacks, so that different characters look
    // different.
    const bool known = c >= 0x20 && c < 0x20 + kGlyphs.size();
    for (int row = 0; row < kGlyphHeight; ++row) {
      std::uint8_t bits = 0;
      if (known)
        bits = kGlyphs[c - 0x20][static_cast<std::size_t>(row)];
      else if (row >= 2 && row <= 10)
        bits = row == 2 || row == 10 ? 0xf8 : static_cast<std::uint8_t>(0x88 | ((c >> (row - 3)) & 1) << 5);
      for (int column = 0; column < kGlyphWidth; ++column)
        if ((bits & (0x80 >> column)) != 0 && inside.contains({x + column, y + row}))
          frame.row(y + row)[x + column] = ink;
    }
    x += kGlyphWidth;
  }
}

void draw_box(Frame& frame, const Rect& r, Pixel edge, Pixel face) {
  frame.fill(r, edge);
  frame.fill({r.x + 1, r.y + 1, r.width - 2, r.height - 2}, face);
}

// 0..span and back again.
std::int32_t to_and_fro(std::uint64_t step, std::int32_t span) {
  if (span <= 0) return 0;
  const auto at = static_cast<std::int32_t>(step % (static_cast<std::uint64_t>(span) * 2));
  return at <= span ? at : 2 * span - at;
}
}  // namespace

class SyntheticCapture final : public desktop::Capture {
 public:
  explicit SyntheticCapture(SyntheticDesktop& desktop) : desktop_(desktop) {}

  base::Result<std::vector<desktop::Display>> displays() override { return desktop_.displays_; }

  base::Result<> start(desktop::DisplayId display) override {
    stop();
    if (display == 0 || display > desktop_.displays_.size())
      return base::fail(base::Errc::not_found, fmt::format("display {}", display));
    std::lock_guard lock(desktop_.mutex_);
    index_ = display - 1;
    started_ = true;
    tick_ = 0;
    next_ = std::chrono::steady_clock::now();
    seen_changes_ = desktop_.picture_.changes;
    change_ = {};
    change_.damage.add(screen::whole(size()));
    change_.cursor_moved = change_.cursor_shape = true;
    return {};
  }

  base::Result<desktop::Change> wait(base::Duration limit) override {
    std::unique_lock lock(desktop_.mutex_);
    const auto end = std::chrono::steady_clock::now() + limit;
    while (true) {
      gather();
      const auto now = std::chrono::steady_clock::now();
      if (change_.any() || woken_ || now >= end) break;
      const bool moves = started_ && desktop_.options_.period > base::Duration::zero();
      desktop_.changed_.wait_until(lock, moves ? std::min<base::SteadyTime>(end, next_) : end);
    }
    woken_ = false;
    return std::exchange(change_, {});
  }

  base::Result<> grab(Frame& frame) override {
    if (!started_) return base::fail(base::Errc::invalid_argument, "grab without start");
    if (frame.size() != size()) {
      RESCUE_TRY(frame, Frame::create(size()));
    }
    SyntheticDesktop::Picture picture;
    {
      std::lock_guard lock(desktop_.mutex_);
      picture = desktop_.picture_;
    }
    desktop_.draw(frame, index_, tick_, picture);
    ++tick_;
    return {};
  }

  base::Result<screen::CursorState> cursor() override {
    std::lock_guard lock(desktop_.mutex_);
    const auto& area = desktop_.displays_[index_].area;
    return screen::CursorState{{desktop_.pointer_.x - area.x, desktop_.pointer_.y - area.y}, true};
  }
  base::Result<screen::CursorImage> cursor_image() override {
    screen::CursorImage image{{12, 16}, {0, 0}, std::vector<std::uint32_t>(12 * 16, 0)};
    for (std::int32_t y = 0; y < 12; ++y)
      for (std::int32_t x = 0; x <= y && x < 12; ++x)
        image.argb[static_cast<std::size_t>(y * 12 + x)] = x == 0 || x == y || y == 11 ? 0xff000000 : 0xffffffff;
    return image;
  }
  void stop() override {
    std::lock_guard lock(desktop_.mutex_);
    started_ = false;
    change_ = {};
  }
  void wake() override {
    {
      std::lock_guard lock(desktop_.mutex_);
      woken_ = true;
    }
    desktop_.changed_.notify_all();
  }

 private:
  [[nodiscard]] screen::Size size() const {
    const auto& area = desktop_.displays_[index_].area;
    return {area.width, area.height};
  }
  // Adds what has happened to change_.
  void gather() {
    if (!started_) return;
    const auto parts = SyntheticDesktop::parts_of(size());
    const auto now = std::chrono::steady_clock::now();
    if (desktop_.options_.period > base::Duration::zero() && now >= next_) {
      next_ = now + desktop_.options_.period;
      change_.damage.add(parts.log);
      change_.damage.add(parts.lane);
    }
    if (seen_changes_ != desktop_.picture_.changes) {
      seen_changes_ = desktop_.picture_.changes;
      // Any frame is a step of the animation, so its parts are among what changes.
      for (const auto& r : {parts.log, parts.lane, parts.field, parts.button}) change_.damage.add(r);
    }
    if (last_pointer_ != desktop_.pointer_) {
      last_pointer_ = desktop_.pointer_;
      change_.cursor_moved = true;
    }
  }

  SyntheticDesktop& desktop_;
  std::size_t index_ = 0;
  bool started_ = false;
  bool woken_ = false;
  std::uint64_t tick_ = 0;
  std::uint64_t seen_changes_ = 0;
  base::SteadyTime next_{};
  screen::Point last_pointer_{};
  desktop::Change change_;
};

class SyntheticInput final : public desktop::Input {
 public:
  explicit SyntheticInput(SyntheticDesktop& desktop) : desktop_(desktop) {}
  base::Result<> key(std::uint32_t keysym, bool down) override {
    if (!down) {
      held_.erase(keysym);
      return {};
    }
    if (held_.emplace(keysym, true).second) desktop_.press(keysym);
    return {};
  }
  base::Result<> text(std::string_view utf8) override {
    for (std::size_t at = 0; at < utf8.size();) {
      auto keysym = desktop::unicode_to_keysym(base::next_code_point(utf8, at));
      if (keysym == desktop::kNoSymbol) return base::fail(base::Errc::not_found, "no key for a character");
      desktop_.press(keysym);
    }
    return {};
  }
  base::Result<> pointer(std::int32_t x, std::int32_t y, std::uint32_t buttons) override {
    bool pressed = false;
    {
      std::lock_guard lock(desktop_.mutex_);
      pressed = (buttons & desktop::kButtonLeft) != 0 && (desktop_.buttons_ & desktop::kButtonLeft) == 0;
      desktop_.pointer_ = {x, y};
      desktop_.buttons_ = buttons;
    }
    desktop_.observe("pointer", fmt::format("{},{},{}", x, y, buttons));
    if (pressed) desktop_.click();
    desktop_.changed_.notify_all();
    return {};
  }
  base::Result<> wheel(std::int32_t dx, std::int32_t dy) override {
    desktop_.observe("wheel", fmt::format("{},{}", dx, dy));
    return {};
  }
  void release_all() override {
    for (const auto& [keysym, down] : held_) desktop_.observe("released", std::string(desktop::keysym_name(keysym)));
    held_.clear();
    std::lock_guard lock(desktop_.mutex_);
    desktop_.buttons_ = 0;
  }

 private:
  SyntheticDesktop& desktop_;
  std::map<desktop::Keysym, bool> held_;
};

SyntheticDesktop::SyntheticDesktop(SyntheticOptions options, SyntheticObserver observer)
    : options_(std::move(options)), observer_(std::move(observer)) {
  std::int32_t x = 0;
  for (const auto& size : options_.displays) {
    const auto id = static_cast<desktop::DisplayId>(displays_.size() + 1);
    displays_.push_back({id, fmt::format("SYN-{}", id), {x, 0, size.width, size.height}, id == 1});
    x += size.width;
  }
}

std::unique_ptr<desktop::Capture> SyntheticDesktop::make_capture() { return std::make_unique<SyntheticCapture>(*this); }
std::unique_ptr<desktop::Input> SyntheticDesktop::make_input() { return std::make_unique<SyntheticInput>(*this); }
std::string SyntheticDesktop::field() const {
  std::lock_guard lock(mutex_);
  return picture_.field;
}
void SyntheticDesktop::observe(std::string_view what, const std::string& value) const {
  if (observer_) observer_(what, value);
}

SyntheticDesktop::Parts SyntheticDesktop::parts_of(screen::Size s) {
  Parts p;
  p.log = {s.width / 20, s.height / 16, s.width * 9 / 20, s.height * 3 / 4};
  p.lane = {s.width * 11 / 20, s.height / 16, s.width * 8 / 20, s.height * 3 / 4};
  p.field = {s.width / 20, s.height * 27 / 32, s.width * 12 / 20, std::max(19, s.height / 20)};
  p.button = {s.width * 14 / 20, s.height * 27 / 32, s.width * 5 / 20, std::max(19, s.height / 20)};
  return p;
}

Rect SyntheticDesktop::window_at(const Parts& parts, std::uint64_t tick, std::size_t display) const {
  const std::int32_t w = parts.lane.width / 2, h = parts.lane.height / 3;
  const auto start = options_.seed * 37 + display * 101;
  return {parts.lane.x + to_and_fro(start + tick * 3, parts.lane.width - w),
          parts.lane.y + to_and_fro(start / 2 + tick * 2, parts.lane.height - h), w, h};
}

std::string SyntheticDesktop::log_line(std::uint64_t number) const {
  base::SeededRandom random(options_.seed * 1'000'003 + number);
  std::string line = fmt::format("{:06} ", number);
  for (int i = 0; i < 5; ++i) line += fmt::format("{} ", kWords[random.below(std::size(kWords))]);
  return line + fmt::format("{:04x}", random.below(65536));
}

void SyntheticDesktop::draw_log(Frame& frame, const Rect& area, std::uint64_t tick, const Picture& picture) const {
  draw_box(frame, area, kFrame, kPaper);
  const Rect inside{area.x + 4, area.y + 2, area.width - 8, area.height - 4};
  const auto lines = static_cast<std::uint64_t>(std::max(0, inside.height / kGlyphHeight));
  const auto entered = std::min<std::uint64_t>(picture.entered.size(), lines / 3);
  auto y = inside.y;
  for (std::uint64_t i = entered; i < lines; ++i, y += kGlyphHeight)
    draw_text(frame, inside.x, y, log_line(tick / kTicksPerLine + i), kInk, inside);
  for (std::uint64_t i = picture.entered.size() - entered; i < picture.entered.size(); ++i, y += kGlyphHeight)
    draw_text(frame, inside.x, y, "> " + picture.entered[i], kGreen, inside);
}

void SyntheticDesktop::draw(Frame& frame, std::size_t display, std::uint64_t tick, const Picture& picture) const {
  const auto size = frame.size();
  const auto p = parts_of(size);
  frame.fill(screen::whole(size), kWallpaper);
  draw_log(frame, p.log, tick, picture);
  frame.fill(p.lane, kWallpaper + 0x0a0a0a);
  const auto window = window_at(p, tick, display);
  draw_box(frame, window, kFrame, kWhite);
  frame.fill({window.x + 1, window.y + 1, window.width - 2, kGlyphHeight + 4}, kTitle);
  draw_text(frame, window.x + 6, window.y + 3, fmt::format("Window {}", display + 1), kWhite, window);
  for (int i = 0; i < 6; ++i)
    draw_text(frame, window.x + 6, window.y + 24 + i * kGlyphHeight,
              log_line(1'000'000 + static_cast<std::uint64_t>(i)), kInk, window);
  draw_box(frame, p.field, kFrame, kPaper);
  draw_text(frame, p.field.x + 4, p.field.y + 3, picture.field + "_", kInk, p.field);
  draw_box(frame, p.button, kFrame, picture.clicks % 2 == 0 ? kButtonFace : kGreen);
  draw_text(frame, p.button.x + 6, p.button.y + 3, fmt::format("clicked {} times", picture.clicks), kInk, p.button);
}

void SyntheticDesktop::press(desktop::Keysym keysym) {
  std::string field;
  bool entered = false, text_changed = true;
  {
    std::lock_guard lock(mutex_);
    if (keysym == desktop::kKeyReturn) {
      entered = true;
      picture_.entered.push_back(picture_.field);
      if (picture_.entered.size() > kEnteredMax) picture_.entered.erase(picture_.entered.begin());
      picture_.field.clear();
    } else if (keysym == desktop::kKeyBackSpace) {
      while (!picture_.field.empty() && (static_cast<std::uint8_t>(picture_.field.back()) & 0xc0) == 0x80)
        picture_.field.pop_back();
      if (!picture_.field.empty()) picture_.field.pop_back();
    } else if (auto c = desktop::keysym_to_unicode(keysym); c && picture_.field.size() < kFieldBytesMax) {
      base::append_utf8(picture_.field, *c);
    } else {
      text_changed = false;
    }
    if (text_changed) ++picture_.changes;
    field = entered ? picture_.entered.back() : picture_.field;
  }
  observe("key", desktop::keysym_name(keysym));
  if (entered)
    observe("entered", field);
  else if (text_changed)
    observe("text", field);
  changed_.notify_all();
}

void SyntheticDesktop::click() {
  unsigned clicks = 0;
  {
    std::lock_guard lock(mutex_);
    bool hit = false;
    for (const auto& d : displays_) {
      auto button = parts_of({d.area.width, d.area.height}).button;
      hit = hit || button.contains({pointer_.x - d.area.x, pointer_.y - d.area.y});
    }
    if (!hit) return;
    clicks = ++picture_.clicks;
    ++picture_.changes;
  }
  observe("clicks", std::to_string(clicks));
}

}  // namespace rescue::applet
