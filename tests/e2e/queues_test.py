#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A visitor of a channel, helped by two technicians with real ends: pickup from the queue, hold and resume, transfer with a
comment, a second technician, the end by the user, and the account of it all."""
import concurrent.futures
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import ADA, SiteCase, read_log  # noqa: E402
from support.site import Script, wait_for  # noqa: E402

BEA, BEA_PASSWORD = "bea@example.test", "a long passphrase for bea 43"


class Queues(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        admin = lambda *command, **more: cls.site.admin.run("admin", *command, **more)
        admin("user", "add", BEA, "--name", "Bea Example", "--role", "technician", "--password-stdin", stdin=BEA_PASSWORD + "\n")
        admin("channel", "add", "billing")
        admin("channel", "assign", "billing", "technicians")
        cls.bea = cls.site.technician("bea")
        cls.bea.login(BEA, BEA_PASSWORD)

    def visitor(self, number, **scenario):
        """The applet of somebody who asks for help on the channel, and its session."""
        file = self.site.dir / f"visitor-{number}.json"
        file.write_text(json.dumps({"prompts": [{"answer": "yes"}], **scenario}))
        applet = self.site.start_applet("--server", self.site.url, *self.site.trust_flags(), "--channel", "billing", "--name", "Eve",
                                        "--problem", f"no paper {number}", "--headless", "--scenario", file, name=f"visitor{number}")
        self.tech.run("session", "wait", "--queue", "channel:billing", "--timeout", "30s")
        rows = self.tech.run("session", "list", "--queue", "channel:billing", "-o", "jsonl").jsonl()
        return applet, next(r["id"] for r in rows if r["note"] == f"no paper {number}")

    def view(self, who, session, verb="pickup", *flags, name):
        script = Script(who.start(name, "session", verb, session, "--script", "-", *flags))
        script.call("chat", text=f"this is {name}")  # waits for the link
        return script

    def over(self, script):
        """The view ends because its technician is no longer in the session."""
        script.event("ended")
        script.program.process.wait(30)

    def told(self, applet):
        """What the window of the user was given, as JSON lines."""
        out = []
        for line in applet.log_text().splitlines():
            try:
                out.append(json.loads(line))
            except ValueError:
                pass
        return out

    def step(self, who, session, *command, expect=0):
        verb, *rest = command
        return who.run("session", verb, session, *rest, "-o", "json", expect=expect)

    def test_a_session_goes_through_the_hands_of_two_technicians(self):
        applet, session = self.visitor(1)
        first = self.view(self.tech, session, name="ada-first")
        taken = self.step(self.bea, session, "pickup", "--detach", expect=None)
        self.assertIn(taken.code, (5, 7), taken.err)  # a colleague's
        held = self.step(self.tech, session, "hold", "--reason", "lunch").json()
        self.assertEqual((held["state"], held["technicians"]), ("on_hold", []))
        self.over(first)
        stood = lambda state: any(e.get("msg") == "standing" and e.get("state") == state for e in self.told(applet))
        wait_for(lambda: stood("on_hold"), "the user to be told")
        second = self.view(self.tech, session, "resume", name="ada-second")
        self.step(self.bea, session, "pickup", "--join", "--detach", "--linger", "60s")
        wait_for(lambda: len(self.step(self.tech, session, "show").json()["technicians"]) == 2, "both to be in it")
        self.tech.run("presence", "set", "busy")
        self.bea.run("presence", "set", "away")
        refused = self.step(self.tech, session, "transfer", "--to", BEA, expect=7)
        self.assertEqual(refused.error()["error"], "TECHNICIAN_AWAY")
        self.assertIn(BEA, refused.error()["message"])
        self.bea.run("presence", "set", "available")
        self.step(self.tech, session, "transfer", "--to", BEA, "--comment", "speaks French")
        self.over(second)
        self.step(self.bea, session, "decline", "--reason", "in a minute")
        third = self.view(self.tech, session, "resume", name="ada-third")
        self.step(self.tech, session, "transfer", "--channel", "billing", "--comment", "speaks French")
        self.over(third)
        bea = self.view(self.bea, session, name="bea-first")
        shown = self.step(self.bea, session, "show").json()
        self.assertEqual((shown["technician"]["email"], shown["transfer"]["comment"]), (BEA, "speaks French"))
        bea.call("close", reason="solved")
        self.assertEqual(applet.process.wait(60), 0, applet.tail())
        told = self.step(self.bea, session, "explain").json()
        states = [s["state"] for s in told["states"]]
        for state in ("reconnecting", "offline"):  # what a loaded machine may add
            states = [s for s in states if s != state]
        merged = [s for n, s in enumerate(states) if n == 0 or states[n - 1] != s]
        self.assertEqual(merged, ["created", "waiting", "active", "on_hold", "active", "transferring", "on_hold", "active",
                                  "transferring", "active", "closed"])
        self.assertEqual({t["technician"] for t in told["technicians"]}, {ADA, BEA})
        said = [e["data"]["text"] for e in read_log(self.bea, session, "chat.message") if e["source"] == "applet"]
        self.assertEqual(said, ["this is ada-first", "this is ada-second", "this is ada-third", "this is bea-first"])

    def test_of_many_at_once_one_picks_up_and_the_others_end_with_7(self):
        """Each of an account, a home and a background process of its own."""
        applet, session = self.visitor(4)
        crowd = []
        for number in range(5):
            email = f"robot{number}@example.test"
            self.site.admin.run("admin", "user", "add", email, "--name", "Robot", "--role", "service")
            token = self.site.admin.run("admin", "token", "add", email, "--name", "t", "--scope", "sessions", "-o", "json").json()["secret"]
            person = self.site.technician(f"robot{number}")
            person.env["RESCUE_TOKEN"] = token
            crowd.append(person)
        pick = lambda person: person.run("--server", self.site.url, *self.site.trust_flags(), "-o", "json", "session", "pickup", session,
                                         "--detach", expect=None, timeout=100)
        with concurrent.futures.ThreadPoolExecutor(len(crowd)) as pool:
            done = list(pool.map(pick, crowd))
        self.assertEqual(sorted(d.code for d in done), [0] + [7] * 4, [d.err for d in done])
        self.assertEqual({d.error()["error"] for d in done if d.code}, {"ALREADY_PICKED_UP"})
        self.site.admin.run("session", "close", session)
        self.assertEqual(applet.process.wait(60), 0, applet.tail())

    def test_a_technician_with_enough_sessions_gets_no_more(self):
        self.site.admin.run("admin", "user", "set", BEA, "--max-sessions", "1")
        self.addCleanup(self.site.admin.run, "admin", "user", "set", BEA, "--max-sessions", "0")
        applets, sessions = zip(*(self.visitor(number) for number in (2, 3)))
        watch = self.bea.start("watch", "session", "watch", "--queue", "channel:billing", "-o", "jsonl")
        line = lambda: json.loads(watch.read_line(30))
        self.assertEqual([line()["id"] for _ in sessions], list(sessions), "what waits already, oldest first")
        self.step(self.bea, sessions[0], "pickup", "--detach")
        wait_for(lambda: (lambda row: (row["id"], row["state"]) == (sessions[0], "active"))(line()), "the pickup to be told")
        watch.stop()
        refused = self.step(self.bea, sessions[1], "pickup", "--detach", expect=7)
        self.assertEqual(refused.error()["error"], "TOO_MANY_SESSIONS")
        for session in sessions:
            self.site.admin.run("session", "close", session)
        for applet in applets:
            self.assertEqual(applet.process.wait(60), 0, applet.tail())


if __name__ == "__main__":
    unittest.main(verbosity=2)
