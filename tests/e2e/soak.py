#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Endurance: what is set up and torn down again and again must leave nothing behind. One line per measure.

usage: soak.py --build DIR [--seconds N] [--applets N] [--technicians N] [--pace S] [--gigabytes N] [--files N] [PART…]
parts: relay     pairs of raw clients, ended in every way; descriptors and memory of the gateway come back
       links     one session whose gateway is killed again and again while files go through it
       sessions  a support desk: many applets wait, technicians help one after the other, sessions end in every way; all of
                 them are accounted for in the log, no program of the site has grown (soak_desk.py)
       files     a file of 10 GB, and a tree of 100,000 files there and back
"""
import argparse
import dataclasses
import os
import pathlib
import random
import socket
import struct
import sys
import time
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import soak_desk  # noqa: E402
from support.case import ADA, ADA_PASSWORD, Meeting, YES, broken_sequences, sha256  # noqa: E402
from support.site import Failed, Site, wait_for  # noqa: E402
from support.wire import (APPLET, CONSOLE, HandOff, Identity, api, b64, guid_of_invite, guid_text, hello, unb64)  # noqa: E402

MEMORY_SLACK = 24 << 20  # allocator and caches; a leak of a kilobyte per pair shows in minutes
DESCRIPTOR_SLACK = 4     # of the broker's and the test's own pooled connections


def say(text):
    print(text, flush=True)


class Gauge:
    """Descriptors and resident memory of a program, now against then."""

    def __init__(self, program, check_memory):
        self.program, self.check_memory = program, check_memory
        self.start = self.read()

    def read(self):
        status = pathlib.Path(f"/proc/{self.program.pid}/status").read_text()
        memory = int(status.split("VmRSS:")[1].split()[0]) * 1024
        return len(os.listdir(f"/proc/{self.program.pid}/fd")), memory

    def check(self):
        fds = wait_for(lambda: self.read()[0] if self.read()[0] <= self.start[0] + DESCRIPTOR_SLACK else None,
                       f"the descriptors of {self.program.name} to come back to {self.start[0]}, it has {self.read()[0]}", 90)
        memory = self.read()[1]
        say(f"  {self.program.name}: descriptors {self.start[0]} -> {fds}, memory {self.start[1] >> 20} -> {memory >> 20} MiB")
        if self.check_memory and memory > self.start[1] + MEMORY_SLACK:
            raise Failed(f"{self.program.name} grew from {self.start[1]} to {memory} bytes")


class RawSession:
    """Both ends of a session as raw clients: keys, tickets, and any number of pairs."""

    def __init__(self, site, tech):
        self.site = site
        created = tech.run("session", "create", "-o", "json").json()
        self.id = created["id"]
        invite = unb64(api(site, "POST", "/pin", {"pin": created["pin"]})[1]["invite"])
        self.guid = guid_of_invite(invite)
        self.applet = Identity(site.dir, f"applet-{self.id}")
        self.console = Identity(site.dir, f"console-{self.id}")
        status, got = api(site, "POST", "/applet/register", {"guid": guid_text(self.guid), "host": {
            "name": "soak", "os": "test", "user": "u", "version": "0"}}, identity=self.applet)
        if status != 200:
            raise Failed(f"register: {got}")
        self.applet_ticket = unb64(got["ticket"])
        token = next((tech.home / "config/rescue/tokens").iterdir()).read_text().strip()
        status, got = api(site, "POST", f"/sessions/{self.id}/pickup", {"console_key": b64(self.console.spki)}, token=token)
        if status != 200:
            raise Failed(f"pickup: {got}")
        self.console_ticket = unb64(got["ticket"])

    def offer(self, role):
        client = HandOff(self.site.gateway_port)
        identity, ticket = (self.applet, self.applet_ticket) if role == APPLET else (self.console, self.console_ticket)
        proof = identity.possession(client.exporter(), ticket)
        said = client.answer(hello(role, ticket, self.guid if role == APPLET else None, proof))
        if said != "waiting":
            raise Failed(f"the gateway says {said}")
        return client

    def pair(self, how, payload):
        with self.offer(APPLET) as applet, self.offer(CONSOLE) as console:
            for end in (applet, console):
                if end.verdict() != "joined":
                    raise Failed("not joined")
            left, right = applet.leave(), console.leave()
            for a, b in ((left, right), (right, left)):
                a.sendall(payload)
                got = b""
                while len(got) < len(payload):
                    part = b.recv(1 << 16)
                    if not part:
                        raise Failed("the relay ended")
                    got += part
                if got != payload:
                    raise Failed("the relay changed bytes")
            if how == "half":
                left.shutdown(socket.SHUT_WR)
                if right.recv(1) != b"":
                    raise Failed("no end of stream")
                right.sendall(b"still")
                if left.recv(5) != b"still":
                    raise Failed("the other direction is closed too")
            elif how == "reset":
                left.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how == "unread":
                left.sendall(payload * 4)


def gateway_metric(site, name):
    with urllib.request.urlopen(f"http://{site.gateway.ready_line['metrics']}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"rescue_gateway_{name} "):
                return int(line.split()[1])
    raise Failed(f"no metric {name}")


def relay(site, tech, size, memory):
    session = RawSession(site, tech)
    ways = ("close", "half", "reset", "unread")
    for how in ways * 3:  # warm
        session.pair(how, b"w" * 70_000)
    gauge = Gauge(site.gateway, memory)
    began, count, chance = time.monotonic(), 0, random.Random(7)
    while time.monotonic() < began + size.seconds:
        session.pair(ways[count % len(ways)], chance.randbytes(chance.choice((1, 1000, 70_000, 400_000))))
        count += 1
    wait_for(lambda: gateway_metric(site, "pairs") == 0 and gateway_metric(site, "waiting") == 0, "all pairs to be gone", 90)
    say(f"relay: {count} pairs in {time.monotonic() - began:.0f} s, ended in {len(ways)} ways")
    gauge.check()


def links(site, tech, size, memory):
    del memory
    meeting = Meeting(site, tech, dict(YES, desktop={"period": "50ms"}))
    meeting.ask("desktop_view", "send_files")
    meeting.script.call("view")
    began, cuts = time.monotonic(), 0
    while time.monotonic() < began + size.seconds or cuts == 0:
        path = meeting.file(f"f{cuts}.bin", 30_000_000, str(cuts).encode())
        number = meeting.script.send("send", path=str(path))
        wait_for(lambda: any(p.stat().st_size > 0 for p in meeting.downloads.iterdir()), "the file to be on its way")
        site.gateway.kill()
        site.gateway.process.wait(10)
        site.gateway = site.start_gateway(site.gateway_state, site.gateway_port)
        reply = meeting.script.reply(number, 90)
        if reply["event"] != "result" or sha256(meeting.downloads / path.name) != sha256(path):
            raise Failed(f"file {cuts}: {reply}")
        path.unlink()
        (meeting.downloads / path.name).unlink()
        cuts += 1
    meeting.close()
    meeting.wait_log("session.closed")
    meeting.wait_log("file.received", cuts)
    if wrong := broken_sequences(meeting.log()):
        raise Failed(str(wrong))
    say(f"links: one session over {cuts} killed gateways in {time.monotonic() - began:.0f} s, {cuts} files whole, log whole")


def sessions(site, tech, size, memory):
    """The broker has no work of its own left when the desk is closed: what it still holds is a leak."""
    del tech
    gauges = [Gauge(site.gateway, False), Gauge(site.broker, False)]
    soak_desk.run(site, size, memory, say)
    for gauge in gauges:
        gauge.check()


def resident(pid):
    return int(pathlib.Path(f"/proc/{pid}/status").read_text().split("VmRSS:")[1].split()[0]) * 1024


def files(site, tech, size, memory):
    """One huge file and a tree of very many, there and back; neither end may keep them in memory."""
    meeting = Meeting(site, tech)
    meeting.ask("send_files", "file_manager")
    agent = wait_for(meeting.agent_pids, "the session's background process")[0]
    before = {pid: resident(pid) for pid in (agent, meeting.applet.pid)}
    huge = meeting.folder / "huge.bin"
    with open(huge, "wb") as out:
        out.truncate(int(size.gigabytes * (1 << 30)))
        out.seek(-4, os.SEEK_END)
        out.write(b"end.")
    began = time.monotonic()
    meeting.script.call("send", path=str(huge), timeout=3600)  # answered when both ends have the same hash
    took = time.monotonic() - began
    received = meeting.downloads / huge.name
    if received.stat().st_size != huge.stat().st_size:
        raise Failed(f"{received.stat().st_size} bytes of {huge.stat().st_size}")
    say(f"files: one of {huge.stat().st_size} bytes in {took:.1f} s, {huge.stat().st_size / took / 1e6:.0f} MB/s")
    huge.unlink()
    received.unlink()

    tree, there = meeting.folder / "tree", meeting.folder / "there"
    there.mkdir()
    for number in range(size.files):
        if number % 1000 == 0:
            folder = tree / f"{number // 1000:03}"
            folder.mkdir(parents=True)
        (folder / f"{number:06}").write_bytes(str(number).encode() * (number % 7))
    began = time.monotonic()
    put = meeting.script.call("fs_put", path=str(tree), to=str(there), timeout=3600)
    got = meeting.script.call("fs_get", path=str(there / "tree"), directory=str(meeting.downloads), timeout=3600)
    took = time.monotonic() - began
    wanted = {str(p.relative_to(tree)): p.read_bytes() for p in tree.rglob("*") if p.is_file()}
    for where in (there / "tree", meeting.downloads / "tree"):
        if {str(p.relative_to(where)): p.read_bytes() for p in where.rglob("*") if p.is_file()} != wanted:
            raise Failed(f"another tree at {where}: {put} {got}")
    removed = meeting.script.call("fs_remove", path=str(there / "tree"), recursive=True, timeout=3600)
    if (there / "tree").exists():
        raise Failed(f"not removed: {removed}")
    say(f"files: a tree of {size.files} there and back in {took:.1f} s, and removed")
    for pid, start in before.items():
        say(f"  {'agent' if pid == agent else 'applet'}: memory {start >> 20} -> {resident(pid) >> 20} MiB")
        if memory and resident(pid) > start + 2 * MEMORY_SLACK:
            raise Failed(f"process {pid} grew from {start} to {resident(pid)} bytes")
    meeting.close()


@dataclasses.dataclass
class Size:
    seconds: float
    applets: int = 200
    technicians: int = 20
    pace: float = 4.0  # seconds that a technician thinks between two steps, at most
    gigabytes: float = 10
    files: int = 100_000


PARTS = {"relay": relay, "links": links, "sessions": sessions, "files": files}


def soak(build, parts, size, memory):
    for part in parts:
        with Site(build) as site:
            if memory:  # a sanitizer keeps freed memory for a while; of so little it shows what is lost
                site.env["ASAN_OPTIONS"] += ":quarantine_size_mb=4"
            site.up()
            site.admin.run("admin", "user", "add", ADA, "--name", "Ada Example", "--role", "technician", "--password-stdin",
                           stdin=ADA_PASSWORD + "\n")
            tech = site.technician("ada")
            tech.login(ADA, ADA_PASSWORD)
            PARTS[part](site, tech, size, memory)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--seconds", type=float, default=600, help="length of each part (default 600)")
    parser.add_argument("--applets", type=int, default=200)
    parser.add_argument("--technicians", type=int, default=20)
    parser.add_argument("--pace", type=float, default=4, help="seconds that technicians think between two steps, at most")
    parser.add_argument("--gigabytes", type=float, default=10)
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("part", nargs="*", help="default: all")
    args = parser.parse_args()
    for part in args.part:
        if part not in PARTS:
            parser.error(f"no part '{part}': {', '.join(PARTS)}")
    size = Size(args.seconds, args.applets, args.technicians, args.pace, args.gigabytes, args.files)
    soak(args.build, args.part or list(PARTS), size, memory=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"soak failed: {failure}", file=sys.stderr)
        sys.exit(1)
