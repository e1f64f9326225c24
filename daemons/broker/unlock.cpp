// SPDX-License-Identifier: Apache-2.0
// rescue-broker unlock: for whoever has the machine, when guessing strangers have locked the last administrator out.
#include <ostream>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "cli/exit.hpp"
#include "daemons/broker/local_user.hpp"
#include "daemons/broker/program.hpp"
#include "directory/accounts.hpp"
#include "store/store.hpp"

namespace rescue::broker {
namespace accounts = directory::accounts;
namespace {

base::Result<store::User> unlock(const cli::Parsed& parsed, const cli::Env& env) {
  RESCUE_TRY(const auto state, state_folder(parsed, env));
  const auto database = state / "rescue.db";
  if (!std::filesystem::exists(database))
    return base::fail(base::Errc::not_found, fmt::format("no site in '{}'", state.string()));
  RESCUE_TRY(const auto store, store::Store::open({.path = database}));
  auto unlocked = store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto user, accounts::find(tx, parsed.text("email")));
    return accounts::unlock(tx, user.id, local_program(), env.clock->wall());
  });
  store->close();
  return unlocked;
}

}  // namespace

int unlock_command(const cli::Parsed& parsed, cli::Env& env) {
  const bool json = parsed.text("output") == "json";
  const auto user = unlock(parsed, env);
  if (!user) return cli::print_error(env, "rescue-broker", user.error(), json);
  if (json)
    *env.out << boost::json::serialize(boost::json::object{{"email", user->email}, {"locked", false}}) << '\n';
  else
    *env.out << fmt::format("{} can sign in again.\n", user->email);
  return cli::exit_code(base::Exit::ok);
}

}  // namespace rescue::broker
