// SPDX-License-Identifier: Apache-2.0
// The clipboard of an X server: a connection and a thread of its own, as other programs ask at any time.
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <xcb/xfixes.h>

#include "applet/x11/host.hpp"
#include "applet/x11/selection_owner.hpp"
#include "applet/x11/selection_reader.hpp"
#include "base/log.hpp"

namespace rescue::applet::x11 {
namespace {
/// set() waits for the server this long.
constexpr std::chrono::seconds kServerPatience{10};

base::SteadyTime now() { return base::system_clock().steady(); }

class X11Clipboard final : public desktop::Clipboard {
 public:
  X11Clipboard(std::unique_ptr<Connection> connection, const ClipboardAtoms& atoms, xcb_window_t window)
      : connection_(std::move(connection)),
        atoms_(atoms),
        window_(window),
        owner_(*connection_, atoms_),
        reader_(*connection_, atoms_, window, [this](desktop::ClipboardContent c) { tell(std::move(c)); }) {}
  X11Clipboard(const X11Clipboard&) = delete;
  X11Clipboard& operator=(const X11Clipboard&) = delete;
  ~X11Clipboard() override {
    {
      std::lock_guard lock(mutex_);
      quit_ = true;
    }
    wake();
    if (thread_.joinable()) thread_.join();
    if (wake_ >= 0) ::close(wake_);
  }

  base::Result<> begin();
  void watch(bool on) override;
  void on_change(std::function<void(desktop::ClipboardContent)> changed) override { changed_ = std::move(changed); }
  base::Result<> set(desktop::ClipboardContent content) override;
  void clear() override;

 private:
  struct Wish {
    desktop::ClipboardContent content;
    std::uint64_t number = 0;
  };
  [[nodiscard]] xcb_connection_t* c() const { return connection_->get(); }
  void wake() const {
    const std::uint64_t one = 1;
    std::ignore = ::write(wake_, &one, sizeof one);
  }
  void run();
  void sleep();
  void take_orders();
  void on_event(const xcb_generic_event_t& event);
  void own(xcb_timestamp_t time);
  void ask_time();
  void tell(desktop::ClipboardContent content);
  void settle(std::uint64_t number, bool done);

  std::unique_ptr<Connection> connection_;
  ClipboardAtoms atoms_;
  xcb_window_t window_;
  std::uint8_t fixes_event_ = 0;
  int wake_ = -1;

  // the thread's own
  SelectionOwner owner_;
  SelectionReader reader_;
  std::optional<Wish> owning_;  // waits for the server's time
  bool watching_ = false;

