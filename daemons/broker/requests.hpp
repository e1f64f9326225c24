// SPDX-License-Identifier: Apache-2.0
// The bodies of the API's requests: pure functions from untrusted text to checked values. Each error is
// invalid_argument and names the field. tests/fuzz/broker_json feeds them all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/intake.hpp"
#include "directory/accounts.hpp"
#include "directory/gateways.hpp"
#include "directory/sessions.hpp"

namespace rescue::broker {

struct LoginBody {
  std::string email, password, device;
  std::string code{};  // of the second factor; empty when absent
};
[[nodiscard]] base::Result<LoginBody> read_login(std::string_view body);
/// {"code"}: a code of the second factor.
[[nodiscard]] base::Result<std::string> read_code(std::string_view body);

struct PasswordBody {
  std::string current, next;
};
[[nodiscard]] base::Result<PasswordBody> read_password_change(std::string_view body);

struct UserBody {
  std::string email, name;
  store::UserRole role = store::UserRole::technician;
  std::optional<std::string> password;
  bool invite = false;  // no password: the answer has an invitation
  std::optional<std::string> group;  // id or name
};
[[nodiscard]] base::Result<UserBody> read_new_user(std::string_view body);
struct UserChangeBody {
  directory::accounts::UserChange change;
  std::optional<std::string> group;  // id or name: the change's is found by it
};
[[nodiscard]] base::Result<UserChangeBody> read_user_change(std::string_view body);

struct SessionBody {
  std::string note;
  std::string customer = "{}";
  std::optional<std::string> channel{};  // id or name
};
[[nodiscard]] base::Result<SessionBody> read_new_session(std::string_view body);

struct PickupBody {
  base::Bytes console_spki;
  std::uint64_t generation = 0;
  bool join = false;
  crypto::Profile profile = crypto::Profile::modern;
};
[[nodiscard]] base::Result<PickupBody> read_pickup(std::string_view body);
/// {"console_key"}
[[nodiscard]] base::Result<base::Bytes> read_ticket_request(std::string_view body);
/// {"reason"?}; an empty body is one without reason.
[[nodiscard]] base::Result<std::string> read_reason(std::string_view body);
struct AppletEnd {
  std::string reason;
  bool inactive = false;
};
[[nodiscard]] base::Result<AppletEnd> read_applet_end(std::string_view body);
/// {starts}: the machine restarts, or does not after all.
[[nodiscard]] base::Result<bool> read_restart(std::string_view body);
/// {"note"}
[[nodiscard]] base::Result<std::string> read_note(std::string_view body);

[[nodiscard]] base::Result<std::vector<audit::IncomingEvent>> read_log_intake(std::string_view body);

/// {"name"}
[[nodiscard]] base::Result<std::string> read_gateway_name(std::string_view body);
struct EnrollBody {
  std::string token, name;
  base::Bytes public_key;
  std::vector<std::string> addresses;
  std::string csr_pem;
};
[[nodiscard]] base::Result<EnrollBody> read_enroll(std::string_view body);

/// {"pin"}
[[nodiscard]] base::Result<std::string> read_pin(std::string_view body);
/// `spki` and `address` stay empty: they come from the connection.
[[nodiscard]] base::Result<directory::AppletHello> read_register(std::string_view body);

}  // namespace rescue::broker
