#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long a technician waits: pickup, first link byte, first picture; and a key press until the pixel changed on the console.

usage: setup_time.py --build DIR [--rounds N] [setup] [latency]

A whole site on loopback, all of it real programs. Times come from the programs' own log lines and from when a line of the
technician's script arrives. Round trips are counted by running the technician's side again through a proxy that makes a round
trip longer: what the time grew by, divided by that. Key presses go without the proxy. They are timed with nothing else going on,
while another session sends a file (the same work for the machine, nothing in the way of the key), and while their own session
does: what the last is above the second is bytes on their way. Medians; never pass or fail.
"""
import argparse
import datetime
import json
import pathlib
import shutil
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))
from delay_proxy import DelayProxy  # noqa: E402
from support.site import Failed, Script, Site, free_port, wait_for  # noqa: E402

ROUND_TRIP = 0.08
KEYS = 15
FILE_BYTES = 400_000_000


def scenario(**desktop):
    """A user who agrees to everything."""
    return {"prompts": [{"answer": "yes"}], "desktop": dict({"period": "0s"}, **desktop)}


def log_time(text, msg, after=0.0, **fields):
    """Unix time of the first log line with this message and these fields, not earlier than `after`."""
    for line in text.splitlines():
        got = json.loads(line)
        if got.get("msg") == msg and all(got.get(k) == v for k, v in fields.items()):
            at = datetime.datetime.fromisoformat(got["time"]).timestamp()
            if at >= after:
                return at
    return None


class Bench:
    """A site with a technician. `proxied`: who reaches broker and gateway through proxies, which add nothing until told to."""

    def __init__(self, site, proxied):
        self.site = site
        self.sessions = 0
        self.gateway_proxy = self.broker_proxy = None
        if not proxied:
            self.tech = site.up().admin
            return
        site.init_broker()
        site.start_broker()
        site.admin = site.technician("admin")
        site.admin.login(site.ADMIN, site.PASSWORD)
        hidden = free_port()
        self.gateway_proxy = DelayProxy(hidden)
        state, _ = site.enroll_gateway(site.admin, port=self.gateway_proxy.port)  # the address that the broker gives out
        site.start_gateway(state, hidden)
        wait_for(lambda: any(g.get("connected") for g in site.admin.run("admin", "gateway", "list", "-o", "json").json()),
                 "the gateway to connect to the broker")
        self.broker_proxy = DelayProxy(site.broker_port)
        self.tech = site.technician("tech")
        direct, site.url = site.url, f"https://127.0.0.1:{self.broker_proxy.port}"
        self.tech.login(site.ADMIN, site.PASSWORD)
        site.url = direct

    def delay(self, round_trip):
        """For connections made from now on."""
        if self.gateway_proxy:
            self.gateway_proxy.round_trip = self.broker_proxy.round_trip = round_trip

    def forget_gateways(self):
        """As if this technician had never had a session at this site."""
        shutil.rmtree(self.tech.home / "state" / "rescue" / "gateways", ignore_errors=True)

    def session(self, plan, env=None):
        """An applet that waits, and how many ms that took it from its start."""
        self.sessions += 1
        self.delay(0)
        site, tech = self.site, self.tech
        file = site.dir / f"scenario-{self.sessions}.json"
        file.write_text(json.dumps(plan))
        downloads = site.dir / "downloads"
        downloads.mkdir(exist_ok=True)
        created = tech.run("session", "create", "-o", "json").json()
        start = time.time()
        applet = site.start_applet("--server", site.url, "--ca-pin", site.ca_pin, "--pin", created["pin"], "--headless",
                                   "--scenario", file, "--download-dir", downloads, name=f"applet-{self.sessions}", env=env)
        tech.run("session", "wait", created["id"], "--state", "waiting", "--timeout", "30s")
        up = wait_for(lambda: log_time(applet.log_text(), "reach", state="waiting"), "the applet to wait at the gateway")
        return created["id"], applet, (up - start) * 1000

    def pickup(self, session, round_trip=0.0):
        """The technician's script, and ms from its start: request to the gateway begun, path up, link up at the script."""
        self.delay(round_trip)
        start = time.time()
        script = Script(self.tech.start(f"script-{self.sessions}", "session", "pickup", session, "--script", "-"))
        script.event("link", up=True)
        linked = time.time()
        log = self.tech.home / "state" / "rescue" / "agent" / f"session-{session}.log"
        text = log.read_text()
        times = {"knock": log_time(text, "path", state="connecting"), "up": log_time(text, "path", state="up")}
        return script, {**{k: (v - start) * 1000 for k, v in times.items()}, "linked": (linked - start) * 1000}

    @staticmethod
    def finish(script, applet):
        script.call("close", reason="done")
        script.program.process.wait(30)
        applet.stop()


def first_picture(script):
    script.call("ask", permission="desktop_view")
    return script.call("view")["first_picture_us"] / 1000


def one(bench, plan, round_trip=0.0, known=True):
    if not known:
        bench.forget_gateways()
    session, applet, waiting = bench.session(plan)
    script, got = bench.pickup(session, round_trip)
    got["waiting"] = waiting
    got["picture"] = first_picture(script)
    got["answered"] = got["up"] - got["knock"]
    got["all"] = got["linked"] + got["picture"]
    bench.finish(script, applet)
    return got


