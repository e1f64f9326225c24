#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What xcp_capture writes of a real X display is what xcp_frames reads. usage: capture_test.py BENCH_DIR"""
import os
import pathlib
import subprocess
import sys
import tempfile

WIDTH, HEIGHT = 320, 200


def main():
    bench = pathlib.Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        read_end, write_end = os.pipe()
        server = subprocess.Popen(["Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp", "-noreset"],
                                  pass_fds=[write_end], stderr=subprocess.DEVNULL)
        os.close(write_end)
        display = os.read(read_end, 16).decode().strip()
        env = dict(os.environ, DISPLAY=f":{display}")
        clip = pathlib.Path(folder) / "a.xcp.zst"
        try:
            paint = lambda colour: subprocess.run(["xsetroot", "-solid", colour], env=env, check=True)
            paint("#123456")
            capture = subprocess.Popen([bench / "xcp_capture", clip, "--fps", "30"], env=env, stdout=subprocess.PIPE)
            while not clip.exists():  # it has the display from then on
                assert capture.poll() is None, "the capture ended"
            for colour in ("#2468ac", "#fedcba"):
                subprocess.run(["sleep", "0.4"], check=True)  # some ticks of the capture
                paint(colour)
            subprocess.run(["sleep", "0.4"], check=True)
            capture.terminate()
            report = capture.communicate(timeout=20)[0]
            assert capture.returncode == 0, report
        finally:
            server.terminate()
            server.wait()
        raw = subprocess.run([bench / "xcp_frames", "dump", clip], check=True, capture_output=True).stdout
        size = WIDTH * HEIGHT * 4
        assert len(raw) % size == 0 and len(raw) // size >= 2, len(raw)
        first, last = raw[:4], raw[-size:]
        assert last == b"\xba\xdc\xfe\x00" * (WIDTH * HEIGHT), "the last picture is one colour"
        assert first in (b"\x56\x34\x12\x00", b"\xac\x68\x24\x00", b"\xba\xdc\xfe\x00"), first
        same = subprocess.run([bench / "xcp_frames", "compare", clip], input=raw, check=True, capture_output=True, text=False).stdout
        assert b'"missing":0,"extra":0' in same and b'"inexact_share":0.00000' in same, same
    print("captured and read back:", report.decode().strip())


if __name__ == "__main__":
    main()
