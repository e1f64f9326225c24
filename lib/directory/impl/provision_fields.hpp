// SPDX-License-Identifier: Apache-2.0
// Objects of the directory as fields of a provisioning document, and specs put over objects.
#pragma once

#include "directory/provision.hpp"

namespace rescue::directory::provision {

// All fields but the name by which the object is known; in the form of the document.
[[nodiscard]] boost::json::object fields_of(const store::Group& group);
/// `groups`: names in order.
[[nodiscard]] boost::json::object fields_of(const store::Channel& channel, const std::vector<std::string>& groups);
[[nodiscard]] boost::json::object fields_of(const store::User& user, const std::string& group);

// What the spec says; the rest stays. The name of a group and the group of a user are not touched. invalid_argument for
// networks that are none.
[[nodiscard]] base::Result<> put(store::Group& over, const GroupSpec& spec);
[[nodiscard]] base::Result<> put(store::User& over, const UserSpec& spec);

[[nodiscard]] std::vector<std::string> sorted(std::vector<std::string> names);

}  // namespace rescue::directory::provision
