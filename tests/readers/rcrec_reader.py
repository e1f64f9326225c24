#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of RCREC, written from man rcrec(5) and nothing else: Python's standard library, and for encrypted
recordings python3-cryptography (X25519, HKDF's HMAC is the standard library's, AES-GCM).

    rcrec_reader.py FILE             prints what is in a recording, one JSON object, keys sorted
    rcrec_reader.py --list FILE      also one line per chunk or damaged place
    rcrec_reader.py --key PEM FILE   opens an encrypted recording
"""
import argparse
import hashlib
import hmac
import json
import sys

NAMES = {1: "HEAD", 2: "VIDEO", 3: "CKPT", 4: "CURSOR", 5: "CHAT", 6: "EVENT", 7: "CLOCK", 8: "INDEX", 9: "END",
         10: "KEYS", 11: "REPAIR"}
HEAD, VIDEO, CKPT, CURSOR, CHAT, EVENT, CLOCK, INDEX, END, KEYS, REPAIR = range(1, 12)
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


def hkdf_extract(salt, data):
    return hmac.new(salt or bytes(32), data, hashlib.sha256).digest()


def hkdf_expand(key, info, length):
    return hmac.new(key, info + b"\x01", hashlib.sha256).digest()[:length]  # one block is all that is needed here


def unwrap(private, info, sealed):
    """RFC 9180, mode base: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM; None when it does not open."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    enc, box = sealed[:32], sealed[32:]
    try:
        agreed = private.exchange(X25519PublicKey.from_public_bytes(enc))
    except ValueError:
        return None

    def extract(suite, salt, label, data):
        return hkdf_extract(salt, b"HPKE-v1" + suite + label + data)

    def expand(suite, key, label, data, length):
        return hkdf_expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + data, length)

    kem, suite = b"KEM\x00\x20", b"HPKE\x00\x20\x00\x01\x00\x02"
    shared = expand(kem, extract(kem, b"", b"eae_prk", agreed), b"shared_secret", enc + raw_public(private), 32)
    context = b"\x00" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    key, nonce = expand(suite, secret, b"key", context, 32), expand(suite, secret, b"base_nonce", context, 12)
    try:
        return AESGCM(key).decrypt(nonce, box, b"")
    except InvalidTag:
        return None


def raw_public(private):
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def load_key(path):
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    with open(path, "rb") as file:
        return load_pem_private_key(file.read(), None)


