# SPDX-License-Identifier: Apache-2.0
"""Settings of the site, invitations, the pages for browsers (without one), and what guessing strangers can and cannot do."""
import http.client
import json
import re
import sqlite3
import unittest
import urllib.parse

from mfa_test import Authenticator
from support import ADMIN, PASSWORD, TECHNICIAN_PASSWORD, Answer, Broker

SENTENCE = "three grey owls under a tin roof"
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
          "frame-ancestors 'none'")


class Site(unittest.TestCase):
    config = "[rate]\nlogin_per_address = 100000\n"

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(cls.config).start()
        cls.admin = cls.broker.login()
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def call_from(self, address, method, path, body=None, raw=None, headers=None):
        connection = http.client.HTTPSConnection("127.0.0.1", self.broker.port, context=self.broker.tls(), timeout=30,
                                                 source_address=(address, 0))
        try:
            data = json.dumps(body) if body is not None else raw
            connection.request(method, path, data, headers or {})
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, text)
        finally:
            connection.close()

    def sign_in(self, email, password, address="127.0.0.1"):
        return self.call_from(address, "POST", "/api/v1/auth/login", {"email": email, "password": password})

    def form(self, path, fields, address="127.0.0.1"):
        return self.call_from(address, "POST", path, raw=urllib.parse.urlencode(fields),
                              headers={"Content-Type": "application/x-www-form-urlencoded"})

    def new_person(self, password=TECHNICIAN_PASSWORD):
        type(self).count += 1
        email = f"person{self.count}@example.test"
        return email, self.broker.add_user(self.admin, email, password=password)

    def invite_new(self):
        type(self).count += 1
        email = f"invited{self.count}@example.test"
        made = self.broker.api("POST", "/users", {"email": email, "name": "Ida Lovelace", "role": "technician", "invite": True},
                               token=self.admin).expect(201)
        return email, made["invitation"]["link"]

    def set_policy(self, **settings):
        named = {name.replace("__", "."): value for name, value in settings.items()}
        return self.broker.api("PATCH", "/policy", {"settings": named}, token=self.admin)

    def user(self, email):
        return self.broker.api("GET", "/users/" + email, token=self.admin).expect(200)["user"]

    def database(self, query, *values):
        with sqlite3.connect(f"file:{self.broker.state}/rescue.db?mode=ro", uri=True) as database:
            return database.execute(query, values).fetchall()


class Strangers(Site):
    def test_a_stranger_shuts_out_itself_and_nobody_else(self):
        email, _ = self.new_person()
        for _ in range(7):
            self.sign_in(email, "guess", "127.0.0.66").expect(401, "SIGN_IN_NEEDED")
        self.assertFalse(self.user(email)["locked"])
        self.sign_in(email, TECHNICIAN_PASSWORD, "127.0.0.66").expect(401, "SIGN_IN_NEEDED")
        self.sign_in(email, TECHNICIAN_PASSWORD, "127.0.0.1").expect(200)
        self.sign_in(email, TECHNICIAN_PASSWORD, "127.0.0.67").expect(200)
        locked = [e["data"] for e in self.broker.log_events(self.admin, type="auth.locked") if e["actor"] == email]
        self.assertEqual(locked, [{"failures": 5, "address": "127.0.0.66", "scope": "network"}])

    def test_a_crowd_of_strangers_leaves_people_where_they_work(self):
        email, _ = self.new_person()
        for n in range(20):
            self.sign_in(email, "guess", f"127.0.1.{n + 1}").expect(401)
        self.sign_in(email, TECHNICIAN_PASSWORD, "127.0.2.9").expect(401, "SIGN_IN_NEEDED")
        self.sign_in(email, TECHNICIAN_PASSWORD, "127.0.0.1").expect(200)
        self.assertFalse(self.user(email)["locked"])
        self.broker.api("POST", f"/users/{email}/unlock", token=self.admin).expect(200)
        self.sign_in(email, TECHNICIAN_PASSWORD, "127.0.2.9").expect(200)

    def test_the_limit_is_a_setting(self):
        email, _ = self.new_person()
        self.set_policy(password__lock_after=2).expect(200)
        try:
            for _ in range(2):
                self.sign_in(email, "guess").expect(401)
            self.assertTrue(self.user(email)["locked"])
        finally:
            self.set_policy(password__lock_after=None).expect(200)


