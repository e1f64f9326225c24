// SPDX-License-Identifier: Apache-2.0
// Single sign-on as administrators see it: how the site and its identity provider know each other, whether that can
// work, and the switch for one person.
#include <array>

#include <fmt/format.h>

#include "base/utf8.hpp"
#include "crypto/certificate.hpp"
#include "daemons/broker/handlers.hpp"
#include "daemons/broker/requests_sso.hpp"
#include "daemons/broker/views.hpp"
#include "directory/groups.hpp"
#include "directory/site_policy.hpp"
#include "net/endpoint.hpp"
#include "saml/errors.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace sso = directory::sso;
namespace {

base::Result<SsoSetup> setup_of(Services& s) {
  return s.store->read_now([&](store::ReadTransaction& tx) { return SingleSignOn::setup(tx, s.public_url); });
}

json::value certificate_view(const std::string& pem) {
  const auto certificate = crypto::Certificate::from_pem(pem);
  if (!certificate) return nullptr;
  return json::object{{"key_sha256", base::to_hex(certificate->fingerprint())},
                      {"not_after", base::to_rfc3339(certificate->not_after())}};
}

json::value idp_view(Services& s, const std::string& xml) {
  if (xml.empty()) return nullptr;
  const auto idp = s.sso.read_metadata(xml);
  if (!idp) return json::object{{"error", idp.error().message()}};
  json::array certificates;
  for (const auto& pem : idp->signing_certificates) certificates.push_back(certificate_view(pem));
  return json::object{{"entity_id", idp->entity_id},
                      {"sign_in_url", idp->sso_redirect_url},
                      {"signing_certificates", std::move(certificates)},
                      {"wants_signed_requests", idp->wants_signed_requests},
                      {"valid_until", time_view(idp->valid_until)}};
}

base::Result<json::object> sso_view(Services& s, base::WallTime now) {
  RESCUE_TRY(const auto setup, setup_of(s));
  RESCUE_TRY(const auto keys, s.sso.keys(*s.store, now));
  json::array own, map;
  for (const auto& key : keys) own.push_back(certificate_view(key.certificate_pem));
  for (const auto& rule : setup.rules.group_map)
    map.push_back(json::object{{"value", rule.value}, {"group", rule.group}});
  return json::object{{"enabled", setup.rules.enabled},
                      {"entity_id", setup.sp.entity_id},
                      {"metadata_url", s.public_url + "/saml/metadata"},
                      {"acs_url", setup.sp.acs_url},
                      {"idp_initiated", setup.rules.idp_initiated},
                      {"provision", setup.rules.provision},
                      {"email_attribute", setup.rules.email_attribute},
                      {"name_attribute", setup.rules.name_attribute},
                      {"group_attribute", setup.rules.group_attribute},
                      {"group_map", std::move(map)},
                      {"idp", idp_view(s, setup.idp_xml)},
                      {"keys", std::move(own)}};
}

std::vector<directory::site_policy::Change> changes_of(const SsoChange& body) {
  std::vector<directory::site_policy::Change> out;
  const auto text = [&](std::string_view name, const std::optional<std::string>& value) {
    if (value) out.push_back({std::string(name), *value});
  };
  const auto flag = [&](std::string_view name, const std::optional<bool>& value) {
    if (value) out.push_back({std::string(name), *value ? "true" : "false"});
  };
  flag("sso.enabled", body.enabled);
  flag("sso.idp_initiated", body.idp_initiated);
  flag("sso.provision", body.provision);
  text("sso.entity_id", body.entity_id);
  text("sso.email_attribute", body.email_attribute);
  text("sso.name_attribute", body.name_attribute);
  text("sso.group_attribute", body.group_attribute);
  if (body.group_map) out.push_back({"sso.group_map", sso::group_map_text(*body.group_map)});
  return out;
}

base::Result<> check_usable(const saml::IdpMetadata& idp) {
  if (!idp.sso_redirect_url.empty()) return {};
  return base::fail(base::Errc::invalid_argument,
                    "idp_metadata: the identity provider offers no sign-in by HTTP-Redirect");
}

/// A refusal by a rule is the caller's mistake here: the metadata are what it sent.
base::Error metadata_error(const base::Error& error) {
  if (error.code == saml::Errc::refused) return {base::Errc::invalid_argument, "idp_metadata: " + error.context};
  return error;
}

base::Result<> groups_exist(store::ReadTransaction& tx, const SsoChange& body) {
  if (!body.group_map) return {};
  for (const auto& rule : *body.group_map) {
    RESCUE_TRY(const auto group, directory::groups::find(tx, rule.group));
    static_cast<void>(group);
  }
  return {};
}

base::Result<> change_settings(store::Transaction& tx, const std::vector<directory::site_policy::Change>& changes,
                               const Call& c) {
  RESCUE_TRY(const auto changed, directory::site_policy::change(tx, changes, c.by(), c.now));
  static_cast<void>(changed);
  return {};
}

struct Check {
  std::string name;
  bool ok = true;
  std::string detail;
};

bool is_safe_url(std::string_view url) {
  return url.starts_with("https://") || url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:");
}

void check_provider(const saml::IdpMetadata& idp, base::WallTime now, std::vector<Check>& out) {
  out.push_back({"sign_in_url", is_safe_url(idp.sso_redirect_url),
                 idp.sso_redirect_url.empty() ? "no sign-in by HTTP-Redirect" : idp.sso_redirect_url});
  const bool valid = !idp.valid_until || *idp.valid_until > now;
  out.push_back({"metadata_valid", valid,
                 idp.valid_until ? "until " + base::to_rfc3339(*idp.valid_until) : std::string("without end")});
  // What a certificate says of its time binds nobody here: the key is trusted because it was installed. Providers
  // change their key when it ends, though.
  for (const auto& pem : idp.signing_certificates) {
    const auto certificate = crypto::Certificate::from_pem(pem);
    out.push_back({"signing_certificate", certificate && certificate->not_after() > now,
                   certificate ? "until " + base::to_rfc3339(certificate->not_after()) : std::string("unreadable")});
  }
}

base::Result<std::vector<Check>> run_checks(Services& s, base::WallTime now) {
  std::vector<Check> out;
  RESCUE_TRY(const auto setup, setup_of(s));
  out.push_back({"enabled", setup.rules.enabled, setup.rules.enabled ? "" : "switched off"});
  out.push_back({"public_url", s.public_url.starts_with("https://"), s.public_url});
  if (setup.idp_xml.empty()) {
    out.push_back({"idp_metadata", false, "none was installed"});
  } else if (const auto idp = s.sso.read_metadata(setup.idp_xml); !idp) {
    out.push_back({"idp_metadata", false, idp.error().message()});
  } else {
    out.push_back({"idp_metadata", true, idp->entity_id});
    check_provider(*idp, now, out);
    RESCUE_TRY(const auto keys, s.sso.keys(*s.store, now));
    const auto request = saml::make_authn_request(setup.sp, *idp, keys.front().key_pem, now, s.random);
    out.push_back({"request", request.has_value(), request ? "signed" : request.error().message()});
  }
  RESCUE_CHECK(s.store->read_now([&](store::ReadTransaction& tx) -> base::Result<> {
    for (const auto& rule : setup.rules.group_map) {
      RESCUE_TRY(const auto group, store::groups::find_by_name(tx, rule.group));
      out.push_back({"group", group.has_value(), rule.group});
    }
    return {};
  }));
  return out;
}

using Change = base::Result<store::User> (*)(store::Transaction&, const base::Guid&, const directory::By&,
                                             base::WallTime);
Answer change_person(Services& s, Call& c, Change change) {
  RESCUE_TRY(const auto user, s.store->write_now([&](store::Transaction& tx) -> base::Result<store::User> {
    RESCUE_TRY(const auto named, named_user(tx, c, c.request.param("user"), directory::Verb::user_manage));
    return change(tx, named.id, c.by(), c.now);
  }));
  RESCUE_TRY(auto view, user_view(*s.store, user));
  return Reply{.body = json::object{{"user", std::move(view)}}};
}

}  // namespace

