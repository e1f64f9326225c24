# SPDX-License-Identifier: Apache-2.0
"""A real rescue-broker process and small clients for it, from the Python standard library alone."""
import base64
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import time
import urllib.parse

BROKER = os.environ.get("RESCUE_BROKER", "build/dev/bin/rescue-broker")
ADMIN = "admin@example.test"
PASSWORD = "correct horse battery staple 17"
TECHNICIAN_PASSWORD = "a plain but rather long sentence 4"


class Failed(AssertionError):
    pass


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Identity:
    """A key with a self-made certificate, as applets, consoles and gateways have one."""

    def __init__(self, folder, name):
        self.key = str(pathlib.Path(folder) / f"{name}.key")
        self.cert = str(pathlib.Path(folder) / f"{name}.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                        "2", "-subj", "/CN=rescue session", "-keyout", self.key, "-out", self.cert],
                       check=True, capture_output=True)
        self.spki = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True,
                                   capture_output=True).stdout
        self.public = b64(self.spki)

    def csr(self):
        return subprocess.run(["openssl", "req", "-new", "-key", self.key, "-subj", "/CN=gateway", "-addext",
                               "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True).stdout.decode()


class LocalConnection(http.client.HTTPConnection):
    """HTTP over a socket of this machine."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]

    def expect(self, status, error=None):
        if self.status != status or (error is not None and self.error != error):
            raise Failed(f"expected {status} {error or ''}, got {self.status}: {self.body[:500]}")
        return self.json if self.body and "json" in self.headers.get("content-type", "") else self.body


class Broker:
    """Starts on a free port; leaving the context ends it and fails when a sanitizer spoke."""
    greeting = b""  # sent before TLS on each connection: a proxy's header

    def __init__(self, config="", init=True, environment=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="rescue-broker-"))
        self.state = self.dir / "state"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("RESCUE_", "XDG_"))}
        self.env.update(environment or {})
        self.config = self.dir / "broker.toml"
        self.config.write_text(config)
        self.port = 0
        self.process = None
        self.log = self.dir / "broker.log"
        if init:
            done = self.init()
            if done.returncode != 0:
                raise Failed(done.stderr.decode())

    def init(self, email=ADMIN, password=PASSWORD, *more):
        return subprocess.run([BROKER, "init", "--state", self.state, "--admin-email", email, "--admin-name", "Site Admin",
                               "--password-stdin", "-o", "json", *more], input=password.encode() + b"\n",
                              capture_output=True, env=self.env, timeout=60)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([BROKER, "run", "--state", self.state, "--config", self.config, "--listen",
                                             f"127.0.0.1:{self.port}"], stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.DEVNULL, env=self.env)
        ready, _, _ = select.select([self.process.stdout], [], [], 60)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            raise Failed("the broker did not start: " + self.log_text()[-2000:])
        self.ready = json.loads(line)
        self.port = int(self.ready["listen"].rsplit(":", 1)[1])
        return self

    def stop(self, sig=signal.SIGTERM):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(sig)
        status = self.process.wait(30)
        self.process.stdout.close()
        self.process = None
        return status

    def restart(self, sig=signal.SIGTERM):
        self.stop(sig)
        return self.start()

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, error, trace):
        status = self.stop()
        text = self.log_text()
        shutil.rmtree(self.dir, ignore_errors=True)
        if kind is None and ("Sanitizer" in text or status not in (0, None)):
            raise Failed(f"the broker ended with {status}:\n{text[-4000:]}")

    # -- clients ---------------------------------------------------------------------------------------------------
    def tls(self, identity=None):
        context = ssl.create_default_context(cafile=str(self.state / "ca.pem"))
        if identity is not None:
            context.load_cert_chain(identity.cert, identity.key)
        return context

    def connection(self, identity=None):
        out = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls(identity), timeout=30)
        if self.greeting:
            plain = socket.create_connection(("127.0.0.1", self.port), timeout=30)
            plain.sendall(self.greeting)
            out.sock = self.tls(identity).wrap_socket(plain, server_hostname="127.0.0.1")
        return out

    def call(self, method, path, body=None, token=None, identity=None, raw=None, headers=None):
        """One request on a connection of its own. `raw` is sent as it is, `body` as JSON."""
        connection = self.connection(identity)
        try:
            send = dict(headers or {})
            if token:
                send["Authorization"] = "Bearer " + token
            data = raw
            if body is not None:
                data = json.dumps(body)
                send.setdefault("Content-Type", "application/json")
            connection.request(method, path, data, send)
            response = connection.getresponse()
            text = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, text.decode(errors="replace"))
        finally:
            connection.close()

    def api(self, method, path, body=None, **more):
        return self.call(method, "/api/v1" + path, body, **more)

    def local(self, method, path, body=None, headers=None):
        """The API as the local administrator."""
        connection = LocalConnection(self.ready["admin_socket"])
        try:
            connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers or {})
            response = connection.getresponse()
            text = response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, text.decode(errors="replace"))
        finally:
            connection.close()

    def login(self, email=ADMIN, password=PASSWORD):
        return self.api("POST", "/auth/login", {"email": email, "password": password}).expect(200)["token"]

    def a_second(self, token):
        """The second in which something has to happen, and what this machine needs just now for what is done beside it."""
        began = time.monotonic()
        self.api("GET", "/auth/whoami", token=token).expect(200)
        return 1 + 20 * (time.monotonic() - began)

    def add_user(self, admin, email, role="technician", password=TECHNICIAN_PASSWORD, **more):
        self.api("POST", "/users", {"email": email, "name": email.split("@")[0].title(), "role": role, "password": password,
                                    **more}, token=admin).expect(201)
        return self.login(email, password)

    def new_session(self, token, **more):
        return self.api("POST", "/sessions", {"kind": "private", **more}, token=token).expect(201)

    def guid_of(self, pin):
        """Redeems the PIN and reads the authentication GUID from the invite, as an applet does."""
        invite = unb64(self.api("POST", "/pin", {"pin": pin}).expect(200)["invite"])
        return guid_in_invite(invite)

    def register(self, pin, identity, guid=None):
        guid = guid or self.guid_of(pin)
        return self.api("POST", "/applet/register", {"guid": guid, "host": {"name": "pc-1", "os": "Linux", "user": "eve"}},
                        identity=identity)

    def log_events(self, token, **query):
        text = urllib.parse.urlencode({"limit": 500, "order": "asc", **query})
        return self.api("GET", "/log?" + text, token=token).expect(200)["events"]


def guid_in_invite(envelope):
    """The GUID vector of the Invite inside a signed envelope; flatc turns the payload into JSON."""
    got = flatc_json("tokens", envelope[76:])["token"]["guid"]
    text = bytes(got).hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


SCHEMAS = pathlib.Path(__file__).resolve().parents[3] / "lib" / "wire"


def flatc_json(schema, data):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "m.bin").write_bytes(data)
        subprocess.run(["flatc", "--json", "--strict-json", "--raw-binary", "-o", folder, str(SCHEMAS / f"{schema}.fbs"), "--",
                        str(pathlib.Path(folder) / "m.bin")], check=True, capture_output=True)
        return json.loads((pathlib.Path(folder) / "m.json").read_text())


def flatc_binary(schema, message):
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "m.json").write_text(json.dumps(message))
        subprocess.run(["flatc", "--binary", "-o", folder, str(SCHEMAS / f"{schema}.fbs"), str(pathlib.Path(folder) / "m.json")],
                       check=True, capture_output=True)
        return next(p for p in pathlib.Path(folder).iterdir() if p.suffix != ".json").read_bytes()


class WebSocket:
    """RFC 6455 client, enough for tests."""

    def __init__(self, broker, path, token=None, identity=None, receive_buffer=None):
        raw = socket.socket()
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(30)
        raw.connect(("127.0.0.1", broker.port))
        raw.sendall(broker.greeting)
        self.socket = broker.tls(identity).wrap_socket(raw, server_hostname="127.0.0.1")
        head = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " + base64.b64encode(os.urandom(16)).decode()]
        if token:
            head.append("Authorization: Bearer " + token)
        self.socket.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
        self.buffer = b""
        while b"\r\n\r\n" not in self.buffer:
            self._more(30)
        answer, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        self.status = int(answer.split(b" ", 2)[1])
        self.answer = answer.decode()

    def _more(self, timeout):
        self.socket.settimeout(timeout)
        try:
            chunk = self.socket.recv(65536)
        except TimeoutError as late:
            raise Failed("no WebSocket data in time") from late
        except OSError:
            chunk = b""
        if not chunk:
            raise EOFError
        self.buffer += chunk

    def _need(self, size, timeout):
        while len(self.buffer) < size:
            self._more(timeout)

    def frame(self, timeout=30):
        self._need(2, timeout)
        opcode, size, at = self.buffer[0] & 15, self.buffer[1] & 127, 2
        if size == 126:
            self._need(4, timeout)
            size, at = struct.unpack(">H", self.buffer[2:4])[0], 4
        elif size == 127:
            self._need(10, timeout)
            size, at = struct.unpack(">Q", self.buffer[2:10])[0], 10
        self._need(at + size, timeout)
        payload, self.buffer = self.buffer[at:at + size], self.buffer[at + size:]
        return opcode, payload

    def send(self, opcode, payload):
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([0x80 | opcode]) + (bytes([0x80 | size]) if size < 126 else bytes([0xFE]) + struct.pack(">H", size))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def message(self, timeout=30):
        """The next text or binary message; ('close', code) at the end."""
        while True:
            opcode, payload = self.frame(timeout)
            if opcode == 9:
                self.send(10, payload)
            elif opcode == 8:
                return "close", struct.unpack(">H", payload[:2])[0] if payload else None
            elif opcode in (1, 2):
                return ("text", payload.decode()) if opcode == 1 else ("binary", payload)

    def event(self, wanted, timeout=30):
        """The next JSON message for which `wanted` is true; others are passed over."""
        deadline = time.monotonic() + timeout
        while True:
            kind, text = self.message(max(0.01, deadline - time.monotonic()))
            if kind == "close":
                raise Failed(f"closed with {text}")
            message = json.loads(text)
            if wanted(message):
                return message

    def close(self):
        self.socket.close()


class EventStream:
    """text/event-stream client over HTTPS, without reconnecting."""

    def __init__(self, broker, identity, last_event_id=None):
        self.connection = broker.connection(identity)
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        self.connection.request("GET", "/api/v1/applet/events", headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def event(self, timeout=30):
        """(type, data, id), or None at the end of the stream."""
        self.connection.sock and self.connection.sock.settimeout(timeout)
        kind, data, ident = "message", [], None
        while True:
            line = self.response.readline()
            if not line:
                return None
            line = line.decode().rstrip("\r\n")
            if not line:
                if data:
                    return kind, json.loads("\n".join(data)), ident
                continue
            if line.startswith("event:"):
                kind = line[6:].strip()
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif line.startswith("id:"):
                ident = line[3:].strip()

    def until(self, kind, timeout=30):
        while True:
            got = self.event(timeout)
            if got is None:
                raise Failed(f"the stream ended before '{kind}'")
            if got[0] == kind:
                return got

    def close(self):
        self.connection.close()


def wait_for(condition, what, timeout=30):
    deadline = time.monotonic() + timeout
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > deadline:
            raise Failed(f"waited {timeout} s for {what}")
        time.sleep(0.02)
