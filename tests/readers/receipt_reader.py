#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of receipts, written from man rescue-protocol(7), RECEIPTS, and nothing else: Python's standard library
and python3-cryptography for the signatures.

    rescue log query --session ID --all -o jsonl | receipt_reader.py      checks the log of one session

Every receipt must be signed by the key that is bound to the session, all of them must form one chain, and each thing that a
technician did must be covered by a yes that had not been taken back. Prints what is wrong, one line each; exit code 1 then.
"""
import base64
import dataclasses
import hashlib
import json
import struct
import sys
import uuid

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding

BITS = {name: bit for bit, name in enumerate(
    "remote_control desktop_view send_files receive_files file_manager send_urls system_information reboot record_session "
    "private_sessions windows_credentials clipboard_sync deploy_scripts".split())}
ANSWERS = {1: "yes", 2: "no", 3: "one_by_one", 4: "timed_out", 5: "revoked", 6: "lapsed"}
DOMAIN = b"rescue-receipt/1\0"
STATEMENT = struct.Struct(">4s16s16sQ32sQIIBBq32s32s")
FILES = {"to_applet": "send_files", "to_console": "receive_files"}
CARRIERS = ("consent.granted", "consent.denied", "consent.revoked", "question.answered")


@dataclasses.dataclass
class Receipt:
    session: str
    technician: str
    generation: int
    console: str
    number: int
    prompt: int
    permissions: int
    answer: str
    about: int
    time_us: int
    subject: str
    previous: bytes
    digest: bytes

    def covers(self, permission):
        return bool(self.permissions >> BITS[permission] & 1)


class Bad(Exception):
    """Not a receipt, or not of this key."""


def load_key(spki):
    return serialization.load_der_public_key(spki)


def read(raw, key):
    """The receipt in `raw`, signed by `key`."""
    if len(raw) <= STATEMENT.size:
        raise Bad(f"{len(raw)} bytes")
    statement, signature = raw[:STATEMENT.size], raw[STATEMENT.size:]
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, DOMAIN + statement, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(signature, DOMAIN + statement, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise Bad("the signature is not by the session's key") from None
    (magic, session, technician, generation, console, number, prompt, permissions, answer, about, time_us, subject,
     previous) = STATEMENT.unpack(statement)
    if magic != b"RSR1" or answer not in ANSWERS or number == 0:
        raise Bad("the statement makes no sense")
    return Receipt(str(uuid.UUID(bytes=session)), str(uuid.UUID(bytes=technician)), generation, console.hex(), number, prompt,
                   permissions, ANSWERS[answer], about, time_us, subject.hex(), previous, hashlib.sha256(raw).digest())


def needed(event):
    """The permissions of which one must cover this event of the applet's; () for what is no operation."""
    kind, data = event["type"], event["data"]
    if kind == "file.offered" and data.get("direction") == "to_applet":
        return ()  # the technician's wish, which may be refused; a name of the other direction has left the machine
    if kind in ("file.offered", "file.sent", "file.received"):
        return FILES.get(data.get("direction"), "send_files"), "file_manager", "clipboard_sync"
    if kind == "recording.started":
        return () if data.get("forced") else ("record_session",)
    if kind in ("url.ended", "credentials.ended"):
        return {"url.ended": ("send_urls",), "credentials.ended": ("windows_credentials",)}[kind] \
            if data.get("outcome") == "done" else ()
    return {"view.started": ("desktop_view",), "control.started": ("remote_control",), "sysinfo.sent": ("system_information",),
            "clipboard.started": ("clipboard_sync",), "clipboard.sent": ("clipboard_sync",),
            "script.started": ("deploy_scripts",), "files.listed": ("file_manager",), "files.started": ("file_manager",),
            "reboot.started": ("reboot",)}.get(kind, ())


