#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every action against everything that can be wrong with it: not granted, not allowed, taken back in the middle, the console
gone in the middle, malformed, hostile names, too large, empty. A console that keeps no rule does it on the wire; judged is by
what comes back, by the disk and the processes of the supported machine, and by the log. The table is support/matrix.py."""
import os
import pathlib
import re
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "readers"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from receipt_reader import BITS, Log  # noqa: E402
from support import matrix as m  # noqa: E402
from support.case import SiteCase, read_log  # noqa: E402
from support.hostile import CONTENT, HostileConsole  # noqa: E402
from support.site import Failed, wait_for  # noqa: E402

ALL = (1 << len(BITS)) - 1
YES = {"prompts": [{"answer": "yes", "delay": "520ms"}]}
HELD_KEY = ord("q")


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Matrix(SiteCase):
    @classmethod
    def prepare(cls):
        cls.site.env["ASAN_OPTIONS"] += ":quarantine_size_mb=4"  # memory is judged here
        cls.huge = cls.site.dir / "ten-gigabytes.bin"
        with open(cls.huge, "wb") as out:
            out.truncate(10 * m.GiB)

    def group(self, **settings):
        with sqlite3.connect(self.site.broker_state / "rescue.db", timeout=20) as db:
            for column, value in settings.items():
                db.execute(f"update groups set {column} = ?", (value,))

    def begin(self, scenario, permissions=ALL, applet=()):
        """A session whose technician is the hostile console; one prompt asks for everything."""
        self.group(permissions=permissions, single_prompt=1)
        self.meeting = self.meet(scenario, start=False, applet=applet)
        self.console = HostileConsole(self, self.meeting.id)
        return self.meeting, self.console

    def allow(self):
        self.console.send("ask", permission="desktop_view")
        self.console.hear("PermissionState", permission=BITS["desktop_view"], state=2)
        time.sleep(0.6)  # input is held back for half a second after a question

    def applet_log(self, **fields):
        return [line for line in self.meeting.user_log() if all(line.get(k) == v for k, v in fields.items())]

    def finish(self, uncovered=()):
        """Ends the session from the technician's shell; the applet must end in order. Returns its log, in which every operation
        is covered by a receipt, but for those that a console can do against the user's will."""
        self.console.program.kill()
        self.tech.run("session", "close", self.meeting.id, expect=None)
        self.assertEqual(self.meeting.applet.process.wait(60), 0, self.meeting.applet.tail())
        self.meeting.wait_log("session.closed")
        wait_for(lambda: self.logged("link.down"), "the applet's last events")
        events = self.meeting.log()
        receipts = Log(events)
        self.assertEqual([p.split()[3].rstrip(":") for p in receipts.problems], list(uncovered), receipts.problems)
        self.assertEqual([p.name for p in self.meeting.downloads.iterdir() if p.name in self.never], [])
        return [e for e in events if e["source"] == "applet"]

    never = ("half.bin",)

    def logged(self, kind, **data):
        return [e for e in read_log(self.tech, self.meeting.id, kind)
                if e["source"] == "applet" and all(e["data"].get(k) == v for k, v in data.items())]

    def refuse_all(self, reason):
        """Every action is asked for; each is refused for this reason, and nothing else comes."""
        for row in m.ROWS:
            channel, message, fields = row.ask
            self.console.say(channel, message, **fields)
            answer, expected = row.refused(reason)
            with self.subTest(row.name):
                self.console.hear(answer, **expected)
        self.console.say("control", "RecordingNotice", active=True)
        self.console.say("input", "InputText", text="never typed")
        self.console.settle()
        self.assertEqual(self.console.content(), [])
        self.assertEqual(list(self.meeting.downloads.iterdir()), [])
        self.assertEqual(self.applet_log(msg="question"), [], "the user is not bothered")
        self.assertEqual(self.applet_log(room="desktop"), [])

    def assert_refusals_in_log(self, events, reason):
        said = {(e["data"]["action"], e["data"]["reason"]) for e in events if e["type"] == "action.refused"}
        for name in ("view", "control", "file_to_console", "system_information", "file_manager", "url", "reboot", "credentials", "clipboard", "script"):
            self.assertIn((name, reason), said)
        self.assertTrue([e for e in events if e["type"] in ("file.refused", "action.refused") and
                         (e["data"].get("name") == "half.bin" or e["data"].get("action") == "file_to_applet")], "the file that was refused")
        self.assertTrue([e for e in events if e["type"] == "alert"], "recording without permission")
        operations = {e["type"] for e in events} & {"view.started", "control.started", "file.received", "file.sent", "sysinfo.sent",
                                                    "files.listed", "files.started", "url.sent", "reboot.asked", "credentials.asked", "clipboard.started",
                                                    "script.asked", "script.started"}
        self.assertEqual(operations, set())

    # ---- columns
    def test_not_granted(self):
        self.begin(YES, permissions=1 << BITS["private_sessions"])
        self.refuse_all(m.NOT_IN_GRANT)
        self.assert_refusals_in_log(self.finish(["recording.started"]), "not_in_grant")

    def test_not_allowed_by_the_user(self):
        # The rows are asked in a group that has everything but scripts' own question of the settling.
        self.begin({"prompts": [{"answer": "no", "delay": "520ms"}]})
        self.refuse_all(m.NO_CONSENT)
        self.assert_refusals_in_log(self.finish(["recording.started"]), "no_consent")

    def in_the_middle(self, steps=()):
        """A session in which everything is under way at once."""
        scenario = {"prompts": YES["prompts"], "files": {"name": "of-the-user.bin", "bytes": 50_000_000},
                    "questions": [{"kind": "script", "answer": "yes", "delay": "520ms"}, {"answer": "ignore"}],
                    "desktop": {"period": "50ms"}, "steps": list(steps)}
        meeting, console = self.begin(scenario)
        self.pids = meeting.folder / "pids"
        self.allow()
        console.say("control", "ViewStart", display=0)
        console.hear("ScreenPacket")
        console.say("control", "ControlStart", request=1)
        console.hear("ControlState", active=True, held=False)
        console.send("key", keysym=HELD_KEY, down=1)
        wait_for(lambda: self.applet_log(room="desktop", msg="key"), "the key to be down")
        console.say("files", "FileOffer", transfer=1, size=10_000_000, name="half.bin")
        console.hear("FileAccept", transfer=1)
        console.say("files", "FileChunk", transfer=1, offset=0, data=[7] * 65536)
        wait_for(lambda: any(p.stat().st_size for p in meeting.downloads.iterdir()), "the beginning of the file to be on the disk")
        console.say("files", "FileRequest", request=1)
        transfer = console.hear("FileOffer", name="of-the-user.bin", size=50_000_000)["fields"]["transfer"]
        console.say("files", "FileAccept", transfer=transfer)
        console.hear("FileChunk")
        console.say("files", "FsRequest", request=9, op=m.FS_GET, path=str(self.huge))
        tree = console.hear("FileOffer", request=9)["fields"]["transfer"]
        console.say("files", "FileAccept", transfer=tree)
        console.say("control", "ClipboardStart", to_applet=True, to_console=True)
        console.hear("ClipboardState", to_applet=True, to_console=True)
        console.say("files", "ScriptRun", request=1, interpreter="sh",
                    text=f"echo $$ > '{self.pids}'\nsleep 1000 & echo $! >> '{self.pids}'\necho under way\nwait\n")
        console.hear("ScriptState", request=1, phase=m.RUNNING)
        self.assertEqual(m.decoded(console.hear("ScriptOutput", request=1)["fields"], "data"), b"under way\n")
        for row in m.ROWS:
            if row.name in ("address", "restart", "credentials"):
                console.say(row.ask[0], row.ask[1], **row.ask[2])
                console.hear(row.over[0], request=1, outcome=m.ASKED)
        return meeting, console

    def assert_stopped(self):
        """What ran on the supported machine does not run any more, and no file stands under its name."""
        for pid in map(int, self.pids.read_text().split()):
            wait_for(lambda p=pid: not alive(p), f"process {pid} of the script to end")
        wait_for(lambda: self.applet_log(room="desktop", msg="released"), "the key to be released")
        self.assertFalse((self.meeting.downloads / "half.bin").exists())

    def assert_ends_in_log(self, events, rows):
        for row in rows:
            if not row.ended:
                continue
            kind, data = row.ended
            found = [e["data"] for e in events if e["type"] == kind and all(e["data"].get(k) == v for k, v in data.items())]
            self.assertEqual(len(found), 1, f"{row.name}: {kind} {data} in {[e['data'] for e in events if e['type'] == kind]}")

    def test_taken_back_in_the_middle(self):
        meeting, console = self.in_the_middle([{"when": "chat", "do": "revoke_all"}])
        console.send("chat", text="thank you, that will do")
        for row in m.ROWS:
            if row.over:
                with self.subTest(row.name):
                    console.hear(row.over[0], **row.over[1])
        after = len(console.seen)
        self.assert_stopped()
        for row in m.ROWS:  # and none begins again
            console.say(row.ask[0], row.ask[1], **dict(row.ask[2], **({"request": 2} if "request" in row.ask[2] else {})))
        console.settle()
        self.assertEqual([s["message"] for s in console.seen[after:] if s["message"] in CONTENT], [])
        events = self.finish()
        self.assert_ends_in_log(events, m.ROWS)
        revoked = {e["data"]["permission"] for e in events if e["type"] == "consent.revoked"}
        self.assertLessEqual({row.permission for row in m.ROWS}, revoked)

    def test_gone_in_the_middle(self):
        meeting, console = self.in_the_middle()
        console.program.kill()
        wait_for(lambda: self.applet_log(room="desktop", msg="released"), "the key to be released as soon as the link is down")
        self.tech.run("session", "close", meeting.id)
        self.assert_stopped()
        events = self.finish()
        for row in m.ROWS:
            if row.ended:
                wanted = {k: v for k, v in row.ended[1].items() if k not in ("reason", "outcome")}
                found = [e["data"] for e in events if e["type"] == row.ended[0] and all(e["data"].get(k) == v for k, v in wanted.items())]
                self.assertTrue(found, row.name)
        self.assertEqual(list(meeting.downloads.iterdir()), [], "no part of a file is left")

    def test_malformed(self):
        """Who breaks the protocol loses the link; nothing of it happens, and the session goes on with the next."""
        meeting, console = self.begin(YES)
        self.allow()
        count, channels = 0, set()
        for row in m.ROWS:
            # Cut short is much the same for all of a channel; what the fields may not be is each message's own.
            cut = () if row.ask[0] in channels else ((row.ask[0], row.ask[1], row.ask[2], 9),)
            channels.add(row.ask[0])
            for channel, message, fields, *rest in (*cut, *row.malformed):
                with self.subTest(row.name, message=message):
                    console.say(channel, message, cut=rest[0] if rest else 0, **fields)
                    console.hear("PathEnd")
                    count += 1
                console.program.stop()
                console = self.console = HostileConsole(self, meeting.id, again=True)
        console.send("chat", text="still here")
        wait_for(lambda: self.applet_log(room="user", msg="chat", text="still here"), "a line of the chat")
        events = self.finish()
        bad = [e for e in events if e["type"] == "alert" and "bad message" in e["data"].get("what", "")]
        self.assertEqual(len(bad), count)
        self.assertEqual(list(meeting.downloads.iterdir()), [])
        self.assertEqual(self.applet_log(msg="question"), [])

    def test_hostile_names_and_addresses(self):
        self.root = self.site.dir / "all-that-may-be-seen"
        self.root.mkdir()
        meeting, console = self.begin(dict(YES, questions=[{"answer": "yes", "delay": "520ms"}]), applet=("--file-root", self.root))
        self.allow()
        for number, name in enumerate(m.BAD_FILE_NAMES, 1):
            with self.subTest(file=name):
                console.say("files", "FileOffer", transfer=number, size=4, name=name)
                console.hear("FileReject", transfer=number, reason=m.FILE_BAD_NAME)
        for number, url in enumerate(m.BAD_ADDRESSES, 1):
            with self.subTest(url=url):
                console.say("control", "UrlSend", request=number, url=url)
                console.hear("ActionRefused", action=m.URL, id=number, reason=m.BAD_NAME)
        for number, fields in enumerate(m.BAD_SCRIPTS, 1):
            with self.subTest(script=fields):
                console.say("files", "ScriptRun", request=number, interpreter="sh", **fields)
                console.hear("ScriptState", request=number, phase=m.SCRIPT_FAILED)
        outside = meeting.folder / "outside"
        outside.mkdir()
        (outside / "secret.txt").write_text("not below the folder")
        (self.root / "way-out").symlink_to(outside)
        number = 0
        for op in (m.FS_LIST, m.FS_STAT, m.FS_MAKE, m.FS_RENAME, m.FS_REMOVE, m.FS_GET, m.FS_PUT):
            for path in (f"{self.root}/../outside", f"{self.root}/way-out/secret.txt", str(outside), "relative", "", "/\0x", "/proc/self/root/etc"):
                number += 1
                with self.subTest(op=op, path=path):
                    console.say("files", "FsRequest", request=number, op=op, path=path, target=f"{outside}/new", recursive=True)
                    got = console.hear("FsReply", request=number, more=False)["fields"]
                    if op != m.FS_STAT or not path.endswith("way-out/secret.txt"):
                        self.assertNotEqual(got["status"], m.FS_OK)
                    self.assertEqual(got.get("entries", []), [])
        self.assertEqual([p.name for p in outside.iterdir()], ["secret.txt"])
        console.say("files", "SysinfoRequest", request=1, sections=["../../etc/passwd", "\u202e"])
        self.assertEqual(console.hear("SysinfoReply", request=1)["fields"]["sections"], [])
        self.assertEqual(list(meeting.downloads.iterdir()), [])
        self.assertEqual(self.applet_log(msg="question"), [], "none of it came before the user")
        events = self.finish()
        self.assertIn(("url", "bad_name"), [(e["data"]["action"], e["data"]["reason"]) for e in events if e["type"] == "action.refused"])

    def test_empty_and_huge(self):
        """Nothing, and more than there is room for."""
        meeting, console = self.begin(dict(YES, files={"path": str(self.huge)}, questions=[{"answer": "yes", "delay": "520ms"}]))
        self.allow()
        memory = self.memory()
        console.say("files", "FileOffer", transfer=1, size=0, name="empty.txt")
        console.hear("FileAccept", transfer=1)
        console.say("files", "FileDone", transfer=1, **m.digests(b""))
        console.hear("FileReceived", transfer=1)
        self.assertEqual((meeting.downloads / "empty.txt").read_bytes(), b"")
        console.say("files", "FileOffer", transfer=2, size=(1 << 40) + 1, name="too-large.bin")
        console.hear("FileReject", transfer=2, reason=m.FILE_TOO_LARGE)
        console.say("files", "FileRequest", request=1)
        offer = console.hear("FileOffer", size=10 * m.GiB)["fields"]["transfer"]
        console.say("files", "FileAccept", transfer=offer)
        console.hear("FileChunk")
        pid = meeting.folder / "pid"
        console.say("files", "ScriptRun", request=1, interpreter="sh", text=f"echo $$ > '{pid}'\nexec yes 'more and more'")
        console.hear("ScriptState", request=1, phase=m.RUNNING)  # its output has no end
        console.hear("ScriptOutput", request=1)
        time.sleep(1)  # in which memory would fill if anything did not stop at its window
        self.assertLess(self.memory(), memory + (48 << 20), "a file and an output of no end wait at their sources")
        console.say("files", "ScriptKill", request=1)
        wait_for(lambda: not alive(int(pid.read_text())), "the script to end, whether or not its output is taken")
        while not (got := console.until_one(lambda s: s["message"] in ("ScriptOutput", "ScriptState")))["fields"].get("phase"):
            taken = got["fields"]["offset"] + len(m.decoded(got["fields"], "data"))
            console.say("files", "ScriptAck", request=1, offset=taken)
        self.assertEqual(got["fields"]["phase"], m.KILLED)
        console.say("files", "FileReject", transfer=offer, reason=2)
        console.say("control", "ClipboardStart", to_applet=True, to_console=True)
        console.hear("ClipboardState", to_applet=True)
        console.say("files", "ClipboardOffer", serial=1, text_bytes=0, files=0)
        console.hear("ActionRefused", action=m.CLIPBOARD, id=1, reason=m.UNAVAILABLE)
        console.say("files", "ClipboardOffer", serial=2, text_bytes=10 * m.GiB, files=0)
        console.hear("ActionRefused", action=m.CLIPBOARD, id=2, reason=m.TOO_LARGE)
        console.say("files", "ClipboardOffer", serial=3, text_bytes=0, files=100_000)
        console.settle()
        events = self.finish()
        self.assertEqual(len([e for e in events if e["type"] == "file.received"]), 1)

    def test_a_hundred_thousand_files(self):
        """A folder of them is listed page by page, and taken away; of so many on their way only a few are there at a time."""
        folder = self.site.dir / "many"
        folder.mkdir()
        for number in range(100_000):
            os.close(os.open(folder / f"{number:06}", os.O_CREAT | os.O_WRONLY))
        _, console = self.begin(YES)
        self.allow()
        memory, names, cursor, pages = self.memory(), set(), "", 0
        while pages == 0 or cursor:
            pages += 1
            console.say("files", "FsRequest", request=1, op=m.FS_LIST, path=str(folder), cursor=cursor)
            got = console.hear("FsReply", request=1)["fields"]
            self.assertEqual(got["status"], m.FS_OK)
            names.update(e["name"] for e in got["entries"])
            cursor = got.get("cursor", "")
        self.assertEqual((len(names), min(names), max(names)), (100_000, "000000", "099999"))
        self.assertGreaterEqual(pages, 200)
        console.say("files", "FsRequest", request=2, op=m.FS_GET, path=str(folder))
        offers = [console.hear("FileOffer", request=2)["fields"]["transfer"] for _ in range(8)]
        console.settle()
        self.assertLessEqual(len({*offers, *(s["fields"]["transfer"] for s in console.seen if s["message"] == "FileOffer")}), 16)
        self.assertLess(self.memory(), memory + (64 << 20))
        console.say("files", "FsCancel", request=2)
        console.hear("FsReply", request=2, status=9)
        console.say("files", "FsRequest", request=3, op=m.FS_REMOVE, path=str(folder), recursive=True)
        self.assertEqual(console.hear("FsReply", request=3, more=False, timeout=60)["fields"]["files"], 100_001)
        self.assertFalse(folder.exists())
        events = self.finish()
        self.assertEqual([(e["data"]["operation"], e["data"]["outcome"]) for e in events if e["type"] == "files.ended"],
                         [("get", "canceled"), ("remove", "ok")])

    def memory(self):
        status = pathlib.Path(f"/proc/{self.meeting.applet.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) * 1024


if __name__ == "__main__":
    unittest.main()
