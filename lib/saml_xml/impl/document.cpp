// SPDX-License-Identifier: Apache-2.0
#include "saml_xml/impl/document.hpp"

#include <libxml/parser.h>
#include <libxml/uri.h>

#include <algorithm>

namespace rescue::saml_xml {
namespace {
struct FreeContext {
  void operator()(xmlParserCtxtPtr c) const { xmlFreeParserCtxt(c); }
};

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}
bool is_space(std::string_view text) { return text.find_first_not_of(" \t\r\n") == text.npos; }

/// The same question that libxml2's canonicalisation asks; what it refuses, some signers have taken for empty.
bool is_absolute(const xmlChar* uri) {
  const std::unique_ptr<xmlURI, decltype(&xmlFreeURI)> parsed(xmlParseURI(reinterpret_cast<const char*>(uri)),
                                                              xmlFreeURI);
  return parsed && parsed->scheme != nullptr && *parsed->scheme != '\0';
}

Checked<> check_namespaces(Element element) {
  std::size_t count = 0;
  for (const auto* ns = element->nsDef; ns != nullptr; ns = ns->next) {
    if (++count > kMaxPerElement) return refuse(Rule::limits, "namespaces of one element");
    if (!view(ns->href).empty() && !is_absolute(ns->href))
      return refuse(Rule::relative_namespace, quote_text(view(ns->href)));
  }
  return {};
}

Checked<> check_attributes(Element element) {
  std::size_t count = 0;
  for (const auto* a = element->properties; a != nullptr; a = a->next) {
    if (++count > kMaxPerElement) return refuse(Rule::limits, "attributes of one element");
    const bool is_xml = a->ns != nullptr && a->ns->prefix != nullptr && view(a->ns->prefix) == "xml";
    // xml:id makes an ID, xml:base changes what an address means, xml:space what a blank is.
    if (is_xml && view(a->name) != "lang") return refuse(Rule::structure, "attribute xml:" + quote_text(view(a->name)));
  }
  return {};
}

/// Without recursion: how deep it may go is what is being checked.
Checked<> check_tree(Element root, std::size_t max_elements) {
  std::size_t elements = 0;
  int depth = 1;
  for (auto* node = root; node != nullptr;) {
    if (node->type == XML_ELEMENT_NODE) {
      if (++elements > max_elements) return refuse(Rule::limits, "elements");
      if (depth > kMaxDepth) return refuse(Rule::limits, "depth");
      RESCUE_SAML_CHECK(check_namespaces(node));
      RESCUE_SAML_CHECK(check_attributes(node));
      if (node->children != nullptr) {
        node = node->children;
        ++depth;
        continue;
      }
    }
    while (node != root && node->next == nullptr) {
      node = node->parent;
      --depth;
    }
    node = node == root ? nullptr : node->next;
  }
  return {};
}
}  // namespace

