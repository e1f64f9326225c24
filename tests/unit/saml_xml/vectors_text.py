# SPDX-License-Identifier: Apache-2.0
"""What is wrong before, or with, the XML itself. Where it can be so, the signature holds: comments, for one, are not part of
what exclusive canonicalisation signs."""
import saml_maker as m

BOMB = ('<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' +
        "".join('<!ENTITY %s "%s">' % (c, ("&" + chr(ord(c) - 1) + ";") * 10) for c in "bcdefghij") + "]>")


def with_comments(good):
    who = "ada@example.test"
    assert who in good
    return {
        "comment_in_name": good.replace(who, "ada@example.test<!-- -->.attacker.example"),
        "comment_cuts_name": good.replace(who, "ada@exam<!---->ple.test"),
        "comment_in_value": good.replace("technician<", "tech<!-- x -->nician<"),
        "comment_in_digest": good.replace("<ds:DigestValue>", "<ds:DigestValue><!-- x -->"),
        "comment_before_root": "<!-- x -->" + good,
        "comment_after_root": good + "<!-- x -->",
        "comment_in_issuer": good.replace(m.IDP + "</saml:Issuer>", m.IDP + "<!-- x --></saml:Issuer>"),
        "cdata_in_name": good.replace(who, "<![CDATA[ada@example.test]]>"),
        "cdata_in_value": good.replace("technician<", "<![CDATA[technician]]><"),
        "instruction_in_name": good.replace(who, "ada@example.test<?x y?>"),
        "instruction_before_root": "<?xml-stylesheet href='http://127.0.0.1:9/'?>" + good,
        "instruction_after_declaration": '<?xml version="1.0"?><?x y?>' + good,
        "second_declaration": '<?xml version="1.0"?><?xml version="1.0"?>' + good,
    }


def with_types(good):
    who = "ada@example.test"
    head = '<?xml version="1.0"?>'
    return {
        "dtd_empty": "<!DOCTYPE Response>" + good,
        "dtd_internal_entity": head + f'<!DOCTYPE r [<!ENTITY e "{who}">]>' + good.replace(who, "&e;"),
        "dtd_external_file": head + '<!DOCTYPE r [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + good.replace(who, "&e;"),
        "dtd_external_http": head + '<!DOCTYPE r [<!ENTITY e SYSTEM "http://127.0.0.1:9/x">]>' + good.replace(who, "&e;"),
        "dtd_external_subset": head + '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">' + good,
        "dtd_parameter_entity": head + '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>' + good,
        "dtd_bomb": head + BOMB + good.replace(who, "&j;"),
        "dtd_default_attributes": head + '<!DOCTYPE r [<!ATTLIST samlp:Response ID ID "_evil">]>' + good,
        "dtd_behind_blanks": head + "\n\n  <!DOCTYPE r []>" + good,
        "dtd_lower_case": head + "<!doctype r>" + good,
        "entity_undeclared": good.replace(who, "&e;"),
        "entity_of_html": good.replace(who, "ada&nbsp;x"),
        "entity_bare_ampersand": good.replace(who, "a & b"),
        "entity_in_attribute": good.replace('Version="2.0"', 'Version="&v;"', 1),
        "entity_endless_number": good.replace(who, "&#0000000000000000000065;"),
    }


def with_encodings(good):
    latin = '<?xml version="1.0" encoding="{}"?>'
    return {
        "encoding_utf16": good.encode("utf-16"),
        "encoding_utf16_base64": m.b64(good.encode("utf-16-le")),
        "encoding_declared_latin1": latin.format("ISO-8859-1") + good,
        "encoding_declared_utf7": latin.format("UTF-7") + good,
        "encoding_declared_ebcdic": latin.format("IBM037") + good,
        "encoding_bad_utf8": good.replace("technician<", "tech\udcffnician<").encode("utf-8", "surrogateescape"),
        "encoding_overlong": good.encode().replace(b"technician<", b"\xc0\xbctechnician<"),
        "encoding_not_base64": "this is no response!",
        "encoding_cut_base64": m.b64(good.encode())[:-1],
        "encoding_base64url": m.b64((good + "\n<!-- ÿ?>ÿ?>ÿ?> -->").encode()).replace("+", "-").replace("/", "_") + "-___",
        "encoding_empty": "",
        "encoding_form_field": "SAMLResponse=" + m.b64(good.encode()).replace("+", "%2B"),
    }


