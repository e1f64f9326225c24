#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of RCREC, written from man rcrec(5) and nothing else: Python's standard library only.

    rcrec_reader.py FILE          prints what is in a recording, one JSON object, keys sorted
    rcrec_reader.py --list FILE   also one line per chunk or damaged place
"""
import hashlib
import json
import sys

NAMES = {1: "HEAD", 2: "VIDEO", 3: "CKPT", 4: "CURSOR", 5: "CHAT", 6: "EVENT", 7: "CLOCK", 8: "INDEX", 9: "END"}
HEAD, VIDEO, CKPT, CURSOR, CHAT, EVENT, CLOCK, INDEX, END = range(1, 10)
MAX_LENGTH = 67_108_864
MAX_TIME = 31_622_400_000_000
MAX_JSON = 1_048_576
SYNC = b"RCK1"


class Refused(Exception):
    """The file is not for this reader: args are a name and a text."""


class Malformed(Exception):
    """A payload does not follow its type's layout."""


def make_crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


CRC_TABLE = make_crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def number(data, offset, size, signed=False):
    if offset + size > len(data):
        raise Malformed("cut off")
    return int.from_bytes(data[offset:offset + size], "big", signed=signed)


def chain_hash(data):
    return hashlib.sha256(data).digest()[:16]


def varint(data, at):
    value = 0
    for i in range(10):
        if at >= len(data):
            raise Malformed("varint cut off")
        byte = data[at]
        at += 1
        if i == 9 and byte > 1:
            raise Malformed("varint too large")
        value |= (byte & 0x7F) << (7 * i)
        if byte < 0x80:
            if i > 0 and byte == 0:
                raise Malformed("varint longer than needed")
            return value, at
    raise Malformed("varint too long")


def json_object(data):
    if len(data) > MAX_JSON:
        raise Malformed("JSON too large")
    try:
        value = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Malformed("JSON") from error
    if not isinstance(value, dict):
        raise Malformed("JSON is no object")
    return value


def items(payload, t0):
    at, t = 0, t0
    while at < len(payload):
        dt, at = varint(payload, at)
        length, at = varint(payload, at)
        t += dt
        if t > MAX_TIME or length > len(payload) - at:
            raise Malformed("item")
        yield t, payload[at:at + length]
        at += length


def check_cursor(item):
    kind = number(item, 0, 1)
    if kind == 1:
        width, height = number(item, 5, 2), number(item, 7, 2)
        number(item, 9, 4)
        if width > 256 or height > 256 or len(item) < 13 + 4 * width * height:
            raise Malformed("cursor shape")
    elif kind == 2 and len(item) < 14:
        raise Malformed("cursor position")


class Chunk:
    def __init__(self, header, offset):
        self.type, self.flags = header[4], header[5]
        self.length = number(header, 8, 4)
        self.t0, self.span = number(header, 12, 8), number(header, 20, 4)
        self.sequence = number(header, 24, 4)
        self.previous = header[28:44]
        self.offset = offset
        self.end = offset + 48 + self.length + 4


