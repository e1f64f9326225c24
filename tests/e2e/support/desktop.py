# SPDX-License-Identifier: Apache-2.0
"""A small real desktop on the site's X display: a window manager and two terminals."""
import subprocess

from .site import wait_for


class Desktop:
    def __init__(self, site):
        self.site = site
        self.typed_path = site.dir / "desktop" / "typed.txt"
        self.typed_path.write_bytes(b"")

    def start(self):
        site, env = self.site, self.site.desktop_env
        site.start("openbox", ["openbox"], env=env)
        # A window mapped while the manager takes over can stay unmapped for ever.
        wait_for(lambda: "window id" in subprocess.run(["xprop", "-root", "_NET_SUPPORTING_WM_CHECK"], env=env,
                                                       capture_output=True, text=True).stdout, "the window manager")
        subprocess.run(["xsetroot", "-solid", "#305070"], env=env, check=True)
        # Output that changes, so that the picture does.
        site.start("load", ["xterm", "-title", "load", "-geometry", "100x24+10+30", "-e", "top", "-d", "1"], env=env)
        # What is typed goes line by line into a file: the proof that input arrived at a program.
        site.start("editor", ["xterm", "-u8", "-title", "editor", "-geometry", "80x12+600+560", "-e",
                              f"while IFS= read -r line; do printf '%s\\n' \"$line\" >> '{self.typed_path}'; done"],
                   env=dict(env, LC_ALL="C.UTF-8"))
        for title in ("load", "editor"):
            wait_for(lambda t=title: self.window(t), f"the window '{title}'")

    def window(self, title):
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", f"^{title}$"], env=self.site.desktop_env,
                               capture_output=True, text=True, timeout=10).stdout.split()
        return found[-1] if found else None

    def active(self):
        """The window with the keyboard, None while there is none."""
        found = subprocess.run(["xdotool", "getactivewindow"], env=self.site.desktop_env, capture_output=True, text=True,
                               timeout=10).stdout.split()
        return found[0] if found else None

    def centre_of_editor(self):
        out = subprocess.run(["xdotool", "getwindowgeometry", "--shell", self.window("editor")], env=self.site.desktop_env,
                             capture_output=True, text=True, check=True, timeout=10).stdout
        values = dict(line.split("=") for line in out.split())
        return int(values["X"]) + int(values["WIDTH"]) // 2, int(values["Y"]) + int(values["HEIGHT"]) // 2

    def typed(self):
        return self.typed_path.read_text(encoding="utf-8")
