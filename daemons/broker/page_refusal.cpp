// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/page_refusal.hpp"

#include <array>

#include "daemons/broker/api_error.hpp"

namespace rescue::broker::visit {
namespace {

struct Words {
  std::string_view name;
  std::string_view Texts::*text;
};
constexpr std::array kWords{
    Words{"PIN_UNKNOWN", &Texts::pin_unknown},
    Words{"PIN_EXPIRED", &Texts::pin_expired},
    Words{"PIN_SPENT", &Texts::pin_spent},
    Words{"SESSION_ENDED", &Texts::session_ended},
    Words{"RATE_LIMITED", &Texts::too_many},
    Words{"UNAVAILABLE", &Texts::busy},
    Words{"CHANNEL_NOT_FOUND", &Texts::channel_unknown},
};

}  // namespace

std::string_view words_for(std::string_view name, unsigned status, Language language) {
  constexpr unsigned kFault = 500, kDenied = 403;
  const auto& t = texts(language);
  for (const auto& row : kWords)
    if (row.name == name) return t.*row.text;
  if (status >= kFault) return t.failed;
  return status == kDenied ? t.elsewhere : t.field_wrong;
}

std::string_view words_for(const base::Error& error, Language language) {
  const auto told = api_error(error);
  if (error.code == base::Errc::invalid_argument) return texts(language).pin_malformed;
  return words_for(told.name, told.status, language);
}

}  // namespace rescue::broker::visit
