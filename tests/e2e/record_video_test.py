#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions recorded as a video: the AVI stands in the place of the recording soon after the end, and the log names it."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase, sha256  # noqa: E402
from support.site import wait_for  # noqa: E402


def probe(path):
    out = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                          "stream=codec_name,nb_read_frames:format=duration", "-of", "json", path],
                         check=True, capture_output=True, timeout=60).stdout
    got = json.loads(out)
    return got["streams"][0]["codec_name"], int(got["streams"][0]["nb_read_frames"]), float(got["format"]["duration"])


class RecordVideo(SiteCase):
    def begin(self, *flags):
        folder = self.site.dir / f"videos-{len(self.site.programs)}"
        folder.mkdir()
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "50ms"}},
                            pickup=("--record", str(folder), "--format", "avi", *flags))
        meeting.ask("record_session", "desktop_view")
        meeting.script.call("view")
        wait_for(lambda: meeting.script.call("state")["frames"] >= 30, "some pictures", 60)
        self.pictured(self.only(folder, ".rcrec"))
        return meeting, folder

    def pictured(self, recording):
        """Its first picture is on the disk."""
        wait_for(lambda: recording.stat().st_size > 5_000, "a whole picture to be recorded", 60)

    def only(self, folder, suffix):
        files = [p for p in folder.iterdir() if p.suffix == suffix]
        self.assertEqual(len(files), 1, list(folder.iterdir()))
        return files[0]

    def delivered(self, meeting, count=1):
        """What the technician's side logged of recordings; the applet tells of their end, too."""
        def found():
            got = [e for e in meeting.log("recording.ended") if e["data"].get("sha256")]
            return got if len(got) >= count else None
        return wait_for(found, f"{count} recordings in the log", 90, 0.2)

    def test_the_avi_is_delivered_and_logged(self):
        meeting, folder = self.begin()
        recording = self.only(folder, ".rcrec")
        meeting.close()
        ended = self.delivered(meeting)
        self.assertEqual(len(ended), 1)
        avi = self.only(folder, ".avi")
        self.assertEqual(avi, recording.with_suffix(".avi"))
        self.assertEqual(pathlib.Path(ended[0]["data"]["name"]), avi)
        self.assertEqual(ended[0]["data"]["sha256"], sha256(avi))
        self.assertEqual(ended[0]["data"]["size"], avi.stat().st_size)
        codec, frames, duration = probe(avi)
        self.assertEqual(codec, "h264")
        self.assertAlmostEqual(frames / 15, duration, delta=1 / 15)
        self.assertGreater(duration, 1)
        self.assertFalse(recording.exists(), "the video stands in its place")
        self.assertEqual(avi.stat().st_mode & 0o777, 0o600)
        wait_for(lambda: not meeting.agent_pids(), "the background process to end", 60)

    def test_nothing_is_lost_when_the_process_is_killed(self):
        meeting, folder = self.begin()
        os.kill(meeting.agent_pids()[0], signal.SIGKILL)
        meeting.script.program.process.wait(30)
        recording = self.only(folder, ".rcrec")
        self.assertFalse([p for p in folder.iterdir() if p.suffix == ".avi"])
        self.tech.run("recording", "verify", recording, expect=3)
        self.tech.run("recording", "convert", recording, "-o", folder / "late.avi", timeout=120)
        self.assertGreater(probe(folder / "late.avi")[1], 3)

    def test_a_recording_may_be_kept_and_a_video_may_be_many(self):
        meeting, folder = self.begin("--keep-recording")
        meeting.script.call("unrecord")
        ended = self.delivered(meeting)
        recording, avi = self.only(folder, ".rcrec"), self.only(folder, ".avi")
        self.assertEqual(ended[0]["data"]["sha256"], sha256(avi))
        self.tech.run("recording", "verify", recording)
        self.pictured(pathlib.Path(meeting.script.call("record")["path"]))
        meeting.close()
        self.assertEqual(len(self.delivered(meeting, 2)), 2)
        self.assertEqual(len([p for p in folder.iterdir() if p.suffix == ".avi"]), 2)

    def test_what_cannot_be_a_video_is_refused_before_anything_is_picked_up(self):
        self.tech.run("recording", "keygen", "-o", self.site.dir / "auditor.key")
        said = self.tech.run("session", "pickup", "00000000-0000-4000-8000-000000000000", "--record", self.site.dir, "--format", "avi",
                             "--record-to", self.site.dir / "auditor.key.pub", "--detach", expect=2)
        self.assertIn("--record-to", said.err)


if __name__ == "__main__":
    unittest.main()
