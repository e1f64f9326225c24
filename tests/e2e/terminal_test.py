#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A technician at a terminal (tmux): the line-mode chat typed by hand; watching sessions and the log from other terminals."""
import json
import pathlib
import select
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase, sha256  # noqa: E402
from support.site import Script, wait_for  # noqa: E402
from support.terminal import Terminal  # noqa: E402


class AtATerminal(SiteCase):
    def terminal(self, *argv):
        terminal = Terminal(self.tech, self.site.bin / "rescue", *argv)
        self.addCleanup(terminal.end)
        return terminal

    def test_a_session_by_hand(self):
        meeting = self.meet({"prompts": [{"permission": "remote_control", "answer": "no"}, {"answer": "yes"}],
                             "chat": [{"contains": "printer", "reply": "It prints nothing \u001b[31mred\u001b[0m.", "delay": "1ms"}],
                             "files": {"name": "from-the-user.bin", "bytes": 50_000}}, start=False)
        path = meeting.file("fix.bin", 200_000)
        seen = self.terminal("session", "pickup", meeting.id)
        seen.see("/help lists commands")
        seen.type("/help")
        seen.see("/sysinfo [SECTION]")
        seen.type("Good morning, what is with the printer?")
        seen.see("user: It prints nothing")
        self.assertNotIn("\x1b", seen.screen())
        seen.type("/view")
        seen.see("viewing display 1, 1280x800")
        seen.type("/screenshot shot.png")
        wait_for((self.tech.home / "shot.png").exists, "the picture")
        seen.type("/control")
        seen.see("remote_control: denied")
        seen.type("/sysinfo")
        seen.see("[system]")
        seen.type(f"/send {path}")
        seen.see(sha256(path))
        self.assertEqual(sha256(meeting.downloads / "fix.bin"), sha256(path))
        seen.type("/receive")
        seen.see("received ")
        self.assertEqual((self.tech.home / "from-the-user.bin").stat().st_size, 50_000)
        seen.type(f"/mkdir {meeting.downloads}/a new folder")
        seen.see("make_folder ok")
        seen.type(f"/put {path} {meeting.downloads}/a new folder")
        seen.see("put ok: 1 files, 200000 bytes")
        self.assertEqual(sha256(meeting.downloads / "a new folder" / "fix.bin"), sha256(path))
        seen.type(f"/ls {meeting.downloads}")
        seen.see("a new folder")
        seen.type("/nonsense")
        seen.see("no command '/nonsense'")
        seen.type("/quit")
        seen.see("exit=5")  # /control was denied
        self.assertTrue(meeting.applet.running())
        seen.end()

        again = self.terminal("session", "attach", meeting.id)
        again.see("connected")
        again.type("/state")
        again.see("desktop_view: granted")
        again.type("/close solved, thank you")
        again.see("exit=0")
        self.assertEqual(meeting.applet.process.wait(30), 0)
        closed = meeting.wait_log("session.closed")[0]
        self.assertEqual(closed["data"]["reason"], "solved, thank you")

    def test_interrupted_by_the_keyboard(self):
        meeting = self.meet(start=False)
        seen = self.terminal("session", "pickup", meeting.id)
        seen.see("connected")
        seen.tmux("send-keys", "-t", "t", "C-c")
        seen.see("exit=130")
        again = Script(self.tech.start("again", "session", "attach", meeting.id, "--script", "-"))
        again.call("chat", text="still here")
        again.call("close", reason="done")
        self.assertEqual(meeting.applet.process.wait(30), 0)

    def test_following_sessions_and_the_log(self):
        watch = self.tech.start("watch", "session", "watch", "-o", "jsonl")
        tail = self.tech.start("tail", "log", "tail", "-f", "-n", "0", "-o", "jsonl")
        # Both show what is new from when they are connected on: something new is made until both have spoken.
        poked = []
        while not all(select.select([p.process.stdout], [], [], 0.5)[0] for p in (watch, tail)):
            poked.append(self.tech.run("session", "create", "--note", "watched", "-o", "json").json()["id"])
            self.assertLess(len(poked), 60)
        self.assertIn(json.loads(watch.read_line(30))["id"], poked)
        self.assertIn(json.loads(tail.read_line(30))["session"], poked)

        # The broker goes and comes back: both go on, and nothing of the log is missing or told twice.
        self.site.broker.kill()
        self.site.broker.process.wait(10)
        self.site.start_broker(self.site.broker_port)
        made = [self.tech.run("session", "create", "-o", "json").json()["id"] for _ in range(3)]
        for session in made:
            self.tech.run("session", "close", session, "--reason", "enough")
        told = []
        while not told or told[-1] != ("session.closed", made[-1]):
            event = json.loads(tail.read_line(60))
            told.append((event["type"], event["session"]))
        for session in made:
            for kind in ("session.created", "session.closed"):
                self.assertEqual(told.count((kind, session)), 1, told)
        seen = {}
        while seen.get("id") != made[-1] or seen["state"] != "closed":
            seen = json.loads(watch.read_line(60))
        for program in (watch, tail):
            self.assertTrue(program.running())
            program.process.send_signal(2)
            self.assertEqual(program.process.wait(20), 130)


if __name__ == "__main__":
    unittest.main()
