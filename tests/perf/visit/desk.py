# SPDX-License-Identifier: Apache-2.0
"""A machine to visit: an X display with a window manager, a home folder of its own, and hands that type and point at
human pace. All randomness comes from one seed."""
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

TOOLS = ["Xvfb", "openbox", "hsetroot", "xdotool", "xwininfo", "wmctrl", "dbus-daemon", "chromium", "pcmanfm", "abiword", "xterm"]
STEP_S = 1 / 60  # of a moving mouse


def missing():
    return [tool for tool in TOOLS if not shutil.which(tool)]


class Desk:
    def __init__(self, folder, bench, width=1920, height=1080, seed=48213):
        self.home, self.bench, self.width, self.height = pathlib.Path(folder), pathlib.Path(bench), width, height
        self.random = random.Random(seed)
        self.programs, self.capture = [], None
        self.typed = self.window_changes = 0
        self.x, self.y = width // 2, height // 2
        keep = {k: v for k, v in os.environ.items() if k in ("PATH", "USER", "LOGNAME")}
        self.env = dict(keep, HOME=str(self.home), LANG="C.UTF-8", TZ="UTC", TERM="xterm-256color", NO_AT_BRIDGE="1", GTK_A11Y="none",
                        XDG_CONFIG_HOME=str(self.home / ".config"), XDG_CACHE_HOME=str(self.home / ".cache"),
                        XDG_RUNTIME_DIR=str(self.home / ".run"), SHELL="/bin/bash")

    # -- the machine --------------------------------------------------------------------------------------------------

    def start(self, wallpaper):
        for sub in (".config/openbox", ".config/gtk-3.0", ".cache", ".run"):
            (self.home / sub).mkdir(parents=True, exist_ok=True)
        (self.home / ".run").chmod(0o700)
        (self.home / ".config/gtk-3.0/settings.ini").write_text(
            "[Settings]\ngtk-font-name=DejaVu Sans 10\ngtk-cursor-blink=1\ngtk-xft-antialias=1\ngtk-xft-hinting=1\n"
            "gtk-xft-hintstyle=hintslight\ngtk-xft-rgba=none\n")
        shutil.copy("/etc/xdg/openbox/rc.xml", self.home / ".config/openbox/rc.xml")
        (self.home / ".bashrc").write_text("PS1='support@desk:\\w\\$ '\nalias ls='ls --color=auto'\nalias grep='grep --color=auto'\n")
        read_end, write_end = os.pipe()
        self.spawn("Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{self.width}x{self.height}x24", "-dpi", "96",
                   "-nolisten", "tcp", pass_fds=[write_end])
        os.close(write_end)
        self.env["DISPLAY"] = ":" + os.read(read_end, 16).decode().strip()
        os.close(read_end)
        socket = self.home / ".run/bus"
        self.env["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={socket}"
        self.spawn("dbus-daemon", "--session", "--nofork", f"--address=unix:path={socket}")
        self.wait(socket.exists, "the session bus")
        self.spawn("openbox")
        self.wait(lambda: self.run("wmctrl", "-m").startswith("Name: Openbox"), "the window manager")
        self.run("hsetroot", "-fill", wallpaper)
        self.run("xdotool", "mousemove", str(self.x), str(self.y))

    def spawn(self, *argv, **more):
        program = subprocess.Popen(argv, env=self.env, cwd=self.home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True, **more)
        self.programs.append(program)
        return program

    def run(self, *argv):
        return subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=60).stdout

    @staticmethod
    def wait(ready, what, seconds=60):
        give_up = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > give_up:
                raise TimeoutError(f"{what} did not come")
            time.sleep(0.1)

    def stop(self):
        for program in reversed(self.programs):
            try:
                os.killpg(program.pid, signal.SIGTERM)
            except ProcessLookupError:
                pass
        time.sleep(0.5)
        for program in self.programs:
            try:
                os.killpg(program.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            program.wait()
        self._end_strays()

    def _end_strays(self):
        """Helpers that left their session: known by the home folder of this visit, which no other process has."""
        mine = f"HOME={self.home}\0".encode()
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mine in (entry / "environ").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)
            except (OSError, ProcessLookupError):
                pass

    # -- the camera ---------------------------------------------------------------------------------------------------

    def record(self, out, fps, seconds):
        self.capture = subprocess.Popen([self.bench / "xcp_capture", out, "--fps", str(fps), "--seconds", str(seconds)], env=self.env,
                                        stdout=subprocess.PIPE, text=True)
        self.wait(lambda: pathlib.Path(out).exists() or self.capture.poll() is not None, "the capture")
        self.began, self.seconds = time.monotonic(), seconds

    def elapsed(self):
        return time.monotonic() - self.began

    def recorded(self):
        """Waits for the end of the time; the capture's own report."""
        out, _ = self.capture.communicate(timeout=self.seconds + 60)
        if self.capture.returncode != 0:
            raise RuntimeError("the capture failed")
        return json.loads(out)

    def picture(self, path):
        self.run("ffmpeg", "-v", "error", "-y", "-f", "x11grab", "-draw_mouse", "1", "-video_size", f"{self.width}x{self.height}", "-i",
                 self.env["DISPLAY"], "-frames:v", "1", str(path))

    # -- the hands ----------------------------------------------------------------------------------------------------

    def pause(self, least, most=None):
        time.sleep(self.random.uniform(least, most or least * 1.4))

    def move(self, x, y, seconds=None):
        far = ((x - self.x) ** 2 + (y - self.y) ** 2) ** 0.5
        seconds = seconds or min(1.0, 0.25 + far / 1600)
        steps = max(2, int(seconds / STEP_S))
        script, start_x, start_y = [], self.x, self.y
        for i in range(1, steps + 1):
            part = i / steps
            part = part * part * (3 - 2 * part)  # slow, fast, slow
            script += ["mousemove", str(round(start_x + (x - start_x) * part)), str(round(start_y + (y - start_y) * part)),
                       "sleep", f"{STEP_S:.4f}"]
        self.run("xdotool", *script)
        self.x, self.y = x, y

    def click(self, x, y, button=1, times=1):
        self.move(x, y)
        self.run("xdotool", "click", "--repeat", str(times), "--delay", "110", str(button))
        self.pause(0.15, 0.3)

    def wheel(self, notches, up=False):
        self.run("xdotool", "click", "--repeat", str(notches), "--delay", "90", "4" if up else "5")

    def drag(self, x, y, to_x, to_y, seconds=1.4):
        self.move(x, y)
        self.run("xdotool", "mousedown", "1")
        self.move(to_x, to_y, seconds)
        self.run("xdotool", "mouseup", "1")
        self.pause(0.2, 0.4)

    def key(self, *keys):
        for key in keys:
            self.run("xdotool", "key", key)
            self.pause(0.08, 0.16)

    def type(self, text, per_second=7.0):
        """In bursts, as people do; about so many characters a second."""
        at = 0
        while at < len(text):
            burst = text[at:at + self.random.randint(3, 9)]
            at += len(burst)
            delay = 1000 / per_second * self.random.uniform(0.55, 1.15)
            self.run("xdotool", "type", "--delay", str(int(delay)), "--", burst)
        self.typed += len(text)

    def line(self, text):
        self.type(text)
        self.key("Return")

    # -- windows ------------------------------------------------------------------------------------------------------

    def window(self, pattern, seconds=60):
        """The id of the visible window with this in its title."""
        found = []

        def look():
            found[:] = self.run("xdotool", "search", "--onlyvisible", "--name", pattern).split()
            return bool(found)

        self.wait(look, f"a window '{pattern}'", seconds)
        return found[-1]

    def place(self, window, x, y, width, height):
        self.run("wmctrl", "-i", "-r", f"{int(window):#x}", "-e", f"0,{x},{y},{width},{height}")

    def raise_window(self, window):
        self.run("xdotool", "windowactivate", window)
        self.window_changes += 1
        self.pause(0.5, 0.9)

    def minimise(self, window):
        self.run("xdotool", "windowminimize", window)
        self.window_changes += 1
        self.pause(0.6, 0.9)

    def toggle_maximised(self, window):
        self.run("wmctrl", "-i", "-r", f"{int(window):#x}", "-b", "toggle,maximized_vert,maximized_horz")
        self.window_changes += 1
        self.pause(0.8, 1.2)

    def geometry(self, window):
        """Of what is inside the frame. xdotool would count the frame twice."""
        out = self.run("xwininfo", "-id", window)
        value = lambda name: int(re.search(rf"{name}:\s+(-?\d+)", out).group(1))
        return value("Absolute upper-left X"), value("Absolute upper-left Y"), value("Width"), value("Height")

    def drag_window(self, window, by_x, by_y, seconds=1.6):
        self.run("xdotool", "windowactivate", window)
        x, y, width, _ = self.geometry(window)
        grip = (x + width // 3, y - 9)  # the title bar
        self.drag(*grip, grip[0] + by_x, max(10, grip[1] + by_y), seconds)
        self.window_changes += 1