Checked<Document> Document::parse(std::string_view xml, std::size_t max_elements) {
  const std::unique_ptr<xmlParserCtxt, FreeContext> context(xmlNewParserCtxt());
  if (!context || xml.empty()) return refuse(Rule::xml, "empty");
  Document out;
  // NONET and no NOENT, no DTDLOAD: whatever a parser can be asked to fetch or to expand, it is not.
  out.doc_.reset(xmlCtxtReadMemory(context.get(), xml.data(), static_cast<int>(xml.size()), nullptr, "UTF-8",
                                   XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  if (!out.doc_ || context->wellFormed == 0 || context->nsWellFormed == 0 || out.root() == nullptr) {
    const auto* error = xmlCtxtGetLastError(context.get());
    const bool said = error != nullptr && error->message != nullptr;
    auto words = said ? view(reinterpret_cast<const xmlChar*>(error->message)) : std::string_view("not well-formed");
    while (words.ends_with('\n')) words.remove_suffix(1);
    return refuse(Rule::xml, fmt::format("line {}: {}", said ? error->line : 0, quote_text(words)));
  }
  if (out.doc_->intSubset != nullptr || out.doc_->extSubset != nullptr) return refuse(Rule::dtd);
  RESCUE_SAML_CHECK(check_tree(out.root(), max_elements));
  return out;
}

std::string_view name_of(Element element) { return view(element->name); }
std::string_view namespace_of(Element element) {
  return element->ns == nullptr ? std::string_view() : view(element->ns->href);
}
bool is(Element element, std::string_view ns, std::string_view name) {
  return element != nullptr && element->type == XML_ELEMENT_NODE && name_of(element) == name &&
         namespace_of(element) == ns;
}

std::optional<std::string> attribute(Element element, std::string_view name) {
  for (auto* a = element->properties; a != nullptr; a = a->next) {
    if (a->ns != nullptr || view(a->name) != name) continue;
    std::string out;
    for (const auto* part = a->children; part != nullptr; part = part->next) {
      if (part->type != XML_TEXT_NODE) return std::nullopt;
      out += view(part->content);
    }
    return out;
  }
  return std::nullopt;
}

bool has_only_attributes(Element element, std::initializer_list<std::string_view> names) {
  for (const auto* a = element->properties; a != nullptr; a = a->next)
    if (a->ns != nullptr || std::ranges::find(names, view(a->name)) == names.end()) return false;
  return true;
}

std::vector<Element> children(Element element) {
  std::vector<Element> out;
  for (auto* child = element->children; child != nullptr; child = child->next)
    if (child->type == XML_ELEMENT_NODE) out.push_back(child);
  return out;
}
std::vector<Element> children(Element element, std::string_view ns, std::string_view name) {
  auto out = children(element);
  std::erase_if(out, [&](Element e) { return !is(e, ns, name); });
  return out;
}
Element only_child(Element element, std::string_view ns, std::string_view name) {
  const auto all = children(element, ns, name);
  return all.size() == 1 ? all.front() : nullptr;
}

bool has_only_elements(Element element) {
  for (const auto* child = element->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) continue;
    if (child->type != XML_TEXT_NODE || !is_space(view(child->content))) return false;
  }
  return true;
}

std::optional<std::string> text_of(Element element) {
  std::string out;
  for (const auto* child = element->children; child != nullptr; child = child->next) {
    if (child->type != XML_TEXT_NODE) return std::nullopt;
    out += view(child->content);
  }
  return out;
}

std::optional<base::Bytes> bytes_of(Element element) {
  auto text = text_of(element);
  if (!text) return std::nullopt;
  std::erase_if(*text, [](char c) { return is_space({&c, 1}); });
  if (text->size() % 4 != 0 || text->find_first_of("-_") != std::string::npos) return std::nullopt;
  for (int padding = 0; padding < 2 && text->ends_with('='); ++padding) text->pop_back();
  std::ranges::replace(*text, '+', '-');
  std::ranges::replace(*text, '/', '_');
  auto bytes = base::from_base64url(*text);
  if (!bytes) return std::nullopt;
  return std::move(*bytes);
}

std::optional<base::WallTime> instant_of(std::string_view text) {
  constexpr std::size_t kSecondsEnd = 19;  // "2026-11-24T05:28:46"
  constexpr std::size_t kMicroseconds = 6;
  if (!text.ends_with('Z') || text.size() <= kSecondsEnd) return std::nullopt;
  std::string plain(text.substr(0, kSecondsEnd));
  auto fraction = text.substr(kSecondsEnd, text.size() - kSecondsEnd - 1);
  if (!fraction.empty()) {
    const auto digits = fraction.substr(1);
    if (fraction.front() != '.' || digits.empty() || digits.size() > 20 ||
        digits.find_first_not_of("0123456789") != digits.npos)
      return std::nullopt;
    plain += fraction.substr(0, 1 + kMicroseconds);
  }
  const auto t = base::parse_rfc3339(plain + "Z");
  if (!t) return std::nullopt;
  return *t;
}

}  // namespace rescue::saml_xml
