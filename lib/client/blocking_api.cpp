// SPDX-License-Identifier: Apache-2.0
#include "client/blocking_api.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>

#include <fmt/format.h>
#include <boost/json/parse.hpp>

#include "base/assert.hpp"
#include "net/backoff.hpp"
#include "net/io_thread.hpp"
#include "net/task_group.hpp"
#include "net/websocket_client.hpp"

namespace rescue::client {
namespace {
namespace json = boost::json;
using boost::asio::awaitable;
using namespace std::chrono_literals;

constexpr std::size_t kMaxWaiting = 4096;  // messages that nobody took yet; the reader then pauses
constexpr auto kPause = 20ms;
constexpr auto kGoodbye = 1s;
constexpr std::int64_t kPage = 100;  // items of one request

template <typename T>
awaitable<base::Result<int>> keep(awaitable<base::Result<T>> task, std::optional<base::Result<T>>* out) {
  out->emplace(co_await std::move(task));
  co_return 0;
}

template <typename T>
base::Result<T> run(net::IoThread& io, awaitable<base::Result<T>> task) {
  std::optional<base::Result<T>> out;
  auto kept = keep<T>(std::move(task), &out);
  auto done = io.run_blocking(std::move(kept));
  if (!done) return base::fail(done.error());
  RESCUE_ASSERT(out.has_value());
  return *std::move(out);
}

awaitable<base::Result<int>> destroy(std::unique_ptr<BrokerApi>* api) {
  api->reset();
  co_return 0;
}
awaitable<base::Result<int>> stop_group(net::TaskGroup* group) {
  co_await group->stop(kGoodbye);
  co_return 0;
}

bool is_final(const base::Error& e) {
  return e.code == base::Errc::sign_in_needed || e.code == base::Errc::denied || e.code == base::Errc::not_found ||
         e.exit() == base::Exit::verification_failed || is_client_error(e);
}

}  // namespace

struct BlockingApi::Impl {
  net::IoThread io;
  std::unique_ptr<BrokerApi> api;
};

struct EventFollower::Impl {
  Impl(net::IoThread& thread, BrokerApi& broker, std::string wanted, std::uint64_t from)
      : io(thread), api(broker), group(thread.executor()), topics(std::move(wanted)), after(from) {}

  awaitable<void> read_loop() {
    net::Backoff backoff(net::BackoffOptions(), base::system_random());
    while (!group.stopping()) {
      auto reading = read_one_connection(backoff);
      auto result = co_await std::move(reading);
      if (!result && is_final(result.error())) {
        finish(result.error());
        co_return;
      }
      push({{"type", "disconnected"}, {"reason", result ? "closed" : message_of(result.error())}});
      auto waiting = net::sleep_for(backoff.next());
      co_await std::move(waiting);
    }
  }

  awaitable<base::Result<>> read_one_connection(net::Backoff& backoff) {
    const auto target = fmt::format("/api/v1/events?topics={}{}", net::encode_component(topics),
                                    after > 0 && topics != "sessions" ? fmt::format("&after={}", after) : "");
    net::WebSocketOptions options;
    auto connecting = net::connect_websocket(api.http(), group, target, api.authorization(), options);
    RESCUE_CO_TRY(auto session, co_await std::move(connecting));
    for (;;) {
      auto receiving = session->receive();
      auto message = co_await std::move(receiving);
      if (!message) co_return base::fail(message.error());
      backoff.reset();
      auto taking = take(message->data);
      RESCUE_CO_CHECK(co_await std::move(taking));
      auto reading = wait_for_reader();
      co_await std::move(reading);
    }
  }

  awaitable<void> wait_for_reader() {
    while (waiting() > kMaxWaiting) {
      auto pause = net::sleep_for(kPause);
      co_await std::move(pause);
    }
  }

  awaitable<base::Result<>> take(std::string text) {
    auto parsed = parse_json(text);
    // A newer broker may send more; what is not understood is not shown.
    if (!parsed || !parsed->is_object()) co_return base::Result<>();
    auto& o = parsed->as_object();
    const auto type = text_field(o, "type").value_or("");
    if (type == "behind") {
      auto reading = read_missed(id_field(o, "through"));
      co_return co_await std::move(reading);
    }
    if (type == "ready") {
      // Only now does the broker tell of changes: what was read on the bare connection could already be old.
      after = std::max(after, id_field(o, "through"));
      push({{"type", "connected"}});
    }
    if (type == "log") after = std::max(after, event_id(o));
    if (type == "log" || type == "session") push(std::move(o));
    co_return base::Result<>();
  }

  /// Too much was missed for the stream: the log's pages have it. What the stream goes on with lies behind `through`.
  awaitable<base::Result<>> read_missed(std::uint64_t through) {
    while (after < through) {
      auto getting = api.get(fmt::format("/log?order=asc&limit={}&after={}", kPage, after));
      RESCUE_CO_TRY(auto page, co_await std::move(getting));
      if (!page.is_object()) co_return base::fail(Errc::bad_answer, "the answer is no object");
      RESCUE_CO_TRY(auto events, array_field(page.as_object(), "events"));
      if (events.empty()) break;
      for (auto& event : events) {
        json::object message{{"type", "log"}, {"event", std::move(event)}};
        const auto id = event_id(message);
        if (id <= after) co_return base::fail(Errc::bad_answer, "the log's pages do not go on");
        if (id > through) co_return base::Result<>();
        after = id;
        push(std::move(message));
      }
      auto reading = wait_for_reader();
      co_await std::move(reading);
    }
    after = std::max(after, through);
    co_return base::Result<>();
  }

