// SPDX-License-Identifier: Apache-2.0
#include "saml/model.hpp"

namespace rescue::saml {

std::vector<std::string> Identity::values(std::string_view attribute) const {
  std::vector<std::string> out;
  bool named = false;  // a Name counts before a FriendlyName: only the first is unique
  for (const auto& a : attributes) {
    if (a.name != attribute) continue;
    named = true;
    out.insert(out.end(), a.values.begin(), a.values.end());
  }
  if (named) return out;
  for (const auto& a : attributes)
    if (a.friendly_name == attribute) out.insert(out.end(), a.values.begin(), a.values.end());
  return out;
}

}  // namespace rescue::saml
