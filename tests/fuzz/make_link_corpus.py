#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of tests/fuzz/corpus/link_frames: paths as an honest peer opens them. Layout: lib/link/frame.hpp."""
import pathlib
import struct

OUT = pathlib.Path(__file__).parent / "corpus" / "link_frames"
ID = bytes([7]) * 16


def frame(kind, payload):
    return struct.pack(">B", kind) + len(payload).to_bytes(3, "big") + payload


def resume(received=0):
    return frame(1, struct.pack(">IBBH", 0x524C4B31, 1, 0, 0) + ID + struct.pack(">Q", received))


def record(kind, flags, payload=b""):
    return struct.pack(">BBH", kind, flags, len(payload)) + payload


def data(offset, *records):
    return frame(2, struct.pack(">Q", offset) + b"".join(records))


def number(kind, value):
    return frame(kind, struct.pack(">Q", value))


credit = record(0x40, 0, struct.pack(">BQ", 4, 8 << 20))
seeds = {
    "resume": resume(),
    "message": resume() + data(0, record(2, 3, b"hello")),
    "fragments": resume() + data(0, record(3, 1, b"aa")) + data(6, record(1, 3, b"key")) + data(13, record(3, 2, b"bb")),
    "repeat": resume() + data(0, record(2, 3, b"hello")) * 2,
    "ack_ping_pong": resume() + number(3, 104) + number(4, 1) + number(5, 1),
    "credit_fin": resume() + data(0, credit, record(0x41, 0)),
    "abandon": resume() + data(0, record(3, 1, b"aa"), record(3, 4), record(3, 3, b"cc")),
    "close": resume() + frame(6, struct.pack(">H", 2) + b"bye"),
    "resumed": resume(104) + data(0, record(0, 3, b"x")),
    "future": resume() + frame(0x80, b"later") + number(3, 0),
}
OUT.mkdir(parents=True, exist_ok=True)
for name, seed in seeds.items():
    (OUT / name).write_bytes(b"\x80" + seed)