Answer get_sso(Services& s, Call& c) {
  RESCUE_TRY(auto view, sso_view(s, c.now));
  return Reply{.body = json::object{{"sso", std::move(view)}}};
}

Answer change_sso(Services& s, Call& c) {
  RESCUE_TRY(const auto body, read_sso_change(c.request.body));
  RESCUE_TRY(const auto before, setup_of(s));
  const auto& xml = body.idp_metadata ? *body.idp_metadata : before.idp_xml;
  std::optional<saml::IdpMetadata> idp;
  if (!xml.empty() && (body.idp_metadata || body.enabled.value_or(false))) {
    auto read = s.sso.read_metadata(xml);
    if (!read) return base::fail(metadata_error(read.error()));
    idp = std::move(*read);
    RESCUE_CHECK(check_usable(*idp));
  }
  if (body.enabled.value_or(before.rules.enabled) && xml.empty())
    return base::fail(base::Errc::invalid_argument,
                      "enabled: needs the metadata of an identity provider (idp_metadata)");
  const auto changes = changes_of(body);
  const auto done = s.store->write_now([&](store::Transaction& tx) -> base::Result<> {
    RESCUE_CHECK(groups_exist(tx, body));
    if (body.idp_metadata) RESCUE_CHECK(sso::install_metadata(tx, xml, idp ? idp->entity_id : "", c.by(), c.now));
    return change_settings(tx, changes, c);
  });
  RESCUE_CHECK(done);
  return get_sso(s, c);
}

Answer test_sso(Services& s, Call& c) {
  RESCUE_TRY(const auto checks, run_checks(s, c.now));
  json::array list;
  bool ok = true;
  for (const auto& check : checks) {
    ok = ok && check.ok;
    list.push_back(json::object{{"check", check.name}, {"ok", check.ok}, {"detail", check.detail}});
  }
  return Reply{.body = json::object{{"ok", ok}, {"checks", std::move(list)}}};
}

Answer renew_sso_key(Services& s, Call& c) {
  RESCUE_TRY(const auto old, s.sso.keys(*s.store, c.now));
  static_cast<void>(old);  // there is one to announce beside the new one
  RESCUE_TRY(const auto fresh, SingleSignOn::make_key(c.now));
  RESCUE_CHECK(s.store->write_now([&](store::Transaction& tx) { return s.sso.renew_key(tx, fresh, c.by(), c.now); }));
  return get_sso(s, c);
}

Answer disable_user_sso(Services& s, Call& c) {
  return change_person(s, c,
                       [](store::Transaction& tx, const base::Guid& id, const directory::By& by, base::WallTime now) {
                         return sso::set_disabled(tx, id, true, by, now);
                       });
}

Answer enable_user_sso(Services& s, Call& c) {
  return change_person(s, c,
                       [](store::Transaction& tx, const base::Guid& id, const directory::By& by, base::WallTime now) {
                         return sso::set_disabled(tx, id, false, by, now);
                       });
}

Answer unlink_user_sso(Services& s, Call& c) { return change_person(s, c, sso::unlink); }

}  // namespace rescue::broker
