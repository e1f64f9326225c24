// SPDX-License-Identifier: Apache-2.0
#include "client/parties.hpp"

#include <string_view>

namespace rescue::client {
namespace {
namespace json = boost::json;

const json::object* object_in(const json::object& o, std::string_view key) {
  const auto* v = o.if_contains(key);
  return v != nullptr ? v->if_object() : nullptr;
}
}  // namespace

json::object parties_of(const json::object& session) {
  json::object out;
  if (const auto* technician = object_in(session, "technician")) {
    json::object person;
    for (const char* key : {"name", "email"}) {
      if (const auto* v = technician->if_contains(key); v != nullptr && v->is_string()) person[key] = *v;
    }
    out["technician"] = std::move(person);
  }
  if (const auto* customer = object_in(session, "customer"); customer != nullptr && !customer->empty())
    out["customer"] = *customer;
  if (const auto* applet = object_in(session, "applet")) {
    const auto* host = object_in(*applet, "host");
    json::object machine = host != nullptr ? *host : json::object();
    if (const auto* v = applet->if_contains("fingerprint"); v != nullptr && v->is_string()) machine["fingerprint"] = *v;
    out["host"] = std::move(machine);
  }
  return out;
}

}  // namespace rescue::client
