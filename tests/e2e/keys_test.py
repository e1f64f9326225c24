#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who may be the applet: the first key binds; a ticket is worth nothing without its key; nothing that was changed is taken."""
import json
import pathlib
import socket
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import Script, wait_for  # noqa: E402
from support.wire import (APPLET, CONSOLE, Gone, HandOff, Identity, PING, PONG, Table, api, b64, flip, frame,  # noqa: E402
                          guid_of_invite, guid_text, handoff_message, hello, unb64)


def register(site, identity, guid):
    return api(site, "POST", "/applet/register", {"guid": guid_text(guid), "host": {"name": "python", "os": "test", "user": "u",
                                                                                   "version": "0"}}, identity=identity)


class FirstKeyBinds(SiteCase):
    def invited(self):
        created = self.tech.run("session", "create", "-o", "json").json()
        status, answer = api(self.site, "POST", "/pin", {"pin": created["pin"]})
        self.assertEqual(status, 200, answer)
        path = self.site.dir / f"invite-{created['id']}"
        path.write_text(answer["invite"])
        return created["id"], path, unb64(answer["invite"])

    def applet(self, name, invite):
        scenario = self.site.dir / "yes.json"
        scenario.write_text('{"prompts": [{"answer": "yes"}], "chat": [{"reply": "it is me", "delay": "1ms"}]}')
        return self.site.start_applet("--invite", invite, "--headless", "--scenario", scenario, name=name)

    def test_a_copy_of_the_invite_is_worth_nothing_after_the_owner_came(self):
        session, invite, raw = self.invited()
        watch = self.tech.start("watch", "session", "watch", session, "-o", "jsonl")
        tail = self.tech.start("tail", "log", "tail", "-f", "--session", session, "--type", "session.key_refused", "-o", "jsonl")
        owner = self.applet("owner", invite)
        self.tech.run("session", "wait", session, "--state", "waiting", "--timeout", "30s")

        thief = self.applet("thief", invite)
        self.assertEqual(thief.process.wait(30), 7)
        self.assertIn("KEY_ALREADY_BOUND", thief.log_text())
        status, answer = register(self.site, Identity(self.site.dir, "thief"), guid_of_invite(raw))
        self.assertEqual((status, answer["error"]), (409, "KEY_ALREADY_BOUND"))

        refused = wait_for(lambda: [e for e in self.tech.run("log", "query", "--session", session, "-o", "jsonl").jsonl()
                                    if e["type"] == "session.key_refused"], "the log")
        self.assertEqual(len(refused), 2)
        self.assertIn("session.key_refused", tail.read_line(30))
        self.assertTrue(watch.running())

        self.assertTrue(owner.running())
        script = Script(self.tech.start("script", "session", "pickup", session, "--script", "-"))
        script.call("chat", text="are you who I think?")
        self.assertEqual(script.event("chat", **{"from": "applet"})["text"], "it is me")
        script.call("close", reason="done")
        self.assertEqual(owner.process.wait(30), 0)
        self.assertEqual(script.program.process.wait(30), 0)

    def test_changed_invites_are_not_taken(self):
        _, path, raw = self.invited()
        for name, changed in (("signature", flip(raw, 8 * 20)), ("payload", flip(raw, 8 * (len(raw) - 20))),
                              ("short", raw[:60]), ("empty", b""), ("long", raw + bytes(100_000))):
            with self.subTest(name):
                path.write_bytes(changed)
                applet = self.applet(f"changed-{name}", path)
                self.assertNotEqual(applet.process.wait(30), 0)
                self.assertIn('"msg":"failed"', applet.log_text())


