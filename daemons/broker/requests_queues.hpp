// SPDX-License-Identifier: Apache-2.0
// Bodies of the requests about queues; as requests.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "directory/sessions.hpp"

namespace rescue::broker {

/// {"to"?,"channel"?,"comment"?}: one of the first two, id or name (e-mail address).
struct TransferBody {
  std::optional<std::string> to, channel;
  std::string comment;
};
[[nodiscard]] base::Result<TransferBody> read_transfer(std::string_view body);
/// {"presence"}
[[nodiscard]] base::Result<store::Presence> read_presence(std::string_view body);
/// {"channel","name"?,"problem"?}; id, address and browser stay empty.
[[nodiscard]] base::Result<directory::ChannelVisit> read_channel_visit(std::string_view body);

}  // namespace rescue::broker
