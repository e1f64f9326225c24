// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/site_state.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include "base/log.hpp"
#include "crypto/errors.hpp"
#include "crypto/secret_file.hpp"

namespace rescue::broker {
namespace fs = std::filesystem;
using base::Errc;
namespace {

constexpr std::string_view kCaName = "Rescue site CA";
constexpr std::size_t kMaxPemBytes = 64 * 1024;
constexpr std::size_t kSiteSecretBytes = 32;

/// A secret that something depends on already and that nobody can make again.
base::Result<> check_not_lost(const fs::path& folder, std::string_view secret, std::string_view dependent) {
  if (!fs::exists(folder / dependent) || fs::exists(folder / secret)) return {};
  return base::fail(Errc::not_found,
                    fmt::format("'{}' is there but {} is not: restore it", (folder / dependent).string(), secret));
}

base::Result<std::string> read_pem(const fs::path& path) {
  RESCUE_TRY(const auto bytes, crypto::read_secret_file(path, kMaxPemBytes));
  return std::string(base::as_text(bytes.view()));
}

base::Result<crypto::PrivateKey> load_or_make_key(const fs::path& path, crypto::KeyKind kind) {
  if (fs::exists(path)) return crypto::PrivateKey::load(path);
  RESCUE_TRY(auto key, crypto::PrivateKey::generate(kind));
  RESCUE_CHECK(key.save_new(path));
  return key;
}

base::Result<crypto::Certificate> load_or_make_ca(const fs::path& folder, const crypto::PrivateKey& key,
                                                  base::WallTime now) {
  const auto path = folder / "ca.pem";
  if (fs::exists(path)) {
    RESCUE_TRY(const auto pem, read_pem(path));
    RESCUE_TRY(auto ca, crypto::Certificate::from_pem(pem));
    if (ca.fingerprint() != key.fingerprint())
      return base::fail(Errc::verification_failed, fmt::format("'{}' and ca.key", path.string()));
    return ca;
  }
  RESCUE_TRY(auto ca, crypto::make_ca(key, kCaName, now));
  RESCUE_CHECK(crypto::write_new_secret_file(path, base::as_bytes(ca.pem())));
  return ca;
}

std::vector<std::string> with_loopback(std::span<const std::string> hosts) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  for (const auto& host : hosts)
    if (std::ranges::find(names, host) == names.end()) names.push_back(host);
  return names;
}

/// subjectAltName of a certificate, so that a renewal answers to the same names.
crypto::ServerNames names_of(const crypto::Certificate& certificate) {
  crypto::ServerNames out;
  auto* list =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate.native(), NID_subject_alt_name, nullptr, nullptr));
  if (list == nullptr) return out;
  for (int i = 0; i < sk_GENERAL_NAME_num(list); ++i) {
    const auto* name = sk_GENERAL_NAME_value(list, i);
    if (name->type == GEN_DNS) {
      out.dns.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      const auto* data = ASN1_STRING_get0_data(name->d.iPAddress);
      const auto size = ASN1_STRING_length(name->d.iPAddress);
      if (size == 4) out.ip.push_back(fmt::format("{}.{}.{}.{}", data[0], data[1], data[2], data[3]));
      if (size == 16) {
        std::string text;
        for (int b = 0; b < 16; b += 2) text += fmt::format("{}{:x}", b == 0 ? "" : ":", (data[b] << 8) | data[b + 1]);
        out.ip.push_back(text);
      }
    }
  }
  GENERAL_NAMES_free(list);
  return out;
}

base::Result<> issue(const fs::path& folder, const crypto::PrivateKey& ca_key, const crypto::Certificate& ca,
                     const crypto::PrivateKey& key, const crypto::ServerNames& names, base::WallTime now) {
  RESCUE_TRY(auto leaf, crypto::issue_server_certificate(ca_key, ca, key.public_key(), names, now));
  const std::vector chain{leaf, ca};
  return crypto::replace_secret_file(folder / "broker.pem", base::as_bytes(crypto::to_pem(chain)));
}

/// A certificate by another CA (a public one, put there by the administrator) is never touched.
bool is_due(const crypto::ServerIdentity& server, const crypto::Certificate& ca, base::WallTime now) {
  return certified_by_site(server, ca) && server.chain.front().not_after() - now < kRenewBefore;
}

