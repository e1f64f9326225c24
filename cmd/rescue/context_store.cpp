// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/context_store.hpp"

#include <algorithm>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "config/settings.hpp"
#include "crypto/errors.hpp"
#include "crypto/secret_file.hpp"

namespace rescue::program {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kMaxToken = 4096;
constexpr config::Key kKeys[] = {
    {"server",
     config::Type::text,
     "",
     "Address of the site's broker.",
     false,
     {.check = config::is_https_url, .rule = "https://HOST[:PORT]"}},
    {"ca_pin", config::Type::text, "", "SHA-256 of the key of the site's authority."},
    {"ca_file", config::Type::text, "", "File with the authority that is trusted."},
    {"email", config::Type::text, "", "Account that is signed in."},
};
constexpr config::KeyTable kTable("RESCUE_CONTEXT_FILE", kKeys);

/// A TOML basic string (TOML 1.0, section String).
std::string toml_string(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

base::Result<> make_private_dir(const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir.parent_path(), error);
  if (!error && ::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)
    return base::fail(base::errno_error(fmt::format("create folder '{}'", dir.string())));
  if (error) return base::fail(base::Errc::io, fmt::format("create folder '{}'", dir.parent_path().string()), error);
  return {};
}

base::Result<> check_name(const std::string& name) {
  if (is_context_name(name)) return {};
  return base::fail(base::Errc::invalid_argument,
                    fmt::format("'{}' is no name for a context: 1 to 64 letters, digits, '.', '_' or '-'", name));
}

base::Result<crypto::ServerTrust> trust_of(const cli::Env& env, const Context& context) {
  if (!context.ca_pin.empty()) {
    auto pin = crypto::parse_digest256(context.ca_pin);
    if (!pin) return base::fail(base::Errc::invalid_argument, "--ca-pin needs 64 hex digits");
    return crypto::ServerTrust(crypto::TrustPin{*pin});
  }
  if (!context.ca_file.empty()) return crypto::ServerTrust(crypto::TrustCaFile{env.absolute(context.ca_file)});
  return crypto::ServerTrust(crypto::TrustSystem{});
}

constexpr std::string_view kLocalServer = "unix:";

/// Nothing that is saved has a part in it.
base::Result<Target> local_target(const cli::Parsed& parsed, const std::string& server) {
  const auto command = parsed.path();
  if (command == "login" || command == "logout" || command == "passwd" || command == "accept-invitation")
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("'{}' is for accounts; {} needs none: leave it out", command, server));
  Target out;
  out.context.server = out.site.url = server;
  out.site.trust = crypto::TrustSystem{};
  out.local = true;
  return out;
}

}  // namespace

bool is_context_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
         std::ranges::all_of(name,
                             [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; });
}

std::string context_name_of(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  std::string host(url.substr(0, url.find('/')));
  if (const auto colon = host.rfind(':'); colon != host.npos && host.find(']', colon) == host.npos) host.resize(colon);
  std::ranges::replace_if(
      host, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '-'; }, '_');
  return is_context_name(host) ? host : "default";
}

fs::path ContextStore::file(const std::string& name) const { return dir() / "contexts" / (name + ".toml"); }

base::Result<std::vector<Context>> ContextStore::list() const {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(dir() / "contexts", error), end; !error && it != end; it.increment(error))
    if (it->path().extension() == ".toml" && is_context_name(it->path().stem().string()))
      names.push_back(it->path().stem().string());
  std::ranges::sort(names);
  std::vector<Context> out;
  for (const auto& name : names) {
    RESCUE_TRY(auto context, load(name));
    out.push_back(std::move(context));
  }
  return out;
}

base::Result<Context> ContextStore::load(const std::string& name) const {
  RESCUE_CHECK(check_name(name));
  std::error_code error;
  if (!fs::exists(file(name), error)) return base::fail(base::Errc::not_found, fmt::format("context '{}'", name));
  config::Sources sources;
  sources.file = file(name).string();
  RESCUE_TRY(const auto settings, config::load(kTable, sources));
  return Context{name, settings.text("server"), settings.text("ca_pin"), settings.text("ca_file"),
                 settings.text("email")};
}

base::Result<> ContextStore::save(const Context& context) const {
  RESCUE_CHECK(check_name(context.name));
  if (dir().empty()) return base::fail(base::Errc::invalid_argument, "neither XDG_CONFIG_HOME nor HOME is set");
  RESCUE_CHECK(make_private_dir(dir()));
  RESCUE_CHECK(make_private_dir(dir() / "contexts"));
  std::string text = fmt::format("server = {}\n", toml_string(context.server));
  if (!context.ca_pin.empty()) text += fmt::format("ca_pin = {}\n", toml_string(context.ca_pin));
  if (!context.ca_file.empty()) text += fmt::format("ca_file = {}\n", toml_string(context.ca_file));
  if (!context.email.empty()) text += fmt::format("email = {}\n", toml_string(context.email));
  return crypto::replace_secret_file(file(context.name), base::as_bytes(text));
}

