// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/applet_hub.hpp"

#include <set>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace rescue::broker {
namespace json = boost::json;
namespace {

net::ServerEvent event(std::string_view type, const json::object& data, std::string id = {}) {
  return {std::move(id), std::string(type), json::serialize(data)};
}

json::object person_view(const AppletTruth::Person& person) { return {{"name", person.name}, {"email", person.email}}; }

json::object state_view(const AppletTruth& truth) {
  json::value technician = nullptr;
  if (truth.technician) technician = person_view(*truth.technician);
  return {{"state", truth.state}, {"technician", std::move(technician)}, {"to", truth.to}};
}

json::object people_view(const AppletTruth& truth) {
  json::array people;
  for (const auto& person : truth.people) people.push_back(person_view(person));
  return {{"technicians", std::move(people)}};
}

/// Sends `data` unless it is what `told` says, which on a new stream is what goes without saying.
void tell(net::EventSink& sink, std::string_view type, const json::object& data, const json::object& unsaid,
          std::string& told) {
  auto text = json::serialize(data);
  if (told.empty()) told = json::serialize(unsaid);
  if (text == told) return;
  told = std::move(text);
  sink.send(event(type, data));
}

}  // namespace

std::uint64_t AppletHub::connected(const base::Guid& session, std::shared_ptr<net::EventSink> sink) {
  const std::scoped_lock lock(mutex_);
  auto& stream = streams_[session];
  if (stream.sink) stream.sink->close();
  stream = Stream{};
  stream.sink = std::move(sink);
  stream.connection = next_connection_++;
  left_.erase(session);
  return stream.connection;
}

bool AppletHub::disconnected(const base::Guid& session, std::uint64_t connection, base::SteadyTime now) {
  const std::scoped_lock lock(mutex_);
  const auto at = streams_.find(session);
  if (at == streams_.end() || at->second.connection != connection) return false;
  streams_.erase(at);
  left_[session] = now;
  return true;
}

bool AppletHub::online(const base::Guid& session) const {
  const std::scoped_lock lock(mutex_);
  return streams_.contains(session);
}

base::Duration AppletHub::silent_for(const base::Guid& session, base::SteadyTime now) const {
  const std::scoped_lock lock(mutex_);
  if (streams_.contains(session)) return {};
  const auto at = left_.find(session);
  return std::chrono::duration_cast<base::Duration>(now - (at == left_.end() ? started_ : at->second));
}

void AppletHub::forget(const base::Guid& session) {
  const std::scoped_lock lock(mutex_);
  left_.erase(session);
}

std::size_t AppletHub::connected_count() const {
  const std::scoped_lock lock(mutex_);
  return streams_.size();
}

void AppletHub::sync(const base::Guid& session, const AppletTruth& truth) {
  const std::scoped_lock lock(mutex_);
  const auto at = streams_.find(session);
  if (at == streams_.end()) return;
  auto& stream = at->second;
  if (truth.ended) {
    stream.sink->send(event("close", {{"by", truth.ended_by}, {"reason", truth.end_reason}}));
    stream.sink->close();
    return;
  }
  std::set<base::Guid> present;
  json::array technicians;
  for (const auto& grant : truth.grants) {
    present.insert(grant.technician);
    technicians.emplace_back(grant.technician.text());
    auto& told = stream.told[grant.technician];
    if (told.generation == grant.generation && told.lease_until == grant.lease_until) continue;
    told = {grant.generation, grant.lease_until};
    stream.sink->send(event("grant", {{"grant", grant.envelope}}, std::to_string(grant.generation)));
  }
  std::erase_if(stream.told, [&](const auto& entry) {
    if (present.contains(entry.first)) return false;
    stream.sink->send(event("revoke", {{"technician", entry.first.text()}}));
    return true;
  });
  tell(*stream.sink, "people", people_view(truth), people_view({}), stream.told_people);
  tell(*stream.sink, "state", state_view(truth), state_view({}), stream.told_state);
  if (!stream.synced) stream.sink->send(event("synced", {{"technicians", std::move(technicians)}}));
  stream.synced = true;
}

void AppletHub::announce_gateways(const std::function<std::string(const base::Guid&)>& list) {
  std::vector<std::pair<base::Guid, std::shared_ptr<net::EventSink>>> sinks;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [session, stream] : streams_) sinks.emplace_back(session, stream.sink);
  }
  for (const auto& [session, sink] : sinks) sink->send({"", "gateways", list(session)});
}

void AppletHub::ping() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [session, stream] : streams_) stream.sink->send({"", "ping", "{}"});
}

void AppletHub::close_all() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [session, stream] : streams_) stream.sink->close();
}

}  // namespace rescue::broker
