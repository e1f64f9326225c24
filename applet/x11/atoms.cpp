// SPDX-License-Identifier: Apache-2.0
#include "applet/x11/atoms.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace rescue::applet::x11 {

base::Result<ClipboardAtoms> ClipboardAtoms::read(const Connection& connection) {
  using Field = xcb_atom_t ClipboardAtoms::*;
  constexpr std::pair<Field, std::string_view> kNames[] = {
      {&ClipboardAtoms::clipboard, "CLIPBOARD"},
      {&ClipboardAtoms::targets, "TARGETS"},
      {&ClipboardAtoms::timestamp, "TIMESTAMP"},
      {&ClipboardAtoms::multiple, "MULTIPLE"},
      {&ClipboardAtoms::atom_pair, "ATOM_PAIR"},
      {&ClipboardAtoms::incr, "INCR"},
      {&ClipboardAtoms::utf8_string, "UTF8_STRING"},
      {&ClipboardAtoms::text_plain_utf8, "text/plain;charset=utf-8"},
      {&ClipboardAtoms::text_plain, "text/plain"},
      {&ClipboardAtoms::text, "TEXT"},
      {&ClipboardAtoms::uri_list, "text/uri-list"},
      {&ClipboardAtoms::copied_files, "x-special/gnome-copied-files"},
      {&ClipboardAtoms::secret_hint, "x-kde-passwordManagerHint"},
      {&ClipboardAtoms::transfer, "RESCUE_CLIPBOARD"},
      {&ClipboardAtoms::clock, "RESCUE_TIME"},
  };
  // All questions first, then the answers: one round trip.
  std::vector<xcb_intern_atom_cookie_t> cookies;
  for (const auto& [field, name] : kNames)
    cookies.push_back(xcb_intern_atom(connection.get(), 0, static_cast<std::uint16_t>(name.size()), name.data()));
  ClipboardAtoms out;
  for (std::size_t i = 0; i < cookies.size(); ++i) {
    RESCUE_TRY(const auto answer, reply(xcb_intern_atom_reply, connection.get(), cookies[i], "name an atom"));
    out.*kNames[i].first = answer->atom;
  }
  return out;
}

}  // namespace rescue::applet::x11
