#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules about the tree that no compiler checks: licence lines, room READMEs, file length, man pages, short main files."""
import pathlib
import subprocess
import sys

MAX_LINES = 500


def tracked(root):
    out = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True)
    if out.returncode != 0:  # an exported tree without git
        return [p.relative_to(root) for p in root.rglob("*") if p.is_file() and "build" not in p.relative_to(root).parts]
    return [pathlib.Path(line) for line in out.stdout.splitlines() if (root / line).is_file()]


def source_problems(root, files):
    for f in files:
        if f.suffix not in (".cpp", ".hpp", ".py", ".cmake") and f.name != "CMakeLists.txt":
            continue
        lines = (root / f).read_text().splitlines()
        if not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:3]):
            yield f"{f}: no SPDX line at the top"
        if f.suffix in (".cpp", ".hpp") and len(lines) > MAX_LINES:
            yield f"{f}: {len(lines)} lines, split it by concern (at most {MAX_LINES})"
        if f.name == "main.cpp" and len(lines) >= 20:
            yield f"{f}: {len(lines)} lines; main calls x_main and nothing else"


def room_problems(root):
    for room in sorted((root / "lib").iterdir()):
        if room.is_dir() and not (room / "README.md").is_file():
            yield f"lib/{room.name}: no README.md"


def man_problems(root):
    for page in sorted((root / "man").glob("*.scd")):
        made = subprocess.run(["scdoc"], input=page.read_bytes(), capture_output=True)
        if made.returncode != 0:
            yield f"{page.name}: {made.stderr.decode().strip()}"
            continue
        lint = subprocess.run(["mandoc", "-T", "lint", "-W", "error"], input=made.stdout, capture_output=True)
        if lint.returncode > 2:
            yield f"{page.name}: {lint.stdout.decode().strip()}"


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    problems = [*source_problems(root, tracked(root)), *room_problems(root), *man_problems(root)]
    print("\n".join(problems) if problems else "the tree follows the rules of the house")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
