// SPDX-License-Identifier: Apache-2.0
// All handlers of the route table, by concern; one .cpp file for each block. docs/openapi.json says what each does.
#pragma once

#include "daemons/broker/call.hpp"

namespace rescue::broker {

// api_auth.cpp
Answer login(Services& s, Call& c);
Answer logout(Services& s, Call& c);
Answer change_password(Services& s, Call& c);
Answer whoami(Services& s, Call& c);

// api_mfa.cpp
Answer mfa_status(Services& s, Call& c);
Answer enrol_mfa(Services& s, Call& c);
Answer confirm_mfa(Services& s, Call& c);
Answer renew_recovery_codes(Services& s, Call& c);
Answer remove_mfa(Services& s, Call& c);
Answer reset_mfa(Services& s, Call& c);

// api_sign_ins.cpp
Answer list_sign_ins(Services& s, Call& c);
Answer end_sign_in(Services& s, Call& c);
Answer sign_out_user(Services& s, Call& c);

// api_password.cpp
Answer password_strength(Services& s, Call& c);
Answer accept_invitation(Services& s, Call& c);
Answer invite_user(Services& s, Call& c);
Answer invite_page(Services& s, Call& c);
Answer invite_form(Services& s, Call& c);
Answer password_page(Services& s, Call& c);
Answer password_form(Services& s, Call& c);
Answer page_style(Services& s, Call& c);
Answer page_script(Services& s, Call& c);

// api_policy.cpp
Answer get_policy(Services& s, Call& c);
Answer change_policy(Services& s, Call& c);

// api_users.cpp
Answer list_users(Services& s, Call& c);
Answer create_user(Services& s, Call& c);
Answer get_user(Services& s, Call& c);
Answer change_user(Services& s, Call& c);
Answer remove_user(Services& s, Call& c);
Answer disable_user(Services& s, Call& c);
Answer enable_user(Services& s, Call& c);
Answer unlock_user(Services& s, Call& c);
Answer reset_password(Services& s, Call& c);

// api_groups.cpp
Answer list_groups(Services& s, Call& c);
Answer create_group(Services& s, Call& c);
Answer get_group(Services& s, Call& c);
Answer change_group(Services& s, Call& c);
Answer remove_group(Services& s, Call& c);
Answer grant_permissions(Services& s, Call& c);
Answer revoke_permissions(Services& s, Call& c);
Answer list_channels(Services& s, Call& c);
Answer create_channel(Services& s, Call& c);
Answer get_channel(Services& s, Call& c);
Answer change_channel(Services& s, Call& c);
Answer remove_channel(Services& s, Call& c);
Answer assign_channel(Services& s, Call& c);
Answer unassign_channel(Services& s, Call& c);

// api_tokens.cpp
Answer list_tokens(Services& s, Call& c);
Answer create_token(Services& s, Call& c);
Answer revoke_token(Services& s, Call& c);

// api_sso.cpp
Answer sso_start(Services& s, Call& c);
Answer sso_finish(Services& s, Call& c);
Answer saml_metadata(Services& s, Call& c);
Answer saml_login(Services& s, Call& c);
Answer saml_acs(Services& s, Call& c);

// api_sso_admin.cpp
Answer get_sso(Services& s, Call& c);
Answer change_sso(Services& s, Call& c);
Answer test_sso(Services& s, Call& c);
Answer renew_sso_key(Services& s, Call& c);
Answer disable_user_sso(Services& s, Call& c);
Answer enable_user_sso(Services& s, Call& c);
Answer unlink_user_sso(Services& s, Call& c);

// api_sessions.cpp
Answer create_session(Services& s, Call& c);
Answer list_sessions(Services& s, Call& c);
Answer get_session(Services& s, Call& c);
Answer pick_up(Services& s, Call& c);
Answer renew_ticket(Services& s, Call& c);
Answer close_session(Services& s, Call& c);
Answer note_session(Services& s, Call& c);

// api_log.cpp
Answer send_console_log(Services& s, Call& c);
Answer send_applet_log(Services& s, Call& c);
Answer query_log(Services& s, Call& c);

// api_gateways.cpp
Answer create_gateway_token(Services& s, Call& c);
Answer enroll_gateway(Services& s, Call& c);
Answer list_gateways(Services& s, Call& c);
Answer drain_gateway(Services& s, Call& c);
Answer resume_gateway(Services& s, Call& c);
Answer remove_gateway(Services& s, Call& c);

// api_applet.cpp
Answer redeem_pin(Services& s, Call& c);
Answer register_applet(Services& s, Call& c);
Answer renew_applet_ticket(Services& s, Call& c);
Answer end_from_applet(Services& s, Call& c);
Answer restart_from_applet(Services& s, Call& c);

// api_provision.cpp
Answer apply_document(Services& s, Call& c);
Answer export_site(Services& s, Call& c);
Answer answer_policy(Services& s, Call& c);

// api_operation.cpp
Answer healthz(Services& s, Call& c);
Answer readyz(Services& s, Call& c);
Answer metrics(Services& s, Call& c);

// api_queues.cpp
Answer open_channel_session(Services& s, Call& c);
Answer hold_session(Services& s, Call& c);
Answer transfer_session(Services& s, Call& c);
Answer decline_transfer(Services& s, Call& c);
Answer leave_session(Services& s, Call& c);
Answer explain_session(Services& s, Call& c);
Answer set_presence(Services& s, Call& c);
Answer list_presence(Services& s, Call& c);

// api_visit.cpp
Answer start_page(Services& s, Call& c);
Answer pin_form(Services& s, Call& c);
Answer ready_page(Services& s, Call& c);
Answer download_applet(Services& s, Call& c);
Answer channel_page(Services& s, Call& c);
Answer channel_form(Services& s, Call& c);
Answer visit_style(Services& s, Call& c);
Answer visit_script(Services& s, Call& c);
Answer visit_logo(Services& s, Call& c);
Answer signing_certificate(Services& s, Call& c);

}  // namespace rescue::broker
