#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The supported machine's own log; recording that becomes a rule in the middle of a session; the end by inactivity."""
import os
import pathlib
import re
import stat
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402

EVERYTHING = [flag for p in ("desktop_view", "remote_control", "send_files", "private_sessions") for flag in ("--permission", p)]


class OwnLog(SiteCase):
    broker_settings = "[recording]\npatience = \"20s\"\n"

    def admin(self, *argv, **more):
        return self.site.admin.run("admin", *argv, **more)

    def someone(self, name, *flags):
        """A technician in a group of the own."""
        self.admin("group", "add", f"of {name}", *EVERYTHING, *flags)
        self.admin("user", "add", f"{name}@example.test", "--name", name.title(), "--role", "technician", "--group", f"of {name}",
                   "--password-stdin", stdin="a long passphrase for all 42\n")
        tech = self.site.technician(name)
        tech.login(f"{name}@example.test", "a long passphrase for all 42")
        return tech

    def machine_log(self, session):
        """Event and line of this session, in the order written."""
        path = self.site.dir / "state" / "rescue" / "applet.log"
        lines = [line for line in path.read_text().splitlines() if f" session={session}" in line]
        return [(re.search(r"\]: (\S+)", line).group(1), line) for line in lines]

    def test_it_tells_who_came_what_was_done_and_why_it_ended(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "steps": []})
        script = meeting.script
        meeting.ask("desktop_view", "remote_control", "send_files")
        script.call("view")
        script.call("control")
        script.call("key", keysym="a")
        script.call("send", path=str(meeting.file("notes.txt", 1000)))
        script.call("chat", text="nobody else reads this")
        script.call("uncontrol")
        meeting.close("all is well again")
        told = self.machine_log(meeting.id)
        events = [event for event, _ in told]
        story = ["connection.registered", "connection.waiting", "sign_in.accepted", "consent.granted", "view.started", "control.started",
                 "file.received", "control.ended", "view.ended", "sign_in.ended", "session.ended"]
        at = -1
        for event in story:
            self.assertIn(event, events[at + 1:], f"after {story[:story.index(event)]}: {events}")
            at = events.index(event, at + 1)
        lines = dict(told)
        for event in story[2:-1]:
            self.assertIn('technician="ada@example.test"', lines[event])
        for event in ("view.started", "control.started"):
            self.assertRegex(lines[event], r'reason="allowed by the user, receipt \d+"')
        self.assertIn("all is well again", lines["session.ended"])
        self.assertNotIn("nobody else reads this", "\n".join(lines.values()))
        mode = stat.S_IMODE(os.stat(self.site.dir / "state" / "rescue" / "applet.log").st_mode)
        self.assertEqual(mode, 0o600)
        # Whose view has ended is in the site's log, too, though the applet ended it.
        ended = [e for e in meeting.log("view.ended") if e["source"] == "applet"]
        self.assertEqual({e["data"].get("technician", e["actor"]) for e in ended}, {"ada@example.test"})

    def test_a_rule_to_record_that_comes_in_the_middle_of_a_session(self):
        self.tech, ada = self.someone("rhea"), self.tech
        self.addCleanup(setattr, self, "tech", ada)
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "50ms"}})
        script = meeting.script
        meeting.ask("desktop_view", "remote_control")
        script.call("view")
        script.call("control")
        self.admin("group", "set", "of rhea", "--force-recording", "yes")
        started = script.event("recording", state="started")
        wait_for(lambda: (s := script.call("state"))["viewing"] and s["controlling"], "view and control to go on")
        script.call("key", keysym="a")
        tip = meeting.wait_log("recording.tip")[0]
        self.assertEqual(tip["data"]["name"], started["path"])
        self.assertGreaterEqual(tip["data"]["chunks"], 1)
        meeting.close()
        self.tech.run("recording", "verify", started["path"])
        self.assertEqual([e for e in meeting.log("alert") if e["source"] == "broker"], [])

    def test_a_session_in_which_nobody_does_anything_ends(self):
        self.tech, ada = self.someone("ivy", "--inactivity-timeout", "4s"), self.tech
        self.addCleanup(setattr, self, "tech", ada)
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "50ms"}})
        meeting.ask("desktop_view")
        meeting.script.call("view")  # a picture that goes on keeps nobody here
        self.assertEqual(meeting.applet.process.wait(60), 0)
        ended = meeting.script.event("ended", timeout=30)
        self.assertIn("nothing happened", ended["reason"])
        shown = self.site.admin.run("session", "show", meeting.id, "-o", "json").json()
        self.assertEqual((shown["state"], shown["ended_by"]), ("timed_out", "applet"))
        self.assertIn("nothing happened", dict(self.machine_log(meeting.id))["sign_in.ended"])


if __name__ == "__main__":
    unittest.main()
