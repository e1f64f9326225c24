// SPDX-License-Identifier: Apache-2.0
#include "client/agent_process.hpp"
#include "crypto/signed.hpp"
#include "wire/messages.hpp"

namespace rescue::client {

base::Result<GrantView> read_grant(base::ByteView envelope, const base::Guid& session) {
  if (envelope.size() <= crypto::kEnvelopeHeaderBytes || envelope.size() > crypto::kMaxEnvelopeBytes)
    return base::fail(Errc::bad_answer, "the broker's grant is no signed envelope");
  // A copy of its own: FlatBuffers needs the alignment that `new` gives.
  const auto payload = base::to_bytes(envelope.subspan(crypto::kEnvelopeHeaderBytes));
  const auto token = wire::read_token(payload);
  const auto* grant = token ? (*token)->token_as_Grant() : nullptr;
  if (grant == nullptr) return base::fail(Errc::bad_answer, "the broker's grant is not readable");
  const auto id = base::Guid::from_bytes(wire::view(grant->session()));
  const auto technician = base::Guid::from_bytes(wire::view(grant->technician()));
  if (!id || !technician || *id != session)
    return base::fail(Errc::bad_answer, "the broker's grant is for another session");
  const auto applet = crypto::to_digest256(wire::view(grant->applet_fingerprint()));
  if (!applet) return base::fail(Errc::bad_answer, "the broker's grant names no applet");
  GrantView out;
  out.applet = *applet;
  out.generation = grant->generation();
  out.technician = *technician;
  out.technician_email = std::string(wire::text(grant->technician_email()));
  out.organisation = std::string(wire::text(grant->organisation()));
  out.permissions = grant->permissions();
  out.recording_forced = grant->recording() == wire::tokens::RecordingRule::forced;
  out.omit_chat_text = grant->omit_chat_text();
  out.legacy_profile = grant->profile() == wire::tokens::Profile::aes256_sha;
  out.lease_until = base::WallTime(std::chrono::microseconds(grant->lease_until_us()));
  return out;
}

}  // namespace rescue::client