class OneAddress(Site):
    config = "[rate]\nlogin_per_address = 6\n"

    def test_locks_no_more_accounts_than_its_tries_allow(self):
        people = [f"never{n}@example.test" for n in range(3)]
        for email in people:  # who never signed in has no network of its own
            self.broker.api("POST", "/users", {"email": email, "name": "N", "role": "technician",
                                               "password": TECHNICIAN_PASSWORD}, token=self.admin).expect(201)
        answers = [self.sign_in(email, "guess", "127.0.0.77").status for email in people for _ in range(5)]
        self.assertEqual(answers, [401] * 6 + [429] * 9)
        self.assertEqual([self.user(email)["locked"] for email in people], [True, False, False])
        guess = {"email": people[1], "current": "guess", "new": SENTENCE, "again": SENTENCE}
        self.assertEqual(self.form("/password", guess, "127.0.0.77").status, 429, "forms are no way around it")
        self.sign_in(people[1], TECHNICIAN_PASSWORD, "127.0.0.78").expect(200)


class Settings(Site):
    def test_are_shown_with_what_they_may_be_and_changed_together(self):
        settings = {s["name"]: s for s in self.broker.api("GET", "/policy", token=self.admin).expect(200)["settings"]}
        self.assertEqual(settings["password.min_score"]["value"], "3")
        self.assertEqual(settings["password.min_score"]["bounds"], "a whole number, 0 to 4")
        answer = self.set_policy(password__min_score=4, password__max_age="60d", allowed_networks=["127.0.0.0/8", "::1/128"])
        changed = {s["name"]: s["value"] for s in answer.expect(200)["settings"]}
        self.assertEqual([changed[n] for n in ("password.min_score", "password.max_age", "allowed_networks")],
                         ["4", "60d", "127.0.0.0/8,::1/128"])
        event = self.broker.log_events(self.admin, type="policy.changed")[-1]
        self.assertEqual(event["actor"], ADMIN)
        self.assertEqual(event["data"]["changes"]["password.min_score"], {"old": "3", "new": "4"})
        for bad in ({"password.min_score": 5}, {"password.min_score": {}}, {"nothing": 1}, {"password.min_score": 1.5}, {},
                    {"password.max_age": "1d", "password.min_score": -1}):
            self.broker.api("PATCH", "/policy", {"settings": bad}, token=self.admin).expect(400, "INVALID_ARGUMENT")
        self.assertEqual(self.broker.api("GET", "/policy", token=self.admin).json["settings"],
                         answer.json["settings"])
        self.set_policy(password__min_score=None, password__max_age=None, allowed_networks=None).expect(200)

    def test_strength_counts_for_everybody_who_sets_a_password(self):
        email, token = self.new_person()
        weak = {"current": TECHNICIAN_PASSWORD, "new": "bluedoor19"}
        verdict = self.broker.api("POST", "/auth/strength", {"password": weak["new"]}).expect(200)
        self.assertTrue(0 < verdict["score"] < 4, verdict)
        self.set_policy(password__min_score=4).expect(200)
        self.broker.api("POST", "/auth/password", weak, token=token).expect(400, "PASSWORD_TOO_WEAK")
        self.assertFalse(self.broker.api("POST", "/auth/strength", {"password": weak["new"]}).expect(200)["enough"])
        self.set_policy(password__min_score=0).expect(200)
        self.broker.api("POST", "/auth/password", weak, token=token).expect(200)
        self.set_policy(password__min_score=None).expect(200)

    def test_hashes_follow_the_cost_at_the_next_sign_in(self):
        email, _ = self.new_person()
        self.set_policy(password__argon2_memory="8MiB", password__argon2_passes=3).expect(200)
        try:
            self.sign_in(email, TECHNICIAN_PASSWORD).expect(200)
            (stored,), = self.database("SELECT password_hash FROM users WHERE email=?", email)
            self.assertIn("$m=8192,t=3,", stored)
        finally:
            self.set_policy(password__argon2_memory=None, password__argon2_passes=None).expect(200)
        self.sign_in(email, TECHNICIAN_PASSWORD).expect(200)


