#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What may happen to a recording: the disk is full for a while, the process that records is killed."""
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402

TMPFS_BYTES = 4_000_000


def ffprobe(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                          "stream=codec_name,width,height,nb_read_frames:format=duration", "-of", "json", path],
                         check=True, capture_output=True, timeout=60).stdout
    got = json.loads(out)
    return got["streams"][0], float(got["format"]["duration"])


def pictures(path):
    """A hash of each frame as it decodes."""
    return subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-pix_fmt", "rgb24", "-f", "framemd5", "-"], check=True, capture_output=True,
                          timeout=60).stdout


class RecordingCase(SiteCase):
    def moves(self, script):
        """The picture goes on: a later frame was decoded."""
        before = script.call("state")["frames"]
        wait_for(lambda: script.call("state")["frames"] > before, "another picture")


class FullDisk(RecordingCase):
    def setUp(self):
        self.disk = self.site.dir / "small-disk"
        self.disk.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES},mode=0700", "tmpfs", self.disk], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", str(self.disk)], check=False)

    def fill(self):
        """Takes all that is free there."""
        ballast = self.disk / "ballast"
        with open(ballast, "ab", buffering=0) as out:
            try:
                while out.write(b"\0" * 4096) > 0:
                    pass
            except OSError:
                pass
        return ballast

    def begin(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "50ms"}})
        meeting.ask("record_session", "desktop_view", "remote_control")
        path = pathlib.Path(meeting.script.call("record", directory=str(self.disk))["path"])
        meeting.script.call("view")
        meeting.script.call("control")
        self.moves(meeting.script)
        return meeting, path

    def test_a_recording_survives_a_full_disk_and_the_session_does_not_stop(self):
        meeting, path = self.begin()
        ballast = self.fill()
        failing = meeting.script.event("recording", timeout=60, state="failing")
        self.assertIn("space", failing["message"])
        self.assertIn(str(path.name), json.dumps(failing))
        self.moves(meeting.script)
        meeting.script.call("chat", text="the disk is full here")
        meeting.script.call("key", keysym="a")

        ballast.unlink()
        meeting.script.event("recording", timeout=60, state="recovered")
        self.moves(meeting.script)
        ended = meeting.script.call("unrecord")
        self.assertEqual(pathlib.Path(ended["path"]), path)
        meeting.wait_log("recording.gap")
        meeting.close()
        self.tech.run("recording", "verify", path)
        avi = self.site.dir / "gap.avi"
        self.tech.run("recording", "convert", path, "-o", avi, "--force", timeout=120)
        stream, duration = ffprobe(avi)
        self.assertEqual((stream["width"], stream["height"]), (1280, 800))
        self.assertAlmostEqual(duration, ended["duration_us"] / 1e6, delta=1.5)

    def test_where_it_must_be_recorded_nothing_is_seen_unrecorded(self):
        force(self.site, True)
        try:
            meeting, path = self.begin()
            ballast = self.fill()
            meeting.script.event("paused", timeout=60)
            # The rest of a block may still take a small picture, which lifts the pause for a moment.
            wait_for(lambda: meeting.script.reply(meeting.script.send("key", keysym="a"))["event"] == "error", "input to be refused")
            meeting.script.call("chat", text="one moment, my disk is full")
            ballast.unlink()
            meeting.script.event("resumed", timeout=60)
            self.moves(meeting.script)
            meeting.script.call("key", keysym="a")
            meeting.close()
            self.tech.run("recording", "verify", path)
        finally:
            force(self.site, False)


