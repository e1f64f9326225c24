# SPDX-License-Identifier: Apache-2.0
"""A real terminal (tmux) for programs that behave otherwise on one."""
import itertools
import shlex
import subprocess

from .site import Failed, wait_for


class Terminal:
    """One tmux server with one window: what is typed, what is seen."""
    numbers = itertools.count()

    def __init__(self, tech, *argv):
        self.socket = str(tech.runtime / f"tmux-{next(Terminal.numbers)}")
        self.env = dict(tech.env, TERM="xterm-256color", LC_ALL="C.UTF-8")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-s", "t", "-x", "160", "-y", "50", "-c", str(tech.home),
                  " ".join(shlex.quote(str(a)) for a in argv) + "; echo exit=$?; exec cat")

    def tmux(self, *argv):
        done = subprocess.run(["tmux", "-S", self.socket, *argv], env=self.env, capture_output=True, text=True, timeout=20)
        if done.returncode != 0:
            raise Failed(f"tmux {argv}: {done.stderr}")
        return done.stdout

    def screen(self):
        return self.tmux("capture-pane", "-p", "-J", "-t", "t", "-S", "-500")

    def type(self, line):
        self.tmux("send-keys", "-t", "t", "-l", line)
        self.tmux("send-keys", "-t", "t", "Enter")

    def see(self, text, timeout=30):
        try:
            return wait_for(lambda: text in self.screen(), f"'{text}' on the terminal", timeout, 0.1)
        except Failed as failure:
            raise Failed(f"{failure}; it shows:\n{self.screen()}") from None

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], env=self.env, capture_output=True, check=False)
