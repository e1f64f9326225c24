# SPDX-License-Identifier: Apache-2.0
"""Responses that must be accepted, each for one reason."""
import base64

import saml_maker as m


def signed(k, **options):
    return m.sign(m.assertion(**options), k.idp)


def unsolicited(k):
    inner = m.sign(m.assertion(confirm=m.confirmation(request=None)), k.idp)
    return m.sign(m.response(inner, request=None), k.idp)


def by_encryption(k):
    public = k.sp.public_key()
    inside = signed(k)
    plain = m.bare(m.assertion())

    def whole(element):
        return m.sign(m.response(element), k.idp)

    return {
        "good_encrypted_gcm_inner_signed": m.bare(m.response(m.encrypted(inside, public))),
        "good_encrypted_gcm_outer_signed": whole(m.encrypted(plain, public, algorithm=m.GCM256)),
        "good_encrypted_gcm_both_signed": whole(m.encrypted(inside, public)),
        "good_encrypted_cbc_outer_signed": whole(m.encrypted(plain, public, algorithm=m.CBC128)),
        "good_encrypted_cbc256_both_signed": whole(m.encrypted(inside, public, algorithm=m.CBC256)),
        "good_encrypted_key_beside": whole(m.encrypted(inside, public, beside=True)),
        "good_encrypted_oaep_sha256": whole(
            m.encrypted(inside, public, transport=m.OAEP11, oaep_hash="sha256", mask_hash="sha256")),
        "good_encrypted_oaep11_defaults": whole(m.encrypted(inside, public, transport=m.OAEP11)),
    }


def by_form(k):
    prefix_list = f'<ec:InclusiveNamespaces xmlns:ec="{m.EXCLUSIVE}" PrefixList="saml"></ec:InclusiveNamespaces>'
    with_prefixes = m.transform(m.ENVELOPED) + m.transform(m.EXCLUSIVE, prefix_list)
    foreign = f'<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{m.der_text(k.attacker_certificate)}</ds:X509Certificate>' \
        '</ds:X509Data></ds:KeyInfo>'
    fetched = '<ds:KeyInfo><ds:RetrievalMethod URI="http://127.0.0.1:9/key"></ds:RetrievalMethod></ds:KeyInfo>'
    pretty = m.assertion().replace("><saml:", ">\n    <saml:").replace("></saml:Subject", ">\n  </saml:Subject")
    default = m.assertion().replace("saml:", "").replace("xmlns:saml", "xmlns").replace(m.A, 'xmlns="x"')
    default = default.replace("xmlns:xmlns", "xmlns").replace(m.A.replace("saml:", ""), "")
    typed = '<saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" ' \
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">'
    lines = base64.encodebytes(m.bare(m.response(signed(k))).encode()).decode().replace("\n", "\r\n")
    return {
        "good_inclusive_prefixes": m.bare(m.response(m.sign(m.assertion(), k.idp, transforms=with_prefixes))),
        "good_foreign_key_info": m.bare(m.response(m.sign(m.assertion(), k.idp, key_info=foreign))),
        "good_key_info_to_fetch": m.bare(m.response(m.sign(m.assertion(), k.idp, key_info=fetched))),
        "good_pretty_printed": m.bare(m.response(m.sign(pretty, k.idp))).replace("<samlp:Status>", "\n  <samlp:Status>"),
        "good_default_namespace": m.bare(m.response(m.sign(default, k.idp))),
        "good_typed_values": m.bare(m.response(signed(
            k, attributes=m.ATTRIBUTES.replace("<saml:AttributeValue>", typed)))),
        "good_foreign_id": m.bare(m.response(m.sign(m.assertion().replace(
            "<saml:Assertion ", '<saml:Assertion xmlns:x="urn:x" x:ID="_other" '), k.idp))),
        "good_xml_declaration": '<?xml version="1.0" encoding="utf-8"?>\n' + m.bare(m.response(signed(k))),
        "good_byte_order_mark": b"\xef\xbb\xbf" + m.bare(m.response(signed(k))).encode(),
        "good_base64_lines": lines,
        "good_base64_one_line": m.b64(m.bare(m.response(signed(k))).encode()),
        "good_character_references": m.bare(m.response(signed(
            k, attributes=m.ATTRIBUTES + m.attribute("note", "caf&#xE9;&#13;&#10;na&#239;ve")))),
    }


def vectors(k):
    skewed = m.conditions(end=-30)
    two = m.confirmation(method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key") + m.confirmation(
        recipient="https://elsewhere.example/acs") + m.confirmation()
    targeted = m.ATTRIBUTES + m.attribute(
        "urn:oid:1.3.6.1.4.1.5923.1.1.1.10", '<saml:NameID NameQualifier="q">opaque</saml:NameID>', "plain")
    nil = '<saml:Attribute Name="empty"><saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' \
        'xsi:nil="true"></saml:AttributeValue></saml:Attribute>'
    many = m.attribute("groups", *(f"group-{i}" for i in range(1500)))

    def from_inner(inner, **options):
        return m.bare(m.response(inner, **options))

    return {
        "good_assertion_signed": from_inner(signed(k)),
        "good_response_signed": m.sign(m.response(m.bare(m.assertion())), k.idp),
        "good_both_signed": m.sign(m.response(signed(k)), k.idp),
        "good_second_key": from_inner(m.sign(m.assertion(), k.next)),
        "good_ecdsa": from_inner(m.sign(
            m.assertion(), k.curve, method="http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")),
        "good_sha384": from_inner(m.sign(
            m.assertion(), k.idp, method="http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
            digest_method="http://www.w3.org/2001/04/xmldsig-more#sha384")),
        "good_sha512": from_inner(m.sign(
            m.assertion(), k.idp, method="http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
            digest_method="http://www.w3.org/2001/04/xmlenc#sha512")),
        "good_unsolicited": unsolicited(k),
        "good_no_issuer_of_response": from_inner(signed(k), issuer=None),
        "good_no_destination_unsigned": from_inner(signed(k), destination=None),
        "good_expired_within_skew": from_inner(signed(k, condition=skewed, confirm=m.confirmation(end=-30))),
        "good_begins_within_skew": from_inner(signed(k, condition=m.conditions(begin=30), issued=30)),
        "good_fractions_of_seconds": from_inner(signed(
            k, issued="2026-11-24T11:59:55.1234567Z", confirm=m.confirmation(end="2026-11-24T12:05:00.5Z"))),
        "good_two_audiences": from_inner(signed(
            k, condition=m.conditions(inside=m.audience("https://other.example", m.SP)))),
        "good_one_time_use": from_inner(signed(
            k, condition=m.conditions(inside=m.audience(m.SP) + "<saml:OneTimeUse></saml:OneTimeUse>"))),
        "good_third_confirmation": from_inner(signed(k, confirm=two)),
        "good_no_times_in_conditions": from_inner(signed(k, condition=m.conditions(begin=None, end=None))),
        "good_session_ends_later": from_inner(signed(k, statement=m.authn(session_end=3600))),
        "good_targeted_id": from_inner(signed(k, attributes=targeted)),
        "good_nil_value": from_inner(signed(k, attributes=m.ATTRIBUTES + nil)),
        "good_many_values": from_inner(signed(k, attributes=m.ATTRIBUTES + many)),
        "good_name_with_markup": from_inner(signed(k, name_id="ada&amp;co&lt;x&gt;@example.test")),
        **by_form(k),
        **by_encryption(k),
    }
