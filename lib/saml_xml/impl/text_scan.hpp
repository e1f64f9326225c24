// SPDX-License-Identifier: Apache-2.0
// What is looked for in the bytes before an XML parser gets them.
#pragma once

#include <string_view>

#include "saml_xml/impl/checked.hpp"

namespace rescue::saml_xml {

/// Comments and processing instructions harm nobody in metadata, which an administrator installed.
enum class Strictness : std::uint8_t { response, metadata };

/// XML text, whitespace and a byte order mark around it removed. `posted`: base64 (line breaks allowed), or XML itself
/// when it begins with '<'. Rules: size, encoding.
[[nodiscard]] Checked<std::string> decode_posted(std::string_view posted, std::size_t max_bytes);

/// Rules: size, encoding, dtd, comment, cdata, processing_instruction, entity. In well-formed XML "<!" begins a
/// comment, a CDATA section or a declaration and nothing else, so that their absence can be seen without parsing.
[[nodiscard]] Checked<> scan_text(std::string_view xml, std::size_t max_bytes, Strictness strictness);

}  // namespace rescue::saml_xml
