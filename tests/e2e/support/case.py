# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests have in common: a site for each test class, headless sessions, the log read back."""
import hashlib
import json
import os
import pathlib
import shutil
import unittest

from .site import Failed, Script, Site, wait_for

YES = {"prompts": [{"answer": "yes"}]}
ADA = "ada@example.test"
ADA_PASSWORD = "a long passphrase for ada 42"


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def follow_log(person, meeting, name):
    """A program that follows the log, of which the first new event has been seen: it begins with what comes after it asked."""
    watch = person.start(name, "log", "tail", "--follow", "-o", "jsonl")
    for attempt in range(30):
        person.run("session", "note", meeting.id, f"seen {attempt}")
        try:
            while json.loads(watch.read_line(2))["type"] != "session.noted":
                pass
            return watch
        except Failed:
            if not watch.running():
                raise
    raise Failed(f"{name}: no event within {attempt + 1} notes; log: {watch.tail()}")


class Meeting:
    """One headless session: a scripted user at one end, a technician's script at the other."""

    def __init__(self, site, tech, scenario=None, name="", seed=1, pickup=(), env=None, start=True, applet=(), created=None):
        """`created`: id and pin of a session that is there already; nobody then waits until its applet does."""
        self.site, self.tech, self.name = site, tech, name
        self.script = None
        known = created is not None
        created = created or tech.run("session", "create", "-o", "json").json()
        self.id, self.pin = created["id"], created["pin"]
        self.folder = site.dir / f"meeting-{self.id}"
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir(parents=True)
        scenario_file = self.folder / "scenario.json"
        scenario_file.write_text(json.dumps(YES if scenario is None else scenario))
        self.applet = site.start_applet("--server", site.url, *site.trust_flags(), "--pin", self.pin, "--headless",
                                        "--scenario", scenario_file, "--seed", seed, "--download-dir", self.downloads, *applet,
                                        name=f"applet{name}-{self.id[:8]}", env=env)
        if known:
            return
        try:
            tech.run("session", "wait", self.id, "--state", "waiting", "--timeout", "30s")
        except Failed as late:
            raise Failed(f"{late}\nits applet (exit {self.applet.process.poll()}): {self.applet.tail()}") from late
        self.script = self.view("pickup", *pickup) if start else None

    def view(self, verb="attach", *flags, who=None):
        """A new script view of the session: `pickup` starts its background process, `attach` joins it."""
        count = sum(p.name.startswith(f"script{self.name}-{self.id[:8]}") for p in self.site.programs)
        return Script((who or self.tech).start(f"script{self.name}-{self.id[:8]}-{count}", "session", verb, self.id,
                                               "--script", "-", *flags))

    def ask(self, *permissions):
        for permission in permissions:
            self.script.call("ask", permission=permission)

    def file(self, name, size, seed=b"x"):
        """A file of that size whose bytes depend on seed alone."""
        path = self.folder / name
        with open(path, "wb") as out:
            for n in range((size + 63) // 64):
                out.write(hashlib.sha512(seed + n.to_bytes(8, "big")).digest())
            out.truncate(size)
        return path

    def agent_pids(self):
        """The session's background process."""
        socket = str(self.tech.runtime / "rescue" / f"session-{self.id}.sock")
        pids = []
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    argv = (entry / "cmdline").read_bytes().split(b"\0")
                    environ = (entry / "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                if f"XDG_RUNTIME_DIR={self.tech.runtime}".encode() in environ and b"--script" not in argv \
                        and self.id.encode() in b"\0".join(argv):
                    pids.append(int(entry.name))
        del socket
        return pids

    def user_log(self):
        """What the applet wrote: JSON objects."""
        lines = []
        for line in self.applet.log_text().splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
        return lines

    def log(self, *types):
        return read_log(self.tech, self.id, *types)

    def wait_log(self, kind, count=1, timeout=30, **data):
        """Waits until the site's log has `count` events of this type and data; returns them."""
        def found():
            got = [e for e in self.log(kind) if all(e["data"].get(k) == v for k, v in data.items())]
            return got if len(got) >= count else None
        return wait_for(found, f"{count} x {kind} {data} in the log", timeout, 0.2)

    def shown(self):
        return self.tech.run("session", "show", self.id, "-o", "json").json()

    def close(self, reason="done"):
        self.script.call("close", reason=reason)
        if self.script.program.process.wait(30) != 0:
            raise Failed(f"the script view ended with {self.script.program.process.returncode}")
        if self.applet.process.wait(30) != 0:
            raise Failed(f"the applet ended with {self.applet.process.returncode}: {self.applet.tail()}")


def end_of(meeting):
    """Gives back what an ended meeting holds on this machine: programs, descriptors, files."""
    programs = [meeting.applet] + ([meeting.script.program] if meeting.script else [])
    for program in programs:
        program.stop()
        if "Sanitizer" in (text := program.log_path.read_text(errors="replace")) or "runtime error:" in text:
            raise Failed(f"{program.name}: {text[-3000:]}")
        meeting.site.programs.remove(program)
        program.log_path.unlink()
    shutil.rmtree(meeting.folder)


def read_log(tech, session, *types):
    flags = [flag for kind in types for flag in ("--type", kind)]
    return tech.run("log", "query", "--session", session, "--all", *flags, "-o", "jsonl").jsonl()


RUN = 1 << 24  # a console with a new key begins a new run of numbers


def broken_sequences(events):
    """Each end numbers the events of a run without gaps: what of that does not hold, as text; empty when all is there once."""
    runs = {}
    for e in events:
        if e["source"] in ("applet", "console"):
            runs.setdefault((e["source"], e["origin"], (e["seq"] - 1) // RUN), []).append(e["seq"])
    wrong = []
    for (source, _, run), seqs in runs.items():
        if sorted(seqs) != list(range(run * RUN + 1, run * RUN + 1 + len(seqs))):
            wrong.append(f"{source}: {sorted(seqs)}")
    return wrong


class SiteCase(unittest.TestCase):
    """One site for the tests of a class. A failed test leaves the ends of all logs on stderr, and the logs in RESCUE_TEST_LOGS."""
    broker_settings = ""

    @classmethod
    def setUpClass(cls):
        cls.site = Site(os.environ["RESCUE_BUILD"])
        try:
            cls.site.broker_settings = cls.broker_settings
            cls.prepare()
            cls.site.up()
            cls.site.admin.run("admin", "user", "add", ADA, "--name", "Ada Example", "--role", "technician", "--password-stdin",
                               stdin=ADA_PASSWORD + "\n")
            cls.tech = cls.site.technician("ada")
            cls.tech.login(ADA, ADA_PASSWORD)
        except BaseException:
            cls.site.failed = True
            cls.site.close()
            raise

    @classmethod
    def prepare(cls):
        """For what must be there before the servers start."""

    @classmethod
    def tearDownClass(cls):
        cls.site.close()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.site.failed = True
            for path in sorted(self.site.dir.rglob("*.log")):
                text = path.read_text(errors="replace").splitlines()
                print(f"--- {path.name}, its end, after {self.id()}", *text[-12:], sep="\n")
        return result

    def meet(self, scenario=None, **options):
        return Meeting(self.site, self.tech, scenario, **options)


def free_space(folder):
    return shutil.disk_usage(folder).free
