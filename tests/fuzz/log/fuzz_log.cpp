// SPDX-License-Identifier: Apache-2.0
// What strangers and technicians put into the log and its queries. Input: lines; the first is words to search for, the
// second a cursor, the third an event type, all the rest the event's data. Searching never fails, whatever the words
// are; a cursor is taken or refused as invalid_argument; an event is taken or refused by name.
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "audit/intake.hpp"
#include "audit/query.hpp"
#include "base/assert.hpp"
#include "base/log.hpp"
#include "store/store.hpp"

namespace {
using namespace rescue;

/// A store with one chat message in it, made once for the whole run; its files are unlinked at once.
store::Store& shared_store() {
  static const auto kStore = [] {
    base::set_log_level(base::LogLevel::error);
    char folder[] = "/tmp/rescue-fuzz-XXXXXX";
    RESCUE_ASSERT(::mkdtemp(folder) != nullptr);
    store::Options options;
    options.path = std::string(folder) + "/rescue.db";
    auto opened = store::Store::open(options);
    RESCUE_ASSERT(opened.has_value());
    store::NewEvent e;
    e.time = base::WallTime(std::chrono::seconds(1'700'000'000));
    e.search_text = "near or not the printer";
    RESCUE_ASSERT(
        (*opened)->write_now([&](store::Transaction& tx) { return store::log::append(tx, e, e.time); }).has_value());
    std::filesystem::remove_all(folder);
    return std::move(*opened);
  }();
  return *kStore;
}

std::string_view line(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  const auto out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  store::LogFilter words;
  words.text = std::string(line(rest));
  const std::string cursor(line(rest));
  audit::IncomingEvent event;
  event.seq = 1;
  event.time = base::WallTime(std::chrono::seconds(1'700'000'000));
  event.type = std::string(line(rest));
  event.actor = cursor;
  event.data = std::string(rest);

  auto& store = shared_store();
  const auto search = [&](const std::string& at) {
    return store.read_now(
        [&](store::ReadTransaction& tx) { return store::log::query(tx, words, store::LogOrder::newest_first, at); });
  };
  RESCUE_ASSERT(search("").has_value());
  if (const auto paged = search(cursor); !paged) RESCUE_ASSERT(paged.error().code == base::Errc::invalid_argument);

  const audit::Sender sender{base::Guid(), store::EventSource::console, {}, {}, "console"};
  if (const auto checked = audit::check(sender, {&event, 1}); !checked) {
    RESCUE_ASSERT(checked.error().code == base::Errc::invalid_argument ||
                  checked.error().code == base::Errc::too_large);
    RESCUE_ASSERT(checked.error().context.starts_with("event 1: "));
  }
  audit::QueryText query;
  query.text = *words.text;
  query.type = event.type;
  query.since = cursor;
  query.session = cursor;
  static_cast<void>(audit::parse_query(query, event.time));
  return 0;
}
