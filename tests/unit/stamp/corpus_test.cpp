// SPDX-License-Identifier: Apache-2.0
// The seeds of the fuzz targets: program files that are taken, so that the fuzzer begins beyond the first check. With
// RESCUE_UPDATE_CORPUS=1 they are written anew.
#include <gtest/gtest.h>

#include <cstdlib>

#include "stamp/authenticode.hpp"
#include "stamp/prepared_image.hpp"
#include "support/paths.hpp"
#include "unit/stamp/fixtures.hpp"
#include "unit/stamp/made_images.hpp"

namespace rescue::stamp {
namespace {
using namespace test;

std::map<std::string, base::Bytes> new_seeds() {
  const auto signer = code_signer("p256");
  const auto stamped = [&](base::Bytes image, const CodeSigner* by) {
    return PreparedImage::make(std::move(image)).value().stamp(base::Bytes(200, 'p'), {.signer = by}).value().bytes;
  };
  auto segments = made_elf().bytes;
  put64(segments, 40, 0);
  put16(segments, 60, 0);
  return {{"stamp_pe/made", made_pe().bytes},
          {"stamp_pe/made-signed", stamped(made_pe().bytes, &signer)},
          {"stamp_pe/mingw-signed", stamped(read_bytes(stamp_fixture("small.exe")), &signer)},
          {"stamp_pe/mingw-resources", read_bytes(stamp_fixture("windows.exe"))},
          {"stamp_elf/made", made_elf().bytes},
          {"stamp_elf/made-stamped", stamped(made_elf().bytes, nullptr)},
          {"stamp_elf/made-segments", segments},
          {"stamp_elf/gcc", read_bytes(stamp_fixture("linux"))}};
}

TEST(StampCorpus, HasProgramFilesThatAreTaken) {
  const auto corpus = source_dir() / "tests/fuzz/corpus";
  if (std::getenv("RESCUE_UPDATE_CORPUS") != nullptr)
    for (const auto& [name, bytes] : new_seeds()) {
      std::filesystem::create_directories((corpus / name).parent_path());
      write_bytes(corpus / name, bytes);
    }
  std::size_t seen = 0;
  for (const char* folder : {"stamp_pe", "stamp_elf"})
    for (const auto& entry : std::filesystem::directory_iterator(corpus / folder)) {
      const auto bytes = read_bytes(entry.path());
      EXPECT_TRUE(PreparedImage::make(bytes)) << entry.path();
      if (entry.path().filename().string().ends_with("-signed")) {
        EXPECT_TRUE(signer_of(bytes)) << entry.path();
      }
      ++seen;
    }
  EXPECT_EQ(seen, new_seeds().size());
}

}  // namespace
}  // namespace rescue::stamp
