// SPDX-License-Identifier: Apache-2.0
#include "daemons/broker/applet_files.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "base/log.hpp"

namespace rescue::broker {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, kSystems> kNames{"linux-x86_64", "windows-x86_64"};
constexpr std::array<std::string_view, kSystems> kFileNames{"rescue-applet", "rescue-applet.exe"};
constexpr std::array<stamp::ImageFormat, kSystems> kFormats{stamp::ImageFormat::elf, stamp::ImageFormat::pe};
/// Before the end of the signer's certificate.
constexpr std::chrono::days kWarnBefore{30};

base::Result<base::Bytes> read_program(const fs::path& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return base::fail(base::errno_error(fmt::format("open applet '{}'", path.string())));
  const auto size = in.tellg();
  if (size < 0 || static_cast<std::uint64_t>(size) > stamp::kMaxImageBytes)
    return base::fail(base::Errc::too_large,
                      fmt::format("applet '{}': at most {} bytes; strip it", path.string(), stamp::kMaxImageBytes));
  base::Bytes out(static_cast<std::size_t>(size));
  in.seekg(0);
  if (!in.read(reinterpret_cast<char*>(out.data()), static_cast<std::streamsize>(out.size())))
    return base::fail(base::Errc::io, fmt::format("read applet '{}'", path.string()));
  return out;
}

base::Result<stamp::PreparedImage> prepare(const fs::path& path, System system) {
  RESCUE_TRY(auto bytes, read_program(path));
  auto image = stamp::PreparedImage::make(std::move(bytes));
  if (!image) {
    auto error = image.error();
    error.context = fmt::format("applet '{}': {}", path.string(), error.context);
    return base::fail(std::move(error));
  }
  if (image->format() != kFormats.at(static_cast<std::size_t>(system)))
    return base::fail(base::Errc::invalid_argument,
                      fmt::format("applet '{}' is no program for {}", path.string(), name_of(system)));
  return image;
}

std::string mark_of(const fs::path& path) {
  struct stat s {};
  if (path.empty() || ::stat(path.c_str(), &s) != 0) return {};
  return fmt::format("{}:{}:{}:{}.{}", s.st_dev, s.st_ino, s.st_size, s.st_mtim.tv_sec, s.st_mtim.tv_nsec);
}

void say(const AppletSet& set, base::WallTime now) {
  for (std::size_t n = 0; n < kSystems; ++n)
    if (set.images[n])
      base::log(base::LogLevel::info, "broker", "applet ready",
                {{"system", kNames[n]}, {"bytes", set.images[n]->size()}, {"signed_by", set.publisher}});
  if (set.image(System::windows_x86_64) != nullptr && !set.signer)
    base::log(base::LogLevel::warn, "broker",
              "the applet for Windows is given out without a signature (applets.signing_key): Windows warns of it", {});
  if (set.signer && set.signer->not_after() - now < kWarnBefore)
    base::log(base::LogLevel::warn, "broker", "the certificate that signs applets ends soon",
              {{"not_after", base::to_rfc3339(set.signer->not_after())}});
}

}  // namespace

std::string_view name_of(System system) { return kNames.at(static_cast<std::size_t>(system)); }

std::optional<System> parse_system(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found == kNames.end()) return std::nullopt;
  return static_cast<System>(found - kNames.begin());
}

std::string_view file_name_of(System system) { return kFileNames.at(static_cast<std::size_t>(system)); }

base::Result<> AppletFiles::open(Sources sources, base::WallTime now) {
  if (sources.signing_chain.empty() != sources.signing_key.empty())
    return base::fail(base::Errc::invalid_argument, "applets.signing_chain and applets.signing_key belong together");
  sources_ = std::move(sources);
  loaded_ = seen_ = marks();
  RESCUE_TRY(current_, load(now));
  say(*current_, now);
  return {};
}

void AppletFiles::look(base::WallTime now, bool at_once) {
  const auto present = marks();
  {
    const std::scoped_lock lock(mutex_);
    const bool steady = present == std::exchange(seen_, present);
    if (present == loaded_ || (!steady && !at_once)) return;
    loaded_ = present;
  }
  const auto fresh = load(now);
  if (!fresh) {
    base::log(base::LogLevel::warn, "broker", "changed applets cannot be used; those of before are given out",
              {{"what", fresh.error().message()}});
    return;
  }
  say(**fresh, now);
  const std::scoped_lock lock(mutex_);
  current_ = *fresh;
}

std::shared_ptr<const AppletSet> AppletFiles::current() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

AppletFiles::Marks AppletFiles::marks() const {
  Marks out;
  for (std::size_t n = 0; n < kSystems; ++n) out[n] = mark_of(sources_.files[n]);
  out[kSystems] = mark_of(sources_.signing_chain);
  out[kSystems + 1] = mark_of(sources_.signing_key);
  return out;
}

base::Result<std::shared_ptr<const AppletSet>> AppletFiles::load(base::WallTime now) const {
  auto out = std::make_shared<AppletSet>();
  if (!sources_.signing_key.empty()) {
    RESCUE_TRY(auto signer, stamp::CodeSigner::load(sources_.signing_chain, sources_.signing_key, sources_.info, now));
    out->publisher = signer.certificate().common_name();
    out->certificate = signer.certificate().pem();
    RESCUE_TRY(const auto key, signer.certificate().public_key());
    // PKCS #1 v1.5 has no random part, ECDSA has.
    out->same_each_time = key.kind() == crypto::KeyKind::rsa2048;
    out->signer = std::move(signer);
  }
  for (std::size_t n = 0; n < kSystems; ++n) {
    if (sources_.files[n].empty()) continue;
    RESCUE_TRY(auto image, prepare(sources_.files[n], static_cast<System>(n)));
    out->images[n] = std::move(image);
  }
  return out;
}

fs::path installed_applet(const fs::path& self, System system) {
  if (self.parent_path().empty()) return {};
  std::error_code ec;
  auto out = self.parent_path() / ".." / "share" / "rescue" / "applets" / name_of(system);
  return fs::is_regular_file(out, ec) ? out.lexically_normal() : fs::path();
}

}  // namespace rescue::broker
