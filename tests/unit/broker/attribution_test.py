# SPDX-License-Identifier: Apache-2.0
"""Who changed what, from where, through what: each operation that changes something leaves its event, refused ones too; and
the socket by which whoever has the machine administers the site, under the name of the OS user."""
import json
import os
import pathlib
import pwd
import stat
import subprocess
import unittest

from support import ADMIN, BROKER, Broker, Identity

ME = "local:" + pwd.getpwuid(os.getuid()).pw_name
RESCUE = str(pathlib.Path(BROKER).with_name("rescue"))
NOTHING = None  # changes nothing that lasts, or writes the log itself

# Every operation that is no GET, and the event that it leaves. A row is missing for who adds an operation and not its event.
EVENTS = {
    "login": "auth.login",
    "logout": "auth.logout",
    "changePassword": "auth.password_changed",
    "createUser": "user.created",
    "changeUser": "user.changed",
    "removeUser": "user.removed",
    "disableUser": "user.disabled",
    "enableUser": "user.enabled",
    "unlockUser": "user.unlocked",
    "resetPassword": "user.password_reset",
    "createSession": "session.created",
    "pickUp": "session.picked_up",
    "renewTicket": NOTHING,  # the same technician goes on; another key is a session.picked_up
    "holdSession": "session.held",
    "transferSession": "session.transferred",
    "declineTransfer": "session.transfer_returned",
    "leaveSession": "session.technician_left",
    "setPresence": "user.presence_changed",
    "openChannelSession": "session.created",
    "closeSession": "session.closed",
    "noteSession": "session.noted",
    "sendConsoleLog": NOTHING,  # is the log
    "createGatewayToken": "gateway.invited",
    "enrollGateway": "gateway.enrolled",
    "drainGateway": "gateway.drained",
    "resumeGateway": "gateway.drained",
    "removeGateway": "gateway.removed",
    "redeemPin": "session.pin_redeemed",
    "pinForm": "session.pin_redeemed",
    "downloadApplet": "session.applet_downloaded",
    "channelForm": "session.created",
    "registerApplet": "session.applet_registered",
    "renewAppletTicket": NOTHING,
    "sendAppletLog": NOTHING,
    "endFromApplet": "session.closed",
    "restartFromApplet": "session.rebooting",
    "createGroup": "group.created",
    "changeGroup": "group.changed",
    "removeGroup": "group.removed",
    "grantPermissions": "group.changed",
    "revokePermissions": "group.changed",
    "createChannel": "channel.created",
    "changeChannel": "channel.changed",
    "removeChannel": "channel.removed",
    "assignChannel": "channel.assigned",
    "unassignChannel": "channel.unassigned",
    "createToken": "token.created",
    "revokeToken": "token.revoked",
    "enrollMfa": NOTHING,  # counts once it is confirmed
    "confirmMfa": "auth.mfa_enrolled",
    "removeMfa": "auth.mfa_removed",
    "renewRecoveryCodes": "auth.recovery_codes_made",
    "resetMfa": "user.mfa_reset",
    "endSignIn": "auth.sign_in_ended",
    "signOutUser": "auth.sign_in_ended",
    "inviteUser": "user.invited",
    "acceptInvitation": "user.invitation_accepted",
    "changePolicy": "policy.changed",
    "changeSso": "policy.changed",
    "renewSsoKey": "policy.changed",
    "testSso": NOTHING,
    "startSso": NOTHING,
    "finishSso": "auth.login",
    "samlAcs": "auth.login",
    "disableUserSso": "user.sso_disabled",
    "enableUserSso": "user.sso_enabled",
    "unlinkUserSso": "user.changed",
    "applyDocument": "provision.applied",
    "answerPolicy": NOTHING,
    "inviteForm": "user.invitation_accepted",
    "passwordForm": "auth.password_changed",
    "passwordStrength": NOTHING,
}
# Played below, in this order, by the administrator over TLS: operation, method, path, body, what the event must say.
GATEWAY, GROUP, CHANNEL = "gw-a", "desk", "billing"
STEPS = [
    ("createUser", "POST", "/users", {"email": "eve@example.test", "name": "Eve", "role": "technician", "password": "a long sentence of its own 9"},
     {"email": "eve@example.test"}),
    ("changeUser", "PATCH", "/users/eve@example.test", {"name": "Eva"}, {"name": ("Eve", "Eva")}),
    ("disableUser", "POST", "/users/eve@example.test/disable", None, {"email": "eve@example.test"}),
    ("enableUser", "POST", "/users/eve@example.test/enable", None, {"email": "eve@example.test"}),
    ("resetPassword", "POST", "/users/eve@example.test/reset-password", None, {"email": "eve@example.test"}),
    ("createGroup", "POST", "/groups", {"name": GROUP, "permissions": ["desktop_view"]}, {"name": GROUP}),
    ("changeGroup", "PATCH", f"/groups/{GROUP}", {"description": "The desk", "require_sas": True}, {"require_sas": (False, True)}),
    ("grantPermissions", "POST", f"/groups/{GROUP}/grant", {"permissions": ["send_files"]}, {"name": GROUP}),
    ("revokePermissions", "POST", f"/groups/{GROUP}/revoke", {"permissions": ["send_files"]}, {"name": GROUP}),
    ("createChannel", "POST", "/channels", {"name": CHANNEL}, {"name": CHANNEL}),
    ("changeChannel", "PATCH", f"/channels/{CHANNEL}", {"description": "Bills"}, {"description": ("", "Bills")}),
    ("assignChannel", "POST", f"/channels/{CHANNEL}/assign", {"group": GROUP}, {"name": CHANNEL}),
    ("unassignChannel", "POST", f"/channels/{CHANNEL}/unassign", {"group": GROUP}, {"name": CHANNEL}),
    ("removeChannel", "DELETE", f"/channels/{CHANNEL}", None, {"name": CHANNEL}),
    ("removeGroup", "DELETE", f"/groups/{GROUP}", None, {"name": GROUP}),
    ("changePolicy", "PATCH", "/policy", {"settings": {"password.min_score": 4}}, {"password.min_score": ("3", "4")}),
    ("changeUser", "PATCH", "/users/eve@example.test", {"allowed_networks": ["10.0.0.0/8"]},
     {"allowed_networks": ([], ["10.0.0.0/8"])}),
    ("changeUser", "PATCH", "/users/eve@example.test", {"role": "auditor"}, {"role": ("technician", "auditor")}),
    ("inviteUser", "POST", "/users/eve@example.test/invite", None, {"email": "eve@example.test"}),
    ("disableUserSso", "POST", "/users/eve@example.test/sso/disable", None, {"email": "eve@example.test"}),
    ("enableUserSso", "POST", "/users/eve@example.test/sso/enable", None, {"email": "eve@example.test"}),
    ("createUser", "POST", "/users", {"email": "robot@example.test", "name": "Robot", "role": "service"},
     {"email": "robot@example.test", "role": "service"}),
    ("createToken", "POST", "/users/robot@example.test/tokens", {"name": "ci", "scopes": ["users.read"]}, {"name": "ci"}),
    ("revokeToken", "DELETE", "/tokens/{token}", None, {"name": "ci"}),
    ("applyDocument", "POST", "/apply", {"document": {"groups": [{"name": "applied"}]}}, {"created": 1}),
    ("setPresence", "POST", "/presence", {"presence": "busy"}, {"presence": "busy"}),
    ("createSession", "POST", "/sessions", {"kind": "private", "note": "n"}, {"kind": "private"}),
    ("noteSession", "POST", "/sessions/{session}/note", {"note": "other"}, {"text": "other"}),
    ("closeSession", "POST", "/sessions/{session}/close", {"reason": "done"}, {"reason": "done"}),
    ("createGatewayToken", "POST", "/gateways/tokens", {"name": GATEWAY}, {"name": GATEWAY}),
    ("removeUser", "DELETE", "/users/eve@example.test", None, {"email": "eve@example.test"}),
]


