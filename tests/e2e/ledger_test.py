#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The books of the soak (support/ledger.py) notice whatever a log has too much, too little or otherwise."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.ledger import Ledger, account  # noqa: E402

ID = "7b0c2f4e-0000-4000-8000-000000000001"
DIGEST = "ab" * 32


def events():
    """A short session as the site would have it."""
    rows = [("broker", "session.created", {}), ("broker", "session.applet_registered", {}), ("broker", "session.picked_up", {}),
            ("console", "chat.message", {"text": "hello"}), ("applet", "chat.message", {"text": "hello"}),
            ("applet", "consent.granted", {"permission": "send_files"}), ("applet", "consent.denied", {"permission": "desktop_view"}),
            ("console", "file.sent", {"name": "fix", "sha256": DIGEST}), ("applet", "file.received", {"name": "fix", "sha256": DIGEST}),
            ("applet", "sysinfo.sent", {}), ("broker", "session.closed", {"by": "technician"})]
    out, seqs = [], {}
    for source, kind, data in rows:
        seqs[source] = seqs.get(source, 0) + 1
        out.append({"session": ID, "source": source, "origin": source, "seq": seqs[source], "type": kind, "data": data})
    return out


def ledger(ending="technician"):
    book = Ledger(ID, ending)
    book.picked_up = 1
    book.said["console"].append("hello")
    book.granted.append("send_files")
    book.denied.append("desktop_view")
    book.files.append(("fix", DIGEST, "to_applet"))
    book.counts["sysinfo.sent"] = 1
    return book


class Books(unittest.TestCase):
    def wrong(self, log, ending="technician", sessions=({"id": ID, "state": "closed"},)):
        return account([ledger(ending)], log, list(sessions))

    def test_a_log_that_holds(self):
        self.assertEqual(self.wrong(events()), {})

    def test_every_event_counts(self):
        for n, event in enumerate(events()):
            with self.subTest(event["type"], source=event["source"]):
                less = events()
                del less[n]
                self.assertTrue(self.wrong(less))
                more = events()
                more.insert(n, dict(event, seq=len(more) + 1))
                self.assertTrue(self.wrong(more))

    def test_other_contents(self):
        for kind, data in (("chat.message", {"text": "hullo"}), ("file.received", {"name": "fix", "sha256": "00" * 32}),
                           ("consent.granted", {"permission": "reboot"}), ("session.closed", {"by": "user"})):
            log = events()
            next(e for e in log if e["type"] == kind)["data"] = data
            self.assertTrue(self.wrong(log), kind)

    def test_other_sessions_and_states(self):
        self.assertTrue(self.wrong(events(), sessions=[]))
        self.assertTrue(self.wrong(events(), sessions=[{"id": ID, "state": "active"}]))
        stranger = {"id": "another", "state": "closed"}
        self.assertIn("another", self.wrong(events(), sessions=[{"id": ID, "state": "closed"}, stranger]))

    def test_of_an_end_that_was_killed_the_last_may_be_missing(self):
        log = [e for e in events() if e["type"] != "sysinfo.sent"]
        self.assertTrue(self.wrong(log))
        self.assertEqual(self.wrong(log, "applet_killed"), {})
        log.append({"session": ID, "source": "applet", "origin": "applet", "seq": 5, "type": "chat.message", "data": {"text": "never said"}})
        self.assertTrue(self.wrong(log, "applet_killed"), "but nothing may be there that did not happen")


if __name__ == "__main__":
    unittest.main()
