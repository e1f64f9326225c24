// SPDX-License-Identifier: Apache-2.0
// A console that keeps no rule: it proves the key of a pickup and then sends what it is told, whatever the user said,
// and prints what reaches it. What the applet lets happen is then the applet's doing alone.
//
//   hostile_console            prints {"console_key": …}
//   first line of input        {"ticket": …, "gateway": "host:port", "ca_pin": hex, "applet": hex}
//   further lines              {"send": "view" | "control" | "key" | …, …}: see message_of
//                              {"send": "message", "channel": …, "type": "UrlSend", "fields": {…}}: any message of
//                              session.fbs, well made; with "cut": n without its last n bytes
//                              {"send": "bytes", "channel": …, "hex": …}
//   output                     one object per message that arrives: {"message": type, "channel": …, "bytes": n,
//   "content":
//                              text, "fields": {…}}; numbers stand for the values of enums
#include <flatbuffers/idl.h>

#include <boost/json.hpp>
#include <iostream>

#include "net/task_group.hpp"
#include "peer/gateway_connector.hpp"
#include "peer/link_runner.hpp"
#include "session/impl/messages.hpp"
#include "wire/dump.hpp"
#include "wire/session_messages.hpp"

namespace rescue {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
namespace m = session::messages;
using wire::Channel;

void print(const json::object& line) { std::cout << json::serialize(line) << std::endl; }

[[noreturn]] void die(std::string_view what) {
  std::cerr << "hostile_console: " << what << std::endl;
  std::_Exit(1);
}
template <typename T>
T must(base::Result<T> r, std::string_view what) {
  if (!r) die(fmt::format("{}: {}", what, r.error().context));
  if constexpr (!std::is_void_v<T>) return std::move(*r);
}

struct Line {
  json::object o;
  [[nodiscard]] std::string text(std::string_view k) const {
    const auto* v = o.if_contains(k);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  }
  [[nodiscard]] std::int64_t number(std::string_view k, std::int64_t otherwise = 0) const {
    const auto* v = o.if_contains(k);
    return v != nullptr && v->is_int64() ? v->get_int64() : otherwise;
  }
  [[nodiscard]] std::uint32_t u32(std::string_view k, std::int64_t otherwise = 0) const {
    return static_cast<std::uint32_t>(number(k, otherwise));
  }
};

struct ToSend {
  Channel channel;
  base::Bytes bytes;
};

/// Turns JSON into messages and back, by the schema as it stands in the tree.
class Wording {
 public:
  Wording() : parser_(options()) {
    std::string schema;
    if (!flatbuffers::LoadFile(RESCUE_SESSION_SCHEMA, false, &schema) || !parser_.Parse(schema.c_str()))
      die(fmt::format("session.fbs: {}", parser_.error_));
  }
  /// A finished message; no table of ours checks it.
  [[nodiscard]] base::Bytes message(std::string_view type, const json::value& fields) {
    const auto text = fmt::format("{{\"message_type\":\"{}\",\"message\":{}}}", type, json::serialize(fields));
    if (!parser_.ParseJson(text.c_str())) die(fmt::format("{}: {}", text, parser_.error_));
    const auto* data = parser_.builder_.GetBufferPointer();
    return {data, data + parser_.builder_.GetSize()};
  }
  [[nodiscard]] json::value fields(base::ByteView bytes) {
    std::string text;
    if (!flatbuffers::GenerateText(parser_, bytes.data(), &text)) die("a message without text");
    return json::parse(text).as_object().at("message");
  }

