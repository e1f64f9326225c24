// SPDX-License-Identifier: Apache-2.0
// Reading XML from strangers. No program but rescue-saml links an XML parser: a Verifier asks it, and a crash or a hole
// in the parser stays in a process that can neither open files nor sockets, knows no secret but a decryption key, and
// ends with the one answer.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.hpp"
#include "saml/errors.hpp"
#include "saml/model.hpp"

namespace rescue::saml {

/// Checking takes 2 to 20 ms; what takes this long is an attack or a machine on its knees.
inline constexpr std::chrono::seconds kHelperTimeout{10};
inline constexpr std::string_view kHelperName = "rescue-saml";

class Verifier {
 public:
  virtual ~Verifier() = default;
  /// EntityDescriptor, or an EntitiesDescriptor with exactly one identity provider in it. Errors: Errc::refused (the
  /// rule and why), helper_failed, helper_timed_out.
  [[nodiscard]] virtual base::Result<IdpMetadata> read_metadata(const std::string& xml) = 0;
  /// A refusal is a verdict; errors are those of the helper, and never mean that somebody may enter.
  [[nodiscard]] virtual base::Result<Verdict> check(const ResponseCheck& question) = 0;
};

/// Starts one rescue-saml for each question and waits for it: call from a thread that may block. Thread-safe.
class HelperVerifier final : public Verifier {
 public:
  explicit HelperVerifier(std::filesystem::path program, std::chrono::milliseconds timeout = kHelperTimeout)
      : program_(std::move(program)), timeout_(timeout) {}
  [[nodiscard]] base::Result<IdpMetadata> read_metadata(const std::string& xml) override;
  [[nodiscard]] base::Result<Verdict> check(const ResponseCheck& question) override;

 private:
  std::filesystem::path program_;
  std::chrono::milliseconds timeout_;
};

/// rescue-saml beside the running program `self`, or in ../libexec/rescue from there; never from PATH. not_found.
[[nodiscard]] base::Result<std::filesystem::path> find_helper(const std::filesystem::path& self);

}  // namespace rescue::saml
