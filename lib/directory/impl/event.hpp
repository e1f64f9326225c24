// SPDX-License-Identifier: Apache-2.0
// Log events of the directory's own mutations, written in the same transaction.
#pragma once

#include <string>

#include "base/log.hpp"
#include "directory/by.hpp"
#include "store/log.hpp"

namespace rescue::directory::impl {

/// A JSON object put together field by field, in order.
class Json {
 public:
  Json& add(std::string_view key, std::string_view value) { return raw(key, base::json_quote(value)); }
  Json& add(std::string_view key, const char* value) { return add(key, std::string_view(value)); }
  Json& add(std::string_view key, const std::string& value) { return add(key, std::string_view(value)); }
  Json& add(std::string_view key, std::uint64_t value) { return raw(key, std::to_string(value)); }
  Json& add(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
  /// The field's value is JSON text already.
  Json& add_json(std::string_view key, std::string_view value) { return raw(key, value); }
  /// From where and through what; nothing that is empty.
  Json& add(const By& by) {
    if (!by.address.empty()) add("address", by.address);
    if (!by.via.empty()) add("via", by.via);
    return *this;
  }
  [[nodiscard]] std::string text() const { return "{" + body_ + "}"; }

 private:
  Json& raw(std::string_view key, std::string_view value) {
    if (!body_.empty()) body_ += ',';
    body_ += base::json_quote(key);
    body_ += ':';
    body_ += value;
    return *this;
  }
  std::string body_;
};

struct Event {
  store::EventType type = store::EventType::alert;
  std::string_view actor;
  Json data = {};
  std::optional<base::Guid> session = {};
  std::optional<base::Guid> technician = {};
  std::string_view search_text = {};
};

[[nodiscard]] inline base::Result<> record(store::Transaction& tx, const Event& event, base::WallTime now) {
  store::NewEvent e;
  e.session = event.session;
  e.technician = event.technician;
  e.time = now;
  e.type = event.type;
  e.actor = event.actor;
  e.data = event.data.text();
  e.search_text = event.search_text;
  if (auto done = store::log::append(tx, e, now); !done) return base::fail(done.error());
  return {};
}

}  // namespace rescue::directory::impl
