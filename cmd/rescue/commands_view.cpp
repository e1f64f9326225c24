// SPDX-License-Identifier: Apache-2.0
// session pickup, session attach.
#include <fcntl.h>

#include <fmt/format.h>
#include <boost/json/serialize.hpp>

#include "cmd/rescue/media_helper.hpp"
#include "cmd/rescue/views.hpp"
#include "crypto/x25519.hpp"

namespace rescue::program {
namespace {
namespace json = boost::json;

struct ScriptSource {
  client::Descriptor file;  // not set for standard input
  int fd = -1;
  bool in_order = false;
};

/// Opened before anything is picked up.
base::Result<std::optional<ScriptSource>> script_of(Invocation& in) {
  const auto name = in.parsed.maybe("script");
  if (!name) {
    if (in.parsed.on("in-order")) return base::fail(base::Errc::invalid_argument, "--in-order goes with --script");
    return std::optional<ScriptSource>();
  }
  ScriptSource out;
  if (*name == "-") {
    out.fd = in.env.in_fd;
    out.in_order = in.parsed.on("in-order");
  } else {
    const auto path = in.env.absolute(*name);
    out.file = client::Descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!out.file) return base::fail(base::errno_error(fmt::format("open script '{}'", path.string())));
    out.fd = out.file.get();
    out.in_order = true;
  }
  return std::optional(std::move(out));
}

void show_state(Invocation& in, const json::object& state) {
  constexpr cli::Column kColumns[] = {{"SESSION"}, {"LINKED"}, {"PATH"}, {"VIEWS", true}};
  auto shown = state;
  for (const char* key : {"id", "event"}) shown.erase(key);
  cli::write_object(
      in.env, in.format, in.color, kColumns,
      {{cell_of(state, "session"), cell_of(state, "linked"), cell_of(state, "path"), cell_of(state, "views")},
       json::serialize(shown),
       cell_of(state, "session")});
}

/// Until the supported machine is connected.
base::Result<int> wait_linked(Invocation& in, AgentLink& link, json::object state) {
  if (cell_of(state, "linked") != "true") {
    const auto seconds = std::chrono::duration<double>(in.parsed.duration("timeout")).count();
    RESCUE_TRY(const auto waiting,
               link.command("wait", {{"for", "link"}, {"where", json::object({{"up", true}})}, {"timeout", seconds}}));
    auto up = link.reply(waiting, [](const json::object&) {});
    if (!up) {
      if (up.error().exit() != base::Exit::timed_out) return base::fail(up.error());
      return base::fail(base::Errc::timed_out,
                        "picked up, but the supported machine is not connected yet; 'rescue session "
                        "attach' joins when it is");
    }
    RESCUE_TRY(const auto asking, link.command("state"));
    RESCUE_TRY(state, link.reply(asking, [](const json::object&) {}));
  }
  show_state(in, state);
  return 0;
}

}  // namespace

base::Result<int> session_pickup(Invocation& in) {
  RESCUE_TRY(const auto script, script_of(in));
  AgentStart start;
  start.session = in.parsed.positional("ID");
  if (in.parsed.given("record")) start.record_dir = in.env.absolute(in.parsed.text("record")).string();
  for (const auto& key : in.parsed.all("record-to")) {
    start.record_to.push_back(in.env.absolute(key).string());
    RESCUE_CHECK(crypto::X25519Public::load(start.record_to.back()));  // before anything is picked up
  }
  start.format = in.parsed.text("format");
  start.keep_recording = in.parsed.on("keep-recording");
  if (start.format != "rcrec") {
    if (!start.record_to.empty())
      return base::fail(
          base::Errc::invalid_argument,
          "--record-to (RESCUE_RECORD_TO) encrypts recordings, and a video would be open: leave --format out");
    RESCUE_CHECK(find_media_helper(in.env));
  }
  start.receive_dir = in.env.absolute(in.parsed.given("receive-dir") ? in.parsed.text("receive-dir") : ".").string();
  start.linger = in.parsed.text("linger");
  start.join = in.parsed.on("join");
  start.profile = in.parsed.text("profile");
  json::object state;
  RESCUE_TRY(auto link, open_agent(in, start.session, &start, state));
  if (script) return run_script(in, link, script->fd, script->in_order);
  if (in.parsed.on("detach")) {
    show_state(in, state);
    return 0;
  }
  if (in.env.in_is_tty && in.env.out_is_tty && !in.json()) return run_chat(in, link, state);
  return wait_linked(in, link, std::move(state));
}

base::Result<int> session_attach(Invocation& in) {
  RESCUE_TRY(const auto script, script_of(in));
  json::object state;
  RESCUE_TRY(auto link, open_agent(in, in.parsed.positional("ID"), nullptr, state));
  if (script) return run_script(in, link, script->fd, script->in_order);
  return run_chat(in, link, state);
}

}  // namespace rescue::program
