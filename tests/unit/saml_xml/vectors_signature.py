# SPDX-License-Identifier: Apache-2.0
"""Signatures that are missing, forged, or say something else than they should."""
import hmac

import saml_maker as m

HMAC = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"


def loose(inner, **options):
    return m.bare(m.response(inner, **options))


def with_references(k):
    def uri(text, **options):
        return loose(m.sign(m.assertion(), k.idp, uri=text, **options))

    return {
        "uri_empty": uri(""),
        "uri_missing": uri(False),
        "uri_of_response": uri("#_response-1"),
        "uri_of_nothing": uri("#_nothing"),
        "uri_pointer_to_id": uri("#xpointer(id('_assertion-1'))"),
        "uri_pointer_to_all": uri("#xpointer(/)"),
        "uri_file": uri("file:///etc/passwd"),
        "uri_http": uri("http://127.0.0.1:9/x"),
        "uri_name_only": uri("_assertion-1"),
        "uri_with_blank": uri(" #_assertion-1"),
        "reference_type": loose(m.sign(
            m.assertion(), k.idp, reference_extra=' Type="http://www.w3.org/2000/09/xmldsig#Manifest"')),
        "references_two": loose(m.sign(m.assertion(), k.idp, references=2)),
        "references_none": loose(m.sign(m.assertion(), k.idp, references=0)),
        "uri_empty_of_response": m.sign(m.response(m.bare(m.assertion())), k.idp, uri=""),
        "uri_of_assertion_in_response": m.response(
            m.bare(m.assertion())).replace(m.MARK, m.signature_of(m.assertion(), k.idp)),
    }


def with_transforms(k):
    def transforms(*parts):
        return loose(m.sign(m.assertion(), k.idp, transforms=None if parts == (None,) else "".join(parts)))

    one, two = m.transform(m.ENVELOPED), m.transform(m.EXCLUSIVE)
    xpath = m.transform("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>not(ancestor-or-self::x)</ds:XPath>")
    xslt = m.transform("http://www.w3.org/TR/1999/REC-xslt-19991116",
                       '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"></xsl:stylesheet>')
    filter2 = m.transform("http://www.w3.org/2002/06/xmldsig-filter2",
                          '<f:XPath xmlns:f="http://www.w3.org/2002/06/xmldsig-filter2" Filter="subtract">//x</f:XPath>')
    return {
        "transforms_missing": transforms(None),
        "transforms_empty": transforms(""),
        "transforms_enveloped_only": transforms(one),
        "transforms_exclusive_only": transforms(two),
        "transforms_reversed": transforms(two, one),
        "transforms_exclusive_twice": transforms(two, two),
        "transforms_xpath_first": transforms(xpath, two),
        "transforms_inclusive_first": transforms(m.transform(INCLUSIVE), two),
        "transforms_three": transforms(one, two, two),
        "transforms_xpath": transforms(one, xpath, two),
        "transforms_xpath_only": transforms(one, xpath),
        "transforms_xslt": transforms(one, xslt),
        "transforms_filter": transforms(one, filter2),
        "transforms_base64": transforms(one, m.transform("http://www.w3.org/2000/09/xmldsig#base64")),
        "transforms_inclusive": transforms(one, m.transform(INCLUSIVE)),
        "transforms_with_comments": transforms(one, m.transform(m.EXCLUSIVE + "WithComments")),
        "transforms_content_in_enveloped": transforms(m.transform(m.ENVELOPED, "<x></x>"), two),
        "transforms_content_in_exclusive": transforms(one, m.transform(m.EXCLUSIVE, "<x></x>")),
        "canonicalization_inclusive": loose(m.sign(m.assertion(), k.idp, c14n=INCLUSIVE)),
        "canonicalization_with_comments": loose(m.sign(m.assertion(), k.idp, c14n=m.EXCLUSIVE + "WithComments")),
        "canonicalization_content": loose(m.sign(m.assertion(), k.idp, c14n_inside="<x></x>")),
        "canonicalization_xslt": loose(m.sign(m.assertion(), k.idp, c14n="http://www.w3.org/TR/1999/REC-xslt-19991116")),
    }


