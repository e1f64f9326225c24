// SPDX-License-Identifier: Apache-2.0
#include "evidence/checkpoint.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace rescue::evidence {
namespace {
using base::Errc;
using base::fail;
using base::Result;

constexpr std::uint8_t kEd25519 = 1;  // signed-note's number for it
constexpr std::string_view kSignatureLine = "\u2014 ";
constexpr std::string_view kTimeLine = "time ";
constexpr std::size_t kKeyIdBytes = 4;

Result<> check_origin(std::string_view origin) {
  const bool fits =
      !origin.empty() && origin.size() <= kOriginMax && base::is_valid_utf8(origin) &&
      std::ranges::none_of(origin, [](char c) { return c == '+' || static_cast<unsigned char>(c) <= ' '; });
  if (fits) return {};
  return fail(Errc::invalid_argument, fmt::format("'{}' cannot name a log", base::to_valid_utf8(origin)));
}

/// First four bytes of SHA-256(name, newline, number of the algorithm, key).
Result<base::Bytes> key_id(std::string_view origin, const crypto::PublicKey& key) {
  RESCUE_TRY(const auto raw, key.raw_ed25519());
  base::ByteWriter in;
  in.bytes(base::as_bytes(origin));
  in.u8('\n');
  in.u8(kEd25519);
  in.bytes(raw);
  const auto digest = crypto::sha256(in.view());
  return base::Bytes(digest.begin(), digest.begin() + kKeyIdBytes);
}

/// The next line without its end; nothing when there is no whole one.
std::optional<std::string_view> line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const auto out = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return out;
}

template <typename T>
bool number(std::string_view text, T& out) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

Result<Checkpoint> read_body(std::string_view body) {
  const auto bad = [](std::string_view what) { return fail(Errc::bad_format, fmt::format("checkpoint: {}", what)); };
  Checkpoint out;
  const auto origin = line(body);
  const auto size = line(body);
  const auto root = line(body);
  const auto time = line(body);
  if (!origin || !size || !root || !time) return bad("is cut short");
  if (!check_origin(*origin)) return bad("name of the log");
  out.origin = *origin;
  if (!number(*size, out.size)) return bad("size of the tree");
  const auto digest = base::from_base64(*root);
  if (!digest || digest->size() != out.root.size()) return bad("root of the tree");
  std::ranges::copy(*digest, out.root.begin());
  std::int64_t us = 0;
  if (!time->starts_with(kTimeLine) || !number(time->substr(kTimeLine.size()), us)) return bad("time");
  out.at = base::WallTime(std::chrono::microseconds(us));
  return out;
}
}  // namespace

Result<std::string> sign_checkpoint(const Checkpoint& c, const crypto::PrivateKey& key) {
  RESCUE_CHECK(check_origin(c.origin));
  RESCUE_TRY(auto id, key_id(c.origin, key.public_key()));
  auto text = fmt::format("{}\n{}\n{}\n{}{}\n", c.origin, c.size, base::to_base64(c.root), kTimeLine,
                          c.at.time_since_epoch().count());
  RESCUE_TRY(const auto signature, key.sign(base::as_bytes(text)));
  base::append(id, signature);
  return text + fmt::format("\n{}{} {}\n", kSignatureLine, c.origin, base::to_base64(id));
}

Result<Checkpoint> open_checkpoint(std::string_view text, const crypto::PublicKey& key) {
  if (text.size() > kCheckpointMax) return fail(Errc::too_large, "checkpoint");
  const auto split = text.find("\n\n");
  if (split == std::string_view::npos) return fail(Errc::bad_format, "checkpoint: no signature follows");
  const auto body = text.substr(0, split + 1);
  auto signatures = text.substr(split + 2);
  RESCUE_TRY(auto checkpoint, read_body(body));
  RESCUE_TRY(const auto id, key_id(checkpoint.origin, key));
  while (!signatures.empty()) {
    const auto l = line(signatures);
    if (!l || !l->starts_with(kSignatureLine)) return fail(Errc::bad_format, "checkpoint: a line of a signature");
    const auto rest = l->substr(kSignatureLine.size());
    const auto space = rest.find(' ');
    if (space == std::string_view::npos) return fail(Errc::bad_format, "checkpoint: a line of a signature");
    const auto bytes = base::from_base64(rest.substr(space + 1));
    if (!bytes || bytes->size() <= kKeyIdBytes) return fail(Errc::bad_format, "checkpoint: a signature");
    if (rest.substr(0, space) != checkpoint.origin || !std::equal(id.begin(), id.end(), bytes->begin())) continue;
    RESCUE_CHECK(key.verify(base::as_bytes(body), base::ByteView(*bytes).subspan(kKeyIdBytes)));
    return checkpoint;
  }
  return fail(Errc::not_found, "checkpoint: no signature of the site's key");
}

Result<std::string> verifier_key(std::string_view origin, const crypto::PublicKey& key) {
  RESCUE_CHECK(check_origin(origin));
  RESCUE_TRY(const auto id, key_id(origin, key));
  RESCUE_TRY(const auto raw, key.raw_ed25519());
  base::Bytes encoded{kEd25519};
  base::append(encoded, raw);
  return fmt::format("{}+{}+{}", origin, base::to_hex(id), base::to_base64(encoded));
}

}  // namespace rescue::evidence
