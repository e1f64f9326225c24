// SPDX-License-Identifier: Apache-2.0
#include "ends.hpp"

namespace rescue::peer::test {

using namespace std::chrono_literals;

namespace {

template <typename T>
T must(base::Result<T> r) {
  if (!r) throw std::runtime_error(r.error().message());
  return std::move(*r);
}

class Hasher final : public session::FileHasher {
 public:
  void update(base::ByteView b) override {
    md5_.update(b);
    sha_.update(b);
  }
  session::FileDigests finish() override {
    session::FileDigests out;
    std::ranges::copy(md5_.finish(), out.md5.begin());
    std::ranges::copy(sha_.finish(), out.sha256.begin());
    return out;
  }
  std::array<std::uint8_t, 32> sha256_so_far() const override {
    std::array<std::uint8_t, 32> out{};
    std::ranges::copy(sha_.so_far(), out.begin());
    return out;
  }

 private:
  crypto::Hasher md5_{crypto::HashAlgorithm::md5};
  crypto::Hasher sha_{crypto::HashAlgorithm::sha256};
};

session::FileHasherFactory hashers() {
  return [] { return std::make_unique<Hasher>(); };
}

}  // namespace

World::World()
    : token_key(must(crypto::PrivateKey::generate(crypto::KeyKind::ed25519))),
      session(base::Guid::random(base::system_random())),
      guid(base::Guid::random(base::system_random())),
      technician(base::Guid::random(base::system_random())),
      applet(identity()) {}

crypto::SessionIdentity World::identity(crypto::KeyKind kind) {
  return must(crypto::make_session_identity(base::system_clock().wall(), kind));
}

base::Bytes World::ticket(crypto::Role role, const crypto::SessionIdentity& holder) const {
  crypto::Ticket t;
  t.serial = base::Guid::random(base::system_random());
  t.session = session;
  t.role = role;
  t.holder_spki = holder.key.public_key().spki();
  t.guid_id = crypto::guid_id(guid.bytes());
  t.issued = base::system_clock().wall();
  t.not_after = t.issued + 1h;
  return must(crypto::make_ticket(t, token_key));
}

crypto::Grant World::grant(const crypto::SessionIdentity& console, std::uint64_t generation) const {
  crypto::Grant g;
  g.session = session;
  g.generation = generation;
  g.technician = technician;
  g.technician_name = "Ada";
  g.technician_email = "ada@example.test";
  g.console_fingerprint = console.fingerprint();
  g.applet_fingerprint = applet.fingerprint();
  g.guid_id = crypto::guid_id(guid.bytes());
  g.permissions = wire::PermissionSet::all().bits();
  g.issued = base::system_clock().wall();
  g.lease_until = g.issued + 15min;
  return g;
}

base::Bytes World::sign(const crypto::Grant& g) const { return must(crypto::make_grant(g, token_key)); }

AppletHost::AppletHost(net::IoContext& c, const World& world, std::vector<GatewayAddress> gateways)
    : context(c), changed(c.executor()), answers(c.executor()) {
  AppletPeerOptions o(world.applet);
  o.session = world.session;
  o.guid = world.guid;
  o.token_keys.push_back(world.token_key.public_key());
  o.admission.ticket = world.ticket(crypto::Role::applet, world.applet);
  o.admission.gateways = std::move(gateways);
  o.admission.gateway_ca_pin = world.gateway_ca_pin;
  o.core.hasher = hashers();
  AppletPeerHooks h;
  h.joined = [this](TechnicianNumber, session::AppletSession&, const crypto::Grant&) { ++joined; };
  h.pumped = [this](TechnicianNumber n, session::AppletSession& core) { on_pumped(n, core); };
  h.left = [this](TechnicianNumber) {
    ++left;
    changed.notify();
  };
  h.path = [this](TechnicianNumber, const PathReport& r) {
    path_reports.push_back(r);
    changed.notify();
  };
  h.waiting = [this](const PathReport& r) {
    waiting_reports.push_back(r);
    changed.notify();
  };
  h.renew = [this]() -> awaitable<base::Result<Admission>> {
    if (renew) co_return co_await renew();
    co_return base::fail(base::Errc::unreachable, "no site in this test");
  };
  peer = std::make_unique<AppletPeer>(c.executor(), std::move(o), std::move(h), base::system_clock(), random);
}

void AppletHost::start(net::TaskGroup& group) {
  const auto run = [](AppletHost& h) -> awaitable<void> {
    h.result = co_await h.peer->run();
    co_await h.answers.stop(0us);
    h.changed.notify();
  };
  group.spawn("applet", run(*this));
}

void AppletHost::on_pumped(TechnicianNumber n, session::AppletSession& core) {
  const auto now = session::Now::of(base::system_clock());
  const auto say_yes = [](AppletHost& h, TechnicianNumber who, session::PromptId id) -> awaitable<void> {
    for (bool taken = false; !taken;) {
      auto nap = net::sleep_for(session::kPromptDeafTime);
      (void)co_await std::move(nap);
      auto* c = h.peer->core(who);
      if (c == nullptr) co_return;
      taken = c->user_answers(id, true, session::Now::of(base::system_clock()));
      h.peer->kick(who);
    }
  };
  while (auto action = core.poll_action()) {
    if (const auto* prompt = std::get_if<session::ShowPrompt>(&*action)) {
      answers.spawn("answer", say_yes(*this, n, prompt->prompt.id));
    } else if (const auto* key = std::get_if<session::InjectKey>(&*action)) {
      if (key->down) keys.push_back(key->keysym);
    } else if (const auto* line = std::get_if<session::ShowChat>(&*action)) {
      chat.push_back(line->text);
    } else if (const auto* f = std::get_if<session::FileAction>(&*action)) {
      const auto id = session::transfer_of(*f);
      if (std::holds_alternative<session::OpenForWrite>(*f)) core.file_opened(id, now);
      if (const auto* chunk = std::get_if<session::WriteChunk>(&*f)) {
        EXPECT_EQ(chunk->offset, file.size());
        file += base::as_text(chunk->bytes);
        core.file_written(id, file.size(), now);
      }
      if (std::holds_alternative<session::CommitFile>(*f)) {
        file_complete = true;
        core.file_committed(id, now);
      }
      peer->kick(n);
    }
  }
  while (core.poll_audit()) continue;
  changed.notify();
}

ConsoleHost::ConsoleHost(net::IoContext& c, const World& world, crypto::SessionIdentity identity,
                         std::vector<GatewayAddress> gateways, crypto::Fingerprint applet, crypto::Profile profile,
                         GatewayCalls* called_ahead)
    : context(c), changed(c.executor()) {
  session::ConsoleOptions core_options;
  core_options.granted = wire::PermissionSet::all();
  core_options.hasher = hashers();
  core = std::make_unique<session::ConsoleSession>(std::move(core_options), now());
  ConsolePeerOptions o(identity);
  o.applet = applet;
  o.profile = profile;
  o.admission.ticket = world.ticket(crypto::Role::console, identity);
  o.admission.gateways = std::move(gateways);
  o.admission.gateway_ca_pin = world.gateway_ca_pin;
  o.link_id = base::Guid::random(random);
  o.called_ahead = called_ahead;
  ConsolePeerHooks h;
  h.pumped = [this] { on_pumped(); };
  h.path = [this](const PathReport& r) {
    reports.push_back(r);
    changed.notify();
  };
  h.renew = [this]() -> awaitable<base::Result<Admission>> {
    if (renew) co_return co_await renew();
    co_return base::fail(base::Errc::unreachable, "no site in this test");
  };
  peer = std::make_unique<ConsolePeer>(c.executor(), *core, std::move(o), std::move(h), base::system_clock(), random);
}

void ConsoleHost::start(net::TaskGroup& group) {
  const auto run = [](ConsoleHost& h) -> awaitable<void> {
    h.result = co_await h.peer->run();
    h.changed.notify();
  };
  group.spawn("console", run(*this));
}

int ConsoleHost::count(PathState s) const {
  return static_cast<int>(std::ranges::count_if(reports, [s](const auto& r) { return r.state == s; }));
}

void ConsoleHost::on_pumped() {
  while (auto event = core->poll_event()) {
    if (const auto* c = std::get_if<session::ControlChanged>(&*event)) {
      control = c->active && !c->held;  // held: a prompt was just open, input would be dropped
    } else if (const auto* f = std::get_if<session::FileAction>(&*event)) {
      if (const auto* read = std::get_if<session::ReadChunk>(f)) {
        const auto part = std::string_view(file).substr(read->offset, read->bytes);
        core->file_chunk(read->transfer, base::as_bytes(part), now());
        peer->kick();
      }
    } else if (const auto* e = std::get_if<session::FileEvent>(&*event)) {
      if (const auto* done = std::get_if<session::FileFinished>(e)) file_end = done->reason;
    } else if (std::holds_alternative<session::SessionEnded>(*event)) {
      ended = true;
    }
  }
  while (core->poll_audit()) continue;
  changed.notify();
}

}  // namespace rescue::peer::test