class Recording:
    def __init__(self, data):
        self.data = data
        self.damage = []  # (kind, offset)
        self.counts = {}
        self.chunks = self.video_packets = self.chat_lines = self.events = self.duration = 0
        self.finished = False
        self.last_index = self.last_t0 = 0
        self.listing = []
        self.check_file_header()
        self.tip = chain_hash(data[:64])
        self.walk()

    def check_file_header(self):
        data = self.data
        if data[:8] != b"RCREC\r\n\x1a":
            raise Refused("BAD_FORMAT", "no RCREC recording")
        if len(data) < 64:
            raise Refused("BAD_FORMAT", "header cut off")
        if number(data, 8, 2) != 1:
            raise Refused("UNSUPPORTED", f"version {number(data, 8, 2)}")
        if crc32c(data[:60]) != number(data, 60, 4):
            raise Refused("BAD_FORMAT", "header CRC")
        if number(data, 12, 4) & 0xFFFF:
            raise Refused("UNSUPPORTED", "flags")

    def header(self, at):
        raw = self.data[at:at + 48]
        if len(raw) < 48 or raw[:4] != SYNC or crc32c(raw[:44]) != number(raw, 44, 4):
            return None
        chunk = Chunk(raw, at)
        return chunk if chunk.length <= MAX_LENGTH and chunk.t0 <= MAX_TIME else None

    def scan(self, at):
        while (at := self.data.find(SYNC, at)) >= 0:
            chunk = self.header(at)
            if chunk and chunk.end <= len(self.data):
                return at
            at += 1
        return len(self.data)

    def bad(self, kind, offset):
        self.damage.append((kind, offset))
        self.listing.append(f"{offset:>10}  {kind}")

    def walk(self):
        """READING, rules 1 to 7."""
        size = len(self.data)
        at, ended = 64, False
        before = (0, self.tip)  # what the next chunk must carry; None behind damage
        while at < size:
            chunk = self.header(at)
            if ended:
                self.bad("after_end", at)
                return
            if size - at < 48:
                self.bad("torn_tail", at)
                return
            if not chunk:
                self.bad("bad_header", at)
                before, at = None, self.scan(at + 1)
                continue
            if chunk.end > size:
                following = self.scan(at + 48)
                self.bad("torn_tail" if following == size else "bad_payload", at)
                before, at = None, following
                continue
            payload = self.data[at + 48:chunk.end - 4]
            if crc32c(payload) != number(self.data, chunk.end - 4, 4):
                self.bad("bad_payload", at)
                before = None
                at = chunk.end if chunk.end == size or self.header(chunk.end) else self.scan(at + 48)
                continue
            if before and before != (chunk.sequence, chunk.previous):
                self.bad("broken_chain", at)
            self.tip = chain_hash(self.data[at:chunk.end])
            before = ((chunk.sequence + 1) & 0xFFFFFFFF, self.tip)
            ended = chunk.type == END
            if chunk.flags & 1:
                self.bad("encrypted", at)
            else:
                self.take(chunk, payload)
            at = chunk.end

    def take(self, chunk, payload):
        self.listing.append(f"{chunk.offset:>10}  {NAMES.get(chunk.type, 'UNKNOWN'):8} {chunk.sequence:>6} "
                            f"{chunk.t0 / 1e6:>12.6f} s  {chunk.length} bytes")
        if self.chunks == 0 and chunk.type != HEAD:
            self.bad("bad_content", chunk.offset)
        self.chunks += 1
        name = NAMES.get(chunk.type, "UNKNOWN")
        self.counts[name] = self.counts.get(name, 0) + 1
        self.duration = max(self.duration, min(chunk.t0 + chunk.span, MAX_TIME))
        if chunk.t0 < self.last_t0:
            self.bad("bad_content", chunk.offset)
        self.last_t0 = max(self.last_t0, chunk.t0)
        try:
            self.content(chunk, payload)
        except Malformed:
            self.bad("bad_content", chunk.offset)

    def content(self, chunk, payload):
        if chunk.type == HEAD:
            json_object(payload)
            if self.chunks > 1:
                raise Malformed("second HEAD")
        elif VIDEO <= chunk.type <= EVENT:
            for _, item in items(payload, chunk.t0):
                self.take_item(chunk.type, item)
        elif chunk.type == CLOCK:
            number(payload, 0, 8, signed=True)
        elif chunk.type == INDEX:
            self.take_index(chunk, payload)
        elif chunk.type == END:
            self.take_end(chunk, payload)

    def take_item(self, chunk_type, item):
        if chunk_type in (VIDEO, CKPT):
            self.video_packets += 1
        elif chunk_type == CURSOR:
            check_cursor(item)
        else:
            if chunk_type == CHAT:
                self.chat_lines += 1
            else:
                self.events += 1
            json_object(item)

    def take_index(self, chunk, payload):
        previous, count = number(payload, 0, 8), number(payload, 8, 4)
        if count > 4096 or len(payload) < 12 + 17 * count:
            raise Malformed("INDEX")
        entries = [(number(payload, 12 + 17 * n, 8), number(payload, 20 + 17 * n, 8)) for n in range(count)]
        if any(t > MAX_TIME for t, _ in entries):
            raise Malformed("INDEX")
        before, self.last_index = self.last_index, chunk.offset
        if self.damage:
            return
        if previous != before or any(not 64 <= offset < chunk.offset for _, offset in entries):
            raise Malformed("INDEX")

    def take_end(self, chunk, payload):
        duration, last_index, chunks = number(payload, 0, 8), number(payload, 8, 8), number(payload, 16, 4)
        if duration > MAX_TIME:
            raise Malformed("END")
        self.finished = True
        too_short = duration < self.duration
        self.duration = max(self.duration, duration)
        if too_short:
            raise Malformed("END")
        if not self.damage and (chunks + 1 != self.chunks or last_index != self.last_index):
            raise Malformed("END")

    def report(self):
        real = [d for d in self.damage if d[0] != "torn_tail"]
        first = (real or self.damage or [None])[0]
        return {
            "verdict": "damaged" if real else "intact" if self.finished else "unfinished",
            "finished": self.finished,
            "chunks": self.chunks,
            "by_type": self.counts,
            "video_packets": self.video_packets,
            "chat_lines": self.chat_lines,
            "events": self.events,
            "duration_us": self.duration,
            "chain_tip": self.tip.hex(),
            "damaged_places": len(self.damage),
            "first_bad": {"kind": first[0], "offset": first[1]} if first else None,
            "sha256": hashlib.sha256(self.data).hexdigest(),
        }


def main(arguments):
    listing = arguments[:1] == ["--list"]
    if len(arguments) != 1 + listing:
        print(__doc__, file=sys.stderr)
        return 2
    with open(arguments[-1], "rb") as file:
        data = file.read()
    try:
        recording = Recording(data)
    except Refused as error:
        print(json.dumps({"error": error.args[0]}, sort_keys=True))
        return 1
    if listing:
        print("\n".join(recording.listing))
    print(json.dumps(recording.report(), sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
