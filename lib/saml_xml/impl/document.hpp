// SPDX-License-Identifier: Apache-2.0
// libxml2 documents that free themselves, and what is asked of their elements.
#pragma once

#include <libxml/tree.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "saml_xml/impl/checked.hpp"

namespace rescue::saml_xml {

inline constexpr std::string_view kProtocolNs = "urn:oasis:names:tc:SAML:2.0:protocol";
inline constexpr std::string_view kAssertionNs = "urn:oasis:names:tc:SAML:2.0:assertion";
inline constexpr std::string_view kMetadataNs = "urn:oasis:names:tc:SAML:2.0:metadata";
inline constexpr std::string_view kSignatureNs = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr std::string_view kEncryptionNs = "http://www.w3.org/2001/04/xmlenc#";

inline constexpr std::size_t kMaxElements = 16 * 1024;  // kMaxAttributeValues with an Attribute around each, and more
inline constexpr std::size_t kMaxElementsMetadata = 64 * 1024;
inline constexpr int kMaxDepth = 32;               // an ordinary response has 10
inline constexpr std::size_t kMaxPerElement = 32;  // attributes, and namespaces

/// A borrowed element; lives as long as its Document.
using Element = xmlNodePtr;

class Document {
 public:
  /// The text has passed scan_text. Rules: xml, limits, relative_namespace, and (an attribute xml:id, which libxml2
  /// would take for an ID) structure.
  [[nodiscard]] static Checked<Document> parse(std::string_view xml, std::size_t max_elements = kMaxElements);
  [[nodiscard]] Element root() const { return xmlDocGetRootElement(doc_.get()); }
  [[nodiscard]] xmlDocPtr native() const { return doc_.get(); }

 private:
  struct Free {
    void operator()(xmlDocPtr doc) const { xmlFreeDoc(doc); }
  };
  std::unique_ptr<xmlDoc, Free> doc_;
};

[[nodiscard]] bool is(Element element, std::string_view ns, std::string_view name);
[[nodiscard]] std::string_view name_of(Element element);
[[nodiscard]] std::string_view namespace_of(Element element);
/// An attribute without namespace; nothing when it is not there.
[[nodiscard]] std::optional<std::string> attribute(Element element, std::string_view name);
/// All attributes without namespace are among these, and there is none with one.
[[nodiscard]] bool has_only_attributes(Element element, std::initializer_list<std::string_view> names);
/// Children that are elements, in order.
[[nodiscard]] std::vector<Element> children(Element element);
[[nodiscard]] std::vector<Element> children(Element element, std::string_view ns, std::string_view name);
/// The only one, or null for none or several.
[[nodiscard]] Element only_child(Element element, std::string_view ns, std::string_view name);
/// Text between child elements is whitespace.
[[nodiscard]] bool has_only_elements(Element element);
/// The text of an element without child elements; nothing when it has some. Whitespace stays.
[[nodiscard]] std::optional<std::string> text_of(Element element);
/// base64 content; line breaks allowed. Nothing when malformed.
[[nodiscard]] std::optional<base::Bytes> bytes_of(Element element);
/// xs:dateTime in UTC (saml-core-2.0 section 1.3.3); fractions finer than a microsecond are cut.
[[nodiscard]] std::optional<base::WallTime> instant_of(std::string_view text);
/// Calls `visit(element)` for `top` and all elements in it, in document order, until it gives false.
template <typename Visit>
bool walk(Element top, Visit&& visit) {
  if (!visit(top)) return false;
  for (auto* child = top->children; child != nullptr; child = child->next)
    if (child->type == XML_ELEMENT_NODE && !walk(child, visit)) return false;
  return true;
}

}  // namespace rescue::saml_xml
