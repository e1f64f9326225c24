// SPDX-License-Identifier: Apache-2.0
#include "audit/receipt_check.hpp"

#include <boost/json/value.hpp>

#include "crypto/receipt.hpp"
#include "wire/permission.hpp"

namespace rescue::audit {
namespace {
namespace json = boost::json;
using crypto::ReceiptAnswer;
using store::EventType;

std::string_view text_of(const json::object& data, std::string_view key) {
  const auto* value = data.if_contains(json::string_view(key.data(), key.size()));
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

bool fits(EventType type, ReceiptAnswer answer) {
  switch (type) {
    case EventType::consent_granted:
      return answer == ReceiptAnswer::yes;
    case EventType::consent_revoked:
      return answer == ReceiptAnswer::revoked || answer == ReceiptAnswer::lapsed;
    case EventType::consent_denied:  // what waited when everything was taken back is denied by that
      return answer != ReceiptAnswer::yes && answer != ReceiptAnswer::lapsed;
    default:
      return answer == ReceiptAnswer::yes || answer == ReceiptAnswer::no || answer == ReceiptAnswer::timed_out;
  }
}

bool same_number(const json::object& data, std::uint64_t number) {
  const auto* value = data.if_contains("receipt");
  if (value == nullptr) return false;
  if (value->is_uint64()) return value->get_uint64() == number;
  return value->is_int64() && value->get_int64() > 0 && static_cast<std::uint64_t>(value->get_int64()) == number;
}
}  // namespace

bool may_have_receipt(EventType type) {
  return type == EventType::consent_granted || type == EventType::consent_denied ||
         type == EventType::consent_revoked || type == EventType::question_answered;
}

std::optional<std::string_view> receipt_problem(store::EventSource source, EventType type, const json::object& data,
                                                const base::Guid& session, const crypto::PublicKey* applet) {
  if (!may_have_receipt(type)) return std::nullopt;
  const bool from_applet = source == store::EventSource::applet;
  const auto encoded = text_of(data, "signed");
  if (encoded.empty()) {
    const bool needed = type == EventType::consent_granted || type == EventType::question_answered;
    return from_applet && needed ? std::optional<std::string_view>("without a receipt") : std::nullopt;
  }
  if (applet == nullptr) return "no key is bound to the session";
  const auto bytes = base::from_base64url(encoded);
  if (!bytes) return "the receipt is no base64url";
  const auto receipt = crypto::open_receipt(*bytes, *applet);
  if (!receipt) return "the receipt is not signed by the session's key";
  if (receipt->session != session) return "the receipt is of another session";
  if (from_applet && !same_number(data, receipt->number)) return "the receipt has another number";
  if (!fits(type, receipt->answer)) return "the receipt says something else";
  const auto permission = text_of(data, "permission");
  if (permission.empty() || permission == "all") return std::nullopt;
  const auto known = wire::parse_permission(permission);
  if (!known || !wire::PermissionSet::from_bits(receipt->permissions).has(*known))
    return "the receipt is about other permissions";
  return std::nullopt;
}

}  // namespace rescue::audit
