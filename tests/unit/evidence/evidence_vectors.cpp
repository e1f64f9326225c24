// SPDX-License-Identifier: Apache-2.0
// Writes a small log with its proofs as JSON, for tests/readers/log_proof_reader.py: all kinds of keys, values of all
// kinds, fields erased, a tree of 0 to 20 leaves, a checkpoint. Drawn anew at each run.
#include <iostream>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/random.hpp"
#include "evidence/checkpoint.hpp"
#include "evidence/merkle.hpp"

namespace {
namespace json = boost::json;
namespace ev = rescue::evidence;
namespace base = rescue::base;
namespace crypto = rescue::crypto;

base::WallTime at(std::int64_t s) {
  return base::WallTime(std::chrono::microseconds(1'764'000'000'000'001 + s * 1'000'003));
}
std::int64_t micros(base::WallTime t) { return t.time_since_epoch().count(); }

constexpr std::string_view kData[] = {
    R"({})",
    R"({"text":"hello"})",
    R"({"text":"Grüße 😀 \u0000\u001f\u007f\"\\/\b\f\n\r\t","z":null,"a":true,"é":-1})",
    R"({"n":18446744073709551615,"m":-9223372036854775808,"list":[1,[],{"y":{},"x":"\u00e9"}]})",
};

struct Made {
  json::object chain;
  std::vector<ev::SignedHead> heads;
};

Made make_chain(const ev::ChainId& id, crypto::KeyKind kind, std::size_t events) {
  auto& random = base::system_random();
  const auto key = crypto::PrivateKey::generate(kind).value();
  ev::Chain chain(id);
  Made out;
  json::array entries;
  json::array heads;
  for (std::size_t i = 1; i <= events; ++i) {
    const auto text = kData[i % std::size(kData)];
    auto data = json::parse(json::string_view(text.data(), text.size())).as_object();
    ev::Opening opening;
    opening.salt.emplace();
    random.fill(*opening.salt);
    const ev::EntryHeader header{i, at(static_cast<std::int64_t>(i)), "chat.message",
                                 i % 2 == 0 ? "user" : "ada@example.org"};
    const auto digest = chain.append(header, ev::digest_fields(data, *opening.salt).value()).value();
    if (i % 3 == 0 && data.contains("text")) ev::erase_field(data, opening, "text").value();
    entries.push_back(json::object{{"seq", i},
                                   {"time", micros(header.time)},
                                   {"type", header.type},
                                   {"actor", header.actor},
                                   {"data", data},
                                   {"opening", opening.to_json()},
                                   {"digest", base::to_hex(digest)},
                                   {"head", base::to_hex(chain.head())}});
    if (i % 5 != 0 && i != events) continue;
    out.heads.push_back(ev::sign_head(chain.head_at(at(1000), i == events), key).value());
    heads.push_back(json::string(base::to_hex(ev::to_bytes(out.heads.back()))));
  }
  json::object name{{"source", id.source}, {"run", id.run}};
  if (id.session) name["session"] = id.session->text();
  if (id.origin) name["origin"] = id.origin->text();
  out.chain = {{"id", std::move(name)},
               {"entries", std::move(entries)},
               {"heads", std::move(heads)},
               {"spki", base::to_hex(key.public_key().spki())}};
  return out;
}
}  // namespace

int main() {
  auto& random = base::system_random();
  const auto session = base::Guid::random(random);
  auto console = make_chain({session, "console", base::Guid::random(random), 2}, crypto::KeyKind::ed25519, 12);
  auto applet = make_chain({session, "applet", {}, 0}, crypto::KeyKind::p256, 7);
  auto old_applet = make_chain({session, "applet", {}, 1}, crypto::KeyKind::rsa2048, 3);
  auto site = make_chain({{}, "broker", {}, 0}, crypto::KeyKind::ed25519, 4);
  json::array leaves;
  json::array roots;
  ev::MerkleFrontier tree;
  roots.push_back(json::string(base::to_hex(tree.root())));
  for (int i = 0; i < 20; ++i) {
    ev::Leaf leaf{i % 2 == 0 ? ev::Leaf::Kind::created : ev::Leaf::Kind::ended, base::Guid::random(random), at(i), {}};
    if (i % 2 != 0) leaf.heads = {applet.heads.back(), console.heads.back()};
    tree.append(ev::leaf_digest(leaf));
    json::array heads;
    for (const auto& h : leaf.heads) heads.push_back(json::string(base::to_hex(ev::to_bytes(h))));
    leaves.push_back(json::object{{"kind", static_cast<int>(leaf.kind)},
                                  {"session", leaf.session.text()},
                                  {"time", micros(leaf.at)},
                                  {"heads", std::move(heads)}});
    roots.push_back(json::string(base::to_hex(tree.root())));
  }
  const auto key = crypto::PrivateKey::generate(crypto::KeyKind::ed25519).value();
  const ev::Checkpoint checkpoint{"rescue.example.org/log", tree.size(), tree.root(), at(5)};
  std::cout << json::serialize(
                   json::object{{"chains", json::array{console.chain, applet.chain, old_applet.chain, site.chain}},
                                {"leaves", std::move(leaves)},
                                {"roots", std::move(roots)},
                                {"checkpoint", ev::sign_checkpoint(checkpoint, key).value()},
                                {"origin", checkpoint.origin},
                                {"time", micros(checkpoint.at)},
                                {"site_key", base::to_hex(key.public_key().raw_ed25519().value())}})
            << "\n";
}
