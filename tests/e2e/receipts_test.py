#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the user answered is proven by the log alone, as a second reader finds that knows nothing but the manual page; and
where the group wants digits typed, nothing happens before."""
import base64
import copy
import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "readers"))
import receipt_reader  # noqa: E402
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402


def kinds(log):
    return [receipt.answer for _, receipt in sorted(log.receipts.items())]


class Receipts(SiteCase):
    def test_the_log_proves_what_was_allowed(self):
        meeting = self.meet({"prompts": [{"permission": "clipboard_sync", "answer": "no"}, {"answer": "yes"}],
                             "steps": [{"when": "chat", "do": "revoke", "permission": "desktop_view"}]})
        meeting.script.refuse("ask", permission="clipboard_sync")
        meeting.ask("desktop_view", "remote_control", "send_files", "system_information")
        meeting.script.call("view")
        meeting.script.call("control")
        meeting.script.call("send", path=str(meeting.file("a.bin", 5000)))
        meeting.script.call("sysinfo")
        meeting.script.call("chat", text="now")
        consent = meeting.script.event("consent", permission="desktop_view", state="revoked")
        meeting.wait_log("consent.revoked", permission="desktop_view")
        meeting.close()
        wait_for(lambda: meeting.log("session.closed"), "the end in the log")
        events = meeting.log()
        log = receipt_reader.Log(events)
        self.assertEqual(log.problems, [])
        self.assertEqual(kinds(log)[:6], ["no", "yes", "yes", "yes", "yes", "revoked"])
        self.assertGreaterEqual(log.operations, 4)
        self.assertEqual([e for e in events if e["type"] == "alert"], [])
        # The technician's end was given the same receipt, and can prove it without the site.
        self.assertEqual(receipt_reader.read(receipt_reader.unbase64(consent["receipt"]), log.key), log.receipts[6])
        self.no_change_goes_unseen(events)

    def no_change_goes_unseen(self, events):
        """Whoever changes such a log is found out by the reader: by hand, one thing at a time."""
        def problems_of(change):
            changed = copy.deepcopy(events)
            mine = [e for e in changed if e["source"] == "applet"]
            result = change(mine)
            if isinstance(result, dict):  # taken out
                changed.remove(result)
            return receipt_reader.Log(changed).problems

        def first(mine, kind, **data):
            return next(e for e in mine if e["type"] == kind and all(e["data"].get(k) == v for k, v in data.items()))

        def flip(mine):
            data = first(mine, "consent.granted")["data"]
            raw = bytearray(receipt_reader.unbase64(data["signed"]))
            raw[90] ^= 1
            data["signed"] = base64.urlsafe_b64encode(bytes(raw)).decode().rstrip("=")

        def invent(mine):
            denied = first(mine, "consent.denied")
            denied["type"] = "consent.granted"

        def other_permission(mine):
            first(mine, "consent.granted", permission="desktop_view")["data"]["permission"] = "deploy_scripts"

        def uncovered(mine):
            first(mine, "view.started")["data"].pop("receipt")

        def by_another(mine):
            view, control = first(mine, "view.started")["data"], first(mine, "control.started")["data"]
            view["receipt"], control["receipt"] = control["receipt"], view["receipt"]

        def after_it_ended(mine):
            first(mine, "view.started")["seq"] = max(e["seq"] for e in mine) + 1

        def hidden(mine):
            return first(mine, "consent.granted", permission="remote_control")

        for change in (flip, invent, other_permission, uncovered, by_another, after_it_ended, hidden):
            self.assertNotEqual(problems_of(change), [], f"{change.__name__} went unseen")


class Digits(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with sqlite3.connect(cls.site.broker_state / "rescue.db", timeout=20) as db:
            db.execute("update groups set require_sas = 1")

    def test_nothing_but_chat_before_the_digits(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}],
                             "questions": [{"kind": "sas", "answer": "yes", "values": ["@chat"]}]})
        digits = meeting.script.event("digits", state="asked")["digits"]
        self.assertRegex(digits, "^[0-9]{6}$")
        self.assertEqual(meeting.script.call("state")["digits"]["digits"], digits)
        person = self.tech.start("lines", "session", "attach", meeting.id)  # comes after the digits have been told
        wait_for(lambda: f"{digits[:3]} {digits[3:]}" in person.log_text(), "the digits in line mode")
        waiting = meeting.script.send("ask", permission="desktop_view")
        meeting.script.call("chat", text="good morning")
        wait_for(lambda: any(e.get("msg") == "chat" for e in meeting.user_log()), "the chat to arrive")
        self.assertEqual([e for e in meeting.user_log() if e.get("msg") == "prompt"], [], "no prompt before the digits")
        self.assertNotIn(digits, meeting.applet.log_text(), "the applet tells the digits to nobody")
        meeting.script.call("chat", text=f"they are {digits}, please type them")
        meeting.script.event("digits", state="confirmed")
        self.assertEqual(meeting.script.reply(waiting, 30)["state"], "granted")
        meeting.script.call("view")
        meeting.wait_log("sas.confirmed", 2)
        meeting.close()
        wait_for(lambda: meeting.log("session.closed"), "the end in the log")
        log = receipt_reader.Log(meeting.log())
        self.assertEqual(log.problems, [])
        self.assertEqual(kinds(log)[:2], ["yes", "yes"])

    def test_two_misses_end_the_session(self):
        meeting = self.meet({"questions": [{"kind": "sas", "answer": "yes", "values": ["not it"]}]})
        meeting.script.event("ended", timeout=60)
        meeting.wait_log("sas.missed", 2)
        self.assertEqual(meeting.log("sas.confirmed", "view.started"), [])


if __name__ == "__main__":
    unittest.main()
