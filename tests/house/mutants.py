#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Removes each guard of tests/guards.toml in turn from a copy of the tree; the named tests must go red each time.

usage: mutants.py [--check] [NAME…]     --check only verifies that every guard's text still stands exactly once

A guard: name, what (one line), file, find (text that stands exactly once in it), replace, targets (to build), tests (a
ctest -R expression). The copy lives in build/mutants and keeps its objects between runs.
"""
import pathlib
import shutil
import subprocess
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build" / "mutants"


def load():
    guards = tomllib.loads((ROOT / "tests" / "guards.toml").read_text())["guard"]
    names = [g["name"] for g in guards]
    assert len(names) == len(set(names)), "two guards of one name"
    return guards


def check(guards):
    bad = 0
    for g in guards:
        missing = {"name", "what", "file", "find", "replace", "targets", "tests"} - set(g)
        count = 0 if missing else (ROOT / g["file"]).read_text().count(g["find"])
        if missing or count != 1 or g["find"] == g["replace"]:
            print(f"{g.get('name')}: {'lacks ' + ', '.join(sorted(missing)) if missing else f'its text stands {count} times in ' + g['file']}")
            bad += 1
    print(f"{len(guards)} guards, {bad} bad")
    return bad


def sync():
    COPY.mkdir(parents=True, exist_ok=True)
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    wanted = set(files)
    for name in files:
        source, target = ROOT / name, COPY / name
        if not source.is_file():
            continue
        if not target.exists() or target.read_bytes() != source.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    for old in COPY.rglob("*"):
        relative = old.relative_to(COPY)
        if old.is_file() and relative.parts[0] not in ("build", ".stamps") and str(relative) not in wanted:
            old.unlink()


def build(targets):
    done = subprocess.run(["cmake", "--build", "build/dev", "--parallel", "2", "--target", *targets], cwd=COPY,
                          capture_output=True, text=True)
    return done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def run(tests):
    done = subprocess.run(["ctest", "--test-dir", "build/dev", "-R", tests, "--no-tests=error", "--timeout", "300",
                           "--stop-on-failure"], cwd=COPY, capture_output=True, text=True)
    if "No tests were found" in done.stdout + done.stderr:
        sys.exit(f"no test matches '{tests}'")
    return done.returncode == 0


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("--")]
    guards = load()
    if check(guards):
        return 1
    if "--check" in sys.argv:
        return 0
    guards = [g for g in guards if not names or any(n in g["name"] for n in names)]
    sync()
    if not (COPY / "build/dev/build.ninja").exists():
        subprocess.run(["cmake", "--preset", "dev"], cwd=COPY, check=True, stdout=subprocess.DEVNULL)
    survivors = []
    for g in guards:
        path = COPY / g["file"]
        original = path.read_text()
        built, output = build(g["targets"])
        if not built:
            sys.exit(f"{g['name']}: the tree does not build before the change:\n{output}")
        try:
            path.write_text(original.replace(g["find"], g["replace"]))
            built, output = build(g["targets"])
            if not built:
                print(f"{g['name']}: does not build with the guard removed:\n{output}", flush=True)
                survivors.append(g["name"])
                continue
            survived = run(g["tests"])
        finally:
            path.write_text(original)
        print(f"{'SURVIVED' if survived else 'caught  '}  {g['name']}: {g['what']}", flush=True)
        if survived:
            survivors.append(g["name"])
    print(f"{len(guards) - len(survivors)} of {len(guards)} guards are noticed when removed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
