// SPDX-License-Identifier: Apache-2.0
// The digest of one event of the log (man rescue-log-proof(7), ENTRIES). Each field of its data goes in by a salted
// digest, so that a field can be left out or erased together with its salt and the event still proves all the rest.
#pragma once

#include <array>
#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/guid.hpp"
#include "base/result.hpp"
#include "crypto/hash.hpp"

namespace rescue::evidence {

using crypto::Digest256;
using Salt = std::array<std::uint8_t, 16>;

inline constexpr std::size_t kCanonicalDepthMax = 16;
inline constexpr std::size_t kEntryFieldsMax = 256;
inline constexpr std::size_t kEntryTextMax = 64 * 1024;  // of a name, an actor, a field's name

/// Which chain an event is in. One per session, source and sender; a sender that starts anew (a console on another
/// machine) begins another run.
struct ChainId {
  std::optional<base::Guid> session;  // none: events of the site itself
  std::string source;                 // "console", "applet", "gateway", "broker"
  std::optional<base::Guid> origin;   // which of several: the technician of a console, the gateway
  std::uint64_t run = 0;
  auto operator<=>(const ChainId&) const = default;
  [[nodiscard]] std::string text() const;  // for messages to people
};

/// An event without its data.
struct EntryHeader {
  std::uint64_t seq = 0;  // in the chain, from 1, without gaps unless something is missing
  base::WallTime time;    // by the source's clock
  std::string type;
  std::string actor;
};

/// The one text of a JSON value: no spaces, members sorted by the bytes of their names, whole numbers only, and only
/// the escapes that JSON demands (two-character ones where there are such, else \u00xx in lower case). bad_format for
/// numbers that are not whole, or text that is not UTF-8; too_large for what nests deeper than kCanonicalDepthMax.
[[nodiscard]] base::Result<std::string> canonical(const boost::json::value& value);

/// Salts of an event's fields come from the event's salt, so that one is kept for all until one of them is erased.
[[nodiscard]] Salt field_salt(const Salt& event, std::string_view field);
[[nodiscard]] Digest256 field_digest(const Salt& salt, std::string_view field, std::string_view canonical_value);

/// What stands for the data of an event: the digest of each field.
using FieldDigests = std::map<std::string, Digest256, std::less<>>;
/// All fields salted from `event`. Errors: canonical's; too_large.
[[nodiscard]] base::Result<FieldDigests> digest_fields(const boost::json::object& data, const Salt& event);

/// What is kept beside the data of an event so that its digest can be computed again. Either the salt of the event, or,
/// once a field was erased, the salts of those that are left and the digests of those that are gone.
struct Opening {
  std::optional<Salt> salt;
  std::map<std::string, Salt, std::less<>> field_salts;
  FieldDigests erased;
  [[nodiscard]] boost::json::object to_json() const;
  /// bad_format, too_large.
  [[nodiscard]] static base::Result<Opening> from_json(const boost::json::value& value);
};
/// The digests of what is there and of what is gone. bad_format when a field has no salt, or one that is there counts
/// as erased too.
[[nodiscard]] base::Result<FieldDigests> digest_fields(const boost::json::object& data, const Opening& opening);
/// Takes `field` out of the data: its text and everything it could be guessed by are gone afterwards, its digest stays.
/// not_found when there is no such field.
[[nodiscard]] base::Result<> erase_field(boost::json::object& data, Opening& opening, std::string_view field);

[[nodiscard]] Digest256 entry_digest(const ChainId& chain, const EntryHeader& header, const FieldDigests& fields);

}  // namespace rescue::evidence
