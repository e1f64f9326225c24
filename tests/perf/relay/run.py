#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Our gateway beside a plain splice relay and HAProxy in TCP mode, interleaved in one run; medians and ratios.

usage: run.py --build DIR [--rounds N] [--seconds S] [--load NAME]...

Each relay has one thread and, where there are two cores, its own core; the generator has the other one. What is compared is the
relay's CPU: on loopback the sender also pays for the receiver's TCP input, so the figures rank relays and predict no network card.
"""
import argparse
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

# load -> what relay_bench is asked, and the rows of the table: (key of its answer, label)
LOADS = {
    "bulk": (lambda s: ["bulk", "8", str(s)], [("cpu_s_per_gb", "CPU s/GB, 8 verified pairs")]),
    "messages": (lambda s: ["messages", "500", str(s)], [("us_per_message", "CPU us/message, 500 pairs")]),
    "messages-200": (lambda s: ["messages", "200", str(s)], [("us_per_message", "CPU us/message, 200 pairs")]),
    "ping": (lambda s: ["ping", "0", str(s)], [("median_us", "round trip us, alone"), ("p99_us", "  p99")]),
    "ping-500": (lambda s: ["ping", "500", str(s)], [("median_us", "round trip us, 500 pairs talk"), ("p99_us", "  p99")]),
    "setup": (lambda s: ["setup", "400", "4"], [("us_per_pair", "CPU us/pair, made, proved and dropped")]),
    "idle": (lambda s: ["idle", "1000"], [("fresh_kb", "resident kB/pair, unused"), ("used_kb", "  after 64 KiB each way"),
                                          ("descriptors", "  descriptors/pair")]),
    "waiting": (lambda s: ["waiting", "1000"], [("waiting_kb", "resident kB/waiting TLS end")]),
}
OURS = "rescue-gateway"
HAPROXY = """global
  nbthread 1
  maxconn 4000
  {tune}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  {splice}
listen relay
  bind 127.0.0.1:{front}
  server one 127.0.0.1:{back}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_listening(port):
    for _ in range(400):
        with socket.socket() as s:
            s.settimeout(1)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.025)
    raise SystemExit(f"nobody listens on port {port}")


def pinned(core):
    """Runs in the child: relay on the last core, generator on the first."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[core]}) if len(cores) > 1 else None


class Relay:
    def __init__(self, name, args, work):
        self.name, self.front, self.back = name, free_port(), free_port()
        bench = args.build / "bench"
        self.via = ["proxy", f"127.0.0.1:{self.front}", f"127.0.0.1:{self.back}"]
        if name == OURS:
            site = work / "site"
            subprocess.run([bench / "relay_bench", "site", site], check=True)
            argv = [args.build / "bin" / "rescue-gateway", "run", "--state", site, "--listen", f"127.0.0.1:{self.front}",
                    "--log-level", "error"]
            self.via = ["gateway", f"127.0.0.1:{self.front}", str(site)]
        elif name == "splice relay":
            argv = [bench / "splice_relay", str(self.front), str(self.back)]
        else:
            forced = name.endswith("forced splice")
            config = work / f"{name.replace(' ', '-')}.cfg"
            config.write_text(HAPROXY.format(front=self.front, back=self.back, tune="tune.pipesize 1048576" if forced else "",
                                             splice="option splice-request\n  option splice-response" if forced else ""))
            argv = ["haproxy", "-q", "-db", "-f", config]
        # One address makes all connections here.
        env = dict(os.environ, RESCUE_GATEWAY_LIMIT_CONNECTIONS_PER_ADDRESS="1000000")
        self.process = subprocess.Popen([str(a) for a in argv], env=env, stdout=subprocess.DEVNULL, stderr=sys.stderr,
                                        preexec_fn=pinned(-1))
        self.bench = bench / "relay_bench"

    def measure(self, load, *load_args):
        wait_listening(self.front)
        out = subprocess.run([self.bench, load, *self.via, str(self.process.pid), *load_args], capture_output=True, text=True,
                             preexec_fn=pinned(0))
        if out.returncode != 0:
            raise SystemExit(f"{self.name}, {load}: {out.stderr}")
        return json.loads(out.stdout)

    def stop(self):
        self.process.kill()
        self.process.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--load", action="append", choices=LOADS, help="default: all")
    args = parser.parse_args()
    args.build = args.build.resolve()
    names = [OURS, "splice relay"]
    if shutil.which("haproxy"):
        names += ["HAProxy", "HAProxy, forced splice"]
    loads = args.load or list(LOADS)
    results = {(name, load, key): [] for name in names for load in loads for key, _ in LOADS[load][1]}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(args.rounds):
            for load in loads:
                for name in names if load != "waiting" else [OURS]:  # interleaved, so that a busy neighbour hits all alike; fresh processes
                    work = pathlib.Path(tempfile.mkdtemp(dir=folder))
                    relay = Relay(name, args, work)
                    try:
                        got = relay.measure(*LOADS[load][0](args.seconds))
                    finally:
                        relay.stop()
                    for key, _ in LOADS[load][1]:
                        results[name, load, key].append(got[key])
    print(f"{'':40}" + "".join(f"{n:>24}" for n in names))
    for load in loads:
        for key, label in LOADS[load][1]:
            medians = [statistics.median(got) if (got := results[n, load, key]) else None for n in names]
            print(f"{label:40}" + "".join(f"{'-' if m is None else format(m, '.3f'):>24}" for m in medians))
            if load in ("bulk", "messages", "messages-200"):
                print(f"{'  ours is ... x':40}{'':24}" + "".join(f"{medians[0] / m:24.2f}" for m in medians[1:] if m))
    return 0


if __name__ == "__main__":
    sys.exit(main())
