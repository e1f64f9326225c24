#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a site's broker does for many accounts: applying 10,000 technicians, sign-ins, plain API calls.

usage: accounts.py --build DIR [--people N] [--seconds S]

A real broker on loopback with its database on disk, the real command line, clients with a TLS connection each that stays open.
What counts is the CPU time of the broker for one operation: its inverse is what one core can do when nothing else runs there.
Wall-clock times are of this machine with all that runs on it. Password hashes are measured beside the hash alone, by the same
library at the same cost, in this process. Never passes or fails.
"""
import argparse
import ctypes
import ctypes.util
import json
import multiprocessing
import os
import pathlib
import resource
import ssl
import socket
import statistics
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from support.site import Site  # noqa: E402

TICK = os.sysconf("SC_CLK_TCK")
GROUPS = 50
PASSWORD = "a sentence for all of them 4711"
MEMORY, PASSES = 19 * 1024 * 1024, 2  # the site's defaults


def cpu_of(pid):
    """CPU seconds of a process so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_of(pid):
    """Most resident memory so far, in MB."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(next(l for l in status.splitlines() if l.startswith("VmHWM")).split()[1]) / 1024


class Watch:
    """Wall and CPU of what happens inside, the broker's and that of commands."""

    def __init__(self, pid):
        self.pid = pid

    def __enter__(self):
        self.wall, self.cpu = time.monotonic(), cpu_of(self.pid)
        self.children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return self

    def __exit__(self, *_):
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.wall, self.cpu = time.monotonic() - self.wall, cpu_of(self.pid) - self.cpu
        self.client = after.ru_utime + after.ru_stime - self.children.ru_utime - self.children.ru_stime


def write_organisation(folder, people):
    groups = "".join(f'[[groups]]\nname = "Group {g}"\npermissions = ["desktop_view", "remote_control"]\n\n'
                     f'[[channels]]\nname = "channel {g}"\ngroups = ["Group {g}"]\n\n' for g in range(GROUPS))
    (folder / "org.toml").write_text(groups)
    rows = [f"person{n}@bench.example,Person {n},technician,Group {n % GROUPS}" for n in range(people)]
    (folder / "people.csv").write_text("email,name,role,group\n" + "\n".join(rows) + "\n")
    rows[people // 2] = rows[people // 2].replace(",Person", ",Changed Person")
    (folder / "changed.csv").write_text("email,name,role,group\n" + "\n".join(rows) + "\n")


def bench_apply(site, people):
    print(f"\n{'apply of ' + format(people, ',') + ' technicians in 50 groups':46} {'wall s':>7} {'broker CPU s':>13} {'client CPU s':>13}")
    folder = site.dir
    write_organisation(folder, people)
    base = ["admin", "apply", "-f", folder / "org.toml", "-f", folder / "people.csv", "-o", "json"]
    changed = ["admin", "apply", "-f", folder / "org.toml", "-f", folder / "changed.csv", "-o", "json"]
    rows = {"dry run": base + ["--dry-run"], "first run, with invitations": base + ["--invitations", folder / "links.csv"],
            "second run, all unchanged": base, "one person changed": changed}
    for name, argv in rows.items():
        with Watch(site.broker.pid) as w:
            results = site.admin.run(*argv, timeout=300).json()
        outcomes = {o: sum(r["outcome"] == o for r in results) for o in ("created", "changed", "unchanged")}
        print(f"{name:46} {w.wall:7.2f} {w.cpu:13.2f} {w.client:13.2f}   {outcomes}")
    with Watch(site.broker.pid) as w:
        site.admin.run("admin", "export", timeout=300)
    print(f"{'export':46} {w.wall:7.2f} {w.cpu:13.2f} {w.client:13.2f}   broker at most {peak_of(site.broker.pid):.0f} MB")


class Client:
    """One connection that stays open; requests one after the other."""

    def __init__(self, port, ca):
        context = ssl.create_default_context(cafile=ca)
        self.socket = context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=60), server_hostname="127.0.0.1")
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def call(self, request):
        """The status of the answer."""
        self.socket.sendall(request)
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        length = next(int(l.split(b":")[1]) for l in head.split(b"\r\n") if l.lower().startswith(b"content-length:"))
        while len(self.buffer) < length:
            self.more()
        self.body, self.buffer = self.buffer[:length], self.buffer[length:]
        return int(head.split(b" ", 2)[1])

    def more(self):
        chunk = self.socket.recv(65536)
        if not chunk:
            raise EOFError("the broker closed the connection")
        self.buffer += chunk