class Base(unittest.TestCase):
    CONFIG = "[rate]\nlogin_per_address = 1000\n"

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(cls.CONFIG).start()
        cls.admin = cls.broker.login()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def newest(self, kind):
        events = self.broker.log_events(self.admin, type=kind)
        return events[-1] if events else None

    def local(self, method, path, body=None, headers=None):
        answer = self.broker.local(method, path, body, headers)
        return answer.status, answer.json


class Events(Base):
    def test_every_operation_that_changes_something_has_its_row(self):
        api = json.loads((pathlib.Path(__file__).resolve().parents[3] / "docs" / "openapi.json").read_text())
        changing = {operation["operationId"] for path in api["paths"].values() for method, operation in path.items()
                    if method in ("post", "put", "patch", "delete")}
        self.assertEqual(sorted(changing - set(EVENTS)), [], "an operation that nobody gave an event")

    def test_each_step_leaves_its_event_with_who_from_where_and_what(self):
        session = token = ""
        for operation, method, path, body, says in STEPS:
            with self.subTest(operation):
                before = self.newest(EVENTS[operation])
                answer = self.broker.api(method, path.format(session=session, token=token), body, token=self.admin)
                self.assertLess(answer.status, 300, answer.body)
                if operation == "createSession":
                    session = answer.json["session"]["id"]
                if operation == "createToken":
                    token = answer.json["token"]["id"]
                event = self.newest(EVENTS[operation])
                self.assertNotEqual(event, before, "no new event")
                self.assertEqual((event["actor"], event["data"].get("address"), event["data"].get("via")),
                                 (ADMIN, "127.0.0.1", "api"))
                changes = event["data"].get("changes", {})
                for field, value in says.items():
                    if isinstance(value, tuple):
                        self.assertEqual((changes[field]["old"], changes[field]["new"]), value)
                    else:
                        self.assertEqual(event["data"][field], value)

    def test_a_gateways_way_in_and_out(self):
        made = self.broker.api("POST", "/gateways/tokens", {"name": "gw-b"}, token=self.admin).expect(201)
        identity = Identity(self.broker.dir, "gateway")
        body = {"token": made["token"], "name": "gw-b", "addresses": ["127.0.0.1:1"], "public_key": identity.public,
                "csr_pem": identity.csr()}
        self.broker.api("POST", "/gateways/enroll", dict(body, token="x" * 43)).expect(403)
        refused = self.newest("admin.refused")
        self.assertEqual((refused["actor"], refused["data"]["operation"], refused["data"]["error"], refused["data"]["address"]),
                         ("unknown", "enrollGateway", "DENIED", "127.0.0.1"))
        self.assertNotIn("x" * 43, json.dumps(refused))
        self.broker.api("POST", "/gateways/enroll", body).expect(201)
        for operation, method, path in (("drainGateway", "POST", "/gateways/gw-b/drain"),
                                        ("resumeGateway", "POST", "/gateways/gw-b/resume"),
                                        ("removeGateway", "DELETE", "/gateways/gw-b")):
            self.broker.api(method, path, token=self.admin).expect(200)
            event = self.newest(EVENTS[operation])
            self.assertEqual((event["actor"], event["data"]["address"], event["data"]["via"]), (ADMIN, "127.0.0.1", "api"))

    def test_own_acts_say_from_where(self):
        token = self.broker.add_user(self.admin, "own@example.test")
        self.broker.api("POST", "/auth/password", {"current": "a plain but rather long sentence 4",
                                                   "new": "quite another long sentence 77"}, token=token).expect(200)
        self.broker.api("POST", "/auth/logout", token=token).expect(200)
        for kind in ("auth.login", "auth.password_changed", "auth.logout"):
            event = self.newest(kind)
            self.assertEqual((event["actor"], event["data"].get("address")), ("own@example.test", "127.0.0.1"), kind)