def with_algorithms(k):
    def by_hmac(data):
        return hmac.new(k.idp_pem, data, "sha256").digest()

    def by_short_hmac(data):
        return by_hmac(data)[:1]

    short = "<ds:HMACOutputLength>8</ds:HMACOutputLength>"
    return {
        "algorithm_hmac_with_certificate": loose(m.sign(m.assertion(), k.idp, method=HMAC, signer=by_hmac)),
        "algorithm_hmac_cut": loose(m.sign(m.assertion(), k.idp, method=HMAC, signer=by_short_hmac, method_inside=short)),
        "algorithm_rsa_sha1": loose(m.sign(m.assertion(), k.idp, method=RSA_SHA1)),
        "algorithm_rsa_md5": loose(m.sign(
            m.assertion(), k.idp, method="http://www.w3.org/2001/04/xmldsig-more#rsa-md5", value="AAAA")),
        "algorithm_unknown": loose(m.sign(m.assertion(), k.idp, method="urn:none", value="AAAA")),
        "algorithm_empty": loose(m.sign(m.assertion(), k.idp, method="", value="AAAA")),
        "algorithm_with_length": loose(m.sign(m.assertion(), k.idp, method_inside=short)),
        "algorithm_of_other_key": loose(m.sign(m.assertion(), k.idp, method=ECDSA, value="AAAA" * 21 + "AA==")),
        "digest_sha1": loose(m.sign(m.assertion(), k.idp, digest_method=SHA1)),
        "digest_sha1_of_response": m.sign(m.response(m.bare(m.assertion())), k.idp, digest_method=SHA1),
        "digest_unknown": loose(m.sign(m.assertion(), k.idp, digest_method="urn:sha256")),
    }


def with_forgeries(k):
    good = m.sign(m.assertion(), k.idp)
    foreign = f'<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{m.der_text(k.attacker_certificate)}</ds:X509Certificate>' \
        '</ds:X509Data></ds:KeyInfo>'
    named = "<ds:KeyInfo><ds:KeyName>idp</ds:KeyName></ds:KeyInfo>"
    value = k.attacker.public_key().public_numbers()
    key_value = (f"<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>{m.b64(value.n.to_bytes(256, 'big'))}</ds:Modulus>"
                 "<ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo>")
    template = m.assertion(name_id="admin@example.test")
    smuggled = m.b64(m.digest(m.SHA256, m.canonical(m.bare(template))))
    broken_inside = m.sign(m.assertion(name_id="eve@example.test"), k.attacker)
    return {
        "stripped": loose(m.bare(m.assertion())),
        "stripped_value": loose(m.sign(m.assertion(), k.idp, value="")),
        "stripped_to_nothing": loose(m.assertion().replace(m.MARK, f"<ds:Signature {m.DS}></ds:Signature>")),
        "tampered_name": loose(good.replace("ada@example.test", "eve@example.test")),
        "tampered_value": loose(good.replace("technician<", "administrator<")),
        "tampered_added_value": loose(good.replace(
            "<saml:AttributeValue>member", "<saml:AttributeValue>admin</saml:AttributeValue><saml:AttributeValue>member")),
        "tampered_audience": loose(m.sign(m.assertion(
            condition=m.conditions(inside=m.audience("https://other.example"))), k.idp).replace(
                "https://other.example", m.SP)),
        "tampered_blank": loose(good.replace("<saml:AttributeStatement>", "<saml:AttributeStatement> ")),
        "tampered_response": m.sign(m.response(m.bare(m.assertion())), k.idp).replace("ada@", "eve@"),
        "tampered_digest": loose(m.sign(template, k.idp, digest_value=smuggled).replace("admin@", "root@")),
        "attacker_key": loose(m.sign(m.assertion(), k.attacker)),
        "attacker_key_with_certificate": loose(m.sign(m.assertion(), k.attacker, key_info=foreign)),
        "attacker_key_with_value": loose(m.sign(m.assertion(), k.attacker, key_info=key_value)),
        "attacker_key_with_name": loose(m.sign(m.assertion(), k.attacker, key_info=named)),
        "attacker_key_of_response": m.sign(m.response(m.bare(m.assertion())), k.attacker, key_info=foreign),
        "signature_of_other_text": loose(m.sign(m.assertion(), k.idp, value=m.b64(b"\0" * 256))),
        "signature_cut": loose(m.sign(m.assertion(), k.idp, signer=lambda d: m.raw_signature(k.idp, m.RSA_SHA256, d)[:-1])),
        "signature_from_older": loose(good.replace("ada@example.test", "eve@example.test").replace(
            m.b64(m.digest(m.SHA256, m.canonical(m.bare(m.assertion())))),
            m.b64(m.digest(m.SHA256, m.canonical(m.bare(m.assertion(name_id="eve@example.test"))))))),
        "one_of_two_forged": m.sign(m.response(broken_inside), k.idp),
        "other_of_two_forged": m.sign(m.response(good), k.attacker),
        "digest_in_status_detail": loose(good.replace("ada@example.test", "admin@example.test"), status_extra=(
            f"<samlp:StatusDetail><ds:DigestValue {m.DS}>{smuggled}</ds:DigestValue></samlp:StatusDetail>")),
        "by_key_for_encryption": loose(m.sign(m.assertion(), k.sp)),
    }


