// SPDX-License-Identifier: Apache-2.0
// login --sso: the identity provider's pages in a browser, the outcome back here. On this machine the browser brings it
// to a listener on 127.0.0.1; a browser elsewhere (over SSH) shows a code to type.
#include <fcntl.h>

#include <ostream>

#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/log.hpp"
#include "cli/secret_input.hpp"
#include "client/agent_socket.hpp"
#include "cmd/rescue/loopback.hpp"
#include "cmd/rescue/media_helper.hpp"
#include "cmd/rescue/sign_in.hpp"
#include "cmd/rescue/spawn.hpp"
#include "crypto/hash.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

constexpr std::size_t kVerifierBytes = 32;
constexpr std::size_t kMaxTyped = 1024;

/// What the program alone knows, and what it tells of it.
struct Verifier {
  std::string text;
  std::string challenge;
};

Verifier make_verifier(base::RandomSource& random) {
  base::Bytes bytes(kVerifierBytes);
  random.fill(bytes);
  Verifier out{base::to_base64url(bytes), {}};
  out.challenge = base::to_base64url(crypto::sha256(base::as_bytes(out.text)));
  return out;
}

/// A shell on another machine, where a browser would open in nobody's sight.
bool is_remote_shell(const cli::Env& env) {
  const bool remote = env.var("SSH_CONNECTION") || env.var("SSH_TTY");
  return remote && !env.var("BROWSER") && !env.var("DISPLAY") && !env.var("WAYLAND_DISPLAY");
}

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = text.find(at);
    if (const auto part = text.substr(0, end); !part.empty()) out.emplace_back(part);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

/// Program and arguments of one entry of $BROWSER: "%s" stands for the address, which else comes last.
std::vector<std::string> browser_line(const std::string& entry, const std::string& url) {
  auto words = split(entry, ' ');
  bool placed = false;
  for (auto& word : words) {
    if (const auto at = word.find("%s"); at != std::string::npos) {
      word.replace(at, 2, url);
      placed = true;
    }
  }
  if (!placed) words.push_back(url);
  return words;
}

/// True when a browser was started. It is left alone: some stay in the foreground until they are closed.
bool open_browser(const cli::Env& env, const std::string& url) {
  auto entries = split(env.var("BROWSER").value_or(""), ':');
  if (entries.empty()) entries.emplace_back("xdg-open");
  const client::Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  for (const auto& entry : entries) {
    const auto line = browser_line(entry, url);
    const auto program =
        line.front().contains('/') ? std::filesystem::path(line.front()) : find_in_path(env, line.front());
    if (program.empty()) continue;
    if (spawn(env, program, line, {nothing.get(), nothing.get(), nothing.get()})) return true;
  }
  return false;
}

void tell_url(const Invocation& in, const std::string& url, bool opened) {
  if (in.json())
    *in.env.err << fmt::format(R"({{"open":{},"opened":{}}})", base::json_quote(url), opened) << '\n' << std::flush;
  else if (!opened)
    *in.env.err << "Open this address in a browser:\n" << url << '\n' << std::flush;
  else if (!in.parsed.on("quiet"))
    *in.env.err << "The browser was opened; if it shows nothing, open this address:\n" << url << '\n' << std::flush;
}

base::Result<Arrival> type_code(Invocation& in) {
  for (;;) {
    if (in.env.in_is_tty) *in.env.err << "Code: " << std::flush;
    auto line = cli::read_line(in.env.in_fd, kMaxTyped);
    if (!line) return base::fail(line.error().within("read the code from standard input"));
    if (auto arrival = read_arrival(*line)) return std::move(*arrival);
    if (!in.env.in_is_tty) return base::fail(base::Errc::invalid_argument, "standard input has no code");
  }
}

base::Result<int> finish(Invocation& in, client::BlockingApi& api, std::string_view code, const Verifier* verifier) {
  RESCUE_TRY(auto context, login_context(in));
  json::object body{{"code", code}, {"device", device_name(in)}};
  if (verifier != nullptr) body["verifier"] = verifier->text;
  RESCUE_TRY(const auto answer, api.post("/auth/sso/finish", std::move(body)));
  return accept_sign_in(in, std::move(context), answer);
}

base::Result<Arrival> browse(Invocation& in, client::BlockingApi& api, const Verifier& verifier) {
  std::optional<Loopback> loopback;
  json::object body{{"challenge", verifier.challenge}};
  if (!in.parsed.on("no-browser") && !is_remote_shell(in.env)) {
    RESCUE_TRY(loopback, Loopback::open(*in.env.random));
    body["port"] = loopback->port();
    body["state"] = loopback->secret();
  }
  RESCUE_TRY(const auto answer, api.post("/auth/sso/start", std::move(body)));
  if (!answer.is_object()) return base::fail(client::Errc::bad_answer, "the answer is no object");
  RESCUE_TRY(const auto url, client::text_field(answer.as_object(), "url"));
  if (!url.starts_with("https://")) return base::fail(client::Errc::bad_answer, "the address to open is no https URL");
  tell_url(in, url, loopback && open_browser(in.env, url));
  if (!loopback) return type_code(in);
  const auto deadline = std::chrono::steady_clock::now() + in.parsed.duration("timeout");
  return loopback->wait(deadline, in.env.in_is_tty ? in.env.in_fd : -1, *in.env.err);
}

}  // namespace

base::Result<int> login_by_code(Invocation& in) {
  RESCUE_TRY(auto* api, in.api(false));
  RESCUE_TRY(const auto arrival, type_code(in));
  return finish(in, *api, arrival.code, nullptr);
}

base::Result<int> login_by_sso(Invocation& in) {
  RESCUE_TRY(auto* api, in.api(false));
  const auto verifier = make_verifier(*in.env.random);
  RESCUE_TRY(const auto arrival, browse(in, *api, verifier));
  if (!arrival.error.empty()) {
    constexpr unsigned kRefused = 403;
    return base::fail(client::errc_of(arrival.error, kRefused),
                      fmt::format("the site refused the sign-in ({})", arrival.error));
  }
  return finish(in, *api, arrival.code, &verifier);
}

}  // namespace rescue::program
