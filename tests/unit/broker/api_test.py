# SPDX-License-Identifier: Apache-2.0
"""Sign-in, users, PINs, keys, pickups, the log and restarts, against a real broker."""
import concurrent.futures
import json
import os
import pwd
import signal
import subprocess
import time
import unittest
import uuid

from support import (ADMIN, BROKER, PASSWORD, Broker, EventStream, Failed, Identity, WebSocket, b64, unb64, wait_for)


class SignIn(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("[rate]\nlogin_per_address = 1000\n").start()
        cls.admin = cls.broker.login()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def test_a_wrong_password_and_an_unknown_account_look_the_same(self):
        wrong = self.broker.api("POST", "/auth/login", {"email": ADMIN, "password": "no"})
        unknown = self.broker.api("POST", "/auth/login", {"email": "nobody@example.test", "password": "no"})
        self.assertEqual(wrong.status, 401)
        for key in ("error", "message", "retryable"):
            self.assertEqual(wrong.json[key], unknown.json[key])
        self.broker.login()  # clears the count of failures

    def test_five_wrong_passwords_lock_and_an_administrator_unlocks(self):
        self.broker.add_user(self.admin, "lock@example.test", password="the right one is long enough 5")
        for _ in range(5):
            self.broker.api("POST", "/auth/login", {"email": "lock@example.test", "password": "no"}).expect(401)
        right = {"email": "lock@example.test", "password": "the right one is long enough 5"}
        self.broker.api("POST", "/auth/login", right).expect(401)
        user = self.broker.api("GET", "/users/lock@example.test", token=self.admin).expect(200)["user"]
        self.assertTrue(user["locked"])
        self.broker.api("POST", "/users/lock@example.test/unlock", token=self.admin).expect(200)
        self.broker.login(**right)
        types = [e["type"] for e in self.broker.log_events(self.admin, type="auth.*,user.unlocked")]
        self.assertIn("auth.locked", types)
        self.assertIn("user.unlocked", types)

    def test_an_initial_password_has_to_be_changed_first(self):
        made = self.broker.api("POST", "/users", {"email": "new@example.test", "name": "New", "role": "technician"},
                               token=self.admin).expect(201)
        first = self.broker.api("POST", "/auth/login",
                                {"email": "new@example.test", "password": made["initial_password"]}).expect(200)
        self.assertTrue(first["must_change_password"])
        token = first["token"]
        self.broker.api("POST", "/sessions", {"kind": "private"}, token=token).expect(403, "PASSWORD_CHANGE_REQUIRED")
        self.broker.api("POST", "/auth/password", {"current": made["initial_password"], "new": "password"},
                        token=token).expect(400, "PASSWORD_TOO_WEAK")
        self.broker.api("POST", "/auth/password", {"current": made["initial_password"], "new": "my own long sentence 77"},
                        token=token).expect(200)
        self.broker.new_session(token)

    def test_signing_out_and_disabling_end_a_token_at_once(self):
        token = self.broker.add_user(self.admin, "out@example.test")
        self.broker.api("GET", "/auth/whoami", token=token).expect(200)
        self.broker.api("POST", "/auth/logout", token=token).expect(200)
        self.broker.api("GET", "/auth/whoami", token=token).expect(401, "SIGN_IN_NEEDED")
        again = self.broker.login("out@example.test", "a plain but rather long sentence 4")
        self.broker.api("POST", "/users/out@example.test/disable", token=self.admin).expect(200)
        self.broker.api("GET", "/auth/whoami", token=again).expect(401, "SIGN_IN_NEEDED")
        self.broker.api("POST", "/auth/login", {"email": "out@example.test", "password": "a plain but rather long sentence 4"}
                        ).expect(403, "ACCOUNT_DISABLED")

    def test_the_last_administrator_stays(self):
        self.broker.api("POST", f"/users/{ADMIN}/disable", token=self.admin).expect(409, "CONFLICT")
        self.broker.api("DELETE", f"/users/{ADMIN}", token=self.admin).expect(409, "CONFLICT")

    def test_lists_page_without_loss_or_repetition(self):
        for n in range(5):
            self.broker.api("POST", "/users", {"email": f"page{n}@example.test", "name": "P", "role": "auditor"},
                            token=self.admin).expect(201)
        seen, cursor = [], ""
        while True:
            page = self.broker.api("GET", "/users?limit=2" + (f"&cursor={cursor}" if cursor else ""), token=self.admin).expect(200)
            seen += [u["email"] for u in page["users"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        everybody = [u["email"] for u in self.broker.api("GET", "/users?limit=500", token=self.admin).expect(200)["users"]]
        self.assertEqual(seen, everybody)
        self.broker.api("GET", "/log?cursor=nonsense", token=self.admin).expect(400, "INVALID_ARGUMENT")

    def test_bad_requests_are_told_apart(self):
        call = self.broker.call
        too_large = call("POST", "/api/v1/auth/login", raw=b"x" * 100_000)
        too_large.expect(413, "TOO_LARGE")
        call("POST", "/api/v1/auth/login", raw=b"{not json").expect(400, "INVALID_ARGUMENT")
        call("POST", "/api/v1/auth/login", raw=b"\x00\xff\xfe").expect(400, "INVALID_ARGUMENT")
        self.assertIn("'email'", call("POST", "/api/v1/auth/login", {"password": "x"}).json["message"])
        call("GET", "/api/v1/nothing").expect(404, "NOT_FOUND")
        call("PUT", "/api/v1/users", {}).expect(405)
        call("GET", "/api/v1/users", token="rsc_forged").expect(401, "SIGN_IN_NEEDED")
        bad_query = self.broker.api("GET", "/users?limitt=2", token=self.admin).expect(400, "INVALID_ARGUMENT")
        self.assertIn("limitt", bad_query["message"])

    def test_answers_carry_the_request_id_that_the_log_has(self):
        answer = self.broker.api("GET", "/sessions/" + str(uuid.uuid4()), token=self.admin)
        answer.expect(404, "SESSION_NOT_FOUND")
        self.assertEqual(answer.headers["x-request-id"], answer.json["request_id"])
        wait_for(lambda: answer.json["request_id"] in self.broker.log_text(), "the log line of the request")

    def test_a_request_cannot_write_to_the_terminal_of_who_reads_the_log(self):
        mark = uuid.uuid4().hex
        self.broker.call("GET", f"/{mark}%1b%5b2J%c2%9b31m%e2%80%ae%0d%0a" + "x" * 8000).expect(404)
        line = wait_for(lambda: [l for l in self.broker.log_text().splitlines() if mark in l], "the log line")[0]
        self.assertFalse([c for c in line if ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 or ord(c) == 0x202e])
        self.assertEqual(json.loads(line)["status"], 404)
        self.assertLess(len(line), 1000)

    def test_curl_can_use_it(self):
        done = subprocess.run(["curl", "-sS", "--fail-with-body", "--cacert", self.broker.state / "ca.pem", "-H",
                               "Authorization: Bearer " + self.admin, f"https://127.0.0.1:{self.broker.port}/api/v1/auth/whoami"],
                              capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["email"], ADMIN)


class Guessing(unittest.TestCase):
    def test_an_address_that_guesses_has_to_wait(self):
        with Broker("[rate]\npin_per_address = 3\nlogin_per_address = 3\nrefill = \"1h\"\n") as broker:
            token = broker.login()
            pin = broker.new_session(token)["pin"]
            wrong = "000000" if pin != "000000" else "000001"
            for _ in range(3):
                broker.api("POST", "/pin", {"pin": wrong}).expect(404, "PIN_UNKNOWN")
            limited = broker.api("POST", "/pin", {"pin": pin})
            limited.expect(429, "RATE_LIMITED")
            self.assertTrue(limited.json["retryable"])
            self.assertGreaterEqual(int(limited.headers["retry-after"]), 1)
            for _ in range(3):
                broker.api("POST", "/auth/login", {"email": ADMIN, "password": "no"}).expect(401)
            broker.api("POST", "/auth/login", {"email": ADMIN, "password": PASSWORD}).expect(429, "RATE_LIMITED")
            self.assertIn("rescue_broker_pins_limited_total 1", broker.call("GET", "/metrics").body)

    def test_one_right_pin_buys_no_wrong_ones(self):
        with Broker("[rate]\npin_per_address = 3\nrefill = \"1h\"\n") as broker:
            pin = broker.new_session(broker.login())["pin"]
            redeem = lambda n: broker.api("POST", "/pin", {"pin": f"{(int(pin) + n) % 10 ** len(pin):0{len(pin)}}"}).status
            for _ in range(10):
                self.assertEqual(redeem(0), 200, "right ones cost nothing")
            wrong = 0
            for n in range(1, 20):
                wrong += redeem(n) == 404
                redeem(0)
            self.assertEqual(wrong, 3)


class Sessions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("[session]\nsweep_interval = \"100ms\"\nrestart_grace = \"0s\"\n").start()
        cls.admin = cls.broker.login()
        cls.applet = [Identity(cls.broker.dir, f"applet{n}") for n in range(8)]
        cls.console = Identity(cls.broker.dir, "console")
        cls.used = 0

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def fresh_applet(self):
        type(self).used += 1
        return self.applet[self.used - 1]

    def waiting_session(self):
        made = self.broker.new_session(self.admin)
        applet = self.fresh_applet()
        self.broker.register(made["pin"], applet).expect(200)
        return made["session"]["id"], made["pin"], applet

    def pickup(self, session, console=None, token=None, **more):
        return self.broker.api("POST", f"/sessions/{session}/pickup",
                               {"console_key": (console or self.console).public, **more}, token=token or self.admin)

    def test_a_pin_is_spent_by_registration(self):
        made = self.broker.new_session(self.admin, note="printer", customer={"name": "Eve"})
        self.assertEqual(made["session"]["state"], "created")
        self.assertTrue(made["link"].endswith("/#" + made["pin"]))
        guid = self.broker.guid_of(made["pin"])
        self.assertEqual(guid, self.broker.guid_of(made["pin"]), "until an applet registers the file can be fetched again")
        applet = self.fresh_applet()
        self.broker.register(made["pin"], applet, guid).expect(200)
        self.broker.api("POST", "/pin", {"pin": made["pin"]}).expect(409, "PIN_SPENT")
        session = self.broker.api("GET", "/sessions/" + made["session"]["id"], token=self.admin).expect(200)["session"]
        self.assertEqual(session["state"], "waiting")
        self.assertEqual(session["applet"]["host"]["name"], "pc-1")
        self.assertIsNone(session["pin_expires_at"])
        self.assertNotIn(guid, self.broker.log_text())

    def test_the_first_key_binds_and_another_is_refused_and_logged(self):
        made = self.broker.new_session(self.admin)
        guid = self.broker.guid_of(made["pin"])
        applet, thief = self.fresh_applet(), self.fresh_applet()
        first = self.broker.register(made["pin"], applet, guid).expect(200)
        again = self.broker.register(made["pin"], applet, guid).expect(200)
        self.assertEqual(first["session_id"], again["session_id"])
        self.broker.register(made["pin"], thief, guid).expect(409, "KEY_ALREADY_BOUND")
        refused = self.broker.log_events(self.admin, session=made["session"]["id"], type="session.key_refused")
        self.assertEqual(len(refused), 1)
        self.assertEqual(self.broker.api("POST", "/applet/ticket", identity=thief).status, 401)

    def test_a_guid_that_nobody_was_given_is_unknown(self):
        self.broker.register("", self.applet[0], str(uuid.uuid4())).expect(404, "SESSION_NOT_FOUND")
        self.broker.api("POST", "/applet/register", {"guid": str(uuid.uuid4()), "host": {}}).expect(401, "SIGN_IN_NEEDED")

    def test_one_of_a_hundred_pickups_wins(self):
        session, _, _ = self.waiting_session()
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(lambda _: self.pickup(session), range(100)))
        statuses = sorted(a.status for a in answers)
        self.assertEqual(statuses, [200] + [409] * 99, [a.body[:200] for a in answers if a.status not in (200, 409)][:3])
        self.assertEqual({a.error for a in answers if a.status == 409}, {"ALREADY_PICKED_UP"})
        self.assertEqual(len(self.broker.log_events(self.admin, session=session, type="session.picked_up")), 1)

    def test_a_pickup_gives_what_both_ends_need(self):
        session, _, applet = self.waiting_session()
        bad = self.broker.api("POST", f"/sessions/{session}/pickup", {"console_key": "AAAA"}, token=self.admin)
        bad.expect(400, "INVALID_ARGUMENT")
        picked = self.pickup(session).expect(200)
        self.assertEqual(picked["session"]["state"], "active")
        self.assertEqual(picked["session"]["technician"]["email"], ADMIN)
        self.assertEqual(unb64(picked["grant"])[:4], b"RSG1")
        self.assertEqual(len(picked["applet_fingerprint"]), 64)
        renewed = self.broker.api("POST", f"/sessions/{session}/ticket", {"console_key": self.console.public},
                                  token=self.admin).expect(200)
        self.assertEqual(unb64(renewed["ticket"])[:4], b"RSG1")
        self.broker.api("POST", "/applet/ticket", identity=applet).expect(200)
        self.pickup(session, profile="aes256-sha", join=True).expect(403, "DENIED")
        old_kind = subprocess.run("openssl genrsa 2048 | openssl pkey -pubout -outform DER", shell=True, check=True,
                                  capture_output=True).stdout
        self.broker.api("POST", f"/sessions/{session}/ticket", {"console_key": b64(old_kind)},
                        token=self.admin).expect(400, "INVALID_ARGUMENT")

    def test_log_intake_stores_each_event_once(self):
        session, _, _ = self.waiting_session()
        self.pickup(session).expect(200)
        def events(*seqs):
            return {"events": [{"seq": n, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "actor": ADMIN,
                                "data": {"from": "console", "text": f"message {n}"}} for n in seqs]}
        send = lambda body: self.broker.api("POST", f"/sessions/{session}/log", body, token=self.admin)
        self.assertEqual(send(events(1, 2)).expect(200)["accepted_through"], 2)
        self.assertEqual(send(events(1, 2, 3)).expect(200)["accepted_through"], 3)
        self.assertEqual(send(events(3)).expect(200)["accepted_through"], 3)
        stored = self.broker.log_events(self.admin, session=session, type="chat.message")
        self.assertEqual([e["data"]["text"] for e in stored], ["message 1", "message 2", "message 3"])
        self.assertEqual(len(self.broker.log_events(self.admin, session=session, text="\"message 2\"")), 1)
        later = self.broker.log_events(self.admin, session=session, type="chat.*", after=stored[0]["id"])
        self.assertEqual([e["id"] for e in later], [e["id"] for e in stored[1:]])
        newest_first = self.broker.log_events(self.admin, session=session, type="chat.*", order="desc")
        self.assertEqual(newest_first, stored[::-1])
        broker_only = events(4)
        broker_only["events"][0]["type"] = "session.closed"
        send(broker_only).expect(400, "INVALID_ARGUMENT")

    def test_a_session_ends_once_and_tells_why(self):
        made = self.broker.new_session(self.admin)
        path = "/sessions/" + made["session"]["id"]
        ended = self.broker.api("POST", path + "/close", {"reason": "solved"}, token=self.admin).expect(200)["session"]
        self.assertEqual((ended["state"], ended["ended_by"], ended["end_reason"]), ("closed", "administrator", "solved"))
        self.broker.api("POST", path + "/close", {}, token=self.admin).expect(409, "CONFLICT")
        answer = self.broker.api("POST", "/pin", {"pin": made["pin"]})
        self.assertIn(answer.status, (404, 409, 410))


    def test_an_applet_writes_its_own_session_s_log_and_a_key_of_nobody_none(self):
        made = self.broker.new_session(self.admin)
        event = {"seq": 1, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": "from a stranger"}}
        stranger = Identity(self.broker.dir, "log-stranger")
        self.broker.api("POST", "/applet/log", {"events": [event]}, identity=stranger).expect(401, "SIGN_IN_NEEDED")
        applet = Identity(self.broker.dir, "log-applet")
        self.broker.register(made["pin"], applet).expect(200)
        self.broker.api("POST", "/applet/log", {"events": [event]}, identity=applet).expect(200)
        written = [e for e in self.broker.log_events(self.admin, source="applet") if e["data"].get("text") == "from a stranger"]
        self.assertEqual([e["session"] for e in written], [made["session"]["id"]])


class Expiry(unittest.TestCase):
    def test_a_log_that_comes_too_late_is_refused(self):
        with Broker("[session]\nlate_log = \"1s\"\n") as broker:
            token = broker.login()
            made = broker.new_session(token)
            applet, path = Identity(broker.dir, "applet"), "/sessions/" + made["session"]["id"]
            broker.register(made["pin"], applet).expect(200)
            body = {"console_key": Identity(broker.dir, "console").public}
            broker.api("POST", path + "/pickup", body, token=token).expect(200)
            broker.api("POST", path + "/close", {}, token=token).expect(200)
            def events(seq):
                return {"events": [{"seq": seq, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": "x"}}]}
            seqs = iter(range(1, 10_000))
            refused = wait_for(lambda: (a := broker.api("POST", path + "/log", events(next(seqs)), token=token)).status != 200 and a,
                               "the end of the delay")
            refused.expect(409, "CONFLICT")
            broker.api("POST", "/applet/log", events(1), identity=applet).expect(409, "CONFLICT")

    def test_a_pin_that_nobody_used_expires_and_ends_its_session(self):
        with Broker("[pin]\nlifetime = \"1s\"\n[session]\nsweep_interval = \"50ms\"\nrestart_grace = \"0s\"\n") as broker:
            token = broker.login()
            made = broker.new_session(token)
            path = "/sessions/" + made["session"]["id"]
            wait_for(lambda: broker.api("GET", path, token=token).expect(200)["session"]["state"] == "timed_out",
                     "the session to time out")
            self.assertIn(broker.api("POST", "/pin", {"pin": made["pin"]}).status, (404, 410))
            ended = broker.log_events(token, session=made["session"]["id"], type="session.timed_out")
            self.assertEqual(len(ended), 1)

    def test_an_expired_pin_is_told_as_such(self):
        with Broker("[pin]\nlifetime = \"1s\"\n") as broker:  # the first sweep comes after two minutes
            made = broker.new_session(broker.login())
            answer = wait_for(lambda: (a := broker.api("POST", "/pin", {"pin": made["pin"]})).status != 200 and a,
                              "the PIN to expire")
            answer.expect(410, "PIN_EXPIRED")


class Restart(unittest.TestCase):
    def test_a_restart_in_the_middle_keeps_everything(self):
        with Broker() as broker:
            token = broker.login()
            made = broker.new_session(token, note="before")
            session = made["session"]["id"]
            applet, console = Identity(broker.dir, "applet"), Identity(broker.dir, "console")
            guid = broker.guid_of(made["pin"])
            broker.restart(signal.SIGKILL)
            self.assertEqual(guid, broker.guid_of(made["pin"]), "the PIN still leads to the same session")
            broker.register(made["pin"], applet, guid).expect(200)
            broker.api("POST", f"/sessions/{session}/pickup", {"console_key": console.public}, token=token).expect(200)
            events = {"events": [{"seq": 1, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": "hi"}}]}
            broker.api("POST", f"/sessions/{session}/log", events, token=token).expect(200)
            pin = broker.ready["ca_pin"]
            broker.restart(signal.SIGKILL)
            self.assertEqual(pin, broker.ready["ca_pin"])
            stream = EventStream(broker, applet)
            kind, data, _ = stream.event()
            self.assertEqual(kind, "grant", "the grant is told again")
            self.assertEqual(unb64(data["grant"])[:4], b"RSG1")
            self.assertEqual(broker.api("POST", f"/sessions/{session}/log", events, token=token).expect(200)["accepted_through"], 1)
            kept = broker.log_events(token, session=session)
            self.assertEqual([e["type"] for e in kept if e["source"] == "console"], ["chat.message"])
            state = broker.api("GET", "/sessions/" + session, token=token).expect(200)["session"]
            self.assertEqual((state["state"], state["note"]), ("active", "before"))
            self.assertTrue(state["applet"]["online"])
            stream.close()

    def test_sigterm_ends_in_order_with_streams_open(self):
        broker = Broker().start()
        try:
            token = broker.login()
            made = broker.new_session(token)
            applet = Identity(broker.dir, "applet")
            broker.register(made["pin"], applet).expect(200)
            stream, socket = EventStream(broker, applet), WebSocket(broker, "/api/v1/events", token)
            stream.until("synced")
            began = time.monotonic()
            self.assertEqual(broker.stop(), 0)
            self.assertLess(time.monotonic() - began, 9)
            self.assertIsNone(stream.event())
            while (message := socket.message())[0] != "close":
                pass
            self.assertEqual(message[1], 1001)
            stream.close()
            socket.close()
        finally:
            broker.__exit__(None, None, None)

    def test_sighup_keeps_serving(self):
        with Broker() as broker:
            token = broker.login()
            broker.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "certificate reloaded" in broker.log_text(), "the certificate to be reloaded")
            broker.api("GET", "/auth/whoami", token=token).expect(200)


class Init(unittest.TestCase):
    def test_init_prints_pin_and_url_and_refuses_a_second_administrator(self):
        broker = Broker(init=False)
        try:
            done = broker.init()
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(len(json.loads(done.stdout)["ca_pin"]), 64)
            again = broker.init("other@example.test")
            self.assertEqual(again.returncode, 7, again.stderr)
            self.assertEqual(json.loads(again.stderr.splitlines()[-1])["error"], "CONFLICT")
        finally:
            broker.__exit__(None, None, None)

    def test_a_weak_password_is_refused(self):
        broker = Broker(init=False)
        try:
            done = broker.init(password="password1")
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(b"PASSWORD_TOO_WEAK", done.stderr)
        finally:
            broker.__exit__(None, None, None)

    def test_run_without_anything_says_how_to_begin_and_init_works_beside_it(self):
        with Broker(init=False) as broker:
            wait_for(lambda: "rescue-broker init" in broker.log_text(), "the hint")
            self.assertEqual(broker.init().returncode, 0)
            broker.login()

    def test_a_locked_out_administrator_is_let_in_again_from_the_machine(self):
        with Broker() as broker:
            for _ in range(5):
                broker.api("POST", "/auth/login", {"email": ADMIN, "password": "no"}).expect(401)
            broker.api("POST", "/auth/login", {"email": ADMIN, "password": PASSWORD}).expect(401)
            unlock = lambda email: subprocess.run([BROKER, "unlock", "--state", broker.state, "--email", email, "-o", "json"],
                                                  capture_output=True, env=broker.env, timeout=60)
            done = unlock(ADMIN)
            self.assertEqual((done.returncode, json.loads(done.stdout)), (0, {"email": ADMIN, "locked": False}), done.stderr)
            token = broker.login()
            event = broker.log_events(token, type="user.unlocked")[0]
            self.assertEqual((event["actor"], event["data"]["email"], event["data"]["via"]),
                             ("local:" + pwd.getpwuid(os.getuid()).pw_name, ADMIN, "program"))
            self.assertEqual(unlock("nobody@example.test").returncode, 6)

    def test_two_brokers_do_not_share_a_folder(self):
        with Broker() as broker:
            second = subprocess.run([BROKER, "run", "--state", broker.state, "--listen", "127.0.0.1:0", "-o", "json"],
                                    capture_output=True, timeout=60)
            self.assertEqual(second.returncode, 7, second.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
