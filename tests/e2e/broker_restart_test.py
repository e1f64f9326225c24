#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The broker dies under a session and comes back: the session goes on meanwhile, and the log is whole afterwards, each event once."""
import collections
import pathlib
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase, broken_sequences, sha256  # noqa: E402
from support.site import wait_for  # noqa: E402


class BrokerRestart(SiteCase):
    def restart(self):
        self.site.start_broker(self.site.broker_port)

    def kill(self):
        self.site.broker.kill()
        self.site.broker.process.wait(10)

    def chats(self, meeting, texts):
        for text in texts:
            meeting.script.call("chat", text=text)
            meeting.script.event("chat", **{"from": "applet"}, text="I read it")

    def test_killed_in_the_middle(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "chat": [{"reply": "I read it", "delay": "1ms"}]})
        self.chats(meeting, ["before 1", "before 2"])
        meeting.ask("desktop_view")
        self.kill()

        self.chats(meeting, ["away 1", "away 2", "away 3"])
        self.assertGreater(meeting.script.call("view")["width"], 0)
        meeting.ask("send_files")
        sent = meeting.file("meanwhile.bin", 3_000_000)
        self.assertEqual(meeting.script.call("send", path=str(sent), timeout=60)["sha256"], sha256(sent))
        self.assertEqual(sha256(meeting.downloads / "meanwhile.bin"), sha256(sent))
        self.assertGreater(meeting.script.call("state")["spooled"], 0)
        self.assertEqual(self.tech.run("session", "show", meeting.id, "-o", "json", expect=9).error()["code"], 9)

        self.restart()
        wait_for(lambda: meeting.script.call("state")["spooled"] == 0, "the console's spool to empty", 60)
        meeting.wait_log("file.received", timeout=60)
        self.chats(meeting, ["after 1"])
        meeting.wait_log("chat.message", 24, timeout=60)
        meeting.close()
        meeting.wait_log("session.closed")

        events = meeting.log()
        self.assertEqual(broken_sequences(events), [])
        said = collections.Counter(e["data"].get("text") for e in events if e["type"] == "chat.message")
        once = {"before 1", "before 2", "away 1", "away 2", "away 3", "after 1"}
        self.assertEqual({t: n for t, n in said.items() if t in once}, {t: said["before 1"] for t in once})
        for kind, source in (("file.sent", "console"), ("file.received", "applet"), ("consent.granted", "applet")):
            names = [(e["data"].get("name"), e["data"].get("permission")) for e in events
                     if e["type"] == kind and e["source"] == source]
            self.assertEqual(len(names), len(set(names)), f"{kind}: {names}")
            self.assertTrue(names, kind)

    def test_the_session_is_found_again_and_closed_by_another_command(self):
        meeting = self.meet()
        meeting.script.call("chat", text="hello")
        self.kill()
        self.restart()
        self.assertEqual(self.tech.run("whoami", "-o", "json").json()["email"], "ada@example.test")
        wait_for(lambda: meeting.shown()["applet"]["online"], "the applet's control connection to be back", 60)
        wait_for(lambda: any(g.get("connected") for g in self.site.admin.run("admin", "gateway", "list", "-o", "json").json()),
                 "the gateway to be back", 60)
        self.tech.run("session", "close", meeting.id, "--reason", "from elsewhere")
        # Whichever comes first: the applet's word, or the gateway that is told to drop the pair.
        self.assertIn(meeting.script.event("ended", timeout=60)["by"], ("technician", "broker"))
        self.assertEqual(meeting.applet.process.wait(30), 0)

    def test_stopped_in_order_while_the_session_ends(self):
        """The technician hears that the site was not told, closes again when it is back, and the log is whole."""
        meeting = self.meet()
        meeting.script.call("chat", text="hello")
        self.site.broker.kill(signal.SIGTERM)
        self.assertEqual(self.site.broker.process.wait(30), 0)
        meeting.script.call("chat", text="the site is away")
        self.assertFalse(meeting.script.call("close", reason="broker away", timeout=60)["site_told"])
        self.restart()
        self.tech.run("session", "close", meeting.id, "--reason", "again")
        self.assertEqual(meeting.applet.process.wait(60), 0)
        meeting.wait_log("session.closed")
        wait_for(lambda: {"hello", "the site is away"} <= {e["data"].get("text") for e in meeting.log("chat.message")
                                                           if e["source"] == "console"}, "what the console had spooled", 60)
        self.assertEqual(broken_sequences(meeting.log()), [])


if __name__ == "__main__":
    unittest.main()
