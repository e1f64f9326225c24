# SPDX-License-Identifier: Apache-2.0
"""From where people may work: lists of site, group and account, at sign-in, at each call, on streams and in tickets; and
whose word about an address is believed. Clients come from other networks by the PROXY header of a trusted proxy."""
import contextlib
import json
import socket
import struct
import time
import unittest

from support import Broker, Failed, Identity, WebSocket, flatc_json, unb64

TECH, TECH_PASSWORD = "tech@example.test", "a plain but rather long sentence 4"


def proxy_header(source):
    """PROXY protocol version 2 for a TCP client at `source`."""
    six = ":" in source
    family = socket.AF_INET6 if six else socket.AF_INET
    to = "2001:db8::99" if six else "192.0.2.99"
    body = socket.inet_pton(family, source) + socket.inet_pton(family, to) + struct.pack("!HH", 4711, 443)
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x21 if six else 0x11]) + struct.pack("!H", len(body)) + body


@contextlib.contextmanager
def seen_from(broker, source):
    """A broker that believes its loopback neighbours takes calls in here for ones from `source`."""
    broker.greeting = proxy_header(source)
    try:
        yield
    finally:
        broker.greeting = b""


def closed_within(watch, seconds):
    deadline = time.monotonic() + seconds
    with contextlib.suppress(Failed, EOFError):
        while time.monotonic() < deadline:
            if watch.message(deadline - time.monotonic())[0] == "close":
                return True
    return False