class Invitations(Site):
    def test_the_link_works_once_and_is_nowhere_but_in_the_answer(self):
        email, link = self.invite_new()
        self.assertEqual(link.split("#")[0], f"https://127.0.0.1:{self.broker.port}/invite")
        code = link.split("#")[1]
        self.sign_in(email, "").expect(400)
        self.broker.api("POST", "/auth/invitation", {"code": link, "password": SENTENCE}).expect(200)
        self.sign_in(email, SENTENCE).expect(200)
        self.broker.api("POST", "/auth/invitation", {"code": code, "password": SENTENCE}).expect(403, "INVITATION_INVALID")
        events = self.broker.log_events(self.admin, type="user.*")
        self.assertEqual([e["type"] for e in events if e["data"].get("email") == email],
                         ["user.created", "user.invited", "user.invitation_accepted"])
        self.assertNotIn(code, json.dumps(events) + self.broker.log_text())
        for (kept,) in self.database("SELECT hash FROM invitations"):
            self.assertNotEqual(kept, code.encode())

    def test_an_invitation_is_for_what_the_account_was_then(self):
        refused = lambda link: self.broker.api("POST", "/auth/invitation", {"code": link, "password": SENTENCE}).expect(
            403, "INVITATION_INVALID")
        for change in ({"role": "auditor"}, {"email": "other.person@example.test"}):
            email, link = self.invite_new()
            self.broker.api("PATCH", f"/users/{email}", change, token=self.admin).expect(200)
            refused(link)
        email, link = self.invite_new()
        self.broker.api("POST", f"/users/{email}/disable", token=self.admin).expect(200)
        self.broker.api("POST", f"/users/{email}/enable", token=self.admin).expect(200)
        refused(link)
        email, link = self.invite_new()
        self.broker.api("PATCH", f"/users/{email}", {"name": "Ida"}, token=self.admin).expect(200)
        self.broker.api("POST", "/auth/invitation", {"code": link, "password": SENTENCE}).expect(200)

    def test_an_invitation_is_accepted_where_its_account_may_sign_in(self):
        email, link = self.invite_new()
        self.broker.api("PATCH", f"/users/{email}", {"allowed_networks": ["192.0.2.0/24"]}, token=self.admin).expect(200)
        self.broker.api("POST", "/auth/invitation", {"code": link, "password": SENTENCE}).expect(403, "NETWORK_NOT_ALLOWED")
        self.assertEqual(self.form("/invite", {"code": link, "new": SENTENCE, "again": SENTENCE}).status, 403)
        self.broker.api("PATCH", f"/users/{email}", {"allowed_networks": []}, token=self.admin).expect(200)
        self.broker.api("POST", "/auth/invitation", {"code": link, "password": SENTENCE}).expect(200)

    def test_a_worthless_invitation_leaves_an_event_by_either_door(self):
        code = "rsi_" + "B" * 43
        self.broker.api("POST", "/auth/invitation", {"code": code, "password": SENTENCE}).expect(403, "INVITATION_INVALID")
        self.assertEqual(self.form("/invite", {"code": code, "new": SENTENCE, "again": SENTENCE}).status, 403)
        events = [e for e in self.broker.log_events(self.admin, type="admin.refused")
                  if e["data"]["error"] == "INVITATION_INVALID"][-2:]
        self.assertEqual([e["data"]["operation"] for e in events], ["acceptInvitation", "inviteForm"])
        self.assertEqual({(e["actor"], e["data"]["address"]) for e in events}, {("unknown", "127.0.0.1")})
        self.assertNotIn(SENTENCE, json.dumps(events))
        self.assertNotIn(code, json.dumps(events))

    def test_who_is_invited_has_no_password_and_nobody_can_give_one_beside(self):
        self.broker.api("POST", "/users", {"email": "x@example.test", "name": "X", "role": "technician", "invite": True,
                                           "password": SENTENCE}, token=self.admin).expect(400, "INVALID_ARGUMENT")
        robot = {"email": "robot@example.test", "name": "R", "role": "service", "invite": True}
        self.broker.api("POST", "/users", robot, token=self.admin).expect(400, "INVALID_ARGUMENT")
        self.assertEqual(self.database("SELECT count(*) FROM users WHERE email='robot@example.test'"), [(0,)],
                         "made wholly or not at all")

    def test_words_of_the_invited_person_count_against_the_password(self):
        _, link = self.invite_new()
        ask = lambda **more: self.broker.api("POST", "/auth/strength", {"password": "lovelace ida", **more}).expect(200)
        known, unknown = ask(invitation=link), ask(invitation="rsi_" + "A" * 43)
        self.assertLess(known["score"], unknown["score"])
        self.assertIn("It holds a part of your name or address.", known["advice"])
        self.broker.api("POST", "/auth/invitation", {"code": link, "password": "lovelace ida"}).expect(400, "PASSWORD_TOO_WEAK")
        self.broker.api("POST", "/auth/invitation", {"code": link, "password": SENTENCE}).expect(200)


