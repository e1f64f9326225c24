// SPDX-License-Identifier: Apache-2.0
// The messages that a gateway sends to its broker, from plain values (lib/wire/gateway.fbs).
#pragma once

#include "daemons/gateway/admission.hpp"

namespace rescue::gateway {

[[nodiscard]] base::Bytes register_message(std::string_view name, const std::vector<std::string>& addresses,
                                           std::uint32_t capacity_pairs, std::string_view software);
[[nodiscard]] base::Bytes admit_message(std::uint64_t id, const Applicant& applicant);
[[nodiscard]] base::Bytes waiting_message(const base::Guid& session, crypto::Role role, unsigned waiting);
[[nodiscard]] base::Bytes joined_message(const base::Guid& session, const base::Guid& pair);
[[nodiscard]] base::Bytes ended_message(const PairReport& report);
[[nodiscard]] base::Bytes incident_message(const IncidentReport& report);
[[nodiscard]] base::Bytes load_message(const CounterValues& values, bool draining);
/// broker_away never comes from the broker.
[[nodiscard]] Verdict verdict_of(wire::gateway::AdmitVerdict verdict);

}  // namespace rescue::gateway
