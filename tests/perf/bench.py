#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Baselines, measured beside peers in the same run; medians and ratios, never pass or fail.

usage: bench.py --build DIR [startup] [size] [codec] [convert] [relay] [setup] [latency] [--clips DIR] [--rounds N]
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

PARTS = ["startup", "size", "codec", "convert", "relay", "setup", "latency"]


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


def clips_of(args):
    return sorted(pathlib.Path(args.clips).glob("*.xcp.zst")) if args.clips else []


def bench_codec(args):
    heading("screen codec (lossless): frames per second and KB per minute")
    subprocess.run([args.build / "bench" / "codec_bench", *clips_of(args)], check=True)


def bench_convert(args):
    heading("recording to AVI (goal: >= 20 x real time for typical desktop work at 1280x800)")
    if not clips_of(args):
        print("no clips given (--clips)")
    with tempfile.TemporaryDirectory() as folder:
        for clip in clips_of(args):
            name = clip.name.split(".")[0]
            recording, avi = pathlib.Path(folder) / f"{name}.rcrec", pathlib.Path(folder) / f"{name}.avi"
            subprocess.run([args.build / "bench" / "xcp_to_rcrec", clip, recording], check=True, stdout=subprocess.DEVNULL)
            info = subprocess.run([args.build / "bin" / "rescue", "recording", "info", recording, "-o", "json"], check=True,
                                  capture_output=True).stdout
            seconds = json.loads(info)["duration_us"] / 1e6
            wall, _, _ = timed(args, [str(args.build / "bin" / "rescue"), "recording", "convert", str(recording), "-o", str(avi)])
            print(f"{name:12} {seconds:6.1f} s recorded   {wall / 1000:6.2f} s   {seconds / wall * 1000:6.1f} x real time   "
                  f"{recording.stat().st_size / 1e6:7.2f} MB -> {avi.stat().st_size / 1e6:7.2f} MB")


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


def setup_time(args, part):
    subprocess.run([sys.executable, HERE / "setup_time.py", part, "--build", args.build, "--rounds", str(args.rounds)], check=True)


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
