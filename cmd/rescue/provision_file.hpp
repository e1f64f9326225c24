// SPDX-License-Identifier: Apache-2.0
// Descriptions of an organisation as people keep them, TOML, CSV and JSON, to and from the one document that the
// broker's API takes: {"settings":{…},"groups":[…],"channels":[…],"users":[…],"service_accounts":[…]}.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace rescue::program {

/// Bytes of one file; the broker takes no more in one request.
inline constexpr std::size_t kMaxProvisionBytes = 8 * 1024 * 1024;

enum class ProvisionFormat : std::uint8_t { toml, csv, json };
/// By the name's ending; toml for any other.
[[nodiscard]] ProvisionFormat provision_format_of(std::string_view file_name);

/// Several files put together into one document.
class ProvisionDocument {
 public:
  /// bad_format and invalid_argument name the file and, where there is one, the line: not the format, an unknown
  /// section or CSV column, a setting that an earlier file has too. `name` is how messages call the file.
  [[nodiscard]] base::Result<> add(std::string_view text, ProvisionFormat format, const std::string& name);

  [[nodiscard]] const boost::json::object& body() const { return body_; }
  /// "users.csv:17" of the element "users[3]", or its file alone, or "".
  [[nodiscard]] std::string place(std::string_view section, std::size_t index) const;
  /// A message of the broker with the places of the elements that it names: "field 'users[3].role' … (users.csv:17)".
  [[nodiscard]] std::string with_places(std::string message) const;

 private:
  base::Result<> add_csv(std::string_view text, const std::string& name);
  base::Result<> add_object(boost::json::object object, const std::string& name,
                            const std::map<std::string, std::size_t, std::less<>>& lines);

  boost::json::object body_;
  std::map<std::string, std::string, std::less<>> places_;  // "users[3]"
};

/// The document of an export as TOML that add() reads back.
[[nodiscard]] std::string provision_toml(const boost::json::object& document);

}  // namespace rescue::program
