# SPDX-License-Identifier: Apache-2.0
"""Provisioning, request ids and answers about policy, against the real program."""
import concurrent.futures
import copy
import hashlib
import json
import sqlite3
import time
import unittest
import uuid

from support import ADMIN, Broker

DESK = {
    "settings": {"password.min_score": 4, "sign_in.lifetime": "10h"},
    "groups": [{"name": "Billing", "permissions": ["remote_control", "desktop_view"], "require_sas": True,
                "allowed_networks": ["127.0.0.0/8"], "inactivity_timeout": 900}],
    "channels": [{"name": "billing", "description": "Invoices", "groups": ["Billing"]}],
    "users": [{"email": "ana@example.test", "name": "Ana", "group": "Billing"},
              {"email": "bo@example.test", "name": "Bo", "group": "Billing", "role": "group_administrator"},
              {"email": "gone@example.test", "name": "Gone", "disabled": True}],
    "service_accounts": [{"email": "robot@example.test", "name": "Robot"}],
}


def outcomes(answer):
    return {f"{r['kind']} {r['name']}": r["outcome"] for r in answer["results"]}


class Provision(unittest.TestCase):
    def setUp(self):
        self.broker = Broker("[rate]\nlogin_per_address = 10000\n").start()
        self.addCleanup(self.broker.__exit__, None, None, None)
        self.admin = self.broker.login()

    def apply(self, document, token=None, key=None, **options):
        headers = {"Idempotency-Key": key} if key else None
        return self.broker.api("POST", "/apply", {"document": document, **options}, token=token or self.admin, headers=headers)

    def test_the_second_run_changes_nothing_and_export_is_what_was_applied(self):
        first = self.apply(DESK).expect(200)
        self.assertTrue(first["applied"])
        self.assertEqual(first["counts"], {"created": 6, "changed": 2, "unchanged": 0, "deleted": 0, "failed": 0})
        again = self.apply(DESK).expect(200)
        self.assertEqual(again["counts"], {"created": 0, "changed": 0, "unchanged": 8, "deleted": 0, "failed": 0}, again)
        exported = self.broker.api("GET", "/export", token=self.admin).expect(200)["document"]
        self.assertEqual({u["email"] for u in exported["users"]},
                         {ADMIN, "ana@example.test", "bo@example.test", "gone@example.test"})
        self.assertEqual(exported["settings"]["password.min_score"], "4")
        round_trip = self.apply(exported, prune=True).expect(200)
        self.assertEqual({r["outcome"] for r in round_trip["results"]}, {"unchanged"}, round_trip)

    def test_an_empty_site_becomes_the_exported_one(self):
        self.apply(DESK).expect(200)
        exported = self.broker.api("GET", "/export", token=self.admin).expect(200)["document"]
        with Broker() as other:
            token = other.login()
            moved = other.api("POST", "/apply", {"document": exported}, token=token).expect(200)
            self.assertEqual(moved["counts"]["failed"], 0, moved)
            copied = other.api("GET", "/export", token=token).expect(200)["document"]
        self.assertEqual(copied, exported)

    def test_a_row_that_cannot_be_read_fails_alone(self):
        document = copy.deepcopy(DESK)
        document["users"] += [{"email": "x@example.test", "name": "X", "role": "king"}, {"name": "no address"}, "no object",
                              {"email": "y@example.test", "name": "Y", "password": "secret"}]
        refused = self.apply(document).expect(200)
        self.assertFalse(refused["applied"])
        failed = [r for r in refused["results"] if r["outcome"] == "failed"]
        self.assertEqual([(r["name"], r["index"], r["error"], r["code"]) for r in failed],
                         [("x@example.test", 3, "INVALID_ARGUMENT", 2), ("users[4]", 4, "INVALID_ARGUMENT", 2),
                          ("users[5]", 5, "INVALID_ARGUMENT", 2), ("y@example.test", 6, "INVALID_ARGUMENT", 2)])
        self.assertIn("'password' is not known here", failed[3]["message"])
        self.broker.api("GET", "/users/ana@example.test", token=self.admin).expect(404)
        kept = self.apply(document, continue_on_error=True).expect(200)
        self.assertTrue(kept["applied"])
        self.assertEqual((kept["counts"]["created"], kept["counts"]["failed"]), (6, 4))
        self.broker.api("GET", "/users/ana@example.test", token=self.admin).expect(200)

    def test_what_is_no_document_is_refused_as_a_whole(self):
        for document in (3, [], {"people": []}, {"users": {}}, {"settings": []}, {"groups": 1}):
            self.apply(document).expect(400, "INVALID_ARGUMENT")
        self.apply({}, colour="red").expect(400, "INVALID_ARGUMENT")
        self.assertEqual(self.apply({}).expect(200)["results"], [])

    def test_changes_say_what_was_and_what_becomes(self):
        self.apply(DESK).expect(200)
        document = {"groups": [{"name": "Billing", "permissions": ["desktop_view"]}],
                    "users": [{"email": "ANA@example.test", "disabled": True}]}
        changed = self.apply(document, dry_run=True).expect(200)
        self.assertEqual([r["changes"] for r in changed["results"]],
                         [[{"field": "permissions", "from": ["remote_control", "desktop_view"], "to": ["desktop_view"]}],
                          [{"field": "disabled", "from": False, "to": True}]])
        self.assertFalse(changed["applied"])
        self.assertFalse(self.broker.api("GET", "/users/ana@example.test", token=self.admin).expect(200)["user"]["disabled"])

    def test_disabling_by_document_ends_the_sign_in(self):
        token = self.broker.add_user(self.admin, "ana@example.test")
        self.broker.api("GET", "/auth/whoami", token=token).expect(200)
        self.apply({"users": [{"email": "ana@example.test", "disabled": True}]}).expect(200)
        self.broker.api("GET", "/auth/whoami", token=token).expect(401)

    def test_invitations_come_once_and_work(self):
        invited = self.apply(DESK, invite=True).expect(200)["invitations"]
        self.assertEqual({i["email"] for i in invited}, {"ana@example.test", "bo@example.test"})
        self.assertRegex(invited[0]["link"], r"^https://[^/]+/invite#rsi_")
        self.assertEqual(self.apply(DESK, invite=True).expect(200)["invitations"], [])

    def test_events_name_each_change(self):
        self.apply(DESK).expect(200)
        events = self.broker.log_events(self.admin)
        types = [e["type"] for e in events]
        for kind in ("policy.changed", "group.created", "channel.created", "channel.assigned", "user.created",
                     "user.disabled", "provision.applied"):
            self.assertIn(kind, types)
        applied = next(e for e in events if e["type"] == "provision.applied")
        self.assertEqual((applied["actor"], applied["data"]["created"], applied["data"]["changed"]), (ADMIN, 6, 2))

    # -- request ids ---------------------------------------------------------------------------------------------------
    def add(self, key, email="eve@example.test", token=None, **more):
        return self.broker.api("POST", "/users", {"email": email, "name": "Eve", "role": "technician", **more},
                               token=token or self.admin, headers={"Idempotency-Key": key})

    def test_a_retry_gets_the_first_answer_and_changes_nothing(self):
        first = self.add("job-1")
        password = first.expect(201)["initial_password"]
        self.assertNotIn("idempotent-replayed", first.headers)
        self.broker.restart()
        again = self.add("job-1")
        self.assertEqual(again.expect(201), first.json)
        self.assertEqual(again.headers["idempotent-replayed"], "true")
        self.add("job-2").expect(409, "CONFLICT")
        created = [e for e in self.broker.log_events(self.admin) if e["type"] == "user.created"
                   and e["data"]["email"] == "eve@example.test"]
        self.assertEqual(len(created), 1)
        stored = b"".join(p.read_bytes() for p in self.broker.state.glob("*.db*"))
        self.assertNotIn(password.encode(), stored, "what is shown once is not kept readable")

    def test_an_id_is_for_one_request(self):
        self.add("job-1").expect(201)
        self.add("job-1", email="other@example.test").expect(409, "REQUEST_ID_REUSED")
        self.broker.api("POST", "/users/eve@example.test/disable", token=self.admin,
                        headers={"Idempotency-Key": "job-1"}).expect(409, "REQUEST_ID_REUSED")
        boss = self.broker.add_user(self.admin, "boss@example.test", "administrator")
        self.add("job-1", email="third@example.test", token=boss).expect(201)

    def test_settings_of_single_sign_on_are_for_who_chooses_the_provider(self):
        self.broker.api("POST", "/users", {"email": "robot@example.test", "name": "R", "role": "service"},
                        token=self.admin).expect(201)
        scopes = {"name": "ci", "scopes": ["provision", "policy.write"], "expires_in": 3600}
        robot = self.broker.api("POST", "/users/robot@example.test/tokens", scopes, token=self.admin).expect(201)["secret"]
        change = {"sso.email_attribute": "nickname"}
        self.broker.api("PATCH", "/policy", {"settings": change}, token=robot).expect(403, "DENIED")
        refused = self.apply({"settings": {**change, "password.history": 4}}, token=robot).expect(200)
        self.assertFalse(refused["applied"])
        self.assertEqual(outcomes(refused)["setting sso.email_attribute"], "failed")
        self.apply({"settings": {"password.history": 4}}, token=robot).expect(200)
        self.broker.api("PATCH", "/policy", {"settings": {"password.history": 5}}, token=robot).expect(200)
        self.broker.api("PATCH", "/policy", {"settings": change}, token=self.admin).expect(200)
        applied = self.broker.log_events(self.admin, type="policy.changed")[0]
        self.assertEqual((applied["data"]["via"], applied["data"]["address"]), ("token:ci", "127.0.0.1"))

    def test_what_failed_may_come_again(self):
        self.broker.api("POST", "/users/later@example.test/disable", token=self.admin,
                        headers={"Idempotency-Key": "job-1"}).expect(404)
        self.broker.add_user(self.admin, "later@example.test")
        self.broker.api("POST", "/users/later@example.test/disable", token=self.admin,
                        headers={"Idempotency-Key": "job-1"}).expect(200)
        bad = {"users": [{"email": "new@example.test"}]}
        self.assertFalse(self.apply(bad, key="job-2").expect(200)["applied"])
        self.assertFalse(self.apply(bad, key="job-2").expect(200)["applied"])

    def test_apply_is_carried_out_once(self):
        first = self.apply(DESK, key="hr-1", invite=True).expect(200)
        again = self.apply(DESK, key="hr-1", invite=True).expect(200)
        self.assertEqual(again, first, "the invitations, too")
        self.assertEqual(self.apply(DESK, key="hr-2").expect(200)["counts"]["unchanged"], 8)

    def test_ids_of_another_form_are_refused(self):
        for key in (" ", "x" * 129, "a b"):
            self.add(key).expect(400, "INVALID_ARGUMENT")

    def digest(self, key):
        with sqlite3.connect(next(self.broker.state.glob("*.db"))) as database:
            return database.execute("SELECT body_hash FROM request_ids WHERE request_id=?", (key,)).fetchone()[0]

    def test_nobody_tries_out_passwords_on_what_is_kept_of_a_request(self):
        body = {"email": "eve@example.test", "name": "Eve", "role": "technician", "password": "three grey owls under a roof"}
        self.broker.api("POST", "/users", body, token=self.admin, headers={"Idempotency-Key": "job-1"}).expect(201)
        known = f"POST\n/api/v1/users\n{json.dumps(body)}".encode()
        self.assertNotEqual(self.digest("job-1"), hashlib.sha256(known).digest(), "a hash that anybody can make")

    def leave_claim(self, status, age, digest):
        """What a broker that died in the middle of add("job-1") leaves in the database."""
        me = self.broker.api("GET", "/auth/whoami", token=self.admin).expect(200)["id"]
        self.broker.stop()
        database = sqlite3.connect(next(self.broker.state.glob("*.db")))
        with database:
            database.execute("DELETE FROM request_ids")
            database.execute("INSERT INTO request_ids VALUES (?,?,?,?,?,?,?)", (uuid.UUID(me).bytes, "job-1", "createUser", digest,
                             status, "token-of-the-dead", int((time.time() - age) * 1_000_000)))
        database.close()
        self.broker.start()

    def test_what_a_dead_broker_left_is_done_once_at_most(self):
        self.add("job-1").expect(201)
        digest = self.digest("job-1")
        self.broker.api("DELETE", "/users/eve@example.test", token=self.admin).expect(200)
        self.leave_claim(status=0, age=5, digest=digest)
        self.add("job-1").expect(503, "UNAVAILABLE")  # it may be another broker that still runs it
        self.leave_claim(status=1, age=120, digest=digest)
        self.assertIn("answer is lost", self.add("job-1").expect(409, "CONFLICT")["message"])
        self.leave_claim(status=0, age=120, digest=digest)
        self.add("job-1").expect(201)
        self.leave_claim(status=0, age=25 * 3600, digest=digest)
        self.add("job-1").expect(409, "CONFLICT")  # forgotten: a new request, and the address is taken

    def test_many_at_once_are_one(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.add("job-1"), range(16)))
        done = [a for a in answers if a.status == 201]
        self.assertTrue(done)
        self.assertEqual(len({a.json["initial_password"] for a in done}), 1)
        for answer in answers:
            if answer.status != 201:
                answer.expect(503, "UNAVAILABLE")
        self.assertEqual(self.add("job-1").expect(201), done[0].json)

    # -- policy --------------------------------------------------------------------------------------------------------
    def test_why(self):
        self.apply(DESK).expect(200)
        self.apply({"channels": [{"name": "sales"}]}).expect(200)
        ask = [{"as": "ana@example.test", "action": "remote_control", "channel": "billing"},
               {"as": "ana@example.test", "action": "remote_control", "channel": "sales"},
               {"as": "ana@example.test", "action": "receive_files"},
               {"as": "gone@example.test", "action": "desktop_view"},
               {"as": "ana@example.test", "action": "group.manage"},
               {"as": "nobody@example.test", "action": "reboot"},
               {"as": "ana@example.test", "action": "fly"}]
        answers = self.broker.api("POST", "/policy/why", {"questions": ask}, token=self.admin).expect(200)["answers"]
        self.assertEqual([(a.get("decision"), a.get("rule", a.get("error"))) for a in answers],
                         [("allow", "group.permissions"), ("deny", "channel.groups"), ("deny", "group.permissions"),
                          ("deny", "account.disabled"), ("deny", "role"), (None, "USER_NOT_FOUND"),
                          (None, "INVALID_ARGUMENT")])
        self.assertIn("group.require_sas", " ".join(answers[0]["conditions"]))
        self.broker.api("POST", "/policy/why", {"questions": []}, token=self.admin).expect(400)


if __name__ == "__main__":
    unittest.main()