 private:
  static flatbuffers::IDLOptions options() {
    flatbuffers::IDLOptions o;
    o.strict_json = true;
    o.output_default_scalars_in_json = true;
    o.output_enum_identifiers = false;
    o.indent_step = -1;
    return o;
  }
  flatbuffers::Parser parser_;
};

Channel channel_named(const Line& l) {
  const auto wanted = l.text("channel");
  for (std::size_t i = 0; i < wire::kChannelCount; ++i)
    if (wire::name(static_cast<Channel>(i)) == wanted) return static_cast<Channel>(i);
  die(fmt::format("no channel '{}'", wanted));
}

std::optional<ToSend> anything(const Line& l, Wording& wording) {
  if (l.text("send") == "bytes") return ToSend{channel_named(l), must(base::from_hex(l.text("hex")), "hex")};
  if (l.text("send") != "message") return std::nullopt;
  const auto* fields = l.o.if_contains("fields");
  auto bytes = wording.message(l.text("type"), fields == nullptr ? json::value(json::object()) : *fields);
  bytes.resize(bytes.size() - std::min<std::size_t>(bytes.size(), l.u32("cut")));
  return ToSend{channel_named(l), std::move(bytes)};
}

/// The messages that a script may send at any time and in any order.
std::optional<ToSend> message_of(const Line& l) {
  const auto what = l.text("send");
  const auto id = l.u32("id", 1);
  if (what == "ask") {
    const auto p = wire::parse_permission(l.text("permission"));
    return p ? std::optional(ToSend{Channel::control, m::permission_ask(*p)}) : std::nullopt;
  }
  if (what == "view") return ToSend{Channel::control, m::view_start(l.u32("display"), 30)};
  if (what == "ack") return ToSend{Channel::control, m::screen_ack(l.u32("sequence"))};
  if (what == "keyframe") return ToSend{Channel::control, m::keyframe_request(l.u32("display"))};
  if (what == "control") return ToSend{Channel::control, m::control_start(id)};
  if (what == "recording") return ToSend{Channel::control, m::recording_notice(true)};
  if (what == "key") return ToSend{Channel::input, m::input_key(l.u32("keysym"), 0, l.number("down", 1) != 0)};
  if (what == "type") return ToSend{Channel::input, m::input_text(l.text("text"))};
  if (what == "pointer")
    return ToSend{Channel::input, m::input_pointer(0, static_cast<std::int32_t>(l.number("x")),
                                                   static_cast<std::int32_t>(l.number("y")), l.u32("buttons"), 0, 0)};
  if (what == "chat") return ToSend{Channel::chat, m::chat(base::WallTime(), l.text("text"))};
  if (what == "offer")
    return ToSend{Channel::files,
                  m::file_offer(id, 0, static_cast<std::uint64_t>(l.number("size")), base::WallTime(), l.text("name"))};
  if (what == "chunk") {
    const auto content = l.text("data");
    return ToSend{Channel::files,
                  m::file_chunk(id, static_cast<std::uint64_t>(l.number("offset")), base::as_bytes(content))};
  }
  if (what == "done")
    return ToSend{Channel::files,
                  m::file_done(id, static_cast<std::uint64_t>(l.number("size")), session::FileDigests())};
  if (what == "accept") return ToSend{Channel::files, m::file_accept(id)};
  if (what == "request_file") return ToSend{Channel::files, m::file_request(id)};
  if (what == "sysinfo") return ToSend{Channel::files, m::sysinfo_request(id, {})};
  return std::nullopt;
}

/// What pump() needs of a core, without any policy.
class HostileCore {
 public:
  [[nodiscard]] bool wants_messages() const { return true; }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] bool link_up() const { return up_; }
  void on_link_up(session::Now) {
    up_ = true;
    print({{"message", "LinkUp"}});
  }
  void on_link_down(session::Now) {
    up_ = false;
    print({{"message", "LinkDown"}});
  }
  void on_deadline(session::Now) {}
  [[nodiscard]] std::optional<base::SteadyTime> next_deadline() const { return std::nullopt; }
  [[nodiscard]] bool take_discard(Channel) { return false; }
  [[nodiscard]] wire::PermissionSet take_lost() { return {}; }
  [[nodiscard]] static std::optional<wire::Permission> needed_to_send(base::ByteView) { return std::nullopt; }
  base::Result<> on_message(Channel channel, base::ByteView bytes, session::Now) {
    RESCUE_TRY(const auto* message, wire::verify_and_check(bytes));
    json::object line{{"message", wire::session::EnumNameMessage(message->message_type())},
                      {"channel", wire::name(channel)},
                      {"bytes", bytes.size()}};
    if (channel != Channel::screen) line["content"] = wire::dump(bytes, wire::session::SessionMessageTypeTable());
    if (channel != Channel::screen && message->message_type() != wire::session::Message::FileChunk)
      line["fields"] = wording_.fields(bytes);
    print(line);
    return {};
  }
  std::optional<base::Bytes> next_outgoing(Channel channel, session::Now) {
    auto& waiting = queue_[static_cast<std::size_t>(channel)];
    if (waiting.empty()) return std::nullopt;
    auto next = std::move(waiting.front());
    waiting.pop_front();
    return next;
  }
  void send(ToSend s) { queue_[static_cast<std::size_t>(s.channel)].push_back(std::move(s.bytes)); }
  void end() { ended_ = true; }

