# SPDX-License-Identifier: Apache-2.0
"""Who may call what: a table written by hand, held against a running broker. `own` is what belongs to the caller, `mate` what
belongs to a technician of the caller's group, `other` what belongs to somebody in another group. Every route that people or
services call has a row: the test asks the broker which there are."""
import json
import pathlib
import subprocess
import unittest

from support import ADMIN, BROKER, Broker, Identity, WebSocket

T, G, A, U, S = "technician", "group_administrator", "administrator", "auditor", "service"
EVERYBODY = {T, G, A, U, S}
MATE, OTHER, BOSS = "mate@example.test", "other@example.test", "boss@example.test"
SPARE, FAR = "spare@example.test", "far@example.test"  # of the group and of the other one; nobody signs in with them

# operation: (method, path, who may, the scope that an API token needs; None: no token may or all may)
TABLE = {
    "logout": ("POST", "/auth/logout", EVERYBODY, None),
    "changePassword": ("POST", "/auth/password", EVERYBODY, None),
    "whoami": ("GET", "/auth/whoami", EVERYBODY, None),
    "listUsers": ("GET", "/users", {G, A, S}, "users.read"),
    "listUsers of another group": ("GET", "/users?group=south", {A, S}, "users.read"),
    "createUser": ("POST", "/users", {G, A, S}, "users.write"),
    "getUser mate": ("GET", f"/users/{MATE}", {G, A, S}, "users.read"),
    "getUser other": ("GET", f"/users/{OTHER}", {A, S}, "users.read"),
    "changeUser mate": ("PATCH", f"/users/{MATE}", {G, A, S}, "users.write"),
    "changeUser other": ("PATCH", f"/users/{OTHER}", {A, S}, "users.write"),
    "changeUser boss": ("PATCH", f"/users/{BOSS}", {A}, "users.write"),
    "changeUser who administers the group": ("PATCH", f"/users/{G}@example.test", {A, S}, "users.write"),
    "removeUser other": ("DELETE", f"/users/{OTHER}", {A, S}, "users.write"),
    "removeUser boss": ("DELETE", f"/users/{BOSS}", {A}, "users.write"),
    "disableUser mate": ("POST", f"/users/{MATE}/disable", {G, A, S}, "users.write"),
    "disableUser other": ("POST", f"/users/{OTHER}/disable", {A, S}, "users.write"),
    "enableUser mate": ("POST", f"/users/{MATE}/enable", {G, A, S}, "users.write"),
    "enableUser other": ("POST", f"/users/{OTHER}/enable", {A, S}, "users.write"),
    "enableUser boss": ("POST", f"/users/{BOSS}/enable", {A}, "users.write"),
    "unlockUser mate": ("POST", f"/users/{MATE}/unlock", {G, A, S}, "users.write"),
    "unlockUser other": ("POST", f"/users/{OTHER}/unlock", {A, S}, "users.write"),
    "unlockUser boss": ("POST", f"/users/{BOSS}/unlock", {A}, "users.write"),
    "resetPassword mate": ("POST", f"/users/{SPARE}/reset-password", {G, A, S}, "users.write"),
    "resetPassword other": ("POST", f"/users/{FAR}/reset-password", {A, S}, "users.write"),
    "resetPassword boss": ("POST", f"/users/{BOSS}/reset-password", {A}, "users.write"),
    "listGroups": ("GET", "/groups", {T, G, A, S}, "groups.read"),
    "createGroup": ("POST", "/groups", {A, S}, "groups.write"),
    "getGroup own": ("GET", "/groups/north", {T, G, A, S}, "groups.read"),
    "getGroup other": ("GET", "/groups/south", {A, S}, "groups.read"),
    "changeGroup own": ("PATCH", "/groups/north", {G, A, S}, "groups.write"),
    "changeGroup other": ("PATCH", "/groups/south", {A, S}, "groups.write"),
    "removeGroup": ("DELETE", "/groups/north", {A, S}, "groups.write"),
    "grantPermissions own": ("POST", "/groups/north/grant", {G, A, S}, "groups.write"),
    "grantPermissions other": ("POST", "/groups/south/grant", {A, S}, "groups.write"),
    "revokePermissions own": ("POST", "/groups/north/revoke", {G, A, S}, "groups.write"),
    "revokePermissions other": ("POST", "/groups/south/revoke", {A, S}, "groups.write"),
    "listChannels": ("GET", "/channels", {T, G, A, S}, "channels.read"),
    "createChannel": ("POST", "/channels", {A, S}, "channels.write"),
    "getChannel own": ("GET", "/channels/upward", {T, G, A, S}, "channels.read"),
    "getChannel other": ("GET", "/channels/downward", {A, S}, "channels.read"),
    "changeChannel": ("PATCH", "/channels/upward", {A, S}, "channels.write"),
    "removeChannel": ("DELETE", "/channels/nothing", {A, S}, "channels.write"),
    "assignChannel": ("POST", "/channels/upward/assign", {A, S}, "channels.write"),
    "unassignChannel": ("POST", "/channels/upward/unassign", {A, S}, "channels.write"),
    "listTokens": ("GET", "/tokens", {A}, None),
    "createToken": ("POST", f"/users/{S}@example.test/tokens", {A}, None),
    "revokeToken": ("DELETE", "/tokens/11111111-1111-4111-8111-111111111111", {A}, None),
    "getMfa": ("GET", "/auth/mfa", EVERYBODY, None),
    "confirmMfa": ("POST", "/auth/mfa/confirm", EVERYBODY, None),
    "enrollMfa": ("POST", "/auth/mfa/enroll", {T, G, A, U}, None),
    "renewRecoveryCodes": ("POST", "/auth/mfa/codes", EVERYBODY, None),
    "removeMfa": ("POST", "/auth/mfa/remove", EVERYBODY, None),
    "resetMfa of the group": ("POST", f"/users/{SPARE}/reset-mfa", {G, A, S}, "users.write"),
    "resetMfa of another group": ("POST", f"/users/{FAR}/reset-mfa", {A, S}, "users.write"),
    "resetMfa boss": ("POST", f"/users/{BOSS}/reset-mfa", {A}, "users.write"),
    "inviteUser of the group": ("POST", f"/users/{SPARE}/invite", {G, A, S}, "users.write"),
    "inviteUser of another group": ("POST", f"/users/{FAR}/invite", {A, S}, "users.write"),
    "inviteUser boss": ("POST", f"/users/{BOSS}/invite", {A}, "users.write"),
    "listSignIns": ("GET", "/sign-ins", {T, G, A, S}, "users.read"),
    "listSignIns mate": ("GET", f"/sign-ins?user={MATE}", {G, A, S}, "users.read"),
    "listSignIns other": ("GET", f"/sign-ins?user={OTHER}", {A, S}, "users.read"),
    "endSignIn": ("DELETE", "/sign-ins/11111111-1111-4111-8111-111111111111", {T, G, A, S}, "users.write"),
    "signOutUser of the group": ("POST", f"/users/{SPARE}/sign-out", {G, A, S}, "users.write"),
    "signOutUser of another group": ("POST", f"/users/{FAR}/sign-out", {A, S}, "users.write"),
    "signOutUser boss": ("POST", f"/users/{BOSS}/sign-out", {A}, "users.write"),
    "disableUserSso of the group": ("POST", f"/users/{SPARE}/sso/disable", {G, A, S}, "users.write"),
    "disableUserSso of another group": ("POST", f"/users/{FAR}/sso/disable", {A, S}, "users.write"),
    "enableUserSso of the group": ("POST", f"/users/{SPARE}/sso/enable", {G, A, S}, "users.write"),
    "enableUserSso of another group": ("POST", f"/users/{FAR}/sso/enable", {A, S}, "users.write"),
    "unlinkUserSso of the group": ("POST", f"/users/{SPARE}/sso/unlink", {G, A, S}, "users.write"),
    "unlinkUserSso of another group": ("POST", f"/users/{FAR}/sso/unlink", {A, S}, "users.write"),
    "unlinkUserSso boss": ("POST", f"/users/{BOSS}/sso/unlink", {A}, "users.write"),
    "getSso": ("GET", "/sso", {A}, None),
    "changeSso": ("PATCH", "/sso", {A}, None),
    "testSso": ("POST", "/sso/test", {A}, None),
    "renewSsoKey": ("POST", "/sso/key", {A}, None),
    "getPolicy": ("GET", "/policy", {G, A, U, S}, "policy.read"),
    "changePolicy": ("PATCH", "/policy", {A, S}, "policy.write"),
    "answerPolicy": ("POST", "/policy/why", {G, A, U, S}, "policy.read"),
    "applyDocument": ("POST", "/apply", {A, S}, "provision"),
    "exportSite": ("GET", "/export", {A, S}, "provision"),
    "createSession": ("POST", "/sessions", {T, G, A, S}, "sessions"),
    "listSessions": ("GET", "/sessions", {T, G, A, S}, "sessions"),
    "listSessions mate": ("GET", f"/sessions?technician={MATE}", {G, A, S}, "sessions"),
    "listSessions other": ("GET", f"/sessions?technician={OTHER}", {A, S}, "sessions"),
    "getSession own": ("GET", "/sessions/{own}", {T, G, A, S}, "sessions"),
    "getSession mate": ("GET", "/sessions/{mate}", {G, A, S}, "sessions"),
    "getSession other": ("GET", "/sessions/{other}", {A, S}, "sessions"),
    "pickUp own": ("POST", "/sessions/{own}/pickup", {T, G, A, S}, "sessions"),
    "pickUp mate": ("POST", "/sessions/{mate}/pickup", {G, A, S}, "sessions"),
    "pickUp other": ("POST", "/sessions/{other}/pickup", {A, S}, "sessions"),
    "renewTicket other": ("POST", "/sessions/{other}/ticket", set(), "sessions"),
    "noteSession own": ("POST", "/sessions/{own}/note", {T, G, A, S}, "sessions"),
    "noteSession mate": ("POST", "/sessions/{mate}/note", {G, A, S}, "sessions"),
    "noteSession other": ("POST", "/sessions/{other}/note", {A, S}, "sessions"),
    "holdSession own": ("POST", "/sessions/{own}/hold", {T, G, A, S}, "sessions"),
    "holdSession mate": ("POST", "/sessions/{mate}/hold", set(), "sessions"),
    "holdSession other": ("POST", "/sessions/{other}/hold", set(), "sessions"),
    "transferSession own": ("POST", "/sessions/{own}/transfer", {T, G, A, S}, "sessions"),
    "transferSession mate": ("POST", "/sessions/{mate}/transfer", {G, A, S}, "sessions"),
    "transferSession other": ("POST", "/sessions/{other}/transfer", {A, S}, "sessions"),
    "declineTransfer that was not offered": ("POST", "/sessions/{other}/decline", set(), "sessions"),
    "leaveSession where one is not": ("POST", "/sessions/{other}/leave", set(), "sessions"),
    "explainSession own": ("GET", "/sessions/{own}/explain", EVERYBODY, "log.read"),
    "explainSession mate": ("GET", "/sessions/{mate}/explain", {G, A, U, S}, "log.read"),
    "explainSession other": ("GET", "/sessions/{other}/explain", {A, U, S}, "log.read"),
    "listPresence": ("GET", "/presence", {T, G, A, S}, "sessions"),
    "setPresence": ("POST", "/presence", {T, G, A, S}, "sessions"),
    "createSession in a channel": ("POST", "/sessions", {T, G, A, S}, "sessions"),
    "listSessions of a channel": ("GET", "/sessions?queue=channel:upward", {T, G, A, S}, "sessions"),
    "listSessions of another channel": ("GET", "/sessions?queue=channel:downward", {A, S}, "sessions"),
    "getSession waiting": ("GET", "/sessions/{queued}", {T, G, A, S}, "sessions"),
    "pickUp waiting": ("POST", "/sessions/{queued}/pickup", {T, G, A, S}, "sessions"),
    "noteSession waiting": ("POST", "/sessions/{queued}/note", {T, G, A, S}, "sessions"),
    "getSession waiting elsewhere": ("GET", "/sessions/{far}", {A, S}, "sessions"),
    "pickUp waiting elsewhere": ("POST", "/sessions/{far}/pickup", {A, S}, "sessions"),
    "noteSession waiting elsewhere": ("POST", "/sessions/{far}/note", {A, S}, "sessions"),
    "closeSession waiting elsewhere": ("POST", "/sessions/{far}/close", {A, S}, "sessions"),
    "closeSession waiting": ("POST", "/sessions/{queued}/close", {T, G, A, S}, "sessions"),
    "sendConsoleLog own": ("POST", "/sessions/{own}/log", {T, G, A, S}, "sessions"),
    "sendConsoleLog mate": ("POST", "/sessions/{mate}/log", set(), "sessions"),
    "sendConsoleLog other": ("POST", "/sessions/{other}/log", set(), "sessions"),
    "queryLog": ("GET", "/log", EVERYBODY, "log.read"),
    "queryLog own session": ("GET", "/log?session={own}", EVERYBODY, "log.read"),
    "queryLog mate's session": ("GET", "/log?session={mate}", {G, A, U, S}, "log.read"),
    "queryLog other session": ("GET", "/log?session={other}", {A, U, S}, "log.read"),
    "queryLog of a mate": ("GET", f"/log?technician={MATE}", {G, A, U, S}, "log.read"),
    "queryLog of another": ("GET", f"/log?technician={OTHER}", {A, U, S}, "log.read"),
    "closeSession own": ("POST", "/sessions/{own}/close", {T, G, A, S}, "sessions"),
    "closeSession mate": ("POST", "/sessions/{mate}/close", {G, A, S}, "sessions"),
    "closeSession other": ("POST", "/sessions/{other}/close", {A, S}, "sessions"),
    "createGatewayToken": ("POST", "/gateways/tokens", {A, S}, "gateways.write"),
    "listGateways": ("GET", "/gateways", {A, S}, "gateways.read"),
    "drainGateway": ("POST", "/gateways/gw/drain", {A, S}, "gateways.write"),
    "resumeGateway": ("POST", "/gateways/gw/resume", {A, S}, "gateways.write"),
    "removeGateway": ("DELETE", "/gateways/gw", {A, S}, "gateways.write"),
}
# Operations that test_what_ends_things and others try, because they would end what the table needs.
ELSEWHERE = {"logout", "removeUser other", "removeUser boss", "disableUser mate", "disableUser other", "watchEvents"}
SCOPES = sorted({scope for _, _, _, scope in TABLE.values() if scope})


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("[rate]\nlogin_per_address = 10000\nvisits_per_address = 10000\n").start()
        cls.admin = cls.broker.login()
        cls.console = Identity(cls.broker.dir, "console")
        api = lambda method, path, body: cls.broker.api(method, path, body, token=cls.admin)
        permissions = ["desktop_view", "remote_control", "private_sessions"]
        for group, channel in (("north", "upward"), ("south", "downward")):
            api("POST", "/groups", {"name": group, "permissions": permissions}).expect(201)
            api("POST", "/channels", {"name": channel}).expect(201)
            api("POST", f"/channels/{channel}/assign", {"group": group}).expect(200)
        add = lambda email, role, group: cls.broker.add_user(cls.admin, email, role, group=group)
        cls.tokens = {role: add(f"{role}@example.test", role, "north") for role in (T, G, A, U)}
        cls.mate, cls.other = add(MATE, T, "north"), add(OTHER, T, "south")
        add(BOSS, A, "north")
        add(SPARE, T, "north")
        add(FAR, T, "south")
        api("POST", "/users", {"email": f"{S}@example.test", "name": "Robot", "role": S, "group": "south"}).expect(201)
        cls.tokens[S] = cls.api_token(SCOPES)

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    @classmethod
    def api_token(cls, scopes):
        return cls.broker.api("POST", f"/users/{S}@example.test/tokens", {"name": "t", "scopes": scopes},
                              token=cls.admin).expect(201)["secret"]

    def body_for(self, operation):
        """A body that is right, so that what is refused is refused for the role. Destructive ones are wrong on purpose: an
        allowed caller gets past the role and is told 400 or 404."""
        event = {"seq": 1, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": "x"}}
        if operation == "createSession in a channel":
            return {"kind": "channel", "channel": "upward"}
        return {"holdSession": {}, "transferSession": {"to": MATE}, "declineTransfer": {}, "leaveSession": {},
                "setPresence": {"presence": "busy"}, "createSession": {"kind": "private"}, "pickUp": {"console_key": self.console.public},
                "renewTicket": {"console_key": self.console.public}, "closeSession": {}, "noteSession": {"note": "n"},
                "sendConsoleLog": {"events": [event]}, "changePassword": {"current": ""},
                "createUser": {"email": "x@", "name": "x", "role": "technician"}, "changeUser": {"name": "Somebody"},
                "createGatewayToken": {"name": ""}, "createGroup": {"name": "north"}, "changeGroup": {"description": "x"},
                "grantPermissions": {"permissions": ["desktop_view"]}, "revokePermissions": {"permissions": ["reboot"]},
                "createChannel": {"name": "upward"}, "changeChannel": {"description": "x"},
                "assignChannel": {"group": "north"}, "unassignChannel": {"group": "south"},
                "createToken": {"name": "x", "scopes": ["nothing"]}, "confirmMfa": {"code": "000000"},
                "renewRecoveryCodes": {"code": "000000"}, "removeMfa": {"code": "000000"}, "changeSso": {},
                "changePolicy": {}, "answerPolicy": {}, "applyDocument": {}}.get(operation.split()[0])

    def session_of(self, token):
        return self.broker.new_session(token)["session"]["id"]

    def visitor_in(self, channel):
        self.broker.api("POST", "/channel-sessions", {"channel": channel}).expect(201)
        return self.broker.api("GET", f"/sessions?queue=channel:{channel}&limit=1", token=self.admin).expect(200)["sessions"][0]["id"]

    def call(self, operation, sessions, token):
        method, path, _, _ = TABLE[operation]
        for name, session in sessions.items():
            path = path.replace("{" + name + "}", session)
        return self.broker.api(method, path, self.body_for(operation), token=token)

    def sessions_for(self, role):
        mate, other = self.session_of(self.mate), self.session_of(self.other)
        queued, far = (self.visitor_in(channel) for channel in ("upward", "downward"))
        return {"queued": queued, "far": far, "mate": mate, "other": other, "own": self.session_of(self.tokens[role]) if role != U else other}

    def test_the_table(self):
        for role in (T, G, U, S, A):
            sessions = self.sessions_for(role)
            for operation, (_, _, who, _) in TABLE.items():
                if operation in ELSEWHERE:
                    continue
                answer = self.call(operation, sessions, self.tokens[role])
                with self.subTest(f"{operation} as {role}"):
                    if role in who:
                        self.assertNotIn(answer.status, (401, 403), answer.body)
                        self.assertLess(answer.status, 500, answer.body)
                    else:
                        self.assertEqual((answer.status, answer.error), (403, "DENIED"), answer.body)

    def test_every_route_has_a_row_that_agrees_with_what_the_broker_says_of_it(self):
        routes = json.loads(subprocess.run([BROKER, "routes"], check=True, capture_output=True).stdout)
        served = {r["operation"]: set(r["who"]) for r in routes if not set(r["who"]) & {"public", "applet", "gateway"}}
        rows = {}
        for operation, (_, _, who, _) in TABLE.items():
            rows.setdefault(operation.split()[0], set()).update(who)
        self.assertEqual(set(served) - set(rows) - ELSEWHERE, set(), "routes without a row")
        self.assertEqual(set(rows) - set(served), set(), "rows without a route")
        for operation, who in rows.items():
            # Some routes are open to a role for things that no row reaches: its own sessions, the group's new members.
            self.assertLessEqual(who, served[operation], operation)

    def test_the_scopes_are_those_of_the_description(self):
        document = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs" / "openapi.json").read_text())
        self.assertEqual(sorted(document["components"]["schemas"]["Scope"]["enum"]), SCOPES)

    def test_a_scope_opens_what_needs_it_and_nothing_else(self):
        sessions = self.sessions_for(S)
        only = {scope: self.api_token([scope]) for scope in SCOPES}
        but = {scope: self.api_token([s for s in SCOPES if s != scope]) for scope in SCOPES}
        for operation, (_, _, who, scope) in TABLE.items():
            if scope is None or S not in who or operation in ELSEWHERE:
                continue
            with self.subTest(operation):
                refused = self.call(operation, sessions, but[scope])
                self.assertEqual((refused.status, refused.error), (403, "SCOPE_MISSING"), refused.body)
                self.assertNotIn(self.call(operation, sessions, only[scope]).status, (401, 403))

    def test_lists_end_where_the_reach_does(self):
        mate, other = self.session_of(self.mate), self.session_of(self.other)
        get = lambda role, path: self.broker.api("GET", path, token=self.tokens[role]).expect(200)
        people = [u["email"] for u in get(G, "/users")["users"]]
        self.assertIn(MATE, people)
        self.assertNotIn(OTHER, people)
        self.assertEqual([g["name"] for g in get(G, "/groups")["groups"]], ["north"])
        self.assertEqual([c["name"] for c in get(T, "/channels")["channels"]], ["upward"])
        self.assertEqual(len(get(A, "/groups")["groups"]), 3)
        listed = [s["id"] for s in get(G, "/sessions?limit=500")["sessions"]]
        self.assertIn(mate, listed)
        self.assertNotIn(other, listed)
        told = {e["session"] for e in get(G, "/log?limit=500&type=session.*")["events"]}
        self.assertIn(mate, told)
        self.assertNotIn(other, told)
        self.broker.api("POST", f"/sessions/{mate}/note", {"note": "walrus"}, token=self.mate).expect(200)
        self.broker.api("POST", f"/sessions/{other}/note", {"note": "walrus"}, token=self.other).expect(200)
        found = [e["session"] for e in get(G, "/log?text=walrus")["events"]]
        self.assertEqual(found, [mate])

    def test_a_group_administrator_hears_the_group_and_nobody_else(self):
        watch = WebSocket(self.broker, "/api/v1/events", self.tokens[G])
        watch.event(lambda m: m["type"] == "ready")
        other, mate = self.session_of(self.other), self.session_of(self.mate)
        heard = []
        watch.event(lambda m: heard.append(m) or m["type"] == "session" and m["session"]["id"] == mate)
        self.assertNotIn(other, json.dumps(heard))
        watch.close()

    def test_a_group_administrator_makes_technicians_of_the_group_and_nothing_more(self):
        make = lambda **fields: self.broker.api("POST", "/users", {"name": "New", **fields}, token=self.tokens[G])
        made = make(email="new@example.test", role=T).expect(201)["user"]
        self.assertEqual(made["group"]["name"], "north")
        for role in (G, A, U, S):
            make(email=f"new-{role}@example.test", role=role).expect(403, "DENIED")
        make(email="south@example.test", role=T, group="south").expect(403, "DENIED")
        make(email="south@example.test", role=T, group="nowhere").expect(403, "DENIED")
        change = lambda user, **fields: self.broker.api("PATCH", f"/users/{user}", fields, token=self.tokens[G])
        change("new@example.test", role=G).expect(403, "DENIED")
        change("new@example.test", group="south").expect(403, "DENIED")
        change(f"{G}@example.test", role=A).expect(403, "DENIED")
        change("nobody@example.test", name="x").expect(403, "DENIED")
        change("new@example.test", name="Newer").expect(200)
        grant = {"permissions": ["reboot"]}
        self.broker.api("POST", "/groups/north/grant", grant, token=self.tokens[G]).expect(403, "DENIED")
        self.broker.api("PATCH", "/groups/north", {"name": "mine"}, token=self.tokens[G]).expect(403, "DENIED")

    def test_a_stolen_token_cannot_make_its_owner_stay(self):
        make = lambda role: self.broker.api("POST", "/users", {"email": f"s-{role}@example.test", "name": "x", "role": role},
                                            token=self.tokens[S])
        for role in (A, S):
            make(role).expect(403, "DENIED")
        for role in (T, G, U):
            make(role).expect(201)
        self.broker.api("POST", f"/users/{ADMIN}/reset-password", token=self.tokens[S]).expect(403, "DENIED")
        self.broker.api("PATCH", f"/users/s-{T}@example.test", {"role": A}, token=self.tokens[S]).expect(403, "DENIED")

    def test_nobody_is_asked_to_sign_in(self):
        for operation, (method, path, _, _) in TABLE.items():
            path = path.replace("{queued}", "x").replace("{far}", "x").replace("{own}", "x").replace("{other}", "x").replace("{mate}", "x")
            with self.subTest(operation):
                self.broker.api(method, path, {} if method != "GET" else None).expect(401, "SIGN_IN_NEEDED")

    def test_what_ends_things(self):
        for role in (T, U, G, S):
            self.broker.api("DELETE", "/users/" + ADMIN, token=self.tokens[role]).expect(403, "DENIED")
            self.broker.api("POST", f"/users/{ADMIN}/disable", token=self.tokens[role]).expect(403, "DENIED")
        for email, role, may in (("north-1@example.test", G, True), ("north-2@example.test", T, False)):
            token = self.broker.add_user(self.admin, email, group="north")
            answer = self.broker.api("POST", f"/users/{email}/disable", token=self.tokens[role])
            self.assertEqual(answer.status, 200 if may else 403)
            self.assertEqual(self.broker.api("GET", "/auth/whoami", token=token).status, 401 if may else 200)
            self.assertEqual(self.broker.api("DELETE", f"/users/{email}", token=self.tokens[role]).status,
                             200 if may else 403)
        self.broker.api("POST", f"/users/{OTHER}/disable", token=self.tokens[G]).expect(403, "DENIED")
        self.broker.api("DELETE", f"/users/{OTHER}", token=self.tokens[G]).expect(403, "DENIED")
        gone = self.broker.login(f"{U}@example.test", "a plain but rather long sentence 4")
        self.broker.api("POST", "/auth/logout", token=gone).expect(200)
        self.broker.api("GET", "/auth/whoami", token=gone).expect(401, "SIGN_IN_NEEDED")

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
