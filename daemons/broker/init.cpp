// SPDX-License-Identifier: Apache-2.0
// rescue-broker init: keys, database, first administrator.
#include <array>
#include <fstream>
#include <ostream>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "cli/exit.hpp"
#include "cli/secret_input.hpp"
#include "crypto/secret_file.hpp"
#include "daemons/broker/local_user.hpp"
#include "daemons/broker/program.hpp"
#include "daemons/broker/settings_table.hpp"
#include "daemons/broker/site_state.hpp"
#include "directory/accounts.hpp"
#include "net/endpoint.hpp"
#include "store/store.hpp"
#include "store/users.hpp"

namespace rescue::broker {
namespace fs = std::filesystem;
namespace accounts = directory::accounts;
using base::Errc;
namespace {

struct Made {
  std::string ca_pin, url, email;
  bool own_certificate = true;  // of the site's CA, so that clients need the pin
  fs::path state;
};

/// "https://HOST:PORT": the first --host, else the listening address.
base::Result<std::string> url_for(const cli::Parsed& parsed, const config::Settings& settings) {
  if (const auto& url = settings.text("public_url"); !url.empty()) return url;
  RESCUE_TRY(auto endpoint, net::Endpoint::parse(settings.text("listen")));
  if (const auto hosts = parsed.all("host"); !hosts.empty()) endpoint.host = hosts.front();
  return "https://" + endpoint.text();
}

/// Keeps what init was told, so that `run` needs no flags. A file that is there is the administrator's and stays.
base::Result<> keep_settings(const cli::Parsed& parsed, const config::Settings& settings, const std::string& url,
                             const fs::path& state) {
  const auto path = state / "broker.toml";
  if (parsed.given("config") || fs::exists(path)) return {};
  std::string text = "# Written by rescue-broker init. All keys: rescue-broker(8), or rescue-broker --dump-config.\n";
  for (const auto* key : {"listen", "organisation"})
    if (settings.is_set(key)) text += fmt::format("{} = {}\n", key, base::json_quote(settings.text(key)));
  if (settings.is_set("public_url") || parsed.given("host"))
    text += fmt::format("public_url = {}\n", base::json_quote(url));
  return crypto::write_new_secret_file(path, base::as_bytes(text));
}

base::Result<directory::HashedPassword> hashed_password(store::Store& store, const cli::Parsed& parsed, cli::Env& env) {
  RESCUE_TRY(const auto secret, cli::read_secret(env, parsed, "password", "Password of the administrator: ", true));
  RESCUE_TRY(const auto policy,
             store.read_now([](store::ReadTransaction& tx) { return directory::password_policy(tx); }));
  const auto password = base::as_text(secret.view());
  const std::array personal{parsed.text("admin-email"), parsed.text("admin-name")};
  RESCUE_CHECK(directory::check_password(policy, password, personal));
  return directory::HashedPassword::hash(password, policy.cost);
}

base::Result<> check_no_administrator(store::ReadTransaction& tx) {
  RESCUE_TRY(const auto administrators, store::users::count_administrators(tx));
  if (administrators > 0)
    return base::fail(Errc::conflict, "the site has an administrator; further ones: rescue admin user add");
  return {};
}

base::Result<> make_administrator(store::Store& store, const cli::Parsed& parsed, cli::Env& env) {
  RESCUE_CHECK(store.read_now(check_no_administrator));
  RESCUE_TRY(auto password, hashed_password(store, parsed, env));
  const accounts::NewUser user{base::Guid::random(*env.random), parsed.text("admin-email"), parsed.text("admin-name"),
                               store::UserRole::administrator,  std::move(password),        false};
  RESCUE_TRY(const auto created, store.write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_CHECK(check_no_administrator(tx));
    return accounts::create(tx, user, local_program(), env.clock->wall());
  }));
  return {};
}

base::Result<Made> init_site(const cli::Parsed& parsed, cli::Env& env) {
  RESCUE_TRY(const auto state, state_folder(parsed, env));
  RESCUE_TRY(const auto settings, load_settings(parsed, env, state));
  RESCUE_CHECK(directory::check_email(parsed.text("admin-email")));
  RESCUE_CHECK(directory::check_line(parsed.text("admin-name"), "--admin-name"));
  RESCUE_TRY(const auto url, url_for(parsed, settings));
  const auto hosts = parsed.all("host");
  RESCUE_TRY(const auto site, open_site(state, hosts, *env.random, env.clock->wall()));
  RESCUE_TRY(const auto store, store::Store::open({.path = site.database()}));
  RESCUE_CHECK(make_administrator(*store, parsed, env));
  RESCUE_CHECK(keep_settings(parsed, settings, url, state));
  store->close();
  return Made{base::to_hex(site.ca_pin()), url, parsed.text("admin-email"), certified_by_site(site.server, site.ca),
              state};
}

void print_text(std::ostream& out, const Made& made) {
  out << fmt::format(
      "The site is ready in {0}.\n\n"
      "  ca pin         {1}\n"
      "  url            {2}\n"
      "  administrator  {3}\n\n"
      "Next:\n"
      "  rescue-broker run --state '{0}'\n"
      "  rescue login --server {2}{4} --email {3}\n"
      "  rescue admin gateway enroll NAME\n",
      made.state.string(), made.ca_pin, made.url, made.email, made.own_certificate ? " --ca-pin " + made.ca_pin : "");
}

void print_json(std::ostream& out, const Made& made) {
  out << boost::json::serialize(boost::json::object{
             {"state", made.state.string()}, {"ca_pin", made.ca_pin}, {"url", made.url}, {"admin_email", made.email}})
      << '\n';
}

}  // namespace

int init_command(const cli::Parsed& parsed, cli::Env& env) {
  const bool json = parsed.text("output") == "json";
  const auto made = init_site(parsed, env);
  if (!made) return cli::print_error(env, "rescue-broker", made.error(), json);
  if (json)
    print_json(*env.out, *made);
  else
    print_text(*env.out, *made);
  return cli::exit_code(base::Exit::ok);
}

}  // namespace rescue::broker
