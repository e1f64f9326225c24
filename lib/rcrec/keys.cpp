// SPDX-License-Identifier: Apache-2.0
#include "rcrec/keys.hpp"

#include <array>

namespace rescue::rcrec {
namespace {
using base::ErrorEntry;
using base::Exit;
constexpr std::array kEntries{
    ErrorEntry{int(Errc::key_needed), "RECORDING_KEY_NEEDED", "encrypted; reading it takes a key", Exit::denied, false},
    ErrorEntry{int(Errc::wrong_key), "RECORDING_KEY_WRONG", "encrypted for other keys", Exit::denied, false},
};
constexpr base::ErrorDomain kDomain{"rcrec", kEntries};
}  // namespace

const base::ErrorDomain& error_domain(Errc) { return kDomain; }

base::Result<KeyRing> KeyRing::load(std::span<const std::filesystem::path> files) {
  KeyRing out;
  for (const auto& file : files) {
    RESCUE_TRY(auto key, crypto::X25519Private::load(file));
    out.add(std::move(key));
  }
  return out;
}

std::string recipients_text(std::span<const crypto::RecipientId> recipients) {
  std::string out;
  for (const auto& id : recipients) {
    if (!out.empty()) out += ", ";
    out += base::to_hex(id);
  }
  return out;
}

}  // namespace rescue::rcrec
