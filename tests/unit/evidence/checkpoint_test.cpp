// SPDX-License-Identifier: Apache-2.0
#include "evidence/checkpoint.hpp"

#include <gtest/gtest.h>

#include "base/base64.hpp"

namespace rescue::evidence {
namespace {
using crypto::KeyKind;
using crypto::PrivateKey;

Checkpoint some_checkpoint() {
  Checkpoint c{
      "rescue.example.org/log", 20'852'163, {}, base::WallTime(std::chrono::microseconds(1'764'000'000'123'456))};
  c.root.fill(0x5a);
  return c;
}

TEST(Checkpoint, ComesBackAsItWasSigned) {
  const auto key = PrivateKey::generate(KeyKind::ed25519).value();
  const auto text = sign_checkpoint(some_checkpoint(), key).value();
  EXPECT_TRUE(
      text.starts_with("rescue.example.org/log\n20852163\nWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=\n"
                       "time 1764000000123456\n\n\u2014 rescue.example.org/log "))
      << text;
  EXPECT_EQ(open_checkpoint(text, key.public_key()).value(), some_checkpoint());
}

TEST(Checkpoint, SignaturesOfWitnessesArePassedOver) {
  const auto key = PrivateKey::generate(KeyKind::ed25519).value();
  auto text = sign_checkpoint(some_checkpoint(), key).value();
  const auto at = text.find("\n\n") + 2;
  text.insert(at, "\u2014 witness.example.net AAAAAAAA\n");
  text += "\u2014 other.example.net BBBBBBBBBBBB\n";
  EXPECT_EQ(open_checkpoint(text, key.public_key()).value(), some_checkpoint());
}

TEST(Checkpoint, AnotherKeyIsNotTheSites) {
  const auto key = PrivateKey::generate(KeyKind::ed25519).value();
  const auto other = PrivateKey::generate(KeyKind::ed25519).value();
  const auto text = sign_checkpoint(some_checkpoint(), key).value();
  EXPECT_EQ(open_checkpoint(text, other.public_key()).error().code, base::Errc::not_found);
}

TEST(Checkpoint, EachByteOfItCounts) {
  const auto key = PrivateKey::generate(KeyKind::ed25519).value();
  const auto text = sign_checkpoint(some_checkpoint(), key).value();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char with : {'0', 'z', '\n', ' '}) {
      auto changed = text;
      if (changed[i] == with) continue;
      changed[i] = with;
      EXPECT_FALSE(open_checkpoint(changed, key.public_key())) << i << " '" << with << "'";
    }
    EXPECT_FALSE(open_checkpoint(text.substr(0, i), key.public_key())) << i;
  }
}

TEST(Checkpoint, RefusesWhatIsNone) {
  const auto key = PrivateKey::generate(KeyKind::ed25519).value();
  EXPECT_EQ(open_checkpoint(std::string(kCheckpointMax + 1, 'x'), key.public_key()).error().code,
            base::Errc::too_large);
  auto c = some_checkpoint();
  for (const auto origin : {"", "two words", "plus+plus", "line\nbreak", "\xff"}) {
    c.origin = origin;
    EXPECT_FALSE(sign_checkpoint(c, key)) << origin;
  }
  EXPECT_FALSE(sign_checkpoint(some_checkpoint(), PrivateKey::generate(KeyKind::p256).value()));
}

TEST(Checkpoint, TheVerifierKeyIsThatOfSignedNotes) {
  // The example of https://pkg.go.dev/golang.org/x/mod/sumdb/note.
  constexpr std::string_view kPublished = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
  const auto encoded = base::from_base64(kPublished.substr(kPublished.rfind('+', kPublished.find("ARpc")) + 1)).value();
  const auto key = crypto::PublicKey::from_raw_ed25519(base::ByteView(encoded).subspan(1)).value();
  EXPECT_EQ(verifier_key("PeterNeumann", key).value(), kPublished);
}

}  // namespace
}  // namespace rescue::evidence
