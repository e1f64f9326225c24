# SPDX-License-Identifier: Apache-2.0
"""Who may call what: a table written by hand, held against a running broker. `own` is what belongs to the caller."""
import unittest

from support import ADMIN, Broker, Identity, WebSocket

T, A, U = "technician", "administrator", "auditor"
NOBODY = "nobody"
EVERYBODY = {T, A, U}

# operation: (method, path, who may)
TABLE = {
    "logout": ("POST", "/auth/logout", EVERYBODY),
    "changePassword": ("POST", "/auth/password", EVERYBODY),
    "whoami": ("GET", "/auth/whoami", EVERYBODY),
    "listUsers": ("GET", "/users", {A}),
    "createUser": ("POST", "/users", {A}),
    "getUser": ("GET", "/users/" + ADMIN, {A}),
    "changeUser": ("PATCH", "/users/" + ADMIN, {A}),
    "removeUser": ("DELETE", "/users/" + ADMIN, {A}),
    "disableUser": ("POST", f"/users/{ADMIN}/disable", {A}),
    "enableUser": ("POST", f"/users/{ADMIN}/enable", {A}),
    "unlockUser": ("POST", f"/users/{ADMIN}/unlock", {A}),
    "resetPassword": ("POST", "/users/nobody@example.test/reset-password", {A}),
    "createSession": ("POST", "/sessions", {T, A}),
    "listSessions": ("GET", "/sessions", {T, A}),
    "getSession own": ("GET", "/sessions/{own}", {T, A}),
    "getSession other": ("GET", "/sessions/{other}", {A}),
    "pickUp own": ("POST", "/sessions/{own}/pickup", {T, A}),
    "pickUp other": ("POST", "/sessions/{other}/pickup", {A}),
    "renewTicket other": ("POST", "/sessions/{other}/ticket", set()),
    "closeSession other": ("POST", "/sessions/{other}/close", {A}),
    "noteSession own": ("POST", "/sessions/{own}/note", {T, A}),
    "noteSession other": ("POST", "/sessions/{other}/note", {A}),
    "sendConsoleLog own": ("POST", "/sessions/{own}/log", {T, A}),
    "sendConsoleLog other": ("POST", "/sessions/{other}/log", set()),
    "closeSession own": ("POST", "/sessions/{own}/close", {T, A}),
    "queryLog": ("GET", "/log", EVERYBODY),
    "queryLog own session": ("GET", "/log?session={own}", EVERYBODY),
    "queryLog other session": ("GET", "/log?session={other}", {A, U}),
    "queryLog other technician": ("GET", "/log?technician=" + ADMIN, {A, U}),
    "listSessions other technician": ("GET", "/sessions?technician=" + ADMIN, {A}),
    "createGatewayToken": ("POST", "/gateways/tokens", {A}),
    "listGateways": ("GET", "/gateways", {A}),
    "drainGateway": ("POST", "/gateways/gw/drain", {A}),
    "resumeGateway": ("POST", "/gateways/gw/resume", {A}),
    "removeGateway": ("DELETE", "/gateways/gw", {A}),
}


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("[rate]\nlogin_per_address = 10000\n").start()
        cls.admin = cls.broker.login()
        cls.console = Identity(cls.broker.dir, "console")
        cls.tokens = {T: cls.broker.add_user(cls.admin, "tech@example.test", T),
                      U: cls.broker.add_user(cls.admin, "audit@example.test", U),
                      A: cls.broker.add_user(cls.admin, "boss@example.test", A)}

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def body_for(self, operation, session):
        """A body that is right, so that what is refused is refused for the role. Destructive ones are wrong on purpose: an
        allowed caller gets past the role and is told 400 or 404."""
        event = {"seq": 1, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": "x"}}
        return {"createSession": {"kind": "private"}, "pickUp": {"console_key": self.console.public},
                "renewTicket": {"console_key": self.console.public}, "closeSession": {}, "noteSession": {"note": "n"},
                "sendConsoleLog": {"events": [event]}, "changePassword": {"current": ""}, "createUser": {"email": "x"},
                "changeUser": {}, "createGatewayToken": {"name": ""}}.get(operation.split()[0])

    def test_the_table(self):
        others = self.broker.new_session(self.admin)["session"]["id"]
        for role in (T, U, A):
            own = self.broker.new_session(self.tokens[role])["session"]["id"] if role != U else others
            for operation, (method, path, who) in TABLE.items():
                if operation in ("logout", "removeUser", "disableUser"):
                    continue  # tried below, on their own
                path = path.replace("{own}", own).replace("{other}", others)
                answer = self.broker.api(method, path, self.body_for(operation, own), token=self.tokens[role])
                with self.subTest(f"{operation} as {role}"):
                    if role in who:
                        self.assertNotIn(answer.status, (401, 403), answer.body)
                        self.assertLess(answer.status, 500, answer.body)
                    else:
                        self.assertEqual((answer.status, answer.error), (403, "DENIED"), answer.body)
            if role == U:
                continue
            others = self.broker.new_session(self.admin)["session"]["id"]  # the administrator has closed the last one

    def test_nobody_is_asked_to_sign_in(self):
        for operation, (method, path, _) in TABLE.items():
            path = path.replace("{own}", "x").replace("{other}", "x")
            with self.subTest(operation):
                self.broker.api(method, path, {} if method != "GET" else None).expect(401, "SIGN_IN_NEEDED")

    def test_what_ends_things(self):
        for role, status in ((T, 403), (U, 403)):
            self.broker.api("DELETE", "/users/" + ADMIN, token=self.tokens[role]).expect(status, "DENIED")
            self.broker.api("POST", f"/users/{ADMIN}/disable", token=self.tokens[role]).expect(status, "DENIED")

    def test_a_joining_technician_gets_an_own_grant(self):
        made = self.broker.new_session(self.admin)
        session, applet = made["session"]["id"], Identity(self.broker.dir, "applet")
        self.broker.register(made["pin"], applet).expect(200)
        body = {"console_key": self.console.public}
        self.broker.api("POST", f"/sessions/{session}/pickup", body, token=self.admin).expect(200)
        second = {"console_key": Identity(self.broker.dir, "second").public}
        self.broker.api("POST", f"/sessions/{session}/pickup", second, token=self.tokens[T]).expect(403, "DENIED")
        self.broker.api("POST", f"/sessions/{session}/pickup", dict(second, join=True), token=self.tokens[T]).expect(200)
        self.broker.api("POST", f"/sessions/{session}/ticket", second, token=self.tokens[T]).expect(200)
        event = {"seq": 1, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": "x"}}
        for token in (self.admin, self.tokens[T]):  # each counts for itself
            self.broker.api("POST", f"/sessions/{session}/log", {"events": [event]}, token=token).expect(200)
        self.assertEqual(len(self.broker.log_events(self.admin, session=session, type="chat.message")), 2)

    def test_a_join_takes_no_session_that_nobody_holds(self):
        made = self.broker.new_session(self.admin)
        path = f"/sessions/{made['session']['id']}"
        self.broker.register(made["pin"], Identity(self.broker.dir, "waiting")).expect(200)
        body = {"console_key": self.console.public, "join": True}
        self.broker.api("POST", path + "/pickup", body, token=self.tokens[T]).expect(403, "DENIED")
        session = self.broker.api("GET", path, token=self.admin).expect(200)["session"]
        self.assertEqual((session["state"], session["technician"]), ("waiting", None))

    def test_who_took_part_delivers_its_own_log_after_the_end(self):
        made = self.broker.new_session(self.admin)
        path = f"/sessions/{made['session']['id']}"
        self.broker.register(made["pin"], Identity(self.broker.dir, "late")).expect(200)
        self.broker.api("POST", path + "/pickup", {"console_key": self.console.public}, token=self.admin).expect(200)
        second = {"console_key": Identity(self.broker.dir, "late-second").public, "join": True}
        self.broker.api("POST", path + "/pickup", second, token=self.tokens[T]).expect(200)
        self.broker.api("POST", path + "/close", {}, token=self.admin).expect(200)
        event = {"seq": 1, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": "late"}}
        send = lambda token: self.broker.api("POST", path + "/log", {"events": [event]}, token=token)
        self.assertEqual(send(self.tokens[T]).expect(200)["accepted_through"], 1)
        self.assertEqual(send(self.tokens[T]).expect(200)["accepted_through"], 1)
        stranger = self.broker.add_user(self.admin, "stranger@example.test")
        send(stranger).expect(403, "DENIED")
        me = self.broker.api("GET", "/auth/whoami", token=self.tokens[T]).expect(200)["id"]
        late = self.broker.log_events(self.tokens[T], session=made["session"]["id"], type="chat.message")
        self.assertEqual([(e["source"], e["origin"], e["seq"]) for e in late], [("console", me, 1)])
        self.broker.api("GET", path, token=self.tokens[T]).expect(200)
        self.broker.api("POST", path + "/note", {"note": "mine"}, token=self.tokens[T]).expect(403, "DENIED")
        self.broker.api("GET", path, token=stranger).expect(403, "DENIED")

    def test_a_technician_is_not_told_which_accounts_there_are(self):
        for path in ("/sessions", "/log"):
            for name in (ADMIN, "nobody@example.test"):
                self.broker.api("GET", f"{path}?technician={name}", token=self.tokens[T]).expect(403, "DENIED")
        self.broker.api("GET", "/log?technician=nobody@example.test", token=self.admin).expect(404, "USER_NOT_FOUND")

    def test_an_auditor_hears_the_log_and_no_sessions(self):
        watch = WebSocket(self.broker, "/api/v1/events", self.tokens[U])
        self.assertEqual(watch.status, 101)
        watch.event(lambda m: m["type"] == "ready")
        self.broker.new_session(self.admin, note="private")
        types = []
        watch.event(lambda m: types.append(m["type"]) or m["type"] == "log" and m["event"]["type"] == "session.created"
                    and m["event"]["data"].get("note") == "private")
        self.assertNotIn("session", types)
        watch.close()


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
