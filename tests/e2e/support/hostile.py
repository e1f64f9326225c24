# SPDX-License-Identifier: Apache-2.0
"""A console that keeps no rule (hostile/hostile_console.cpp), for tests that judge the applet from outside."""
import json
import pathlib
import queue
import subprocess
import threading
import time

from .site import Failed
from .wire import api

# What holds something of the supported machine.
CONTENT = {"DisplayList", "ScreenPacket", "CursorShape", "CursorPosition", "FileOffer", "FileChunk", "FileDone", "SysinfoReply",
           "ClipboardOffer", "ClipboardText", "ScriptOutput"}
ASKING = 7  # Action.ask
NOT_GRANTED = 12  # deploy_scripts: where it is taken from the group, asking for it is answered at once


class HostileConsole:
    """Picks a session up with its own key and sends whatever it likes."""

    def __init__(self, case, session, again=False):
        """`again`: the technician has the session already, and lost it."""
        site = case.site
        token = next((case.tech.home / "config/rescue/tokens").iterdir()).read_text().strip()
        count = sum(p.name.startswith(f"hostile-{session[:8]}") for p in site.programs)
        self.program = site.start(f"hostile-{session[:8]}-{count}", [pathlib.Path(site.build) / "tests/hostile_console"],
                                  stdin=subprocess.PIPE)
        # Read at once, whatever the test is waiting for: a console that cannot print does not go on.
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        key = json.loads(self.lines.get(timeout=30))["console_key"]
        if again:
            status, held = api(site, "POST", f"/sessions/{session}/hold", {"reason": "my console broke"}, token=token)
            case.assertEqual(status, 200, held)
        status, picked = api(site, "POST", f"/sessions/{session}/pickup", {"console_key": key}, token=token)
        case.assertEqual(status, 200, picked)
        gateway = picked["gateways"][0]
        self.program.write_line(json.dumps({"ticket": picked["ticket"], "gateway": f"{gateway['host']}:{gateway['port']}",
                                            "ca_pin": site.ca_pin, "applet": picked["applet_fingerprint"]}))
        self.seen, self.unheard = [], []
        self.until("LinkUp")

    def listen(self):
        for line in self.program.process.stdout:
            self.lines.put(line)
        self.lines.put(None)

    def send(self, what, **fields):
        self.program.write_line(json.dumps({"send": what, **fields}))

    def say(self, channel, type_name, cut=0, **fields):
        """Any message of session.fbs."""
        self.send("message", channel=channel, type=type_name, fields=fields, cut=cut)

    def hear(self, message, timeout=15, **fields):
        """The first message of this kind, read already or to come, that has all of `fields`; each is given once."""
        deadline = time.monotonic() + timeout
        while True:
            for got in self.unheard:
                if got["message"] == message and all(got.get("fields", {}).get(k) == v for k, v in fields.items()):
                    self.unheard.remove(got)
                    return got
            self.unheard.append(self.read(deadline, f"{message} {fields or ''}".strip()))

    def read(self, deadline, wanted=None):
        """The next message; Failed when the applet has ended the link, unless that is what is wanted."""
        seen = [(m["message"], m.get("fields")) for m in self.seen[-6:]]
        try:
            line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
        except queue.Empty:
            raise Failed(f"no {wanted}; seen last: {seen}") from None
        if line is None:
            raise Failed(f"the console has ended before {wanted}: {self.program.tail()}; seen last: {seen}")
        got = json.loads(line)
        self.seen.append(got)
        if got["message"] == "PathEnd" and not (wanted or "").startswith("PathEnd"):
            raise Failed(f"the applet ended the link ({got['why']}) instead of {wanted}; before that: {self.seen[-4:]}")
        return got

    def until(self, message, timeout=30, **content):
        """Reads on to the first message of this kind whose text has all of `content`."""
        deadline = time.monotonic() + timeout
        while True:
            got = self.read(deadline, message)
            self.unheard.append(got)
            if got["message"] == message and all(f"{k}: {v}" in got.get("content", "") for k, v in content.items()):
                return got

    def settle(self):
        """Returns when the applet has worked off what was sent on the control channel, and had time for the rest."""
        for _ in range(2):
            self.send("ask", permission="deploy_scripts")
            # Its state, or that it was asked for a moment ago.
            self.until_one(lambda m: m["message"] == "PermissionState" and m["fields"]["permission"] == NOT_GRANTED or
                           m["message"] == "ActionRefused" and m["fields"]["action"] == ASKING)
            time.sleep(0.5)

    def until_one(self, fits, timeout=30):
        deadline = time.monotonic() + timeout
        while True:
            got = self.read(deadline, "an answer")
            self.unheard.append(got)
            if fits(got):
                return got

    def content(self):
        return [m["message"] for m in self.seen if m["message"] in CONTENT]
