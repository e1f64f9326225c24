// SPDX-License-Identifier: Apache-2.0
#include "applet/headless/scenario.hpp"

#include <fstream>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "wire/session_limits.hpp"

namespace rescue::applet {
namespace {
namespace json = boost::json;
constexpr base::Duration kPromptDelay = std::chrono::milliseconds(600);  // a prompt is deaf for the first 500 ms
constexpr base::Duration kLongestTime = std::chrono::hours(24);

std::unexpected<base::Error> wrong(const std::string& where, std::string_view what) {
  return base::fail(base::Errc::bad_format, fmt::format("{}: {}", where.empty() ? "scenario" : where, what));
}

// An object whose keys are taken one by one; what is left at the end is a mistake.
class Object {
 public:
  static base::Result<Object> of(const json::value& v, std::string where) {
    if (!v.is_object()) return wrong(where, "an object is expected");
    return Object(v.get_object(), std::move(where));
  }
  [[nodiscard]] std::string at(std::string_view key) const {
    return where_.empty() ? std::string(key) : fmt::format("{}.{}", where_, key);
  }
  const json::value* take(std::string_view key) {
    taken_.push_back(key);
    return object_->if_contains(json::string_view(key.data(), key.size()));
  }
  base::Result<std::string> text(std::string_view key, std::string_view fallback, std::size_t most) {
    const auto* v = take(key);
    if (v == nullptr) return std::string(fallback);
    if (!v->is_string()) return wrong(at(key), "a string is expected");
    std::string out(v->get_string().data(), v->get_string().size());
    if (out.size() > most) return wrong(at(key), fmt::format("at most {} bytes", most));
    return out;
  }
  base::Result<std::vector<std::string>> texts(std::string_view key, std::size_t most, std::size_t longest) {
    std::vector<std::string> out;
    const auto* v = take(key);
    if (v == nullptr) return out;
    if (!v->is_array() || v->get_array().size() > most)
      return wrong(at(key), fmt::format("a list of at most {} strings is expected", most));
    for (const auto& item : v->get_array()) {
      if (!item.is_string() || item.get_string().size() > longest)
        return wrong(at(key), fmt::format("strings of at most {} bytes are expected", longest));
      out.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return out;
  }
  base::Result<std::uint64_t> number(std::string_view key, std::uint64_t fallback, std::uint64_t least,
                                     std::uint64_t most) {
    const auto* v = take(key);
    if (v == nullptr) return fallback;
    if (!v->is_int64() && !v->is_uint64()) return wrong(at(key), "a whole number is expected");
    const auto n = v->is_uint64() ? v->get_uint64() : static_cast<std::uint64_t>(v->get_int64());
    if ((v->is_int64() && v->get_int64() < 0) || n < least || n > most)
      return wrong(at(key), fmt::format("from {} to {}", least, most));
    return n;
  }
  base::Result<base::Duration> duration(std::string_view key, base::Duration fallback) {
    RESCUE_TRY(auto value, text(key, "", 100));
    if (value.empty()) return fallback;
    auto parsed = base::parse_duration(value);
    if (!parsed) return wrong(at(key), fmt::format("'{}' is no duration like \"600ms\" or \"2s\"", value));
    if (*parsed > kLongestTime) return wrong(at(key), "longer than a day");
    return *parsed;
  }
  base::Result<bool> flag(std::string_view key) {
    const auto* v = take(key);
    if (v == nullptr) return false;
    if (!v->is_bool()) return wrong(at(key), "true or false is expected");
    return v->get_bool();
  }
  base::Result<std::optional<session::Permission>> permission(std::string_view key) {
    RESCUE_TRY(auto name, text(key, "*", 100));
    if (name == "*") return std::optional<session::Permission>();
    auto found = wire::parse_permission(name);
    if (!found) return wrong(at(key), fmt::format("there is no permission '{}'", name));
    return found;
  }
  base::Result<> finish() const {
    for (const auto& entry : *object_) {
      const std::string_view key(entry.key().data(), entry.key().size());
      if (std::ranges::find(taken_, key) == taken_.end()) return wrong(at(key), "there is no such key");
    }
    return {};
  }

 private:
  Object(const json::object& o, std::string where) : object_(&o), where_(std::move(where)) {}
  const json::object* object_;
  std::string where_;
  std::vector<std::string_view> taken_;
};

template <typename T>
struct Name {
  std::string_view text;
  T value;
};

template <typename T, std::size_t N>
base::Result<T> choose(Object& o, std::string_view key, std::string_view fallback, const Name<T> (&names)[N]) {
  RESCUE_TRY(auto text, o.text(key, fallback, 100));
  std::string all;
  for (const auto& n : names) {
    if (n.text == text) return n.value;
    all += (all.empty() ? "" : ", ") + std::string(n.text);
  }
  return wrong(o.at(key), fmt::format("'{}' is none of {}", text, all));
}

base::Result<PromptRule> prompt_rule(Object& o) {
  constexpr Name<std::optional<session::Answer>> kAnswers[] = {{"yes", session::Answer::yes},
                                                               {"no", session::Answer::no},
                                                               {"one_by_one", session::Answer::one_by_one},
                                                               {"ignore", std::nullopt}};
  PromptRule rule;
  RESCUE_TRY(rule.permission, o.permission("permission"));
  RESCUE_TRY(rule.single, o.flag("single"));
  if (rule.single && rule.permission) return wrong(o.at("single"), "a prompt for everything names no permission");
  RESCUE_TRY(rule.answer, choose(o, "answer", "", kAnswers));
  RESCUE_TRY(rule.delay, o.duration("delay", kPromptDelay));
  RESCUE_TRY(auto times, o.number("times", 0, 0, 1'000'000));
  rule.times = static_cast<int>(times);
  return rule;
}

base::Result<QuestionRule> question_rule(Object& o) {
  constexpr Name<std::optional<session::QuestionKind>> kKinds[] = {{"*", std::nullopt},
                                                                   {"script", session::QuestionKind::script},
                                                                   {"url", session::QuestionKind::url},
                                                                   {"sas", session::QuestionKind::sas},
                                                                   {"credentials", session::QuestionKind::credentials},
                                                                   {"reboot", session::QuestionKind::reboot},
                                                                   {"elevation", session::QuestionKind::elevation}};
  constexpr Name<std::optional<bool>> kAnswers[] = {{"yes", true}, {"no", false}, {"ignore", std::nullopt}};
  QuestionRule rule;
  RESCUE_TRY(rule.kind, choose(o, "kind", "*", kKinds));
  RESCUE_TRY(rule.yes, choose(o, "answer", "", kAnswers));
  RESCUE_TRY(rule.values, o.texts("values", 8, 1000));
  RESCUE_TRY(rule.delay, o.duration("delay", kPromptDelay));
  RESCUE_TRY(const auto times, o.number("times", 0, 0, 1'000'000));
  rule.times = static_cast<int>(times);
  return rule;
}

base::Result<ChatRule> chat_rule(Object& o) {
  ChatRule rule;
  RESCUE_TRY(rule.contains, o.text("contains", "", wire::kChatTextMax));
  RESCUE_TRY(rule.reply, o.text("reply", "", wire::kChatTextMax));
  if (rule.reply.empty()) return wrong(o.at("reply"), "is missing");
  RESCUE_TRY(rule.delay, o.duration("delay", {}));
  RESCUE_TRY(auto times, o.number("times", 0, 0, 1'000'000));
  rule.times = static_cast<int>(times);
  return rule;
}

base::Result<Step> step(Object& o) {
  constexpr Name<Trigger> kTriggers[] = {{"started", Trigger::started},
                                         {"waiting", Trigger::waiting},
                                         {"helped", Trigger::helped},
                                         {"viewing", Trigger::viewing},
                                         {"controlling", Trigger::controlling},
                                         {"recording", Trigger::recording},
                                         {"chat", Trigger::chat},
                                         {"file_received", Trigger::file_received},
                                         {"clipboard", Trigger::clipboard}};
  constexpr Name<StepAction> kActions[] = {{"say", StepAction::say},
                                           {"copy", StepAction::copy},
                                           {"revoke", StepAction::revoke},
                                           {"revoke_all", StepAction::revoke_all},
                                           {"end", StepAction::end}};
  Step out;
  RESCUE_TRY(out.when, choose(o, "when", "started", kTriggers));
  RESCUE_TRY(out.after, o.duration("after", {}));
  RESCUE_TRY(out.action, choose(o, "do", "", kActions));
  RESCUE_TRY(out.text, o.text("text", "", wire::kChatTextMax));
  RESCUE_TRY(out.permission, o.permission("permission"));
  if ((out.action == StepAction::say || out.action == StepAction::copy) && out.text.empty()) return wrong(o.at("text"), "is missing");
  if (out.action == StepAction::revoke && !out.permission) return wrong(o.at("permission"), "is missing");
  return out;
}

template <typename T>
base::Result<std::vector<T>> list(Object& o, std::string_view key, base::Result<T> (*read)(Object&)) {
  std::vector<T> out;
  const auto* v = o.take(key);
  if (v == nullptr) return out;
  if (!v->is_array()) return wrong(o.at(key), "a list is expected");
  if (v->get_array().size() > kScenarioRowsMax)
    return wrong(o.at(key), fmt::format("at most {} rows", kScenarioRowsMax));
  for (std::size_t i = 0; i < v->get_array().size(); ++i) {
    RESCUE_TRY(auto row, Object::of(v->get_array()[i], fmt::format("{}[{}]", o.at(key), i)));
    RESCUE_TRY(auto value, read(row));
    RESCUE_CHECK(row.finish());
    out.push_back(std::move(value));
  }
  return out;
}

base::Result<> files(const json::value& v, Scenario& out) {
  constexpr Name<FileAnswer> kAnswers[] = {
      {"offer", FileAnswer::offer}, {"decline", FileAnswer::decline}, {"ignore", FileAnswer::ignore}};
  RESCUE_TRY(auto o, Object::of(v, "files"));
  RESCUE_TRY(out.file_answer, choose(o, "answer", "offer", kAnswers));
  RESCUE_TRY(out.file_delay, o.duration("delay", {}));
  OfferedFile file;
  RESCUE_TRY(auto path, o.text("path", "", 4096));
  file.path = path;
  RESCUE_TRY(file.name, o.text("name", "", wire::kFileNameMax));
  if (file.name.find('/') != std::string::npos || file.name == "." || file.name == "..")
    return wrong(o.at("name"), "a bare name is expected");
  RESCUE_TRY(file.bytes, o.number("bytes", 0, 0, kScenarioFileBytesMax));
  if (out.file_answer == FileAnswer::offer) {
    if (file.path.empty() == file.name.empty()) return wrong(o.at("path"), "give either path or name and bytes");
    out.file = std::move(file);
  }
  return o.finish();
}

base::Result<screen::Size> display_size(Object& o) {
  RESCUE_TRY(auto width, o.number("width", 1280, 64, screen::kMaxSide));
  RESCUE_TRY(auto height, o.number("height", 800, 64, screen::kMaxSide));
  screen::Size size{static_cast<std::int32_t>(width), static_cast<std::int32_t>(height)};
  if (!size.valid()) return wrong(o.at("width"), "too many pixels");
  return size;
}

base::Result<> desktop(const json::value& v, Scenario& out) {
  constexpr Name<DesktopKind> kKinds[] = {{"synthetic", DesktopKind::synthetic}, {"x11", DesktopKind::x11}};
  RESCUE_TRY(auto o, Object::of(v, "desktop"));
  RESCUE_TRY(out.desktop.kind, choose(o, "kind", "synthetic", kKinds));
  RESCUE_TRY(out.desktop.period, o.duration("period", out.desktop.period));
  RESCUE_TRY(auto displays, list<screen::Size>(o, "displays", &display_size));
  if (displays.size() > wire::kDisplaysMax)
    return wrong(o.at("displays"), fmt::format("at most {}", wire::kDisplaysMax));
  if (!displays.empty()) out.desktop.displays = std::move(displays);
  return o.finish();
}
}  // namespace

base::Result<Scenario> parse_scenario(std::string_view text) {
  if (text.size() > kScenarioBytesMax) return base::fail(base::Errc::too_large, "scenario");
  boost::system::error_code error;
  auto value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error) return wrong("", fmt::format("is no JSON: {}", error.message()));
  RESCUE_TRY(auto o, Object::of(value, ""));
  RESCUE_TRY(auto version, o.number("version", 1, 1, 1));
  static_cast<void>(version);
  Scenario out;
  RESCUE_TRY(out.prompts, list<PromptRule>(o, "prompts", &prompt_rule));
  RESCUE_TRY(out.questions, list<QuestionRule>(o, "questions", &question_rule));
  RESCUE_TRY(out.chat, list<ChatRule>(o, "chat", &chat_rule));
  RESCUE_TRY(out.steps, list<Step>(o, "steps", &step));
  if (const auto* v = o.take("files")) RESCUE_CHECK(files(*v, out));
  if (const auto* v = o.take("desktop")) RESCUE_CHECK(desktop(*v, out));
  RESCUE_CHECK(o.finish());
  return out;
}

base::Result<Scenario> load_scenario(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return base::fail(base::errno_error(fmt::format("open scenario '{}'", path.string())));
  std::string text(kScenarioBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || in.gcount() < 0) return base::fail(base::Errc::io, fmt::format("read scenario '{}'", path.string()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  auto parsed = parse_scenario(text);
  if (!parsed) return base::fail(parsed.error().within(fmt::format("scenario '{}'", path.string())));
  return parsed;
}

}  // namespace rescue::applet
