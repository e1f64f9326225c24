# SPDX-License-Identifier: Apache-2.0
"""The pages of people who are helped, without a browser: cookies, languages, what is stamped into a download and for whom, what
strangers and other sites can and cannot do."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import unittest
import urllib.parse

from support import BROKER, Broker, Identity, guid_in_invite, unb64

MADE = pathlib.Path(BROKER).resolve().parents[1] / "tests" / "stamp_fixtures"
SLOT = 6176
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
ANDROID = "Mozilla/5.0 (Linux; Android 14; x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
ARM = "Mozilla/5.0 (X11; Linux aarch64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
          "frame-ancestors 'none'")


class Page:
    def __init__(self, response):
        self.status = response.status
        self.fields = response.getheaders()
        self.headers = {k.lower(): v for k, v in self.fields}
        self.bytes = response.read()

    @property
    def text(self):
        return self.bytes.decode()

    @property
    def sha256(self):
        found = re.search(r'<pre id="sha256">([0-9a-f]{64})</pre>', self.text)
        return found and found[1]


def settings(folder, key="rsa", **applets):
    """What broker.toml says of applets, and the page's looks. The key is one that only its owner may read."""
    folder = pathlib.Path(folder)
    for name in (f"{key}.key", f"{key}-chain.pem"):
        shutil.copy(MADE / name, folder / name)
        (folder / name).chmod(0o600)
    (folder / "logo.png").write_bytes(PNG)
    lines = [f'{name} = "{path}"' for name, path in applets.items()]
    return "\n".join(['organisation = "Ada & Söhne <Support>"', "[rate]", "pin_per_address = 100000", "[applets]", *lines,
                      f'signing_chain = "{folder / (key + "-chain.pem")}"', f'signing_key = "{folder / (key + ".key")}"',
                      "[page]", f'logo = "{folder / "logo.png"}"', 'contact = "Call <1234> & ask for Ada"',
                      'privacy_de = "Wir löschen alles."', 'accent = "#ffcc00"', ""])


