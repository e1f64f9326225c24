#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Removes each guard of tests/guards.toml in turn from a copy of the tree; the named tests must go red each time.

usage: mutants.py [--check] [--jobs N] [WORD…]

  --check   only verify that every guard's text still stands exactly once in its file
  --jobs N  compilers at a time (default 2)
  WORD      only guards whose name has it, or whose file begins with it

A guard: name, what (one line: what it keeps from whom), file, find (text that stands exactly once in it; where its lines are
broken does not matter), replace (the same without the guard), targets (to build), tests (a ctest -R expression), and where
wanted: folder (of these tests, when another room has some of the same name) and also (a list of file, find, replace: what is
held by two checks loses both together). The copy lives in build/mutants and keeps its objects between runs; guards of one file
stand together in the list, so that few files are compiled twice.
"""
import argparse
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build" / "mutants"
FIELDS = {"name", "what", "file", "find", "replace", "targets", "tests"}


def load():
    guards = tomllib.loads((ROOT / "tests" / "guards.toml").read_text())["guard"]
    names = [g.get("name") for g in guards]
    twice = sorted({str(n) for n in names if names.count(n) > 1})
    if twice:
        sys.exit(f"guards of one name: {', '.join(twice)}")
    return guards


def pattern(text):
    """The text, wherever a formatter breaks its lines."""
    tokens = re.findall(r"\w+|[^\w\s]", text)
    out = re.escape(tokens[0])
    for before, token in zip(tokens, tokens[1:]):
        words = re.match(r"\w", before) and re.match(r"\w", token)
        out += (r"\s+" if words else r"\s*") + re.escape(token)
    return re.compile(out)


def edits(guard):
    return [guard, *guard.get("also", [])]


def defect_of(guard):
    if FIELDS != set(guard) - {"also", "folder"}:
        return f"its fields are {', '.join(sorted(guard))}"
    for edit in edits(guard):
        path = ROOT / edit["file"]
        if not path.is_file():
            return f"{edit['file']} is not there"
        count = len(pattern(edit["find"]).findall(path.read_text()))
        if count != 1:
            return f"its text stands {count} times in {edit['file']}"
        if edit["find"] == edit["replace"]:
            return "it replaces nothing"
    return None


def check(guards):
    bad = 0
    for guard in guards:
        if defect := defect_of(guard):
            print(f"{guard.get('name')}: {defect}")
            bad += 1
    print(f"{len(guards)} guards, {bad} bad")
    return bad


def sync():
    """Makes the copy equal to the tree. What changes gets a new time, so that it is compiled again whenever it was edited."""
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    wanted = {name for name in files if (ROOT / name).is_file()}
    for name in wanted:
        source, target = ROOT / name, COPY / name
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    for old in COPY.rglob("*"):
        relative = old.relative_to(COPY)
        if relative.parts[0] not in ("build", ".lock") and old.is_file() and str(relative) not in wanted:
            old.unlink()


def build(targets, jobs):
    done = subprocess.run(["cmake", "--build", "build/dev", "--parallel", str(jobs), "--target", *targets], cwd=COPY,
                          capture_output=True, text=True)
    return done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]


def run(guard):
    """Whether all its tests pass, and what was printed. Memory has an end: the guard may have been what kept it small."""
    command = ["ctest", "--test-dir", f"build/dev/{guard.get('folder', '')}", "-R", guard["tests"], "--no-tests=error",
               "--timeout", "300", "--stop-on-failure", "--output-on-failure"]
    done = subprocess.run(command, cwd=COPY, capture_output=True, text=True,
                          env=dict(os.environ, ASAN_OPTIONS="hard_rss_limit_mb=3000"))
    if "No tests were found" in done.stdout + done.stderr:
        sys.exit(f"no test matches '{guard['tests']}'")
    return done.returncode == 0, done.stdout[-3000:]


def red_test(output):
    for line in output.splitlines():
        if "***" in line and "Test" in line:
            return line.split(": ", 1)[-1].split(" ...", 1)[0].strip()
    return "a test"


def prepare(guards, jobs):
    """Builds and runs everything without a change: a test that is red anyway would catch any mutant."""
    sync()
    if not (COPY / "build/dev/build.ninja").exists():
        subprocess.run(["cmake", "--preset", "dev"], cwd=COPY, check=True, stdout=subprocess.DEVNULL)
    built, output = build(sorted({t for g in guards for t in g["targets"]}), jobs)
    if not built:
        sys.exit(f"the tree does not build before any change:\n{output}")
    for guard in {(g.get("folder"), g["tests"]): g for g in guards}.values():
        passed, output = run(guard)
        if not passed:
            sys.exit(f"'{guard['tests']}' is red before any change:\n{output}")


def noticed(guard, jobs):
    originals = {}
    try:
        for edit in edits(guard):
            path = COPY / edit["file"]
            originals.setdefault(path, path.read_text())
            path.write_text(pattern(edit["find"]).sub(lambda _, new=edit["replace"]: new, path.read_text()))
        built, output = build(guard["targets"], jobs)
        if not built:
            why = [line for line in output.splitlines() if "error:" in line]
            print("\n    ".join([f"NO BUILD  {guard['name']}", *(why or output.splitlines()[-5:])]), flush=True)
            return False
        passed, output = run(guard)
    finally:
        for path, text in originals.items():
            path.write_text(text)
    by = "" if passed else f" ({red_test(output)})"
    print(f"{'SURVIVED' if passed else 'caught  '}  {guard['name']}: {guard['what']}{by}", flush=True)
    return not passed


def main():
    parser = argparse.ArgumentParser(usage="mutants.py [--check] [--jobs N] [WORD…]")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    chosen = [g for g in load()
              if not args.words or any(w in g["name"] or g["file"].startswith(w) for w in args.words)]
    if not chosen:
        sys.exit("no guard has that name")
    if check(chosen):
        return 1
    if args.check:
        return 0
    COPY.mkdir(parents=True, exist_ok=True)
    lock = open(COPY / ".lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another run has the copy")
    prepare(chosen, args.jobs)
    caught = sum([noticed(g, args.jobs) for g in chosen])
    print(f"{caught} of {len(chosen)} guards are noticed when removed")
    return 0 if caught == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
