#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The second factor at the command line and on a terminal, and what ends when a sign-in or an account ends, seen from outside."""
import base64
import hashlib
import hmac
import json
import pathlib
import struct
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import ADA, ADA_PASSWORD, Meeting, SiteCase, follow_log  # noqa: E402
from support.site import Failed, wait_for  # noqa: E402
from support.terminal import Terminal  # noqa: E402

BOB, BOB_PASSWORD = "bob@example.test", "another long passphrase for bob 43"
STEP = 30
# Debian's python3-pyzbar, whatever Python runs this.
ZBAR = "import sys; from pyzbar import pyzbar; " \
       "found = pyzbar.decode((sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]))); " \
       "print(found[0].data.decode() if found else '', end='')"


def totp(secret, step):
    """RFC 6238, written a second time."""
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


def read_qr(screen, light_ink=False):
    """What a phone reads from the half blocks of a terminal: two modules a character, four pixels a module."""
    parts = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    lines = [line for line in screen.splitlines() if any(c in line for c in "█▀▄")]
    width = max(len(line) for line in lines)
    rows = []
    for line in lines:
        cells = [parts[c] for c in line.ljust(width)]
        for half in (0, 1):
            pixels = bytes(255 if (cell[half] == 1) == light_ink else 0 for cell in cells for _ in range(4))
            rows += [pixels] * 4
    # A margin as the terminal's own background shows it: tmux drops trailing blanks.
    margin = bytes([255]) * 32
    rows = [margin + row + margin for row in rows]
    blank = bytes([255]) * len(rows[0])
    rows = [blank] * 32 + rows + [blank] * 32
    done = subprocess.run(["/usr/bin/python3", "-c", ZBAR, str(len(rows[0])), str(len(rows))], input=b"".join(rows),
                          capture_output=True, check=True, timeout=20)
    return done.stdout.decode()