class Refusals(Base):
    def refusal(self):
        event = self.newest("admin.refused")
        self.assertIsNotNone(event)
        return event["actor"], event["data"]["operation"], event["data"]["error"]

    def test_each_kind_of_failure_is_an_event(self):
        tech = self.broker.add_user(self.admin, "mallory@example.test")
        name = "mallory@example.test"
        cases = [
            (tech, "POST", "/users", {"email": "x@example.test", "name": "X", "role": "administrator"}, 403,
             (name, "createUser", "DENIED")),
            (self.admin, "POST", "/users", {"email": ADMIN, "name": "Twice", "role": "auditor"}, 409, (ADMIN, "createUser", "CONFLICT")),
            (self.admin, "PATCH", "/users/nobody@example.test", {"name": "N"}, 404, (ADMIN, "changeUser", "USER_NOT_FOUND")),
            (self.admin, "PATCH", f"/users/{name}", {"role": "emperor"}, 400, (ADMIN, "changeUser", "INVALID_ARGUMENT")),
            (tech, "POST", "/gateways/tokens", {"name": "g"}, 403, (name, "createGatewayToken", "DENIED")),
            (tech, "POST", f"/users/{ADMIN}/disable", None, 403, (name, "disableUser", "DENIED")),
            (tech, "DELETE", f"/users/{ADMIN}", None, 403, (name, "removeUser", "DENIED")),
        ]
        for token, method, path, body, status, wanted in cases:
            with self.subTest(wanted[1:]):
                self.broker.api(method, path, body, token=token).expect(status)
                self.assertEqual(self.refusal(), wanted)
        event = self.newest("admin.refused")
        self.assertEqual((event["data"]["object"], event["data"]["address"], event["data"]["via"]), (ADMIN, "127.0.0.1", "api"))

    def test_what_was_asked_is_there_without_its_secrets(self):
        secret = "Tr0ub4dor&3 is a secret"
        self.broker.api("POST", "/users", {"email": ADMIN, "name": "Twice", "role": "auditor", "password": secret},
                        token=self.admin).expect(409)
        asked = self.newest("admin.refused")["data"]["asked"]
        self.assertEqual(asked, {"email": ADMIN, "name": "Twice", "role": "auditor", "password": "***"})
        self.broker.api("POST", "/users", {"email": "y@example.test", "name": "Y", "pasword": secret, "extra": {"name": secret}},
                        token=self.admin).expect(400)
        self.assertEqual(self.newest("admin.refused")["data"]["asked"]["pasword"], "***", "a field that nobody knows")
        token = self.broker.add_user(self.admin, "pw@example.test")
        self.broker.api("POST", "/auth/password", {"current": "a plain but rather long sentence 4", "new": "short"},
                        token=token).expect(400)
        self.assertNotIn("rather long sentence", json.dumps(self.broker.log_events(self.admin)))
        self.assertNotIn(secret, json.dumps(self.broker.log_events(self.admin)))

    def test_reading_is_no_refused_change(self):
        token = self.broker.add_user(self.admin, "reader@example.test")
        before = self.newest("admin.refused")
        self.broker.api("GET", "/users", token=token).expect(403)
        self.assertEqual(self.newest("admin.refused"), before)

    def test_nobody_fills_the_log_by_being_refused(self):
        token = self.broker.add_user(self.admin, "flood@example.test")
        mine = lambda: [e for e in self.broker.log_events(self.admin, type="admin.refused") if e["actor"] == "flood@example.test"]
        for _ in range(60):
            self.broker.api("DELETE", "/users/" + ADMIN, token=token).expect(403)
        self.assertLessEqual(len(mine()), 35)
        self.assertGreaterEqual(len(mine()), 30)
        self.assertEqual(self.broker.api("DELETE", "/users/nobody@example.test", token=self.admin).status, 404)
        self.assertEqual(self.newest("admin.refused")["actor"], ADMIN, "others are logged all the same")


