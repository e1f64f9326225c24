#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A console that keeps no rule against the real applet on a real desktop: judged by what reaches the console's end of the
wire, by the X server, and by the disk; nothing is asked of the product's own console or counters."""
import pathlib
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.desktop import Desktop  # noqa: E402
from support.hostile import CONTENT, NOT_GRANTED, HostileConsole  # noqa: E402
from support.person import MAIN, QUESTION, Person  # noqa: E402
from support.site import Failed, wait_for  # noqa: E402

RETURN, TAB, ALT = 0xFF0D, 0xFF09, 0xFFE9


class Hostile(SiteCase):
    @classmethod
    def prepare(cls):
        cls.site.start_display()
        cls.desk = Desktop(cls.site)
        cls.desk.start()
        cls.person = Person(cls.site)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with sqlite3.connect(cls.site.broker_state / "rescue.db", timeout=20) as db:
            db.execute(f"update groups set permissions = permissions & ~{1 << NOT_GRANTED}")

    def meet(self, **_):
        created = self.tech.run("session", "create", "-o", "json").json()
        self.downloads = self.site.dir / f"downloads-{created['id']}"
        self.downloads.mkdir()
        secret = self.site.dir / "secret.txt"
        secret.write_text("not to be had without asking")
        applet = self.site.start_applet("--server", self.site.url, "--ca-pin", self.site.ca_pin, "--pin", created["pin"],
                                        "--download-dir", self.downloads, "--offer-file", secret,
                                        name=f"applet-{created['id'][:8]}")
        self.addCleanup(applet.stop)
        self.tech.run("session", "wait", created["id"], "--state", "waiting", "--timeout", "30s")
        console = HostileConsole(self, created["id"])
        self.addCleanup(console.program.stop)
        self.person.wait_window(MAIN)
        return console

    def pointer(self):
        out = self.person.xdotool("getmouselocation", "--shell")
        return tuple(int(line.split("=")[1]) for line in out[:2])

    def rest_pointer(self):
        """The person's own pointer rests here."""
        self.person.xdotool("mousemove", 7, 9)
        self.assertEqual(self.pointer(), (7, 9))

    def attack_input(self, console, text):
        self.person.focus(self.desk.window("editor"))
        self.rest_pointer()
        console.send("control")
        console.settle()  # input has priority over the wish for it and would overtake it
        for x in (100, 300, 500):
            console.send("pointer", x=x, y=400)
        console.send("type", text=text)
        console.send("key", keysym=ord("z"), down=1)
        console.send("key", keysym=ord("z"), down=0)
        console.send("key", keysym=RETURN, down=1)
        console.send("key", keysym=RETURN, down=0)
        console.settle()

    def attack_content(self, console):
        console.send("view")
        console.send("keyframe")
        console.send("request_file")
        console.send("sysinfo")
        console.send("recording")
        console.settle()

    def assert_untouched(self, before):
        self.assertEqual(self.pointer(), (7, 9), "the pointer is where the person left it")
        self.assertEqual(self.desk.typed(), before, "no key reached the program with the keyboard")
        self.assertEqual(self.person.windows("Rescue: choose"), [], "the person was not bothered")

    def test_without_asking(self):
        console = self.meet()
        before = self.desk.typed()
        self.attack_content(console)
        self.attack_input(console, "never typed")
        self.assert_untouched(before)
        self.assertEqual(console.content(), [], "nothing of the machine has left it")

    def test_what_nobody_agreed_to(self):
        for steps in ((("offer", {"name": "evil.sh", "size": 4}), ("chunk", {"data": "evil"}), ("done", {"size": 4})),
                      (("chunk", {"data": "evil"}),), (("done", {"size": 0}),), (("accept", {}),), (("ack", {"sequence": 1}),)):
            console = self.meet()
            for what, fields in steps:
                console.send(what, **fields)
            console.send("ask", permission="deploy_scripts")
            try:
                console.until("PermissionState", permission=NOT_GRANTED)
            except Failed as ended:  # the other way to refuse
                self.assertIn("the applet ended the link", str(ended))
            self.assertEqual(list(self.downloads.iterdir()), [], f"{steps}: nothing stands on the disk")
            self.assertEqual(console.content(), [])
            console.program.stop()

    def test_no_is_no(self):
        console = self.meet()
        for permission in ("desktop_view", "remote_control"):
            console.send("ask", permission=permission)
            self.person.answer(False)
        before = self.desk.typed()
        self.attack_content(console)
        self.attack_input(console, "never typed either")
        self.assert_untouched(before)
        self.assertEqual(console.content(), [])

    def test_yes_and_then_taken_back(self):
        console = self.meet()
        for permission in ("desktop_view", "remote_control"):
            console.send("ask", permission=permission)
            self.person.answer(True)
        console.send("view")
        console.until("ScreenPacket")
        console.until("DisplayList") if "DisplayList" not in console.content() else None
        time.sleep(0.7)  # input is held back for half a second after a question
        self.attack_input(console, "typed with leave")
        wait_for(lambda: "typed with leavez" in self.desk.typed(), f"the text to arrive, there is {self.desk.typed()!r}")
        self.assertEqual(self.pointer(), (500, 400), "this test can see the pointer move")

        self.rest_pointer()
        self.person.press("F12")  # the revoke key
        console.until("ViewState", reason="revoked")
        gone = len(console.seen)
        before = self.desk.typed()
        self.attack_content(console)
        self.attack_input(console, "typed behind the person's back")
        self.assert_untouched(before)
        late = [m["message"] for m in console.seen[gone:] if m["message"] in CONTENT]
        self.assertEqual(late, [], "nothing more leaves once the applet has said that the view is over")


    def test_no_second_permission_by_force(self):
        console = self.meet()
        console.send("ask", permission="remote_control")
        self.person.answer(True)
        console.until("PermissionState", state="granted")
        console.send("control")
        console.until("ControlState")
        time.sleep(0.7)  # input is held back for half a second after a question
        console.send("pointer", x=333, y=222)
        wait_for(lambda: self.pointer() == (333, 222), "the pointer to be the technician's")

        console.send("ask", permission="send_files")
        window = self.person.wait_window(QUESTION)
        place = dict(line.split("=") for line in self.person.xdotool("getwindowgeometry", "--shell", window)
                     if "=" in line)
        x, y, width, height = (int(place[k]) for k in ("X", "Y", "WIDTH", "HEIGHT"))
        self.rest_pointer()
        asked = len(console.seen)
        for _ in range(5):  # five seconds and more: longer than the question is deaf
            for share in (0.25, 0.5, 0.75):
                at = {"x": x + int(width * share), "y": y + height - 44}
                console.send("pointer", **at)
                console.send("pointer", buttons=1, **at)
                console.send("pointer", buttons=0, **at)
            for key in (RETURN, ord(" "), ord("y"), TAB, ord(" ")):
                console.send("key", keysym=key, down=1)
                console.send("key", keysym=key, down=0)
            console.send("key", keysym=ALT, down=1)
            console.send("key", keysym=ord("y"), down=1)
            console.send("key", keysym=ord("y"), down=0)
            console.send("key", keysym=ALT, down=0)
            console.send("type", text="yyy ")
            console.settle()
        states = [m["content"] for m in console.seen[asked:] if m["message"] == "PermissionState"]
        self.assertFalse(any("state: granted" in s for s in states), states)
        self.assertEqual(self.person.windows(QUESTION), [window], "the question still waits for the person")
        self.assertEqual(self.pointer(), (7, 9), "nothing of the flood has reached the desktop")
        self.person.answer(True)
        console.until("PermissionState", state="granted")

if __name__ == "__main__":
    unittest.main()
