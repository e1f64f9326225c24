#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/fuzz/corpus/tokens: one seed per parser of tokens_fuzz.cpp (first byte: which parser).

Payload seeds are the golden tokens; keys, certificate and request are made by openssl(1)."""
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
OUT = ROOT / "tests/fuzz/corpus/tokens"
SIGNED = {"ticket": 3, "grant": 4, "invite": 5}


def openssl(*args, data=b""):
    return subprocess.run(["openssl", *args], input=data, capture_output=True, check=True).stdout


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for line in (ROOT / "tests/golden/wire/tokens.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, hexed = line.split()
        payload = bytes.fromhex(hexed)
        (OUT / f"signed-{name}").write_bytes(bytes([SIGNED[name]]) + payload)
        (OUT / f"envelope-{name}").write_bytes(bytes([SIGNED[name] - 3]) + b"RSG1" + bytes(72) + payload)
    for kind, options in {"p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "ed25519": ["ED25519"],
                          "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"], "rsa": ["RSA"]}.items():
        key = openssl("genpkey", "-algorithm", *options)
        (OUT / f"spki-{kind}").write_bytes(b"\x06" + openssl("pkey", "-pubout", "-outform", "DER", data=key))
        (OUT / f"cert-{kind}").write_bytes(
            b"\x07" + openssl("req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=rescue session", "-outform", "DER", data=key))
        san = ["-addext", "subjectAltName=DNS:gw.example.org,DNS:*.example.org,IP:10.0.0.7,IP:::1,email:a@b"]
        (OUT / f"csr-{kind}").write_bytes(
            b"\x08" + openssl("req", "-new", "-key", "/dev/stdin", "-subj", "/CN=gateway", *san, data=key))
        (OUT / f"chain-{kind}").write_bytes(
            b"\x09" + openssl("req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=a", data=key) * 2)


if __name__ == "__main__":
    main()
