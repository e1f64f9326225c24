// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/impl/text_scan.hpp"

#include <algorithm>
#include <array>

#include "base/bytes.hpp"
#include "base/utf8.hpp"

namespace rescue::saml_xml {
namespace {
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kDeclaration = "<?xml";
constexpr std::size_t kMaxDeclaration = 200;
constexpr std::size_t kMaxCharacterReference = 10;  // "#x10FFFF;"
constexpr std::size_t kMaxQuoted = 120;

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// `rest` is what stands behind an ampersand. Whether a number is a character that XML has is the parser's question.
bool is_plain_reference(std::string_view rest) {
  for (const std::string_view name : {"lt;", "gt;", "amp;", "quot;", "apos;"})
    if (rest.starts_with(name)) return true;
  const auto end = rest.substr(0, kMaxCharacterReference).find(';');
  if (!rest.starts_with('#') || end == rest.npos) return false;
  auto digits = rest.substr(1, end - 1);
  const bool hex = digits.starts_with('x');
  if (hex) digits.remove_prefix(1);
  return !digits.empty() && std::ranges::all_of(digits, hex ? is_hex : is_digit);
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

/// Length of an XML declaration at the beginning, 0 for none. An encoding other than UTF-8 would let the parser see
/// other characters than this scan.
Checked<std::size_t> skip_declaration(std::string_view xml) {
  if (!xml.starts_with(kDeclaration) || xml.size() <= kDeclaration.size() || !is_blank(xml[kDeclaration.size()]))
    return 0;
  const auto end = xml.substr(0, kMaxDeclaration).find("?>");
  if (end == xml.npos) return refuse(Rule::xml, "the XML declaration has no end");
  const auto declaration = lower(xml.substr(0, end));
  if (declaration.find("encoding") != std::string::npos && declaration.find("\"utf-8\"") == std::string::npos &&
      declaration.find("'utf-8'") == std::string::npos)
    return refuse(Rule::encoding, "the XML declaration names another encoding than UTF-8");
  return end + 2;
}

Checked<> scan_markup(std::string_view rest, Strictness strictness) {
  if (rest.starts_with("<!--")) {
    if (strictness == Strictness::metadata) return {};
    return refuse(Rule::comment);
  }
  if (rest.starts_with("<![CDATA[")) return refuse(Rule::cdata);
  if (rest.starts_with("<!")) return refuse(Rule::dtd);
  if (rest.starts_with("<?") && strictness == Strictness::response) return refuse(Rule::processing_instruction);
  return {};
}
}  // namespace

std::string quote_text(std::string_view text) {
  const bool cut = text.size() > kMaxQuoted;
  return fmt::format("'{}{}'", base::to_display_text(base::to_valid_utf8(text.substr(0, kMaxQuoted))), cut ? "…" : "");
}

Checked<std::string> decode_posted(std::string_view posted, std::size_t max_bytes) {
  if (posted.size() > max_bytes / 3 * 4 + 16 * 1024) return refuse(Rule::size);
  auto text = trimmed(posted);
  if (text.starts_with(kByteOrderMark)) text = trimmed(text.substr(kByteOrderMark.size()));
  if (text.starts_with('<')) return std::string(text);
  std::string compact;
  compact.reserve(text.size());
  for (const char c : text) {
    if (is_blank(c)) continue;
    // base64url is another alphabet, and an unpadded or mixed text has more than one reading.
    if (c == '-' || c == '_') return refuse(Rule::encoding, "neither XML nor base64");
    compact += c == '+' ? '-' : c == '/' ? '_' : c;
  }
  if (compact.empty() || compact.size() % 4 != 0) return refuse(Rule::encoding, "neither XML nor base64");
  for (int padding = 0; padding < 2 && compact.ends_with('='); ++padding) compact.pop_back();
  const auto bytes = base::from_base64url(compact);
  if (!bytes) return refuse(Rule::encoding, "neither XML nor base64");
  auto xml = base::as_text(*bytes);
  if (xml.starts_with(kByteOrderMark)) xml.remove_prefix(kByteOrderMark.size());
  return std::string(trimmed(xml));
}

Checked<> scan_text(std::string_view xml, std::size_t max_bytes, Strictness strictness) {
  if (xml.size() > max_bytes) return refuse(Rule::size, fmt::format("{} bytes, at most {}", xml.size(), max_bytes));
  if (!base::is_valid_utf8(xml)) return refuse(Rule::encoding, "not UTF-8");
  for (const char c : xml)
    if (static_cast<unsigned char>(c) < ' ' && !is_blank(c)) return refuse(Rule::xml, "a control character");
  RESCUE_SAML_TRY(const auto begin, skip_declaration(xml));
  for (auto at = begin; at < xml.size(); ++at) {
    const auto rest = xml.substr(at);
    if (rest.front() == '<') RESCUE_SAML_CHECK(scan_markup(rest, strictness));
    if (rest.front() == '&' && !is_plain_reference(rest.substr(1)) && strictness == Strictness::response)
      return refuse(Rule::entity);
  }
  return {};
}

}  // namespace rescue::saml_xml
