// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/routes.hpp"

#include "daemons/broker/requests_sso.hpp"

#include <array>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "daemons/broker/caller.hpp"
#include "daemons/broker/form_body.hpp"
#include "daemons/broker/requests_provision.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace {

using directory::Verb;
constexpr auto kGet = net::Method::get;
constexpr auto kPost = net::Method::post;
constexpr auto kPatch = net::Method::patch;
constexpr auto kDelete = net::Method::del;

constexpr std::size_t kSmall = 4 * 1024;
constexpr std::size_t kForm = 64 * 1024;
/// A full batch of audit::kMaxBatch ordinary events; larger ones are sent in smaller batches.
constexpr std::size_t kBatch = 1024 * 1024;

constexpr Route open_route(net::Method m, std::string_view pattern, std::string_view operation, Handler h,
                           std::size_t cap = 0) {
  return {.method = m, .pattern = pattern, .operation = operation, .body_cap = cap, .handler = h};
}
constexpr Route page_route(net::Method m, std::string_view pattern, std::string_view operation, Handler h,
                           std::size_t cap = 0, Guarded guarded = Guarded::no) {
  return {.method = m,
          .pattern = pattern,
          .operation = operation,
          .body_cap = cap,
          .guarded = guarded,
          .handler = h,
          .page = true};
}
constexpr Route user_route(net::Method m, std::string_view pattern, std::string_view operation, Verb verb, Handler h,
                           std::size_t cap = 0, Lane lane = Lane::fast) {
  return {.method = m,
          .pattern = pattern,
          .operation = operation,
          .who = Who::signed_in,
          .verb = verb,
          .body_cap = cap,
          .lane = lane,
          .handler = h};
}
/// Codes of one's own second factor: guessed no faster than passwords.
constexpr Route code_route(std::string_view pattern, std::string_view operation, Handler h) {
  auto route = user_route(kPost, pattern, operation, Verb::own_account, h, kSmall);
  route.guarded = Guarded::login;
  return route;
}
constexpr Route applet_route(std::string_view pattern, std::string_view operation, Handler h, std::size_t cap = 0) {
  return {
      .method = kPost, .pattern = pattern, .operation = operation, .who = Who::applet, .body_cap = cap, .handler = h};
}