class HandOffRefusals(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        site = cls.site
        with open(site.gateway_state / "gateway.toml", "a", encoding="utf-8") as settings:
            settings.write('\n[timeout]\ntls = "1s"\nhello = "1s"\n')
        site.gateway.stop()
        site.gateway = site.start_gateway(site.gateway_state, site.gateway_port)
        wait_for(lambda: any(g.get("connected") for g in site.admin.run("admin", "gateway", "list", "-o", "json").json()),
                 "the gateway to be back")

    def setUp(self):
        self.session = self.tech.run("session", "create", "-o", "json").json()
        invite = unb64(api(self.site, "POST", "/pin", {"pin": self.session["pin"]})[1]["invite"])
        self.guid = guid_of_invite(invite)
        self.identity = Identity(self.site.dir, f"applet-{self.session['id'][:8]}")
        status, self.registered = register(self.site, self.identity, self.guid)
        self.assertEqual(status, 200, self.registered)
        self.ticket = unb64(self.registered["ticket"])

    def offer(self, ticket=None, guid=None, role=APPLET, identity=None, spoil=None):
        """The gateway's answer to a Hello in which one thing may be wrong."""
        ticket = self.ticket if ticket is None else ticket
        with HandOff(self.site.gateway_port) as client:
            possession = (identity or self.identity).possession(client.exporter(), ticket)
            if spoil is not None:
                possession = spoil(possession)
            answer = client.answer(hello(role, ticket, (guid or self.guid) if role == APPLET else None, possession))
            if answer != "waiting":
                self.assertTrue(client.closed(), "a refused client is let go")
            else:
                client.write(frame(handoff_message(PING, {})))
                self.assertEqual(client.message()[0], PONG)
            return answer

    def test_what_is_right_is_taken(self):
        self.assertEqual(self.offer(), "waiting")

    def test_a_flipped_bit(self):
        for place in (0, 4, 11, 12, 40, 75):  # magic, key id, signature
            self.assertEqual(self.offer(ticket=flip(self.ticket, 8 * place)), "bad_ticket", place)
        for place in range(76, len(self.ticket), 23):  # payload
            self.assertEqual(self.offer(ticket=flip(self.ticket, 8 * place + 3)), "bad_ticket", place)
        for bit in (0, 77, 127):
            self.assertEqual(self.offer(guid=flip(self.guid, bit)), "wrong_guid")
        self.assertEqual(self.offer(spoil=lambda p: flip(p, 8 * len(p) - 3)), "wrong_holder")
        self.assertEqual(self.offer(spoil=lambda p: flip(p, 9)), "wrong_holder")
        self.assertEqual(self.offer(), "waiting")

    def test_a_stolen_ticket(self):
        thief = Identity(self.site.dir, f"thief-{self.session['id'][:8]}")
        self.assertEqual(self.offer(identity=thief), "wrong_holder")
        self.assertEqual(self.offer(role=CONSOLE), "bad_ticket")
        with HandOff(self.site.gateway_port) as first, HandOff(self.site.gateway_port) as second:
            # A proof that was heard on one connection is nothing on another.
            proof = self.identity.possession(first.exporter(), self.ticket)
            self.assertEqual(second.answer(hello(APPLET, self.ticket, self.guid, proof)), "wrong_holder")
            self.assertEqual(first.answer(hello(APPLET, self.ticket, self.guid, proof)), "waiting")
        wait_for(lambda: self.alerts(), "the site to hear of the stolen ticket")

    def alerts(self):
        events = self.site.admin.run("log", "query", "--session", self.session["id"], "--all", "-o", "jsonl").jsonl()
        return [e for e in events if e["type"] in ("alert", "session.key_refused")]

    def test_a_ticket_of_a_closed_session(self):
        self.assertEqual(self.offer(), "waiting")
        self.tech.run("session", "close", self.session["id"])
        self.assertEqual(self.offer(), "not_admitted")

    def test_messages_that_are_none(self):
        good = hello(APPLET, self.ticket, self.guid, b"p" * 70)
        for name, data in (("too long", struct.pack(">I", 8193)), ("huge", b"\xff\xff\xff\xff"), ("empty", bytes(4)),
                           ("garbage", frame(b"\xa5" * 200)), ("cut", frame(good[:-20])), ("another kind", frame(
                               handoff_message(PING, {}))), ("wrong identifier", frame(good[:4] + b"XXXX" + good[8:])),
                           ("no ticket", frame(hello(APPLET, b"", self.guid, b"p"))),
                           ("long ticket", frame(hello(APPLET, self.ticket[:76] + bytes(3800), self.guid, b"p"))),
                           ("short guid", frame(hello(APPLET, self.ticket, b"short", b"p" * 70)))):
            with self.subTest(name), HandOff(self.site.gateway_port) as client:
                client.write(data)
                try:
                    self.assertIn(client.verdict(), ("bad_message", "bad_ticket", "wrong_holder", "wrong_guid"))
                except Gone:
                    pass
                self.assertTrue(client.closed())
        self.assertEqual(self.offer(), "waiting")

    def test_clients_that_stop_short(self):
        """Nothing, half a ClientHello, TLS and nothing, half a frame: each is let go in time, and nobody else notices."""
        half_hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(20)
        silent = [socket.create_connection(("127.0.0.1", self.site.gateway_port), timeout=20) for _ in range(3)]
        silent[1].sendall(half_hello)
        silent[2].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with HandOff(self.site.gateway_port) as mute, HandOff(self.site.gateway_port) as half:
            half.write(frame(hello(APPLET, self.ticket, self.guid, b"p" * 70))[:100])
            self.assertEqual(self.offer(), "waiting")
            self.assertEqual(mute.verdict(), "timed_out")
            self.assertEqual(half.verdict(), "timed_out")
        for s in silent:
            try:
                while s.recv(4096):
                    pass
            except ConnectionResetError:
                pass
            s.close()
        with HandOff(self.site.gateway_port) as client:
            client.write(frame(b"")[:2])
        self.assertEqual(self.offer(), "waiting")
        self.assertTrue(self.site.gateway.running())

    def test_only_the_right_protocol_is_spoken(self):
        for flags in (["-tls1_2"], ["-alpn", "http/1.1"]):
            done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{self.site.gateway_port}", "-brief", *flags],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=30)
            self.assertNotIn(b"CONNECTION ESTABLISHED", done.stderr)
        self.assertEqual(self.offer(), "waiting")


class LegacyProfile(SiteCase):
    """aes256-sha is for sites that switch it on, and for consoles with an RSA key; the grant says which profile it is for."""
    broker_settings = "[session]\nallow_aes256_sha = true\n"

    def session(self, rsa):
        created = self.tech.run("session", "create", "-o", "json").json()
        guid = guid_of_invite(unb64(api(self.site, "POST", "/pin", {"pin": created["pin"]})[1]["invite"]))
        identity = Identity(self.site.dir, f"applet-{created['id']}", rsa=rsa)
        self.assertEqual(register(self.site, identity, guid)[0], 200)
        return created["id"]

    def pickup(self, session, console, profile):
        token = next((self.tech.home / "config/rescue/tokens").iterdir()).read_text().strip()
        return api(self.site, "POST", f"/sessions/{session}/pickup", {"console_key": b64(console.spki), "profile": profile},
                   token=token)

    def profile(self, answer):
        return Table(unb64(answer["grant"])[76:]).table(1).byte(15)

    def test_the_key_must_be_of_the_profile(self):
        modern = Identity(self.site.dir, "console-modern")
        legacy = Identity(self.site.dir, "console-legacy", rsa=True)
        status, answer = self.pickup(self.session(rsa=True), legacy, "aes256-sha")
        self.assertEqual((status, self.profile(answer)), (200, 1), answer)
        status, answer = self.pickup(self.session(rsa=False), modern, "modern")
        self.assertEqual((status, self.profile(answer)), (200, 0), answer)
        for console, profile in ((modern, "aes256-sha"), (legacy, "modern"), (modern, "none")):
            status, answer = self.pickup(self.session(rsa=profile != "modern"), console, profile)
            self.assertEqual((status, answer["error"]), (400, "INVALID_ARGUMENT"), f"{profile}: {answer}")


    def test_a_session_in_it_from_the_commands(self):
        meeting = self.meet(start=False)
        refused = self.tech.run("session", "pickup", meeting.id, "--profile", "aes256-sha", "--detach", "-o", "json", expect=7)
        error = json.loads(refused.err.splitlines()[-1])
        self.assertEqual((error["error"], error["code"]), ("CONFLICT", 7))
        self.assertIn("rescue-applet --profile aes256-sha", error["message"])
        meeting.script = meeting.view("pickup")  # the session still waits
        meeting.close()

        meeting = self.meet(start=False, applet=("--profile", "aes256-sha"))
        meeting.script = meeting.view("pickup", "--profile", "aes256-sha")
        meeting.script.call("chat", text="in the old way")
        wait_for(lambda: any(e.get("text") == "in the old way" for e in meeting.user_log()), "the chat line")
        ciphers = {e["cipher"] for e in meeting.user_log() if e.get("msg") == "path" and e.get("state") == "up"}
        self.assertEqual(ciphers, {"TLSv1.2 AES256-SHA"})
        meeting.close()
        meeting = self.meet(start=False, applet=("--profile", "aes256-sha"))
        meeting.script = meeting.view("pickup")
        meeting.script.call("chat", text="in the new way")
        ciphers = {e["cipher"] for e in meeting.user_log() if e.get("msg") == "path" and e.get("state") == "up"}
        self.assertEqual(ciphers, {"TLSv1.3 TLS_AES_256_GCM_SHA384"}, "an applet that may use the old profile need not")
        meeting.close()


class LegacyProfileOff(SiteCase):
    def test_is_refused(self):
        session = LegacyProfile.session(self, rsa=True)
        status, answer = LegacyProfile.pickup(self, session, Identity(self.site.dir, "console", rsa=True), "aes256-sha")
        self.assertEqual((status, answer["error"]), (403, "DENIED"))
        self.assertIn("allow_aes256_sha", answer["message"])


if __name__ == "__main__":
    unittest.main()
