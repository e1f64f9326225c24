#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes responses, good and hostile, as FOLDER/NAME.xml, beside keys and metadata. What is to be thought of each stands in
expectations.tsv, written by hand.

usage: vectors.py FOLDER
"""
import pathlib
import sys

from cryptography.hazmat.primitives.asymmetric import ec

import saml_maker as m
import vectors_encryption
import vectors_good
import vectors_meaning
import vectors_signature
import vectors_text
import vectors_wrapping


class Keys:
    def __init__(self):
        self.idp, self.next, self.attacker, self.sp, self.other_sp = (m.make_rsa() for _ in range(5))
        self.curve = ec.generate_private_key(ec.SECP256R1())
        self.certificate = m.certificate_of(self.idp, "idp")
        self.attacker_certificate = m.certificate_of(self.attacker, "attacker")
        self.idp_pem = self.certificate.public_bytes(m.serialization.Encoding.PEM)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    k = Keys()
    certificates = [k.certificate, m.certificate_of(k.next, "next"), m.certificate_of(k.curve, "curve")]
    (folder / "metadata.idp").write_text(m.metadata(certificates))
    (folder / "weak.idp").write_text(m.metadata([m.certificate_of(m.make_rsa(1024), "weak")]))
    (folder / "sp.key").write_text(m.pem_of(k.sp))
    (folder / "sp.key").chmod(0o600)
    (folder / "other_sp.key").write_text(m.pem_of(k.other_sp))
    (folder / "other_sp.key").chmod(0o600)
    for module in (vectors_good, vectors_text, vectors_wrapping, vectors_signature, vectors_encryption, vectors_meaning):
        for name, content in module.vectors(k).items():
            path = folder / f"{name}.xml"
            if path.exists():
                sys.exit(f"two vectors of the name {name}")
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


if __name__ == "__main__":
    main()