class LocalSocket(Base):
    def test_only_the_owner_of_the_state_can_connect(self):
        made = os.stat(self.broker.ready["admin_socket"])
        self.assertTrue(stat.S_ISSOCK(made.st_mode))
        self.assertEqual(stat.S_IMODE(made.st_mode), 0o600)

    def test_another_user_is_refused_also_when_the_file_lets_it_in(self):
        path = self.broker.ready["admin_socket"]
        for parent in (self.broker.dir, self.broker.state):
            os.chmod(parent, 0o755)
        os.chmod(path, 0o666)
        try:
            code = ("import socket,sys\ns = socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
                    "s.sendall(b'GET /api/v1/users HTTP/1.1\\r\\nHost: h\\r\\nConnection: close\\r\\n\\r\\n')\n"
                    "d = b''\nwhile c := s.recv(4096): d += c\nprint(d.decode())")
            command = ["python3", "-c", code, path]
            if os.getuid() == 0:
                done = subprocess.run(command, capture_output=True, text=True, user=65534, group=65534)
            else:  # ./dev needs sudo there, too
                done = subprocess.run(["sudo", "-n", "-u", "nobody", *command], capture_output=True, text=True)
            self.assertIn(" 403 ", done.stdout.splitlines()[0], done.stderr)
            self.assertNotIn("email", done.stdout)
        finally:
            os.chmod(path, 0o600)
            for parent in (self.broker.dir, self.broker.state):
                os.chmod(parent, 0o700)

    def test_the_os_user_is_the_administrator_and_in_the_log(self):
        status, made = self.local("POST", "/users", {"email": "local-made@example.test", "name": "L",
                                                       "role": "technician"})
        self.assertEqual(status, 201, made)
        event = self.newest("user.created")
        self.assertEqual((event["actor"], event["data"]["email"], event["data"]["via"], event["data"].get("address")),
                         (ME, "local-made@example.test", "socket", None))
        status, answer = self.local("PATCH", "/users/nobody@example.test", {"name": "N"})
        self.assertEqual((status, answer["error"]), (404, "USER_NOT_FOUND"))
        refused = self.newest("admin.refused")
        self.assertEqual((refused["actor"], refused["data"]["operation"], refused["data"]["via"]), (ME, "changeUser", "socket"))
        status, made = self.local("POST", "/gateways/tokens", {"name": "gw-local"})
        self.assertEqual(status, 201, made)
        self.assertEqual(self.newest("gateway.invited")["actor"], ME)

    def test_a_token_shown_there_is_not_looked_at(self):
        self.assertEqual(self.local("GET", "/users", headers={"Authorization": "Bearer nonsense"})[0], 200)

    def test_what_needs_a_person_is_refused(self):
        for method, path, body in (("POST", "/sessions", {"kind": "private"}), ("POST", "/auth/logout", None),
                                   ("POST", "/auth/password", {"current": "a", "new": "b"})):
            status, answer = self.local(method, path, body)
            self.assertEqual((status, answer["error"]), (403, "DENIED"), path)
        self.assertEqual(self.local("GET", "/auth/whoami")[0], 200)

    def test_over_tls_nobody_is_local(self):
        self.broker.api("GET", "/users").expect(401, "SIGN_IN_NEEDED")

    def test_the_socket_goes_and_comes_with_the_broker(self):
        with Broker() as broker:
            path = pathlib.Path(broker.ready["admin_socket"])
            broker.stop()
            self.assertFalse(path.exists())
            broker.start()
            broker.process.kill()
            broker.process.wait()
            broker.process.stdout.close()
            self.assertTrue(path.exists(), "left behind by a broker that was killed")
            broker.start()
            broker.local("GET", "/users").expect(200)

    def test_networks_do_not_lock_out_whoever_has_the_machine(self):
        with Broker() as broker:
            admin = broker.login()
            broker.api("PATCH", "/policy", {"settings": {"allowed_networks": "203.0.113.0/24"}}, token=admin).expect(200)
            broker.api("GET", "/users", token=admin).expect(403, "NETWORK_NOT_ALLOWED")
            broker.local("PATCH", "/policy", {"settings": {"allowed_networks": None}}).expect(200)
            broker.api("GET", "/users", token=admin).expect(200)

    def rescue(self, *arguments):
        return subprocess.run([RESCUE, "--server", "unix:" + self.broker.ready["admin_socket"], "-o", "json", *arguments],
                              capture_output=True, text=True, timeout=60,
                              env=dict(self.broker.env, HOME=str(self.broker.dir), RESCUE_TOKEN="of another site"))

    def test_the_command_line_goes_through_it_without_sign_in(self):
        done = self.rescue("admin", "user", "add", "cli@example.test", "--name", "C")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.newest("user.created")["actor"], self.newest("user.created")["data"]["via"]), (ME, "socket"))
        listed = self.rescue("admin", "user", "list")
        self.assertIn("cli@example.test", listed.stdout)
        queried = self.rescue("log", "query", "--type", "user.created")
        self.assertIn(ME, queried.stdout)
        login = self.rescue("login", "--email", ADMIN)
        self.assertEqual(login.returncode, 2, login.stderr)
        gone = subprocess.run([RESCUE, "--server", "unix:/nonexistent/admin.sock", "admin", "user", "list"],
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(gone.returncode, 9, gone.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
