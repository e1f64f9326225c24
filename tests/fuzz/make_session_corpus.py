#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of tests/fuzz/corpus/session_messages: every golden message, to both ends, on its channel."""
import pathlib

HERE = pathlib.Path(__file__).parent
OUT = HERE / "corpus" / "session_messages"
CHANNELS = ["control", "input", "chat", "screen", "files"]


def channel(name):
    if name == "Chat":
        return "chat"
    if name.startswith("Input"):
        return "input"
    if name in ("ScreenPacket", "CursorShape", "CursorPosition"):
        return "screen"
    return "files" if name.startswith(("File", "Sysinfo")) else "control"


OUT.mkdir(parents=True, exist_ok=True)
for line in (HERE.parent / "golden" / "wire" / "session.txt").read_text().splitlines():
    name, message = line.split()
    for end in (0, 1):
        head = end | CHANNELS.index(channel(name)) << 1
        (OUT / f"{name}-{'to_console' if end else 'to_applet'}").write_bytes(bytes([head]) + bytes.fromhex(message))
