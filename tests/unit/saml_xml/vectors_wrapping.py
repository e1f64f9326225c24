# SPDX-License-Identifier: Apache-2.0
"""Signature wrapping: the signed element is still somewhere in the document and its signature holds, but what a careless
reader looks at is another. XSW 1 to 8 as Somorovsky and others named them (On Breaking SAML, 2012), and relatives."""
import saml_maker as m

EVIL = dict(name_id="admin@example.test", attributes=m.attribute("displayName", "Evil"))


def evil_assertion(id="_evil-1", mark=""):
    return m.assertion(id=id, mark=mark, **EVIL)


def evil_response(inner, mark="", **options):
    return m.response(inner, id="_evil-response", mark=mark, **options)


def around_response(k, inner, tag):
    """`inner`: the assertion of the original, signed or not."""
    template = m.response(inner)
    original = m.bare(template)
    signature = m.signature_of(template, k.idp)
    with_original = signature.replace("</ds:Signature>", original + "</ds:Signature>")
    in_object = signature.replace("</ds:Signature>", f"<ds:Object>{original}</ds:Object></ds:Signature>")
    signed = m.sign(template, k.idp)
    evil = evil_assertion()
    return {
        f"xsw1_{tag}": evil_response(evil, mark=with_original),
        f"xsw2_{tag}": evil_response(evil, mark=original + signature),
        f"xsw_object_{tag}": evil_response(evil, mark=in_object),
        f"xsw_extensions_response_{tag}": evil_response(evil, extensions=f"<samlp:Extensions>{signed}</samlp:Extensions>"),
        f"xsw_detail_response_{tag}": evil_response(evil, status_extra=f"<samlp:StatusDetail>{signed}</samlp:StatusDetail>"),
        f"xsw_before_{tag}": evil_response(evil, before=signed),
        f"xsw_same_id_{tag}": m.response(evil, mark=with_original),
    }


def around_assertion(k, tag, finish):
    """`finish`: signs the outcome, or not. A provider does not sign these; whoever holds only its assertion does."""
    template = m.assertion()
    original, signed = m.bare(template), m.sign(template, k.idp)
    signature = m.signature_of(template, k.idp)
    evil = evil_assertion()
    in_object = signature.replace("</ds:Signature>", f"<ds:Object>{original}</ds:Object></ds:Signature>")
    in_info = signature.replace("</ds:Signature>", f"<ds:KeyInfo>{original}</ds:KeyInfo></ds:Signature>")
    in_signature = signature.replace("</ds:Signature>", original + "</ds:Signature>")
    return {
        f"xsw3_{tag}": finish(evil + signed),
        f"xsw4_{tag}": finish(evil_assertion(mark=signed)),
        f"xsw5_{tag}": finish(evil_assertion(mark=signature) + original),
        f"xsw6_{tag}": finish(evil_assertion(mark=in_signature)),
        f"xsw7_{tag}": finish(signed, extensions=f"<samlp:Extensions>{evil}</samlp:Extensions>"),
        f"xsw7_reversed_{tag}": finish(evil, extensions=f"<samlp:Extensions>{signed}</samlp:Extensions>"),
        f"xsw8_{tag}": finish(evil_assertion(mark=in_object)),
        f"xsw_key_info_{tag}": finish(evil_assertion(mark=in_info)),
        f"xsw_behind_{tag}": finish(signed + evil),
        f"xsw_same_id_assertion_{tag}": finish(evil_assertion(id="_assertion-1") + signed),
        f"xsw_same_id_signature_{tag}": finish(evil_assertion(id="_assertion-1", mark=in_object)),
        f"xsw_advice_{tag}": finish(m.assertion(id="_evil-1", extra=f"<saml:Advice>{signed}</saml:Advice>", mark="", **EVIL)),
        f"xsw_value_{tag}": finish(m.assertion(
            id="_evil-1", name_id="admin@example.test", attributes=m.attribute("x", signed), mark="")),
        f"xsw_subject_{tag}": finish(evil_assertion().replace(
            "</saml:SubjectConfirmationData>", signed + "</saml:SubjectConfirmationData>")),
        f"xsw_detail_{tag}": finish(evil, status_extra=f"<samlp:StatusDetail>{signed}</samlp:StatusDetail>"),
        f"xsw_other_namespace_{tag}": finish(
            signed, extensions=evil.replace("urn:oasis:names:tc:SAML:2.0:assertion", "urn:oasis:names:tc:SAML:1.0:assertion")),
        f"xsw_encrypted_evil_{tag}": finish(m.encrypted(evil, k.sp.public_key()) + signed),
        f"xsw_encrypted_around_{tag}": finish(m.encrypted(
            evil_assertion(mark=in_object), k.sp.public_key())),
    }


