// SPDX-License-Identifier: Apache-2.0
#include "applet/x_main.hpp"

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iostream>

#include <fmt/format.h>

#include "applet/core/applet.hpp"
#include "applet/core/script_guard.hpp"
#include "applet/headless/headless_ui.hpp"
#include "applet/headless/synthetic_clipboard.hpp"
#include "applet/headless/synthetic_desktop.hpp"
#include "applet/ui_fltk/fltk_ui.hpp"
#include "applet/x11/host.hpp"
#include "base/log.hpp"

namespace rescue::applet {
namespace {
int fail(const base::Error& error, Env& env) {
  *env.err << "rescue-applet: " << error.message() << '\n';
  return static_cast<int>(error.exit());
}

// A folder of its own below the system's temporary one, deleted with the object.
class Scratch {
 public:
  static base::Result<Scratch> create() {
    auto pattern = (std::filesystem::temp_directory_path() / "rescue-applet-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return base::fail(base::errno_error("make a temporary folder"));
    return Scratch(pattern);
  }
  Scratch(Scratch&& o) noexcept : path(std::exchange(o.path, {})) {}
  Scratch& operator=(Scratch&&) = delete;
  ~Scratch() {
    std::error_code ignored;
    if (!path.empty()) std::filesystem::remove_all(path, ignored);
  }
  std::filesystem::path path;

 private:
  explicit Scratch(std::filesystem::path p) : path(std::move(p)) {}
};

Desktop x11_desktop(const Options& options, const desktop::OwnWindows& own) {
  Desktop out;
  out.make_capture = [display = options.display] {
    x11::CaptureOptions capture;
    capture.display = display;
    return x11::make_capture(capture);
  };
  auto input = x11::make_input(options.display, own, options.headless ? desktop::kNoSymbol : options.revoke_key);
  if (input)
    out.input = std::move(*input);
  else
    base::log(base::LogLevel::warn, "applet", "this desktop cannot be controlled", {{"why", input.error().message()}});
  auto clipboard = x11::make_clipboard(options.display);
  if (clipboard)
    out.clipboard = std::move(*clipboard);
  else
    base::log(base::LogLevel::warn, "applet", "the clipboard cannot be shared", {{"why", clipboard.error().message()}});
  return out;
}

int run_headless(Options options, Env& env) {
  auto scenario = load_scenario(options.scenario);
  if (!scenario) return fail(scenario.error(), env);
  auto scratch = Scratch::create();
  if (!scratch) return fail(scratch.error(), env);
  SyntheticOptions synthetic;
  synthetic.seed = options.seed;
  synthetic.displays = scenario->desktop.displays;
  synthetic.period = scenario->desktop.period;
  SyntheticDesktop made_up(std::move(synthetic), [](std::string_view what, const std::string& value) {
    base::log(base::LogLevel::info, "desktop", what, {{"value", value}});
  });
  desktop::OwnWindows none;
  Desktop desktop;
  std::function<void(const std::string&)> copy;
  if (scenario->desktop.kind == DesktopKind::x11) {
    desktop = x11_desktop(options, none);
  } else {
    desktop.make_capture = [&made_up] {
      return base::Result<std::unique_ptr<desktop::Capture>>(made_up.make_capture());
    };
    desktop.input = made_up.make_input();
    auto clipboard = std::make_unique<SyntheticClipboard>([](const std::string& text) {
      base::log(base::LogLevel::info, "desktop", "clipboard", {{"value", text}});
    });
    copy = [&clipboard = *clipboard](const std::string& text) { clipboard.copy(text); };
    desktop.clipboard = std::move(clipboard);
    // A scripted user has no browser; the log line of the room "urls" says that one would open it.
    desktop.open_address = [](const std::string&) { return base::Result<>(); };
  }
  const auto seed = options.seed;
  HeadlessUi ui(std::move(*scenario), seed, scratch->path);
  ui.on_copy(std::move(copy));
  // The scripted user has no keyboard: the key is the technician's as any other.
  options.revoke_key = desktop::kNoSymbol;
  return Applet(std::move(options), env, ui, std::move(desktop)).run();
}

int run_window(Options options, Env& env) {
  desktop::OwnWindows own;
  FltkOptions window;
  window.display = options.display;
  window.revoke_key = options.revoke_key;
  auto ui = make_fltk_ui(window, own);
  if (!ui) return fail(ui.error(), env);
  auto desktop = x11_desktop(options, own);
  return Applet(std::move(options), env, **ui, std::move(desktop)).run();
}

/// The options from before a restart of the machine, and what was written down then.
base::Result<Options> resumed(const Options& from_entry, Env& env) {
  RESCUE_TRY(auto state, take_resume(env, from_entry.resume));
  auto args = state.arguments;
  args.emplace_back(kResumeFlag);
  args.push_back(from_entry.resume.string());
  RESCUE_TRY(auto options, parse_options(args, env));
  options.resumed = std::make_shared<const ResumeState>(std::move(state));
  return options;
}
}  // namespace

int applet_main(Args args, Env& env) {
  if (args.size() == 1 && args[0] == kGuardArgument) run_script_guard();
  auto options = parse_options(args, env);
  if (options && !options->resume.empty()) options = resumed(*options, env);
  if (!options) {
    *env.err << "rescue-applet: " << options.error().context << '\n';
    return static_cast<int>(base::Exit::usage);
  }
  if (options->help) *env.out << help_text();
  if (options->version) *env.out << "rescue-applet " << RESCUE_VERSION << '\n';
  if (options->help || options->version) return 0;
  base::set_log_level(options->log_level);
  if (auto trust = trust_of(*options); !trust) {
    *env.err << "rescue-applet: " << trust.error().context << '\n';
    return static_cast<int>(base::Exit::usage);
  }
  return options->headless ? run_headless(std::move(*options), env) : run_window(std::move(*options), env);
}

}  // namespace rescue::applet
