// SPDX-License-Identifier: Apache-2.0
#include <syslog.h>

#include <fmt/format.h>

#include "applet/core/machine_log.hpp"
#include "base/utf8.hpp"

namespace rescue::applet {
namespace {
void write_line(const std::string& line) {
  static const bool opened = [] {
    openlog("rescue-applet", LOG_PID, LOG_USER);
    return true;
  }();
  static_cast<void>(opened);
  // One line each: a name from the other side must not make a second one.
  syslog(LOG_NOTICE, "%s", base::to_display_text(line).c_str());
}
}  // namespace

void machine_log(std::string_view session, std::string_view technician, const session::AuditEvent& event) {
  const bool chat = event.type == session::audit_type::kChat;
  write_line(fmt::format("session {} with {}: {} by {} {}", session, technician, event.type, event.actor,
                         chat ? "{}" : event.data_json()));
}

void machine_log(std::string_view session, std::string_view text) {
  write_line(fmt::format("session {}: {}", session, text));
}

}  // namespace rescue::applet
