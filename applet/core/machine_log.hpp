// SPDX-License-Identifier: Apache-2.0
// The supported machine's own log (syslog, which journald collects): what was asked, allowed and done, without the text
// of the chat. It stays with the user, whatever the site keeps.
#pragma once

#include <string_view>

#include "session/audit_event.hpp"

namespace rescue::applet {

/// "session 1f0c…: consent.granted by user {"permission":"desktop_view"}". Any thread.
void machine_log(std::string_view session, std::string_view technician, const session::AuditEvent& event);
void machine_log(std::string_view session, std::string_view text);

}  // namespace rescue::applet
