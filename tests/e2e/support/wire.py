# SPDX-License-Identifier: Apache-2.0
"""A hand-off client of its own (man rescue-protocol(7)): FlatBuffers by hand, libssl by ctypes, keys by openssl(1)."""
import base64
import ctypes
import ctypes.util
import hashlib
import http.client
import json
import pathlib
import socket
import ssl
import struct
import subprocess

HELLO, WAITING, JOINED, REFUSED, PING, PONG = range(1, 7)
REASONS = ("other", "bad_message", "bad_ticket", "expired", "wrong_holder", "wrong_guid", "not_admitted", "full", "draining",
           "timed_out", "too_many", "network")
APPLET, CONSOLE = 1, 2


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def flip(data, bit):
    out = bytearray(data)
    out[bit // 8] ^= 1 << (bit % 8)
    return bytes(out)


# ---- FlatBuffers: what the hand-off needs

class Table:
    """Reads a table: field(n) is its place or None."""

    def __init__(self, data, at=None):
        self.data = data
        self.at = struct.unpack_from("<I", data, 0)[0] if at is None else at
        self.vtable = self.at - struct.unpack_from("<i", data, self.at)[0]

    def field(self, n):
        size = struct.unpack_from("<H", self.data, self.vtable)[0]
        offset = struct.unpack_from("<H", self.data, self.vtable + 4 + 2 * n)[0] if 4 + 2 * n < size else 0
        return self.at + offset if offset else None

    def byte(self, n, default=0):
        at = self.field(n)
        return default if at is None else self.data[at]

    def follow(self, n):
        at = self.field(n)
        return None if at is None else at + struct.unpack_from("<I", self.data, at)[0]

    def table(self, n):
        return Table(self.data, self.follow(n))

    def bytes(self, n):
        at = self.follow(n)
        if at is None:
            return b""
        size = struct.unpack_from("<I", self.data, at)[0]
        return bytes(self.data[at + 4:at + 4 + size])


class _Builder:
    def __init__(self, identifier):
        self.out = bytearray(4) + identifier

    def pad(self, to):
        self.out += bytes(-len(self.out) % to)

    def table(self, fields):
        """fields: number -> int (one byte), bytes (a vector) or dict (a table). Children come behind their parent."""
        count = max(fields, default=-1) + 1
        offsets, size = [0] * count, 4
        for n, value in sorted(fields.items(), key=lambda f: isinstance(f[1], int)):
            offsets[n] = size
            size += 1 if isinstance(value, int) else 4
        self.pad(4)
        vtable = len(self.out)
        self.out += struct.pack(f"<HH{count}H", 4 + 2 * count, size, *offsets)
        self.pad(4)
        at = len(self.out)
        self.out += struct.pack("<i", at - vtable) + bytes(size - 4)
        for n, value in fields.items():
            place = at + offsets[n]
            if isinstance(value, int):
                self.out[place] = value
                continue
            self.pad(4)
            if isinstance(value, dict):
                child = self.table(value)
            else:
                child = len(self.out)
                self.out += struct.pack("<I", len(value)) + value
            struct.pack_into("<I", self.out, place, child - place)
        return at


def handoff_message(kind, fields):
    builder = _Builder(b"RHO1")
    struct.pack_into("<I", builder.out, 0, builder.table({0: kind, 1: fields}))
    return bytes(builder.out)


def hello(role, ticket, guid, possession):
    fields = {1: role, 2: ticket, 4: possession}
    if guid is not None:
        fields[3] = guid
    return handoff_message(HELLO, fields)


def frame(message):
    return struct.pack(">I", len(message)) + message


def guid_of_invite(invite):
    """The secret in an invite: envelope header, TokenEnvelope, Invite, its first field."""
    return Table(invite[76:]).table(1).bytes(0)


def guid_text(raw):
    h = raw.hex()
    return "-".join((h[:8], h[8:12], h[12:16], h[16:20], h[20:]))


# ---- keys

class Identity:
    """A session identity as rescue-protocol(7) has it: ECDSA P-256 (or RSA-2048 for aes256-sha), self-signed."""

    def __init__(self, folder, name, rsa=False):
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        self.key, self.cert = pathlib.Path(folder) / f"{name}.key", pathlib.Path(folder) / f"{name}.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-days", "2", "-subj", "/CN=rescue session",
                        "-keyout", self.key, "-out", self.cert], check=True, capture_output=True, timeout=30)
        self.spki = subprocess.run(["openssl", "pkey", "-in", self.key, "-pubout", "-outform", "DER"], check=True,
                                   capture_output=True, timeout=30).stdout
        self.fingerprint = hashlib.sha256(self.spki).hexdigest()

    def sign(self, data):
        return subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key], input=data, check=True, capture_output=True,
                              timeout=30).stdout

    def possession(self, exporter, ticket):
        return self.sign(b"rescue-possession/1\0" + exporter + hashlib.sha256(ticket).digest())


# ---- the broker's API, without the project's client

