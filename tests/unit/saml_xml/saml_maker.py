# SPDX-License-Identifier: Apache-2.0
"""SAML responses as an identity provider makes them, signed and encrypted without libxml2 and xmlsec1.

Canonical form comes from Python's own C14N 2.0, which without options writes what exclusive canonicalisation 1.0 writes for
elements that declare the namespaces they use. A template has the mark @SIGNATURE@ where its signature will stand.
"""
import base64
import datetime
import os
import re
import xml.etree.ElementTree as ET

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

IDP = "https://idp.example/metadata"
SP = "https://rescue.example/saml/metadata"
ACS = "https://rescue.example/saml/acs"
REQUEST = "_request-1"
NOW = datetime.datetime(2026, 11, 24, 12, 0, 0)

P = 'xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"'
A = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
DS = 'xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
XENC = 'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"'
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
GCM128 = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
GCM256 = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
CBC128 = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
CBC256 = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
OAEP11 = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
MARK = "@SIGNATURE@"

HASHES = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}


def at(seconds):
    return (NOW + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def b64(data):
    return base64.b64encode(data).decode()


def canonical(xml):
    return ET.canonicalize(xml_data=xml).encode()


def make_rsa(bits=2048):
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def certificate_of(key, name):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(NOW - datetime.timedelta(days=400))
            .not_valid_after(NOW - datetime.timedelta(days=1))  # pinned keys do not expire with their certificate
            .sign(key, hashes.SHA256()))


def pem_of(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption()).decode()


def der_text(certificate):
    return b64(certificate.public_bytes(serialization.Encoding.DER))


def hash_of(algorithm):
    return HASHES[re.search(r"sha\d+$", algorithm).group()]()


def digest(algorithm, data):
    h = hashes.Hash(hash_of(algorithm))
    h.update(data)
    return h.finalize()


def raw_signature(key, algorithm, data):
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hash_of(algorithm))))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(data, padding.PKCS1v15(), hash_of(algorithm))


def attribute(name, *values, friendly=None):
    extra = f' FriendlyName="{friendly}"' if friendly else ""
    inner = "".join(f"<saml:AttributeValue>{v}</saml:AttributeValue>" for v in values)
    return f'<saml:Attribute Name="{name}"{extra}>{inner}</saml:Attribute>'


