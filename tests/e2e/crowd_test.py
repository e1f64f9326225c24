#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Twenty sessions at once: each with its own user, view, file and chat, and all of it in the log, once and in its session."""
import concurrent.futures
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase, broken_sequences, sha256  # noqa: E402
from support.site import wait_for  # noqa: E402

SESSIONS = 20
PATIENCE = 120
TOGETHER = 2 * PATIENCE  # longer than any single step, so that a stuck step is reported by its own name


class Crowd(SiteCase):
    def hold(self, number):
        """One session up to its end. The first that fails stops the others, so that its reason is what the test reports."""
        try:
            return self.hold_to_the_end(number)
        except threading.BrokenBarrierError:
            return None
        except BaseException:
            self.together.abort()
            raise

    def hold_to_the_end(self, number):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "chat": [{"reply": f"reply {number}", "delay": "1ms"}],
                             "desktop": {"displays": [{"width": 320 + 16 * number, "height": 240}], "period": "200ms"}},
                            name=f"-{number}", seed=number + 1)
        script = meeting.script
        script.call("chat", text=f"hello {number}", timeout=PATIENCE)
        self.assertEqual(script.event("chat", timeout=PATIENCE, **{"from": "applet"})["text"], f"reply {number}")
        for permission in ("desktop_view", "send_files"):
            script.call("ask", permission=permission, timeout=PATIENCE)
        self.assertEqual(script.call("view", timeout=PATIENCE)["width"], 320 + 16 * number)
        path = meeting.file(f"file-{number}.bin", 10_000 + number, str(number).encode())
        script.call("send", path=str(path), timeout=PATIENCE)
        self.assertEqual(sha256(meeting.downloads / path.name), sha256(path))
        self.together.wait(TOGETHER)  # all are active at the same time
        script.call("close", reason=f"done {number}", timeout=PATIENCE)
        self.assertEqual(script.program.process.wait(PATIENCE), 0)
        self.assertEqual(meeting.applet.process.wait(PATIENCE), 0, meeting.applet.tail())
        return meeting

    def test_twenty_at_once(self):
        self.together = threading.Barrier(SESSIONS)
        with concurrent.futures.ThreadPoolExecutor(SESSIONS) as pool:
            running = [pool.submit(self.hold, number) for number in range(SESSIONS)]
        for session in running:
            session.result()  # raises what ended the crowd, whichever session it was
        meetings = [session.result() for session in running]
        self.assertNotIn(None, meetings)
        self.assertEqual(len({m.id for m in meetings}), SESSIONS)
        for number, meeting in enumerate(meetings):
            meeting.wait_log("file.received")
            meeting.wait_log("session.closed")
            events = meeting.log()
            self.assertEqual(broken_sequences(events), [])
            said = {e["data"].get("text") for e in events if e["type"] == "chat.message"}
            self.assertEqual(said, {f"hello {number}", f"reply {number}"})
            for kind in ("session.created", "session.applet_registered", "session.picked_up", "session.closed", "view.started",
                         "file.sent", "file.received"):
                sources = [e["source"] for e in events if e["type"] == kind]
                self.assertEqual(len(sources), len(set(sources)), f"{kind} of session {number}: {sources}")
                self.assertTrue(sources, f"{kind} of session {number}")
            hashes = {e["data"].get("sha256") for e in events if e["type"] in ("file.sent", "file.received")}
            self.assertEqual(hashes, {sha256(meeting.downloads / f"file-{number}.bin")})
        listed = {s["id"]: s["state"] for s in self.tech.run("session", "list", "--all", "-o", "json").json()}
        self.assertEqual({listed[m.id] for m in meetings}, {"closed"})
        wait_for(lambda: not any(m.agent_pids() for m in meetings), "the background processes to end")


if __name__ == "__main__":
    unittest.main()
