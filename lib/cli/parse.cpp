// SPDX-License-Identifier: Apache-2.0
// CLI11 splits the arguments; types, required values and messages are ours, so that they read the same everywhere.
#include "cli/parse.hpp"

#include <charconv>
#include <ostream>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "base/assert.hpp"
#include "base/guid.hpp"
#include "cli/exit.hpp"
#include "cli/help.hpp"

namespace rescue::cli {
namespace {

constexpr std::size_t kMaxEditDistance = 3;
constexpr std::size_t kMaxCompared = 64;  // longer words are no typing error of a name

std::optional<std::uint64_t> to_integer(std::string_view text) {
  std::uint64_t v = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return v;
}

bool is_https(std::string_view text) { return text.starts_with("https://") && text.size() > 8; }
bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos || colon == 0) return false;
  const auto port = to_integer(text.substr(colon + 1));
  return port && *port <= 65535;
}

/// Nothing when `text` is fine, else what is expected.
std::optional<std::string> type_mismatch(ValueType type, std::span<const std::string_view> choices,
                                         std::string_view text, base::WallTime now) {
  switch (type) {
    case ValueType::integer:
      if (!to_integer(text)) return "a whole number";
      break;
    case ValueType::duration:
      if (!base::parse_duration(text)) return "a duration such as 90s, 15m or 2h";
      break;
    case ValueType::time:
      if (!base::parse_time_or_ago(text, now)) return "a time (RFC 3339) or a duration back from now such as 2h";
      break;
    case ValueType::guid:
      if (!base::Guid::parse(text)) return "an id (8-4-4-4-12 hexadecimal digits)";
      break;
    case ValueType::address:
      if (!is_address(text)) return "HOST:PORT";
      break;
    case ValueType::url:
      if (!is_https(text)) return "https://HOST[:PORT]";
      break;
    case ValueType::site:
      if (!is_https(text) && !(text.starts_with("unix:/") && text.size() > 6)) return "https://HOST[:PORT] or unix:/PATH";
      break;
    case ValueType::choice:
      if (std::ranges::find(choices, text) == choices.end()) return fmt::format("one of {}", fmt::join(choices, ", "));
      break;
    default:
      if (text.find('\0') != text.npos) return "text without NUL";
  }
  return std::nullopt;
}

bool truth(std::string_view text) { return text == "1" || text == "true" || text == "yes"; }