  std::mutex mutex_;  // of what follows
  std::condition_variable settled_;
  std::optional<Wish> wish_;
  std::uint64_t wishes_ = 0, answered_ = 0;
  bool last_done_ = false;
  bool clear_ = false;
  bool watch_ = false, watch_changed_ = false;
  bool quit_ = false, dead_ = false;
  std::mutex telling_;  // held while `changed_` runs, so that watch(false) is the end of it
  bool may_tell_ = false;
  std::function<void(desktop::ClipboardContent)> changed_;
  std::thread thread_;
};

base::Result<> X11Clipboard::begin() {
  const auto version =
      reply(xcb_xfixes_query_version_reply, c(), xcb_xfixes_query_version(c(), 2, 0), "ask for XFIXES");
  if (!version || (*version)->major_version < 1)
    return base::fail(base::Errc::unsupported, "the X server does not tell changes of the clipboard (XFIXES 1)");
  fixes_event_ = connection_->first_event(xcb_xfixes_id);
  const std::uint32_t mask = XCB_XFIXES_SELECTION_EVENT_MASK_SET_SELECTION_OWNER |
                             XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_WINDOW_DESTROY |
                             XCB_XFIXES_SELECTION_EVENT_MASK_SELECTION_CLIENT_CLOSE;
  xcb_xfixes_select_selection_input(c(), window_, atoms_.clipboard, mask);
  xcb_flush(c());
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_ < 0) return base::fail(base::errno_error("make an event descriptor"));
  thread_ = std::thread([this] { run(); });
  return {};
}

// ---- any thread

void X11Clipboard::watch(bool on) {
  {
    std::lock_guard lock(telling_);
    may_tell_ = on;
  }
  {
    std::lock_guard lock(mutex_);
    watch_ = on;
    watch_changed_ = true;
  }
  wake();
}

base::Result<> X11Clipboard::set(desktop::ClipboardContent content) {
  if (content.text.size() > desktop::kClipboardTextBytesMax || content.files.size() > desktop::kClipboardFileCountMax)
    return base::fail(base::Errc::too_large, "clipboard");
  std::unique_lock lock(mutex_);
  const auto number = ++wishes_;
  wish_ = Wish{std::move(content), number};
  clear_ = false;
  wake();
  const bool heard = settled_.wait_for(lock, kServerPatience, [&] { return dead_ || answered_ >= number; });
  if (!heard || dead_) return base::fail(base::Errc::unreachable, "clipboard: the X server is gone");
  // A later one that has replaced it is as good.
  if (answered_ == number && !last_done_) return base::fail(base::Errc::conflict, "clipboard: another program took it");
  return {};
}

void X11Clipboard::clear() {
  {
    std::lock_guard lock(mutex_);
    wish_.reset();
    clear_ = true;
  }
  wake();
}

// ---- the thread

void X11Clipboard::run() {
  while (true) {
    take_orders();
    {
      std::lock_guard lock(mutex_);
      if (quit_) return;
    }
    while (Owned<xcb_generic_event_t> event{xcb_poll_for_event(c())}) on_event(*event);
    if (!connection_->alive()) break;
    reader_.on_deadline(now());
    owner_.on_deadline(now());
    xcb_flush(c());
    // To flush may read: what came with it would sleep in memory while poll(2) waits for more.
    if (Owned<xcb_generic_event_t> event{xcb_poll_for_queued_event(c())})
      on_event(*event);
    else
      sleep();
  }
  base::log(base::LogLevel::warn, "clipboard", "the X server is gone");
  std::lock_guard lock(mutex_);
  dead_ = true;
  settled_.notify_all();
}

void X11Clipboard::sleep() {
  std::optional<base::SteadyTime> next = reader_.deadline();
  if (const auto o = owner_.deadline(); o && (!next || *o < *next)) next = o;
  int limit = -1;
  if (next) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - now()).count();
    limit = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
  }
  pollfd fds[2] = {{xcb_get_file_descriptor(c()), POLLIN, 0}, {wake_, POLLIN, 0}};
  std::ignore = ::poll(fds, 2, limit);
  std::uint64_t count = 0;
  std::ignore = ::read(wake_, &count, sizeof count);
}

void X11Clipboard::take_orders() {
  std::optional<Wish> wish;
  bool clear = false, watch_changed = false, watch = false;
  {
    std::lock_guard lock(mutex_);
    wish = std::exchange(wish_, std::nullopt);
    clear = std::exchange(clear_, false);
    watch_changed = std::exchange(watch_changed_, false);
    watch = watch_;
  }
  if (watch_changed && watch != watching_) {
    watching_ = watch;
    if (!watch) reader_.stop();
  }
  if (clear) {
    if (owning_) settle(std::exchange(owning_, std::nullopt)->number, false);
    if (owner_.owns()) xcb_set_selection_owner(c(), XCB_NONE, atoms_.clipboard, owner_.since());
    owner_.lost();
  }
  if (wish) {
    if (owning_) settle(owning_->number, true);
    owning_ = std::move(wish);
    ask_time();
  }
}

/// ICCCM 2.1: who takes a selection names the time, which only an event tells.
void X11Clipboard::ask_time() {
  xcb_change_property(c(), XCB_PROP_MODE_APPEND, window_, atoms_.clock, XCB_ATOM_INTEGER, 32, 0, nullptr);
  xcb_flush(c());
}