def with_shapes(k, good):
    who = "ada@example.test"
    deep = m.ATTRIBUTES + m.attribute("deep", "<a>" * 40 + "</a>" * 40)
    deeper = good.replace("technician<", "<a>" * 5000 + "</a>" * 5000 + "<")
    wide = m.attribute("wide", "<a " + " ".join(f'a{i}="1"' for i in range(60)) + "></a>")
    names = m.attribute("wide", "<a " + " ".join(f'xmlns:a{i}="urn:a{i}"' for i in range(60)) + "></a>")
    crowd = m.attribute("crowd", "<a></a>" * 20000)
    return {
        "xml_cut": good[:-20],
        "xml_two_roots": good + good,
        "xml_text_behind": good + "x",
        "xml_unbound_prefix": good.replace("<samlp:Status>", "<nobody:x></nobody:x><samlp:Status>"),
        "xml_unbound_attribute": good.replace("<samlp:Status>", '<samlp:Status nobody:x="1">'),
        "xml_attribute_twice": good.replace('Version="2.0"', 'Version="2.0" Version="2.0"', 1),
        "xml_control_character": good.replace(who, "ada\x01"),
        "xml_nul": good.encode().replace(who.encode(), b"ada\0evil"),
        "xml_reference_to_nul": good.replace(who, "ada&#0;"),
        "xml_reference_to_control": good.replace(who, "ada&#x1;"),
        "xml_rebound_xml_prefix": good.replace("<samlp:Status>", '<samlp:Status xmlns:xml="urn:x">'),
        "limits_depth": m.bare(m.response(m.sign(m.assertion(attributes=deep), k.idp))),
        "limits_depth_of_parser": deeper,
        "limits_attributes": m.bare(m.response(m.sign(m.assertion(attributes=wide), k.idp))),
        "limits_namespaces": m.bare(m.response(m.sign(m.assertion(attributes=names), k.idp))),
        "limits_elements": m.bare(m.response(m.sign(m.assertion(attributes=crowd), k.idp))),
        "size_of_xml": good.replace("technician<", "x" * 300000 + "<"),
        "size_of_text": m.b64(good.replace("technician<", "x" * 400000 + "<").encode()),
        "structure_xml_id": good.replace("<samlp:Status>", '<samlp:Status xml:id="_assertion-1">'),
        "structure_xml_base": good.replace("<samlp:Status>", '<samlp:Status xml:base="http://127.0.0.1:9/">'),
    }


def with_void_canonical_form(k):
    """A relative namespace makes canonicalisation fail; who takes that for an empty text verifies a hash of nothing."""
    empty = m.b64(m.digest(m.SHA256, b""))
    template = m.assertion(name_id="admin@example.test").replace("<saml:Assertion ", '<saml:Assertion xmlns:v="void" ')
    return {
        "void_assertion": m.bare(m.response(m.sign(template, k.idp, digest_value=empty))),
        "void_response": m.sign(m.response(m.bare(m.assertion()), head=f'{m.P} {m.A} xmlns:v="1"'), k.idp, digest_value=empty),
        "void_in_signed_info": m.bare(m.response(m.sign(m.assertion(), k.idp, key_info='<ds:KeyInfo xmlns:v="a/b"></ds:KeyInfo>'))),
        "void_absolute_path": m.bare(m.response(m.sign(
            m.assertion().replace("<saml:Assertion ", '<saml:Assertion xmlns:v="//host/x" '), k.idp))),
    }


def vectors(k):
    good = m.bare(m.response(m.sign(m.assertion(), k.idp)))
    return {
        **with_comments(good), **with_types(good), **with_encodings(good), **with_shapes(k, good), **with_void_canonical_form(k)
    }
