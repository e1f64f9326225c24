#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A group that changes while its technician works: the machine that is helped and the console follow within a second."""
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402


class Groups(SiteCase):
    def admin(self, *command, expect=0):
        return self.site.admin.run("admin", *command, expect=expect)

    def regroup(self, name, *permissions):
        flags = [flag for permission in ("private_sessions", *permissions) for flag in ("--permission", permission)]
        self.admin("group", "add", name, *flags)
        self.admin("user", "set", "ada@example.test", "--group", name)
        self.addCleanup(self.admin, "user", "set", "ada@example.test", "--group", "technicians")

    def test_what_is_taken_from_the_group_stops_in_the_session(self):
        self.regroup("shrinking", "desktop_view", "remote_control", "system_information")
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "20ms"}})
        meeting.ask("desktop_view", "remote_control")
        meeting.script.call("view")
        meeting.script.call("control")
        soon = self.site.a_second()
        self.admin("group", "revoke", "shrinking", "remote_control", "desktop_view")
        began = time.monotonic()
        meeting.script.event("control", active=False, reason="revoked")
        meeting.script.event("view", active=False, reason="revoked")
        self.assertLess(time.monotonic() - began, soon)
        error = meeting.script.refuse("ask", permission="remote_control")
        self.assertEqual((error["error"], error["code"]), ("DENIED", 5))
        meeting.wait_log("consent.revoked", permission="remote_control", reason="grant")
        told = meeting.wait_log("session.permissions_changed")
        self.assertEqual(told[0]["data"]["permissions"], "system_information,private_sessions")
        meeting.script.call("ask", permission="system_information")  # what is left is left
        # Given back, it needs a new Yes.
        self.admin("group", "grant", "shrinking", "desktop_view")
        deadline = time.monotonic() + 20
        while meeting.script.reply(meeting.script.send("ask", permission="desktop_view"))["event"] == "error":
            self.assertLess(time.monotonic(), deadline)
        meeting.script.call("view")
        meeting.close()

    def test_text_that_is_to_be_omitted_is_no_longer_sent(self):
        self.regroup("silent", "desktop_view")
        meeting = self.meet()
        meeting.script.call("chat", text="this may be kept")
        meeting.wait_log("chat.message", 2, text="this may be kept")
        self.admin("group", "set", "silent", "--omit-chat-text", "yes")
        time.sleep(self.site.a_second())
        meeting.script.call("chat", text="this may not")
        meeting.wait_log("chat.message", 2, omitted=True)
        self.assertNotIn("this may not", str(meeting.log("chat.message")))
        meeting.close()

    def test_a_service_account_works_with_its_token_and_within_it(self):
        self.admin("user", "add", "robot@example.test", "--name", "Robot", "--role", "service")
        token = self.admin("token", "add", "robot@example.test", "--name", "log", "--scope", "log.read", "-o", "name").out.strip()
        robot = self.site.technician("robot")
        robot.env.update(RESCUE_SERVER=self.site.url, RESCUE_TOKEN=token, RESCUE_CA_PIN=self.site.ca_pin)
        self.assertTrue(robot.run("log", "query", "--limit", "1", "-o", "jsonl").jsonl())
        refused = robot.run("admin", "user", "list", "-o", "json", expect=5)
        self.assertEqual(refused.error()["error"], "SCOPE_MISSING")
        ident = self.admin("token", "list", "robot@example.test", "-o", "json").json()[0]["id"]
        self.admin("token", "revoke", ident)
        robot.run("log", "query", "--limit", "1", expect=4)
        for program in self.site.programs:
            self.assertNotIn(token, program.log_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
