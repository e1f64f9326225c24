// SPDX-License-Identifier: Apache-2.0
#include "applet/core/desk_host.hpp"

namespace rescue::applet {
using session::AppletClipboard;
using session::AppletSession;
using session::AppletUrls;
using session::Now;

DeskHost::~DeskHost() {
  if (services_.clipboard != nullptr) services_.clipboard->forget(person_);
}

void DeskHost::act(session::OpenUrl& a) {
  if (services_.urls != nullptr) return services_.urls->open(person_, a.request, std::move(a.address));
  deliver_(person_, [request = a.request](AppletSession& s, Now now) {
    s.with<AppletUrls>(now, [&](AppletUrls& f) { f.opened(request, false, "this machine opens no addresses"); });
  });
}

void DeskHost::act(const session::ShareClipboard& a) {
  if (services_.clipboard != nullptr) return services_.clipboard->share(person_, a.to_applet, a.to_console);
  if (!a.to_applet && !a.to_console) return;
  deliver_(person_, [](AppletSession& s, Now now) {
    s.with<AppletClipboard>(now, [](AppletClipboard& f) { f.unavailable(); });
  });
}

void DeskHost::act(session::SetClipboardText& a) {
  if (services_.clipboard != nullptr) services_.clipboard->set_text(person_, a.serial, std::move(a.text));
}

void DeskHost::act(const session::ReadClipboard& a) {
  if (services_.clipboard != nullptr) services_.clipboard->read(person_, a.version);
}

}  // namespace rescue::applet