// clang-format off
constexpr auto kRoutes = std::to_array<Route>({
    {.method = kPost, .pattern = "/api/v1/auth/login", .operation = "login", .body_cap = kSmall, .lane = Lane::slow,
     .guarded = Guarded::login, .handler = login},
    user_route(kPost, "/api/v1/auth/logout", "logout", Verb::own_account, logout),
    {.method = kPost, .pattern = "/api/v1/auth/password", .operation = "changePassword", .who = Who::signed_in,
     .verb = Verb::own_account, .body_cap = kSmall, .lane = Lane::slow, .guarded = Guarded::login,
     .handler = change_password},
    user_route(kGet, "/api/v1/auth/whoami", "whoami", Verb::own_account, whoami),
    open_route(kPost, "/api/v1/auth/strength", "passwordStrength", password_strength, kSmall),
    {.method = kPost, .pattern = "/api/v1/auth/invitation", .operation = "acceptInvitation", .body_cap = kSmall,
     .lane = Lane::slow, .guarded = Guarded::login, .handler = accept_invitation},
    user_route(kGet, "/api/v1/auth/mfa", "getMfa", Verb::own_account, mfa_status),
    user_route(kPost, "/api/v1/auth/mfa/enroll", "enrollMfa", Verb::own_account, enrol_mfa),
    code_route("/api/v1/auth/mfa/confirm", "confirmMfa", confirm_mfa),
    code_route("/api/v1/auth/mfa/codes", "renewRecoveryCodes", renew_recovery_codes),
    code_route("/api/v1/auth/mfa/remove", "removeMfa", remove_mfa),

    user_route(kGet, "/api/v1/sign-ins", "listSignIns", Verb::sign_in_list, list_sign_ins),
    user_route(kDelete, "/api/v1/sign-ins/{sign_in}", "endSignIn", Verb::sign_in_end, end_sign_in),
    user_route(kPost, "/api/v1/users/{user}/sign-out", "signOutUser", Verb::sign_in_end, sign_out_user),
    user_route(kPost, "/api/v1/users/{user}/reset-mfa", "resetMfa", Verb::user_manage, reset_mfa),

    user_route(kGet, "/api/v1/users", "listUsers", Verb::user_list, list_users),
    user_route(kPost, "/api/v1/users", "createUser", Verb::user_manage, create_user, kSmall, Lane::slow),
    user_route(kGet, "/api/v1/users/{user}", "getUser", Verb::user_list, get_user),
    user_route(kPatch, "/api/v1/users/{user}", "changeUser", Verb::user_manage, change_user, kSmall),
    user_route(kDelete, "/api/v1/users/{user}", "removeUser", Verb::user_manage, remove_user),
    user_route(kPost, "/api/v1/users/{user}/disable", "disableUser", Verb::user_manage, disable_user),
    user_route(kPost, "/api/v1/users/{user}/enable", "enableUser", Verb::user_manage, enable_user),
    user_route(kPost, "/api/v1/users/{user}/unlock", "unlockUser", Verb::user_manage, unlock_user),
    user_route(kPost, "/api/v1/users/{user}/invite", "inviteUser", Verb::user_manage, invite_user),
    user_route(kPost, "/api/v1/users/{user}/reset-password", "resetPassword", Verb::user_manage, reset_password, 0,
               Lane::slow),

    user_route(kGet, "/api/v1/policy", "getPolicy", Verb::policy_read, get_policy),
    user_route(kPatch, "/api/v1/policy", "changePolicy", Verb::policy_manage, change_policy, kForm),

    user_route(kGet, "/api/v1/groups", "listGroups", Verb::group_list, list_groups),
    user_route(kPost, "/api/v1/groups", "createGroup", Verb::group_manage, create_group, kForm),
    user_route(kGet, "/api/v1/groups/{group}", "getGroup", Verb::group_list, get_group),
    user_route(kPatch, "/api/v1/groups/{group}", "changeGroup", Verb::group_manage, change_group, kForm),
    user_route(kDelete, "/api/v1/groups/{group}", "removeGroup", Verb::group_manage, remove_group),
    user_route(kPost, "/api/v1/groups/{group}/grant", "grantPermissions", Verb::group_manage, grant_permissions, kSmall),
    user_route(kPost, "/api/v1/groups/{group}/revoke", "revokePermissions", Verb::group_manage, revoke_permissions,
               kSmall),
    user_route(kGet, "/api/v1/channels", "listChannels", Verb::channel_list, list_channels),
    user_route(kPost, "/api/v1/channels", "createChannel", Verb::channel_manage, create_channel, kForm),
    user_route(kGet, "/api/v1/channels/{channel}", "getChannel", Verb::channel_list, get_channel),
    user_route(kPatch, "/api/v1/channels/{channel}", "changeChannel", Verb::channel_manage, change_channel, kForm),
    user_route(kDelete, "/api/v1/channels/{channel}", "removeChannel", Verb::channel_manage, remove_channel),
    user_route(kPost, "/api/v1/channels/{channel}/assign", "assignChannel", Verb::channel_manage, assign_channel, kSmall),
    user_route(kPost, "/api/v1/channels/{channel}/unassign", "unassignChannel", Verb::channel_manage, unassign_channel,
               kSmall),
    user_route(kGet, "/api/v1/tokens", "listTokens", Verb::token_list, list_tokens),
    user_route(kPost, "/api/v1/users/{user}/tokens", "createToken", Verb::token_manage, create_token, kSmall),
    user_route(kDelete, "/api/v1/tokens/{token}", "revokeToken", Verb::token_manage, revoke_token),

    {.method = kPost, .pattern = "/api/v1/auth/sso/start", .operation = "startSso", .body_cap = kSmall,
     .handler = sso_start},
    {.method = kPost, .pattern = "/api/v1/auth/sso/finish", .operation = "finishSso", .body_cap = kSmall,
     .guarded = Guarded::login, .handler = sso_finish},
    {.method = kGet, .pattern = "/saml/metadata", .operation = "samlMetadata", .lane = Lane::slow,
     .handler = saml_metadata},
    {.method = kGet, .pattern = "/saml/login", .operation = "samlLogin", .lane = Lane::slow, .handler = saml_login},
    {.method = kPost, .pattern = "/saml/acs", .operation = "samlAcs", .body_cap = kMaxAcsForm, .lane = Lane::slow,
     .guarded = Guarded::login, .handler = saml_acs},
    user_route(kGet, "/api/v1/sso", "getSso", Verb::sso_manage, get_sso, 0, Lane::slow),
    user_route(kPatch, "/api/v1/sso", "changeSso", Verb::sso_manage, change_sso, kMaxSsoChange, Lane::slow),
    user_route(kPost, "/api/v1/sso/test", "testSso", Verb::sso_manage, test_sso, 0, Lane::slow),
    user_route(kPost, "/api/v1/sso/key", "renewSsoKey", Verb::sso_manage, renew_sso_key, 0, Lane::slow),
    user_route(kPost, "/api/v1/users/{user}/sso/disable", "disableUserSso", Verb::user_manage, disable_user_sso),
    user_route(kPost, "/api/v1/users/{user}/sso/enable", "enableUserSso", Verb::user_manage, enable_user_sso),
    user_route(kPost, "/api/v1/users/{user}/sso/unlink", "unlinkUserSso", Verb::user_manage, unlink_user_sso),

    user_route(kPost, "/api/v1/apply", "applyDocument", Verb::provision, apply_document, kApplyBody, Lane::slow),
    user_route(kGet, "/api/v1/export", "exportSite", Verb::provision, export_site),
    user_route(kPost, "/api/v1/policy/why", "answerPolicy", Verb::policy_read, answer_policy, kForm * 4),

    user_route(kPost, "/api/v1/sessions", "createSession", Verb::session_create, create_session, kForm),
    user_route(kGet, "/api/v1/sessions", "listSessions", Verb::session_list, list_sessions),
    user_route(kGet, "/api/v1/sessions/{session}", "getSession", Verb::session_read, get_session),
    user_route(kPost, "/api/v1/sessions/{session}/pickup", "pickUp", Verb::session_pickup, pick_up, kSmall),
    user_route(kPost, "/api/v1/sessions/{session}/ticket", "renewTicket", Verb::session_ticket, renew_ticket, kSmall),
    user_route(kPost, "/api/v1/sessions/{session}/close", "closeSession", Verb::session_close, close_session, kSmall),
    user_route(kPost, "/api/v1/sessions/{session}/note", "noteSession", Verb::session_note, note_session, kForm),
    user_route(kPost, "/api/v1/sessions/{session}/hold", "holdSession", Verb::session_hold, hold_session, kSmall),
    user_route(kPost, "/api/v1/sessions/{session}/transfer", "transferSession", Verb::session_transfer,
               transfer_session, kSmall),
    user_route(kPost, "/api/v1/sessions/{session}/decline", "declineTransfer", Verb::session_decline, decline_transfer,
               kSmall),
    user_route(kPost, "/api/v1/sessions/{session}/leave", "leaveSession", Verb::session_leave, leave_session, kSmall),
    user_route(kGet, "/api/v1/sessions/{session}/explain", "explainSession", Verb::log_query, explain_session, 0,
               Lane::log),
    user_route(kGet, "/api/v1/presence", "listPresence", Verb::presence, list_presence),
    user_route(kPost, "/api/v1/presence", "setPresence", Verb::presence, set_presence, kSmall),
    user_route(kPost, "/api/v1/sessions/{session}/log", "sendConsoleLog", Verb::session_log_write, send_console_log,
               kBatch),

    user_route(kGet, "/api/v1/log", "queryLog", Verb::log_query, query_log, 0, Lane::log),
    {.method = kGet, .pattern = "/api/v1/events", .operation = "watchEvents", .who = Who::signed_in,
     .verb = Verb::events_log, .kind = Kind::events_socket},

    user_route(kPost, "/api/v1/gateways/tokens", "createGatewayToken", Verb::gateway_manage, create_gateway_token,
               kSmall),
    {.method = kPost, .pattern = "/api/v1/gateways/enroll", .operation = "enrollGateway", .body_cap = kForm,
     .handler = enroll_gateway},
    user_route(kGet, "/api/v1/gateways", "listGateways", Verb::gateway_list, list_gateways),
    user_route(kPost, "/api/v1/gateways/{gateway}/drain", "drainGateway", Verb::gateway_manage, drain_gateway),
    user_route(kPost, "/api/v1/gateways/{gateway}/resume", "resumeGateway", Verb::gateway_manage, resume_gateway),
    user_route(kDelete, "/api/v1/gateways/{gateway}", "removeGateway", Verb::gateway_manage, remove_gateway),
    {.method = kGet, .pattern = "/api/v1/gateway/connect", .operation = "connectGateway", .who = Who::gateway,
     .kind = Kind::gateway_socket},

    {.method = kPost, .pattern = "/api/v1/pin", .operation = "redeemPin", .body_cap = kSmall, .guarded = Guarded::pin,
     .handler = redeem_pin},
    open_route(kPost, "/api/v1/channel-sessions", "openChannelSession", open_channel_session, kForm),
    {.method = kPost, .pattern = "/api/v1/applet/register", .operation = "registerApplet", .who = Who::applet,
     .body_cap = kSmall, .guarded = Guarded::pin, .handler = register_applet},
    {.method = kGet, .pattern = "/api/v1/applet/events", .operation = "appletEvents", .who = Who::applet,
     .kind = Kind::applet_stream},
    applet_route("/api/v1/applet/ticket", "renewAppletTicket", renew_applet_ticket),
    applet_route("/api/v1/applet/log", "sendAppletLog", send_applet_log, kBatch),
    applet_route("/api/v1/applet/end", "endFromApplet", end_from_applet, kSmall),
    applet_route("/api/v1/applet/restart", "restartFromApplet", restart_from_applet, kSmall),

    open_route(kGet, "/healthz", "healthz", healthz),
    open_route(kGet, "/readyz", "readyz", readyz),
    open_route(kGet, "/metrics", "metrics", metrics),
    page_route(kGet, "/", "startPage", start_page),
    page_route(kPost, "/", "pinForm", pin_form, kMaxFormBytes, Guarded::pin),
    page_route(kGet, "/c/{channel}", "channelPage", channel_page),
    page_route(kPost, "/c/{channel}", "channelForm", channel_form, kMaxFormBytes),
    page_route(kGet, "/ready", "readyPage", ready_page),
    page_route(kPost, "/download", "downloadApplet", download_applet, kSmall),
    open_route(kGet, "/assets/visit.css", "visitStyle", visit_style),
    open_route(kGet, "/assets/visit.js", "visitScript", visit_script),
    open_route(kGet, "/assets/logo", "visitLogo", visit_logo),
    open_route(kGet, "/assets/signing.pem", "signingCertificate", signing_certificate),
    open_route(kGet, "/invite", "invitePage", invite_page),
    {.method = kPost, .pattern = "/invite", .operation = "inviteForm", .body_cap = kMaxFormBytes, .lane = Lane::slow,
     .guarded = Guarded::login, .handler = invite_form},
    open_route(kGet, "/password", "passwordPage", password_page),
    {.method = kPost, .pattern = "/password", .operation = "passwordForm", .body_cap = kMaxFormBytes,
     .lane = Lane::slow, .guarded = Guarded::login, .handler = password_form},
    open_route(kGet, "/assets/site.css", "pageStyle", page_style),
    open_route(kGet, "/assets/password.js", "pageScript", page_script),
});
// clang-format on

}  // namespace

