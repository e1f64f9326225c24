// SPDX-License-Identifier: Apache-2.0
// Opens addresses with the user's browser, off the network thread.
#pragma once

#include <functional>
#include <string>

#include "applet/core/worker.hpp"

namespace rescue::applet {

/// Opens one; blocks for some seconds at most. The error's context says why it did not.
using OpenAddress = std::function<base::Result<>(const std::string& address)>;

/// By xdg-open(1). What it starts is the user's, and stays when the session is over.
[[nodiscard]] OpenAddress open_with_browser();

/// Network thread.
class UrlOpener {
 public:
  UrlOpener(OpenAddress open, Deliver deliver) : open_(std::move(open)), deliver_(std::move(deliver)) {}
  /// AppletUrls of this person hears what came of it.
  void open(PersonId person, std::uint32_t request, std::string address);

 private:
  OpenAddress open_;
  Deliver deliver_;
  Worker worker_;  // goes first: its jobs use the rest
};

}  // namespace rescue::applet