class Networks(unittest.TestCase):
    CONFIG = 'trusted_proxies = ["127.0.0.0/8"]\n[rate]\nlogin_per_address = 1000\n'

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(cls.CONFIG).start()
        cls.admin = cls.broker.login()
        cls.tech = cls.broker.add_user(cls.admin, TECH)

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def allow(self, site=None, group=None, account=None):
        """Each a list; None leaves it. By whoever has the machine, whom no list concerns."""
        if site is not None:
            self.broker.local("PATCH", "/policy", {"settings": {"allowed_networks": ",".join(site) or None}}).expect(200)
        if group is not None:
            self.broker.local("PATCH", "/groups/technicians", {"allowed_networks": group}).expect(200)
        if account is not None:
            self.broker.local("PATCH", "/users/" + TECH, {"allowed_networks": account}).expect(200)

    def tearDown(self):
        self.allow(site=[], group=[], account=[])

    def sign_in(self, source, email=TECH, password=TECH_PASSWORD):
        with seen_from(self.broker, source):
            return self.broker.api("POST", "/auth/login", {"email": email, "password": password})

    def whoami(self, source, token):
        with seen_from(self.broker, source):
            return self.broker.api("GET", "/auth/whoami", token=token)

    def test_each_list_alone_decides(self):
        for which in ("site", "group", "account"):
            with self.subTest(which):
                self.allow(site=[], group=[], account=[])
                self.allow(**{which: ["127.0.0.1/32", "198.51.100.0/24", "2001:db8:7::/48"]})
                for source in ("198.51.100.7", "2001:db8:7::1", "127.0.0.1"):
                    token = self.sign_in(source).expect(200)["token"]
                    self.whoami(source, token).expect(200)
                for source in ("198.51.101.7", "2001:db8:8::1", "10.0.0.1"):
                    refused = self.sign_in(source)
                    refused.expect(403, "NETWORK_NOT_ALLOWED")
                    self.whoami(source, token).expect(403, "NETWORK_NOT_ALLOWED")

    def test_all_lists_must_allow(self):
        self.allow(group=["198.51.100.0/24", "203.0.113.0/24"], account=["203.0.113.0/24", "192.0.2.0/24"])
        self.sign_in("203.0.113.5").expect(200)
        for source in ("198.51.100.5", "192.0.2.5"):
            self.sign_in(source).expect(403, "NETWORK_NOT_ALLOWED")

    def test_a_change_counts_from_the_next_call(self):
        with seen_from(self.broker, "203.0.113.5"):
            token = self.broker.login(TECH, TECH_PASSWORD)
            made = self.broker.new_session(token)["session"]["id"]
        self.allow(account=["198.51.100.0/24"])
        self.whoami("203.0.113.5", token).expect(403, "NETWORK_NOT_ALLOWED")
        with seen_from(self.broker, "203.0.113.5"):
            self.broker.api("POST", f"/sessions/{made}/close", {}, token=token).expect(403, "NETWORK_NOT_ALLOWED")
        self.whoami("198.51.100.5", token).expect(200)
        refused = self.broker.log_events(self.admin, type="admin.refused")[-2:]
        self.assertEqual([(e["actor"], e["data"]["operation"], e["data"]["error"], e["data"]["address"]) for e in refused],
                         [(TECH, "whoami", "NETWORK_NOT_ALLOWED", "203.0.113.5"),
                          (TECH, "closeSession", "NETWORK_NOT_ALLOWED", "203.0.113.5")])

    def test_the_sites_list_is_asked_before_any_password(self):
        self.allow(site=["127.0.0.1/32"])
        before = len(self.broker.log_events(self.admin, type="auth.login_failed"))
        answers = {(self.sign_in("203.0.113.5", email, password).status, self.sign_in("203.0.113.5", email, password).error)
                   for email in (TECH, "nobody@example.test") for password in (TECH_PASSWORD, "wrong")}
        self.assertEqual(answers, {(403, "NETWORK_NOT_ALLOWED")}, "nothing is learnt about accounts and passwords")
        self.assertEqual(len(self.broker.log_events(self.admin, type="auth.login_failed")), before)
        refused = self.broker.log_events(self.admin, type="admin.refused")
        self.assertEqual((refused[-1]["actor"], refused[-1]["data"]["operation"]), ("unknown", "login"))
        self.assertNotIn("wrong", json.dumps(refused))

    def test_a_refused_sign_in_is_logged_with_its_reason_and_tells_no_stranger_which_accounts_there_are(self):
        self.allow(account=["198.51.100.0/24"])
        self.sign_in("203.0.113.5", password="wrong").expect(401)
        self.sign_in("203.0.113.5").expect(403, "NETWORK_NOT_ALLOWED")
        event = self.broker.log_events(self.admin, type="auth.login_failed")[-1]
        self.assertEqual((event["actor"], event["data"]["reason"], event["data"]["address"]),
                         (TECH, "network not allowed", "203.0.113.5"))

    def test_nobody_elses_word_about_an_address_is_believed(self):
        self.allow(account=["198.51.100.0/24"])
        for name, value in (("X-Forwarded-For", "198.51.100.7"), ("Forwarded", "for=198.51.100.7"),
                            ("X-Real-IP", "198.51.100.7"), ("Client-IP", "198.51.100.7")):
            self.broker.api("POST", "/auth/login", {"email": TECH, "password": TECH_PASSWORD},
                            headers={name: value}).expect(403, "NETWORK_NOT_ALLOWED")
        with Broker() as wary:  # trusts no proxy: the header is no TLS
            with seen_from(wary, "198.51.100.7"), self.assertRaises(OSError):
                wary.connection()

    def test_a_stream_ends_when_its_network_is_no_longer_allowed(self):
        for change in ({"site": ["127.0.0.1/32"]}, {"group": ["127.0.0.1/32"]}, {"account": ["127.0.0.1/32"]}):
            with self.subTest(change):
                self.allow(site=[], group=[], account=[])
                token = self.sign_in("203.0.113.5").expect(200)["token"]
                with seen_from(self.broker, "203.0.113.5"):
                    watch = WebSocket(self.broker, "/api/v1/events", token=token)
                watch.event(lambda m: m["type"] == "ready")
                soon = self.broker.a_second(self.admin)
                self.allow(**change)
                self.assertTrue(closed_within(watch, soon), "told within a second")
                watch.socket.close()
                with seen_from(self.broker, "203.0.113.5"):
                    again = WebSocket(self.broker, "/api/v1/events", token=token)
                self.assertEqual(again.status, 403)
                again.socket.close()

    def test_the_ticket_says_from_where_its_console_may_come(self):
        made = self.broker.new_session(self.tech)
        applet, console = Identity(self.broker.dir, "applet"), Identity(self.broker.dir, "console")
        self.broker.register(made["pin"], applet).expect(200)
        path = f"/sessions/{made['session']['id']}"
        body = {"console_key": console.public}
        ticket_of = lambda answer: flatc_json("tokens", unb64(answer["ticket"])[76:])["token"]
        picked = self.broker.api("POST", path + "/pickup", body, token=self.tech).expect(200)
        self.assertNotIn("allowed_networks", ticket_of(picked))
        self.allow(site=["127.0.0.0/8", "2001:db8::/32"], group=["127.0.0.1/32", "2001:db8:7::/48"])
        renewed = self.broker.api("POST", path + "/ticket", body, token=self.tech).expect(200)
        packed = bytes(ticket_of(renewed)["allowed_networks"])
        self.assertEqual(packed, socket.inet_pton(socket.AF_INET6, "::ffff:127.0.0.1") + b"\x80" +
                         socket.inet_pton(socket.AF_INET6, "2001:db8:7::") + b"\x30")
        applets = self.broker.api("POST", "/applet/ticket", identity=applet).expect(200)
        self.assertNotIn("allowed_networks", ticket_of(applets), "whoever is helped may be anywhere")

    def test_lists_that_are_no_networks_are_refused(self):
        for bad in ("10.0.0.1/8", "office", "10.0.0.0/33", "2001:db8::1/32"):
            with self.subTest(bad):
                b = self.broker
                b.api("PATCH", "/policy", {"settings": {"allowed_networks": bad}}, token=self.admin).expect(400)
                b.api("PATCH", "/groups/technicians", {"allowed_networks": [bad]}, token=self.admin).expect(400)
                b.api("PATCH", "/users/" + TECH, {"allowed_networks": [bad]}, token=self.admin).expect(400)

    def test_what_is_set_is_shown(self):
        self.allow(account=["203.0.113.0/24"])
        self.assertEqual(self.broker.api("GET", "/users/" + TECH, token=self.admin).expect(200)["user"]["allowed_networks"],
                         ["203.0.113.0/24"])
        changed = self.broker.log_events(self.admin, type="user.changed")[-1]["data"]
        self.assertIn("203.0.113.0/24", json.dumps(changed))


if __name__ == "__main__":
    unittest.main(verbosity=2)
