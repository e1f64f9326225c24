#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include under lib/, cmd/, daemons/ and applet/ and holds it to lib/layers.toml."""
import pathlib
import re
import sys
import tomllib

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
SOURCES = {".hpp", ".cpp", ".h"}


def reachable(rooms, start):
    seen, todo = set(), list(start)
    while todo:
        room = todo.pop()
        if room not in seen:
            seen.add(room)
            todo += rooms[room]["uses"]
    return seen


def standard_headers():
    """Headers with a slash that belong to the C library or kernel interface."""
    return ("sys/", "netinet/", "arpa/", "net/if", "linux/", "asm/")


def violations_of(path, relative, text, rooms, own, allowed, third_party):
    for bracket, name in INCLUDE.findall(text):
        first = name.split("/")[0]
        if first in rooms and "/" in name:
            if first != own and first not in allowed:
                yield f"{relative}: may not include room '{first}' ({name})"
            continue
        if bracket == '"':
            continue  # a file beside it, or under the program's own folder (checked by prefix below)
        bare = name.split("/")[0] if "/" in name else name
        if "/" not in name and not name.endswith(".h"):
            continue  # C++ standard library
        if name.startswith(standard_headers()):
            continue
        if any(name.startswith(prefix) for prefix in third_party):
            continue
        if "/" not in name and name.endswith(".h") and is_libc(name):
            continue
        yield f"{relative}: may not include <{name}> (third party of '{own}': {third_party or 'none'}; {bare})"


LIBC = set("""errno.h fcntl.h unistd.h signal.h poll.h pwd.h grp.h netdb.h termios.h stdlib.h stdio.h string.h time.h dirent.h
ifaddrs.h spawn.h sched.h syslog.h utmpx.h locale.h pthread.h limits.h immintrin.h nmmintrin.h arm_acle.h cpuid.h mntent.h
pty.h glob.h getopt.h wchar.h endian.h cxxabi.h execinfo.h""".split())


def is_libc(name):
    return name in LIBC


def check(root, layers):
    rooms, programs = layers["room"], layers["program"]
    everywhere_allowed = {"base"}
    problems = []
    for room in sorted(p.name for p in (root / "lib").iterdir() if p.is_dir()):
        if room not in rooms:
            problems.append(f"lib/{room}: not in lib/layers.toml")
            continue
        allowed = reachable(rooms, rooms[room]["uses"]) | everywhere_allowed
        third = set(rooms[room].get("third_party", []))
        for other in allowed:
            third |= set(rooms[other].get("third_party", [])) & {"fmt/", "flatbuffers/"}
        third |= {"fmt/"}
        for path in sorted((root / "lib" / room).rglob("*")):
            if path.suffix in SOURCES:
                problems += violations_of(path, path.relative_to(root), path.read_text(), rooms, room, allowed, sorted(third))
    for program, entry in programs.items():
        allowed = reachable(rooms, entry["uses"]) | everywhere_allowed
        third = sorted(set(entry.get("third_party", [])) | {"fmt/", "flatbuffers/"})
        for path in sorted((root / program).rglob("*")):
            if path.suffix not in SOURCES:
                continue
            relative, text = path.relative_to(root), path.read_text()
            problems += violations_of(path, relative, text, rooms, program, allowed, third)
            for other in programs:
                if other != program and re.search(rf'#\s*include\s*"{other}/', text):
                    problems.append(f"{relative}: programs never include each other ({other})")
    return problems


def self_test(layers):
    """The check finds what it is for."""
    rooms = layers["room"]
    bad = '#include "store/database.hpp"\n#include <sqlite3.h>\n'
    found = list(violations_of(None, "lib/link/x.cpp", bad, rooms, "link", reachable(rooms, ["wire"]), []))
    assert len(found) == 2, found
    assert not list(violations_of(None, "x", '#include "base/bytes.hpp"\n#include <vector>\n', rooms, "link", {"base"}, []))
    for room in rooms.values():
        for used in room["uses"]:
            assert used in rooms, used
    for name, room in rooms.items():
        assert name not in reachable(rooms, room["uses"]), f"arrows go in a circle through {name}"


def main():
    root = pathlib.Path(sys.argv[1])
    layers = tomllib.loads((root / "lib" / "layers.toml").read_text())
    self_test(layers)
    problems = check(root, layers)
    print("\n".join(problems) if problems else "every include follows lib/layers.toml")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
