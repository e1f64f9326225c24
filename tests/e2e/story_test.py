#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demo is a test too: the whole story on a real X desktop, and all that it promises is there."""
import json
import os
import pathlib
import sys
import tempfile
import unittest
import unittest.mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import demo  # noqa: E402


class Story(unittest.TestCase):
    def test_from_pin_to_avi(self):
        with tempfile.TemporaryDirectory(prefix="rescue-story-") as out:
            with unittest.mock.patch.object(sys, "argv", ["demo.py", "--build", os.environ["RESCUE_BUILD"], "--out", out]):
                self.assertEqual(demo.main(), 0)
            out = pathlib.Path(out)
            self.assertEqual((out / "desktop.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
            self.assertEqual((out / "session.avi").read_bytes()[:4], b"RIFF")
            self.assertEqual(len(list(out.glob("*.rcrec"))), 1)
            events = [json.loads(line) for line in (out / "session-log.jsonl").read_text().splitlines()]
            self.assertEqual(events[-1]["session"], events[0]["session"])


if __name__ == "__main__":
    unittest.main()
