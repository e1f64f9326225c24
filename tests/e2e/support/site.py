# SPDX-License-Identifier: Apache-2.0
"""A whole Rescue site on loopback for tests and the demo: broker, gateway, X display, applet, technicians.

Everything is a real program in its own process; ports are chosen by the kernel and read back from ready lines. A Site is a
context manager: leaving it ends every process that it started. Logs are kept in the site's folder and, when a test failed
and RESCUE_TEST_LOGS is set, copied there.
"""
import json
import os
import pathlib
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time


class Failed(Exception):
    """A program did something else than was expected; the text says what."""


class Program:
    """A child process whose stderr goes to a log file and whose stdout can be read by line with a deadline."""

    def __init__(self, name, argv, log_dir, env, stdin=subprocess.DEVNULL):
        self.name = name
        self.log_path = pathlib.Path(log_dir) / f"{name}.log"
        self.log = open(self.log_path, "ab")
        self.process = subprocess.Popen([str(a) for a in argv], stdin=stdin, stdout=subprocess.PIPE, stderr=self.log,
                                        env=env, start_new_session=True)
        self.buffer = b""

    @property
    def pid(self):
        return self.process.pid

    def write_line(self, text):
        self.process.stdin.write(text.encode() + b"\n")
        self.process.stdin.flush()

    def read_line(self, timeout):
        """The next stdout line, or Failed at the deadline or at the end of output."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f"{self.name}: no line within {timeout} s; log: {self.tail()}")
            ready, _, _ = select.select([self.process.stdout], [], [], left)
            if ready:
                chunk = os.read(self.process.stdout.fileno(), 65536)
                if not chunk:
                    raise Failed(f"{self.name}: ended (exit {self.process.wait(5)}); log: {self.tail()}")
                self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode()

    def ready(self, timeout=30):
        return json.loads(self.read_line(timeout))

    def tail(self, lines=15):
        self.log.flush()
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def log_text(self):
        self.log.flush()
        return self.log_path.read_text(errors="replace")

    def running(self):
        return self.process.poll() is None

    def kill(self, sig=signal.SIGKILL):
        if self.running():
            os.killpg(self.pid, sig)

    def stop(self, timeout=10):
        """SIGTERM, then SIGKILL at the deadline. Returns the exit status."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(timeout)
            except subprocess.TimeoutExpired:
                self.kill()
                self.process.wait(5)
        status = self.process.returncode
        for stream in (self.process.stdout, self.process.stdin, self.log):
            if stream:
                try:
                    stream.close()
                except BrokenPipeError:
                    pass  # a line that it did not read any more
        return status


class Result:
    """What a command of the CLI did."""

    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    def json(self):
        return json.loads(self.out)

    def jsonl(self):
        return [json.loads(line) for line in self.out.splitlines() if line.strip()]

    def error(self):
        """The JSON error object, the last line of stderr."""
        return json.loads(self.err.strip().splitlines()[-1])


