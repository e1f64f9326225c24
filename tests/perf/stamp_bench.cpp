// SPDX-License-Identifier: Apache-2.0
// stamp_bench IMAGE CHAIN.pem KEY.pem SECONDS [digest]: makes downloads of a program file in one thread (an invite is
// signed, written into the slot, the file signed) and prints as JSON what one costs. The last one is left in
// IMAGE.stamped.
#include <ctime>
#include <fstream>
#include <iterator>

#include "crypto/tokens.hpp"
#include "stamp/prepared_image.hpp"

namespace {
using namespace rescue;

double seconds_of(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

base::Result<base::Bytes> invite_for(std::uint64_t n, const crypto::PrivateKey& site, base::WallTime now) {
  crypto::Invite invite;
  base::Bytes guid(16);
  for (std::size_t i = 0; i < 8; ++i) guid[i] = static_cast<std::uint8_t>(n >> (8 * i));
  RESCUE_TRY(invite.guid, base::Guid::from_bytes(guid));
  invite.broker_url = "https://help.example.org";
  invite.token_keys = {site.public_key()};
  invite.organisation = "Example Ltd";
  invite.issued = now;
  invite.not_after = now + std::chrono::hours(1);
  return crypto::make_invite(invite, site);
}

base::Result<> run(char** argv, bool digest) {
  std::ifstream in(argv[1], std::ios::binary);
  base::Bytes file{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  const auto now = base::system_clock().wall();
  RESCUE_TRY(const auto signer,
             stamp::CodeSigner::load(argv[2], argv[3], {"Rescue", "https://help.example.org/"}, now));
  RESCUE_TRY(const auto site, crypto::PrivateKey::generate(crypto::KeyKind::ed25519));
  const double before = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  RESCUE_TRY(const auto image, stamp::PreparedImage::make(std::move(file)));
  const double prepare = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - before;

  std::uint64_t made = 0;
  std::size_t size = 0;
  const double wall = seconds_of(CLOCK_MONOTONIC);
  const double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  stamp::StampedImage last;
  while (seconds_of(CLOCK_MONOTONIC) - wall < std::atof(argv[4])) {
    RESCUE_TRY(const auto invite, invite_for(made, site, now));
    RESCUE_TRY(last, image.stamp(invite, {.signer = &signer, .file_digest = digest}));
    size = last.bytes.size();
    ++made;
  }
  const double cpu_s = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
  const double wall_s = seconds_of(CLOCK_MONOTONIC) - wall;
  fmt::print(
      "{{\"size\": {}, \"hashed\": {}, \"prepare_ms\": {:.2f}, \"cpu_ms\": {:.3f}, \"per_cpu_s\": {:.0f}, "
      "\"per_wall_s\": {:.0f}}}\n",
      size, image.hashed_each_time(), prepare * 1e3, cpu_s * 1e3 / static_cast<double>(made),
      static_cast<double>(made) / cpu_s, static_cast<double>(made) / wall_s);
  std::ofstream(std::string(argv[1]) + ".stamped", std::ios::binary)
      .write(reinterpret_cast<const char*>(last.bytes.data()), static_cast<std::streamsize>(last.bytes.size()));
  return {};
}
}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) return 2;
  const auto done = run(argv, argc > 5 && std::string_view(argv[5]) == "digest");
  if (!done) fmt::print(stderr, "{}\n", done.error().message());
  return done ? 0 : 1;
}