base::Result<> ContextStore::remove(const std::string& name) const {
  RESCUE_CHECK(check_name(name));
  remove_token(name);
  if (::unlink(file(name).c_str()) != 0) {
    if (errno == ENOENT) return base::fail(base::Errc::not_found, fmt::format("context '{}'", name));
    return base::fail(base::errno_error(fmt::format("remove context '{}'", name)));
  }
  if (current() == name) ::unlink((dir() / "current").c_str());
  return {};
}

std::optional<std::string> ContextStore::current() const {
  auto text = crypto::read_secret_file(dir() / "current", 256);
  if (!text) return std::nullopt;
  std::string name(base::as_text(text->view()));
  while (name.ends_with('\n')) name.pop_back();
  return is_context_name(name) ? std::optional(name) : std::nullopt;
}

base::Result<> ContextStore::set_current(const std::string& name) const {
  RESCUE_TRY(const auto context, load(name));
  return crypto::replace_secret_file(dir() / "current", base::as_bytes(context.name + "\n"));
}

base::Result<std::string> ContextStore::token(const std::string& name) const {
  RESCUE_CHECK(check_name(name));
  auto secret = crypto::read_secret_file(dir() / "tokens" / name, kMaxToken);
  if (!secret && secret.error().code == base::Errc::not_found) return std::string();
  if (!secret) return base::fail(secret.error());
  std::string token(base::as_text(secret->view()));
  while (token.ends_with('\n')) token.pop_back();
  return token;
}

base::Result<> ContextStore::save_token(const std::string& name, std::string_view token) const {
  RESCUE_CHECK(check_name(name));
  RESCUE_CHECK(make_private_dir(dir()));
  RESCUE_CHECK(make_private_dir(dir() / "tokens"));
  return crypto::replace_secret_file(dir() / "tokens" / name, base::as_bytes(token));
}

void ContextStore::remove_token(const std::string& name) const { ::unlink((dir() / "tokens" / name).c_str()); }

base::Result<Target> ContextStore::resolve(const cli::Parsed& parsed, const std::string& server) const {
  Target target;
  const std::string named = parsed.given("server") ? parsed.text("server") : server;
  const bool other_server = !named.empty();
  if (named.starts_with(kLocalServer)) return local_target(parsed, named);
  const auto wanted = parsed.given("context") ? parsed.maybe("context") : current();
  if (parsed.given("ca") && parsed.given("ca-pin"))
    return base::fail(base::Errc::invalid_argument, "--ca and --ca-pin exclude each other");
  if (wanted) {
    auto saved = load(*wanted);
    // A login may name a context that does not exist yet; so does a one-off --server.
    if (!saved && !(saved.error().code == base::Errc::not_found && other_server)) return base::fail(saved.error());
    if (saved && (!other_server || saved->server == named)) target.context = *saved;
  }
  if (other_server) target.context.server = named;
  if (target.context.server.empty()) {
    // The one command that makes a server known is short of a flag; all others are short of it.
    if (parsed.path() == "login" || parsed.path() == "accept-invitation")
      return base::fail(base::Errc::invalid_argument, "no server is known: give --server URL");
    return base::fail(client::Errc::sign_in_needed,
                      "no server is known: sign in with 'rescue login --server URL', or give --server URL");
  }
  if (parsed.given("ca-pin")) {
    target.context.ca_pin = parsed.text("ca-pin");
    target.context.ca_file.clear();
  } else if (parsed.given("ca")) {
    target.context.ca_file = env_.absolute(parsed.text("ca")).string();
    target.context.ca_pin.clear();
  }
  target.site.url = target.context.server;
  RESCUE_TRY(target.site.trust, trust_of(env_, target.context));
  RESCUE_TRY(const auto origin, net::Origin::parse(target.site.url));
  const auto lookup = [this](std::string_view name) { return env_.var(name); };
  RESCUE_TRY(target.site.proxy, net::proxy_from_environment(origin, lookup));
  if (auto given = env_.var("RESCUE_TOKEN")) {
    target.token = *given;
  } else if (!target.context.name.empty()) {
    RESCUE_TRY(target.token, token(target.context.name));
  }
  return target;
}

}  // namespace rescue::program