std::span<const Route> routes() { return kRoutes; }

std::vector<std::string> who_may(const Route& route) {
  switch (route.who) {
    case Who::anyone:
      return {"public"};
    case Who::applet:
      return {"applet"};
    case Who::gateway:
      return {"gateway"};
    case Who::signed_in:
      break;
  }
  std::vector<std::string> out;
  for (const auto role : {store::UserRole::technician, store::UserRole::group_administrator,
                          store::UserRole::administrator, store::UserRole::auditor, store::UserRole::service})
    if (directory::reach(role, route.verb) != directory::Reach::none) out.emplace_back(store::to_string(role));
  return out;
}

std::string routes_json() {
  json::array out;
  for (const auto& route : kRoutes) {
    json::array who;
    for (const auto& name : who_may(route)) who.emplace_back(name);
    out.push_back(json::object{{"method", net::method_name(route.method)},
                               {"path", route.pattern},
                               {"operation", route.operation},
                               {"who", std::move(who)},
                               {"body_limit", route.body_cap}});
  }
  return json::serialize(out);
}

base::Result<directory::Principal> principal_for(Services& services, const net::HttpRequest& request,
                                                 directory::Verb verb, base::WallTime now) {
  RESCUE_TRY(auto caller, caller_of(services, request, now));
  RESCUE_CHECK(may_call(caller, verb, request.method));
  return std::move(caller.who);
}

}  // namespace rescue::broker
