#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A gateway dies under a session: the session goes on at the same gateway when it is back, and at another one when not."""
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase, broken_sequences, sha256  # noqa: E402
from support.site import wait_for  # noqa: E402

SIZE = 48_000_000


class GatewayDeath(SiteCase):
    def begin_transfer(self, meeting):
        """A file on its way: some of it has come, most of it has not."""
        path = meeting.file("big.bin", SIZE)
        meeting.ask("send_files", "desktop_view")
        meeting.script.call("view")
        number = meeting.script.send("send", path=str(path))
        wait_for(lambda: any(p.stat().st_size > 0 for p in meeting.downloads.iterdir()), "the file to be on its way")
        self.assertFalse((meeting.downloads / "big.bin").exists())
        return path, number

    def end_transfer(self, meeting, path, number):
        """It comes whole, and nobody has typed anything."""
        meeting.script.event("link", timeout=60, up=False)
        meeting.script.event("link", timeout=60, up=True)
        result = meeting.script.reply(number, 90)
        self.assertEqual(result["event"], "result", result)
        self.assertEqual(result["sha256"], sha256(path))
        self.assertEqual(sha256(meeting.downloads / "big.bin"), sha256(path))
        self.assertEqual([p.name for p in meeting.downloads.iterdir()], ["big.bin"])

    def check_log(self, meeting, times):
        meeting.wait_log("session.closed")
        for source in ("console", "applet"):
            wait_for(lambda s=source: [e["source"] for e in meeting.log("link.up")].count(s) >= times + 1,
                     f"link.up of the {source}, each time", 20)
            self.assertGreaterEqual([e["source"] for e in meeting.log("link.down")].count(source), times)
        self.assertEqual(len(meeting.log("file.sent")) + len(meeting.log("file.received")), 2)
        self.assertEqual(broken_sequences(meeting.log()), [])

    def test_killed_and_started_again(self):
        meeting = self.meet()
        path, number = self.begin_transfer(meeting)
        self.site.gateway.kill()
        self.site.gateway.process.wait(10)
        type(self).site.gateway = self.site.start_gateway(self.site.gateway_state, self.site.gateway_port)
        self.end_transfer(meeting, path, number)
        meeting.script.call("chat", text="are you still there?")
        wait_for(lambda: any(e.get("text") == "are you still there?" for e in meeting.user_log()), "the chat line")
        meeting.close()
        self.check_log(meeting, 1)

    def test_killed_for_good_while_another_is_there(self):
        meeting = self.meet()
        state, port = self.site.enroll_gateway(self.site.admin, "gw2")
        second = self.site.start_gateway(state, port)
        wait_for(lambda: sum(bool(g.get("connected")) for g in self.site.admin.run(
            "admin", "gateway", "list", "-o", "json").json()) == 2, "the second gateway to be known")
        path, number = self.begin_transfer(meeting)
        self.site.gateway.kill()
        self.site.gateway.process.wait(10)
        self.end_transfer(meeting, path, number)
        meeting.close()
        self.check_log(meeting, 1)
        self.assertTrue(second.running())
        type(self).site.gateway = self.site.start_gateway(self.site.gateway_state, self.site.gateway_port)
        second.stop()


if __name__ == "__main__":
    unittest.main()
