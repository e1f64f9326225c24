#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rights end with the session, however it ends: everything that a technician has running at the machine stops, and the log has an end
for whatever began."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402

YES = {"prompts": [{"answer": "yes"}], "questions": [{"answer": "yes"}], "desktop": {"period": "50ms"}}
PERMISSIONS = ("desktop_view", "remote_control", "deploy_scripts", "clipboard_sync", "send_files")
# What began must end. Of a file that was offered the end is one of three.
ENDS = {"view.started": ("view.ended",), "control.started": ("control.ended",), "script.started": ("script.ended",),
        "clipboard.started": ("clipboard.ended",), "file.offered": ("file.received", "file.failed", "file.refused")}
BIG = 400_000_000


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class RightsEnd(SiteCase):
    def busy(self, scenario=None, **options):
        """A session in which everything goes on at once; the script's processes."""
        meeting = self.meet(scenario or YES, **options)
        meeting.ask(*PERMISSIONS)
        script = meeting.script
        script.call("view")
        script.call("control")
        script.call("key", keysym="Shift_L", down=True)
        script.call("clipboard_sync", to_applet=True, to_console=True)
        script.send("run", text="setsid sleep 1000 & echo $! $$; trap '' TERM; while :; do sleep 0.1; done")
        pids = [int(p) for p in script.event("script_output", stream="out")["text"].split()]
        self.assertTrue(pids and all(map(alive, pids)))
        big = meeting.folder / "big.bin"
        with open(big, "wb") as out:
            out.truncate(BIG)
        script.send("send", path=str(big))
        script.event("file", state="progress")
        return meeting, pids

    def over(self, meeting, pids):
        """Nothing goes on there any more, and each beginning has its end in the log of the applet."""
        wait_for(lambda: not any(map(alive, pids)), "the script's processes to be gone")
        self.assertFalse((meeting.downloads / "big.bin").exists(), "no part of a file under its final name")
        wait_for(lambda: any(e.get("msg") == "released" and e.get("value") == "Shift_L" for e in meeting.user_log()), "the key to come up")
        def balanced():
            events = [e["type"] for e in self.site.admin.run("log", "query", "--session", meeting.id, "--source", "applet", "--all", "-o",
                                                              "jsonl").jsonl()]
            return all(sum(events.count(end) for end in ends) >= events.count(start) for start, ends in ENDS.items()) and events
        events = wait_for(balanced, "an end for whatever began")
        for start in ENDS:
            self.assertIn(start, events)

    def test_by_the_technician(self):
        meeting, pids = self.busy()
        meeting.script.call("close", reason="done")
        self.assertEqual(meeting.applet.process.wait(60), 0)
        self.over(meeting, pids)

    def test_by_the_user(self):
        meeting, pids = self.busy(dict(YES, steps=[{"when": "chat", "do": "end"}]))
        meeting.script.call("chat", text="stop")
        self.assertEqual(meeting.applet.process.wait(60), 0)
        self.over(meeting, pids)

    def test_by_an_administrator(self):
        meeting, pids = self.busy()
        self.site.admin.run("session", "close", meeting.id, "--reason", "by force")
        self.assertEqual(meeting.applet.process.wait(60), 0)
        self.over(meeting, pids)

    def test_with_the_technicians_account(self):
        self.site.admin.run("admin", "user", "add", "eve@example.test", "--name", "Eve", "--role", "technician", "--password-stdin",
                            stdin="a long passphrase for eve 42\n")
        eve, ada = self.site.technician("eve"), self.tech
        eve.login("eve@example.test", "a long passphrase for eve 42")
        self.addCleanup(setattr, self, "tech", ada)
        self.tech = eve
        meeting, pids = self.busy()
        self.site.admin.run("admin", "user", "disable", "eve@example.test")
        self.assertEqual(meeting.applet.process.wait(60), 0)
        self.over(meeting, pids)

    def test_when_it_is_put_on_hold(self):
        meeting, pids = self.busy()
        self.tech.run("session", "hold", meeting.id)
        wait_for(lambda: any(e.get("msg") == "standing" and e.get("state") == "on_hold" for e in meeting.user_log()),
                 "the user to be told of the hold")
        self.over(meeting, pids)
        self.assertIsNone(meeting.applet.process.poll(), "the session goes on")
        self.site.admin.run("session", "close", meeting.id)
        self.assertEqual(meeting.applet.process.wait(60), 0)


if __name__ == "__main__":
    unittest.main()
