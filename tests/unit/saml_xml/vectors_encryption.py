# SPDX-License-Identifier: Apache-2.0
"""Encrypted assertions. Everybody can encrypt for us: that one opens says nothing of who made it."""
import os

import saml_maker as m


def vectors(k):
    public = k.sp.public_key()
    signed = m.sign(m.assertion(), k.idp)
    plain = m.bare(m.assertion())

    def loose(element):
        return m.bare(m.response(element))

    def whole(element):
        return m.sign(m.response(element), k.idp)

    key = os.urandom(16)
    sealed = m.encrypt_bytes(signed.encode(), key, m.GCM128)
    flipped = sealed[:40] + bytes([sealed[40] ^ 1]) + sealed[41:]
    cbc = m.encrypt_bytes(plain.encode(), key, m.CBC128)
    bad_padding = cbc[:-17] + bytes([cbc[-17] ^ 0xF0]) + cbc[-16:]
    return {
        "sealed_unsigned": loose(m.encrypted(plain, public)),
        "sealed_by_attacker": loose(m.encrypted(m.sign(m.assertion(), k.attacker), public)),
        "sealed_by_attacker_in_signed": whole(m.encrypted(m.sign(m.assertion(), k.attacker), public)),
        "sealed_response_forged": m.sign(m.response(m.encrypted(signed, public)), k.attacker),
        "sealed_moved_into_signed": whole(m.encrypted(plain, public)).replace(
            "<samlp:Status>", m.encrypted(m.bare(m.assertion(name_id="eve@example.test")), public) + "<samlp:Status>"),
        "sealed_swapped": (lambda one, two: whole(one).replace(one, two))(
            m.encrypted(plain, public), m.encrypted(m.bare(m.assertion(name_id="eve@example.test")), public)),
        "sealed_cbc_unsigned_response": loose(m.encrypted(signed, public, algorithm=m.CBC128)),
        "sealed_cbc_bad_padding": whole(m.encrypted("", public, algorithm=m.CBC128, content_key=key, sealed=bad_padding)),
        "sealed_cbc_half_block": whole(m.encrypted("", public, algorithm=m.CBC128, content_key=key, sealed=cbc[:-1])),
        "sealed_cbc_one_block": whole(m.encrypted("", public, algorithm=m.CBC128, content_key=key, sealed=cbc[:16])),
        "sealed_rsa15": loose(m.encrypted(signed, public, transport="http://www.w3.org/2001/04/xmlenc#rsa-1_5")),
        "sealed_3des": whole(m.encrypted(
            signed, public, sealed=sealed, content_key=key, algorithm="http://www.w3.org/2001/04/xmlenc#tripledes-cbc")),
        "sealed_unknown_oaep_digest": loose(m.encrypted(
            signed, public, transport=m.OAEP, method_inside=f'<ds:DigestMethod {m.DS} Algorithm="urn:none"/>')),
        "sealed_oaep_params": loose(m.encrypted(signed, public, method_inside="<xenc:OAEPparams>AAAA</xenc:OAEPparams>")),
        "sealed_flipped_bit": loose(m.encrypted("", public, content_key=key, sealed=flipped)),
        "sealed_cut": loose(m.encrypted("", public, content_key=key, sealed=sealed[:20])),
        "sealed_empty": loose(m.encrypted("", public, content_key=key, sealed=b"")),
        "sealed_nothing": loose(m.encrypted("", public)),
        "sealed_for_other": loose(m.encrypted(signed, k.other_sp.public_key())),
        "sealed_wrapped_zeros": loose(m.encrypted(signed, public, wrapped=b"\0" * 256)),
        "sealed_wrapped_short": loose(m.encrypted(signed, public, wrapped=b"\1")),
        "sealed_wrong_key_size": loose(m.encrypted(signed, public, content_key=os.urandom(16), sealed=sealed).replace(
            m.GCM128, m.GCM256)),
        "sealed_no_key": loose(m.encrypted(signed, public, key_copies=0)),
        "sealed_two_keys": loose(m.encrypted(signed, public, key_copies=2)),
        "sealed_two_data": loose(m.encrypted(signed, public, data_copies=2, beside=True)),
        "sealed_no_data": loose(f"<saml:EncryptedAssertion {m.A}></saml:EncryptedAssertion>"),
        "sealed_reference": loose(m.encrypted(
            signed, public, cipher_data='<xenc:CipherReference URI="http://127.0.0.1:9/x"></xenc:CipherReference>')),
        "sealed_reference_to_file": loose(m.encrypted(
            signed, public, cipher_data='<xenc:CipherReference URI="file:///etc/passwd"></xenc:CipherReference>')),
        "sealed_content_type": loose(m.encrypted(signed, public, kind="http://www.w3.org/2001/04/xmlenc#Content")),
        "sealed_properties": loose(m.encrypted(
            signed, public, data_extra="<xenc:EncryptionProperties></xenc:EncryptionProperties>")),
        "sealed_recursive_key": loose(m.encrypted(
            signed, public, key_extra=f'<xenc:EncryptedKey {m.XENC}></xenc:EncryptedKey>')),
        "sealed_comment": loose(m.encrypted(signed.replace("ada@", "ada@<!-- x -->"), public)),
        "sealed_dtd": loose(m.encrypted('<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + signed, public)),
        "sealed_not_xml": loose(m.encrypted("hello", public)),
        "sealed_two_assertions": loose(m.encrypted(m.bare(m.assertion(id="_evil-1")) + signed, public)),
        "sealed_wrapping": loose(m.encrypted(
            m.assertion(id="_evil-1", name_id="admin@example.test").replace(
                m.MARK, m.signature_of(m.assertion(), k.idp).replace(
                    "</ds:Signature>", f"<ds:Object>{plain}</ds:Object></ds:Signature>")), public)),
        "sealed_response": loose(m.encrypted(m.sign(m.response(plain), k.idp), public)),
        "sealed_twice": loose(m.encrypted(m.encrypted(signed, public), public)),
        "sealed_tampered": loose(m.encrypted(signed.replace("ada@", "eve@"), public)),
    }