def vectors(k):
    signed = m.sign(m.assertion(), k.idp)

    def loose(inner, **options):
        return m.bare(m.response(inner, **options))

    def sealed(inner, **options):  # as if the provider could be made to sign it: still not accepted
        return m.sign(m.response(inner, **options), k.idp)

    return {
        **around_response(k, m.bare(m.assertion()), "response"), **around_response(k, signed, "both"),
        **around_assertion(k, "assertion", loose), **around_assertion(k, "sealed", sealed),
        "two_signed_assertions": loose(signed + m.sign(m.assertion(id="_assertion-2"), k.idp)),
        "no_assertion": loose(""),
        "response_in_response": loose(m.sign(m.response(m.bare(m.assertion())), k.idp), id="_outer"),
        "root_assertion": signed,
        "root_envelope": '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>' +
        loose(signed) + "</soap:Body></soap:Envelope>",
        "root_request": f'<samlp:AuthnRequest {m.P} {m.A} ID="_a" Version="2.0"></samlp:AuthnRequest>',
        "root_saml1": loose(signed).replace(m.P, 'xmlns:samlp="urn:oasis:names:tc:SAML:1.0:protocol"'),
        "root_no_namespace": loose(signed).replace("samlp:", ""),
        "structure_extensions": m.sign(m.response(
            m.bare(m.assertion()), extensions='<samlp:Extensions><x></x></samlp:Extensions>'), k.idp),
        "structure_advice": loose(m.sign(m.assertion(extra="<saml:Advice></saml:Advice>"), k.idp)),
        "structure_authz": loose(m.sign(m.assertion(
            extra='<saml:AuthzDecisionStatement Resource="r" Decision="Permit"></saml:AuthzDecisionStatement>'), k.idp)),
        "structure_statement": loose(m.sign(m.assertion(extra="<saml:Statement></saml:Statement>"), k.idp)),
        "structure_two_subjects": loose(m.sign(m.assertion(
            subject="<saml:Subject><saml:NameID>eve@example.test</saml:NameID></saml:Subject><saml:Subject><saml:NameID>"
            f"ada@example.test</saml:NameID>{m.confirmation()}</saml:Subject>"), k.idp)),
        "structure_two_conditions": loose(m.sign(m.assertion(condition=m.conditions() + m.conditions()), k.idp)),
        "structure_two_statuses": loose(signed).replace("<samlp:Status>", "<samlp:Status></samlp:Status><samlp:Status>"),
        "structure_no_status": loose(signed).replace("samlp:Status>", "samlp:Stat>"),
        "structure_text_in_response": loose(signed).replace("<samlp:Status>", "hello<samlp:Status>"),
        "structure_text_in_assertion": loose(m.sign(m.assertion(extra="hello"), k.idp)),
        "structure_unknown_element": loose(signed).replace("<samlp:Status>", "<x></x><samlp:Status>"),
        "structure_status_behind": loose(signed).replace(
            "<samlp:Status>", "<samlp:X>").replace("</samlp:Status>", "</samlp:X>").replace(
                "</samlp:Response>", f'<samlp:Status><samlp:StatusCode Value="{m.SUCCESS}"></samlp:StatusCode></samlp:Status>'
                "</samlp:Response>").replace("<samlp:X>", "").replace("</samlp:X>", "").replace(
                    f'<samlp:StatusCode Value="{m.SUCCESS}"></samlp:StatusCode><saml:Assertion', "<saml:Assertion"),
        "version_of_response": loose(signed, version="1.1"),
        "version_of_assertion": loose(m.sign(m.assertion(version="1.1"), k.idp)),
        "version_missing": loose(signed).replace(' Version="2.0">', ">", 1),
        "id_of_response_missing": loose(signed, id=None),
        "id_of_assertion_missing": loose(m.sign(m.assertion(id=None), k.idp, uri="_assertion-1")),
        "id_with_quotes": loose(m.sign(m.assertion(id="x'or'1"), k.idp)),
        "id_empty": loose(signed, id=""),
        "id_with_blank": loose(signed, id="_a b"),
        "id_in_lower_case": loose(m.sign(m.assertion(id_name="id"), k.idp, uri="#_assertion-1")),
        "duplicate_id": loose(signed, id="_assertion-1"),
        "duplicate_id_by_other_name": loose(signed).replace("<samlp:Status>", '<samlp:Status Id="_assertion-1">'),
        "duplicate_id_old_name": loose(signed).replace("<samlp:Status>", '<samlp:Status AssertionID="_assertion-1">'),
    }
