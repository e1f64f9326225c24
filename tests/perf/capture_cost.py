#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a view costs the supported machine: CPU time and wake-ups of the real applet at a real X server of 1920x1080.

usage: capture_cost.py --build DIR [--seconds N] [idle] [typing] [scrolling] [browsing] [flood]

Idle: a desktop on which nothing moves. Typing: ten keys a second into a terminal. Scrolling: a terminal of the whole screen that
prints a line thirty times a second. Browsing: a page of text and pictures in Chromium, read and scrolled smoothly at 60 pictures
a second (left out without Chromium). Flood: a terminal that prints as fast as it can. CPU is that of the applet's process, codec
included, in per cent of one core; the technician's end decodes on the same machine. Never pass or fail.
"""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))
from setup_time import Bench, scenario  # noqa: E402
from support.site import Site, wait_for  # noqa: E402

GOALS = {"idle": "<= 0.5", "typing": "<= 25", "scrolling": "<= 25", "browsing": "<= 10", "flood": ""}
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = """<!doctype html><meta charset="utf-8"><title>page</title><style>body{{font:16px/1.5 serif;max-width:60em;margin:2em auto}}
i{{float:right;width:18em;height:12em;margin:1em;display:block}}</style>{body}<script>
let at = 0;
function turn() {{  // one screen in a fifth of a second, then two seconds to read
  let n = 0;
  const from = scrollY, step = () => {{ n++; scrollTo(0, from + 700 * n / 12); if (n < 12) requestAnimationFrame(step);
    else {{ if (++at % 12 == 0) scrollTo(0, 0); setTimeout(turn, 2000); }} }};
  requestAnimationFrame(step);
}}
setTimeout(turn, 1000);
</script>"""


def cpu_seconds(pid):
    """User and system time of a process, all threads."""
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wake_ups(pid):
    """How often its threads have given the processor up and been woken again."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += sum(int(l.split()[1]) for l in (task / "status").read_text().splitlines()
                     if l.startswith("voluntary_ctxt_switches"))
    return total


def measure(applet, script, seconds, meanwhile=lambda: time.sleep(0.05)):
    pid = applet.pid
    frames, cpu, woken, begin = script.call("state")["frames"], cpu_seconds(pid), wake_ups(pid), time.monotonic()
    while time.monotonic() < begin + seconds:
        meanwhile()
    took = time.monotonic() - begin
    cpu, woken = cpu_seconds(pid) - cpu, wake_ups(pid) - woken
    frames = script.call("state")["frames"] - frames
    return 100 * cpu / took, woken / took, frames / took


def write_page(path):
    words = "the quick brown fox jumps over the lazy dog while nobody in particular looks at what it does there".split()
    parts = []
    for n in range(160):
        colours = [f"hsl({(n * 37 + k * 29) % 360},60%,{35 + 5 * k}%)" for k in range(6)]
        picture = f"<i style='background:radial-gradient(circle at 30% 40%,{','.join(colours)})'></i>" if n % 4 == 0 else ""
        parts.append(f"{picture}<h3>Part {n}</h3><p>" + " ".join(words[(n * 7 + k * 3) % len(words)] for k in range(110)) + "</p>")
    path.write_text(PAGE.format(body="".join(parts)))


class Desk:
    """One program at a time on the display, which goes away with it."""

    def __init__(self, site):
        self.site, self.env = site, dict(site.desktop_env, LC_ALL="C.UTF-8")

    def xterm(self, name, geometry, command):
        return self.site.start(name, ["xterm", "-xrm", "XTerm*cursorBlink: false", "-geometry", geometry, "-e", command], env=self.env)

    def browser(self, page):
        return self.site.start("browser", ["chromium", "--no-sandbox", "--user-data-dir=" + str(self.site.dir / "chromium"), "--kiosk",
                                           "--no-first-run", "--disable-gpu", "--window-size=1920,1080", f"file://{page}"], env=self.env)


def run(site, parts, seconds):
    site.start_display("1920x1080x24")
    bench = Bench(site, proxied=False)
    session, applet, _ = bench.session(scenario(kind="x11"), site.desktop_env)
    script, _ = bench.pickup(session)
    for permission in ("desktop_view", "remote_control"):
        script.call("ask", permission=permission)
    script.call("view", fps=30)
    script.call("control")
    desk = Desk(site)
    print(f"{'1920x1080':12} {'CPU %':>7} {'goal':>7} {'wake-ups/s':>11} {'pictures/s':>11}")
    for part in parts:
        program, meanwhile = None, lambda: time.sleep(0.05)
        script.call("view", fps=60 if part == "browsing" else 30)
        if part == "typing":
            program = desk.xterm("typed", "200x60+100+100", "cat")
            wait_for(lambda: subprocess.run(["xdotool", "search", "--class", "xterm"], env=desk.env, capture_output=True).stdout, "xterm")
            time.sleep(1)
            for buttons in (0, 1, 0):
                script.call("pointer", x=400, y=400, buttons=buttons)

            def meanwhile():
                script.call("type", text="typed text "[int(time.monotonic() * 10) % 11])
                time.sleep(0.1)
        elif part == "scrolling":
            program = desk.xterm("scrolled", "318x82+0+0",
                                 "i=0; while :; do i=$((i+1)); echo \"$i $(head -c 40 /dev/urandom | base64) $i of many lines\"; sleep 0.03; done")
        elif part == "flood":
            program = desk.xterm("flood", "318x82+0+0", "od -A x -t x1z /dev/urandom")
        elif part == "browsing":
            if not shutil.which("chromium"):
                print("browsing: no chromium")
                continue
            page = site.dir / "page.html"
            write_page(page)
            program = desk.browser(page)
            time.sleep(6)
        time.sleep(3)
        cpu, woken, frames = measure(applet, script, seconds, meanwhile)
        print(f"{part:12} {cpu:7.1f} {GOALS[part]:>7} {woken:11.1f} {frames:11.1f}", flush=True)
        if program:
            program.stop()
            time.sleep(1)
    Bench.finish(script, applet)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=[*GOALS, []], default=[])
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=float, default=10)
    args = parser.parse_args()
    with Site(args.build) as site:
        run(site, args.parts or list(GOALS), args.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
