#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes keys.hpp and the corpus of the fuzz target saml_response: a choice of the vectors of tests/unit/saml_xml, signed with a
key that stands in keys.hpp and is used nowhere else."""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/unit/saml_xml"))
sys.dont_write_bytecode = True
import saml_maker as m  # noqa: E402
import vectors  # noqa: E402
import vectors_encryption  # noqa: E402
import vectors_good  # noqa: E402
import vectors_wrapping  # noqa: E402

CHOSEN = ["good_assertion_signed", "good_both_signed", "good_ecdsa", "good_encrypted_gcm_inner_signed", "good_pretty_printed",
          "good_encrypted_cbc256_both_signed", "good_base64_one_line", "good_inclusive_prefixes", "xsw1_response",
          "xsw4_assertion", "xsw8_sealed", "sealed_comment", "good_unsolicited", "good_encrypted_oaep_sha256"]


def text(name, value):
    lines = "\n".join(f'    "{line}\\n"' for line in value.strip().splitlines())
    return f"inline constexpr std::string_view {name} =\n{lines};\n"


def main():
    k = vectors.Keys()
    k.sp = k.idp  # one key in keys.hpp does for both sides
    pem = m.serialization.Encoding.PEM
    (ROOT / "tests/fuzz/saml_response/keys.hpp").write_text(
        "// SPDX-License-Identifier: Apache-2.0\n// Made by make_corpus.py; keys of nobody.\n#pragma once\n\n"
        "#include <string_view>\n\nnamespace fuzz {\n\n" + text("kKey", m.pem_of(k.idp)) +
        text("kCertificate", k.idp_pem.decode()) +
        text("kStranger", k.attacker_certificate.public_bytes(pem).decode()) + "\n}  // namespace fuzz\n")
    folder = ROOT / "tests/fuzz/corpus/saml_response"
    folder.mkdir(parents=True, exist_ok=True)
    made = {**vectors_good.vectors(k), **vectors_wrapping.vectors(k), **vectors_encryption.vectors(k)}
    for name in CHOSEN:
        content = made[name] if isinstance(made[name], bytes) else made[name].encode()
        (folder / name).write_bytes(b"\1" + content)
    (folder / "stranger").write_bytes(b"\0" + made["good_both_signed"].encode())
    (folder / "metadata").write_bytes(b"\2" + m.metadata([k.certificate]).encode())
    (folder / "words").write_bytes(b"\3" + json.dumps({"op": "read_metadata", "xml": "<x/>"}).encode())


if __name__ == "__main__":
    main()
