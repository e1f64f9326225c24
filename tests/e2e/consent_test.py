#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nothing happens without the site's grant and the user's Yes, and nothing goes on after either is gone."""
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402

# Action -> what it needs.
ACTIONS = {"view": "desktop_view", "control": "remote_control", "send": "send_files", "receive": "receive_files",
           "sysinfo": "system_information", "record": "record_session"}
BITS = {"remote_control": 0, "desktop_view": 1, "send_files": 2, "receive_files": 3, "system_information": 6, "record_session": 8}


class Consent(SiteCase):
    def group(self, **settings):
        """Changes the default group, and back after the test."""
        with sqlite3.connect(self.site.broker_state / "rescue.db", timeout=20) as db:
            for column, value in settings.items():
                old = db.execute(f"select {column} from groups").fetchone()[0]
                self.addCleanup(self._set, column, old)
                db.execute(f"update groups set {column} = ?", (value,))

    def _set(self, column, value):
        with sqlite3.connect(self.site.broker_state / "rescue.db", timeout=20) as db:
            db.execute(f"update groups set {column} = ?", (value,))

    def arguments(self, meeting, action):
        if action == "send":
            return {"path": str(meeting.file("to-send.bin", 100_000))}
        return {"directory": str(meeting.folder)} if action in ("receive", "record") else {}

    def refused(self, meeting, action):
        error = meeting.script.refuse(action, **self.arguments(meeting, action))
        self.assertEqual((error["error"], error["code"]), ("DENIED", 5), f"{action}: {error}")
        self.assertIn(ACTIONS[action], error["message"])

    def untouched(self, meeting):
        """No picture, no file, no recording, no system information came of it."""
        self.assertEqual(list(meeting.downloads.iterdir()), [])
        self.assertEqual(list(meeting.folder.glob("*.rcrec")), [])
        state = meeting.script.call("state")
        self.assertEqual((state["frames"], state["viewing"], state["controlling"]), (0, False, False))
        self.assertEqual(meeting.log("view.started", "control.started", "file.*", "sysinfo.sent", "recording.*"), [])

    def prompts(self, meeting):
        return [e["permissions"] for e in meeting.user_log() if e.get("msg") == "prompt"]

    def test_without_asking(self):
        meeting = self.meet()
        for action in ACTIONS:
            self.refused(meeting, action)
        self.assertNotEqual(meeting.script.refuse("key", keysym="a")["code"], 0)
        self.assertNotEqual(meeting.script.refuse("screenshot", path=str(meeting.folder / "x.png"))["code"], 0)
        self.untouched(meeting)
        self.assertEqual(self.prompts(meeting), [])
        meeting.close()

    def test_the_user_says_no(self):
        meeting = self.meet({"prompts": [{"answer": "no"}], "files": {"name": "secret.bin", "bytes": 1000}})
        for action, permission in ACTIONS.items():
            error = meeting.script.refuse("ask", permission=permission)
            self.assertEqual((error["error"], error["code"]), ("DENIED", 5))
            self.assertEqual(meeting.script.event("consent", permission=permission, state="denied")["state"], "denied")
            self.refused(meeting, action)
        self.untouched(meeting)
        denied = meeting.wait_log("consent.denied", len(ACTIONS))
        self.assertEqual({e["data"]["permission"] for e in denied}, set(ACTIONS.values()))
        meeting.close()

    def test_the_user_does_not_answer(self):
        self.group(consent_timeout_s=5)
        meeting = self.meet({"prompts": []})
        error = meeting.script.refuse("ask", permission="desktop_view")
        self.assertEqual((error["error"], error["code"]), ("TIMED_OUT", 8))
        self.refused(meeting, "view")
        self.untouched(meeting)
        self.assertEqual(self.prompts(meeting), ["desktop_view"])
        meeting.close()

    def test_the_group_has_no_such_right(self):
        self.group(permissions=1 << 9)  # to hold sessions, and nothing in them
        meeting = self.meet()
        for action, permission in ACTIONS.items():
            error = meeting.script.refuse("ask", permission=permission)
            self.assertEqual((error["error"], error["code"]), ("DENIED", 5))
            self.refused(meeting, action)
        self.untouched(meeting)
        self.assertEqual(self.prompts(meeting), [], "the user is not bothered")
        meeting.script.call("chat", text="chat needs nothing")
        meeting.close()

    def test_the_user_declines_to_choose_a_file(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "files": {"answer": "decline"}})
        meeting.ask("receive_files")
        error = meeting.script.refuse("receive", directory=str(meeting.folder))
        self.assertEqual(error["code"], 5, error)
        meeting.close()

    def test_taken_back_while_seen(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "20ms"},
                             "steps": [{"when": "chat", "do": "revoke", "permission": "desktop_view"}]})
        meeting.ask("desktop_view", "remote_control")
        meeting.script.call("view")
        meeting.script.call("control")
        meeting.script.call("chat", text="look away")
        meeting.script.event("view", active=False, reason="revoked")
        self.refused(meeting, "view")
        state = meeting.script.call("state")
        self.assertFalse(state["viewing"])
        meeting.script.call("chat", text="a line and its answer lie between")
        self.assertEqual(meeting.script.call("state")["frames"], state["frames"], "no picture after that")
        meeting.wait_log("consent.revoked", permission="desktop_view")
        meeting.wait_log("view.ended")
        again = meeting.script.refuse("ask", permission="desktop_view")
        self.assertIn("too soon", again["message"])
        meeting.close()

    def test_all_taken_back_while_controlled(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "steps": [{"when": "chat", "do": "revoke_all"}]})
        meeting.ask("desktop_view", "remote_control", "system_information")
        meeting.script.call("view")
        meeting.script.call("control")
        meeting.script.call("key", keysym="a", down=True)
        meeting.script.call("chat", text="stop")
        meeting.script.event("control", active=False, reason="revoked")
        meeting.script.event("view", active=False, reason="revoked")
        for action in ("view", "control", "sysinfo"):
            self.refused(meeting, action)
        self.assertNotEqual(meeting.script.refuse("key", keysym="b")["code"], 0)
        meeting.wait_log("control.ended")
        keys = [e for e in meeting.user_log() if e.get("room") == "desktop" and e.get("msg") == "key"]
        self.assertTrue(keys, "the key had been pressed")
        meeting.close()

    def test_taken_back_while_a_file_comes(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}],
                             "steps": [{"when": "chat", "do": "revoke", "permission": "send_files"}]})
        meeting.ask("send_files")
        big = meeting.folder / "big.bin"
        with open(big, "wb") as out:
            out.truncate(300_000_000)
        number = meeting.script.send("send", path=str(big))
        wait_for(lambda: any(p.stat().st_size > 0 for p in meeting.downloads.iterdir()), "the file to be on its way")
        meeting.script.call("chat", text="no more")
        reply = meeting.script.reply(number, 60)
        self.assertEqual((reply["event"], reply.get("error"), reply.get("code")), ("error", "DENIED", 5), reply)
        wait_for(lambda: not list(meeting.downloads.iterdir()), "what had come of it to be gone")
        meeting.wait_log("file.failed", name="big.bin")
        self.assertEqual(meeting.log("file.sent", "file.received"), [])
        self.refused(meeting, "send")
        meeting.close()


if __name__ == "__main__":
    unittest.main()