def request(method, path, token=None, body=None):
    data = json.dumps(body).encode() if body is not None else b""
    head = [f"{method} /api/v1{path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(data)}"]
    if data:
        head.append("Content-Type: application/json")
    if token:
        head.append(f"Authorization: Bearer {token}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + data


def drive(port, ca, payload, until, status, out):
    """A client process: the same request until a moment; how often it was answered, and how long each took."""
    client, took = Client(port, ca), []
    while time.monotonic() < until:
        began = time.monotonic()
        got = client.call(payload)
        if got != status:
            raise SystemExit(f"answer {got}: {client.body[:200]}")
        took.append(time.monotonic() - began)
    out.put(took)


def load(site, payloads, seconds, status=200):
    """One client for each payload, all at once. Operations, wall, broker CPU, times."""
    out = multiprocessing.Queue()
    until = time.monotonic() + seconds
    ca = str(site.broker_state / "ca.pem")
    with Watch(site.broker.pid) as w:
        clients = [multiprocessing.Process(target=drive, args=(site.broker_port, ca, p, until, status, out)) for p in payloads]
        for c in clients:
            c.start()
        times = [t for _ in clients for t in out.get(timeout=seconds + 60)]
        for c in clients:
            c.join()
            if c.exitcode != 0:
                raise SystemExit("a client failed")
    return len(times), w.wall, w.cpu, sorted(times)


def row(name, count, wall, cpu, times):
    p99 = times[min(len(times) - 1, int(len(times) * 0.99))] * 1000
    print(f"{name:46} {count:7} {count / wall:8.0f} {cpu / count * 1000:10.3f} {count / cpu:12.0f} "
          f"{statistics.median(times) * 1000:8.1f} {p99:8.1f}")


def hash_alone(rounds=40):
    """CPU seconds of one Argon2id hash by libsodium at the site's cost."""
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    sodium.sodium_init()
    text = ctypes.create_string_buffer(128)
    began = time.process_time()
    for _ in range(rounds):
        if sodium.crypto_pwhash_str(text, PASSWORD.encode(), ctypes.c_ulonglong(len(PASSWORD)),
                                    ctypes.c_ulonglong(PASSES), ctypes.c_size_t(MEMORY)) != 0:
            raise SystemExit("no memory for the hash")
    return (time.process_time() - began) / rounds


def bench_calls(site, seconds):
    users = [f"caller{n}@bench.example" for n in range(8)]
    for email in users:
        site.admin.run("admin", "user", "add", email, "--name", "Caller", "--role", "technician", "--password-stdin",
                       stdin=PASSWORD + "\n")
    login = [request("POST", "/auth/login", body={"email": u, "password": PASSWORD}) for u in users]
    ca = str(site.broker_state / "ca.pem")
    admin = Client(site.broker_port, ca)
    admin.call(request("POST", "/auth/login", body={"email": site.ADMIN, "password": site.PASSWORD}))
    token = json.loads(admin.body)["token"]
    print(f"\n{'each by clients on connections of their own':46} {'count':>7} {'per s':>8} {'CPU ms':>10} {'per s & core':>12} "
          f"{'median':>8} {'p99 ms':>8}")
    row("sign-in, 8 people at once", *load(site, login, seconds))
    alone = hash_alone()
    print(f"{'  the password hash alone (libsodium, peer)':46} {'':7} {'':8} {alone * 1000:10.3f} {1 / alone:12.0f}")
    calls = {"whoami": [request("GET", "/auth/whoami", token)], "one account by address": [request("GET", f"/users/{users[0]}", token)],
             "a page of 100 accounts": [request("GET", "/users?limit=100", token)],
             "policy why": [request("POST", "/policy/why", token, {"questions": [{"as": users[0], "action": "reboot"}]})]}
    for name, payload in calls.items():
        row(name + ", 4 clients", *load(site, payload * 4, seconds))
    # Turns, so that each request changes something: durable before it is answered.
    changes = [request("POST", f"/users/{u}/{verb}", token) for u in users[:4] for verb in ("disable", "enable")]
    row("disable or enable an account, 8 clients", *load(site, changes, seconds))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=4)
    args = parser.parse_args()
    with Site(args.build) as site:
        site.broker_settings = "[rate]\nlogin_per_address = 1000000\n"
        site.init_broker()
        site.start_broker()
        site.admin = site.technician("admin")
        site.admin.login(site.ADMIN, site.PASSWORD)
        bench_apply(site, args.people)
        bench_calls(site, args.seconds)


if __name__ == "__main__":
    main()
