// SPDX-License-Identifier: Apache-2.0
// Keys of encrypted recordings on the command line: files alone, never the keys themselves.
#pragma once

#include <boost/json/object.hpp>

#include "cmd/rescue/invocation.hpp"
#include "rcrec/inspect.hpp"

namespace rescue::program {

/// The private keys in the files of --key.
[[nodiscard]] base::Result<rcrec::KeyRing> keys_of(const Invocation& in);
/// "read", or why not.
[[nodiscard]] std::string_view content_text(const rcrec::RecordingInfo& i);
/// Adds "encrypted", "content" and "recipients".
void add_encryption(boost::json::object& o, const rcrec::RecordingInfo& i);

}  // namespace rescue::program
