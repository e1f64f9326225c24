// SPDX-License-Identifier: Apache-2.0
// What every way to sign in has in common: the context it becomes, and what is kept and shown of it.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "cmd/rescue/invocation.hpp"

namespace rescue::program {

/// --device, else the name of this host.
[[nodiscard]] std::string device_name(const Invocation& in);
/// The context that a sign-in saves: as --context says, the current one, or one named like the server's host.
[[nodiscard]] base::Result<Context> login_context(Invocation& in);
/// Keeps token and context and shows who is signed in. `answer`: of /auth/login and the like.
[[nodiscard]] base::Result<int> accept_sign_in(Invocation& in, Context context, const boost::json::value& answer);
/// POST /auth/login; the code of a second factor goes with it where it was given, and is asked for on a terminal where
/// the broker wants one.
[[nodiscard]] base::Result<boost::json::value> post_sign_in(Invocation& in, client::BlockingApi& api,
                                                            const std::string& email, boost::json::object body);

/// login --sso.
[[nodiscard]] base::Result<int> login_by_sso(Invocation& in);
/// login with a code that a page of the site showed to who began at the identity provider.
[[nodiscard]] base::Result<int> login_by_code(Invocation& in);

}  // namespace rescue::program
