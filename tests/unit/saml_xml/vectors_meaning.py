# SPDX-License-Identifier: Apache-2.0
"""Responses that are well made and well signed, and still not for us, not now, or not about somebody who signed in."""
import saml_maker as m


def vectors(k):
    def inner(**options):
        """Only the assertion is signed."""
        return m.bare(m.response(m.sign(m.assertion(**options), k.idp)))

    def outer(**options):
        """Only the Response is signed."""
        return m.sign(m.response(m.bare(m.assertion()), **options), k.idp)

    def around(**options):
        """The Response around a signed assertion: nobody vouches for it."""
        return m.bare(m.response(m.sign(m.assertion(), k.idp), **options))

    def subject(inside):
        return inner(subject=f"<saml:Subject>{inside}</saml:Subject>")

    name = "<saml:NameID>ada@example.test</saml:NameID>"
    early = m.conditions(inside=m.audience(m.SP) + '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
                         'xmlns:x="urn:x" xsi:type="x:Delegation"></saml:Condition>')
    return {
        "issuer_of_response": outer(issuer="https://other.example"),
        "issuer_of_unsigned_response": around(issuer="https://other.example"),
        "issuer_of_assertion": inner(issuer="https://other.example"),
        "issuer_missing": inner(issuer=None),
        "issuer_missing_in_signed_response": outer(issuer=None),
        "issuer_with_blank": inner(issuer=m.IDP + " "),
        "issuer_prefix": inner(issuer=m.IDP + "/x"),
        "issuer_format": m.bare(m.response(m.sign(m.assertion().replace(
            "<saml:Issuer>", f'<saml:Issuer Format="{m.EMAIL}">'), k.idp))),
        "destination_wrong": outer(destination="https://other.example/acs"),
        "destination_wrong_unsigned": around(destination="https://other.example/acs"),
        "destination_missing_signed": outer(destination=None),
        "destination_empty": outer(destination=""),
        "destination_other_case": outer(destination=m.ACS.upper()),
        "status_requester": outer(status="urn:oasis:names:tc:SAML:2.0:status:Requester"),
        "status_unsigned": around(status="urn:oasis:names:tc:SAML:2.0:status:Responder"),
        "status_empty": outer(status=""),
        "status_nested_success": outer(status="urn:oasis:names:tc:SAML:2.0:status:Responder", status_extra=(
            f'<samlp:StatusMessage>{m.SUCCESS}</samlp:StatusMessage>')),
        "status_without_assertion": m.bare(m.response("", status="urn:oasis:names:tc:SAML:2.0:status:Responder")),
        "status_without_assertion_success": m.bare(m.response("")),
        "issued_in_future": outer(issued=600),
        "issued_missing": outer(issued=None),
        "issued_missing_in_assertion": inner(issued=None),
        "issued_no_time": inner(issued="yesterday"),
        "issued_with_offset": inner(issued="2026-11-24T12:59:55+01:00"),
        "issued_without_zone": inner(issued="2026-11-24T11:59:55"),
        "issued_in_future_in_assertion": inner(issued=600),
        "answers_other_in_response": outer(request="_request-2"),
        "answers_other_in_unsigned_response": around(request="_request-2"),
        "answers_other_in_confirmation": inner(confirm=m.confirmation(request="_request-2")),
        "answers_nothing_in_response": outer(request=None),
        "answers_nothing_in_confirmation": inner(confirm=m.confirmation(request=None)),
        "answers_empty": inner(confirm=m.confirmation(request="")),
        "unsolicited_with_request_in_response": m.bare(m.response(m.sign(m.assertion(
            confirm=m.confirmation(request=None)), k.idp))),
        "unsolicited_with_request_in_confirmation": m.bare(m.response(m.sign(m.assertion(), k.idp), request=None)),
        "unsolicited_stolen": m.bare(m.response(m.sign(m.assertion(), k.idp))),
        "any_different": m.bare(m.response(m.sign(m.assertion(), k.idp), request="_request-2")),
        "any_only_confirmation": m.bare(m.response(m.sign(m.assertion(), k.idp), request=None)),
        "subject_missing": m.bare(
            m.response(m.sign(m.assertion(subject="<a/>").replace("<a/>", ""), k.idp))),
        "subject_without_name": subject(m.confirmation()),
        "subject_two_names": subject(name + name + m.confirmation()),
        "subject_encrypted_id": subject("<saml:EncryptedID></saml:EncryptedID>" + m.confirmation()),
        "subject_base_id": subject("<saml:BaseID></saml:BaseID>" + m.confirmation()),
        "name_empty": inner(name_id=""),
        "name_of_blanks": inner(name_id="  "),
        "name_with_blank_before": inner(name_id=" ada@example.test"),
        "name_with_newline_behind": inner(name_id="ada@example.test\n"),
        "name_with_newline_inside": inner(name_id="ada&#10;eve@example.test"),
        "name_with_override": inner(name_id="ada\u202eeve@example.test"),
        "name_with_element": inner(name_id="ada<x></x>@example.test"),
        "name_too_long": inner(name_id="a" * 2000),
        "confirmation_missing": subject(name),
        "confirmation_holder_of_key": inner(confirm=m.confirmation(method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")),
        "confirmation_without_data": inner(confirm=m.confirmation(data=False)),
        "recipient_wrong": inner(confirm=m.confirmation(recipient="https://other.example/acs")),
        "recipient_missing": inner(confirm=m.confirmation(recipient=None)),
        "recipient_with_query": inner(confirm=m.confirmation(recipient=m.ACS + "?x")),
        "confirmation_over": inner(confirm=m.confirmation(end=-300)),
        "confirmation_over_by_skew": inner(confirm=m.confirmation(end=-60)),
        "confirmation_endless": inner(confirm=m.confirmation(end=None)),
        "confirmation_no_time": inner(confirm=m.confirmation(end="never")),
        "confirmation_with_begin": inner(confirm=m.confirmation(begin=-60)),
        "conditions_missing": m.bare(
            m.response(m.sign(m.assertion(condition="<a/>").replace("<a/>", ""), k.idp))),
        "conditions_unknown": inner(condition=early),
        "conditions_foreign": inner(condition=m.conditions(inside=m.audience(m.SP) + '<x xmlns="urn:x"></x>')),
        "not_yet": inner(condition=m.conditions(begin=600)),
        "not_yet_by_skew": inner(condition=m.conditions(begin=61)),
        "over": inner(condition=m.conditions(end=-600)),
        "over_by_skew": inner(condition=m.conditions(end=-60)),
        "over_for_years": inner(condition=m.conditions(end=-10 ** 8)),
        "audience_wrong": inner(condition=m.conditions(inside=m.audience("https://other.example"))),
        "audience_missing": inner(condition=m.conditions(inside="")),
        "audience_empty": inner(condition=m.conditions(inside=m.audience())),
        "audience_prefix": inner(condition=m.conditions(inside=m.audience(m.SP + "/x"))),
        "audience_one_of_two_restrictions": inner(
            condition=m.conditions(inside=m.audience(m.SP) + m.audience("https://other.example"))),
        "audience_with_element": inner(condition=m.conditions(inside=m.audience(m.SP + "<x></x>"))),
        "authn_missing": m.bare(m.response(m.sign(m.assertion(statement="<a/>").replace("<a/>", ""), k.idp))),
        "authn_two": inner(statement=m.authn() * 2),
        "authn_without_instant": inner(statement=m.authn(instant=None)),
        "authn_in_future": inner(statement=m.authn(instant=600)),
        "authn_no_time": inner(statement=m.authn(instant="now")),
        "session_over": inner(statement=m.authn(session_end=-600)),
        "attributes_encrypted": inner(attributes="<saml:EncryptedAttribute></saml:EncryptedAttribute>"),
        "attributes_without_name": inner(attributes=m.attribute("", "x")),
        "attributes_foreign": inner(attributes='<saml:Attribute Name="x"><x xmlns="urn:x">y</x></saml:Attribute>'),
        "attributes_crowd": inner(attributes="".join(m.attribute(f"a{i}", "x") for i in range(300))),
        "attributes_many_values": inner(attributes=m.attribute("g", *("x" for _ in range(4200)))),
        "metadata_over": m.bare(m.response(m.sign(m.assertion(), k.idp))),
    }
