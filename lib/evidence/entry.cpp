// SPDX-License-Identifier: Apache-2.0
#include "evidence/entry.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "base/utf8.hpp"
#include "evidence/impl/statement.hpp"

namespace rescue::evidence {
namespace {
namespace json = boost::json;
using base::Errc;
using base::fail;
using base::Result;

constexpr std::string_view kFieldDomain = "rescue-field/1";
constexpr std::string_view kEntryDomain = "rescue-entry/1";

std::string_view view(const json::string& s) { return {s.data(), s.size()}; }
std::string_view view(json::string_view s) { return {s.data(), s.size()}; }

Result<> put_text(std::string& out, std::string_view s) {
  if (!base::is_valid_utf8(s)) return fail(Errc::bad_format, "text of an event is not UTF-8");
  out += '"';
  for (const char c : s) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
          out += c;
    }
  }
  out += '"';
  return {};
}

Result<> put(std::string& out, const json::value& v, std::size_t depth);

Result<> put_object(std::string& out, const json::object& o, std::size_t depth) {
  std::vector<const json::key_value_pair*> members;
  for (const auto& m : o) members.push_back(&m);
  std::ranges::sort(members, [](const auto* a, const auto* b) { return view(a->key()) < view(b->key()); });
  out += '{';
  bool first = true;
  for (const auto* m : members) {
    if (!std::exchange(first, false)) out += ',';
    RESCUE_CHECK(put_text(out, view(m->key())));
    out += ':';
    RESCUE_CHECK(put(out, m->value(), depth + 1));
  }
  out += '}';
  return {};
}

Result<> put(std::string& out, const json::value& v, std::size_t depth) {
  if (depth > kCanonicalDepthMax) return fail(Errc::too_large, "data of an event nests too deep");
  switch (v.kind()) {
    case json::kind::null:
      out += "null";
      return {};
    case json::kind::bool_:
      out += v.get_bool() ? "true" : "false";
      return {};
    case json::kind::int64:
      out += std::to_string(v.get_int64());
      return {};
    case json::kind::uint64:
      out += std::to_string(v.get_uint64());
      return {};
    case json::kind::double_:
      return fail(Errc::bad_format, "a number in an event is not a whole one");
    case json::kind::string:
      return put_text(out, view(v.get_string()));
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& item : v.get_array()) {
        if (!std::exchange(first, false)) out += ',';
        RESCUE_CHECK(put(out, item, depth + 1));
      }
      out += ']';
      return {};
    }
    case json::kind::object:
      return put_object(out, v.get_object(), depth);
  }
  return fail(Errc::bad_format, "data of an event");
}

template <std::size_t N>
Result<std::array<std::uint8_t, N>> bytes_of(const json::value& v, std::string_view what) {
  if (!v.is_string()) return fail(Errc::bad_format, fmt::format("{}: hexadecimal text is expected", what));
  auto bytes = base::from_hex(view(v.get_string()));
  if (!bytes || bytes->size() != N)
    return fail(Errc::bad_format, fmt::format("{}: {} bytes in hexadecimal are expected", what, N));
  std::array<std::uint8_t, N> out;
  std::ranges::copy(*bytes, out.begin());
  return out;
}

/// The salt of a field that is there.
Result<Salt> salt_of(const Opening& opening, std::string_view field) {
  if (opening.salt) return field_salt(*opening.salt, field);
  const auto kept = opening.field_salts.find(field);
  if (kept == opening.field_salts.end()) return fail(Errc::bad_format, fmt::format("field '{}' has no salt", field));
  return kept->second;
}
}  // namespace

std::string ChainId::text() const {
  std::string out = session ? "session " + session->text() : "the site";
  out += ", " + source;
  if (origin) out += " " + origin->text();
  if (run > 0) out += fmt::format(", run {}", run);
  return out;
}

Result<std::string> canonical(const json::value& value) {
  std::string out;
  RESCUE_CHECK(put(out, value, 0));
  return out;
}

Salt field_salt(const Salt& event, std::string_view field) {
  const auto mac = crypto::hmac_sha256(event, base::as_bytes(field));
  Salt out;
  std::copy_n(mac.begin(), out.size(), out.begin());
  return out;
}

