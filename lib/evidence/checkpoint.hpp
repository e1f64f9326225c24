// SPDX-License-Identifier: Apache-2.0
// Signed checkpoints of the tree: "of this size it has this root". Text as in C2SP's tlog-checkpoint and signed-note
// (https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note), so that witnesses and tools made for those read
// them. A checkpoint that somebody kept outside of the site shows later whether the site's log was cut or rewound.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "crypto/keys.hpp"

namespace rescue::evidence {

inline constexpr std::size_t kCheckpointMax = 4096;  // bytes
inline constexpr std::size_t kOriginMax = 255;       // bytes, of a log's name

struct Checkpoint {
  std::string origin;  // name of the log; one line without '+' and spaces: "rescue.example.org/log"
  std::uint64_t size = 0;
  crypto::Digest256 root{};
  base::WallTime at;  // extension line "time MICROSECONDS"
  bool operator==(const Checkpoint&) const = default;
};

/// invalid_argument for an origin that cannot stand in a note; key_unsupported unless `key` is Ed25519.
[[nodiscard]] base::Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const crypto::PrivateKey& key);
/// Signatures of other keys, as witnesses add them, are passed over. bad_format, too_large; not_found: no signature of
/// `key` under the checkpoint's origin; signature_invalid.
[[nodiscard]] base::Result<Checkpoint> open_checkpoint(std::string_view text, const crypto::PublicKey& key);
/// "NAME+HASH+KEY" as signed-note's verifiers take it.
[[nodiscard]] base::Result<std::string> verifier_key(std::string_view origin, const crypto::PublicKey& key);

}  // namespace rescue::evidence
