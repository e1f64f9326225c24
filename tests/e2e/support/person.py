# SPDX-License-Identifier: Apache-2.0
"""The person being helped: sits at the X display and uses the applet's windows by mouse and keyboard, through xdotool."""
import subprocess
import time

from .site import Failed, wait_for

MAIN = "^Rescue: remote help$"
QUESTION = "^Rescue: your permission$"


class Person:
    def __init__(self, site):
        self.env = site.desktop_env

    def xdotool(self, *argv, check=True):
        done = subprocess.run(["xdotool", *[str(a) for a in argv]], env=self.env, capture_output=True, text=True, timeout=20)
        if check and done.returncode != 0:
            raise Failed(f"xdotool {argv}: {done.stderr}")
        return done.stdout.split()

    def windows(self, title):
        return self.xdotool("search", "--onlyvisible", "--name", title, check=False)

    def wait_window(self, title, timeout=30):
        return wait_for(lambda: self.windows(title), f"a window '{title}'", timeout)[-1]

    def focus(self, window):
        self.xdotool("windowactivate", "--sync", window)

    def answer(self, yes, timeout=30):
        """Reads the question (a prompt takes no answer in its first half second), turns to it, and answers by keyboard."""
        window = self.wait_window(QUESTION, timeout)
        time.sleep(0.7)  # the person's reading time, longer than the prompt's deaf time
        self.focus(window)
        time.sleep(0.7)  # and keys are deaf as long again
        self.xdotool("key", "alt+y" if yes else "alt+n")
        wait_for(lambda: window not in self.windows(QUESTION), "the question to close")

    def say(self, text):
        window = self.wait_window(MAIN)
        self.focus(window)
        self.xdotool("type", "--delay", "25", text)
        self.xdotool("key", "Return")

    def press(self, key):
        self.xdotool("key", key)
