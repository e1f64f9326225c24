// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/visit_site.hpp"

#include <fstream>

#include <fmt/format.h>

#include "base/utf8.hpp"

namespace rescue::broker::visit {
namespace {

base::Result<std::string> read_logo(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::fail(base::errno_error(fmt::format("open page.logo '{}'", path)));
  std::string out(kMaxLogoBytes + 1, '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  if (in.bad()) return base::fail(base::Errc::io, fmt::format("read page.logo '{}'", path));
  out.resize(static_cast<std::size_t>(in.gcount()));
  if (out.size() > kMaxLogoBytes)
    return base::fail(base::Errc::too_large, fmt::format("page.logo '{}': at most {} bytes", path, kMaxLogoBytes));
  return out;
}

}  // namespace

std::string_view image_type(std::string_view content) {
  if (content.starts_with("\x89PNG\r\n\x1a\n")) return "image/png";
  if (content.starts_with("\xff\xd8\xff")) return "image/jpeg";
  constexpr std::size_t kPrologue = 4096;  // declarations and comments in front of the element
  const auto begin = content.substr(0, kPrologue);
  const auto first = begin.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  if (first != std::string_view::npos && begin[first] == '<' && begin.find("<svg") != std::string_view::npos &&
      base::is_valid_utf8(content))
    return "image/svg+xml";
  return {};
}

base::Result<Site> make_site(const BrokerSettings& settings, std::string command) {
  const auto& page = settings.page;
  Site out;
  out.brand = {settings.organisation,
               false,
               {page.contact, page.contact_de.empty() ? page.contact : page.contact_de},
               {page.privacy, page.privacy_de.empty() ? page.privacy : page.privacy_de},
               page.privacy_url,
               std::move(command)};
  out.fallback = parse_language(page.language).value_or(Language::en);
  out.style = style(page.accent, page.accent_dark);
  if (page.logo.empty()) return out;
  RESCUE_TRY(out.logo, read_logo(page.logo));
  out.logo_type = image_type(out.logo);
  if (out.logo_type.empty())
    return base::fail(base::Errc::invalid_argument, fmt::format("page.logo '{}' is no PNG, JPEG or SVG", page.logo));
  out.brand.logo = true;
  return out;
}

}  // namespace rescue::broker::visit
