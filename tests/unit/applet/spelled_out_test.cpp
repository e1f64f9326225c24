// SPDX-License-Identifier: Apache-2.0
#include "applet/ui_fltk/spelled_out.hpp"

#include <gtest/gtest.h>

namespace rescue::applet::fltk {
namespace {

TEST(SpelledOut, LeavesWhatCanBeReadAsItIs) {
  const std::string script = "#!/bin/sh\n\techo 'Grüße aus Ελλάδα — 日本 🙂' \xef\xbf\xbd # end\n";
  EXPECT_EQ(spelled_out(script), script);
}

TEST(SpelledOut, NamesWhatWouldHide) {
  EXPECT_EQ(spelled_out("rm -rf /\recho hello"), "rm -rf /⟨U+000D⟩echo hello");
  EXPECT_EQ(spelled_out("\x1b[2Jclean"), "⟨U+001B⟩[2Jclean");
  EXPECT_EQ(spelled_out("a\u202eb\u2066c"), "a⟨U+202E⟩b⟨U+2066⟩c") << "text that is read the other way round";
  EXPECT_EQ(spelled_out("no\u200bthing\u00ad\ufeff"), "no⟨U+200B⟩thing⟨U+00AD⟩⟨U+FEFF⟩") << "of no width";
  EXPECT_EQ(spelled_out("a\u00a0b\u3164c\U000e0041"), "a⟨U+00A0⟩b⟨U+3164⟩c⟨U+E0041⟩") << "no ordinary space";
  EXPECT_EQ(spelled_out(std::string_view("a\0b", 3)), "a⟨U+0000⟩b");
}

TEST(SpelledOut, NamesBytesThatAreNoText) { EXPECT_EQ(spelled_out("a\xff\xc3z"), "a⟨FF⟩⟨C3⟩z"); }

}  // namespace
}  // namespace rescue::applet::fltk
