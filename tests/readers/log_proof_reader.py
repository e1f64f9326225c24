#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of log proofs, written from man rescue-log-proof(7) and nothing else: Python's standard library, and
python3-cryptography for the signatures.

    log_proof_reader.py evidence_vectors      checks what that program made of a log: exit code 1 when the two differ
"""
import base64
import hashlib
import hmac
import json
import struct
import subprocess
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding


def h(domain, *fields):
    return hashlib.sha256(domain.encode() + b"\0" + b"".join(fields)).digest()


def u64(n):
    return struct.pack(">Q", n)


def text(s):
    b = s.encode()
    return u64(len(b)) + b


def maybe_id(s):
    return b"\1" + bytes.fromhex(s.replace("-", "")) if s else b"\0"


def canonical(value):
    def no_float(_):
        raise ValueError("not a whole number")
    json.loads(json.dumps(value), parse_float=no_float)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def field_digests(data, opening):
    out = {name: bytes.fromhex(d) for name, d in opening.get("erased", {}).items()}
    for name, value in data.items():
        if "salt" in opening:
            salt = hmac.new(bytes.fromhex(opening["salt"]), name.encode(), hashlib.sha256).digest()[:16]
        else:
            salt = bytes.fromhex(opening["salts"][name])
        out[name] = h("rescue-field/1", salt, text(name), text(canonical(value)))
    return out


def chain_bytes(c):
    return maybe_id(c.get("session")) + text(c["source"]) + maybe_id(c.get("origin")) + u64(c["run"])


def entry_digest(chain, e):
    fields = field_digests(e["data"], e["opening"])
    parts = [chain_bytes(chain), u64(e["seq"]), u64(e["time"]), text(e["type"]), text(e["actor"]), u64(len(fields))]
    for name in sorted(fields, key=str.encode):
        parts += [text(name), fields[name]]
    return h("rescue-entry/1", *parts)


def chain_heads(chain, entries):
    head = h("rescue-chain/1", chain_bytes(chain))
    out = [head]
    for e in entries:
        head = h("rescue-link/1", head, entry_digest(chain, e))
        out.append(head)
    return out


class Cut(Exception):
    """Bytes end too early."""


class Reader:
    def __init__(self, b):
        self.b = b

    def take(self, n):
        if len(self.b) < n:
            raise Cut
        out, self.b = self.b[:n], self.b[n:]
        return out

    def u64(self):
        return struct.unpack(">Q", self.take(8))[0]

    def id(self):
        return self.take(16) if self.take(1) == b"\1" else None


def read_head(b):
    r = Reader(b)
    assert r.take(4) == b"RSH\1"
    session, source = r.id(), r.take(r.take(1)[0]).decode()
    origin, run, seq, head, at = r.id(), r.u64(), r.u64(), r.take(32), r.u64()
    closed, signer = r.take(1)[0], r.take(32)
    signature = r.take(struct.unpack(">H", r.take(2))[0])
    assert not r.b
    name = lambda i: b"\1" + i if i else b"\0"
    signed = b"rescue-head/1\0" + name(session) + text(source) + name(origin) + u64(run) + u64(seq) + head + u64(at) + bytes([closed])
    return {"seq": seq, "head": head, "closed": closed == 1, "signer": signer, "signature": signature, "signed": signed}


def check_signature(key, signature, message):
    if isinstance(key, ed25519.Ed25519PublicKey):
        key.verify(signature, message)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    else:
        key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


def merkle_root(leaves):
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + merkle_root(leaves[:k]) + merkle_root(leaves[k:])).digest()


def leaf(v):
    data = b"rescue-leaf/1\0" + bytes([v["kind"]]) + bytes.fromhex(v["session"].replace("-", "")) + u64(v["time"])
    data += u64(len(v["heads"]))
    for head in v["heads"]:
        b = bytes.fromhex(head)
        data += u64(len(b)) + b
    return hashlib.sha256(b"\0" + data).digest()


def check_checkpoint(note, raw, expected):
    body, signatures = note.split("\n\n")
    body += "\n"
    origin, size, root, when = body.splitlines()
    assert [origin, int(size), base64.b64decode(root).hex(), int(when.removeprefix("time "))] == expected
    key_id = hashlib.sha256(origin.encode() + b"\n\1" + raw).digest()[:4]
    dash, name, encoded = signatures.splitlines()[0].split(" ")
    signature = base64.b64decode(encoded)
    assert dash == "\u2014" and name == origin and signature[:4] == key_id
    ed25519.Ed25519PublicKey.from_public_bytes(raw).verify(signature[4:], body.encode())


def main():
    problems = []
    v = json.loads(subprocess.run(sys.argv[1:2], check=True, capture_output=True).stdout)
    for chain in v["chains"]:
        heads = chain_heads(chain["id"], chain["entries"])
        for e, mine in zip(chain["entries"], heads[1:], strict=True):
            if entry_digest(chain["id"], e).hex() != e["digest"]:
                problems.append(f"digest of event {e['seq']} of {chain['id']}")
            if mine.hex() != e["head"]:
                problems.append(f"head behind event {e['seq']} of {chain['id']}")
        spki = bytes.fromhex(chain["spki"])
        for raw in chain["heads"]:
            head = read_head(bytes.fromhex(raw))
            if head["signer"] != hashlib.sha256(spki).digest() or heads[head["seq"]] != head["head"]:
                problems.append(f"signed head at {head['seq']} of {chain['id']}")
            try:
                check_signature(serialization.load_der_public_key(spki), head["signature"], head["signed"])
            except InvalidSignature:
                problems.append(f"signature at {head['seq']} of {chain['id']}")
    leaves = [leaf(x) for x in v["leaves"]]
    for n, root in enumerate(v["roots"]):
        if merkle_root(leaves[:n]).hex() != root:
            problems.append(f"root of the tree of {n}")
    check_checkpoint(v["checkpoint"], bytes.fromhex(v["site_key"]), [v["origin"], len(leaves), v["roots"][-1], v["time"]])
    for p in problems:
        print(p)
    print(f"{sum(len(c['entries']) for c in v['chains'])} events, {len(leaves)} leaves, {len(problems)} differences")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
