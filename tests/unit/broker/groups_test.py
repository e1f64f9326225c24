# SPDX-License-Identifier: Apache-2.0
"""A change of a group reaches those whom it concerns: applets in sessions, consoles, receivers of events, API tokens."""
import json
import time
import unittest

from support import Broker, EventStream, Identity, WebSocket, flatc_json, unb64

ALL = ["remote_control", "desktop_view", "send_files", "receive_files", "file_manager", "send_urls", "system_information",
       "reboot", "record_session", "private_sessions", "windows_credentials", "clipboard_sync", "deploy_scripts"]


def terms(event):
    """The grant of an event as it was signed."""
    return flatc_json("tokens", unb64(event[1]["grant"])[76:])["token"]


def closed_soon(watch):
    """The code with which the socket was closed, well before the broker looks at all of them anyway (20 s)."""
    deadline = time.monotonic() + 5
    while True:
        kind, code = watch.message(max(0.01, deadline - time.monotonic()))
        if kind == "close":
            return code


def names(bits):
    return {name for n, name in enumerate(ALL) if bits >> n & 1}


class LiveGroups(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("[rate]\nlogin_per_address = 10000\n").start()
        cls.admin = cls.broker.login()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def as_admin(self, method, path, body=None, status=200):
        return self.broker.api(method, path, body, token=self.admin).expect(status)

    def picked_up(self, name, permissions):
        """A group, its technician in a session, and the applet's stream after the first grant."""
        self.as_admin("POST", "/groups", {"name": name, "permissions": permissions}, 201)
        token = self.broker.add_user(self.admin, f"{name}@example.test", group=name)
        made = self.broker.new_session(token)
        applet, console = Identity(self.broker.dir, name + "-applet"), Identity(self.broker.dir, name + "-console")
        self.broker.register(made["pin"], applet).expect(200)
        stream = EventStream(self.broker, applet)
        self.addCleanup(stream.close)
        session = made["session"]["id"]
        body = {"console_key": console.public}
        self.broker.api("POST", f"/sessions/{session}/pickup", body, token=token).expect(200)
        return token, session, body, stream, terms(stream.until("grant"))

    def test_what_a_group_loses_its_sessions_lose_within_a_second(self):
        token, session, body, stream, first = self.picked_up("paris", ["desktop_view", "remote_control", "private_sessions"])
        self.assertEqual(names(first["permissions"]), {"desktop_view", "remote_control", "private_sessions"})
        soon = self.broker.a_second(self.admin)
        began = time.monotonic()
        self.as_admin("POST", "/groups/paris/revoke", {"permissions": ["remote_control"]})
        second = terms(stream.until("grant"))
        self.assertLess(time.monotonic() - began, soon)
        self.assertEqual(names(second["permissions"]), {"desktop_view", "private_sessions"})
        self.assertGreater(second["generation"], first["generation"], "the wider one must not come back")
        self.assertEqual(second["lease_until_us"], first["lease_until_us"])
        self.assertEqual(second["console_fingerprint"], first["console_fingerprint"])
        renewed = self.broker.api("POST", f"/sessions/{session}/ticket", body, token=token).expect(200)
        self.assertNotIn("remote_control", names(flatc_json("tokens", unb64(renewed["grant"])[76:])["token"]["permissions"]))
        told = self.broker.log_events(self.admin, session=session, type="session.permissions_changed")
        self.assertEqual([(e["actor"], e["data"]["technician"], e["data"]["permissions"]) for e in told],
                         [("admin@example.test", "paris@example.test", "desktop_view,private_sessions")])
        # A flag, and back again.
        self.as_admin("PATCH", "/groups/paris", {"force_recording": True, "consent_timeout": 20})
        third = terms(stream.until("grant"))
        while third["generation"] == second["generation"]:  # the renewal
            third = terms(stream.until("grant"))
        self.assertEqual((third["recording"], third["consent_timeout_s"]), ("forced", 20))
        self.as_admin("POST", "/groups/paris/grant", {"permissions": ["remote_control"]})
        self.assertIn("remote_control", names(terms(stream.until("grant"))["permissions"]))

    def test_who_is_moved_works_under_the_new_group_s_rules_at_once(self):
        token, session, _, stream, first = self.picked_up("rome", ["desktop_view", "reboot", "private_sessions"])
        self.as_admin("POST", "/groups", {"name": "watchers", "permissions": ["desktop_view"]}, 201)
        self.as_admin("PATCH", "/users/rome@example.test", {"group": "watchers"})
        second = terms(stream.until("grant"))
        self.assertEqual(names(second["permissions"]), {"desktop_view"})
        self.broker.api("POST", "/sessions", {"kind": "private"}, token=token).expect(403, "DENIED")
        me = self.broker.api("GET", "/auth/whoami", token=token).expect(200)
        self.assertEqual(me["group"]["name"], "watchers")

    def test_who_takes_part_in_a_colleague_s_session_hears_of_it_and_of_new_grants(self):
        _, session, _, stream, first = self.picked_up("lima", ["desktop_view", "private_sessions"])
        second = self.broker.add_user(self.admin, "second@example.test")
        stranger = self.broker.add_user(self.admin, "stranger@example.test")
        body = {"console_key": Identity(self.broker.dir, "second-console").public, "join": True}
        self.broker.api("POST", f"/sessions/{session}/pickup", body, token=second).expect(200)
        watches = [WebSocket(self.broker, "/api/v1/events?topics=sessions", token) for token in (second, stranger)]
        for watch in watches:
            watch.event(lambda m: m["type"] == "ready")
        self.as_admin("POST", "/groups/technicians/revoke", {"permissions": ["deploy_scripts"]})
        told = watches[0].event(lambda m: m["type"] == "session")["session"]
        self.assertEqual(told["id"], session)
        self.assertGreater(told["generation"], first["generation"] + 1, "a console learns that it has a newer grant to fetch")
        self.as_admin("POST", "/groups/technicians/grant", {"permissions": ["deploy_scripts"]})
        own = self.broker.new_session(stranger)["session"]["id"]
        heard = watches[1].event(lambda m: m["type"] == "session")["session"]
        self.assertEqual(heard["id"], own, "what came before was not for it")
        for watch in watches:
            watch.close()

    def test_a_word_that_is_no_permission_is_named(self):
        for path, body in (("/groups", {"name": "odd", "permissions": ["desktop_view", "fly"]}),
                           ("/groups/technicians/grant", {"permissions": ["fly"]})):
            refused = self.broker.api("POST", path, body, token=self.admin)
            refused.expect(400, "INVALID_ARGUMENT")
            self.assertIn("'fly'", refused.json["message"])

    def test_whoever_becomes_an_auditor_leaves_the_session(self):
        token, session, _, stream, _ = self.picked_up("oslo", ["desktop_view", "private_sessions"])
        self.as_admin("PATCH", "/users/oslo@example.test", {"role": "auditor"})
        self.assertEqual(stream.until("close")[0], "close")
        self.assertEqual(self.as_admin("GET", "/sessions/" + session)["session"]["state"], "aborted")

    def test_a_group_administrator_who_is_moved_stops_hearing_the_old_group(self):
        for name in ("bern", "wien"):
            self.as_admin("POST", "/groups", {"name": name, "permissions": ["private_sessions"]}, 201)
        chief = self.broker.add_user(self.admin, "chief@example.test", "group_administrator", group="bern")
        watch = WebSocket(self.broker, "/api/v1/events", chief)
        watch.event(lambda m: m["type"] == "ready")
        self.as_admin("PATCH", "/users/chief@example.test", {"group": "wien"})
        self.assertEqual(closed_soon(watch), 1008)
        again = WebSocket(self.broker, "/api/v1/events", chief)
        again.event(lambda m: m["type"] == "ready")
        for group in ("bern", "wien"):
            token = self.broker.add_user(self.admin, f"{group}-worker@example.test", group=group)
            made = self.broker.new_session(token)["session"]["id"]
            if group == "bern":
                old = made
        heard = []
        again.event(lambda m: heard.append(m) or m["type"] == "session" and m["session"]["id"] == made)
        self.assertNotIn(old, json.dumps(heard))
        again.close()

    def test_a_revoked_token_ends_its_stream(self):
        self.as_admin("POST", "/users", {"email": "robot@example.test", "name": "Robot", "role": "service"}, 201)
        made = self.as_admin("POST", "/users/robot@example.test/tokens", {"name": "ears", "scopes": ["log.read"]}, 201)
        watch = WebSocket(self.broker, "/api/v1/events?topics=log", made["secret"])
        watch.event(lambda m: m["type"] == "ready")
        self.as_admin("DELETE", "/tokens/" + made["token"]["id"])
        self.assertEqual(closed_soon(watch), 1008)
        self.broker.api("GET", "/log", token=made["secret"]).expect(401, "SIGN_IN_NEEDED")
        self.assertEqual(self.as_admin("GET", "/tokens?user=robot@example.test")["tokens"], [])
        log = json.dumps(self.broker.log_events(self.admin, type="token.*")) + self.broker.log_text()
        self.assertIn(made["token"]["id"], log)
        self.assertNotIn(made["secret"], log)

    def test_a_token_speaks_only_what_its_scopes_say(self):
        self.as_admin("POST", "/users", {"email": "ears@example.test", "name": "Ears", "role": "service"}, 201)
        made = self.as_admin("POST", "/users/ears@example.test/tokens", {"name": "ears", "scopes": ["log.read"]}, 201)
        watch = WebSocket(self.broker, "/api/v1/events", made["secret"])  # both topics: it hears the one it may
        watch.event(lambda m: m["type"] == "ready")
        session = self.broker.new_session(self.admin, note="scoped")["session"]["id"]
        heard = []
        watch.event(lambda m: heard.append(m["type"]) or m["type"] == "log" and m["event"]["session"] == session)
        self.assertNotIn("session", heard)
        watch.close()
        self.broker.api("POST", "/auth/login", {"email": "ears@example.test", "password": "x"}).expect(401)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