def api(site, method, path, body=None, token=None, identity=None):
    """(status, object). The tests' own loopback server is not checked: what is tested is the server."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if identity:
        context.load_cert_chain(identity.cert, identity.key)
    connection = http.client.HTTPSConnection("127.0.0.1", site.broker_port, timeout=30, context=context)
    try:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        connection.request(method, "/api/v1" + path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read()
        return response.status, json.loads(text) if text else None
    finally:
        connection.close()


# ---- outer TLS

class _Ssl:
    def __init__(self):
        lib = ctypes.CDLL(ctypes.util.find_library("ssl"))
        pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
        for name, result, arguments in (
                ("TLS_client_method", pointer, []), ("SSL_CTX_new", pointer, [pointer]), ("SSL_CTX_free", None, [pointer]),
                ("SSL_CTX_set_alpn_protos", number, [pointer, text, ctypes.c_uint]), ("SSL_new", pointer, [pointer]),
                ("SSL_set_fd", number, [pointer, number]), ("SSL_connect", number, [pointer]), ("SSL_free", None, [pointer]),
                ("SSL_read", number, [pointer, text, number]), ("SSL_write", number, [pointer, text, number]),
                ("SSL_shutdown", number, [pointer]), ("SSL_get_error", number, [pointer, number]),
                ("SSL_export_keying_material", number, [pointer, text, ctypes.c_size_t, text, ctypes.c_size_t, text,
                                                        ctypes.c_size_t, number])):
            function = getattr(lib, name)
            function.restype, function.argtypes = result, arguments
        self.lib = lib


def proxy_header(source):
    """PROXY protocol version 2 for a TCP client at `source`."""
    six = ":" in source
    family = socket.AF_INET6 if six else socket.AF_INET
    body = socket.inet_pton(family, source) + socket.inet_pton(family, "2001:db8::99" if six else "192.0.2.99")
    body += struct.pack("!HH", 4711, 443)
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x21 if six else 0x11]) + struct.pack("!H", len(body)) + body


class Gone(Exception):
    """The gateway ended the connection."""


class HandOff:
    """One connection to a gateway, up to the hand-off's frames."""
    libssl = None

    def __init__(self, port, timeout=20, source=None):
        """`source`: where a trusted proxy says that we come from."""
        HandOff.libssl = HandOff.libssl or _Ssl().lib
        lib = HandOff.libssl
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        if source:
            self.socket.sendall(proxy_header(source))
        # libssl works on the descriptor: the time-outs are the kernel's.
        self.socket.settimeout(None)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", timeout, 0))
        self.context = lib.SSL_CTX_new(lib.TLS_client_method())
        lib.SSL_CTX_set_alpn_protos(self.context, b"\x0brescue-gw/1", 12)
        self.ssl = lib.SSL_new(self.context)
        lib.SSL_set_fd(self.ssl, self.socket.fileno())
        if lib.SSL_connect(self.ssl) != 1:
            self.close()
            raise Gone("no TLS")

    def exporter(self):
        out = ctypes.create_string_buffer(32)
        label = b"EXPORTER-rescue-possession"
        if self.libssl.SSL_export_keying_material(self.ssl, out, 32, label, len(label), None, 0, 0) != 1:
            raise Gone("no exporter")
        return out.raw

    def write(self, data):
        if self.libssl.SSL_write(self.ssl, data, len(data)) != len(data):
            raise Gone("write")

    def read(self, size):
        out = b""
        while len(out) < size:
            buffer = ctypes.create_string_buffer(size - len(out))
            got = self.libssl.SSL_read(self.ssl, buffer, size - len(out))
            if got <= 0:
                raise Gone(f"read: {self.libssl.SSL_get_error(self.ssl, got)}")
            out += buffer.raw[:got]
        return out

    def message(self):
        """(kind, Table) of the next frame; Gone when the gateway hung up."""
        size = struct.unpack(">I", self.read(4))[0]
        table = Table(self.read(size))
        return table.byte(0), table.table(1)

    def answer(self, message):
        """What the gateway says to this frame: "waiting", or the reason of its refusal."""
        self.write(frame(message))
        return self.verdict()

    def verdict(self):
        kind, table = self.message()
        return {WAITING: "waiting", JOINED: "joined"}[kind] if kind != REFUSED else REASONS[table.byte(0)]

    def leave(self):
        """Leaves the outer TLS after Joined; what follows on the socket, which is returned, is the other end's."""
        if self.libssl.SSL_shutdown(self.ssl) < 0:
            raise Gone("close_notify")
        if self.libssl.SSL_shutdown(self.ssl) != 1:  # waits for the gateway's
            raise Gone("no close_notify from the gateway")
        return self.socket

    def closed(self):
        """True when nothing more comes but the end."""
        try:
            self.read(1)
        except Gone:
            return True
        return False

    def close(self):
        self.libssl.SSL_free(self.ssl)
        self.libssl.SSL_CTX_free(self.context)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
