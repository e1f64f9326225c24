// SPDX-License-Identifier: Apache-2.0
#include "cmd/rescue/qr.hpp"

#include <memory>

#include <fmt/format.h>
#include <qrencode.h>

#include "base/bytes.hpp"

namespace rescue::program {
namespace {
constexpr int kQuiet = 4;  // modules around the symbol (ISO/IEC 18004 section 6.3.8)
constexpr std::string_view kBlackOnWhite = "\x1b[38;5;16;48;5;231m";
constexpr std::string_view kPlain = "\x1b[0m";

/// libqrencode frees with free() what may spell a secret.
struct WipeAndFree {
  void operator()(QRcode* code) const {
    base::wipe({code->data, static_cast<std::size_t>(code->width) * static_cast<std::size_t>(code->width)});
    QRcode_free(code);
  }
};
using Code = std::unique_ptr<QRcode, WipeAndFree>;

bool dark(const QRcode& code, int x, int y) {
  if (x < 0 || y < 0 || x >= code.width || y >= code.width) return false;
  return (code.data[y * code.width + x] & 1) != 0;
}

std::string_view cell(bool upper, bool lower) {
  if (upper && lower) return "█";
  if (upper) return "▀";
  return lower ? "▄" : " ";
}
}  // namespace

base::Result<std::string> qr_text(std::string_view content, bool color) {
  if (content.empty() || content.size() > kMaxQrBytes)
    return base::fail(base::Errc::too_large, fmt::format("a QR code of {} bytes", content.size()));
  const Code code(QRcode_encodeData(static_cast<int>(content.size()),
                                    reinterpret_cast<const unsigned char*>(content.data()), 0, QR_ECLEVEL_L));
  if (!code) return base::fail(base::Errc::internal, "libqrencode made no QR code");
  std::string out;
  // Where black cannot be asked for, ink is what is light.
  const auto ink = [&](int x, int y) { return dark(*code, x, y) == color; };
  for (int y = -kQuiet; y < code->width + kQuiet; y += 2) {
    if (color) out += kBlackOnWhite;
    for (int x = -kQuiet; x < code->width + kQuiet; ++x) out += cell(ink(x, y), ink(x, y + 1));
    if (color) out += kPlain;
    out += '\n';
  }
  return out;
}

}  // namespace rescue::program
