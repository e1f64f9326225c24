#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PINs that do not work, and sites that are not what they should be: what the user is told, and the applet's exit code."""
import datetime
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import free_port, wait_for  # noqa: E402


class PinCase(SiteCase):
    def start(self, pin, url, ca_pin=None):
        scenario = self.site.dir / "nobody.json"
        scenario.write_text("{}")
        return self.site.start_applet("--server", url, "--ca-pin", ca_pin or self.site.ca_pin, "--pin", pin, "--headless",
                                      "--scenario", scenario, name=f"applet-{len(self.site.programs)}")

    def applet(self, pin, expect, *, url=None, ca_pin=None):
        """Runs an applet to its end; returns what it said to the user."""
        applet = self.start(pin, url or self.site.url, ca_pin)
        self.assertEqual(applet.process.wait(60), expect, applet.tail())
        return applet.log_text()


class Pins(PinCase):
    broker_settings = '[pin]\nlifetime = "3s"\n'

    def test_unknown(self):
        self.assertIn("PIN_UNKNOWN", self.applet("000000", 6))
        self.assertIn("does not know this PIN", self.applet("000001", 6))

    def test_expired(self):
        created = self.tech.run("session", "create", "-o", "json").json()
        ends = datetime.datetime.fromisoformat(created["pin_expires_at"].replace("Z", "+00:00"))
        wait_for(lambda: datetime.datetime.now(datetime.timezone.utc) > ends, "the PIN to expire")
        said = self.applet(created["pin"], 8)
        self.assertIn("PIN_EXPIRED", said)
        self.assertIn("ask for a new one", said)

    def test_used_before(self):
        meeting = self.meet()
        said = self.applet(meeting.pin, 7)
        self.assertIn("PIN_SPENT", said)
        self.assertIn("ask for a new one", said)
        meeting.script.call("chat", text="you are still the one")
        wait_for(lambda: any(e.get("text") == "you are still the one" for e in meeting.user_log()), "the chat line")
        meeting.close()
        self.assertEqual(meeting.log("session.key_refused"), [])

    def test_of_a_closed_session(self):
        created = self.tech.run("session", "create", "-o", "json").json()
        self.tech.run("session", "close", created["id"])
        self.assertIn("SESSION_ENDED", self.applet(created["pin"], 7))

    def test_what_is_no_pin(self):
        for pin in ("", "12345", "1234567890123", "12a456", "１２３４５６"):
            self.assertTrue(self.applet(pin, 2), "the user is told")

    def test_nobody_there(self):
        said = self.applet("123456", 9, url=f"https://127.0.0.1:{free_port()}")
        self.assertIn("refused", said)

    def test_a_site_that_is_another(self):
        said = self.applet("123456", 10, ca_pin="ab" * 32)
        self.assertIn("not trusted", said)

    def test_a_server_that_hangs_up(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(30)
            applet = self.start("123456", f"https://127.0.0.1:{server.getsockname()[1]}")
            connection, _ = server.accept()
            connection.close()
        self.assertEqual(applet.process.wait(60), 9, applet.tail())


class Guessing(PinCase):
    broker_settings = "[rate]\npin_per_address = 3\n"

    def test_is_slowed_down(self):
        created = self.tech.run("session", "create", "-o", "json").json()
        wrong = [p for p in ("111111", "222222", "333333", "444444") if p != created["pin"]][:3]
        for pin in wrong:
            self.assertIn("PIN_UNKNOWN", self.applet(pin, 6))
        said = self.applet(created["pin"], 5)
        self.assertIn("RATE_LIMITED", said)


if __name__ == "__main__":
    unittest.main()
