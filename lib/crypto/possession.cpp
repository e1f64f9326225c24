// SPDX-License-Identifier: Apache-2.0
#include "crypto/possession.hpp"

#include "crypto/errors.hpp"

namespace rescue::crypto {
namespace {
base::Bytes message_for(base::ByteView exporter, base::ByteView ticket_envelope) {
  base::Bytes out = base::to_bytes(base::as_bytes(kPossessionDomain));
  out.push_back(0);
  base::append(out, exporter);
  base::append(out, sha256(ticket_envelope));
  return out;
}
}  // namespace

base::Result<base::Bytes> prove_possession(const PrivateKey& holder, base::ByteView exporter,
                                           base::ByteView ticket_envelope) {
  if (exporter.size() != kPossessionExporterBytes)
    return base::fail(base::Errc::invalid_argument, "the possession exporter has 32 bytes");
  return holder.sign(message_for(exporter, ticket_envelope));
}

base::Result<> check_possession(base::ByteView holder_spki, base::ByteView exporter, base::ByteView ticket_envelope,
                                base::ByteView proof) {
  RESCUE_TRY(const auto holder, PublicKey::from_spki(holder_spki));
  if (exporter.size() == kPossessionExporterBytes && holder.verify(message_for(exporter, ticket_envelope), proof))
    return {};
  return base::fail(Errc::wrong_holder, "proof of possession");
}

}  // namespace rescue::crypto
