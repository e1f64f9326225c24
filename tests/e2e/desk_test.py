#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clipboard, addresses, keys and what the machine tells of itself, on a real X display with programs nobody here wrote."""
import ctypes
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402

YES = {"prompts": [{"answer": "yes"}], "questions": [{"answer": "yes"}], "desktop": {"kind": "x11"}}


class Desk(SiteCase):
    @classmethod
    def prepare(cls):
        cls.site.start_display("640x480x24")

    def start(self, scenario=None, **more):
        env = dict(self.site.desktop_env, **more)
        return self.meet(scenario or YES, env=env)

    def pasted(self):
        """What any program of the user gets now."""
        done = subprocess.run(["xclip", "-selection", "clipboard", "-o"], env=self.site.desktop_env, capture_output=True, timeout=60)
        return done.stdout if done.returncode == 0 else b""

    def copy(self, content):
        """xclip gives it to others until another program copies."""
        subprocess.run(["xclip", "-selection", "clipboard", "-i"], env=self.site.desktop_env, input=content, timeout=60, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def covered(self, events):
        for event in events:
            self.assertIsInstance(event["data"].get("receipt"), int, event)

    def test_the_clipboard_goes_each_way_by_itself_and_ends_with_its_right(self):
        meeting = self.start({**YES, "steps": [{"when": "chat", "do": "revoke", "permission": "clipboard_sync"}]})
        script = meeting.script
        self.assertEqual(script.refuse("clipboard_sync", to_applet=True)["error"], "DENIED")
        meeting.ask("clipboard_sync")
        self.assertEqual(script.refuse("clipboard_set", text="x")["error"], "CONFLICT")
        self.copy("a password of before".encode())
        script.call("clipboard_sync", to_applet=True, to_console=False)
        script.call("clipboard_set", text="Grüße 😀")
        self.assertEqual(self.pasted().decode(), "Grüße 😀")
        self.copy(b"not to be told")
        self.assertEqual(script.refuse("clipboard_get")["error"], "CONFLICT")

        script.call("clipboard_sync", to_applet=True, to_console=True)
        self.assertEqual(script.refuse("clipboard_get")["error"], "NOT_FOUND", "copied before it was shared")
        self.copy("Fehler 0x80070057 – bitte".encode())
        script.event("clipboard_offer", text_bytes=len("Fehler 0x80070057 – bitte".encode()))
        self.assertEqual(script.call("clipboard_get")["text"], "Fehler 0x80070057 – bitte")

        # A megabyte each way, in parts over the link and in parts between programs.
        big = meeting.folder / "big.txt"
        big.write_text("Zażółć gęślą jaźń\n" * 40000, encoding="utf-8")
        whole = big.read_bytes()[:1024 * 1024].decode(errors="ignore").encode().ljust(1024 * 1024, b"x")
        big.write_bytes(whole)
        script.call("clipboard_set", path=str(big), timeout=60)
        self.assertEqual(self.pasted(), whole)
        big.write_bytes(whole + b"x")
        self.assertEqual(script.refuse("clipboard_set", path=str(big))["error"], "TOO_LARGE")
        self.copy(whole)
        script.event("clipboard_offer", text_bytes=len(whole))
        self.assertEqual(script.refuse("clipboard_get")["error"], "TOO_LARGE")
        got = meeting.folder / "got.txt"
        script.call("clipboard_get", path=str(got), timeout=60)
        self.assertEqual(got.read_bytes(), whole)

        # What is the technician's goes when the user takes the right back; what is the user's stays.
        script.call("clipboard_set", text="theirs")
        script.call("chat", text="take it back")
        script.event("clipboard", to_applet=False, to_console=False)
        wait_for(lambda: self.pasted() == b"", "an empty clipboard")
        self.assertEqual(script.refuse("clipboard_set", text="again")["error"], "DENIED")
        self.copy(b"mine")
        meeting.close()
        self.assertEqual(self.pasted(), b"mine")

        sent = meeting.wait_log("clipboard.sent", count=10)
        self.covered([e for e in sent + meeting.log("clipboard.started") if e["source"] == "applet"])
        for source in ("applet", "console"):
            mine = [(e["data"]["direction"], e["data"]["bytes"]) for e in sent if e["source"] == source]
            self.assertEqual(mine, [("to_applet", 12), ("to_console", 27), ("to_applet", 1048576), ("to_console", 1048576),
                                    ("to_applet", 6)], source)
            self.assertTrue([e for e in meeting.log("clipboard.ended") if e["source"] == source])

    def browser(self, name, body=""):
        """A folder with an xdg-open that writes down what it is given."""
        folder = self.site.dir / name
        folder.mkdir()
        program = folder / "xdg-open"
        program.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{folder}/opened'\n{body}\n")
        program.chmod(0o755)
        return folder

    def test_an_address_opens_after_a_yes_to_that_very_one(self):
        folder = self.browser("browser")
        meeting = self.start({**YES, "questions": [{"kind": "url", "answer": "yes", "times": 1},
                                                   {"kind": "url", "answer": "no"}]},
                             PATH=f"{folder}:{os.environ['PATH']}")
        script = meeting.script
        self.assertEqual(script.refuse("url", url="https://example.org/")["error"], "DENIED")
        meeting.ask("send_urls")
        for bad in ("file:///etc/passwd", "javascript:alert(1)", "https://bank.example@evil.example/", "https://a b/"):
            self.assertEqual(script.refuse("url", url=bad)["error"], "INVALID_ARGUMENT", bad)
        self.assertEqual(script.call("url", url="https://bücher.example/?q=$(touch pwned)'".replace(" ", "+"), timeout=60)["state"],
                         "done")
        self.assertEqual((folder / "opened").read_text(), "https://xn--bcher-kva.example/?q=$(touch+pwned)'\n")
        self.assertEqual(script.refuse("url", url="https://example.org/")["error"], "DENIED")
        meeting.close()
        self.assertEqual((folder / "opened").read_text().count("\n"), 1, "the second one was not opened")
        ended = meeting.wait_log("url.ended", count=4)
        done = [e for e in ended if e["data"]["outcome"] == "done"]
        self.covered([e for e in done + meeting.log("url.sent") if e["source"] == "applet"])
        self.assertEqual({e["source"] for e in done}, {"applet", "console"})
        self.assertEqual({e["data"]["url"] for e in done}, {"https://xn--bcher-kva.example/?q=$(touch+pwned)'"})
        asked = [line for line in meeting.user_log() if line.get("msg") == "question"]
        self.assertEqual(len(asked), 2)

    def keys_down(self):
        """Keycodes that are down on the X server (XQueryKeymap)."""
        x = ctypes.CDLL("libX11.so.6")
        x.XOpenDisplay.restype = ctypes.c_void_p
        display = ctypes.c_void_p(x.XOpenDisplay(self.site.desktop_env["DISPLAY"].encode()))
        keys = ctypes.create_string_buffer(32)
        x.XQueryKeymap(display, keys)
        x.XCloseDisplay(display)
        return [n for n in range(256) if keys.raw[n // 8] >> n % 8 & 1]

    def test_no_key_stays_down_when_the_console_is_killed(self):
        meeting = self.start()
        script = meeting.script
        meeting.ask("remote_control")
        script.call("control")
        script.call("key", keysym="Control_L", keycode=29, down=True)
        script.call("key", keysym="a", keycode=30, down=True)
        wait_for(lambda: self.keys_down() == [37, 38], "both keys down")
        for pid in meeting.agent_pids():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: self.keys_down() == [], "no key down", 60)
        meeting.applet.stop()

    def test_the_machine_tells_of_its_services_logins_and_warnings(self):
        folder = self.site.dir / "tools"
        folder.mkdir()
        for name, lines in (("systemctl", "printer.service loaded failed failed Printer on the 2nd floor"),
                            ("journalctl", "2026-11-24T18:00:00+0000 pc kernel: usb 1-1: device not accepting address")):
            (folder / name).write_text(f"#!/bin/sh\necho '{lines}'\n")
            (folder / name).chmod(0o755)
        meeting = self.start(PATH=f"{folder}:{os.environ['PATH']}")
        meeting.ask("system_information")
        sections = meeting.script.call("sysinfo")["sections"]
        self.assertEqual(list(sections), ["system", "hardware", "memory", "disks", "network", "session", "sessions", "processes",
                                          "services", "events"])
        self.assertEqual(sections["services"]["printer.service"], "failed, failed: Printer on the 2nd floor")
        self.assertEqual(sections["events"]["2026-11-24T18:00:00+0000"], "kernel: usb 1-1: device not accepting address")
        self.assertGreater(int(sections["memory"]["total_bytes"]), 2 ** 26)
        some = meeting.script.call("sysinfo", sections=["services"])["sections"]
        self.assertEqual(list(some), ["services"])
        meeting.close()
        self.covered([e for e in meeting.wait_log("sysinfo.sent", count=2) if e["source"] == "applet"])


if __name__ == "__main__":
    unittest.main()