Digest256 field_digest(const Salt& salt, std::string_view field, std::string_view canonical_value) {
  impl::Statement s(kFieldDomain);
  s.bytes(salt);
  s.text(field);
  s.text(canonical_value);
  return s.digest();
}

Result<FieldDigests> digest_fields(const json::object& data, const Salt& event) {
  Opening opening;
  opening.salt = event;
  return digest_fields(data, opening);
}

Result<FieldDigests> digest_fields(const json::object& data, const Opening& opening) {
  if (data.size() + opening.erased.size() > kEntryFieldsMax)
    return fail(Errc::too_large, fmt::format("an event of more than {} fields", kEntryFieldsMax));
  auto out = opening.erased;
  for (const auto& member : data) {
    const auto field = view(member.key());
    RESCUE_TRY(const auto salt, salt_of(opening, field));
    RESCUE_TRY(const auto value, canonical(member.value()));
    if (!out.emplace(field, field_digest(salt, field, value)).second)
      return fail(Errc::bad_format, fmt::format("field '{}' is there and counts as erased", field));
  }
  return out;
}

Result<> erase_field(json::object& data, Opening& opening, std::string_view field) {
  const json::string_view name(field.data(), field.size());
  const auto* value = data.if_contains(name);
  if (value == nullptr) return fail(Errc::not_found, fmt::format("field '{}'", field));
  RESCUE_TRY(const auto salt, salt_of(opening, field));
  RESCUE_TRY(auto text, canonical(*value));
  const auto digest = field_digest(salt, field, text);
  // The salt of the event would give the erased field's back: what is left of it are those of the other fields.
  if (opening.salt) {
    for (const auto& member : data)
      if (view(member.key()) != field)
        opening.field_salts.emplace(view(member.key()), field_salt(*opening.salt, view(member.key())));
    opening.salt.reset();
  } else {
    opening.field_salts.erase(std::string(field));
  }
  opening.erased.emplace(field, digest);
  data.erase(name);
  return {};
}

json::object Opening::to_json() const {
  json::object out;
  if (salt) out["salt"] = base::to_hex(*salt);
  json::object salts;
  for (const auto& [field, s] : field_salts) salts[field] = base::to_hex(s);
  if (!salts.empty()) out["salts"] = std::move(salts);
  json::object gone;
  for (const auto& [field, digest] : erased) gone[field] = base::to_hex(digest);
  if (!gone.empty()) out["erased"] = std::move(gone);
  return out;
}

Result<Opening> Opening::from_json(const json::value& value) {
  if (!value.is_object()) return fail(Errc::bad_format, "salts of an event: an object is expected");
  Opening out;
  for (const auto& member : value.get_object()) {
    const auto name = view(member.key());
    if (name == "salt") {
      RESCUE_TRY(out.salt, bytes_of<16>(member.value(), "salt"));
      continue;
    }
    if (name != "salts" && name != "erased")
      return fail(Errc::bad_format, fmt::format("salts of an event: '{}' is not known", name));
    if (!member.value().is_object() || member.value().get_object().size() > kEntryFieldsMax)
      return fail(Errc::bad_format, fmt::format("{}: an object of few members is expected", name));
    for (const auto& field : member.value().get_object()) {
      const std::string key(view(field.key()));
      if (name == "salts") {
        RESCUE_TRY(out.field_salts[key], bytes_of<16>(field.value(), key));
      } else {
        RESCUE_TRY(out.erased[key], bytes_of<32>(field.value(), key));
      }
    }
  }
  if (out.salt && (!out.field_salts.empty() || !out.erased.empty()))
    return fail(Errc::bad_format, "salts of an event: the salt of the whole event beside erased fields");
  return out;
}

Digest256 entry_digest(const ChainId& chain, const EntryHeader& header, const FieldDigests& fields) {
  impl::Statement s(kEntryDomain);
  s.chain(chain);
  s.u64(header.seq);
  s.time(header.time);
  s.text(header.type);
  s.text(header.actor);
  s.u64(fields.size());
  for (const auto& [field, digest] : fields) {
    s.text(field);
    s.bytes(digest);
  }
  return s.digest();
}

}  // namespace rescue::evidence