/// Optimal string alignment: insertions, deletions, changes, and swaps of neighbours cost 1 each.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i)
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      d[i][j] = std::min({d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), d[i - 1][j] + 1, d[i][j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string nearest(std::string_view typed, const std::vector<std::string>& candidates) {
  std::string best;
  if (typed.size() > kMaxCompared) return best;
  // A third of the word may be wrong; more is another word.
  std::size_t limit = std::min(kMaxEditDistance, std::max<std::size_t>(1, typed.size() / 3)) + 1;
  for (const auto& c : candidates) {
    const auto d = typed.size() >= 2 && c.starts_with(typed) ? 1 : edit_distance(typed, c);
    if (d < limit) {
      limit = d;
      best = c;
    }
  }
  return best;
}

/// One parse; builds the CLI11 tree, reads it back into a Parsed.
class Parser {
 public:
  using Outcome = std::variant<UsageError, HelpWanted>;
  Parser(const Program& program, const Env& env) : program_(program), env_(env) {}

  std::expected<Parsed, Outcome> run(Args args) {
    build(app_, program_.root);
    app_.add_flag("--version");
    if (auto outcome = split(args)) return std::unexpected(*std::move(outcome));
    const CLI::App* leaf = &app_;
    parsed_.command_ = &program_.root;
    while (!leaf->get_subcommands().empty()) {
      leaf = leaf->get_subcommands().front();
      parsed_.path_ += (parsed_.path_.empty() ? "" : " ") + leaf->get_name();
    }
    parsed_.command_ = find_command(program_, parsed_.path_);
    parsed_.now_ = env_.clock->wall();
    if (app_.count("--version") > 0) return std::unexpected(HelpWanted{"", true});
    if (auto error = leftover(*leaf)) return std::unexpected(*std::move(error));
    if (auto error = collect(app_, program_.root)) return std::unexpected(*std::move(error));
    if (leaf != &app_)
      if (auto error = collect(*leaf, *parsed_.command_)) return std::unexpected(*std::move(error));
    if (auto error = collect_positionals(*leaf)) return std::unexpected(*std::move(error));
    return std::move(parsed_);
  }

 private:
  void build(CLI::App& app, const Command& command) {
    app.set_help_flag("-h,--help");
    app.allow_extras();
    app.fallthrough();
    app.require_subcommand(0, 1);  // without the cap, a positional named like a command would be taken for it
    for (const auto& o : options_of(command)) {
      const auto names = o.flag->letter != '\0' && o.name == o.flag->name
                             ? fmt::format("-{},--{}", o.flag->letter, o.name)
                             : "--" + o.name;
      auto* option = o.type == ValueType::none ? app.add_flag(names) : app.add_option(names);
      if (o.type != ValueType::none)
        option->expected(1)->allow_extra_args(false);
      else
        option->disable_flag_override();  // "--join=no" would count as --join
      option->multi_option_policy(o.flag->repeated ? CLI::MultiOptionPolicy::TakeAll
                                                   : CLI::MultiOptionPolicy::TakeLast);
    }
    for (const auto& child : command.commands) build(*app.add_subcommand(std::string(child.name)), child);
  }

  std::optional<Outcome> split(Args args) {
    std::vector<std::string> reversed;  // CLI11 takes them from the back
    for (const auto& a : args) {
      if (literal_) {
        literals_.push_back(a);
      } else if (a == "--") {  // all after it are positionals, also those that look like flags
        literal_ = true;
      } else if (a.size() > 3 && a.starts_with("--") && a.find('=') == a.size() - 1) {
        reversed.push_back(a.substr(0, a.size() - 1));  // "--x=" is an empty value; CLI11 would take the next argument
        reversed.emplace_back();
      } else {
        reversed.push_back(a);
      }
    }
    std::ranges::reverse(reversed);
    try {
      app_.parse(reversed);
    } catch (const CLI::CallForHelp&) {
      return HelpWanted{deepest_path(), false};
    } catch (const CLI::ArgumentMismatch& e) {
      // CLI11 says "--note: 1 required TEXT missing" and "join was given a disallowed flag override".
      const std::string text = e.what();
      const auto flag = text.substr(0, text.find_first_of(": "));
      const bool bare = text.find("flag override") != text.npos;
      return UsageError{bare ? fmt::format("--{} takes no value", flag) : fmt::format("{} needs a value", flag), "",
                        deepest_path()};
    } catch (const CLI::Error& e) {
      return UsageError{e.what(), "", deepest_path()};
    }
    return std::nullopt;
  }

  std::string deepest_path() const {
    std::string path;
    const CLI::App* at = &app_;
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      path += (path.empty() ? "" : " ") + at->get_name();
    }
    return path;
  }

  /// Arguments that no option or command took are the leaf's positionals, or an error.
  std::optional<Outcome> leftover(const CLI::App& leaf) {
    const auto& command = *parsed_.command_;
    for (const auto* app : {&leaf, static_cast<const CLI::App*>(&app_)}) {
      for (const auto& word : app->remaining(false)) {
        if (word.size() > 1 && word.front() == '-') return unknown_flag(word);
        words_.push_back(word);
      }
      if (app == &app_) break;
    }
    words_.insert(words_.end(), literals_.begin(), literals_.end());
    if (!command.commands.empty() && !words_.empty()) return unknown_command(words_.front());
    if (!command.commands.empty() && !command.runs_alone) {
      std::vector<std::string_view> names;
      for (const auto& c : command.commands)
        if (!c.hidden) names.push_back(c.name);
      return UsageError{fmt::format("a command is missing: one of {}", fmt::join(names, ", ")), "", parsed_.path_};
    }
    return std::nullopt;
  }

  Outcome unknown_flag(std::string_view word) const {
    const auto name = std::string(word.substr(0, word.find('=')));
    std::vector<std::string> known{"--help"};
    for (const auto* command : {parsed_.command_, &program_.root})
      for (const auto& o : options_of(*command))
        if (!o.flag->hidden) known.push_back("--" + o.name);
    return UsageError{fmt::format("unknown flag '{}'", name), nearest(name, known), parsed_.path_};
  }

  Outcome unknown_command(const std::string& word) const {
    std::vector<std::string> known;
    for (const auto& c : parsed_.command_->commands)
      if (!c.hidden) known.emplace_back(c.name);
    return UsageError{fmt::format("unknown command '{}'", word), nearest(word, known), parsed_.path_};
  }

  std::optional<Outcome> collect(const CLI::App& app, const Command& command) {
    for (const auto& o : options_of(command)) {
      Parsed::Value value;
      const auto* option = app.get_option("--" + o.name);
      if (option->count() > 0) {
        value.source = Source::flag;
        value.texts = o.type == ValueType::none ? std::vector<std::string>{"true"} : option->results();
        if (!o.flag->repeated && value.texts.size() > 1) value.texts = {value.texts.back()};
      } else if (auto text =
                     o.flag->env.empty() || o.flag->type == ValueType::secret ? std::nullopt : env_.var(o.flag->env)) {
        value.source = Source::environment;
        value.texts = {*text};
      } else if (!o.flag->fallback.empty()) {
        value.source = Source::fallback;
        value.texts = {std::string(o.flag->fallback)};
      }
      if (auto error = check(o, value)) return error;
      parsed_.flags_[o.name] = std::move(value);
    }
    return std::nullopt;
  }

  std::optional<Outcome> check(const Option& o, const Parsed::Value& value) const {
    if (o.flag->required && value.source == Source::none && o.type != ValueType::none)
      return UsageError{fmt::format("--{} {} is missing", o.name, o.value), "", parsed_.path_};
    if (o.type == ValueType::none) return std::nullopt;
    for (const auto& text : value.texts)
      if (auto expected = type_mismatch(o.type, o.flag->choices, text, parsed_.now_)) {
        std::vector<std::string> choices(o.flag->choices.begin(), o.flag->choices.end());
        const auto where =
            value.source == Source::environment ? fmt::format("variable {}", o.flag->env) : "--" + o.name;
        return UsageError{fmt::format("{} needs {}, not '{}'", where, *expected, text), nearest(text, choices),
                          parsed_.path_};
      }
    return std::nullopt;
  }

  std::optional<Outcome> collect_positionals(const CLI::App&) {
    std::size_t at = 0;
    for (const auto& p : parsed_.command_->positionals) {
      auto& values = parsed_.positionals_[std::string(p.name)];
      while (at < words_.size() && (values.empty() || p.repeated)) values.push_back(words_[at++]);
      if (values.empty() && !p.optional)
        return UsageError{fmt::format("{} is missing: {}", p.name, p.help), "", parsed_.path_};
      for (const auto& text : values)
        if (auto expected = type_mismatch(p.type, p.choices, text, parsed_.now_)) {
          std::vector<std::string> choices(p.choices.begin(), p.choices.end());
          return UsageError{fmt::format("{} must be {}, not '{}'", p.name, *expected, text), nearest(text, choices),
                            parsed_.path_};
        }
    }
    if (at < words_.size()) return UsageError{fmt::format("unexpected argument '{}'", words_[at]), "", parsed_.path_};
    return std::nullopt;
  }

  const Program& program_;
  const Env& env_;
  CLI::App app_;
  Parsed parsed_;
  std::vector<std::string> words_;     // positionals
  std::vector<std::string> literals_;  // what stood after "--"
  bool literal_ = false;
};

std::expected<Parsed, std::variant<UsageError, HelpWanted>> parse(const Program& program, Args args, const Env& env) {
  return Parser(program, env).run(args);
}

const Parsed::Value& Parsed::value(std::string_view flag) const {
  const auto it = flags_.find(flag);
  RESCUE_ASSERT(it != flags_.end());  // a name that the table does not declare
  return it->second;
}
Source Parsed::source(std::string_view flag) const { return value(flag).source; }
bool Parsed::on(std::string_view flag) const {
  const auto& v = value(flag);
  return !v.texts.empty() && truth(v.texts.back());
}
std::string Parsed::text(std::string_view flag) const { return maybe(flag).value_or(""); }
std::vector<std::string> Parsed::all(std::string_view flag) const { return value(flag).texts; }
std::optional<std::string> Parsed::maybe(std::string_view flag) const {
  const auto& v = value(flag);
  return v.texts.empty() ? std::nullopt : std::optional(v.texts.back());
}
std::uint64_t Parsed::integer(std::string_view flag) const { return to_integer(text(flag)).value_or(0); }
base::Duration Parsed::duration(std::string_view flag) const {
  return base::parse_duration(text(flag)).value_or(base::Duration(0));
}
std::optional<base::WallTime> Parsed::time(std::string_view flag) const {
  const auto v = maybe(flag);
  if (!v) return std::nullopt;
  auto t = base::parse_time_or_ago(*v, now_);
  return t ? std::optional(*t) : std::nullopt;
}
std::string Parsed::positional(std::string_view name) const {
  const auto all_values = positionals(name);
  return all_values.empty() ? "" : all_values.front();
}
std::vector<std::string> Parsed::positionals(std::string_view name) const {
  const auto it = positionals_.find(name);
  RESCUE_ASSERT(it != positionals_.end());
  return it->second;
}

bool wants_json_errors(const Program& program, Args args, const Env& env) {
  const auto is_json = [](std::string_view v) { return v == "json" || v == "jsonl"; };
  const auto it = std::ranges::find(program.root.flags, program.output_flag, &Flag::name);
  if (it == program.root.flags.end()) return false;
  std::optional<bool> typed;
  const auto long_name = fmt::format("--{}", it->name);
  const auto short_name = it->letter != '\0' ? fmt::format("-{}", it->letter) : long_name;
  for (std::size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
    const std::string_view a = args[i];
    if ((a == long_name || a == short_name) && i + 1 < args.size())
      typed = is_json(args[i + 1]);
    else if (a.starts_with(long_name + "="))
      typed = is_json(a.substr(long_name.size() + 1));
    else if (a.starts_with(short_name) && !a.starts_with("--") && a.size() > 2)
      typed = is_json(a.substr(a[2] == '=' ? 3 : 2));
  }
  return typed.value_or(is_json(env.var(it->env).value_or("")));
}

std::expected<Parsed, int> parse_or_exit(const Program& program, Args args, Env& env) {
  auto parsed = parse(program, args, env);
  if (parsed) return *std::move(parsed);
  if (const auto* help = std::get_if<HelpWanted>(&parsed.error())) {
    if (help->version)
      *env.out << program.root.name << ' ' << program.version << '\n';
    else
      *env.out << help_text(program, help->path, env.out_is_tty ? env.columns : 80);
    return std::unexpected(exit_code(base::Exit::ok));
  }
  const auto& error = std::get<UsageError>(parsed.error());
  const bool json = wants_json_errors(program, args, env);
  const int code = print_failure(
      env, program.root.name,
      {.error = "USAGE", .code = base::Exit::usage, .message = error.message, .suggestion = error.suggestion}, json);
  if (!json) *env.err << "usage: " << usage_line(program, error.path) << "\n";
  return std::unexpected(code);
}

}  // namespace rescue::cli
