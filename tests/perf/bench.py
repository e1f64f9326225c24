#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Baselines, measured beside peers in the same run; medians and ratios, never pass or fail.

usage: bench.py --build DIR [relay] [codec] [setup] [startup] [size] [--clips DIR] [--rounds N]
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

PARTS = ["startup", "size", "codec", "relay", "setup"]


def heading(text):
    print(f"\n## {text}", flush=True)


def timed(argv, env=None):
    """Wall ms, CPU ms and peak resident MB of one run."""

    start = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 1)
        os.execve(argv[0], [str(a) for a in argv], env or os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = (time.monotonic() - start) * 1000
    assert status == 0, f"{argv}: status {status}"
    return wall, (usage.ru_utime + usage.ru_stime) * 1000, usage.ru_maxrss / 1024


def bench_startup(args):
    heading("start-up of the CLI (goal: version <= 15 ms and <= 20 MB, every command <= 30 ms)")
    rescue = str(args.build / "bin" / "rescue")
    rows = {"rescue version": [rescue, "version"], "rescue help exit-codes": [rescue, "help", "exit-codes"],
            "rescue admin user add --help": [rescue, "admin", "user", "add", "--help"],
            "rescue context list": [rescue, "context", "list"],
            "openssl version (peer)": [shutil.which("openssl"), "version"],
            "git --version (peer)": [shutil.which("git"), "--version"]}
    print(f"{'command':34} {'wall ms':>8} {'CPU ms':>8} {'peak MB':>8}   medians of {args.rounds * 7}")
    samples = {name: [] for name in rows}
    for _ in range(args.rounds * 7):  # interleaved, so that a busy neighbour hits all alike
        for name, argv in rows.items():
            samples[name].append(timed(argv))
    for name, got in samples.items():
        wall, cpu, rss = (statistics.median(column) for column in zip(*got))
        print(f"{name:34} {wall:8.1f} {cpu:8.1f} {rss:8.1f}")


def bench_size(args):
    heading("sizes, stripped (goal: the Windows applet <= 5 MB; the Linux one is its sibling)")
    for program in sorted((args.build / "bin").iterdir()):
        if not program.name.startswith("rescue"):
            continue
        with tempfile.NamedTemporaryFile() as stripped:
            subprocess.run(["strip", "-o", stripped.name, program], check=True)
            packed = subprocess.run(["zstd", "-19", "-c", stripped.name], capture_output=True).stdout if shutil.which("zstd") else b""
            print(f"{program.name:20} {os.path.getsize(stripped.name) / 1e6:7.2f} MB   zstd {len(packed) / 1e6:6.2f} MB")


def bench_codec(args):
    heading("screen codec (lossless): frames per second and KB per minute")
    program = args.build / "perf" / "codec_bench"
    clips = sorted(str(p) for p in pathlib.Path(args.clips).glob("*.xcp.zst")) if args.clips else []
    subprocess.run([program, *clips], check=True)


def bench_relay(args):
    heading("relay: CPU per GB beside a plain splice relay and HAProxy in TCP mode")
    subprocess.run([sys.executable, HERE / "relay" / "run.py", "--build", args.build, "--rounds", str(args.rounds)], check=True)


def bench_setup(args):
    heading("set-up: from pickup to the first frame on loopback")
    subprocess.run([sys.executable, HERE / "setup_time.py", "--build", args.build, "--rounds", str(args.rounds)], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--clips", default=os.environ.get("RESCUE_CLIPS"),
                        help="folder of *.xcp.zst desktop clips; without it the codec runs on a clip that it makes")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    args.build = args.build.resolve()
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown CPU")
    print(f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for part in args.parts or PARTS:
        globals()[f"bench_{part}"](args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
