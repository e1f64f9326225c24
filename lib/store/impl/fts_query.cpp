// SPDX-License-Identifier: Apache-2.0
#include "store/impl/fts_query.hpp"

#include <vector>

#include "base/utf8.hpp"

namespace rescue::store::impl {
namespace {
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\0'; }

/// Does the tokenizer find anything in it? ASCII letters and digits, and whatever is not ASCII. (Punctuation outside
/// ASCII makes an empty phrase, which finds nothing, as it should.)
bool has_token(std::string_view word) {
  for (const char c : word) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= 0x80 || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
  }
  return false;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  const auto finish = [&] {
    if (has_token(word) && words.size() < kMaxSearchWords) words.push_back(word);
    word.clear();
  };
  for (const char c : text) {
    if (c == '"') {
      finish();
      quoted = !quoted;
    } else if (is_space(c) && !quoted) {
      finish();
    } else {
      word += c == '\0' ? ' ' : c;
    }
  }
  finish();
  return words;
}

std::string tag(char kind, const base::Guid& id) { return kind + base::to_hex(id.bytes()); }
}  // namespace

std::string fts_query(std::string_view text, const std::optional<base::Guid>& session,
                      const std::optional<base::Guid>& technician) {
  std::string words;
  for (const auto& word : words_of(base::to_valid_utf8(text))) {
    if (!words.empty()) words += " AND ";
    words += '"' + word + '"';  // a word holds no double quote
  }
  if (words.empty()) return {};
  std::string query = "text : (" + words + ")";
  if (session) query += " AND tags : \"" + tag('s', *session) + '"';
  if (technician) query += " AND tags : \"" + tag('t', *technician) + '"';
  return query;
}

std::string fts_tags(const std::optional<base::Guid>& session, const std::optional<base::Guid>& technician) {
  std::string out;
  if (session) out = tag('s', *session);
  if (technician) out += (out.empty() ? "" : " ") + tag('t', *technician);
  return out;
}

}  // namespace rescue::store::impl
