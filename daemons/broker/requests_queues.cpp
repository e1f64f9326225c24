// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/requests_queues.hpp"

#include "daemons/broker/json_body.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker {
namespace {
constexpr TextRule kName{.min = 1, .max = directory::kMaxNameBytes};
constexpr TextRule kPerson{.min = 1, .max = directory::kMaxEmailBytes};
}  // namespace

base::Result<TransferBody> read_transfer(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  TransferBody out;
  out.to = json.maybe_text("to", kPerson);
  out.channel = json.maybe_text("channel", kName);
  out.comment = json.maybe_text("comment", {.max = directory::kMaxCommentBytes, .keep_lines = true}).value_or("");
  RESCUE_CHECK(json.finish());
  if (out.to.has_value() == out.channel.has_value())
    return base::fail(base::Errc::invalid_argument, "field 'to' or 'channel' must be given, one of the two");
  return out;
}

base::Result<store::Presence> read_presence(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  const auto text = json.text("presence", kName);
  const auto presence = store::parse_presence(text);
  if (!presence) json.refuse("presence", "must be available, busy or away");
  RESCUE_CHECK(json.finish());
  return presence.value_or(store::Presence::available);
}

base::Result<directory::ChannelVisit> read_channel_visit(std::string_view body) {
  RESCUE_TRY(auto json, JsonBody::parse(body));
  directory::ChannelVisit out;
  out.channel = json.text("channel", kName);
  out.name = json.maybe_text("name", {.max = directory::kMaxNameBytes}).value_or("");
  out.problem = json.maybe_text("problem", {.max = directory::kMaxNoteBytes, .keep_lines = true}).value_or("");
  RESCUE_CHECK(json.finish());
  return out;
}

}  // namespace rescue::broker
