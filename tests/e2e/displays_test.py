#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real X server with several monitors: chosen, changed, unplugged and resized in the middle of a recorded view."""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402


class Displays(SiteCase):
    @classmethod
    def prepare(cls):
        cls.site.start_display("640x480x24")

    def x(self, *argv):
        subprocess.run(argv, env=self.site.desktop_env, check=True, capture_output=True, timeout=20)

    def paint(self, colour):
        self.x("xsetroot", "-solid", colour)

    def size_of(self, recording, at):
        """Of the recorded picture at a time."""
        folder = self.meeting.folder / f"frames-{at}"
        self.tech.run("recording", "frames", recording, "-o", folder, "--at", f"{at}ms")
        png = next(folder.glob("*.png")).read_bytes()
        return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")

    def test_several_displays_and_their_changes(self):
        for name, x, width in (("left", 0, 400), ("right", 400, 240)):
            self.x("xrandr", "--setmonitor", name, f"{width}/100x480/100+{x}+0", "none")
        self.paint("#204060")
        meeting = self.meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"kind": "x11"}}, env=self.site.desktop_env)
        script = meeting.script
        meeting.ask("record_session", "desktop_view", "remote_control")
        recording = script.call("record", directory=str(meeting.folder))["path"]
        first = script.call("view")
        displays = {d["name"]: d for d in script.call("state")["displays"]}
        self.assertLessEqual({"left", "right"}, set(displays), "listed")
        marks = []

        def seen(name, width, height):
            """The view goes on with this size; a time in the recording at which it is seen."""
            def now():
                picture = script.call("state").get("picture", {})
                return (picture.get("width"), picture.get("height")) == (width, height)
            wait_for(now, f"{name}: {width}x{height}")
            shot = script.call("screenshot", path=str(meeting.folder / f"{name}.png"))
            self.assertEqual((shot["width"], shot["height"]), (width, height))
            marks.append((name, width, height))

        seen("first", first["width"], first["height"])
        for name in ("right", "left"):
            got = script.call("view", display=displays[name]["id"])
            self.assertEqual((got["display"], got["width"], got["height"]),
                             (displays[name]["id"], displays[name]["width"], displays[name]["height"]))
            seen(name, displays[name]["width"], displays[name]["height"])
        # Pointer and cursor are in pixels of the display that is seen.
        got = script.call("view", display=displays["right"]["id"])
        script.call("control")
        script.call("pointer", x=30, y=40)
        where = lambda: subprocess.run(["xdotool", "getmouselocation", "--shell"], env=self.site.desktop_env, capture_output=True,
                                       text=True, timeout=20).stdout.split()[:2]
        wait_for(lambda: where() == ["X=430", "Y=40"], "the pointer at its place on the whole desktop")
        # The screen becomes smaller, the monitor that is seen is unplugged, the screen grows again.
        self.x("xrandr", "--output", "screen", "--off", "--fb", "640x300")
        seen("smaller", 240, 300)
        self.x("xrandr", "--delmonitor", "right")
        wait_for(lambda: "right" not in [d["name"] for d in script.call("state")["displays"]], "the list without it")
        script.event("view", active=True, display=displays["left"]["id"])
        seen("unplugged", 400, 300)
        self.x("xrandr", "--fb", "640x480")
        seen("larger", 400, 480)
        self.paint("#a05020")
        before = script.call("state")["frames"]
        ended = script.call("unrecord")
        self.assertGreater(before, 4)
        meeting.close()

        verified = self.tech.run("recording", "verify", recording, "-o", "json").json()
        self.assertEqual(verified["verdict"], "intact")
        events = [e for e in self.tech.run("recording", "events", recording, "-o", "jsonl").jsonl() if e.get("type") == "display"]
        self.assertIn("right", [d["name"] for d in events[0]["displays"]])
        self.assertNotIn("right", [d["name"] for d in events[-1]["displays"]])
        avi = meeting.folder / "all.avi"
        self.tech.run("recording", "convert", recording, "-o", avi, timeout=120)
        probed = json.loads(subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                                            "stream=nb_read_frames:format=duration", "-of", "json", avi], check=True,
                                           capture_output=True, timeout=60).stdout)
        self.assertAlmostEqual(float(probed["format"]["duration"]), ended["duration_us"] / 1e6, delta=0.3)
        self.assertEqual(self.size_of(recording, ended["duration_us"] // 1000 - 1), (400, 480))


if __name__ == "__main__":
    unittest.main()
