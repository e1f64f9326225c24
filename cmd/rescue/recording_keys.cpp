// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/recording_keys.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/random.hpp"
#include "crypto/x25519.hpp"

namespace rescue::program {
namespace {
namespace fs = std::filesystem;

/// A public key is for everybody; like the private one it replaces nothing.
base::Result<> write_public(const fs::path& path, std::string_view pem) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
  if (fd < 0) {
    if (errno == EEXIST) return base::fail(base::Errc::conflict, fmt::format("'{}' exists already", path.string()));
    return base::fail(base::errno_error(fmt::format("create '{}'", path.string())));
  }
  const bool whole = ::write(fd, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size()) && ::fsync(fd) == 0;
  auto result = whole ? base::Result<>{} : base::fail(base::errno_error(fmt::format("write '{}'", path.string())));
  ::close(fd);
  if (!result) ::unlink(path.c_str());
  return result;
}
}  // namespace

base::Result<rcrec::KeyRing> keys_of(const Invocation& in) {
  std::vector<fs::path> files;
  for (const auto& file : in.parsed.all("key")) files.push_back(in.env.absolute(file));
  return rcrec::KeyRing::load(files);
}

std::string_view content_text(const rcrec::RecordingInfo& i) { return i.content_read ? "read" : "not read: encrypted"; }

void add_encryption(boost::json::object& o, const rcrec::RecordingInfo& i) {
  boost::json::array recipients;
  for (const auto& id : i.recipients) recipients.emplace_back(base::to_hex(id));
  o["encrypted"] = i.encrypted;
  o["content"] = content_text(i);
  o["recipients"] = std::move(recipients);
}

base::Result<int> recording_keygen(Invocation& in) {
  constexpr cli::Column kColumns[] = {{"KEY ID"}, {"PRIVATE KEY"}, {"PUBLIC KEY"}};
  const auto path = in.env.absolute(in.parsed.text("out"));
  auto pub = path;
  pub += ".pub";
  RESCUE_TRY(const auto key, crypto::X25519Private::generate(base::system_random()));
  RESCUE_CHECK(write_public(pub, key.public_key().pem()));
  if (auto saved = key.save_new(path); !saved) {
    ::unlink(pub.c_str());
    return base::fail(std::move(saved).error());
  }
  const auto id = base::to_hex(key.public_key().id());
  const boost::json::object o{{"key_id", id}, {"path", path.string()}, {"public_path", pub.string()}};
  cli::write_object(in.env, in.format, in.color, kColumns,
                    {{id, path.string(), pub.string()}, boost::json::serialize(o), path.string()});
  in.hint("Give the public key to those who record. Whoever has the private key can watch; without it nobody can.");
  return 0;
}

}  // namespace rescue::program
