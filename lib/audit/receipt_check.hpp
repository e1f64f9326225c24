// SPDX-License-Identifier: Apache-2.0
// Receipts in events that arrive, against the key that is bound to the session (man rescue-protocol(7), RECEIPTS). What
// is wrong is stored all the same: a log that leaves out what it dislikes proves nothing.
#pragma once

#include <optional>
#include <string_view>

#include <boost/json/object.hpp>

#include "base/guid.hpp"
#include "crypto/keys.hpp"
#include "store/event_type.hpp"

namespace rescue::audit {

/// Without value: nothing is wrong, or the event needs no receipt and has none. Otherwise what is wrong, in words.
/// `applet`: the session's key; null when none is bound.
[[nodiscard]] std::optional<std::string_view> receipt_problem(store::EventSource source, store::EventType type,
                                                              const boost::json::object& data,
                                                              const base::Guid& session,
                                                              const crypto::PublicKey* applet);
/// Such events may carry one.
[[nodiscard]] bool may_have_receipt(store::EventType type);

}  // namespace rescue::audit
