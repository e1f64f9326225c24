// SPDX-License-Identifier: Apache-2.0
#include "applet/core/url_opener.hpp"

#include "base/log.hpp"
#include "session/applet_urls.hpp"

namespace rescue::applet {

void UrlOpener::open(PersonId person, std::uint32_t request, std::string address) {
  worker_.post([this, person, request, address = std::move(address)] {
    const auto opened = open_(address);
    base::log(base::LogLevel::info, "urls", opened ? "opened" : "not opened",
              {{"address", address}, {"why", opened ? "" : opened.error().message()}});
    deliver_(person, [request, ok = opened.has_value(), why = opened ? "" : opened.error().message()](
                         session::AppletSession& s, session::Now now) {
      s.with<session::AppletUrls>(now, [&](session::AppletUrls& f) { f.opened(request, ok, why); });
    });
  });
}

}  // namespace rescue::applet