class Pages(Site):
    def test_have_a_strict_policy_and_nothing_inline(self):
        for path in ("/invite", "/password"):
            page = self.broker.call("GET", path)
            page.expect(200)
            self.assertEqual(page.headers["content-security-policy"], POLICY)
            self.assertEqual(page.headers["referrer-policy"], "no-referrer")
            self.assertEqual(page.headers["cache-control"], "no-store")
            self.assertEqual(page.headers["x-content-type-options"], "nosniff")
            self.assertEqual(re.findall(r"<script[^>]*>", page.body), ['<script src="/assets/password.js" defer>'])
            self.assertIsNone(re.search(r"<style|style=|\son[a-z]+=|javascript:|https?://", page.body))
            self.assertIn(f'<form method="post" action="{path}">', page.body)
        for path, kind in (("/assets/site.css", "text/css"), ("/assets/password.js", "text/javascript")):
            asset = self.broker.call("GET", path)
            asset.expect(200)
            self.assertTrue(asset.headers["content-type"].startswith(kind))

    def test_an_invitation_is_accepted_by_the_form_alone(self):
        email, link = self.invite_new()
        two_ways = self.form("/invite", {"code": link, "new": SENTENCE, "again": SENTENCE + "x"})
        self.assertEqual(two_ways.status, 400)
        self.assertIn("two different ways", two_ways.body)
        weak = self.form("/invite", {"code": link, "new": "password", "again": "password"})
        self.assertEqual(weak.status, 400)
        self.assertIn("stronger", weak.body)
        self.assertIn(f'value="{link}"', weak.body, "nobody pastes it twice")
        self.assertNotIn('"password" value', weak.body)
        done = self.form("/invite", {"code": link, "new": SENTENCE, "again": SENTENCE})
        self.assertEqual(done.status, 200, done.body)
        self.assertIn(f"--email {email}", done.body)
        self.sign_in(email, SENTENCE).expect(200)
        again = self.form("/invite", {"code": link, "new": SENTENCE, "again": SENTENCE})
        self.assertEqual(again.status, 403)

    def test_a_password_is_changed_by_the_form_and_nobody_stays_signed_in(self):
        email, token = self.new_person()
        fields = {"email": email, "current": TECHNICIAN_PASSWORD, "new": SENTENCE, "again": SENTENCE}
        wrong = self.form("/password", dict(fields, current="wrong"))
        self.assertEqual(wrong.status, 401)
        self.assertIn('role="alert"', wrong.body)
        unknown = self.form("/password", dict(fields, email="nobody@example.test"))
        strip = lambda page: re.sub(r'value="[^"]*"', "", page.body)
        self.assertEqual((unknown.status, strip(unknown)), (401, strip(wrong)), "who guesses addresses learns nothing")
        self.assertEqual(self.form("/password", fields).status, 200)
        self.broker.api("GET", "/auth/whoami", token=token).expect(401)
        live = "SELECT count(*) FROM tokens t JOIN users u ON u.id = t.user_id WHERE u.email=? AND t.revoked_at IS NULL"
        self.assertEqual(self.database(live, email), [(0,)])
        self.sign_in(email, SENTENCE).expect(200)

    def test_the_form_asks_for_the_second_factor_of_who_has_one(self):
        email, token = self.new_person()
        made = self.broker.api("POST", "/auth/mfa/enroll", token=token).expect(200)
        codes = Authenticator(made["secret"])
        self.broker.api("POST", "/auth/mfa/confirm", {"code": codes.code()}, token=token).expect(200)
        self.assertNotIn('name="otp"', self.broker.call("GET", "/password").body)
        fields = {"email": email, "current": TECHNICIAN_PASSWORD, "new": SENTENCE, "again": SENTENCE}
        asked = self.form("/password", fields)
        self.assertEqual(asked.status, 403)
        self.assertIn('name="otp"', asked.body)
        self.assertEqual(self.form("/password", dict(fields, otp="000000")).status, 401)
        self.sign_in(email, SENTENCE).expect(401, "SIGN_IN_NEEDED")
        self.assertEqual(self.form("/password", dict(fields, otp=codes.code())).status, 200)
        self.sign_in(email, SENTENCE).expect(403, "CODE_NEEDED")

    def test_hostile_forms_are_shown_as_text_and_refused(self):
        hostile = '"><script>alert(1)</script>\'&'
        page = self.form("/invite", {"code": hostile, "new": SENTENCE, "again": SENTENCE})
        self.assertEqual(page.status, 403)
        self.assertNotIn("<script>alert", page.body)
        self.assertIn("&quot;&gt;&lt;script&gt;", page.body)
        page = self.form("/password", {"email": hostile, "current": "x", "new": SENTENCE, "again": SENTENCE})
        self.assertNotIn("<script>alert", page.body)
        for raw in ("code=a&code=b", "code=%ff", "code=%00", "code=%zz", "nothing=1", "code=" + "a" * 401, "new=" + "a" * 1025,
                    "%", "#", "a b\r\nc"):
            answer = self.call_from("127.0.0.1", "POST", "/invite", raw=raw)
            self.assertEqual(answer.status, 400, (raw, answer.body))
        self.assertEqual(self.call_from("127.0.0.1", "POST", "/invite", raw="code=" + "a" * 12300).status, 413)

    def test_guesses_by_the_form_count_as_those_of_programs(self):
        email, _ = self.new_person()
        for _ in range(5):
            self.form("/password", {"email": email, "current": "guess", "new": SENTENCE, "again": SENTENCE}, "127.0.0.1")
        self.assertTrue(self.user(email)["locked"])


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
