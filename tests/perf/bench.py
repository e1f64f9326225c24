#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Baselines, measured beside peers in the same run; medians and ratios. It fails where a program does, a picture comes out
wrong or one is dropped, not where a figure misses its goal.

usage: bench.py --build DIR [startup] [size] [screen] [convert] [long] [capture] [relay] [setup] [latency] [stamp] [accounts]
                [--rounds N]
  of screen and convert: [--clips DIR | --clip FILE…] [--peers NAME,…|none] [--modes NAME,…|none] [--until S] [--quick]
                         [--json FILE] [--pictures DIR]
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import peers  # noqa: E402
import recording  # noqa: E402
import screen  # noqa: E402
import stamping  # noqa: E402

PARTS = ["startup", "size", "screen", "convert", "long", "capture", "relay", "setup", "latency", "stamp", "accounts"]


def heading(text):
    print(f"\n## {text}", flush=True)


def timed(args, argv):
    """Wall ms, CPU ms and peak resident MB of one run."""
    out = subprocess.run([args.build / "bench" / "run_cost", *argv], check=True, capture_output=True, text=True).stdout
    wall, cpu, peak = (float(v) for v in out.split())
    return wall / 1000, cpu / 1000, peak / 1024


def bench_startup(args):
    heading("start-up of the CLI (goal: version <= 15 ms and <= 20 MB, every command <= 30 ms)")
    rescue = str(args.build / "bin" / "rescue")
    rows = {"rescue version": [rescue, "version"], "rescue help exit-codes": [rescue, "help", "exit-codes"],
            "rescue admin user add --help": [rescue, "admin", "user", "add", "--help"],
            "rescue context list": [rescue, "context", "list"],
            "openssl version (peer)": [shutil.which("openssl"), "version"],
            "git --version (peer)": [shutil.which("git"), "--version"]}
    rows = {name: argv for name, argv in rows.items() if argv[0]}
    print(f"{'command':34} {'wall ms':>8} {'CPU ms':>8} {'peak MB':>8}   medians of {args.rounds * 7}")
    samples = {name: [] for name in rows}
    for _ in range(args.rounds * 7):  # interleaved, so that a busy neighbour hits all alike
        for name, argv in rows.items():
            samples[name].append(timed(args, argv))
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


def bench_screen(args):
    heading("screen codec beside its peers: KB per minute and CPU, every picture decoded and compared")
    return screen.run(args)


def bench_convert(args):
    heading("recording to AVI (goals: >= 20 x real time at 1280x800; the recording <= 1/5 of the AVI, <= 1 % over its payload)")
    return recording.run(args)


def bench_long(args):
    heading("a recording of 24 hours and 1 GB (goals: opens in 100 ms, seeks in 200 ms, converts with flat memory)")
    return recording.run_long(args)


def bench_capture(args):
    heading("what a view costs the supported machine (goals: idle <= 0.5 % of a core, typing and scrolling <= 25 %, browsing <= 10 %)")
    return subprocess.run([sys.executable, HERE / "capture_cost.py", "--build", args.build]).returncode


def bench_relay(args):
    heading("relay: CPU per GB beside a plain splice relay and HAProxy in TCP mode")
    subprocess.run([sys.executable, HERE / "relay" / "run.py", "--build", args.build, "--rounds", str(args.rounds)], check=True)


def bench_setup(args):
    heading("set-up: from pickup to the first picture (goals: first link byte <= 6 round trips from the start of the command, "
            "first picture <= 1 round trip + 50 ms)")
    setup_time(args, "setup")


def bench_latency(args):
    heading("key press to changed picture (goal: <= 25 ms above the round trip, also while a file is sent)")
    setup_time(args, "latency")


def bench_stamp(args):
    heading("stamped and signed downloads (goal: 200 a second and core of a program file of 5 MB)")
    return stamping.run(args)


def bench_accounts(args):
    heading("accounts: apply of 10,000 (goals: < 20 s, a second run < 5 s), sign-ins and API calls for a core")
    subprocess.run([sys.executable, HERE / "accounts.py", "--build", args.build], check=True)


def setup_time(args, part):
    subprocess.run([sys.executable, HERE / "setup_time.py", part, "--build", args.build, "--rounds", str(args.rounds)], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], default=[])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--clips", default=os.environ.get("RESCUE_CLIPS"),
                        help="folder of *.xcp.zst desktop clips; without it the clip is a support visit that is made (tests/perf/visit)")
    parser.add_argument("--clip", action="append", help="one clip; may be repeated")
    parser.add_argument("--peers", help=f"of: {', '.join([*peers.VIDEO, *peers.VNC, *peers.LZ])}; or none")
    parser.add_argument("--modes", help=f"of: {', '.join([*screen.MODES, *screen.LIVE])}; or none")
    parser.add_argument("--until", type=float, metavar="SECONDS", help="only the beginning of each clip")
    parser.add_argument("--quick", action="store_true", help=f"{screen.QUICK_SECONDS} s of each clip, few peers, nothing in real time")
    parser.add_argument("--json", metavar="FILE", help="the figures of the part screen, all of them")
    parser.add_argument("--pictures", metavar="DIR", help="source, decoded picture and difference of the lossy modes")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    args.build = args.build.resolve()
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "unknown CPU")
    print(f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    failed = 0
    for part in args.parts or PARTS:
        failed |= globals()[f"bench_{part}"](args) or 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
