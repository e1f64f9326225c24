// SPDX-License-Identifier: Apache-2.0
// The bodies of requests about provisioning and policy: pure functions, as requests.hpp.
#pragma once

#include <string_view>
#include <vector>

#include "directory/policy_answer.hpp"
#include "directory/provision_apply.hpp"

namespace rescue::broker {

/// Bytes of a document; the body of its request may be a little longer.
inline constexpr std::size_t kMaxDocument = 8 * 1024 * 1024;
inline constexpr std::size_t kApplyBody = kMaxDocument + 4 * 1024;
inline constexpr std::size_t kMaxQuestions = 1000;

struct ApplyBody {
  directory::provision::Document document;
  directory::provision::ApplyOptions options;
};
/// An object of the document that cannot be read is an error in its row, not of the whole.
[[nodiscard]] base::Result<ApplyBody> read_apply(std::string_view body);

[[nodiscard]] base::Result<std::vector<directory::PolicyQuestion>> read_questions(std::string_view body);

}  // namespace rescue::broker
