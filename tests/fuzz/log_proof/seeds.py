#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seeds of the fuzz target log_proof, made from the formats as man rescue-log-proof(7) has them."""
import pathlib
import struct

u64 = lambda n: struct.pack(">Q", n)
some = b"\1" + bytes(range(16))
head = lambda session, origin: (b"RSH\1" + session + b"\x06applet" + origin + u64(0) + u64(5) + b"\x11" * 32 + u64(1764000000000000)
                                + b"\1" + b"\x22" * 32 + struct.pack(">H", 64) + b"\x33" * 64)
SEEDS = {
    "head": b"\0" + head(some, b"\0"),
    "head_of_console": b"\0" + head(some, some),
    "head_of_site": b"\0" + head(b"\0", b"\0"),
    "head_cut": b"\0" + head(some, b"\0")[:60],
    "opening": b'\1{"salt":"000102030405060708090a0b0c0d0e0f"}',
    "opening_erased": b'\1{"salts":{"from":"000102030405060708090a0b0c0d0e0f"},"erased":{"text":"' + b"ab" * 32 + b'"}}',
    "value": '\1{"b":[1,-2,null,true,"é\\u0001"],"a":{}}'.encode(),
    "value_float": b'\1{"a":1.5}',
    "checkpoint": ("\2example.org/log\n12\n" + "W" * 42 + "o=\ntime 1764000000000000\n\n\u2014 example.org/log " + "A" * 92
                   + "\n").encode(),
    "checkpoint_unsigned": b"\2example.org/log\n12\n\n",
}
corpus = pathlib.Path(__file__).parents[1] / "corpus" / "log_proof"
corpus.mkdir(exist_ok=True)
for name, data in SEEDS.items():
    (corpus / name).write_bytes(data)
