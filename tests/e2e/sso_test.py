#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Single sign-on with a real identity provider (SimpleSAMLphp) and a real browser (Chromium): from the terminal and back,
with a code typed by hand, begun at the provider, encrypted, refused; accounts made and moved; one person switched off."""
import base64
import json
import pathlib
import re
import ssl
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.browser import Browser  # noqa: E402
from support.case import ADA, ADA_PASSWORD, Meeting, SiteCase, follow_log  # noqa: E402
from support.idp import IdentityProvider  # noqa: E402
from support.site import wait_for  # noqa: E402

EVE = "eve@example.test"
PEOPLE = {
    "ada:ada at work": {"mail": [ADA], "displayName": ["Ada at the Provider"], "groups": ["staff", "cn=support,dc=example"]},
    "eve:eve at work": {"mail": [EVE], "displayName": ["Eve <Example> & Co"], "groups": ["cn=night,dc=example"]},
}
ADA_THERE, EVE_THERE = PEOPLE
NOT_CHECKED = ssl._create_unverified_context()  # the site's authority is its own; what is tested here is what it says


class Sso(SiteCase):
    broker_settings = "[rate]\nlogin_per_address = 100000\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        try:
            cls.idp = IdentityProvider(cls.site, PEOPLE)
            cls.entity = cls.site.url + "/saml/metadata"
            cls.register()
            (cls.site.dir / "idp.xml").write_text(cls.idp.metadata())
            cls.admin = cls.site.admin
            cls.admin.run("admin", "sso", "set", "--idp-metadata", cls.site.dir / "idp.xml", "--enabled", "yes",
                          "--name-attribute", "displayName")
            cls.opener = cls.site.dir / "opener"
            cls.opener.write_text('#!/bin/sh\nprintf "%s\\n" "$1" > "$HOME/opened"\n')
            cls.opener.chmod(0o755)
        except BaseException:
            cls.site.failed = True
            cls.site.close()
            raise

    @classmethod
    def register(cls, entity=None, **how):
        """Tells the provider of the site, from the site's own metadata."""
        with urllib.request.urlopen(cls.site.url + "/saml/metadata", context=NOT_CHECKED, timeout=30) as answer:
            cls.metadata = answer.read().decode()
        acs = re.search(r'AssertionConsumerService [^>]*Location="([^"]+)"', cls.metadata).group(1)
        certificate = re.search(r"X509Certificate>([^<]+)<", cls.metadata).group(1)
        cls.idp.register(entity or re.search(r'entityID="([^"]+)"', cls.metadata).group(1), acs, "".join(certificate.split()),
                         **how)

    def setUp(self):
        self.person = self.site.technician(f"person-{len(self.site.technicians)}")
        self.person.env["BROWSER"] = f"{self.opener} %s"
        self.browser = Browser(self.site.dir)
        self.addCleanup(self.browser.close)

    # -- steps -------------------------------------------------------------------------------------------------------
    def begin(self, *flags):
        """Starts the sign-in in a terminal; gives the program and the address that it wants opened."""
        program = self.person.start(f"login-{len(self.site.programs)}", "login", "--server", self.site.url,
                                    *self.site.trust_flags(), "--sso", "-o", "json", *flags)
        def said():
            if not program.running():
                self.fail(f"the sign-in ended: {program.tail()}")
            found = re.search(r'^\{"open":.*\}$', program.log_text(), re.M)
            return json.loads(found.group(0)) if found else None
        return program, wait_for(said, "the address to open")["open"]

    def ended(self, program, expect=0):
        out = program.process.stdout.read().decode() if program.process.wait(60) is not None else ""
        self.assertEqual(program.process.returncode, expect, program.tail())
        return json.loads((program.buffer.decode() + out) or "null")

    def error_of(self, program):
        return json.loads(program.log_text().strip().splitlines()[-1])

    def sign_in(self, person=ADA_THERE, expect=0):
        """The whole way on one machine."""
        program, url = self.begin()
        opened = wait_for(lambda: (self.person.home / "opened").exists() and (self.person.home / "opened").read_text().strip(),
                          "the browser to be opened")
        self.assertEqual(opened, url)
        self.browser.open(url)
        if person:
            self.idp.sign_in(self.browser, person)
        self.browser.wait_text("Back to the terminal")
        return self.ended(program, expect), program

    def captured(self):
        """The last response that the browser posted to the site."""
        posts = [p["request"] for m, p in self.browser.events
                 if m == "Network.requestWillBeSent" and p["request"]["method"] == "POST" and p["request"]["url"].endswith("/saml/acs")]
        form = urllib.parse.parse_qs(posts[-1]["postData"])
        return base64.b64decode(form["SAMLResponse"][0]).decode()

    def post(self, xml):
        data = urllib.parse.urlencode({"SAMLResponse": base64.b64encode(xml.encode()).decode(), "RelayState": "x"}).encode()
        request = urllib.request.Request(self.site.url + "/saml/acs", data=data)
        try:
            with urllib.request.urlopen(request, context=NOT_CHECKED, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, refused.read().decode()

    def rules(self):
        """Newest first."""
        events = self.admin.run("log", "query", "--type", "auth.sso_refused", "--all", "-o", "jsonl").jsonl()
        return [e["data"]["rule"] for e in reversed(events)]

    def set(self, *flags):
        return self.admin.run("admin", "sso", "set", *flags, "-o", "json").json()

    def user(self, email):
        return self.admin.run("admin", "user", "show", email, "-o", "json").json()

    # -- tests -------------------------------------------------------------------------------------------------------
    def test_from_the_terminal_and_back(self):
        shown, program = self.sign_in()
        self.assertEqual(shown["user"]["email"], ADA)
        self.assertEqual(self.person.run("whoami", "-o", "json").json()["email"], ADA)
        logins = self.admin.run("log", "query", "--type", "auth.login", "--all", "-o", "jsonl").jsonl()
        self.assertIn("sso", [e["data"].get("via") for e in logins if e["actor"] == ADA])
        for secret in re.findall(r'"(rsc_[^"]+)"', json.dumps(shown)):
            self.fail(f"the token is on stdout: {secret[:8]}…")
        # The browser was led by redirects; nothing on its way complained, and the code it carried is spent.
        self.assertEqual([p for p in self.browser.problems if "favicon" not in p], [])
        last = [u for u in self.browser.requested() if u.startswith("http://127.0.0.1:") and "code=" in u][-1]
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(last).query)["code"][0]
        again = self.person.run("login", "--server", self.site.url, *self.site.trust_flags(), "--sso-code", "-o", "json",
                                stdin=code + "\n", expect=4)
        self.assertEqual(again.error()["error"], "SIGN_IN_NEEDED")
        # The request was signed and is the provider's to check; the one answer that came is accepted no second time.
        self.assertIn("&Signature=", next(u for u in self.browser.requested() if "SAMLRequest=" in u))
        status, page = self.post(self.captured())
        self.assertEqual(status, 403, page)
        self.assertEqual(self.rules()[0], "replay")
        # Signed in there already: nobody is asked again.
        shown, _ = self.sign_in(person=None)
        self.assertEqual(shown["user"]["email"], ADA)

    def test_with_a_code_typed_by_hand(self):
        for flags, env in ((["--no-browser"], {}), ([], {"SSH_CONNECTION": "192.0.2.7 1 192.0.2.8 22"})):
            with self.subTest(flags=flags):
                self.person.env.update(env)
                if env:
                    self.person.env.pop("BROWSER")
                program, url = self.begin(*flags)
                self.assertNotIn("port=", url)
                self.browser.open(url)
                if not env:
                    self.idp.sign_in(self.browser, ADA_THERE)
                code = self.browser.wait("document.querySelector('#code').innerText", "the page with the code")
                self.assertRegex(code, r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$")
                self.assertIn(ADA, self.browser.text())
                self.assertIn("give the code to nobody", self.browser.text())
                # Without the verifier of the terminal where the sign-in began, a code is worth nothing.
                program.write_line(code.lower().replace("-", " "))
                self.assertEqual(self.ended(program)["user"]["email"], ADA)
        self.browser.screenshot(self.site.dir / "code.png")

    def test_a_code_opens_nothing_elsewhere(self):
        program, url = self.begin("--no-browser")
        self.browser.open(url)
        self.idp.sign_in(self.browser, ADA_THERE)
        code = self.browser.wait("document.querySelector('#code').innerText", "the page with the code")
        thief = self.site.technician(f"thief-{len(self.site.technicians)}")
        stolen = thief.run("login", "--server", self.site.url, *self.site.trust_flags(), "--sso-code", "-o", "json",
                           stdin=code + "\n", expect=4)
        self.assertEqual(stolen.error()["error"], "SIGN_IN_NEEDED")
        program.write_line(code)  # it was in the wrong hands: it is spent
        self.ended(program, 4)

    def test_begun_at_the_provider(self):
        self.browser.open(self.idp.start_url(self.entity))
        self.idp.sign_in(self.browser, ADA_THERE)
        self.browser.wait_text("Not signed in")
        self.assertIn("rescue login --sso", self.browser.text())
        self.assertEqual(self.rules()[0], "idp_initiated")
        self.assertTrue(self.set("--idp-initiated", "yes")["idp_initiated"])
        self.addCleanup(self.set, "--idp-initiated", "no")
        self.browser.open(self.idp.start_url(self.entity))
        code = self.browser.wait("document.querySelector('#code').innerText", "the page with the code")
        login = ("login", "--server", self.site.url, *self.site.trust_flags(), "--sso-code", "-o", "json")
        self.assertEqual(self.person.run(*login, stdin=code + "\n").json()["user"]["email"], ADA)
        self.person.run(*login, stdin=code + "\n", expect=4)

    def test_encrypted_assertions(self):
        self.register(encrypt=True)
        self.addCleanup(self.register)
        self.assertEqual(self.sign_in()[0]["user"]["email"], ADA)
        xml = self.captured()
        self.assertIn("EncryptedAssertion", xml)
        self.assertNotIn(ADA, xml)
        # A new key: what the provider encrypts for the old one still opens.
        before = re.findall(r"X509Certificate>([^<]+)<", self.metadata)
        self.assertEqual(len(self.admin.run("admin", "sso", "new-key", "-o", "json").json()["keys"]), 2)
        self.assertEqual(self.sign_in_after_new_key(before), ADA)

    def sign_in_after_new_key(self, before):
        with urllib.request.urlopen(self.entity, context=NOT_CHECKED, timeout=30) as answer:
            now = re.findall(r"X509Certificate>([^<]+)<", answer.read().decode())
        self.assertIn(before[0], now)
        self.assertNotEqual(now[0], before[0])
        self.register(encrypt=True)  # the provider reads the site's metadata anew, for the signature of requests
        return self.sign_in(person=None)[0]["user"]["email"]

    def test_an_account_is_made_only_where_the_site_says_so(self):
        shown, program = self.sign_in(EVE_THERE, expect=10)
        self.assertIsNone(shown)
        self.assertEqual(self.error_of(program)["error"], "SSO_REFUSED")
        self.assertEqual(self.rules()[0], "unknown_account")
        self.admin.run("admin", "user", "show", EVE, expect=6)
        self.admin.run("admin", "group", "add", "Night")
        self.set("--provision", "yes", "--group-attribute", "groups", "--map", "cn=nobody=Night", "--map",
                 "cn=night,dc=example=Night")
        self.addCleanup(self.set, "--provision", "no", "--group-attribute", "", "--no-map")
        self.assertEqual(self.sign_in(None)[0]["user"]["email"], EVE)
        user = self.user(EVE)
        self.assertEqual((user["name"], user["role"], user["group"]["name"]), ("Eve <Example> & Co", "technician", "Night"))
        self.assertEqual(self.person.run("passwd", "--current-password-stdin", "--new-password-stdin", "-o", "json",
                                         stdin="x\nsome new words of mine 4\n", expect=None).code, 4)
        # The provider says where a technician belongs, also later on.
        self.admin.run("admin", "user", "set", EVE, "--group", self.user(ADA)["group"]["name"])
        self.sign_in(None)
        self.assertEqual(self.user(EVE)["group"]["name"], "Night")
        changed = self.admin.run("log", "query", "--type", "user.changed", "--all", "-o", "jsonl").jsonl()
        self.assertIn("sso", [e["data"].get("via") for e in changed if e["data"].get("email") == EVE])

    def test_the_switch_for_one_person(self):
        """What single sign-on opened is over within a second, seen from outside: the session at the supported machine, the
        stream of events, the sign-in."""
        self.sign_in()
        meeting = Meeting(self.site, self.person)
        meeting.ask("desktop_view")
        watch = follow_log(self.person, meeting, f"watch-{len(self.site.programs)}")
        self.addCleanup(self.tech.login, ADA, ADA_PASSWORD)
        self.addCleanup(self.admin.run, "admin", "sso", "enable", ADA)
        soon = self.site.a_second()
        self.assertTrue(self.admin.run("admin", "sso", "disable", ADA, "-o", "json").json()["sso_disabled"])
        deadline = time.monotonic() + soon
        while not any(e.get("msg") == "ended" for e in meeting.user_log()):
            if time.monotonic() > deadline:
                self.fail("a second later the session goes on: " + meeting.applet.tail())
            time.sleep(0.01)
        self.assertEqual(watch.process.wait(20), 4, watch.tail())
        meeting.script.event("ended", timeout=20)
        self.assertEqual(self.person.run("whoami", "-o", "json", expect=4).error()["error"], "SIGN_IN_NEEDED")
        self.assertEqual(self.admin.run("session", "show", meeting.id, "-o", "json").json()["state"], "aborted")
        shown, program = self.sign_in(None, expect=5)
        self.assertEqual(self.error_of(program)["error"], "DENIED")
        self.assertEqual(self.rules()[0], "sso_disabled")
        self.admin.run("admin", "sso", "enable", ADA)
        self.assertEqual(self.sign_in(None)[0]["user"]["email"], ADA)

    def test_who_has_to_come_through_the_provider(self):
        self.admin.run("admin", "group", "add", "Only SSO", "--require-sso", "yes")
        home = self.user(ADA)["group"]["name"]
        self.admin.run("admin", "user", "set", ADA, "--group", "Only SSO")
        self.addCleanup(self.admin.run, "admin", "user", "set", ADA, "--group", home)
        by_password = ("login", "--server", self.site.url, *self.site.trust_flags(), "--email", ADA, "--password-stdin", "-o", "json")
        self.assertEqual(self.person.run(*by_password, stdin=ADA_PASSWORD + "\n", expect=5).error()["error"], "SSO_REQUIRED")
        # Only who knows the password is told.
        self.assertEqual(self.person.run(*by_password, stdin="another one\n", expect=4).error()["error"], "SIGN_IN_NEEDED")
        self.assertEqual(self.sign_in()[0]["user"]["email"], ADA)

    def test_hostile_responses_over_http(self):
        program, url = self.begin("--no-browser")
        self.browser.open(url)
        self.idp.sign_in(self.browser, ADA_THERE)
        self.browser.wait("document.querySelector('#code').innerText", "the page with the code")
        good = self.captured()
        program.kill()
        signature = re.search(r"<ds:Signature.*?</ds:Signature>", good, re.S).group(0)
        attacks = {
            "signature_invalid": good.replace(ADA, "admin@example.test"),
            "signature_missing": re.sub(r"<ds:Signature.*?</ds:Signature>", "", good, flags=re.S),
            "comment": good.replace(ADA, ADA + "<!---->.evil.test"),
            "dtd": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + good.replace('<?xml version="1.0"?>', ""),
            "xml": good[:-20],
            "root": "<a/>",
            "duplicate_id": good.replace("<saml:Assertion ", '<samlp:Extensions ID="x"/><samlp:Extensions ID="x"/><saml:Assertion ', 1),
            "assertion_count": good.replace("</samlp:Response>", re.search(r"<saml:Assertion .*</saml:Assertion>", good, re.S)
                                            .group(0).replace('ID="', 'ID="b') + "</samlp:Response>"),
        }
        for rule, xml in attacks.items():
            with self.subTest(rule):
                self.assertNotEqual(xml, good)
                status, page = self.post(xml)
                self.assertEqual(status, 401, page)
                self.assertEqual(self.rules()[0], rule)
                self.assertNotIn(rule, page)  # whoever tries is told nothing of why
        self.assertTrue(signature)
        status, _ = self.post("not even XML")
        self.assertEqual(status, 401)
        bad = urllib.request.Request(self.site.url + "/saml/acs", data=b"SAMLResponse=a&SAMLResponse=b")
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(bad, context=NOT_CHECKED, timeout=30)
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()

    def test_genuine_responses_for_somebody_else(self):
        self.set("--idp-initiated", "yes")
        self.addCleanup(self.set, "--idp-initiated", "no")
        self.addCleanup(self.register)
        self.register(entity="https://other.example.test/metadata")
        self.browser.open(self.idp.start_url("https://other.example.test/metadata"))
        self.idp.sign_in(self.browser, ADA_THERE)
        self.browser.wait_text("Not signed in")
        self.assertEqual(self.rules()[0], "audience")
        # The same request answered twice: the second answer is genuine, too, and one too many.
        self.register()
        program, url = self.begin()
        self.browser.open(url)
        self.browser.wait_text("Back to the terminal")
        self.ended(program)
        asked = [u for u in self.browser.requested() if "SAMLRequest=" in u][-1]
        self.browser.open(asked)
        self.browser.wait_text("finished already")
        self.assertEqual(self.rules()[0], "request_used")

    def test_setting_up(self):
        shown = self.admin.run("admin", "sso", "show", "-o", "json").json()
        self.assertEqual((shown["enabled"], shown["entity_id"], shown["idp"]["entity_id"]),
                         (True, self.entity, "https://idp.example.test/metadata"))
        self.assertEqual(shown["provision"], False)
        checks = self.admin.run("admin", "sso", "test", "-o", "json").json()
        self.assertTrue(all(c["ok"] for c in checks), checks)
        (self.site.dir / "bad.xml").write_text("<!DOCTYPE x []><x/>")
        self.assertIn("dtd", self.admin.run("admin", "sso", "set", "--idp-metadata", self.site.dir / "bad.xml", "-o", "json",
                                            expect=2).error()["message"])
        self.admin.run("admin", "sso", "set", "--group-attribute", "g", "--map", "a=No Such Group", "-o", "json", expect=6)
        self.admin.run("admin", "sso", "set", expect=2)
        self.tech.run("admin", "sso", "show", expect=5)
        self.set("--enabled", "no")
        self.addCleanup(self.set, "--enabled", "yes")
        self.assertEqual(self.admin.run("admin", "sso", "test", "-o", "json", expect=10).json()[0],
                         {"check": "enabled", "ok": False, "detail": "switched off"})
        self.assertEqual(self.person.run("login", "--server", self.site.url, *self.site.trust_flags(), "--sso", "-o", "json",
                                         expect=6).error()["error"], "NOT_FOUND")
        self.assertEqual(self.post("<a/>")[0], 404)
        # Keys and sealed things never leave; the log names the change and no key.
        text = self.admin.run("log", "query", "--type", "policy.changed", "--all", "-o", "jsonl").out
        self.assertIn("sso.idp_metadata", text)
        self.assertNotIn("PRIVATE KEY", text + json.dumps(shown))


if __name__ == "__main__":
    unittest.main()