void X11Clipboard::own(xcb_timestamp_t time) {
  auto wish = *std::exchange(owning_, std::nullopt);
  reader_.stop();
  xcb_set_selection_owner(c(), window_, atoms_.clipboard, time);
  const auto owner =
      reply(xcb_get_selection_owner_reply, c(), xcb_get_selection_owner(c(), atoms_.clipboard), "clipboard");
  const bool ours = owner && (*owner)->owner == window_;
  if (ours) owner_.own(std::move(wish.content), time);
  settle(wish.number, ours);
}

void X11Clipboard::settle(std::uint64_t number, bool done) {
  std::lock_guard lock(mutex_);
  answered_ = number;
  last_done_ = done;
  settled_.notify_all();
}

void X11Clipboard::on_event(const xcb_generic_event_t& event) {
  const auto as = [&]<typename E>(const E*) -> const E& { return reinterpret_cast<const E&>(event); };
  const auto type = event.response_type & 0x7f;
  if (fixes_event_ != 0 && type == fixes_event_ + XCB_XFIXES_SELECTION_NOTIFY) {
    const auto& changed = as(static_cast<const xcb_xfixes_selection_notify_event_t*>(nullptr));
    if (changed.owner == window_) return;
    if (owner_.owns() && changed.selection_timestamp >= owner_.since()) owner_.lost();
    if (!watching_) return;
    if (changed.owner == XCB_NONE) {
      reader_.stop();
      return tell({});
    }
    return reader_.start(changed.selection_timestamp, now());
  }
  switch (type) {
    case XCB_SELECTION_REQUEST: {
      const auto& request = as(static_cast<const xcb_selection_request_event_t*>(nullptr));
      // In the name of our own window only a program asks that means to confuse us.
      if (request.requestor != window_) owner_.on_request(request, now());
      return;
    }
    case XCB_SELECTION_NOTIFY:
      return reader_.on_notify(as(static_cast<const xcb_selection_notify_event_t*>(nullptr)), now());
    case XCB_SELECTION_CLEAR: {
      const auto& cleared = as(static_cast<const xcb_selection_clear_event_t*>(nullptr));
      if (cleared.selection == atoms_.clipboard && cleared.time >= owner_.since()) owner_.lost();
      return;
    }
    case XCB_PROPERTY_NOTIFY: {
      const auto& changed = as(static_cast<const xcb_property_notify_event_t*>(nullptr));
      if (changed.window == window_ && changed.atom == atoms_.clock && owning_) return own(changed.time);
      if (changed.window == window_) return reader_.on_property(changed, now());
      return owner_.on_property(changed, now());
    }
    case XCB_DESTROY_NOTIFY:
      return owner_.on_destroy(as(static_cast<const xcb_destroy_notify_event_t*>(nullptr)).window);
    default:
      return;
  }
}

void X11Clipboard::tell(desktop::ClipboardContent content) {
  std::lock_guard lock(telling_);
  if (may_tell_ && changed_) changed_(std::move(content));
}
}  // namespace

base::Result<std::unique_ptr<desktop::Clipboard>> make_clipboard(const std::string& display) {
  RESCUE_TRY(auto opened, Connection::open(display));
  auto connection = std::make_unique<Connection>(std::move(opened));
  RESCUE_TRY(const auto atoms, ClipboardAtoms::read(*connection));
  const xcb_window_t window = xcb_generate_id(connection->get());
  const std::uint32_t events = XCB_EVENT_MASK_PROPERTY_CHANGE;
  xcb_create_window(connection->get(), XCB_COPY_FROM_PARENT, window, connection->root(), 0, 0, 1, 1, 0,
                    XCB_WINDOW_CLASS_INPUT_ONLY, XCB_COPY_FROM_PARENT, XCB_CW_EVENT_MASK, &events);
  auto out = std::make_unique<X11Clipboard>(std::move(connection), atoms, window);
  RESCUE_CHECK(out->begin());
  return out;
}

}  // namespace rescue::applet::x11
