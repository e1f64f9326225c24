#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""From where a technician may work, held by the real programs: at the gateway also while the broker is away, and in a session
that is under way when the rule changes. The rules are made over the broker's own socket, as whoever has the machine would."""
import json
import os
import pathlib
import pwd
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import ADA, SiteCase, read_log  # noqa: E402
from support.site import wait_for  # noqa: E402
from support.wire import (APPLET, CONSOLE, HandOff, Identity, api, b64, guid_of_invite, guid_text, hello,  # noqa: E402
                          unb64)

OFFICE, HOME, MOBILE = "203.0.113.9", "198.51.100.9", "2001:db8:7::9"


class Networks(SiteCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        site = cls.site
        with open(site.gateway_state / "gateway.toml", "a", encoding="utf-8") as settings:
            settings.write('\ntrusted_proxies = ["127.0.0.0/8"]\n')
        site.gateway.stop()
        site.gateway = site.start_gateway(site.gateway_state, site.gateway_port)
        cls.connected()
        cls.machine = site.technician("machine")

    @classmethod
    def connected(cls):
        wait_for(lambda: any(g.get("connected") for g in cls.site.admin.run("admin", "gateway", "list", "-o", "json").json()),
                 "the gateway to be back")

    def local(self, *argv):
        """The command line through the broker's socket: no sign-in, no context."""
        return self.machine.run("--server", f"unix:{self.site.broker_state / 'admin.sock'}", *argv)

    def allow(self, *networks):
        self.local("admin", "user", "set", ADA, *[f for n in networks for f in ("--allow-network", n)])

    def tearDown(self):
        self.allow("any")

    def token(self):
        return next((self.tech.home / "config" / "rescue" / "tokens").iterdir()).read_text().strip()

    def test_a_gateway_keeps_to_the_networks_of_a_ticket_while_the_broker_is_away(self):
        self.allow("203.0.113.0/24", "2001:db8:7::/48", "127.0.0.0/8")
        created = self.tech.run("session", "create", "-o", "json").json()
        guid = guid_of_invite(unb64(api(self.site, "POST", "/pin", {"pin": created["pin"]})[1]["invite"]))
        applet, console = Identity(self.site.dir, "applet"), Identity(self.site.dir, "console")
        host = {"name": "python", "os": "test", "user": "u", "version": "0"}
        status, registered = api(self.site, "POST", "/applet/register", {"guid": guid_text(guid), "host": host},
                                 identity=applet)
        self.assertEqual(status, 200, registered)
        status, picked = api(self.site, "POST", f"/sessions/{created['id']}/pickup", {"console_key": b64(console.spki)},
                             token=self.token())
        self.assertEqual(status, 200, picked)

        def offer(source, role=CONSOLE):
            who, ticket = (console, picked) if role == CONSOLE else (applet, registered)
            ticket = unb64(ticket["ticket"])
            with HandOff(self.site.gateway_port, source=source) as client:
                proof = who.possession(client.exporter(), ticket)
                return client.answer(hello(role, ticket, guid if role == APPLET else None, proof))

        def everywhere():
            return {source: offer(source) for source in (OFFICE, MOBILE, None, HOME, "2001:db8:8::9", "10.0.0.1")}

        wanted = {OFFICE: "waiting", MOBILE: "waiting", None: "waiting", HOME: "network", "2001:db8:8::9": "network",
                  "10.0.0.1": "network"}
        self.assertEqual(everywhere(), wanted)
        alerts = wait_for(lambda: [e for e in read_log(self.site.admin, created["id"], "alert")
                                   if "network" in e["data"]["reason"]], "the site to hear of it")
        self.assertIn(HOME, {e["data"]["address"].rsplit(":", 1)[0] for e in alerts})

        self.site.broker.stop()
        try:
            self.assertEqual(everywhere(), wanted, "without the broker's word")
            self.assertEqual(offer(HOME, APPLET), "waiting", "whoever is helped may be anywhere")
        finally:
            self.site.start_broker(self.site.broker_port)
            self.connected()

    def test_a_session_under_way_stops_at_once_and_is_taken_up_again_from_where_it_may_be(self):
        meeting = self.meet({"prompts": [{"answer": "yes"}], "chat": [{"reply": "here", "delay": "1ms"}]})
        meeting.script.call("chat", text="hello?")
        meeting.script.event("chat", **{"from": "applet"})
        soon = self.site.a_second()
        self.allow("203.0.113.0/24")
        began = time.monotonic()
        state = lambda: self.site.admin.run("session", "show", meeting.id, "-o", "json").json()["state"]
        wait_for(lambda: state() == "reconnecting", "the link to end")
        self.assertLess(time.monotonic() - began, soon + 2, "a second, and the time of looking")
        wait_for(lambda: '"reason":"network"' in self.site.gateway.log_text(), "the console to be refused")
        self.tech.run("whoami", expect=5)
        wait_for(lambda: not meeting.agent_pids(), "the console to give up")
        self.assertNotEqual(state(), "active")
        self.assertTrue(meeting.applet.running(), "whoever is helped waits on")
        self.allow("any")
        meeting.script = meeting.view("pickup")
        meeting.script.call("chat", text="again?")
        meeting.script.event("chat", **{"from": "applet"})
        meeting.close()

    def test_who_has_the_machine_is_named(self):
        self.local("admin", "user", "set", ADA, "--name", "Ada Renamed")
        self.local("admin", "user", "set", ADA, "--name", "Ada Example")
        me = "local:" + pwd.getpwuid(os.getuid()).pw_name
        events = self.site.admin.run("log", "query", "--type", "user.changed", "-o", "jsonl").jsonl()
        named = [e for e in events if "Ada Renamed" in json.dumps(e["data"])]
        self.assertEqual({(e["actor"], e["data"]["via"]) for e in named}, {(me, "socket")})
        self.assertEqual(self.machine.run("--server", f"unix:{self.site.broker_state / 'admin.sock'}", "admin", "user", "show",
                                          "nobody@example.test", expect=6).code, 6)


if __name__ == "__main__":
    unittest.main(verbosity=2)
