// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/form_body.hpp"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "crypto/password.hpp"
#include "daemons/broker/visit_pages.hpp"
#include "directory/accounts.hpp"
#include "net/uri.hpp"

namespace rescue::broker {
namespace {

constexpr std::size_t kMaxOtpBytes = 40;
constexpr std::size_t kMaxPinBytes = 64;  // with what people put between the digits
constexpr std::size_t kMaxWordBytes = 40;

struct Field {
  std::string_view name;
  std::string* to;
  std::size_t max;
};

base::Result<> read(std::string_view body, std::initializer_list<Field> fields) {
  const auto refuse = [](std::string why) { return base::fail(base::Errc::invalid_argument, std::move(why)); };
  if (body.size() > kMaxFormBytes) return refuse("the form is too long");
  // The grammar of a form is that of a query ('+' is a space).
  const auto parsed = net::parse_target("/?" + std::string(body));
  if (!parsed || parsed->path != "/") return refuse("the body is no form");
  std::vector<std::string_view> seen;
  for (const auto& [name, value] : parsed->query) {
    if (name.empty() && value.empty()) continue;
    const auto* field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end())
      return refuse(fmt::format("field '{}' is not known here", base::to_display_text(name.substr(0, 64))));
    if (std::ranges::find(seen, field->name) != seen.end()) return refuse(fmt::format("{}: given twice", field->name));
    if (value.size() > field->max) return refuse(fmt::format("{}: at most {} bytes", field->name, field->max));
    seen.push_back(field->name);
    *field->to = value;
  }
  return {};
}

}  // namespace

base::Result<InviteForm> read_invite_form(std::string_view body) {
  InviteForm out;
  RESCUE_CHECK(read(body, {{"code", &out.code, kMaxInvitationBytes},
                           {"new", &out.password, crypto::kMaxPasswordBytes},
                           {"again", &out.again, crypto::kMaxPasswordBytes}}));
  return out;
}

base::Result<PasswordForm> read_password_form(std::string_view body) {
  PasswordForm out;
  RESCUE_CHECK(read(body, {{"email", &out.email, directory::kMaxEmailBytes},
                           {"current", &out.current, crypto::kMaxPasswordBytes},
                           {"otp", &out.otp, kMaxOtpBytes},
                           {"new", &out.next, crypto::kMaxPasswordBytes},
                           {"again", &out.again, crypto::kMaxPasswordBytes}}));
  return out;
}

base::Result<PinForm> read_pin_form(std::string_view body) {
  PinForm out;
  RESCUE_CHECK(read(body, {{"pin", &out.pin, kMaxPinBytes}}));
  return out;
}

base::Result<ChannelForm> read_channel_form(std::string_view body) {
  ChannelForm out;
  RESCUE_CHECK(
      read(body, {{"name", &out.name, visit::kMaxVisitorName}, {"problem", &out.problem, visit::kMaxProblem}}));
  return out;
}

base::Result<DownloadForm> read_download_form(std::string_view body) {
  DownloadForm out;
  RESCUE_CHECK(read(body, {{"system", &out.system, kMaxWordBytes}, {"part", &out.part, kMaxWordBytes}}));
  return out;
}

}  // namespace rescue::broker
