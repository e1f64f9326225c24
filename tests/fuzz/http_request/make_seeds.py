#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seed corpora of net's fuzz targets into tests/fuzz/corpus/{http_request,websocket_frame,proxy_header,event_stream}."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parents[1] / "corpus"
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def frame(opcode, payload, fin=True, key=None):
    out = bytes([(0x80 if fin else 0) | opcode])
    mask = 0x80 if key else 0
    if len(payload) <= 125:
        out += bytes([mask | len(payload)])
    elif len(payload) <= 0xFFFF:
        out += bytes([mask | 126]) + struct.pack(">H", len(payload))
    else:
        out += bytes([mask | 127]) + struct.pack(">Q", len(payload))
    if key:
        out += key
        payload = bytes(b ^ key[i % 4] for i, b in enumerate(payload))
    return out + payload


KEY = b"\x37\xfa\x21\x3d"
SEEDS = {
    "http_request": {
        "get": b"\x00GET /api/v1/users/a%40b?limit=2 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n",
        "post": b"\x05POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET /",
        "chunked": b"\x03POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nab\r\n0\r\nT: v\r\n\r\n",
        "both_lengths": b"\x00POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        "upgrade": b"\x00GET /s HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\x81\x00",
        "response": b"\x80HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "response_chunked": b"\x84HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "response_to_end": b"\x82HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: x\n\n",
    },
    "websocket_frame": {
        "client_text": b"\x01" + frame(1, b"Hello", key=KEY),
        "server_fragments": b"\x00" + frame(1, b"Hel", fin=False) + frame(9, b"p") + frame(0, b"lo"),
        "server_long": b"\x80" + frame(2, b"x" * 300) + frame(8, struct.pack(">H", 1000) + b"bye"),
        "client_close": b"\x07" + frame(10, b"", key=KEY) + frame(8, b"", key=KEY),
        "bad_mask": b"\x01" + frame(1, b"Hello"),
        "huge_length": b"\x00\x82\x7f" + b"\xff" * 8,
    },
    "proxy_header": {
        "tcp4": SIGNATURE + b"\x21\x11\x00\x0c" + b"\xc0\x00\x02\x01\xc6\x33\x64\x02" + b"\xdc\x04\x01\xbb",
        "tcp6_tlv": SIGNATURE + b"\x21\x21\x00\x28" + bytes(range(32)) + b"\xdc\x04\x01\xbb" + b"\x04\x00\x01x",
        "local": SIGNATURE + b"\x20\x00\x00\x00",
        "too_long": SIGNATURE + b"\x21\x11\xff\xff",
        "short": SIGNATURE + b"\x21\x11\x00\x05abcde",
    },
    "event_stream": {
        "forms": b"\xef\xbb\xbf: hello\n\nid: 1\nevent: grant\ndata: a\ndata:b\ndata\n\r\n\rdata: later\r\rretry: 15\n\n",
        "unfinished": b"id: 7\r\ndata: x\r\n\r\ndata: never",
        "odd": b"data\n\ndata\ndata\n\nid\n\nid: a\0b\ndata:x\n\n:\n\n",
    },
}

for target, seeds in SEEDS.items():
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in seeds.items():
        (folder / name).write_bytes(content)
