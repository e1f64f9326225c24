#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The short form of soak.py. Memory is judged in the long form alone: a sanitizer keeps freed memory for a while."""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import soak  # noqa: E402


SECONDS = {"sessions": 20}


class Short(unittest.TestCase):
    def test_each_part(self):
        for part in soak.PARTS:
            with self.subTest(part):
                size = soak.Size(SECONDS.get(part, 6), applets=12, technicians=4, pace=0.1, gigabytes=0.03, files=60)
                soak.soak(os.environ["RESCUE_BUILD"], [part], size, memory=False)


if __name__ == "__main__":
    unittest.main()
