#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the shared objects that each shipped program needs with packaging/dependencies/PROGRAM.txt.

A new dependency is a decision and shows in review. The lists are those of the dev build; the release build drops sections and
with them some libraries, so only additions fail. `--update` writes the files anew.
"""
import pathlib
import re
import subprocess
import sys

SANITIZERS = re.compile(r"lib(asan|ubsan|tsan)\.so")


def needed(binary):
    out = subprocess.run(["readelf", "-d", binary], capture_output=True, text=True, check=True).stdout
    return sorted(n for n in re.findall(r"\(NEEDED\).*\[(.+?)\]", out) if not SANITIZERS.match(n))


def main():
    root, binaries = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    update = "--update" in sys.argv
    folder = root / "packaging" / "dependencies"
    programs = sorted(p for p in binaries.iterdir() if p.is_file() and p.name.startswith("rescue"))
    assert programs, f"no programs in {binaries}"
    bad = 0
    for program in programs:
        listed = folder / f"{program.name}.txt"
        got = needed(program)
        if update:
            folder.mkdir(parents=True, exist_ok=True)
            listed.write_text("\n".join(got) + "\n")
        want = listed.read_text().split() if listed.exists() else []
        for name in sorted(set(got) - set(want)):
            print(f"{program.name}: needs {name}, which {listed.relative_to(root)} does not list")
            bad += 1
    print("dependencies as listed" if bad == 0 else f"{bad} new dependencies")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