class Log:
    """The log of one session, in the order in which its applet wrote it. `problems` says what is wrong with it."""

    def __init__(self, events):
        events = list(events)
        self.problems = []
        self.receipts = {}      # by number
        self.operations = 0
        self._allowed = {}      # (technician, permission) -> number of the yes that stands
        bound = [e for e in events if e["type"] == "session.applet_registered" and e["source"] == "broker"]
        self.key = None
        if bound:
            self.session = bound[0]["session"]
            spki = unbase64(bound[0]["data"].get("key", ""))
            if hashlib.sha256(spki).hexdigest() != bound[0]["data"].get("fingerprint"):
                self.problems.append("the session's key is not the one of its fingerprint")
            else:
                self.key = load_key(spki)
        for event in sorted((e for e in events if e["source"] == "applet"), key=lambda e: e["seq"]):
            self._take(event)
        self._check_chain()

    def _check_chain(self):
        """By number: what two technicians were answered at the same time may stand in the log the other way round."""
        before = b"\0" * 32
        for number, receipt in sorted(self.receipts.items()):
            if receipt.previous != before:
                self.problems.append(f"receipt {number} does not follow the one before it")
            before = receipt.digest
        if self.receipts and max(self.receipts) != len(self.receipts):
            missing = sorted(set(range(1, max(self.receipts))) - set(self.receipts))
            self.problems.append(f"receipts are missing: {missing}")

    def _complain(self, event, what):
        self.problems.append(f"applet event {event['seq']} {event['type']}: {what}")

    def _take(self, event):
        if event["type"] in CARRIERS and "signed" in event["data"]:
            self._take_receipt(event)
        elif event["type"] == "consent.granted" or event["type"] == "question.answered":
            self._complain(event, "without a receipt")
        if needed(event):
            self.operations += 1
            self._check_operation(event)

    def _take_receipt(self, event):
        data = event["data"]
        try:
            if self.key is None:
                raise Bad("no key is bound to the session")
            receipt = read(unbase64(data["signed"]), self.key)
        except (Bad, ValueError) as why:
            return self._complain(event, why)
        if receipt.number != data.get("receipt") or receipt.session != self.session:
            return self._complain(event, "the receipt is another one than it is said to be")
        if data.get("permission", "all") != "all" and not receipt.covers(data["permission"]):
            return self._complain(event, f"the receipt is not about {data['permission']}")
        expected = {"consent.granted": ("yes",), "consent.denied": ("no", "one_by_one", "timed_out", "revoked"),
                    "consent.revoked": ("revoked", "lapsed"), "question.answered": ("yes", "no", "timed_out")}[event["type"]]
        if receipt.answer not in expected:
            return self._complain(event, f"the receipt says {receipt.answer}")
        known = self.receipts.get(receipt.number)
        if known is not None:  # one answer about several permissions: one receipt in several events
            if known != receipt:
                self._complain(event, "another receipt of the same number")
            return None
        self.receipts[receipt.number] = receipt
        if receipt.about == 0:
            for permission in BITS:
                if not receipt.covers(permission):
                    continue
                if receipt.answer == "yes":
                    self._allowed[receipt.technician, permission] = receipt.number
                else:
                    self._allowed.pop((receipt.technician, permission), None)
        return None

    def _check_operation(self, event):
        number = event["data"].get("receipt")
        receipt = self.receipts.get(number)
        if receipt is None:
            return self._complain(event, f"no receipt {number} before it")
        if receipt.answer != "yes" or receipt.about != 0:
            return self._complain(event, f"receipt {number} is no yes to a permission")
        standing = [p for p in needed(event) if self._allowed.get((receipt.technician, p)) == number]
        if not standing:
            return self._complain(event, f"receipt {number} does not cover {' or '.join(needed(event))} any more or at all")
        return None


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main():
    log = Log(json.loads(line) for line in sys.stdin if line.strip())
    for problem in log.problems:
        print(problem)
    print(f"{len(log.receipts)} receipts, {log.operations} operations, {len(log.problems)} problems")
    return 1 if log.problems else 0


if __name__ == "__main__":
    sys.exit(main())
