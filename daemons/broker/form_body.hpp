// SPDX-License-Identifier: Apache-2.0
// Bodies that browsers send for forms (application/x-www-form-urlencoded, WHATWG URL section 5). tests/fuzz/broker_json
// feeds the readers.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace rescue::broker {

/// Longest body of a form: three passwords, each byte of them encoded.
inline constexpr std::size_t kMaxFormBytes = 12 * 1024;

/// An invitation as people paste it: the whole link.
inline constexpr std::size_t kMaxInvitationBytes = 400;

struct InviteForm {
  std::string code, password, again;
};
struct PasswordForm {
  std::string email, current, otp, next, again;
};
/// On pages for people who are helped.
struct PinForm {
  std::string pin;
};
struct ChannelForm {
  std::string name, problem;
};
struct DownloadForm {
  std::string system;
  std::string part;  // "signature", or the program file
};
// invalid_argument: no form, a field twice, a field that the form does not have, or one that is too long. Missing
// fields are empty: who sent them is told so by the page.
[[nodiscard]] base::Result<InviteForm> read_invite_form(std::string_view body);
[[nodiscard]] base::Result<PasswordForm> read_password_form(std::string_view body);
[[nodiscard]] base::Result<PinForm> read_pin_form(std::string_view body);
[[nodiscard]] base::Result<ChannelForm> read_channel_form(std::string_view body);
[[nodiscard]] base::Result<DownloadForm> read_download_form(std::string_view body);

}  // namespace rescue::broker
