// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/requests_provision.hpp"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/ip.hpp"
#include "base/utf8.hpp"
#include "daemons/broker/json_body.hpp"
#include "daemons/broker/requests_groups.hpp"
#include "directory/accounts.hpp"

namespace rescue::broker {
namespace json = boost::json;
namespace provision = directory::provision;
namespace {

constexpr TextRule kEmail{.min = 3, .max = directory::kMaxEmailBytes};
constexpr TextRule kName{.min = 1, .max = directory::kMaxNameBytes};
constexpr TextRule kDescription{.max = directory::groups::kMaxDescriptionBytes};
constexpr TextRule kNetwork{.min = 1, .max = 64};
constexpr std::size_t kMaxSettingBytes = 64 * 1024;

base::Error refused(std::string what) { return {base::Errc::invalid_argument, std::move(what)}; }

/// "Billing", or "groups[3]" where it has no name that can be shown.
std::string row_name(const json::value& element, std::string_view key, std::string_view section, std::size_t index) {
  if (const auto* object = element.if_object()) {
    const auto* name = object->if_contains(json::string_view(key.data(), key.size()));
    if (name != nullptr && name->is_string() && !name->as_string().empty()) {
      const std::string_view text(name->as_string().data(), name->as_string().size());
      return base::to_display_text(text.substr(0, directory::kMaxEmailBytes));
    }
  }
  return fmt::format("{}[{}]", section, index);
}

/// Rows of one section. `read` gets an element as JSON text.
template <typename Spec, typename Read>
base::Result<> read_section(const json::object& document, std::string_view section, std::string_view key,
                            provision::Section<Spec>& out, Read read) {
  const auto* value = document.if_contains(json::string_view(section.data(), section.size()));
  if (value == nullptr) return {};
  const auto* list = value->if_array();
  if (list == nullptr) return base::fail(refused(fmt::format("field 'document.{}' must be a list", section)));
  out.emplace();
  out->reserve(list->size());
  for (std::size_t i = 0; i < list->size(); ++i)
    out->push_back({row_name((*list)[i], key, section, i), read(json::serialize((*list)[i]))});
  return {};
}

std::optional<std::vector<std::string>> networks(JsonBody& body) {
  if (!body.has("allowed_networks")) return std::nullopt;
  return body.texts("allowed_networks", 0, base::kMaxNetworks, kNetwork);
}

base::Result<provision::UserSpec> read_account(const std::string& text, bool service) {
  RESCUE_TRY(auto body, JsonBody::parse(text));
  provision::UserSpec out;
  out.email = body.text("email", kEmail);
  out.name = body.maybe_text("name", kName);
  out.group = body.maybe_text("group", kName);
  out.disabled = body.maybe_boolean("disabled");
  out.allowed_networks = networks(body);
  if (!service) {
    out.sso_disabled = body.maybe_boolean("sso_disabled");
    if (const auto role = body.maybe_text("role", kName)) {
      out.role = store::parse_user_role(*role);
      if (!out.role) body.refuse("role", "is no role");
    }
  }
  RESCUE_CHECK(body.finish());
  RESCUE_CHECK(directory::check_email(out.email));
  return out;
}

base::Result<provision::ChannelSpec> read_channel(const std::string& text) {
  RESCUE_TRY(auto body, JsonBody::parse(text));
  provision::ChannelSpec out;
  out.name = body.text("name", kName);
  out.description = body.maybe_text("description", kDescription);
  if (body.has("groups")) out.groups = body.texts("groups", 0, directory::groups::kMaxGroups, kName);
  RESCUE_CHECK(body.finish());
  return out;
}

/// A setting's value as a person would write it.
base::Result<std::string> setting_text(const json::value& value) {
  std::string out;
  if (const auto* text = value.if_string()) {
    out.assign(text->data(), text->size());
  } else if (const auto* items = value.if_array()) {
    for (const auto& item : *items) {
      if (!item.is_string()) return base::fail(refused("must be a list of texts"));
      out += out.empty() ? "" : ",";
      out += std::string_view(item.as_string());
    }
  } else if (value.is_bool() || value.is_int64() || value.is_uint64()) {
    out = json::serialize(value);
  } else {
    return base::fail(refused("must be a text, whole number, boolean or list of texts"));
  }
  if (out.size() > kMaxSettingBytes) return base::fail(refused("is too long"));
  return out;
}

base::Result<> read_settings(const json::object& document, provision::Section<provision::SettingSpec>& out) {
  const auto* value = document.if_contains("settings");
  if (value == nullptr) return {};
  if (!value->is_object()) return base::fail(refused("field 'document.settings' must be an object"));
  out.emplace();
  for (const auto& [key, setting] : value->as_object()) {
    std::string name(key);
    auto text = setting_text(setting);
    if (!text) {
      out->push_back({std::move(name), base::fail(std::move(text).error())});
    } else {
      provision::SettingSpec spec{name, std::move(*text)};
      out->push_back({std::move(name), std::move(spec)});
    }
  }
  return {};
}

base::Result<provision::Document> read_document(const json::object& from) {
  for (const auto& [key, value] : from) {
    bool known = false;
    for (const char* section : {"settings", "groups", "channels", "users", "service_accounts"}) known |= key == section;
    if (!known)
      return base::fail(refused(fmt::format("field 'document.{}' is not known here",
                                            base::to_display_text(std::string_view(key).substr(0, 64)))));
  }
  provision::Document out;
  RESCUE_CHECK(read_settings(from, out.settings));
  RESCUE_CHECK(
      read_section(from, "groups", "name", out.groups, [](const std::string& e) { return read_new_group(e); }));
  RESCUE_CHECK(read_section(from, "channels", "name", out.channels, read_channel));
  RESCUE_CHECK(
      read_section(from, "users", "email", out.users, [](const std::string& e) { return read_account(e, false); }));
  RESCUE_CHECK(read_section(from, "service_accounts", "email", out.service_accounts,
                            [](const std::string& e) { return read_account(e, true); }));
  return out;
}

}  // namespace

base::Result<ApplyBody> read_apply(std::string_view body) {
  RESCUE_TRY(auto fields, JsonBody::parse(body));
  ApplyBody out;
  const auto text = fields.free_object("document", kMaxDocument);
  out.options.dry_run = fields.maybe_boolean("dry_run").value_or(false);
  out.options.prune = fields.maybe_boolean("prune").value_or(false);
  out.options.continue_on_error = fields.maybe_boolean("continue_on_error").value_or(false);
  out.options.invite = fields.maybe_boolean("invite").value_or(false);
  RESCUE_CHECK(fields.finish());
  json::error_code ec;
  const auto document = json::parse(text, ec);
  if (ec || !document.is_object()) return base::fail(refused("field 'document' must be an object"));
  RESCUE_TRY(out.document, read_document(document.as_object()));
  return out;
}

base::Result<std::vector<directory::PolicyQuestion>> read_questions(std::string_view body) {
  RESCUE_TRY(auto fields, JsonBody::parse(body));
  std::vector<directory::PolicyQuestion> out;
  fields.objects("questions", 1, kMaxQuestions, [&out](JsonBody& question) {
    directory::PolicyQuestion q;
    q.as = question.text("as", kEmail);
    q.action = question.text("action", kName);
    q.channel = question.maybe_text("channel", kName).value_or("");
    out.push_back(std::move(q));
  });
  RESCUE_CHECK(fields.finish());
  return out;
}

}  // namespace rescue::broker