 private:
  std::array<std::deque<base::Bytes>, wire::kChannelCount> queue_;
  Wording wording_;
  bool up_ = false;
  bool ended_ = false;
};

struct Console {
  explicit Console(net::IoContext& c) : context(c), tasks(c.executor()) {}
  net::IoContext& context;
  net::TaskGroup tasks;
  HostileCore core;
  std::shared_ptr<peer::LinkRunner> runner;
};

Line read_line() {
  std::string text;
  if (!std::getline(std::cin, text)) std::_Exit(0);  // the test is over
  try {
    return Line{json::parse(text).as_object()};
  } catch (const std::exception& e) {
    die(fmt::format("'{}': {}", text, e.what()));
  }
}

/// Its own thread: stdin to the strand. At the end of input the process ends as a crashed one would.
void obey(Console& c) {
  Wording wording;
  for (;;) {
    auto line = read_line();
    auto message = anything(line, wording);
    if (!message) message = message_of(line);
    if (!message) die(fmt::format("no message '{}'", line.text("send")));
    c.context.post([&c, s = std::move(*message)]() mutable {
      c.core.send(std::move(s));
      c.runner->kick();
    });
  }
}

asio::awaitable<base::Result<int>> run(Console& c, crypto::SessionIdentity identity, Line where) {
  const auto pin_bytes = must(base::from_hex(where.text("ca_pin")), "ca_pin");
  const auto applet_bytes = must(base::from_hex(where.text("applet")), "applet");
  crypto::TrustPin pin;
  crypto::Fingerprint applet{};
  if (pin_bytes.size() != pin.pin.size() || applet_bytes.size() != applet.size()) die("32 bytes in hex, please");
  std::copy(pin_bytes.begin(), pin_bytes.end(), pin.pin.begin());
  std::copy(applet_bytes.begin(), applet_bytes.end(), applet.begin());
  const auto outer = must(crypto::gateway_client_context(pin), "outer TLS");
  const auto only = [applet](const crypto::Fingerprint& fp) { return fp == applet; };
  const auto inner =
      must(crypto::link_context(crypto::LinkRole::console, crypto::Profile::modern, identity, only), "inner TLS");

  peer::GatewayAddress at("", must(net::Endpoint::parse(where.text("gateway")), "gateway"));
  peer::HandoffIdentity who(crypto::Role::console, identity.key, std::nullopt);
  auto ticket = must(base::from_base64url(where.text("ticket")), "ticket");
  auto opening = peer::GatewayConnection::open(std::move(at), outer, std::move(who), std::move(ticket));
  auto opened = co_await std::move(opening);
  const auto connection = must(std::move(opened), "gateway");
  const std::optional<net::NamedTimeout> patience;
  auto joined = co_await connection->wait_joined(patience);
  must(std::move(joined), "partner");
  auto secured = co_await connection->secure(crypto::LinkRole::console, crypto::Profile::modern, inner);
  auto path = must(std::move(secured), "inner TLS");

  peer::LinkUser user;
  user.pump = [&c](link::Link& link, session::Now now) { return session::pump(link, c.core, now); };
  user.next_deadline = [] { return std::optional<base::SteadyTime>(); };
  c.runner = peer::LinkRunner::create(c.context.executor(), link::Link(base::Guid::random(base::system_random())),
                                      std::move(user), base::system_clock());
  c.core.send({Channel::control, m::hello("hostile", ~std::uint64_t(0))});
  c.tasks.spawn("clock", peer::LinkRunner::keep_time(c.runner));
  std::thread(obey, std::ref(c)).detach();
  base::Bytes nothing;
  auto running = peer::LinkRunner::run_path(c.runner, c.tasks, std::move(path.stream), std::move(nothing));
  auto end = co_await std::move(running);
  const auto& closed = c.runner->closed();
  print({{"message", "PathEnd"},
         {"why", closed      ? closed->text
                 : end.error ? end.error->context
                             : std::string("in order")}});
  std::_Exit(0);
}

}  // namespace
}  // namespace rescue

int main() {
  using namespace rescue;
  auto identity = must(crypto::make_session_identity(base::system_clock().wall()), "identity");
  print({{"console_key", base::to_base64url(identity.key.public_key().spki())}});
  auto where = read_line();
  net::IoContext context;
  Console console(context);
  auto main_task = run(console, std::move(identity), std::move(where));
  return must(context.run(std::move(main_task)), "run");
}