class Visitor:
    """A browser's side of HTTP: keeps its cookie, follows nothing."""

    def __init__(self, broker, agent=LINUX, language=None):
        self.broker, self.cookie = broker, None
        self.headers = {"User-Agent": agent, **({"Accept-Language": language} if language else {})}

    def call(self, method, path, fields=None, **headers):
        connection = self.broker.connection()
        try:
            send = {**self.headers, **({"Cookie": self.cookie} if self.cookie else {}), **headers}
            body = None
            if fields is not None:
                body = fields if isinstance(fields, str) else urllib.parse.urlencode(fields)
                send["Content-Type"] = "application/x-www-form-urlencoded"
            connection.request(method, path, body, send)
            return Page(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.call("GET", path, **headers)

    def enter(self, pin, path="/"):
        page = self.call("POST", path, {"pin": pin})
        if "set-cookie" in page.headers:
            self.cookie = page.headers["set-cookie"].split(";")[0]
        return page

    def download(self, system="linux-x86_64", part="file", **headers):
        return self.call("POST", "/download", {"system": system, "part": part}, **headers)


def slot_of(program):
    """The envelope in a program file's slot."""
    at = program.index(b"Rescue slot 1" + b"\0" * 3)
    length = int.from_bytes(program[at + 16:at + 20], "big")
    return program[at + 32:at + 32 + length]


class Site(unittest.TestCase):
    key = "rsa"

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("")
        cls.programs = cls.broker.dir / "programs"
        cls.programs.mkdir()
        for name in ("linux", "windows.exe"):
            shutil.copy(MADE / name, cls.programs / name)
        cls.broker.config.write_text(settings(cls.broker.dir, cls.key, linux_x86_64=cls.programs / "linux",
                                              windows_x86_64=cls.programs / "windows.exe"))
        cls.broker.start()
        cls.admin = cls.broker.login()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def new_pin(self):
        made = self.broker.new_session(self.admin)
        return made["session"]["id"], made["pin"]

    def visitor(self, *args, **more):
        """One who has entered a PIN."""
        out = Visitor(self.broker, *args, **more)
        out.session, pin = self.new_pin()
        page = out.enter(pin)
        self.assertEqual((page.status, page.headers["location"]), (303, "/ready"))
        return out

    def log(self, session, kind):
        return [e for e in self.broker.log_events(self.admin, session=session) if e["type"] == kind]


class Pages(Site):
    def test_the_start_page_asks_for_the_pin_and_says_who_runs_it(self):
        page = Visitor(self.broker).get("/")
        self.assertEqual((page.status, page.headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(page.headers["content-security-policy"], POLICY)
        self.assertEqual(page.headers["x-content-type-options"], "nosniff")
        self.assertEqual(page.headers["cache-control"], "no-store")
        self.assertEqual(page.headers["vary"], "Accept-Language")
        self.assertNotIn("set-cookie", page.headers, "who only looks is not followed")
        for part in ('<html lang="en">', "Get help from Ada &amp; Söhne &lt;Support&gt;", '<label for="pin">', 'src="/assets/logo"',
                     'alt="Ada &amp; Söhne &lt;Support&gt;"', "Call &lt;1234&gt; &amp; ask for Ada", "Did somebody you do not know"):
            self.assertIn(part, page.text)
        self.assertNotIn("<Support>", page.text)
        for inline in ("style=", "onclick", "<style", "javascript:", "http://"):
            self.assertNotIn(inline, page.text)

    def test_its_language_is_the_visitor_s(self):
        german = '<html lang="de">'
        for wanted, expect in (("de-AT,de;q=0.9,en;q=0.8", True), ("en;q=0.3, DE;q=0.5", True), ("fr,es;q=0.9", False),
                               ("fr, de;q=0.1", True), ("en, de", False), ("de;q=0", False), ("*", False), ("de;q=x", False),
                               ("," * 5000 + "de", False), ("", False)):
            self.assertEqual(german in Visitor(self.broker, language=wanted).get("/").text, expect, wanted)
        asked = Visitor(self.broker, language="en").get("/?lang=de")
        self.assertIn(german, asked.text)
        self.assertIn('action="/?lang=de"', asked.text, "the choice goes on")
        self.assertIn('<a href="/?lang=en" lang="en" hreflang="en">English</a>', asked.text)
        self.assertIn("Wir löschen alles.", asked.text)
        self.assertIn(german, Visitor(self.broker, language="de").get("/?lang=xx").text)
        _, pin = self.new_pin()
        self.assertEqual(Visitor(self.broker).enter(pin, "/?lang=de").headers["location"], "/ready?lang=de")

    def test_its_files(self):
        visitor = Visitor(self.broker)
        logo = visitor.get("/assets/logo")
        self.assertEqual((logo.status, logo.headers["content-type"], logo.bytes), (200, "image/png", PNG))
        style = visitor.get("/assets/visit.css").text
        self.assertIn("--accent: #ffcc00; --on-accent: #000000;", style, "black is read better on yellow")
        self.assertNotIn("url(", style)
        self.assertNotIn("import", style)
        script = visitor.get("/assets/visit.js")
        self.assertEqual(script.headers["content-type"], "text/javascript; charset=utf-8")
        self.assertEqual(visitor.get("/assets/signing.pem").text, re.search(
            "-----BEGIN.*?-----END CERTIFICATE-----\n", (self.broker.dir / "rsa-chain.pem").read_text(), re.DOTALL)[0])

    def test_what_is_no_pin_is_said_in_words(self):
        for language, wrong in (("en", {"000000": (404, "is not known"), "12": (400, "six to twelve"), "abc": (400, "six to twelve"),
                                        "": (400, "six to twelve")}),
                                ("de", {"000000": (404, "ist nicht bekannt"), "x": (400, "sechs bis zwölf")})):
            for pin, (status, words) in wrong.items():
                page = Visitor(self.broker, language=language).enter(pin)
                self.assertEqual(page.status, status)
                self.assertIn(words, page.text)
                self.assertIn('role="alert"', page.text)
                self.assertIn('aria-invalid="true"', page.text)
                self.assertIn(f'value="{pin}"', page.text, "to be put right")
                self.assertNotIn("set-cookie", page.headers)
        page = Visitor(self.broker).enter('"><script>alert(1)</script>')
        self.assertNotIn("<script>alert", page.text)
        for body in ("colour=red", "pin=1&pin=2", "%zz", "pin=" + "1" * 65):
            page = Visitor(self.broker).call("POST", "/", body)
            self.assertEqual((page.status, page.headers["content-type"]), (400, "text/html; charset=utf-8"), body)
            self.assertEqual(page.headers["content-security-policy"], POLICY)

    def test_a_pin_as_people_type_it(self):
        _, pin = self.new_pin()
        page = Visitor(self.broker).enter(f" {pin[:3]} {pin[3:]}-")
        self.assertEqual(page.status, 303)

    def test_a_form_of_another_site_is_not_taken(self):
        host = f"127.0.0.1:{self.broker.port}"
        _, pin = self.new_pin()
        for headers, allowed in (({"Sec-Fetch-Site": "cross-site"}, False), ({"Sec-Fetch-Site": "same-site"}, False),
                                 ({"Origin": "https://evil.example"}, False), ({"Origin": "null"}, False),
                                 ({"Origin": f"http://{host}"}, False), ({"Origin": f"https://{host}"}, True),
                                 ({"Sec-Fetch-Site": "same-origin"}, True), ({}, True)):
            page = Visitor(self.broker).call("POST", "/", {"pin": pin}, **headers)
            self.assertEqual(page.status, 303 if allowed else 403, headers)
            if not allowed:
                self.assertNotIn("set-cookie", page.headers)
                self.assertIn("another site", page.text)
        there = self.visitor()
        self.assertEqual(there.download(**{"Sec-Fetch-Site": "cross-site"}).status, 403)


class Downloads(Site):
    def test_the_cookie_is_for_this_site_and_no_script(self):
        session, pin = self.new_pin()
        page = Visitor(self.broker).enter(pin)
        name, *attributes = page.headers["set-cookie"].split("; ")
        self.assertRegex(name, "^__Host-rescue-visit=[A-Za-z0-9_-]{43}$")
        self.assertEqual(set(attributes), {"Path=/", "Max-Age=86400", "Secure", "HttpOnly", "SameSite=Strict"})
        self.assertEqual(len(self.log(session, "session.pin_redeemed")), 1)

    def test_a_linux_program_is_the_template_with_the_session_in_its_slot(self):
        visitor = self.visitor()
        page = visitor.get("/ready")
        self.assertEqual(page.status, 200)
        self.assertIn("Download for Linux (0.0 MB)", page.text)
        self.assertIn("It is signed by Example rsa", page.text)
        self.assertNotIn("Download for Windows", page.text)
        self.assertIn("/ready?system=windows-x86_64", page.text)
        file = visitor.download()
        self.assertEqual((file.status, file.headers["content-type"]), (200, "application/octet-stream"))
        self.assertEqual(file.headers["content-disposition"], 'attachment; filename="rescue-applet"')
        self.assertEqual(file.headers["cache-control"], "no-store")
        self.assertEqual(hashlib.sha256(file.bytes).hexdigest(), page.sha256)
        digest = base64.b64encode(hashlib.sha256(file.bytes).digest()).decode()
        self.assertEqual(file.headers["repr-digest"], f"sha-256=:{digest}:")
        plain = (MADE / "linux").read_bytes()
        at = plain.index(b"Rescue slot 1\0")
        self.assertEqual(file.bytes[:at] + bytes(SLOT) + file.bytes[at + SLOT:], plain[:at] + bytes(SLOT) + plain[at + SLOT:])
        guid = guid_in_invite(slot_of(file.bytes))
        registered = self.broker.api("POST", "/applet/register", {"guid": guid, "host": {"name": "pc", "os": "Linux", "user": "e"}},
                                     identity=Identity(self.broker.dir, "applet")).expect(200)
        self.assertEqual(registered["session_id"], visitor.session)
        event, = self.log(visitor.session, "session.applet_downloaded")
        self.assertEqual(event["data"], {"system": "linux-x86_64", "address": "127.0.0.1"})
        self.assertNotIn(guid, self.broker.log_text())
        self.assertNotIn(visitor.cookie.split("=", 1)[1], self.broker.log_text())

    def test_the_signature_of_a_linux_program_is_one_of_openssl(self):
        visitor = self.visitor()
        folder = self.broker.dir
        (folder / "p").write_bytes(visitor.download().bytes)
        signature = visitor.download(part="signature")
        self.assertEqual(signature.headers["content-disposition"], 'attachment; filename="rescue-applet.sig"')
        (folder / "p.sig").write_bytes(signature.bytes)
        (folder / "p.pem").write_text(visitor.get("/assets/signing.pem").text)
        public = subprocess.run(["openssl", "x509", "-in", folder / "p.pem", "-pubkey", "-noout"], check=True, capture_output=True)
        (folder / "p.pub").write_bytes(public.stdout)
        verify = ["openssl", "dgst", "-sha256", "-verify", folder / "p.pub", "-signature", folder / "p.sig", folder / "p"]
        self.assertEqual(subprocess.run(verify, capture_output=True, check=False).returncode, 0)
        (folder / "p").write_bytes(visitor.download().bytes[:-1] + b"?")
        self.assertNotEqual(subprocess.run(verify, capture_output=True, check=False).returncode, 0)
        self.assertEqual(visitor.download("windows-x86_64", "signature").status, 404)

    def verify(self, program):
        (self.broker.dir / "judged.exe").write_bytes(program)
        return subprocess.run(["osslsigncode", "verify", "-CAfile", MADE / "root.pem", "-in", self.broker.dir / "judged.exe"],
                              capture_output=True, text=True, check=False)

    def test_a_windows_program_is_signed_and_a_flipped_byte_shows(self):
        visitor = self.visitor(WINDOWS)
        page = visitor.get("/ready")
        self.assertIn("Download for Windows", page.text)
        file = visitor.download("windows-x86_64")
        self.assertEqual(file.headers["content-disposition"], 'attachment; filename="rescue-applet.exe"')
        self.assertEqual(hashlib.sha256(file.bytes).hexdigest(), page.sha256)
        judged = self.verify(file.bytes)
        self.assertEqual(judged.returncode, 0, judged.stdout)
        self.assertIn(f"https://127.0.0.1:{self.broker.port}", judged.stdout)
        at = file.bytes.index(b"Rescue slot 1\0")
        for where in (0x400, at + 40, at + SLOT - 1):
            flipped = bytearray(file.bytes)
            flipped[where] ^= 1
            self.assertNotEqual(self.verify(bytes(flipped)).returncode, 0, where)

    def test_the_same_browser_may_fetch_the_same_file_until_it_has_connected(self):
        visitor = self.visitor()
        first = visitor.download().bytes
        self.assertEqual(visitor.download().bytes, first)
        stranger = Visitor(self.broker)
        for cookie in (None, "__Host-rescue-visit=" + "A" * 43, "__Host-rescue-visit=short", "other=" + visitor.cookie.split("=", 1)[1]):
            stranger.cookie = cookie
            page = stranger.download()
            self.assertEqual((page.status, page.headers["location"], page.bytes), (303, "/", b""), cookie)
            self.assertEqual(stranger.get("/ready").headers["location"], "/")
        self.broker.api("POST", "/applet/register", {"guid": guid_in_invite(slot_of(first)),
                                                     "host": {"name": "pc", "os": "Linux", "user": "e"}},
                        identity=Identity(self.broker.dir, "again")).expect(200)
        for page in (visitor.download(), visitor.get("/ready")):
            self.assertEqual((page.status, page.headers["content-type"]), (200, "text/html; charset=utf-8"))
            self.assertIn("The program is connected", page.text)
        self.broker.api("POST", f"/sessions/{visitor.session}/close", {}, token=self.admin).expect(200)
        self.assertEqual(visitor.get("/ready").status, 410)
        self.assertEqual(visitor.download().status, 410)

    def test_of_two_browsers_with_one_pin_the_later_has_it(self):
        _, pin = self.new_pin()
        first, second = Visitor(self.broker), Visitor(self.broker)
        first.enter(pin)
        second.enter(pin)
        self.assertEqual((first.download().status, second.download().status), (303, 200))

    def test_two_sessions_are_two_files(self):
        self.assertNotEqual(guid_in_invite(slot_of(self.visitor().download().bytes)),
                            guid_in_invite(slot_of(self.visitor().download().bytes)))

    def test_whose_device_has_no_program_is_told(self):
        for agent in (MAC, ANDROID, ARM, "curl/8.0", ""):
            page = self.visitor(agent).get("/ready")
            self.assertEqual(page.status, 200)
            self.assertIn("There is no program for this device", page.text)
            for system in ("linux-x86_64", "windows-x86_64"):
                self.assertIn(f"/ready?system={system}", page.text)
        visitor = self.visitor(MAC)
        self.assertIn("Download for Windows", visitor.get("/ready?system=windows-x86_64").text)
        for system in ("amiga", "", "linux"):
            self.assertEqual(visitor.download(system).status, 404)

    def test_nobody_downloads_for_ever(self):
        visitor = self.visitor()
        seen = [visitor.download().status for _ in range(32)]
        self.assertEqual(seen[:30], [200] * 30)
        self.assertIn(429, seen)


class OfP256(Site):
    key = "p256"

    def test_a_signature_that_differs_each_time_has_no_hash_in_advance(self):
        visitor = self.visitor(WINDOWS)
        page = visitor.get("/ready")
        self.assertIsNone(page.sha256)
        self.assertIn("It is signed by Example p256", page.text)
        first, second = visitor.download("windows-x86_64"), visitor.download("windows-x86_64")
        self.assertNotEqual(first.bytes, second.bytes)
        self.assertNotIn("repr-digest", first.headers)
        self.assertIsNotNone(self.visitor().get("/ready").sha256)


class Changes(unittest.TestCase):
    """Brokers of their own: what they start with and what changes under them."""

    def broker(self, toml):
        out = Broker(toml)
        self.addCleanup(out.__exit__, None, None, None)
        return out

    def refused(self, toml):
        broker = self.broker(toml)
        with self.assertRaises(AssertionError):
            broker.start()
        broker.process.wait(30)
        broker.process.stdout.close()
        broker.process = None
        return broker.log_text()

    def test_a_site_without_applets_says_how_to_start_one(self):
        broker = self.broker("").start()
        visitor = Visitor(broker)
        pin = broker.new_session(broker.login())["pin"]
        self.assertEqual(visitor.enter(pin).status, 303)
        page = visitor.get("/ready")
        self.assertIn("There is nothing to download here", page.text)
        self.assertIn(f"rescue-applet --server https://127.0.0.1:{broker.port} --ca-pin {broker.ready['ca_pin']} --pin DIGITS", page.text)
        self.assertEqual(visitor.download().status, 404)
        self.assertEqual((visitor.get("/assets/logo").status, visitor.get("/assets/signing.pem").status), (404, 404))

    def test_what_cannot_be_given_out_ends_the_start(self):
        folder = pathlib.Path(self.broker("").dir)
        (folder / "empty").write_bytes(b"")
        (folder / "logo.txt").write_text("a logo")
        key = folder / "open.key"
        shutil.copy(MADE / "rsa.key", key)
        key.chmod(0o644)
        for toml, said in ((f'[applets]\nlinux_x86_64 = "{folder}/none"', "none"),
                           (f'[applets]\nlinux_x86_64 = "{folder}/empty"', "neither PE nor ELF"),
                           (f'[applets]\nlinux_x86_64 = "{MADE}/windows.exe"', "no program for linux-x86_64"),
                           ('[applets]\nlinux_x86_64 = "/bin/true"', "/bin/true"),
                           (f'[applets]\nsigning_key = "{MADE}/rsa.key"', "belong together"),
                           (f'[applets]\nsigning_chain = "{MADE}/rsa-chain.pem"\nsigning_key = "{key}"', "open.key"),
                           (f'[page]\nlogo = "{folder}/logo.txt"', "no PNG, JPEG or SVG")):
            self.assertIn(said, self.refused(toml))
        self.assertIn("a colour such as", self.refused('[page]\naccent = "red;} body { display: none"'))

    def test_a_windows_program_that_nobody_signs_is_warned_of(self):
        broker = self.broker(f'[applets]\nwindows_x86_64 = "{MADE}/windows.exe"').start()
        self.assertIn("without a signature", broker.log_text())
        visitor = Visitor(broker, WINDOWS)
        visitor.enter(broker.new_session(broker.login())["pin"])
        page = visitor.get("/ready")
        self.assertIn("It is not signed. Windows warns", page.text)
        self.assertEqual(hashlib.sha256(visitor.download("windows-x86_64").bytes).hexdigest(), page.sha256)

    def test_a_new_program_is_given_out_once_it_is_whole(self):
        broker = self.broker("")
        program = broker.dir / "program"
        shutil.copy(MADE / "linux", program)
        broker.config.write_text(f'[applets]\nlinux_x86_64 = "{program}"')
        broker.start()
        visitor = Visitor(broker)
        visitor.enter(broker.new_session(broker.login())["pin"])
        size = lambda: len(visitor.download().bytes)
        self.assertEqual(size(), (MADE / "linux").stat().st_size)
        program.write_bytes((MADE / "linux-unstripped").read_bytes()[:5000])
        broker.process.send_signal(signal.SIGHUP)
        self.until(lambda: "changed applets cannot be used" in broker.log_text())
        self.assertEqual(size(), (MADE / "linux").stat().st_size, "what was before stays")
        shutil.copy(MADE / "linux-unstripped", program)  # and nobody tells the broker
        self.until(lambda: visitor.get("/ready").sha256 and size() == (MADE / "linux-unstripped").stat().st_size, 0.5)

    def until(self, condition, pause=0.05):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(pause)

    def test_guessing_is_slowed_down_in_words(self):
        broker = self.broker("[rate]\npin_per_address = 3\n").start()
        pin = broker.new_session(broker.login())["pin"]
        wrong = [p for p in ("111111", "222222", "333333", "444444") if p != pin][:3]
        visitor = Visitor(broker, language="de")
        self.assertEqual([visitor.enter(p).status for p in wrong], [404] * 3)
        page = visitor.enter(pin)
        self.assertEqual((page.status, page.headers["content-type"]), (429, "text/html; charset=utf-8"))
        self.assertIn("retry-after", page.headers)
        self.assertIn("zu viele Versuche", page.text)
        self.assertEqual(broker.api("POST", "/pin", {"pin": pin}).status, 429, "the API counts with it")


if __name__ == "__main__":
    unittest.main(verbosity=2)