ATTRIBUTES = attribute("displayName", "Ada &amp; &lt;Tech&gt;") + attribute(
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.1", "technician", "member", friendly="eduPersonAffiliation")


def confirmation(method=BEARER, recipient=ACS, end=300, request=REQUEST, begin=None, data=True):
    if not data:
        return f'<saml:SubjectConfirmation Method="{method}"></saml:SubjectConfirmation>'
    out = f'<saml:SubjectConfirmation Method="{method}"><saml:SubjectConfirmationData'
    out += f' NotBefore="{at(begin)}"' if begin is not None else ""
    out += (f' NotOnOrAfter="{at(end)}"' if isinstance(end, int) else f' NotOnOrAfter="{end}"') if end is not None else ""
    out += f' Recipient="{recipient}"' if recipient is not None else ""
    out += f' InResponseTo="{request}"' if request is not None else ""
    return out + "></saml:SubjectConfirmationData></saml:SubjectConfirmation>"


def audience(*names):
    return ("<saml:AudienceRestriction>" + "".join(f"<saml:Audience>{n}</saml:Audience>" for n in names) +
            "</saml:AudienceRestriction>")


def conditions(begin=-60, end=300, inside=None):
    out = "<saml:Conditions"
    out += f' NotBefore="{at(begin)}"' if begin is not None else ""
    out += f' NotOnOrAfter="{at(end)}"' if end is not None else ""
    return out + ">" + (audience(SP) if inside is None else inside) + "</saml:Conditions>"


def authn(instant=-30, session_end=None):
    moment = at(instant) if isinstance(instant, int) else instant
    out = f'<saml:AuthnStatement AuthnInstant="{moment}" SessionIndex="_session-1"' if moment else "<saml:AuthnStatement"
    out += f' SessionNotOnOrAfter="{at(session_end)}"' if session_end is not None else ""
    return (out + f"><saml:AuthnContext><saml:AuthnContextClassRef>{PASSWORD}</saml:AuthnContextClassRef>"
            "</saml:AuthnContext></saml:AuthnStatement>")


def assertion(id="_assertion-1", issuer=IDP, name_id="ada@example.test", subject=None, confirm=None, condition=None,
              statement=None, attributes=ATTRIBUTES, issued=-5, version="2.0", extra="", head=A, id_name="ID",
              name_format=EMAIL, mark=MARK):
    """A template: MARK stands where a signature goes."""
    who = f'<saml:Issuer>{issuer}</saml:Issuer>' if issuer is not None else ""
    name = f'<saml:NameID Format="{name_format}">{name_id}</saml:NameID>' if name_id is not None else ""
    if subject is None:
        subject = f"<saml:Subject>{name}{confirmation() if confirm is None else confirm}</saml:Subject>"
    moment = "" if issued is None else f' IssueInstant="{at(issued) if isinstance(issued, int) else issued}"'
    identity = f' {id_name}="{id}"' if id is not None else ""
    return (f'<saml:Assertion {head}{identity}{moment} Version="{version}">{who}{mark}{subject}'
            f'{conditions() if condition is None else condition}{extra}{authn() if statement is None else statement}'
            f'<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>')


def response(inner, id="_response-1", issuer=IDP, status=SUCCESS, destination=ACS, request=REQUEST, issued=-5,
             version="2.0", head=f"{P} {A}", before="", extensions="", status_extra="", name="samlp:Response", mark=MARK):
    who = f"<saml:Issuer>{issuer}</saml:Issuer>" if issuer is not None else ""
    out = f"<{name} {head}"
    out += f' Destination="{destination}"' if destination is not None else ""
    out += f' ID="{id}"' if id is not None else ""
    out += f' InResponseTo="{request}"' if request is not None else ""
    out += f' IssueInstant="{at(issued)}"' if issued is not None else ""
    return (out + f' Version="{version}">{before}{who}{mark}{extensions}<samlp:Status><samlp:StatusCode Value="{status}">'
            f"</samlp:StatusCode>{status_extra}</samlp:Status>{inner}</{name}>")


def id_in(template):
    return re.search(r' ID="([^"]*)"', template).group(1)


def transform(algorithm, inside=""):
    return f'<ds:Transform Algorithm="{algorithm}">{inside}</ds:Transform>'


TRANSFORMS = transform(ENVELOPED) + transform(EXCLUSIVE)


def signature_of(template, key, uri=None, transforms=TRANSFORMS, c14n=EXCLUSIVE, method=RSA_SHA256, digest_method=SHA256,
                 key_info="", after="", signer=None, digest_value=None, references=1, c14n_inside="", method_inside="",
                 reference_extra="", before_info="", value=None, digested=None):
    """A Signature over `template` (an element with the mark), in its canonical form without the mark."""
    data = canonical(template.replace(MARK, "")) if digested is None else digested
    if digest_value is None:
        digest_value = b64(digest(digest_method, data))
    uri_text = f' URI="{"#" + id_in(template) if uri is None else uri}"' if uri is not False else ""
    transforms = f"<ds:Transforms>{transforms}</ds:Transforms>" if transforms is not None else ""
    reference = (f'<ds:Reference{uri_text}{reference_extra}>{transforms}<ds:DigestMethod Algorithm="{digest_method}">'
                 f"</ds:DigestMethod><ds:DigestValue>{digest_value}</ds:DigestValue></ds:Reference>")
    info = (f'<ds:SignedInfo {DS}><ds:CanonicalizationMethod Algorithm="{c14n}">{c14n_inside}</ds:CanonicalizationMethod>'
            f'<ds:SignatureMethod Algorithm="{method}">{method_inside}</ds:SignatureMethod>{reference * references}'
            "</ds:SignedInfo>")
    if value is None:
        value = b64(signer(canonical(info)) if signer else raw_signature(key, method, canonical(info)))
    return (f"<ds:Signature {DS}>{before_info}{info}<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}{after}"
            "</ds:Signature>")


def sign(template, key, **options):
    return template.replace(MARK, signature_of(template, key, **options), 1)


def bare(template):
    return template.replace(MARK, "")


def encrypt_bytes(data, key, algorithm):
    if "gcm" in algorithm:
        nonce = os.urandom(12)
        return nonce + AESGCM(key).encrypt(nonce, data, None)
    pad = 16 - len(data) % 16
    iv = os.urandom(16)
    box = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + box.update(data + os.urandom(pad - 1) + bytes([pad])) + box.finalize()


def encrypted(text, public_key, algorithm=GCM128, transport=OAEP, oaep_hash="sha1", mask_hash="sha1", beside=False,
              content_key=None, sealed=None, key_copies=1, cipher_data=None, method_inside="", data_copies=1, kind=None,
              key_extra="", data_extra="", wrapped=None):
    """An EncryptedAssertion."""
    content_key = content_key or os.urandom(int(re.search(r"aes(\d+)", algorithm).group(1)) // 8)
    scheme = padding.OAEP(padding.MGF1(HASHES[mask_hash]()), HASHES[oaep_hash](), None)
    if wrapped is None:
        wrapped = public_key.encrypt(content_key, padding.PKCS1v15() if transport.endswith("1_5") else scheme)
    if transport == OAEP11:
        method_inside += {"sha1": "", "sha256": f'<ds:DigestMethod {DS} Algorithm="{SHA256}"/>'}[oaep_hash]
        method_inside += {"sha1": "", "sha256": '<x11:MGF xmlns:x11="http://www.w3.org/2009/xmlenc11#" '
                          'Algorithm="http://www.w3.org/2009/xmlenc11#mgf1sha256"/>'}[mask_hash]
    sealed = encrypt_bytes(text.encode(), content_key, algorithm) if sealed is None else sealed
    key = (f'<xenc:EncryptedKey {XENC}><xenc:EncryptionMethod Algorithm="{transport}">{method_inside}'
           f"</xenc:EncryptionMethod><xenc:CipherData><xenc:CipherValue>{b64(wrapped)}</xenc:CipherValue></xenc:CipherData>"
           f"{key_extra}</xenc:EncryptedKey>") * key_copies
    inside = "" if beside else f"<ds:KeyInfo {DS}>{key}</ds:KeyInfo>"
    value = cipher_data or f"<xenc:CipherValue>{b64(sealed)}</xenc:CipherValue>"
    kind = kind or "http://www.w3.org/2001/04/xmlenc#Element"
    data = (f'<xenc:EncryptedData {XENC} Type="{kind}"><xenc:EncryptionMethod Algorithm="{algorithm}">'
            f"</xenc:EncryptionMethod>{inside}<xenc:CipherData>{value}</xenc:CipherData>{data_extra}</xenc:EncryptedData>")
    return f"<saml:EncryptedAssertion {A}>{data * data_copies}{key if beside else ''}</saml:EncryptedAssertion>"


def metadata(certificates, entity=IDP, use=' use="signing"', sso="https://idp.example/sso?realm=a&amp;b=1", extra="",
             idp_extra=""):
    keys = "".join(f'<md:KeyDescriptor{use}><ds:KeyInfo {DS}><ds:X509Data><ds:X509Certificate>\n{text}\n'
                   "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
                   for text in (c if isinstance(c, str) else der_text(c) for c in certificates))
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by a test -->\n'
            f'<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="{entity}"{extra}>'
            f'<md:IDPSSODescriptor WantAuthnRequestsSigned="true"{idp_extra} '
            f'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">{keys}'
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/p"/>'
            f'<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{sso}"/>'
            "</md:IDPSSODescriptor></md:EntityDescriptor>")