def wrapped_keys(payload):
    suite, count = number(payload, 0, 1), number(payload, 2, 2)
    if suite != 1 or count > 64 or len(payload) < 4 + 88 * count:
        raise Malformed("KEYS")
    return [(payload[4 + 88 * n:12 + 88 * n], payload[12 + 88 * n:92 + 88 * n]) for n in range(count)]


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
    def __init__(self, data, key=None):
        self.data = data
        self.file_key = None
        self.last_seal, self.seals_known = 0, True
        self.damage = []  # (kind, offset)
        self.counts = {}
        self.chunks = self.video_packets = self.chat_lines = self.events = self.duration = 0
        self.finished = False
        self.last_index = self.last_t0 = 0
        self.unindexed = []  # (t0, offset, type) of CKPT and EVENT since the last INDEX
        self.listing = []
        self.check_file_header()
        self.encrypted = number(data, 12, 4) & 1
        if self.encrypted and key:
            self.unlock(key)
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
        if number(data, 12, 4) & 0xFFFF & ~(1 if number(data, 10, 2) else 0):
            raise Refused("UNSUPPORTED", "flags")

    def unlock(self, key):
        """The first whole KEYS chunk counts, wherever it stands."""
        keys, at = None, 64
        while keys is None and at < len(self.data):
            chunk = self.header(at)
            if not chunk or chunk.end > len(self.data):
                at = self.scan(at + 1)
                continue
            payload = self.data[at + 48:chunk.end - 4]
            at = chunk.end
            if chunk.type == KEYS and crc32c(payload) == number(self.data, chunk.end - 4, 4):
                try:
                    keys = wrapped_keys(payload)
                except Malformed:
                    pass
        if keys is None:
            raise Refused("BAD_FORMAT", "no KEYS")
        mine = hashlib.sha256(raw_public(key)).digest()[:8]
        for recipient, sealed in keys:
            if recipient == mine:
                self.file_key = unwrap(key, b"rescue rcrec file key" + self.data[:64], sealed)
                if self.file_key is None:
                    raise Refused("VERIFICATION_FAILED", "file key")
                return
        raise Refused("RECORDING_KEY_WRONG", "another recipient")

    def open_seal(self, chunk, payload):
        """Content, number, number before; None when the seal does not fit."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        body, seal = payload[:-24], payload[-24:]
        n, before, tag = number(seal, 0, 4), number(seal, 4, 4), seal[8:]
        clear = body if chunk.flags & 2 else b""
        associated = (bytes([chunk.type, chunk.flags]) + chunk.t0.to_bytes(8, "big") + chunk.span.to_bytes(4, "big") +
                      before.to_bytes(4, "big") + clear)
        try:
            content = AESGCM(self.file_key).decrypt(bytes(8) + n.to_bytes(4, "big"),
                                                    (b"" if chunk.flags & 2 else body) + tag, associated)
        except InvalidTag:
            return None
        return (clear or content), n, before

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
        if kind in ("bad_header", "bad_payload"):
            self.seals_known = False
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
            broken = before is not None and before != (chunk.sequence, chunk.previous)
            if broken:
                self.bad("broken_chain", at)
            self.tip = chain_hash(self.data[at:chunk.end])
            before = ((chunk.sequence + 1) & 0xFFFFFFFF, self.tip)
            ended = chunk.type == END
            if self.encrypted:
                self.sealed(chunk, payload, broken)
            elif chunk.flags & 1:
                self.bad("encrypted", at)
            else:
                self.take(chunk, payload)
            at = chunk.end

    def sealed(self, chunk, payload, broken):
        """ENCRYPTION, Reading."""
        how = chunk.flags & 3
        if chunk.type in (KEYS, REPAIR) or (how == 0 and chunk.type in (INDEX, END)):
            self.take(chunk, payload)
        elif how in (0, 3) or len(payload) < 24:
            self.bad("bad_seal", chunk.offset)
        elif self.file_key is None:
            self.take(chunk, payload[:-24] if how == 2 else None)
        else:
            opened = self.open_seal(chunk, payload)
            if opened is None:
                self.bad("bad_seal", chunk.offset)
                self.seals_known = False
                return
            content, n, before = opened
            if n <= self.last_seal:
                self.bad("bad_seal", chunk.offset)
                return
            if self.seals_known and before != self.last_seal and not broken:
                self.bad("broken_chain", chunk.offset)
            self.last_seal, self.seals_known = n, True
            self.take(chunk, content, sealed=True)

    def order(self, chunk):
        place = 1 if self.encrypted else 0
        if self.encrypted and self.chunks == 0 and chunk.type != KEYS:
            self.bad("bad_content", chunk.offset)
        if self.chunks == place and chunk.type != HEAD or self.chunks > place and chunk.type == HEAD:
            self.bad("bad_content", chunk.offset)

    def take(self, chunk, payload, sealed=False):
        """One whole chunk; its payload is None when it is encrypted and there is no key."""
        self.listing.append(f"{chunk.offset:>10}  {NAMES.get(chunk.type, 'UNKNOWN'):8} {chunk.sequence:>6} "
                            f"{chunk.t0 / 1e6:>12.6f} s  {chunk.length} bytes")
        self.order(chunk)
        self.chunks += 1
        name = NAMES.get(chunk.type, "UNKNOWN")
        self.counts[name] = self.counts.get(name, 0) + 1
        self.duration = max(self.duration, min(chunk.t0 + chunk.span, MAX_TIME))
        if chunk.t0 < self.last_t0:
            self.bad("bad_content", chunk.offset)
        self.last_t0 = max(self.last_t0, chunk.t0)
        if chunk.type in (CKPT, EVENT):
            self.unindexed.append((chunk.t0, chunk.offset, chunk.type))
        if payload is None:
            return
        if chunk.type == END and self.file_key and (not sealed or self.counts.get("REPAIR")):
            self.bad("bad_seal", chunk.offset)
        try:
            self.content(chunk, payload)
        except Malformed:
            self.bad("bad_content", chunk.offset)

    def content(self, chunk, payload):
        if chunk.type == HEAD:
            json_object(payload)
        elif chunk.type == KEYS:
            if not self.encrypted:
                raise Malformed("KEYS")
            wrapped_keys(payload)
        elif VIDEO <= chunk.type <= EVENT or chunk.type == REPAIR:
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
        entries = [(number(payload, 12 + 17 * n, 8), number(payload, 20 + 17 * n, 8), payload[28 + 17 * n])
                   for n in range(count)]
        if any(t > MAX_TIME for t, _, _ in entries):
            raise Malformed("INDEX")
        before, self.last_index = self.last_index, chunk.offset
        due, self.unindexed = self.unindexed, []
        if self.damage:
            return
        if previous != before or [e for e in entries if e[2] in (CKPT, EVENT)] != due:
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
        if self.damage:
            return
        if chunks + 1 != self.chunks:
            self.bad("bad_content", chunk.offset)
        if last_index != self.last_index:
            self.bad("bad_content", chunk.offset)
        if self.unindexed:
            self.bad("bad_content", chunk.offset)

    def report(self):
        real = [d for d in self.damage if d[0] != "torn_tail"]
        first = (real or self.damage or [None])[0]
        return {
            "verdict": "damaged" if real else "intact" if self.finished else "unfinished",
            "content_read": not self.encrypted or self.file_key is not None,
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--key")
    parser.add_argument("file")
    arguments = parser.parse_args()
    with open(arguments.file, "rb") as file:
        data = file.read()
    try:
        recording = Recording(data, load_key(arguments.key) if arguments.key else None)
    except Refused as error:
        print(json.dumps({"error": error.args[0]}, sort_keys=True))
        return 1
    if arguments.list:
        print("\n".join(recording.listing))
    print(json.dumps(recording.report(), sort_keys=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