base::Result<crypto::ServerIdentity> load_server(const fs::path& folder, const crypto::PrivateKey& ca_key,
                                                 const crypto::Certificate& ca, base::WallTime now) {
  RESCUE_TRY(auto server, crypto::load_server_identity(folder / "broker.pem", folder / "broker.key"));
  if (!is_due(server, ca, now)) return server;
  RESCUE_CHECK(issue(folder, ca_key, ca, server.key, names_of(server.chain.front()), now));
  base::log(base::LogLevel::info, "broker", "server certificate renewed", {});
  return crypto::load_server_identity(folder / "broker.pem", folder / "broker.key");
}

base::Result<std::vector<crypto::PublicKey>> token_keys(const fs::path& folder, const crypto::PrivateKey& current) {
  std::vector keys{current.public_key()};
  const auto old = folder / "token.key.old";
  if (fs::exists(old)) {
    RESCUE_TRY(const auto key, crypto::PrivateKey::load(old));
    keys.push_back(key.public_key());
  }
  return keys;
}

base::Result<base::SecretBytes> load_or_make_secret(const fs::path& path, base::RandomSource& random) {
  if (!fs::exists(path)) {
    base::SecretBytes fresh(kSiteSecretBytes);
    random.fill(fresh.data());
    RESCUE_CHECK(crypto::write_new_secret_file(path, fresh.view()));
  }
  RESCUE_TRY(auto secret, crypto::read_secret_file(path));
  if (secret.view().size() != kSiteSecretBytes)
    return base::fail(Errc::bad_format, fmt::format("'{}' is not {} bytes long", path.string(), kSiteSecretBytes));
  return secret;
}

}  // namespace

base::Result<> prepare_folder(const fs::path& folder) {
  std::error_code ec;
  fs::create_directories(folder.parent_path(), ec);
  struct stat status {};
  if ((::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) || ::stat(folder.c_str(), &status) != 0)
    return base::fail(base::errno_error(fmt::format("create state folder '{}'", folder.string())));
  if (!S_ISDIR(status.st_mode))
    return base::fail(Errc::io, fmt::format("state folder '{}' is no folder", folder.string()));
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return base::fail(Errc::denied, fmt::format("others may write to state folder '{}' (chmod 700)", folder.string()));
  return {};
}

base::Result<SiteState> open_site(const fs::path& folder, std::span<const std::string> hosts,
                                  base::RandomSource& random, base::WallTime now) {
  RESCUE_CHECK(prepare_folder(folder));
  RESCUE_CHECK(check_not_lost(folder, "ca.key", "ca.pem"));
  RESCUE_CHECK(check_not_lost(folder, "ca.key", "rescue.db"));
  // Whoever rotates the token key leaves the old one.
  if (!fs::exists(folder / "token.key.old")) RESCUE_CHECK(check_not_lost(folder, "token.key", "rescue.db"));
  RESCUE_CHECK(check_not_lost(folder, "site.secret", "rescue.db"));
  RESCUE_TRY(auto ca_key, load_or_make_key(folder / "ca.key", crypto::KeyKind::p256));
  RESCUE_TRY(auto ca, load_or_make_ca(folder, ca_key, now));
  RESCUE_TRY(auto server_key, load_or_make_key(folder / "broker.key", crypto::KeyKind::p256));
  if (!fs::exists(folder / "broker.pem")) {
    const auto wanted = with_loopback(hosts);
    RESCUE_TRY(const auto names, crypto::ServerNames::from(wanted));
    RESCUE_CHECK(issue(folder, ca_key, ca, server_key, names, now));
  }
  RESCUE_TRY(auto server, load_server(folder, ca_key, ca, now));
  RESCUE_TRY(auto token_key, load_or_make_key(folder / "token.key", crypto::KeyKind::ed25519));
  RESCUE_TRY(auto keys, token_keys(folder, token_key));
  RESCUE_TRY(auto secret, load_or_make_secret(folder / "site.secret", random));
  return SiteState{folder,          std::move(ca_key), std::move(ca), std::move(server), std::move(token_key),
                   std::move(keys), std::move(secret)};
}

bool certified_by_site(const crypto::ServerIdentity& server, const crypto::Certificate& ca) {
  return server.chain.size() == 2 && server.chain.back().fingerprint() == ca.fingerprint();
}

base::Result<crypto::ServerIdentity> reload_server_identity(const SiteState& site, base::WallTime now) {
  return load_server(site.folder, site.ca_key, site.ca, now);
}

}  // namespace rescue::broker
