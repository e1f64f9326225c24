# SPDX-License-Identifier: Apache-2.0
"""Sign-ins over the API: their ends shown, listed and ended by who may, and what ends with them."""
import datetime
import sqlite3
import time
import unittest
import uuid

from support import ADMIN, TECHNICIAN_PASSWORD, Broker, EventStream, Failed, Identity, WebSocket


def at(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


class SignIns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("[rate]\nlogin_per_address = 10000\n").start()
        cls.admin = cls.broker.login()
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def api(self, *call, **more):
        return self.broker.api(*call, **more)

    def person(self, role="technician", **more):
        type(self).count += 1
        email = f"person{self.count}@example.test"
        token = self.broker.add_user(self.admin, email, role)
        if more:
            self.api("PATCH", f"/users/{email}", more, token=self.admin).expect(200)
        return email, token

    def mine(self, token, query=""):
        return self.api("GET", "/sign-ins" + query, token=token).expect(200)["sign_ins"]

    def id_of(self, token):
        return self.api("GET", "/auth/whoami", token=token).expect(200)["sign_in"]["id"]

    def ends_within_a_second(self, what, done):
        """`done` polls; the clock starts now."""
        deadline = time.monotonic() + self.broker.a_second(self.admin)
        while not done():
            if time.monotonic() > deadline:
                raise Failed(f"{what} still stands a second later")
            time.sleep(0.02)

    def listening(self, token):
        socket = WebSocket(self.broker, "/api/v1/events", token)
        self.assertEqual(socket.status, 101)
        socket.event(lambda m: m["type"] == "ready")
        return socket

    def closed(self, socket, timeout=None):
        """Within a second, where nothing else is said."""
        deadline = time.monotonic() + (timeout or self.broker.a_second(self.admin))
        while True:
            try:
                kind, _ = socket.message(max(0.01, deadline - time.monotonic()))
            except EOFError:
                return
            if kind == "close":
                return

    def helped(self, token):
        """A session that was picked up with this token; its applet's event stream."""
        made = self.broker.new_session(token)
        applet = Identity(self.broker.dir, f"applet{uuid.uuid4().hex[:8]}")
        self.broker.register(made["pin"], applet).expect(200)
        stream = EventStream(self.broker, applet)
        console = Identity(self.broker.dir, f"console{uuid.uuid4().hex[:8]}")
        session = made["session"]["id"]
        self.api("POST", f"/sessions/{session}/pickup", {"console_key": console.public}, token=token).expect(200)
        stream.until("grant")
        return session, stream, console

    def test_whoami_shows_when_it_ends(self):
        email, token = self.person()
        self.api("PATCH", f"/users/{email}", {"name": "Still"}, token=self.admin).expect(200)
        shown = self.api("GET", "/auth/whoami", token=token).expect(200)["sign_in"]
        self.assertEqual((shown["kind"], shown["address"], shown["user"]["email"]), ("sign_in", "127.0.0.1", email))
        self.assertEqual(at(shown["expires_at"]) - at(shown["created_at"]), datetime.timedelta(hours=12))
        self.assertEqual(at(shown["idle_ends_at"]) - at(shown["last_used_at"]), datetime.timedelta(minutes=30))
        self.assertIsNone(self.api("GET", "/auth/whoami", token=self.admin).expect(200)["sign_in"]["idle_ends_at"])

    def test_who_sees_and_ends_whose(self):
        group = self.api("POST", "/groups", {"name": "north"}, token=self.admin).expect(201)["group"]["id"]
        ada, ada_token = self.person(group=group)
        bob, bob_token = self.person()
        chief, chief_token = self.person(role="group_administrator", group=group)
        ada_token = self.broker.login(ada, TECHNICIAN_PASSWORD)
        emails = lambda token, query="": {s["user"]["email"] for s in self.mine(token, query)}
        self.assertEqual(emails(ada_token), {ada})
        self.assertEqual(emails(chief_token), {ada, chief})
        self.assertLessEqual({ADMIN, ada, bob, chief}, emails(self.admin))
        self.assertEqual(emails(self.admin, "?user=" + bob), {bob})
        self.assertEqual(emails(chief_token, "?user=" + ada), {ada})
        self.api("GET", "/sign-ins?user=" + bob, token=ada_token).expect(403, "DENIED")
        self.api("GET", "/sign-ins?user=" + bob, token=chief_token).expect(403, "DENIED")
        auditor = self.person(role="auditor")[1]
        self.api("GET", "/sign-ins", token=auditor).expect(403, "DENIED")
        for token in (ada_token, chief_token):
            self.api("DELETE", "/sign-ins/" + self.id_of(bob_token), token=token).expect(403, "DENIED")
            self.api("POST", f"/users/{bob}/sign-out", token=token).expect(403, "DENIED")
        second = self.broker.login(ada, TECHNICIAN_PASSWORD)
        self.api("DELETE", "/sign-ins/" + self.id_of(second), token=ada_token).expect(200)
        self.api("GET", "/auth/whoami", token=second).expect(401)
        self.api("DELETE", "/sign-ins/" + self.id_of(ada_token), token=chief_token).expect(200)
        self.api("GET", "/auth/whoami", token=ada_token).expect(401)
        self.api("DELETE", "/sign-ins/" + self.id_of(bob_token), token=self.admin).expect(200)
        self.api("DELETE", "/sign-ins/" + str(uuid.uuid4()), token=self.admin).expect(404, "TOKEN_NOT_FOUND")
        self.api("DELETE", "/sign-ins/x", token=self.admin).expect(404, "TOKEN_NOT_FOUND")
        ended = self.broker.log_events(self.admin, type="auth.sign_in_ended")[-1]
        self.assertEqual((ended["actor"], ended["data"]["email"], ended["data"]["reason"]), (ADMIN, bob, "ended"))
        self.assertEqual(ended["data"]["address"], "127.0.0.1")

    def test_ending_all_of_a_user(self):
        ada, first = self.person()
        second = self.broker.login(ada, TECHNICIAN_PASSWORD)
        socket = self.listening(second)
        answer = self.api("POST", f"/users/{ada}/sign-out", token=self.admin).expect(200)
        self.assertEqual(answer, {"sign_ins_ended": 2})
        self.closed(socket)
        for token in (first, second):
            self.api("GET", "/auth/whoami", token=token).expect(401)

    def test_ending_one_ends_within_a_second_what_it_opened_and_nothing_else(self):
        ada, lost = self.person()
        kept = self.broker.login(ada, TECHNICIAN_PASSWORD)
        lost_socket, kept_socket = self.listening(lost), self.listening(kept)
        lost_session, lost_applet, console = self.helped(lost)
        kept_session, kept_applet, _ = self.helped(kept)
        soon = self.broker.a_second(kept)
        self.api("DELETE", "/sign-ins/" + self.id_of(lost), token=kept).expect(200)
        deadline = time.monotonic() + soon
        self.closed(lost_socket, soon)
        lost_applet.until("close", timeout=max(0.05, deadline - time.monotonic()))
        self.api("POST", f"/sessions/{lost_session}/ticket", {"console_key": console.public}, token=lost).expect(401)
        self.assertEqual(self.api("GET", f"/sessions/{lost_session}", token=kept).expect(200)["session"]["state"], "aborted")
        self.assertEqual(self.api("GET", f"/sessions/{kept_session}", token=kept).expect(200)["session"]["state"], "active")
        kept_socket.event(lambda m: m["type"] == "session" and m["session"]["state"] == "aborted")

    def test_disabling_ends_tokens_streams_and_sessions_within_a_second(self):
        ada, token = self.person()
        socket = self.listening(token)
        session, applet, _ = self.helped(token)
        soon = self.broker.a_second(self.admin)
        self.api("POST", f"/users/{ada}/disable", token=self.admin).expect(200)
        deadline = time.monotonic() + soon
        self.api("GET", "/auth/whoami", token=token).expect(401)
        self.closed(socket, max(0.05, deadline - time.monotonic()))
        applet.until("close", timeout=max(0.05, deadline - time.monotonic()))
        self.assertEqual(self.api("GET", f"/sessions/{session}", token=self.admin).expect(200)["session"]["state"], "aborted")
        self.assertEqual(self.mine(self.admin, "?user=" + ada), [])

    def test_a_second_factor_set_up_ends_the_streams_of_older_sign_ins(self):
        ada, token = self.person()
        self.listening(token)
        old = self.listening(self.broker.login(ada, TECHNICIAN_PASSWORD))
        self.api("POST", f"/users/{ada}/reset-password", token=self.admin).expect(200)
        self.closed(old)

    def test_inactivity_logs_off_but_not_from_a_session(self):
        brisk = {"name": "brisk", "inactivity_timeout": 1800, "permissions": ["private_sessions", "desktop_view"]}
        group = self.api("POST", "/groups", brisk, token=self.admin).expect(201)["group"]["id"]
        ada, _ = self.person(group=group)
        bob, _ = self.person(group=group)
        idle, busy = self.broker.login(ada, TECHNICIAN_PASSWORD), self.broker.login(bob, TECHNICIAN_PASSWORD)
        idle_id = self.id_of(idle)
        socket = self.listening(idle)
        session, _, _ = self.helped(busy)
        database = sqlite3.connect(self.broker.state / "rescue.db", timeout=20)
        database.execute("UPDATE tokens SET last_used_at = last_used_at - 1900000000 WHERE user_id IN (SELECT id FROM users "
                         "WHERE email IN (?, ?))", (ada, bob))
        database.commit()
        database.close()
        self.api("GET", "/auth/whoami", token=idle).expect(401, "SIGN_IN_NEEDED")
        self.api("GET", "/auth/whoami", token=busy).expect(200)
        self.closed(socket, 25)  # the broker looks every 5 s
        ended = self.broker.log_events(self.admin, type="auth.sign_in_ended")[-1]
        self.assertEqual((ended["data"]["token"], ended["data"]["reason"]), (idle_id, "inactivity"))
        self.assertEqual(self.api("GET", f"/sessions/{session}", token=busy).expect(200)["session"]["state"], "active")

    def test_use_is_written_down(self):
        _, token = self.person()
        database = sqlite3.connect(self.broker.state / "rescue.db", timeout=20)
        database.execute("UPDATE tokens SET last_used_at = last_used_at - 120000000")
        database.commit()
        database.close()
        self.api("GET", "/sessions", token=token).expect(200)
        def fresh():
            used = at(self.api("GET", "/auth/whoami", token=token).expect(200)["sign_in"]["last_used_at"])
            return datetime.datetime.now(datetime.timezone.utc) - used < datetime.timedelta(seconds=30)
        self.ends_within_a_second("the old time of use", fresh)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
