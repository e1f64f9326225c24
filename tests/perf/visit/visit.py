#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a clip of a support visit: 150 s of desktop work at human pace, captured without loss. See README.md.

usage: visit.py --bench DIR --out CLIP.xcp.zst [--fps 15] [--size 1920x1080] [--pictures FOLDER]
"""
import argparse
import json
import pathlib
import shutil
import sys

from desk import Desk, missing
import material

SECONDS = 150
HOME = pathlib.Path("/tmp/rescue-visit")  # always the same: it stands on the screen
LEAST_TYPED, LEAST_WINDOW_CHANGES = 400, 8

LETTER = ("We found that the printer kept an old address after the move to the new network. The queue was emptied, the driver "
          "installed again, and a test page came out without the grey line. Please tell us if it happens again.")


def open_programs(desk):
    """Everything is open when the visit begins, as on a desk where somebody works."""
    site = desk.home / "site"
    desk.spawn("pcmanfm", "--no-desktop", str(desk.home / "Documents"))
    desk.spawn("xterm", "-fa", "DejaVu Sans Mono", "-fs", "11", "-bg", "#101418", "-fg", "#d8dee4", "-title", "support shell", "-e", "bash")
    desk.spawn("abiword", str(desk.home / "Documents/Visit report.txt"))
    desk.spawn("chromium", "--no-sandbox", "--disable-gpu", "--no-first-run", "--test-type", "--no-default-browser-check",
               "--disable-background-networking", "--disable-component-update", "--disable-sync", "--password-store=basic",
               "--disable-features=Translate,MediaRouter", "--lang=en-US", f"--user-data-dir={desk.home}/.browser",
               (site / "index.html").as_uri())
    windows = {"files": desk.window("Documents"), "shell": desk.window("support shell"), "writer": desk.window("Visit report"),
               "browser": desk.window("Help desk")}
    places = {"writer": (760, 70, 1080, 900), "browser": (180, 30, 1420, 980), "shell": (60, 420, 1000, 560), "files": (120, 90, 860, 600)}
    for name, place in places.items():
        desk.place(windows[name], *place)
    for name in ("writer", "browser", "shell", "files"):
        desk.run("xdotool", "windowactivate", windows[name])
    desk.pause(2, 2)
    for name in ("browser", "writer"):
        desk.run("xdotool", "windowminimize", windows[name])
    desk.pause(2, 2)
    return windows


def look_at_files(desk, files):
    desk.pause(2, 3)
    desk.raise_window(files)
    x, y, width, height = desk.geometry(files)
    desk.move(x + width // 2, y + height // 2)
    desk.wheel(4)
    desk.pause(1, 1.5)
    desk.wheel(4, up=True)
    desk.drag_window(files, 620, 190)
    desk.pause(1, 2)


def read_the_log(desk, shell):
    desk.raise_window(shell)
    desk.line("ls -l Documents | head -30")
    desk.pause(1.5, 2)
    desk.line("grep -n error printer.log | tail -25")
    desk.pause(2, 3)
    desk.line("less printer.log")
    desk.pause(1, 1.5)
    for _ in range(3):
        desk.key("space")
        desk.pause(0.8, 1.3)
    for _ in range(8):
        desk.key("Down")
    desk.type("/fuser")
    desk.key("Return")
    desk.pause(1, 1.5)
    desk.key("n")
    desk.pause(1, 1.5)
    desk.key("q")
    desk.line("grep -c error printer.log; wc -l printer.log")
    desk.pause(1, 1.5)
    desk.line("for i in 1 2 3 4 5 6; do echo page $i of the test sheet is printed; sleep 0.7; done")
    desk.pause(5, 6)
    desk.pause(1, 2)


def look_again(desk, browser):
    """The tickets, once more, before leaving."""
    desk.raise_window(browser)
    desk.key("ctrl+l")
    desk.type((desk.home / "site/index.html").as_uri(), per_second=14)
    desk.key("Return")
    desk.pause(2, 3)
    desk.wheel(5)
    desk.pause(1.5, 2.5)
    desk.minimise(browser)


def look_up(desk, browser, shot):
    desk.raise_window(browser)
    desk.pause(1.5, 2)
    desk.key("ctrl+l")
    desk.type((desk.home / "site/photos.html").as_uri(), per_second=14)
    desk.key("Return")
    desk.pause(2, 3)
    x, y, width, height = desk.geometry(browser)
    desk.move(x + width // 2, y + height // 2)
    for _ in range(4):
        desk.wheel(3)
        desk.pause(1.4, 2.4)
    shot("photos")
    desk.wheel(6, up=True)
    desk.pause(1, 1.5)
    desk.key("ctrl+l")
    desk.type((desk.home / "site/guide.html").as_uri(), per_second=14)
    desk.key("Return")
    desk.pause(1.5, 2)
    for _ in range(3):
        desk.wheel(4)
        desk.pause(0.9, 1.5)
    desk.key("ctrl+f")
    desk.type("roller")
    desk.pause(0.5, 0.8)
    for _ in range(3):
        desk.key("Return")
        desk.pause(0.7, 1)
    shot("guide")
    desk.key("Escape")
    desk.key("alt+Left")
    desk.pause(1.5, 2)
    desk.minimise(browser)


def write_the_report(desk, writer, files):
    desk.raise_window(writer)
    x, y, width, height = desk.geometry(writer)
    desk.click(x + width // 2, y + height // 2)
    desk.key("ctrl+End")
    desk.pause(0.6, 1)
    desk.key("Return")
    desk.type(LETTER[:120], per_second=6)
    desk.pause(1, 2)
    desk.raise_window(files)
    desk.pause(1, 1.5)
    desk.raise_window(writer)
    desk.type(LETTER[120:], per_second=6)
    desk.key("Return")
    desk.pause(0.8, 1.2)
    desk.key("ctrl+Home")
    desk.pause(0.8, 1.2)


def tidy_up(desk, windows):
    desk.toggle_maximised(windows["writer"])
    desk.wheel(5)
    desk.pause(0.8, 1.2)
    desk.toggle_maximised(windows["writer"])
    desk.drag_window(windows["shell"], 330, -250)
    desk.drag_window(windows["writer"], -420, 60)
    for name in ("writer", "shell"):
        desk.minimise(windows[name])
    desk.pause(1, 2)


def visit(args, folder):
    width, height = (int(v) for v in args.size.split("x"))
    desk = Desk(folder, args.bench, width, height)
    wallpaper = material.write(desk.home, args.bench)
    shots = []

    def shot(name):
        if args.pictures:
            args.pictures.mkdir(parents=True, exist_ok=True)
            desk.picture(args.pictures / f"{len(shots) + 1}-{name}.png")
            shots.append(name)

    try:
        desk.start(wallpaper)
        windows = open_programs(desk)
        desk.record(args.out, args.fps, SECONDS)
        look_at_files(desk, windows["files"])
        shot("files")
        read_the_log(desk, windows["shell"])
        shot("log")
        look_up(desk, windows["browser"], shot)
        write_the_report(desk, windows["writer"], windows["files"])
        shot("report")
        tidy_up(desk, windows)
        look_again(desk, windows["browser"])
        shot("desk")
        work = desk.elapsed()
        if work > SECONDS:
            raise RuntimeError(f"the visit took {work:.0f} s: this machine is too busy for it")
        report = desk.recorded()
    finally:
        desk.stop()
    if desk.typed < LEAST_TYPED or desk.window_changes < LEAST_WINDOW_CHANGES:
        raise RuntimeError(f"only {desk.typed} characters and {desk.window_changes} window changes")
    return dict(report, typed=desk.typed, window_changes=desk.window_changes, work_seconds=round(work, 1), seconds=SECONDS, fps=args.fps)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bench", type=pathlib.Path, required=True, help="folder of the built programs of tests/perf")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--pictures", type=pathlib.Path, help="a folder for a screenshot of each act")
    args = parser.parse_args()
    if missing():
        sys.exit(f"visit.py: missing programs: {' '.join(missing())} ('./dev bench' installs them)")
    args.out = args.out.resolve()
    part = args.out.with_name(args.out.name + ".part")
    out, args.out = args.out, part
    try:
        HOME.mkdir(mode=0o700)
    except FileExistsError:
        sys.exit(f"visit.py: {HOME} exists: another visit is under way, or one was killed; remove it then")
    try:
        report = visit(args, HOME)
    except (RuntimeError, TimeoutError) as error:
        part.unlink(missing_ok=True)
        sys.exit(f"visit.py: {error}")
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
    part.rename(out)
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