class SignIns(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.site.admin.run("admin", "user", "add", BOB, "--name", "Bob Example", "--role", "technician", "--password-stdin",
                           stdin=BOB_PASSWORD + "\n")

    def someone(self):
        return self.site.technician(f"person-{len(self.site.technicians)}")

    def login(self, person, *more, expect=0, code=None, env_code=None):
        if env_code:
            person.env = dict(person.env, RESCUE_CODE=env_code)
        done = person.run("login", "--server", self.site.url, *self.site.trust_flags(), "--email", BOB, "--password-stdin", *more,
                          "-o", "json", stdin=BOB_PASSWORD + "\n" + (code + "\n" if code else ""), expect=expect)
        person.env.pop("RESCUE_CODE", None)
        return done.json() if expect == 0 else done.error()

    def test_a_second_factor_in_scripts(self):
        person = self.someone()
        self.login(person)
        self.assertFalse(person.run("mfa", "status", "-o", "json").json()["enrolled"])
        made = person.run("mfa", "enroll", "-o", "json").json()
        step = int(time.time()) // STEP
        wrong = person.run("mfa", "confirm", "--code-stdin", "-o", "json", stdin="000000\n", expect=4).error()
        self.assertEqual(wrong["error"], "CODE_NEEDED")
        shown = person.run("mfa", "confirm", "--code-stdin", stdin=totp(made["secret"], step) + "\n")
        codes = shown.out.split()
        self.assertEqual(len(codes), 10)
        for secret in (made["secret"], *codes):
            self.assertNotIn(secret, shown.err)
        other = self.someone()
        self.assertEqual(self.login(other, expect=4)["error"], "CODE_NEEDED")
        self.assertEqual(self.login(other, "--code-stdin", code="999999", expect=4)["error"], "CODE_NEEDED")
        self.login(other, "--code-stdin", code=totp(made["secret"], step + 1))
        self.assertEqual(self.login(other, env_code=totp(made["secret"], step + 1), expect=4)["error"], "CODE_NEEDED")
        self.login(other, env_code=codes[0])
        status = other.run("mfa", "status", "-o", "json").json()
        self.assertEqual((status["enrolled"], status["recovery_codes_left"]), (True, 9))
        fresh = other.run("mfa", "codes", "--code-stdin", "-o", "json", stdin=codes[1] + "\n").json()["recovery_codes"]
        self.assertNotIn(codes[2], fresh)
        self.assertEqual(other.run("mfa", "remove", "--code-stdin", "-o", "json", stdin=codes[2] + "\n", expect=4).error()["error"],
                         "CODE_NEEDED")
        self.site.admin.run("admin", "user", "reset-mfa", BOB)
        self.assertEqual(other.run("whoami", "-o", "json", expect=4).error()["error"], "SIGN_IN_NEEDED")
        self.login(other)

    def test_a_second_factor_on_a_terminal(self):
        person = self.someone()
        self.login(person)
        plain = Terminal(person, self.site.bin / "rescue", "--no-color", "mfa", "enroll")
        self.addCleanup(plain.end)
        plain.see("Code that the authenticator shows now:")
        self.assertIn("secret=", wait_for(lambda: read_qr(plain.screen(), light_ink=True), "the QR code without colour"))
        person.env.pop("NO_COLOR")
        seen = Terminal(person, self.site.bin / "rescue", "mfa", "enroll")
        self.addCleanup(seen.end)
        seen.see("Code that the authenticator shows now:")
        uri = wait_for(lambda: read_qr(seen.screen()), "the QR code")
        self.assertTrue(uri.startswith("otpauth://totp/Example%20Support:bob%40example.test?secret="), uri)
        secret = uri.split("secret=")[1].split("&")[0]
        self.assertIn(secret, seen.screen())
        step = int(time.time()) // STEP
        seen.type(totp(secret, step))
        seen.see("RECOVERY CODE")
        seen.see("exit=0")
        asked = Terminal(person, self.site.bin / "rescue", "login", "--email", BOB)
        self.addCleanup(asked.end)
        asked.see("Password of " + BOB)
        asked.type(BOB_PASSWORD)
        asked.see("Code of " + BOB)
        asked.type(totp(secret, step + 1))
        asked.see("exit=0")
        self.assertNotIn(BOB_PASSWORD, asked.screen())
        self.site.admin.run("admin", "user", "reset-mfa", BOB)

    def opened(self, email, password):
        """Signed in, in a session with a view on it, watching events."""
        person = self.someone()
        person.login(email, password)
        meeting = Meeting(self.site, person)
        meeting.ask("desktop_view")
        meeting.script.call("view")
        return person, meeting, follow_log(person, meeting, f"watch-{email}-{len(self.site.programs)}")

    def ended_within_a_second(self, meeting, watch, soon):
        """From now on, within `soon`. The applet says when the session is over for its user; the watcher's stream is cut."""
        deadline = time.monotonic() + soon
        while not any(e.get("msg") == "ended" for e in meeting.user_log()):
            if time.monotonic() > deadline:
                raise Failed("a second later the session goes on: " + meeting.applet.tail())
            time.sleep(0.01)
        self.assertEqual(watch.process.wait(20), 4)
        meeting.script.event("ended", timeout=20)
        self.assertEqual(self.site.admin.run("session", "show", meeting.id, "-o", "json").json()["state"], "aborted")

    def test_disabling_an_account_ends_all_it_had_open(self):
        person, meeting, watch = self.opened(BOB, BOB_PASSWORD)
        soon = self.site.a_second()
        self.site.admin.run("admin", "user", "disable", BOB)
        self.ended_within_a_second(meeting, watch, soon)
        self.assertEqual(person.run("whoami", "-o", "json", expect=4).error()["error"], "SIGN_IN_NEEDED")
        self.site.admin.run("admin", "user", "enable", BOB)
        self.assertEqual(person.run("whoami", "-o", "json", expect=4).error()["error"], "SIGN_IN_NEEDED")

    def test_ending_a_sign_in_ends_what_it_opened_and_leaves_the_other(self):
        person, meeting, watch = self.opened(ADA, ADA_PASSWORD)
        sign_in = person.run("whoami", "-o", "json").json()["sign_in"]
        listed = self.site.admin.run("admin", "sign-in", "list", ADA, "-o", "json").json()
        self.assertIn(sign_in["id"], [s["id"] for s in listed])
        mine = self.tech.run("admin", "sign-in", "list", "-o", "json").json()
        self.assertEqual({s["user"]["email"] for s in mine}, {ADA})
        self.tech.run("admin", "sign-in", "list", self.site.ADMIN, expect=5)
        soon = self.site.a_second()
        self.tech.run("admin", "sign-in", "end", sign_in["id"])
        self.ended_within_a_second(meeting, watch, soon)
        self.assertEqual(person.run("whoami", "-o", "json", expect=4).error()["error"], "SIGN_IN_NEEDED")
        self.tech.run("whoami")
        self.tech.run("admin", "sign-in", "end", sign_in["id"], expect=6)
        self.tech.run("admin", "sign-in", "end", expect=2)

    def test_ending_all_of_a_user(self):
        one, two = self.someone(), self.someone()
        one.login(BOB, BOB_PASSWORD)
        two.login(BOB, BOB_PASSWORD)
        ended = self.site.admin.run("admin", "sign-in", "end", "--user", BOB, "-o", "json").json()
        self.assertGreaterEqual(ended["sign_ins_ended"], 2)
        for person in (one, two):
            person.run("whoami", expect=4)
        self.assertEqual(self.site.admin.run("admin", "sign-in", "list", BOB, "-o", "json").json(), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