  /// 0 when there is none.
  static std::uint64_t id_field(const json::object& o, std::string_view name) {
    const auto* id = o.if_contains(name);
    return id != nullptr && id->is_int64() ? static_cast<std::uint64_t>(std::max<std::int64_t>(id->as_int64(), 0)) : 0;
  }
  static std::uint64_t event_id(const json::object& message) {
    const auto* event = message.if_contains("event");
    return event != nullptr && event->is_object() ? id_field(event->as_object(), "id") : 0;
  }

  void push(json::object o) {
    std::lock_guard lock(mutex);
    messages.push_back(std::move(o));
    changed.notify_one();
  }
  void finish(base::Error e) {
    std::lock_guard lock(mutex);
    failed = std::move(e);
    changed.notify_one();
  }
  std::size_t waiting() {
    std::lock_guard lock(mutex);
    return messages.size();
  }

  net::IoThread& io;
  BrokerApi& api;
  net::TaskGroup group;
  std::string topics;
  std::uint64_t after;  // loop thread only

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<json::object> messages;
  std::optional<base::Error> failed;
};

EventFollower::EventFollower(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {
  impl_->group.spawn("follow events", impl_->read_loop());
}
EventFollower::~EventFollower() {
  auto stopping = stop_group(&impl_->group);
  (void)impl_->io.run_blocking(std::move(stopping));
}

base::Result<std::optional<json::object>> EventFollower::next(std::optional<std::chrono::microseconds> timeout) {
  std::unique_lock lock(impl_->mutex);
  const auto ready = [&] { return !impl_->messages.empty() || impl_->failed; };
  if (timeout)
    impl_->changed.wait_for(lock, *timeout, ready);
  else
    impl_->changed.wait(lock, ready);
  if (!impl_->messages.empty()) {
    auto out = std::move(impl_->messages.front());
    impl_->messages.pop_front();
    return std::optional(std::move(out));
  }
  if (impl_->failed) return base::fail(*impl_->failed);
  return std::optional<json::object>();
}

BlockingApi::BlockingApi(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BlockingApi::~BlockingApi() {
  auto destroying = destroy(&impl_->api);
  (void)impl_->io.run_blocking(std::move(destroying));
}

base::Result<std::unique_ptr<BlockingApi>> BlockingApi::create(const SiteAddress& site, std::string token) {
  auto impl = std::make_unique<Impl>();
  RESCUE_TRY(impl->api, BrokerApi::create(impl->io.executor(), site, std::move(token)));
  return std::unique_ptr<BlockingApi>(new BlockingApi(std::move(impl)));
}

base::Result<json::value> BlockingApi::get(std::string target) {
  return run(impl_->io, impl_->api->get(std::move(target)));
}
base::Result<json::value> BlockingApi::post(std::string target, json::object body) {
  return run(impl_->io, impl_->api->post(std::move(target), std::move(body)));
}
base::Result<json::value> BlockingApi::patch(std::string target, json::object body) {
  return run(impl_->io, impl_->api->patch(std::move(target), std::move(body)));
}
base::Result<json::value> BlockingApi::del(std::string target) {
  return run(impl_->io, impl_->api->del(std::move(target)));
}

base::Result<bool> BlockingApi::for_each(std::string target, std::string_view key, std::size_t limit,
                                         const std::function<bool(const json::object&)>& on_item) {
  std::size_t seen = 0;
  std::string cursor;
  for (;;) {
    const auto page = limit == 0 ? kPage : std::min<std::int64_t>(kPage, static_cast<std::int64_t>(limit - seen));
    auto paged = fmt::format("{}{}limit={}", target, target.find('?') == target.npos ? "?" : "&", page);
    if (!cursor.empty()) paged += "&cursor=" + net::encode_component(cursor);
    RESCUE_TRY(auto answer, get(paged));
    if (!answer.is_object()) return base::fail(Errc::bad_answer, "the answer is no object");
    RESCUE_TRY(auto items, array_field(answer.as_object(), key));
    for (const auto& item : items) {
      if (!item.is_object()) return base::fail(Errc::bad_answer, fmt::format("'{}' holds no objects", key));
      if (limit > 0 && seen == limit) return true;
      ++seen;
      if (!on_item(item.as_object())) return true;
    }
    const auto* next = answer.as_object().if_contains("next_cursor");
    if (next == nullptr || !next->is_string() || next->as_string().empty()) return false;
    if (limit > 0 && seen >= limit) return true;
    const std::string following(next->as_string());
    if (following == cursor || items.empty()) return base::fail(Errc::bad_answer, "the list's pages do not end");
    cursor = following;
  }
}

std::unique_ptr<EventFollower> BlockingApi::follow(std::string topics, std::uint64_t after) {
  auto impl = std::make_unique<EventFollower::Impl>(impl_->io, *impl_->api, std::move(topics), after);
  return std::unique_ptr<EventFollower>(new EventFollower(std::move(impl)));
}

const std::string& BlockingApi::last_request_id() const { return impl_->api->last_request_id(); }
void BlockingApi::set_request_id(std::string id) { impl_->api->set_request_id(std::move(id)); }
void BlockingApi::set_timeout(std::chrono::microseconds timeout) { impl_->api->set_timeout(timeout); }

}  // namespace rescue::client
