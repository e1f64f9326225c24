// SPDX-License-Identifier: Apache-2.0
// What the scripted user of the headless mode does: read from a JSON file (man rescue-applet(1), SCENARIO FILES).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "screen/frame.hpp"
#include "session/consent.hpp"
#include "session/question.hpp"

namespace rescue::applet {

inline constexpr std::size_t kScenarioBytesMax = 1024 * 1024;
inline constexpr std::size_t kScenarioRowsMax = 1000;  // of each list
inline constexpr std::uint64_t kScenarioFileBytesMax = std::uint64_t{4} << 30;

/// Answer to a prompt; none is no answer, so that it times out.
struct PromptRule {
  std::optional<session::Permission> permission;  // none: any
  bool single = false;                            // the prompt for everything at once
  std::optional<session::Answer> answer;
  base::Duration delay{};
  int times = 0;  // uses before the rule is spent, 0: no limit
};

/// Answer to a question; none is no answer, so that it times out.
struct QuestionRule {
  std::optional<session::QuestionKind> kind;  // none: any
  std::optional<bool> yes;
  std::vector<std::string> values;  // of the question's fields, in their order
  base::Duration delay{};
  int times = 0;
};

struct ChatRule {
  std::string contains;  // empty: any text; compared without ASCII case
  std::string reply;
  base::Duration delay{};
  int times = 0;
};

enum class Trigger : std::uint8_t { started, waiting, helped, viewing, controlling, recording, chat, file_received, clipboard };
enum class StepAction : std::uint8_t { say, copy, revoke, revoke_all, end };
/// `action` happens `after` the first time that `when` happens.
struct Step {
  Trigger when = Trigger::started;
  base::Duration after{};
  StepAction action = StepAction::say;
  std::string text;
  std::optional<session::Permission> permission;
};

/// A file for a technician who asks for one: a real one, or made of the seed.
struct OfferedFile {
  std::filesystem::path path;  // real, or
  std::string name;
  std::uint64_t bytes = 0;
};
enum class FileAnswer : std::uint8_t { offer, decline, ignore };

enum class DesktopKind : std::uint8_t { synthetic, x11 };
struct DesktopPlan {
  DesktopKind kind = DesktopKind::synthetic;
  std::vector<screen::Size> displays = {{1280, 800}};
  base::Duration period = std::chrono::milliseconds(100);  // between changes of the animation; zero: still
};

struct Scenario {
  std::vector<PromptRule> prompts;
  std::vector<QuestionRule> questions;
  std::vector<ChatRule> chat;
  std::vector<Step> steps;
  FileAnswer file_answer = FileAnswer::decline;
  base::Duration file_delay{};
  std::optional<OfferedFile> file;
  DesktopPlan desktop;
};

/// Errors: bad_format; the context names the place ("prompts[2].answer: …"). Unknown keys are errors.
[[nodiscard]] base::Result<Scenario> parse_scenario(std::string_view json);
/// not_found, io, too_large, and those of parse_scenario with the file's name in front.
[[nodiscard]] base::Result<Scenario> load_scenario(const std::filesystem::path& path);

}  // namespace rescue::applet
