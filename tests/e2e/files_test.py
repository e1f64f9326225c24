#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files between two machines with the real programs: transfers that break and go on, the file manager, what stays behind."""
import os
import signal
import unittest

from support.case import SiteCase, end_of, sha256
from support.site import wait_for

GIB = 1 << 30


def tree(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


class Files(SiteCase):
    def kill_agent(self, meeting):
        """The technician's background process dies as by a power failure."""
        for pid in meeting.agent_pids():
            os.kill(pid, signal.SIGKILL)
        meeting.script.program.process.wait(30)
        wait_for(lambda: not meeting.agent_pids(), "the background process to be gone")

    def moved(self, script, least=2_000_000):
        """A transfer has come some way and is not through."""
        while (seen := script.event("file", state="progress"))["done"] < least:
            pass
        self.assertLess(seen["done"], seen["size"])

    def test_a_file_that_breaks_is_gone_on_with(self):
        meeting = self.meet(pickup=("--linger", "60s"))
        big = meeting.file("big.bin", 48_000_000)
        meeting.ask("send_files")
        meeting.script.send("send", path=str(big))
        self.moved(meeting.script)
        self.kill_agent(meeting)
        self.assertFalse((meeting.downloads / "big.bin").exists(), "no part of it under its name")
        meeting.script = meeting.view("pickup")
        meeting.ask("send_files")
        sent = meeting.script.call("send", path=str(big), timeout=120)
        self.assertEqual(sent["sha256"], sha256(big))
        self.assertEqual([p.name for p in meeting.downloads.iterdir()], ["big.bin"])
        self.assertEqual(sha256(meeting.downloads / "big.bin"), sha256(big))
        received = meeting.wait_log("file.received", name="big.bin", direction="to_applet")[-1]["data"]
        self.assertGreater(received["resumed_at"], 0, "what was there has not been sent again")
        meeting.close()
        end_of(meeting)

    def test_a_file_from_the_user_is_gone_on_with(self):
        here = self.site.dir / "incoming"
        here.mkdir()
        source = self.site.dir / "of-the-user.bin"
        source.write_bytes(os.urandom(1 << 20) * 48)
        meeting = self.meet(pickup=("--linger", "60s"), applet=("--offer-file", source))
        meeting.ask("receive_files")
        meeting.script.send("receive", directory=str(here))
        self.moved(meeting.script)
        self.kill_agent(meeting)
        (part,) = here.iterdir()
        self.assertIn(".part-", part.name)
        meeting.script = meeting.view("pickup")
        meeting.ask("receive_files")
        got = meeting.script.call("receive", directory=str(here), timeout=120)
        self.assertEqual((got["path"], got["sha256"]), (str(here / "of-the-user.bin"), sha256(source)))
        self.assertEqual([p.name for p in here.iterdir()], ["of-the-user.bin"])
        received = meeting.wait_log("file.received", name="of-the-user.bin", direction="to_console")[-1]["data"]
        self.assertGreater(received["resumed_at"], 0)
        meeting.close()
        end_of(meeting)

    def test_what_does_not_fit_or_is_stopped_leaves_nothing(self):
        meeting = self.meet()
        meeting.ask("send_files")
        huge = meeting.folder / "huge.bin"
        os.truncate(os.open(huge, os.O_CREAT | os.O_WRONLY, 0o600), 10 * GIB)
        number = meeting.script.send("send", path=str(huge))
        first = meeting.script.event("file", state="offered")
        self.assertEqual(first["size"], 10 * GIB)
        free = os.statvfs(meeting.downloads)
        if free.f_bavail * free.f_frsize > 11 * GIB:
            self.moved(meeting.script)
            meeting.script.call("cancel")
            self.assertEqual(meeting.script.reply(number)["event"], "error")
        else:
            self.assertIn("disk", meeting.script.reply(number)["message"])
        os.truncate(huge, free.f_bavail * free.f_frsize + GIB if free.f_bavail * free.f_frsize < 900 * GIB else 1 << 40)
        refused = meeting.script.refuse("send", path=str(huge))
        self.assertEqual(refused["code"], 1, refused)
        wait_for(lambda: tree(meeting.downloads) == [], "the partial file to be gone")
        empty = meeting.folder / "empty.txt"
        empty.touch()
        self.assertEqual(meeting.script.call("send", path=str(empty))["size"], 0)
        self.assertEqual(tree(meeting.downloads), ["empty.txt"])
        meeting.close()
        end_of(meeting)

    def test_the_file_manager(self):
        place = self.site.dir / "machine"
        outside = self.site.dir / "outside"
        for folder in (place / "proj" / "sub", place / "proj" / "empty", outside):
            folder.mkdir(parents=True)
        (place / "proj" / "one.txt").write_text("1")
        (place / "proj" / ".dot").write_text("d")
        (place / "proj" / "sub" / "zero").touch()
        (outside / "secret").write_text("s")
        (place / "proj" / "way out").symlink_to(outside)
        meeting = self.meet(applet=("--file-root", place))
        script = meeting.script
        self.assertEqual(script.refuse("fs_list", path=str(place))["error"], "DENIED")
        meeting.ask("file_manager")
        names = [e["name"] for e in script.call("fs_list", path=str(place / "proj"))["entries"]]
        self.assertEqual(names, [".dot", "empty", "one.txt", "sub", "way out"])
        for path in (outside, place / "proj" / "way out" / "secret", "/etc/passwd"):
            self.assertEqual(script.refuse("fs_get", path=str(path))["error"], "PATH_OUTSIDE", path)

        here = meeting.folder / "here"
        here.mkdir()
        got = script.call("fs_get", path=str(place / "proj"), directory=str(here))
        self.assertEqual((got["status"], got["files"]), ("partial", 3))
        whole = ["proj", "proj/.dot", "proj/empty", "proj/one.txt", "proj/sub", "proj/sub/zero"]
        self.assertEqual(tree(here), whole)
        self.assertEqual(script.call("fs_rename", path=str(place / "proj"), to=str(place / "old"))["status"], "ok")
        put = script.call("fs_put", path=str(here / "proj"), to=str(place))
        self.assertEqual((put["status"], put["files"]), ("ok", 3))
        self.assertEqual(tree(place / "proj"), [p.split("/", 1)[1] for p in whole[1:]])
        self.assertEqual(script.call("fs_remove", path=str(place / "old"), recursive=True)["status"], "ok")
        self.assertEqual((outside / "secret").read_text(), "s")
        self.assertFalse((place / "old").exists())

        # Whoever reads the log sees what was done, and the yes that covers it, from both ends.
        for operation in ("get", "put", "rename", "remove"):
            started = meeting.wait_log("files.started", count=2, operation=operation)
            ended = meeting.wait_log("files.ended", count=2, operation=operation)
            self.assertEqual({e["source"] for e in started} | {e["source"] for e in ended}, {"applet", "console"})
            self.assertTrue(all(e["data"]["receipt"] for e in started + ended if e["source"] == "applet"))
        meeting.wait_log("file.sent", name="proj/one.txt", sha256=sha256(here / "proj" / "one.txt"))
        meeting.close()
        end_of(meeting)

    def test_a_technician_who_vanishes_leaves_no_part_of_a_tree_under_its_name(self):
        place = self.site.dir / "vanish"
        place.mkdir()
        meeting = self.meet(pickup=("--linger", "60s"), applet=("--file-root", place))
        source = meeting.folder / "tree"
        source.mkdir()
        (source / "a.bin").write_bytes(os.urandom(1 << 20) * 64)
        meeting.ask("file_manager")
        meeting.script.send("fs_put", path=str(source), to=str(place))
        wait_for(lambda: (place / "tree").exists() and any(p.stat().st_size > 1_000_000 for p in (place / "tree").iterdir()),
                 "the file to be on its way")
        self.kill_agent(meeting)
        self.assertFalse((place / "tree" / "a.bin").exists())
        meeting.script = meeting.view("pickup")
        meeting.ask("file_manager")
        done = meeting.script.call("fs_put", path=str(source), to=str(place), timeout=120)
        self.assertEqual(done["status"], "ok")
        self.assertEqual(tree(place), ["tree", "tree/a.bin"])
        self.assertEqual(sha256(place / "tree" / "a.bin"), sha256(source / "a.bin"))
        meeting.close()
        end_of(meeting)


if __name__ == "__main__":
    unittest.main()
