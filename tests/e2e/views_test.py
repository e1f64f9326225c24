#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A session's background process and its views: one that crashes ends nothing, two see at once, one has the input."""
import json
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import ADA, ADA_PASSWORD, SiteCase, broken_sequences  # noqa: E402
from support.site import wait_for  # noqa: E402


class Views(SiteCase):
    def test_a_crashed_view_ends_nothing(self):
        meeting = self.meet(pickup=("--linger", "60s"))
        meeting.ask("desktop_view", "remote_control")
        meeting.script.call("view")
        meeting.script.call("control")
        meeting.script.call("key", keysym="Shift_L", down=True)
        agents = meeting.agent_pids()
        self.assertEqual(len(agents), 1)
        meeting.script.program.kill()
        meeting.script.program.process.wait(10)

        second = meeting.view("attach")
        self.assertTrue(wait_for(lambda: second.call("state")["input"] == "free", "the input to be free again"))
        state = second.call("state")
        self.assertEqual(state["session"], meeting.id)
        self.assertTrue(state["linked"])
        self.assertEqual(state["permissions"]["desktop_view"], "granted")
        second.call("control")
        second.call("key", keysym="x")
        self.assertEqual(meeting.agent_pids(), agents, "the same process")
        self.assertEqual(self.tech.run("session", "show", meeting.id, "-o", "json").json()["state"], "active")
        meeting.script = second
        meeting.close()
        wait_for(lambda: not meeting.agent_pids(), "the background process to end with the session")

    def test_two_views_at_once(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "chat": [{"reply": "hello you two", "delay": "1ms"}]})
        meeting.ask("desktop_view", "remote_control")
        one, two = meeting.script, meeting.view("attach")
        self.assertEqual(one.call("view")["width"], 1280)
        self.assertEqual(two.call("view")["width"], 1280)
        one.call("chat", text="hello from one")
        self.assertEqual(two.event("chat", **{"from": "console"})["text"], "hello from one")
        for view in (one, two):
            self.assertEqual(view.event("chat", **{"from": "applet"})["text"], "hello you two")
            self.assertGreater(view.call("state")["frames"], 0)

        one.call("control")
        error = two.refuse("control")
        self.assertEqual((error["error"], error["code"]), ("INPUT_TAKEN", 7))
        self.assertEqual((one.call("state")["input"], two.call("state")["input"]), ("mine", "taken"))
        self.assertNotEqual(two.refuse("key", keysym="a")["code"], 0)
        one.call("key", keysym="a")
        self.assertEqual(two.refuse("uncontrol")["error"], "INPUT_TAKEN", "not theirs to give back")
        one.call("key", keysym="b")
        for giver, taker in ((one, two), (two, one), (one, two)):
            giver.call("uncontrol")
            taker.call("control")
        two.call("type", text="by two")
        self.assertEqual(one.refuse("control")["error"], "INPUT_TAKEN")
        self.assertEqual(one.call("state")["views"], 2)

        two.program.process.stdin.close()
        self.assertEqual(two.program.process.wait(30), 0)
        two.program.process.stdin = None
        wait_for(lambda: one.call("state")["views"] == 1, "one view to be left")
        one.call("control")
        meeting.close()

    def test_the_process_ends_after_the_last_view(self):
        meeting = self.meet(pickup=("--linger", "1s"))
        meeting.script.call("chat", text="back in a minute")
        meeting.script.program.process.stdin.close()
        self.assertEqual(meeting.script.program.process.wait(30), 0)
        meeting.script.program.process.stdin = None
        wait_for(lambda: not meeting.agent_pids(), "the background process to end")
        self.assertTrue(meeting.applet.running())
        self.assertNotIn(meeting.shown()["state"], ("closed", "aborted", "timed_out"))
        gone = self.tech.run("session", "attach", meeting.id, "--script", "-", stdin="", expect=None)
        self.assertIn(gone.code, (6, 9), gone.err)

        meeting.script = meeting.view("pickup")
        meeting.script.call("chat", text="here again")
        wait_for(lambda: any(e.get("text") == "here again" for e in meeting.user_log()), "the chat line")
        meeting.close()

    def test_detached_and_from_another_machine(self):
        meeting = self.meet(start=False)
        self.tech.run("session", "pickup", meeting.id, "--detach")
        wait_for(meeting.agent_pids, "the background process")
        first = meeting.view("attach")
        first.call("chat", text="from the first machine")
        laptop = self.site.technician("ada-laptop")
        laptop.login(ADA, ADA_PASSWORD)
        meeting.script = meeting.view("pickup", who=laptop)
        meeting.script.call("chat", text="from the laptop")
        wait_for(lambda: any(e.get("text") == "from the laptop" for e in meeting.user_log()), "the chat line of the laptop")
        wait_for(lambda: not meeting.agent_pids(), "the first machine's process to end")
        meeting.close()
        self.quiet_log(meeting)

    def quiet_log(self, meeting):
        """Everything once, and nothing that would alarm an administrator."""
        ended = lambda: [e for e in meeting.log("link.down") if e["source"] == "console"]
        wait_for(ended, "the last events")
        self.assertEqual(meeting.log("alert"), [])
        self.assertEqual(broken_sequences(meeting.log()), [])

    def test_two_technicians(self):
        self.site.admin.run("admin", "user", "add", "bob@example.test", "--name", "Bob Example", "--role", "technician",
                            "--password-stdin", stdin=ADA_PASSWORD + "\n")
        bob = self.site.technician("bob")
        bob.login("bob@example.test", ADA_PASSWORD)
        meeting = self.meet()
        meeting.script.call("chat", text="I need a second pair of eyes")
        second = meeting.view("pickup", "--join", who=bob)
        second.call("chat", text="here I am")
        second.call("ask", permission="desktop_view")
        second.call("view")
        wait_for(lambda: any(e.get("text") == "here I am" for e in meeting.user_log()), "the chat line of the second")
        meeting.wait_log("chat.message", count=4)  # each line by the applet and by its writer's console
        meeting.close()
        ended = second.event("ended", timeout=30)
        self.assertEqual((ended["by"], ended["reason"]), ("technician", "done"))
        self.assertEqual(second.program.process.wait(30), 0)
        self.quiet_log(meeting)

    def test_who_ended_it_elsewhere_and_why(self):
        for who, party in ((self.tech, "technician"), (self.site.admin, "administrator")) * 2:
            meeting = self.meet()
            meeting.script.call("chat", text="one moment")
            who.run("session", "close", meeting.id, "--reason", "called away")
            ended = meeting.script.event("ended", timeout=30)
            self.assertEqual((ended["by"], ended["reason"]), (party, "called away"))
            meeting.script.program.process.wait(30)
            self.assertEqual(meeting.applet.process.wait(30), 0)

    def test_a_recording_begun_in_the_middle_of_an_idle_view(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "1h"}})
        meeting.ask("record_session", "desktop_view")
        meeting.script.call("view")
        time.sleep(1)  # nothing changes there
        path = meeting.script.call("record", directory=str(meeting.folder))["path"]
        time.sleep(1)
        ended = meeting.script.call("unrecord")
        at_once = meeting.script.call("record", directory=str(meeting.folder))["path"]
        meeting.script.call("unrecord")
        meeting.close()
        for recording in (path, at_once):
            avi = meeting.folder / (pathlib.Path(recording).stem + ".avi")
            self.tech.run("recording", "convert", recording, "-o", avi, timeout=120)
            probed = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                                     "stream=width,height,nb_read_frames:format=duration", "-of", "json", avi],
                                    check=True, capture_output=True, timeout=60).stdout
            stream = json.loads(probed)["streams"][0]
            self.assertEqual((stream["width"], stream["height"]), (1280, 800))
            self.assertGreaterEqual(int(stream["nb_read_frames"]), 1)
            if recording == path:
                self.assertAlmostEqual(float(json.loads(probed)["format"]["duration"]), ended["duration_us"] / 1e6, delta=0.3)

    def test_a_recording_for_auditors_alone(self):
        key = self.tech.home / "auditor.key"
        self.tech.run("recording", "keygen", "-o", key)
        missing = self.tech.run("session", "pickup", "00000000-0000-4000-8000-000000000000", "--record-to", self.tech.home / "none.pub",
                                "--detach", expect=None)
        self.assertEqual(missing.code, 6, missing.err)
        meeting = self.meet(pickup=("--record-to", f"{key}.pub"))
        meeting.ask("record_session", "desktop_view")
        started = meeting.script.call("record", directory=str(meeting.folder))
        self.assertEqual(len(started["recipients"]), 1)
        meeting.script.call("view")
        meeting.script.call("chat", text="the secret is 4711")
        ended = meeting.script.call("unrecord")
        meeting.close()
        self.assertNotIn(b"4711", pathlib.Path(ended["path"]).read_bytes())
        self.assertEqual(self.tech.run("recording", "info", ended["path"], "-o", "json").json()["recipients"], started["recipients"])
        shots = meeting.folder / "shots"
        refused = self.tech.run("recording", "frames", ended["path"], "-o", shots, "--at", f"{ended['duration_us'] // 1000}ms", expect=None)
        self.assertNotEqual(refused.code, 0)
        self.tech.run("recording", "frames", ended["path"], "-o", shots, "--at", f"{ended['duration_us'] // 1000}ms", "--key", key)
        self.assertEqual(len(list(shots.glob("*.png"))), 1)

    def test_what_is_no_command(self):
        meeting = self.meet()
        script = meeting.script
        for line in ("{", "[]", '"chat"', '{"cmd":"fly"}', '{"cmd":"chat"}', '{"cmd":"chat","text":7}', '{"cmd":"view","x":1}',
                     '{"cmd":"chat","text":"' + "a" * 20_000 + '"}', '{"cmd":"key","keysym":"NoSuchKey"}', "\u00e9" * 70_000):
            script.program.write_line(line)
            error = script.event("error")
            self.assertIn(error["code"], (1, 2, 5, 7), f"{line[:40]}: {error}")
        script.call("chat", text="still here")
        meeting.close()

    def test_a_script_from_a_file(self):
        meeting = self.meet(start=False)
        lines = meeting.folder / "script.jsonl"
        lines.write_text('{"cmd":"chat","text":"one"}\n{"cmd":"view"}\n{"cmd":"ask","permission":"desktop_view"}\n'
                         '{"cmd":"view"}\n{"cmd":"screenshot","path":"shot.png"}\n{"cmd":"close","reason":"done"}\n')
        done = self.tech.run("session", "pickup", meeting.id, "--script", lines, expect=5)  # the first that failed: view
        replies = [e for e in done.jsonl() if e["event"] in ("result", "error")]
        self.assertEqual([r["event"] for r in replies], ["result", "error", "result", "result", "result", "result"])
        self.assertEqual((self.tech.home / "shot.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.assertEqual(meeting.applet.process.wait(30), 0)

    def test_interrupted(self):
        meeting = self.meet()
        meeting.script.call("chat", text="hello")
        meeting.script.program.process.send_signal(signal.SIGINT)
        self.assertEqual(meeting.script.program.process.wait(30), 130)
        self.assertEqual(len(meeting.agent_pids()), 1)
        meeting.script = meeting.view("attach")
        meeting.close()


if __name__ == "__main__":
    unittest.main()