class Technician:
    """A person with a shell: own home, own contexts, own session agents."""

    def __init__(self, site, name):
        self.site = site
        self.home = site.dir / f"home-{name}"
        # Socket paths are limited to 108 bytes: keep the runtime folder short.
        self.runtime = pathlib.Path(tempfile.mkdtemp(prefix="rsc-", dir="/tmp"))
        self.home.mkdir()
        self.env = dict(site.env, HOME=str(self.home), XDG_RUNTIME_DIR=str(self.runtime),
                        XDG_CONFIG_HOME=str(self.home / "config"), XDG_STATE_HOME=str(self.home / "state"),
                        XDG_DATA_HOME=str(self.home / "data"), XDG_CACHE_HOME=str(self.home / "cache"))

    def run(self, *argv, stdin=None, expect=0, timeout=60):
        """Runs `rescue ARGV`; anything but the expected exit code (None: any) is a failure that shows the output."""
        argv = [str(a) for a in argv]
        done = subprocess.run([str(self.site.bin / "rescue"), *argv], input=stdin if stdin is None else stdin.encode(),
                              stdin=subprocess.DEVNULL if stdin is None else None, capture_output=True, env=self.env,
                              cwd=self.home, timeout=timeout)
        result = Result(argv, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
        if expect is not None and result.code != expect:
            raise Failed(f"rescue {' '.join(argv)}: exit {result.code}, expected {expect}\n{result.out}\n{result.err}")
        return result

    def start(self, name, *argv, stdin=subprocess.PIPE):
        return self.site.start(name, [self.site.bin / "rescue", *argv], env=self.env, stdin=stdin)

    def login(self, email, password):
        return self.run("login", "--server", self.site.url, *self.site.trust_flags(), "--email", email,
                        "--password-stdin", stdin=password + "\n")

    def kill_agents(self):
        """Ends this person's background session processes, whichever way the test left them."""
        end_marked(f"XDG_RUNTIME_DIR={self.runtime}")
        shutil.rmtree(self.runtime, ignore_errors=True)


class Script:
    """`rescue session pickup ID --script -`: JSON lines both ways."""

    def __init__(self, program):
        self.program = program
        self.next_id = 1
        self.events = []

    def send(self, cmd, **fields):
        number = self.next_id
        self.next_id += 1
        self.program.write_line(json.dumps({"id": number, "cmd": cmd, **fields}))
        return number

    def _next(self, timeout):
        return json.loads(self.program.read_line(timeout))

    def reply(self, number, timeout=30):
        """The reply to command `number`; other events met on the way are kept for `event`."""
        deadline = time.monotonic() + timeout
        while True:
            got = self._next(max(0.01, deadline - time.monotonic()))
            if got.get("id") == number and got.get("event") in ("result", "error"):
                return got
            self.events.append(got)

    def call(self, cmd, timeout=30, **fields):
        got = self.reply(self.send(cmd, **fields), timeout)
        if got["event"] == "error":
            raise Failed(f"{cmd}: {got}")
        return got

    def refuse(self, cmd, timeout=30, **fields):
        got = self.reply(self.send(cmd, **fields), timeout)
        if got["event"] != "error":
            raise Failed(f"{cmd} should have been refused: {got}")
        return got

    def event(self, name, timeout=30, **match):
        """The first event (kept or new) of this name whose fields match."""
        def fits(e):
            return e.get("event") == name and all(e.get(k) == v for k, v in match.items())
        for i, e in enumerate(self.events):
            if fits(e):
                return self.events.pop(i)
        deadline = time.monotonic() + timeout
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise Failed(f"no event {name} {match} within {timeout} s; seen: {self.events[-10:]}")
            e = self._next(left)
            if fits(e):
                return e
            self.events.append(e)


class Site:
    ADMIN = "admin@example.test"
    PASSWORD = "correct horse battery staple 17"

    def __init__(self, build, keep=False, folder=None):
        self.build = pathlib.Path(build).resolve()
        self.bin = self.build / "bin"
        self.keep = keep
        self.dir = pathlib.Path(folder) if folder else pathlib.Path(tempfile.mkdtemp(prefix="rescue-site-"))
        self.dir.mkdir(parents=True, exist_ok=True)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("RESCUE_", "XDG_", "DISPLAY"))}
        self.env["NO_COLOR"] = "1"
        self.env["XDG_STATE_HOME"] = str(self.dir / "state")  # of machines: their own logs
        self.env["E2E_SITE"] = str(self.dir)  # every process of the site can be found by it, also one that left our group
        self.watch()
        suppressions = pathlib.Path(__file__).resolve().parents[2] / "support" / "lsan.supp"
        self.env["LSAN_OPTIONS"] = f"suppressions={suppressions}:print_suppressions=0"
        self.env["ASAN_OPTIONS"] = "detect_leaks=1:abort_on_error=0"
        self.programs = []
        self.technicians = []
        self.failed = False
        self.broker_settings = ""  # TOML
        self.trust = None  # flags by which clients check the broker; None: the pin of the site's own authority

    # -- life ------------------------------------------------------------------------------------------------------
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.failed = self.failed or kind is not None
        if self.keep and kind is None:
            return
        self.close()

    def close(self):
        for technician in self.technicians:
            technician.kill_agents()
        statuses = [(p.name, p.stop()) for p in reversed(self.programs)]
        logs = os.environ.get("RESCUE_TEST_LOGS")
        if self.failed and logs:
            target = pathlib.Path(logs) / self.dir.name
            target.mkdir(parents=True, exist_ok=True)
            for log in self.dir.rglob("*.log"):
                shutil.copy(log, target / log.name)
        texts = [(log.name, log.read_text(errors="replace")) for log in sorted(self.dir.rglob("*.log"))]
        sanitizer = [f"{name}: {text[-3000:]}" for name, text in texts if "Sanitizer" in text or "runtime error:" in text]
        end_marked(f"E2E_SITE={self.dir}", 0)
        os.close(self.alive)
        self.watcher.wait(10)
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)
        if sanitizer:
            raise Failed("a sanitizer spoke:\n" + "\n".join(sanitizer))
        return statuses

    def start(self, name, argv, env=None, stdin=subprocess.DEVNULL):
        program = Program(name, argv, self.dir, env or self.env, stdin)
        self.programs.append(program)
        return program

    def watch(self):
        """A process that outlives this one for a moment: when the test is killed, it ends what the test started."""
        read, self.alive = os.pipe()
        code = f"import os, sys; sys.path.insert(0, {str(pathlib.Path(__file__).resolve().parents[1])!r}); " \
               f"from support.site import end_marked; os.read({read}, 1); end_marked({'E2E_SITE=' + str(self.dir)!r}, 0)"
        self.watcher = subprocess.Popen([sys.executable, "-c", code], pass_fds=[read], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(read)

    # -- servers ---------------------------------------------------------------------------------------------------
    def init_broker(self):
        self.broker_state = self.dir / "broker"
        subprocess.run([self.bin / "rescue-broker", "init", "--state", self.broker_state, "--admin-email", self.ADMIN,
                        "--admin-name", "Site Admin", "--password-stdin", "--organisation", "Example Support"],
                       input=self.PASSWORD.encode() + b"\n", env=self.env, check=True, capture_output=True, timeout=60)
        with open(self.broker_state / "broker.toml", "a", encoding="utf-8") as settings:
            settings.write("\n" + self.broker_settings)

    def start_broker(self, port=0, *extra):
        name = f"broker{sum(p.name.startswith('broker') for p in self.programs) or ''}"
        self.broker = self.start(name, [self.bin / "rescue-broker", "run", "--state", self.broker_state,
                                        "--listen", f"127.0.0.1:{port}", *extra])
        ready = self.broker.ready()
        self.broker_address = ready["listen"]
        self.broker_port = int(ready["listen"].rsplit(":", 1)[1])
        self.url = f"https://{self.broker_address}"
        self.ca_pin = ready["ca_pin"]

    def trust_flags(self):
        return ["--ca-pin", self.ca_pin] if self.trust is None else self.trust

    def enroll_gateway(self, technician, name="gw1", port=None):
        port = port or free_port()
        state = self.dir / name
        token = technician.run("admin", "gateway", "enroll", name, "-o", "json").json()["token"]
        subprocess.run([self.bin / "rescue-gateway", "enroll", "--broker", self.url, *self.trust_flags(),
                        "--token-stdin", "--name", name, "--address", f"127.0.0.1:{port}", "--state", state],
                       input=token.encode() + b"\n", env=self.env, check=True, capture_output=True, timeout=60)
        return state, port

    def start_gateway(self, state, port, *extra):
        program = self.start(f"gateway{sum(p.name.startswith('gateway') for p in self.programs) or ''}",
                             [self.bin / "rescue-gateway", "run", "--state", state, "--listen", f"127.0.0.1:{port}", *extra])
        program.ready_line = program.ready()
        return program

    def technician(self, name):
        technician = Technician(self, name)
        self.technicians.append(technician)
        return technician

    def up(self):
        """Broker, administrator signed in, one gateway that the broker knows to be connected."""
        self.init_broker()
        self.start_broker()
        self.admin = self.technician("admin")
        self.admin.login(self.ADMIN, self.PASSWORD)
        self.gateway_state, self.gateway_port = self.enroll_gateway(self.admin)
        self.gateway = self.start_gateway(self.gateway_state, self.gateway_port)
        wait_for(lambda: any(g.get("connected") for g in self.admin.run("admin", "gateway", "list", "-o", "json").json()),
                 "the gateway to connect to the broker")
        return self

    def a_second(self):
        """The second in which something has to happen, and what this machine needs just now for what is done beside it."""
        began = time.monotonic()
        self.admin.run("whoami")
        return 1 + 4 * (time.monotonic() - began)

    # -- the supported machine ---------------------------------------------------------------------------------------
    def start_display(self, size="1280x800x24"):
        # A number of our own: servers that let -displayfd choose race, and one that ends unlinks the socket of the next.
        number = next(n for n in iter(lambda: random.randrange(1000, 59000), None)
                      if not os.path.exists(f"/tmp/.X11-unix/X{n}"))
        read, write = os.pipe()
        log = open(self.dir / "xvfb.log", "ab")
        process = subprocess.Popen(["Xvfb", f":{number}", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp", "-noreset"],
                                   pass_fds=[write], stdout=log, stderr=log, start_new_session=True)
        os.close(write)
        said = b""
        while not said.endswith(b"\n"):  # closing earlier would kill the server: it writes the line in two parts
            ready, _, _ = select.select([read], [], [], 20)
            part = os.read(read, 32) if ready else b""
            if not part:
                raise Failed("Xvfb did not start")
            said += part
        os.close(read)
        self.display = f":{number}"
        self.xvfb = process
        self.programs.insert(0, _Foreign("xvfb", process, self.dir / "xvfb.log"))
        self.desktop_env = dict(self.env, DISPLAY=self.display, HOME=str(self.dir / "desktop"))
        (self.dir / "desktop").mkdir(exist_ok=True)
        return self.display

    def start_applet(self, *argv, name="applet", env=None):
        return self.start(name, [self.bin / "rescue-applet", *argv], env=env or getattr(self, "desktop_env", self.env))


class _Foreign(Program):
    """A process started elsewhere, ended with the site like all others."""

    def __init__(self, name, process, log_path):  # pylint: disable=super-init-not-called
        self.name, self.process, self.log_path = name, process, pathlib.Path(log_path)
        self.log = open(log_path, "ab")
        self.buffer = b""


def end_marked(mark, grace=5):
    """Ends the processes that have `mark` in their environment: SIGTERM, and after `grace` seconds SIGKILL."""
    def marked():
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int(entry.name) != os.getpid() and \
                        mark.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                pass  # it has ended, or is another user's
        return found

    def end(sig):
        for pid in marked():
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
    deadline = time.monotonic() + grace
    if grace > 0:
        end(signal.SIGTERM)
        while marked() and time.monotonic() < deadline:
            time.sleep(0.05)
    end(signal.SIGKILL)


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(condition, what, timeout=30, interval=0.05):
    """Polls until the condition gives something true, and returns that."""
    deadline = time.monotonic() + timeout
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Failed(f"waited {timeout} s for {what}")
        time.sleep(interval)
