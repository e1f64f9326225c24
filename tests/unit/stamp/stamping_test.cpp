// SPDX-License-Identifier: Apache-2.0
// Program files by MinGW and GCC, stamped and signed; osslsigncode, openssl and the kernel say whether that is right.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <thread>

#include "stamp/authenticode.hpp"
#include "stamp/own_image.hpp"
#include "stamp/prepared_image.hpp"
#include "support/paths.hpp"
#include "support/temp_dir.hpp"
#include "unit/stamp/fixtures.hpp"
#include "unit/stamp/made_images.hpp"

namespace rescue::stamp {
namespace {
using namespace test;
using base::Bytes;
using base::ByteView;
using testing::HasSubstr;

PreparedImage prepared(std::string_view name) { return PreparedImage::make(read_bytes(stamp_fixture(name))).value(); }

/// The checksum as "PE Format" and ImageHlp define it, a word at a time.
std::uint32_t checksum_of(Bytes image) {
  const std::size_t at = image[0x3c] + 24U + 64U;
  put32(image, at, 0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < image.size(); i += 2) {
    sum += image[i] | static_cast<std::uint32_t>(i + 1 < image.size() ? image[i + 1] : 0) << 8;
    sum = (sum >> 16) + (sum & 0xffff);
  }
  return sum + static_cast<std::uint32_t>(image.size());
}

/// By our count and by osslsigncode's, which prints one number, or (older, or when they differ) what is and what should
/// be.
void expect_right_checksum(const Bytes& image, const std::string& words) {
  const std::string right = fmt::format("{:08X}", checksum_of(image));
  std::smatch found;
  ASSERT_TRUE(std::regex_search(words, found, std::regex("PE checksum *: ([0-9A-F]+)"))) << words;
  EXPECT_EQ(found[1], right);
  if (std::regex_search(words, found, std::regex("Calculated PE checksum *: ([0-9A-F]+)"))) {
    EXPECT_EQ(found[1], right);
  }
}

void expect_carries_the_invite(ByteView image) {
  const auto payload = read_slot(image);
  ASSERT_TRUE(payload) << payload.error().message();
  const auto invite = crypto::open_invite_unanchored(payload->view(), stamp_now());
  ASSERT_TRUE(invite) << invite.error().message();
  EXPECT_EQ(invite->guid, sample_invite().guid);
  EXPECT_EQ(invite->broker_url, "https://help.example.org");
}

class SignedBy : public testing::TestWithParam<const char*> {};

TEST_P(SignedBy, AWindowsProgramIsAcceptedByOsslsigncodeAndCarriesTheInvite) {
  const test::TempDir dir;
  const auto signer = code_signer(GetParam());
  for (const char* name : {"windows.exe", "small.exe"}) {
    const auto made = prepared(name).stamp(sample_payload(), {.signer = &signer, .file_digest = true}).value();
    write_bytes(dir / "signed.exe", made.bytes);
    const auto judged = osslsigncode_verify(dir / "signed.exe");
    EXPECT_EQ(judged.status, 0) << judged.output;
    EXPECT_THAT(judged.output, HasSubstr("Number of verified signatures: 1"));
    EXPECT_THAT(judged.output, HasSubstr("https://help.example.org/"));
    EXPECT_THAT(judged.output, HasSubstr(fmt::format("Example {}", GetParam())));
    expect_right_checksum(made.bytes, judged.output);
    expect_carries_the_invite(made.bytes);
    EXPECT_EQ(signer_of(made.bytes).value().fingerprint(), signer.certificate().fingerprint());
    EXPECT_EQ(made.sha256, crypto::sha256(made.bytes));
    EXPECT_TRUE(made.detached_signature.empty());
  }
}

TEST_P(SignedBy, ALinuxProgramHasADetachedSignatureThatOpensslAccepts) {
  const test::TempDir dir;
  const auto signer = code_signer(GetParam());
  auto made = prepared("linux").stamp(sample_payload(), {.signer = &signer}).value();
  EXPECT_EQ(made.sha256, crypto::sha256(made.bytes));
  write_bytes(dir / "key.pem", base::as_bytes(signer.certificate().public_key().value().pem()));
  write_bytes(dir / "signature", made.detached_signature);
  const auto judged = [&] {
    write_bytes(dir / "program", made.bytes);
    return run_program(
        {"openssl", "dgst", "-sha256", "-verify", dir / "key.pem", "-signature", dir / "signature", dir / "program"});
  };
  EXPECT_THAT(judged().output, HasSubstr("Verified OK"));
  made.bytes[100] ^= 1;
  EXPECT_THAT(judged().output, HasSubstr("Verification failure"));
}
INSTANTIATE_TEST_SUITE_P(Each, SignedBy, testing::Values("rsa", "p256"),
                         [](const auto& i) { return std::string(i.param); });

TEST(SignedPe, ShowsTheNameOfTheProgramInAnyScript) {
  const test::TempDir dir;
  const auto signer = code_signer("p256", {"Rescue für Ada ☂", ""});
  write_bytes(dir / "a.exe", prepared("small.exe").stamp(sample_payload(), {.signer = &signer}).value().bytes);
  const auto judged = osslsigncode_verify(dir / "a.exe");
  EXPECT_EQ(judged.status, 0) << judged.output;
  EXPECT_THAT(judged.output, HasSubstr("Rescue für Ada ☂"));
  EXPECT_THAT(judged.output, testing::Not(HasSubstr("URL: https")));
}

TEST(SignedPe, OfAStrangerIsNotAccepted) {
  const test::TempDir dir;
  const auto signer = code_signer("rsa");
  write_bytes(dir / "a.exe", prepared("small.exe").stamp(sample_payload(), {.signer = &signer}).value().bytes);
  const auto judged =
      run_program({"osslsigncode", "verify", "-CAfile", stamp_fixture("stranger.pem"), "-in", dir / "a.exe"});
  EXPECT_NE(judged.status, 0) << judged.output;
}

TEST(SignedPe, WithAFlippedByteAnywhereIsRefusedByOsslsigncode) {
  const test::TempDir dir;
  const auto signer = code_signer("p256");
  const auto made = prepared("small.exe").stamp(sample_payload(), {.signer = &signer}).value();
  const auto slot = find_slot(made.bytes).value().offset;
  // DOS stub, time stamp, entry point, section table, first code, slot: magic, payload and padding, last content,
  // signature.
  const std::size_t content = prepared("small.exe").size();
  for (const std::size_t at : {std::size_t{0x50}, std::size_t{0x88}, std::size_t{0xa8}, std::size_t{0x190},
                               std::size_t{0x400}, slot, slot + 40, slot + kSlotBytes - 1, content - 1, content + 60}) {
    auto bytes = made.bytes;
    bytes.at(at) ^= 0x01;
    write_bytes(dir / "flipped.exe", bytes);
    const auto judged = osslsigncode_verify(dir / "flipped.exe");
    EXPECT_NE(judged.status, 0) << "byte " << at << '\n' << judged.output;
  }
}

// Not digested: the checksum (and where the signature is, which must be where it ends the file).
TEST(SignedPe, HasEveryByteInItsDigestButTheChecksum) {
  const auto signer = code_signer("p256");
  auto bytes = prepared("small.exe").stamp(sample_payload(), {.signer = &signer}).value().bytes;
  const auto digest = authenticode_digest(bytes).value();
  const std::size_t checksum = bytes[0x3c] + 24U + 64U;
  std::vector<std::size_t> unnoticed;
  for (std::size_t at = 0; at < prepared("small.exe").size(); ++at) {
    bytes[at] ^= 0x10;
    if (const auto flipped = authenticode_digest(bytes); flipped && *flipped == digest) unnoticed.push_back(at);
    bytes[at] ^= 0x10;
  }
  EXPECT_THAT(unnoticed, testing::ElementsAre(checksum, checksum + 1, checksum + 2, checksum + 3));
}

TEST(SignedPe, WithAFlippedByteIsRefusedByTheApplet) {
  const auto signer = code_signer("p256");
  auto bytes = prepared("small.exe").stamp(sample_payload(), {.signer = &signer}).value().bytes;
  ASSERT_TRUE(signer_of(bytes));
  for (std::size_t at = 1; at < prepared("small.exe").size(); at += 97) {
    bytes[at] ^= 0x10;
    EXPECT_FALSE(signer_of(bytes)) << "byte " << at;
    bytes[at] ^= 0x10;
  }
}

TEST(SignedPe, WithAChangedSignatureIsRefusedByTheApplet) {
  const auto signer = code_signer("rsa");
  const auto made = prepared("small.exe").stamp(sample_payload(), {.signer = &signer}).value().bytes;
  const std::size_t content = prepared("small.exe").size();
  // The last byte of the RSA signature, before up to seven zeros.
  auto bytes = made;
  std::size_t last = bytes.size() - 1;
  while (bytes[last] == 0) --last;
  bytes[last] ^= 0x80;
  EXPECT_EQ(signer_of(bytes).error().code, base::Errc::verification_failed);
  bytes = made;
  bytes[content + 6] = 1;  // an X.509 certificate, they say
  EXPECT_EQ(signer_of(bytes).error().code, base::Errc::unsupported);
  bytes = made;
  bytes[content + 8] = 0;
  EXPECT_EQ(signer_of(bytes).error().code, base::Errc::bad_format);
  bytes = made;
  put32(bytes, content, 0xffff'ffff);
  EXPECT_EQ(signer_of(bytes).error().code, base::Errc::bad_format);
}

TEST(SignedPe, WithSomethingHiddenBehindItsSignatureIsRefusedByTheApplet) {
  const auto signer = code_signer("rsa");
  auto bytes = prepared("small.exe").stamp(sample_payload(), {.signer = &signer}).value().bytes;
  const std::size_t content = prepared("small.exe").size();
  const std::size_t entry = bytes[0x3c] + 24U + 112U + 32U;
  base::append(bytes, base::as_bytes("server=https://elsewhere.example"));
  put32(bytes, entry + 4, static_cast<std::uint32_t>(bytes.size() - content));
  put32(bytes, content, static_cast<std::uint32_t>(bytes.size() - content));
  EXPECT_EQ(signer_of(bytes).error().code, base::Errc::bad_format);
}

TEST(SignedPe, GetsOneSignatureInPlaceOfThePresentOne) {
  const test::TempDir dir;
  const auto first = code_signer("rsa");
  const auto signer = code_signer("p256");
  const auto signed_before =
      run_program({"osslsigncode", "sign", "-certs", stamp_fixture("rsa-chain.pem"), "-key", stamp_fixture("rsa.key"),
                   "-h", "sha256", "-in", stamp_fixture("windows.exe"), "-out", dir / "before.exe"});
  ASSERT_EQ(signed_before.status, 0) << signed_before.output;
  // osslsigncode's own signature is read by the applet's check, too.
  EXPECT_EQ(signer_of(read_bytes(dir / "before.exe")).value().fingerprint(), first.certificate().fingerprint());

  const auto again = PreparedImage::make(read_bytes(dir / "before.exe")).value();
  EXPECT_EQ(again.size(), prepared("windows.exe").size());
  const auto made = again.stamp(sample_payload(), {.signer = &signer}).value();
  write_bytes(dir / "after.exe", made.bytes);
  const auto judged = osslsigncode_verify(dir / "after.exe");
  EXPECT_EQ(judged.status, 0) << judged.output;
  EXPECT_THAT(judged.output, HasSubstr("Number of verified signatures: 1"));
  EXPECT_EQ(signer_of(made.bytes).value().fingerprint(), signer.certificate().fingerprint());
}

TEST(SignedPe, StampedAgainIsTheSameAsStampedOnce) {
  const auto signer = code_signer("rsa");
  const auto payload = sample_payload();
  const auto once = prepared("windows.exe").stamp(payload, {.signer = &signer}).value().bytes;
  const auto other = prepared("windows.exe").stamp(Bytes(kMaxSlotPayload, 0xff), {.signer = &signer}).value().bytes;
  EXPECT_EQ(PreparedImage::make(other).value().stamp(payload, {.signer = &signer}).value().bytes, once);
}

TEST(UnsignedPe, HasARightChecksumAndNoSignature) {
  const test::TempDir dir;
  const auto made = prepared("windows.exe").stamp(sample_payload(), {}).value();
  write_bytes(dir / "a.exe", made.bytes);
  const auto judged = osslsigncode_verify(dir / "a.exe");
  EXPECT_NE(judged.status, 0);
  EXPECT_THAT(judged.output, HasSubstr("No signature found"));
  expect_right_checksum(made.bytes, judged.output);
  expect_carries_the_invite(made.bytes);
  EXPECT_EQ(signer_of(made.bytes).error().code, base::Errc::not_found);
  EXPECT_FALSE(made.sha256);
}

TEST(StampedElf, StillRunsAndCarriesTheInviteHoweverTheSlotGotIn) {
  const test::TempDir dir;
  for (const char* name : {"linux", "linux-unstripped", "linux-stripped-later", "linux-objcopy", "linux-loaded"}) {
    const auto image = prepared(name);
    const auto made = image.stamp(sample_payload(), {.file_digest = true}).value();
    EXPECT_EQ(made.sha256, crypto::sha256(made.bytes));
    EXPECT_EQ(made.bytes.size(), read_bytes(stamp_fixture(name)).size());
    expect_carries_the_invite(made.bytes);
    const auto path = dir / name;
    write_bytes(path, made.bytes);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    EXPECT_EQ(run_program({path}).status, 7) << name;
  }
}

TEST(StampedElf, ReadsItsOwnSlot) {
  const test::TempDir dir;
  const auto program = binary_dir() / "tests/stamp_self_reader";
  const auto before = run_program({program});
  EXPECT_EQ(before.status, 6) << before.output;
  EXPECT_THAT(before.output, HasSubstr("carries no session"));

  const auto payload = sample_payload();
  const auto made = PreparedImage::make(read_bytes(program)).value().stamp(payload, {}).value();
  write_bytes(dir / "stamped", made.bytes);
  std::filesystem::permissions(dir / "stamped", std::filesystem::perms::owner_all);
  const auto after = run_program({dir / "stamped"});
  EXPECT_EQ(after.status, 0) << after.output;
  EXPECT_EQ(after.output, base::to_hex(payload) + "\n");
}

// What is sent without a copy is what a copy would be, byte for byte.
TEST(StampedPieces, AreTheFileOneBehindTheOther) {
  const auto signer = code_signer("rsa");  // whose signatures are the same each time
  const auto payload = sample_payload();
  for (const char* name : {"windows.exe", "small.exe", "linux"}) {
    const auto image = prepared(name);
    const StampOptions options{.signer = &signer, .file_digest = true};
    const auto whole = image.stamp(payload, options).value();
    const auto pieces = image.stamp_pieces(payload, options).value();
    Bytes joined;
    for (const auto piece : pieces.pieces()) base::append(joined, piece);
    EXPECT_EQ(joined, whole.bytes) << name;
    EXPECT_EQ(pieces.size(), whole.bytes.size());
    EXPECT_EQ(pieces.sha256(), whole.sha256);
    EXPECT_EQ(pieces.sha256(), crypto::sha256(joined));
    EXPECT_EQ(pieces.detached_signature(), whole.detached_signature);
  }
}

// What stamp/slot.hpp promises to an applet's build.
TEST(PreparedImage, HashesLittleAnewWhenTheSlotIsPlacedAsRecommended) {
  for (const char* name : {"windows.exe", "small.exe", "linux", "linux-stripped-later", "linux-objcopy"})
    EXPECT_LE(prepared(name).hashed_each_time(), kSlotBytes + 4096) << name;
  EXPECT_GT(prepared("linux-loaded").hashed_each_time(), kSlotBytes + 4096);
}

TEST(PreparedImage, TakesTheLongestPayloadAndNoLonger) {
  const auto signer = code_signer("p256");
  const auto image = prepared("windows.exe");
  const Bytes longest(kMaxSlotPayload, 0xee);
  const auto made = image.stamp(longest, {.signer = &signer}).value();
  EXPECT_TRUE(std::ranges::equal(read_slot(made.bytes).value().view(), longest));
  EXPECT_EQ(image.stamp(Bytes(kMaxSlotPayload + 1), {}).error().code, base::Errc::too_large);
  EXPECT_EQ(image.stamp({}, {}).error().code, base::Errc::invalid_argument);
  EXPECT_EQ(read_slot(read_bytes(stamp_fixture("windows.exe"))).error().code, base::Errc::not_found);
}

TEST(PreparedImage, ServesSeveralThreads) {
  const auto signer = code_signer("p256");
  const auto pe = prepared("windows.exe");
  const auto elf = prepared("linux");
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (std::uint8_t n = 0; n < 4; ++n)
      threads.emplace_back([&, n] {
        for (int i = 0; i < 10; ++i) {
          const Bytes payload(100 + n, n);
          for (const auto* image : {&pe, &elf}) {
            const auto made = image->stamp(payload, {.signer = &signer, .file_digest = true}).value();
            if (!std::ranges::equal(read_slot(made.bytes).value().view(), payload) ||
                made.sha256 != crypto::sha256(made.bytes) || (image == &pe && !signer_of(made.bytes)))
              ++wrong;
          }
        }
      });
  }
  EXPECT_EQ(wrong, 0);
}

TEST(BlankSlot, IsWhatTheFormatSays) {
  EXPECT_EQ(blank_slot(), read_bytes(stamp_fixture("slot.bin")));
  EXPECT_EQ(blank_slot_note(), read_bytes(stamp_fixture("slot.note")));
}

}  // namespace
}  // namespace rescue::stamp
