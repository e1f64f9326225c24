#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/corpus/handoff: every golden hand-off message as a frame in each state, and ClientHellos of openssl(1)."""
import pathlib
import socket
import struct
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
OUT = ROOT / "tests/fuzz/corpus/handoff"


def client_hello(*options):
    """The first flight of `openssl s_client`."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{listener.getsockname()[1]}", *options],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        connection, _ = listener.accept()
        with connection:
            header = connection.recv(5, socket.MSG_WAITALL)
            body = connection.recv(struct.unpack(">H", header[3:])[0], socket.MSG_WAITALL)
        client.wait()
    return header + body


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for line in (ROOT / "tests/golden/wire/handoff.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, hexed = line.split()
        message = bytes.fromhex(hexed)
        for state in range(3):
            (OUT / f"{name}-{state}").write_bytes(bytes([state]) + struct.pack(">I", len(message)) + message)
    (OUT / "oversized").write_bytes(b"\x00" + struct.pack(">I", 4097) + bytes(20))
    for name, options in {"gw": ["-alpn", "rescue-gw/1"], "http": ["-alpn", "h2,http/1.1"], "bare": [],
                          "tls12": ["-tls1_2", "-alpn", "h2,rescue-gw/1"]}.items():
        hello = client_hello(*options)
        (OUT / f"front-{name}").write_bytes(b"\x03" + hello)
        (OUT / f"hello-{name}").write_bytes(b"\x04" + hello[9:])


if __name__ == "__main__":
    main()