def with_places(k):
    template = m.assertion()
    signature = m.signature_of(template, k.idp)
    good = m.sign(template, k.idp)
    info = signature[signature.index("<ds:SignedInfo"):signature.index("</ds:SignedInfo>") + len("</ds:SignedInfo>")]
    manifest = ('<ds:Object><ds:Manifest><ds:Reference URI="http://127.0.0.1:9/"><ds:DigestMethod '
                f'Algorithm="{m.SHA256}"></ds:DigestMethod><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference></ds:Manifest>'
                "</ds:Object>")
    return {
        "place_in_subject": loose(m.bare(template).replace("</saml:Subject>", signature + "</saml:Subject>")),
        "place_in_value": loose(m.bare(m.assertion(attributes=m.attribute("x", signature)))),
        "place_in_status": loose(m.bare(template), status_extra=f"<samlp:StatusDetail>{signature}</samlp:StatusDetail>"),
        "place_in_extensions": loose(m.bare(template), extensions=f"<samlp:Extensions>{signature}</samlp:Extensions>"),
        "place_twice_in_assertion": loose(template.replace(m.MARK, signature + signature)),
        "place_twice_in_response": loose(m.bare(template), before="").replace(
            "<samlp:Status>", m.signature_of(m.response(m.bare(template)), k.idp) * 2 + "<samlp:Status>"),
        "place_before_issuer": loose(m.bare(template).replace("<saml:Issuer>", signature + "<saml:Issuer>")),
        "place_at_end": loose(m.bare(template).replace("</saml:Assertion>", signature + "</saml:Assertion>")),
        "place_of_response_at_end": m.bare(m.response(m.bare(template))).replace(
            "</samlp:Response>", m.signature_of(m.response(m.bare(template)), k.idp) + "</samlp:Response>"),
        "form_object": loose(m.sign(template, k.idp, after="<ds:Object>x</ds:Object>")),
        "form_manifest": loose(m.sign(template, k.idp, after=manifest)),
        "form_two_signed_infos": loose(m.sign(template, k.idp, before_info=info)),
        "form_foreign_signed_info": loose(m.sign(template, k.idp, before_info=info.replace("ds:", "x:").replace(
            'xmlns:x:="', 'xmlns:x="').replace("xmlns:ds", "xmlns:x").replace(m.DS.replace("ds", "x", 1), 'xmlns:x="urn:x"'))),
        "form_two_values": loose(m.sign(template, k.idp, key_info="<ds:SignatureValue>AAAA</ds:SignatureValue>")),
        "form_two_key_infos": loose(m.sign(template, k.idp, key_info="<ds:KeyInfo></ds:KeyInfo>" * 2)),
        "form_text": loose(good.replace("<ds:SignatureValue>", "x<ds:SignatureValue>")),
        "form_element_in_value": loose(good.replace("<ds:SignatureValue>", "<ds:SignatureValue><x></x>")),
        "form_two_digests": loose(good.replace("</ds:DigestValue>", "</ds:DigestValue><ds:DigestValue>AAAA</ds:DigestValue>")),
        "form_element_in_digest": loose(good.replace("<ds:DigestValue>", "<ds:DigestValue><x></x>")),
        "form_digest_not_base64": loose(good.replace("<ds:DigestValue>", "<ds:DigestValue>!!")),
        "form_digest_empty": loose(m.sign(template, k.idp, digest_value="")),
        "form_attribute": loose(good.replace("<ds:Signature ", '<ds:Signature x="1" ')),
    }


def vectors(k):
    return {**with_references(k), **with_transforms(k), **with_algorithms(k), **with_forgeries(k), **with_places(k)}
