#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Explores the parsers with libFuzzer, starting at the committed corpora; any crash, leak, hang or excess of memory is red.

usage: explore.py --build DIR [--seconds N] [--jobs N] [--adopt] [TARGET…]

  --seconds N  for each target (default 60)
  --jobs N     targets at a time (default: the number of cores)
  --adopt      adds to tests/fuzz/corpus what reaches code that the committed inputs do not (inputs of at most 4 KiB)
  TARGET       a folder of tests/fuzz (default: all of them)

What was found stays under DIR/explored, so that a later run goes on from there; an input that fails is kept under DIR/failing,
and the line that repeats it is printed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
LIMITS = ["-timeout=10", "-rss_limit_mb=2048", "-malloc_limit_mb=512"]
LARGEST_ADOPTED = 4096


def targets_of(args):
    known = sorted(p.parent.name for p in HERE.glob("*/CMakeLists.txt"))
    for name in args.targets:
        if name not in known:
            sys.exit(f"no fuzz target '{name}'; there are {', '.join(known)}")
    for name in args.targets or known:
        if not (args.build / "tests" / f"fuzz_{name}").exists():
            sys.exit(f"{args.build}/tests/fuzz_{name} is not built: ./dev fuzz builds it first")
    return args.targets or known


def run_fuzzer(args, name, options, *folders):
    failing = args.build / "failing" / name
    failing.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ, ASAN_OPTIONS="detect_leaks=1:allocator_may_return_null=0", UBSAN_OPTIONS="print_stacktrace=1")
    return subprocess.run([args.build / "tests" / f"fuzz_{name}", f"-artifact_prefix={failing}/", *LIMITS, *options, *folders],
                          capture_output=True, text=True, errors="replace", env=environment)


def explore(args, name):
    explored = args.build / "explored" / name
    explored.mkdir(parents=True, exist_ok=True)
    done = run_fuzzer(args, name, [f"-max_total_time={args.seconds}", "-print_final_stats=1", "-use_value_profile=1"], explored,
                      HERE / "corpus" / name)
    log = args.build / "explored" / f"{name}.log"
    log.write_text(done.stderr)

    def last(expression):
        found = re.findall(expression, done.stderr)
        return int(found[-1]) if found else 0

    row = {"runs": last(r"stat::number_of_executed_units:\s*(\d+)"), "edges": last(r"\bcov: (\d+)"),
           "peak": last(r"stat::peak_rss_mb:\s*(\d+)"), "inputs": sum(1 for _ in explored.iterdir())}
    row["failed"] = done.returncode != 0 or row["runs"] == 0
    row["artifact"] = next(iter(re.findall(r"Test unit written to (\S+)", done.stderr)), None)
    row["why"] = next(iter(re.findall(r"^(?:==\d+==\s*)?(?:ERROR: |SUMMARY: )(.*)$", done.stderr, re.M)), "it did not run")
    row["log"] = log
    return row


def adopt(args, name):
    """Keeps what adds coverage to the committed corpus."""
    with tempfile.TemporaryDirectory() as scratch:
        merged = pathlib.Path(scratch)
        small = merged / "small"
        kept = merged / "kept"
        small.mkdir()
        shutil.copytree(HERE / "corpus" / name, kept)
        before = {p.name for p in kept.rglob("*") if p.is_file()}
        for path in (args.build / "explored" / name).iterdir():
            if path.stat().st_size <= LARGEST_ADOPTED:
                shutil.copy(path, small)
        run_fuzzer(args, name, ["-merge=1"], kept, small)
        new = [p for p in kept.iterdir() if p.is_file() and p.name not in before]
        for path in new:
            shutil.copy(path, HERE / "corpus" / name / path.name[:16])
        return len(new)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "), add_help=True)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--adopt", action="store_true")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    args = parser.parse_args()
    args.build = args.build.resolve()
    names = targets_of(args)
    print(f"{len(names)} targets, {args.seconds} s each, {args.jobs} at a time", flush=True)
    print(f"{'target':18} {'runs':>12} {'edges':>7} {'inputs':>7} {'peak MB':>8}", flush=True)
    red = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        waiting = {pool.submit(explore, args, name): name for name in names}
        for future in concurrent.futures.as_completed(waiting):
            name, row = waiting[future], future.result()
            print(f"{name:18} {row['runs']:12,} {row['edges']:7,} {row['inputs']:7,} {row['peak']:8,}", end="", flush=True)
            if row["failed"]:
                red += 1
                print(f"   FAILED: {row['why']}\n    log: {row['log']}")
                if row["artifact"]:
                    print(f"    again: {args.build}/tests/fuzz_{name} {row['artifact']}")
            elif args.adopt:
                print(f"   {adopt(args, name)} inputs adopted")
            else:
                print()
    print(f"{red} of {len(names)} failed" if red else "none failed")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main())
