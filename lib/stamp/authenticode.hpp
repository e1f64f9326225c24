// SPDX-License-Identifier: Apache-2.0
// Reads signatures back: what a signed PE file says of itself. An applet checks its own file with it, since Windows
// starts a program whose signature is broken.
#pragma once

#include "crypto/certificate.hpp"
#include "stamp/slot.hpp"

namespace rescue::stamp {

/// The Authenticode digest (SHA-256) of a PE image with a slot, whether signed or not. Errors of find_slot.
[[nodiscard]] base::Result<crypto::Digest256> authenticode_digest(base::ByteView image);

/// Checks that the signature within the image is over this image's digest and was made by the key of the certificate in
/// it. Returns that certificate. Whether to trust it is not looked at: compare it (its fingerprint, its issuer) with
/// what is expected. not_found when not signed; bad_format; verification_failed; unsupported for other digests than
/// SHA-256.
[[nodiscard]] base::Result<crypto::Certificate> signer_of(base::ByteView image);

}  // namespace rescue::stamp