class Killed(RecordingCase):
    def test_the_recording_is_whole_up_to_the_last_second(self):
        folder = self.site.dir / "recordings"
        folder.mkdir()
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "50ms"}})
        meeting.ask("record_session", "desktop_view")
        path = pathlib.Path(meeting.script.call("record", directory=str(folder))["path"])
        began = time.monotonic()
        meeting.script.call("view")
        meeting.script.call("chat", text="remember this line")
        wait_for(lambda: meeting.script.call("state")["frames"] >= 60, "some seconds of pictures", 60)
        recorded = time.monotonic() - began
        pids = meeting.agent_pids()
        self.assertEqual(len(pids), 1, pids)
        os.kill(pids[0], signal.SIGKILL)
        self.assertEqual(meeting.script.program.process.wait(30), 9)

        self.assertEqual(self.tech.run("recording", "verify", path, expect=3).code, 3)
        info = self.tech.run("recording", "info", path, "-o", "json").json()
        self.assertIn("remember this line", self.tech.run("recording", "events", path).out)
        avi = self.site.dir / "killed.avi"
        self.tech.run("recording", "convert", path, "-o", avi, timeout=120)
        _, duration = ffprobe(avi)
        # What was not yet written when it was killed: a second, and what a slow machine takes for a picture and for the poll above.
        self.assertGreaterEqual(duration, recorded - 3, info)

        wait_for(lambda: any(e.get("msg") == "reach" and e.get("state") in ("reconnecting", "waiting") for e in meeting.user_log()[-20:]),
                 "the user to see that the technician is away")
        meeting.script = meeting.view("pickup")
        meeting.script.call("chat", text="here I am again")
        wait_for(lambda: any(e.get("text") == "here I am again" for e in meeting.user_log()), "the chat line")
        meeting.ask("record_session", "desktop_view")  # what the user allowed ended with the process
        meeting.script.call("view")
        again = pathlib.Path(meeting.script.call("record", directory=str(folder))["path"])
        self.assertNotEqual(again, path)
        wait_for(lambda: again.stat().st_size > 10_000, "a whole picture to be recorded")
        meeting.script.call("unrecord")
        meeting.close()
        both = self.site.dir / "both.avi"
        self.tech.run("recording", "convert", path, again, "-o", both, timeout=120)
        self.assertGreater(ffprobe(both)[1], duration - 0.5)

        # A whole folder, one that cannot be converted among them; and a video back to a recording, nothing lost on the way.
        (folder / "empty.rcrec").write_bytes(b"")
        bulk = self.tech.run("recording", "convert", folder, "-o", self.site.dir / "videos", "--codec", "ffv1", "--jobs", "2", "--output", "json",
                             timeout=120, expect=3).json()
        rows = [row for row in bulk if "summary" not in row]
        self.assertEqual([("error" in row) for row in sorted(rows, key=lambda r: "error" in r)], [False, False, True], bulk)
        exact = self.site.dir / "videos" / (path.stem + ".avi")
        imported = self.tech.run("recording", "import", exact, "-o", self.site.dir / "back.rcrec", "--output", "json", timeout=120).json()
        self.assertEqual(imported["frames"], next(row["frames"] for row in rows if row["path"] == str(exact)))
        again = self.site.dir / "again.avi"
        self.tech.run("recording", "convert", self.site.dir / "back.rcrec", "-o", again, "--codec", "ffv1", timeout=120)
        self.assertEqual(pictures(again), pictures(exact))


def force(site, on):
    """Recording is forced by the setting of the default group."""
    with sqlite3.connect(site.broker_state / "rescue.db", timeout=20) as db:
        db.execute("update groups set force_recording = ?", (int(on),))


def with_mounts():
    """Mounting a small file system takes root, or a namespace in which one is (user_namespaces(7)): goes on there."""
    if os.geteuid() == 0 or os.environ.get("RESCUE_TEST_NAMESPACE"):
        return
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], check=False).returncode != 0:
        sys.exit("this test needs a file system of its own, which takes root or a kernel that lets everybody make a user namespace")
    os.execvpe(command[0], [*command, sys.executable, __file__, *sys.argv[1:]], {**os.environ, "RESCUE_TEST_NAMESPACE": "1"})


if __name__ == "__main__":
    with_mounts()
    unittest.main()