def print_setup(bench, rounds):
    text, large = scenario(), scenario(displays=[{"width": 1920, "height": 1080}])
    runs = {"near": [], "large": [], "far": [], "near first": [], "far first": []}
    one(bench, text)  # from now on the gateway is known
    for _ in range(rounds):  # interleaved, so that a busy neighbour hits all alike
        runs["near first"].append(one(bench, text, known=False))
        runs["far first"].append(one(bench, text, ROUND_TRIP, known=False))
        runs["near"].append(one(bench, text))
        runs["large"].append(one(bench, large))
        runs["far"].append(one(bench, text, ROUND_TRIP))

    def median(run, key):
        return statistics.median(r[key] for r in runs[run])

    def trips(far, near, key):
        return "" if key == "waiting" else f"{(median(far, key) - median(near, key)) / (ROUND_TRIP * 1000):12.1f}"

    print(f"{'medians of ' + str(rounds) + ', ms':58} {'1280x800':>9} {'1920x1080':>10} {'round trips':>12} {'1st session':>12}")
    rows = {"waiting": "applet started until it waits at the gateway", "knock": "pickup started until the broker has answered",
            "answered": "from there until the first link byte", "up": "pickup started until the first link byte",
            "linked": "pickup started until the script hears that the link is up",
            "picture": "view until the first picture is complete", "all": "pickup to first picture, less the user's thinking"}
    for key, label in rows.items():
        print(f"{label:58} {median('near', key):9.1f} {median('large', key):10.1f} {trips('far', 'near', key):>12} "
              f"{trips('far first', 'near first', key):>12}")


def terminal(site):
    """An X display with one terminal that shows what is typed into it, and nothing else that moves."""
    site.start_display()
    env = dict(site.desktop_env, LC_ALL="C.UTF-8")
    site.start("terminal", ["xterm", "-xrm", "XTerm*cursorBlink: false", "-geometry", "100x30+40+40", "-e", "cat"], env=env)


def settle(script, seconds=0.08):
    """Takes what still comes of the last key (a cursor drawn later), and returns it."""
    deadline, seen = time.monotonic() + seconds, []
    while (left := deadline - time.monotonic()) > 0:
        try:
            seen.append(json.loads(script.program.read_line(left)))
        except Failed:
            break
    return seen


def key_press(script, n):
    """ms from the command to the frame that its letter caused, and all that was said meanwhile."""
    script.events.clear()
    start = time.monotonic()
    script.send("type", text="abcdefghij"[n % 10])
    script.event("frame", 20)
    took = (time.monotonic() - start) * 1000
    return took, script.events + settle(script)


def during_transfers(script, sender, path, count):
    """Key presses at `script` while `sender`, which may be the same, sends a file; the next transfer when one is over."""
    out, rate = [], []
    while len(out) < count:
        begun, sending = time.monotonic(), sender.send("send", path=str(path))
        while len(out) < count:
            took, said = key_press(script, len(out))
            if sender is not script:
                said = settle(sender, 0.001)
            over = [e for e in said if e.get("id") == sending]
            if over:  # it may have ended before the key
                break
            out.append(took)
        else:
            over = [sender.reply(sending, 60)]
        if over[0]["event"] == "error":
            raise Failed(f"send: {over[0]}")
        rate.append(FILE_BYTES / 1e6 / (time.monotonic() - begun))
    return out, rate


def print_keys(bench, rounds):
    site = bench.site
    terminal(site)
    session, applet, _ = bench.session(scenario(kind="x11"), site.desktop_env)
    script, _ = bench.pickup(session)
    other_session, other_applet, _ = bench.session(scenario())
    other, _ = bench.pickup(other_session)
    other.call("ask", permission="send_files")
    for permission in ("desktop_view", "remote_control", "send_files"):
        script.call("ask", permission=permission)
    picture = script.call("view")["first_picture_us"] / 1000
    script.call("control")
    script.call("subscribe", frames=True)
    for buttons in (0, 1, 0):
        script.call("pointer", x=200, y=200, buttons=buttons)
    settle(script, 1)
    path = site.dir / "large.bin"
    with open(path, "wb") as file:
        file.truncate(FILE_BYTES)
    rows = {"first picture": [picture], "key press to changed picture at the console": [],
            "the same while another session sends a file": [], "the same while this session sends a file": []}
    rates = {}
    for _ in range(rounds):  # interleaved, so that a busy neighbour hits all alike
        rows["key press to changed picture at the console"] += [key_press(script, n)[0] for n in range(KEYS)]
        for label, sender in (("another", other), ("this", script)):
            times, rate = during_transfers(script, sender, path, KEYS)
            rows[f"the same while {label} session sends a file"] += times
            rates.setdefault(label, []).extend(rate)
    Bench.finish(script, applet)
    Bench.finish(other, other_applet)
    print(f"\n{'X11 desktop 1280x800 with a terminal, ms':58} {'median':>9} {'p90':>10} {'most':>12}")
    for label, got in rows.items():
        print(f"{label:58} {statistics.median(got):9.1f} {sorted(got)[len(got) * 9 // 10]:10.1f} {max(got):12.1f}")
    for label, rate in rates.items():
        if rate:
            print(f"{'file of ' + str(FILE_BYTES // 1_000_000) + ' MB in ' + label + ' session, MB/s with the keys between':58} "
                  f"{statistics.median(rate):9.0f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*", choices=["setup", "latency", []], default=[])
    parser.add_argument("--build", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    for part, proxied, measure in (("setup", True, print_setup), ("latency", False, print_keys)):
        if part in (args.parts or ["setup", "latency"]):
            with Site(args.build) as site:
                measure(Bench(site, proxied), args.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
