# SPDX-License-Identifier: Apache-2.0
"""Queues as a support desk uses them, against a real broker: visitors of channels, exclusive pickup, hold, transfer, technicians
beside each other, presence and limits, what the applet and the colleagues are told, and why a session is as it is."""
import concurrent.futures
import json
import unittest

from support import Broker, EventStream, Identity, WebSocket, flatc_json, guid_in_invite, unb64, wait_for

ANA, BEN, CAT = "ana@example.test", "ben@example.test", "cat@example.test"


class Base(unittest.TestCase):
    CONFIG = "[rate]\nlogin_per_address = 1000\nvisits_per_address = 1000\n[session]\nsweep_interval = \"1s\"\nrestart_grace = \"0s\"\n"

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(cls.CONFIG).start()
        cls.admin = cls.broker.login()
        api = lambda method, path, body: cls.broker.api(method, path, body, token=cls.admin)
        for group, permissions in (("desk", ["desktop_view", "remote_control", "private_sessions"]),
                                   ("field", ["desktop_view", "reboot", "private_sessions"])):
            api("POST", "/groups", {"name": group, "permissions": permissions}).expect(201)
        for channel, groups in (("billing", ["desk"]), ("print", ["field"])):
            api("POST", "/channels", {"name": channel}).expect(201)
            for group in groups:
                api("POST", f"/channels/{channel}/assign", {"group": group}).expect(200)
        cls.ana, cls.ben = (cls.broker.add_user(cls.admin, email, group="desk") for email in (ANA, BEN))
        cls.cat = cls.broker.add_user(cls.admin, CAT, group="field")
        cls.names = iter(range(10000))

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def identity(self):
        return Identity(self.broker.dir, f"{type(self).__name__}{next(self.names)}")

    def visitor(self, channel="billing", **more):
        """A session that waits in the channel, and its applet."""
        invite = self.broker.api("POST", "/channel-sessions", {"channel": channel, **more}).expect(201)["invite"]
        applet = self.identity()
        done = self.broker.api("POST", "/applet/register", {"guid": guid_in_invite(unb64(invite)), "host": {"name": "pc"}},
                               identity=applet).expect(200)
        return done["session_id"], applet

    def do(self, token, session, step, **body):
        return self.broker.api("POST", f"/sessions/{session}/{step}", body, token=token)

    def pickup(self, token, session, **more):
        return self.do(token, session, "pickup", console_key=self.identity().public, **more)

    def get(self, token, session):
        return self.broker.api("GET", f"/sessions/{session}", token=token).expect(200)["session"]

    def ids(self, token, queue):
        rows = self.broker.api("GET", f"/sessions?queue={queue}&limit=500", token=token).expect(200)["sessions"]
        return [s["id"] for s in rows]


class Channels(Base):
    def test_a_visitor_is_seen_and_picked_up_by_the_channels_people_alone(self):
        watch, other = (WebSocket(self.broker, "/api/v1/events?topics=sessions", token) for token in (self.ben, self.cat))
        for each in (watch, other):
            each.event(lambda m: m["type"] == "ready")
        session, _ = self.visitor(name="Eve", problem="no paper")
        seen = watch.event(lambda m: m["type"] == "session" and m["session"]["state"] == "waiting")["session"]
        self.assertEqual((seen["id"], seen["kind"], seen["channel"]["name"], seen["note"], seen["customer"]),
                         (session, "channel", "billing", "no paper", {"name": "Eve"}))
        self.assertEqual(seen["created_by"]["name"], "visitor")
        self.assertIn(session, self.ids(self.ana, "channel:billing"))
        self.assertIn(session, self.ids(self.ana, "all"))
        self.assertNotIn(session, self.ids(self.ana, "private"))
        self.assertNotIn(session, self.ids(self.cat, "all"))
        self.broker.api("GET", f"/sessions/{session}", token=self.cat).expect(403, "DENIED")
        self.pickup(self.cat, session).expect(403, "DENIED")
        self.pickup(self.ana, session).expect(200)
        taken = watch.event(lambda m: m["type"] == "session" and m["session"]["state"] == "active")["session"]
        self.assertEqual((taken["technician"]["email"], [t["email"] for t in taken["technicians"]]), (ANA, [ANA]))
        self.pickup(self.ben, session).expect(409, "ALREADY_PICKED_UP")
        self.do(self.ben, session, "close").expect(403, "DENIED")
        mark = self.broker.new_session(self.cat)["session"]["id"]
        heard = []
        other.event(lambda m: heard.append(m) or m["type"] == "session" and m["session"]["id"] == mark)
        self.assertNotIn(session, json.dumps(heard))
        for each in (watch, other):
            each.close()

    def test_a_technician_puts_a_session_into_the_channel_and_a_colleague_takes_it(self):
        made = self.broker.api("POST", "/sessions", {"kind": "channel", "channel": "billing"}, token=self.ana).expect(201)
        self.broker.register(made["pin"], self.identity()).expect(200)
        self.pickup(self.ben, made["session"]["id"]).expect(200)
        self.broker.api("POST", "/sessions", {"kind": "channel", "channel": "print"}, token=self.ana).expect(403, "DENIED")
        self.broker.api("POST", "/sessions", {"kind": "channel"}, token=self.ana).expect(400, "INVALID_ARGUMENT")

    def test_whoever_asks_too_often_has_to_wait(self):
        with Broker("[rate]\nvisits_per_address = 3\nrefill = \"1h\"\n") as broker:
            for _ in range(3):
                broker.api("POST", "/channel-sessions", {"channel": "nowhere"}).expect(404, "CHANNEL_NOT_FOUND")
            broker.api("POST", "/channel-sessions", {"channel": "nowhere"}).expect(429, "RATE_LIMITED")


class Exclusive(Base):
    def crowd(self, count):
        """Tokens of as many accounts that may pick anything up."""
        out = []
        for n in range(count):
            email = f"robot{next(self.names)}@example.test"
            self.broker.api("POST", "/users", {"email": email, "name": "R", "role": "service"}, token=self.admin).expect(201)
            out.append(self.broker.api("POST", f"/users/{email}/tokens", {"name": "t", "scopes": ["sessions"]},
                                       token=self.admin).expect(201)["secret"])
        return out

    def test_of_a_hundred_at_once_one_wins(self):
        session, key = self.visitor()[0], self.identity().public
        tokens = self.crowd(100)
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            answers = list(pool.map(lambda t: self.do(t, session, "pickup", console_key=key), tokens))
        self.assertEqual(sorted({a.status for a in answers}), [200, 409])
        self.assertEqual(sum(a.status == 200 for a in answers), 1)
        self.assertEqual({a.error for a in answers if a.status == 409}, {"ALREADY_PICKED_UP"})
        winner = next(a for a in answers if a.status == 200).json["session"]["technician"]["id"]
        self.assertEqual(self.get(self.admin, session)["technician"]["id"], winner)
        self.assertEqual(len(self.broker.log_events(self.admin, session=session, type="session.picked_up")), 1)


class Steps(Base):
    def grant(self, event):
        return flatc_json("tokens", unb64(event[1]["grant"])[76:])["token"]

    def test_hold_and_resume_as_user_and_technician_see_them(self):
        session, applet = self.visitor()
        stream = EventStream(self.broker, applet)
        self.pickup(self.ana, session).expect(200)
        self.pickup(self.ben, session, join=True).expect(200)
        wait_for(lambda: stream.until("people")[1]["technicians"] == [{"name": "Ana", "email": ANA}, {"name": "Ben", "email": BEN}],
                 "both technicians")
        self.do(self.ben, session, "hold").expect(403)
        held = self.do(self.ana, session, "hold", reason="lunch").expect(200)["session"]
        self.assertEqual((held["state"], held["technicians"]), ("on_hold", []))
        revoked = {stream.until("revoke")[1]["technician"] for _ in range(2)}
        self.assertEqual(len(revoked), 2)
        self.assertEqual(stream.until("people")[1], {"technicians": []})
        self.assertEqual(stream.until("state")[1], {"state": "on_hold", "technician": {"name": "Ana", "email": ANA}, "to": ""})
        self.do(self.ben, session, "ticket", console_key=self.identity().public).expect(403, "DENIED")
        self.pickup(self.ben, session).expect(409, "ALREADY_PICKED_UP")
        again = EventStream(self.broker, applet)  # an applet that comes anew is told as well
        self.assertEqual(again.until("state")[1]["state"], "on_hold")
        self.pickup(self.ana, session).expect(200)
        self.assertEqual(self.grant(again.until("grant"))["generation"], 3)
        self.assertEqual(again.until("state")[1]["state"], "active")
        again.close()
        stream.close()

    def test_a_transfer_and_its_comment_reach_whoever_takes_it(self):
        session, applet = self.visitor()
        self.pickup(self.ana, session).expect(200)
        stream = EventStream(self.broker, applet)
        stream.until("synced")
        watch = WebSocket(self.broker, "/api/v1/events?topics=sessions", self.ben)
        watch.event(lambda m: m["type"] == "ready")
        self.do(self.ana, session, "transfer", to=BEN, comment="speaks French").expect(200)
        offered = watch.event(lambda m: m["type"] == "session" and m["session"]["state"] == "transferring")["session"]
        self.assertEqual((offered["transfer"]["comment"], offered["transfer"]["to"]["email"], offered["transfer"]["pending"]),
                         ("speaks French", BEN, True))
        told = stream.until("state")[1]
        self.assertEqual((told["state"], told["to"]), ("transferring", "Ben"))
        self.assertNotIn("French", json.dumps(told), "what colleagues say of a user is not for the user")
        self.do(self.ben, session, "decline", reason="lunch").expect(200)
        self.assertEqual(self.get(self.ana, session)["state"], "on_hold")
        self.pickup(self.ana, session).expect(200)
        self.do(self.ana, session, "transfer", to=BEN).expect(200)
        self.assertIn(session, self.ids(self.ben, "private"))
        self.pickup(self.ben, session).expect(200)
        self.assertEqual(self.get(self.ben, session)["transfer"]["from"]["email"], ANA)
        self.do(self.ana, session, "close").expect(403, "DENIED")
        watch.close()
        stream.close()

    def test_a_transfer_to_a_channel_of_others(self):
        session, _ = self.visitor()
        self.pickup(self.ana, session).expect(200)
        self.do(self.ana, session, "transfer", channel="print").expect(200)
        self.assertIn(session, self.ids(self.cat, "channel:print"))
        self.pickup(self.cat, session).expect(200)
        self.assertEqual(self.get(self.cat, session)["channel"]["name"], "print")

    def test_who_is_away_or_unknown_gets_nothing(self):
        session, _ = self.visitor()
        self.pickup(self.ana, session).expect(200)
        presence = lambda token, value: self.broker.api("POST", "/presence", {"presence": value}, token=token).expect(200)
        presence(self.ben, "away")
        refused = self.do(self.ana, session, "transfer", to=BEN)
        refused.expect(409, "TECHNICIAN_AWAY")
        self.assertIn(BEN, refused.json["message"])
        presence(self.ana, "away")
        channel = self.do(self.ana, session, "transfer", channel="billing")
        channel.expect(409, "TECHNICIAN_AWAY")
        self.assertIn(ANA, channel.json["message"])
        self.assertIn(BEN, channel.json["message"])
        for name in (CAT, "nobody@example.test"):
            self.do(self.ana, session, "transfer", to=name).expect(403, "DENIED")
        rows = self.broker.api("GET", "/presence", token=self.ana).expect(200)["technicians"]
        self.assertEqual([(r["email"], r["presence"], r["sessions"]) for r in rows if r["email"] != "admin@example.test"],
                         [(ANA, "away", rows[0]["sessions"]), (BEN, "away", rows[1]["sessions"])])
        for token in (self.ana, self.ben):
            presence(token, "available")

    def test_the_site_s_times_end_and_return(self):
        settings = lambda **values: self.broker.api("PATCH", "/policy", {"settings": values}, token=self.admin).expect(200)
        moving, held = self.visitor()[0], self.visitor()[0]
        for session in (moving, held):
            self.pickup(self.ana, session).expect(200)
        settings(**{"session.transfer_limit": "1s"})
        self.do(self.ana, moving, "transfer", to=BEN).expect(200)
        wait_for(lambda: self.get(self.ana, moving)["state"] == "on_hold", "the transfer to come back")
        settings(**{"session.transfer_limit": None, "session.hold_limit": "1s"})
        self.do(self.ana, held, "hold").expect(200)
        wait_for(lambda: self.get(self.ana, held)["state"] == "timed_out", "the held session to end")
        settings(**{"session.hold_limit": None})

    def test_a_second_technician_is_never_wider_than_the_first(self):
        session, applet = self.visitor()
        stream = EventStream(self.broker, applet)
        self.pickup(self.ana, session).expect(200)
        stream.until("grant")
        self.pickup(self.cat, session, join=True).expect(200)
        both = self.grant(stream.until("grant"))["permissions"]
        change = lambda verb, names: self.broker.api("POST", f"/groups/desk/{verb}", {"permissions": names}, token=self.admin).expect(200)
        change("revoke", ["desktop_view"])
        seen = []
        wait_for(lambda: seen.append(self.grant(stream.until("grant"))) or len({g["technician_email"] for g in seen}) == 2,
                 "new grants of both")
        narrow = {g["technician_email"]: g["permissions"] for g in seen}
        self.assertNotEqual(narrow[CAT], both)
        self.assertEqual(narrow[CAT] & ~narrow[ANA], 0)
        change("grant", ["desktop_view"])
        self.do(self.cat, session, "leave", reason="solved").expect(200)
        self.do(self.cat, session, "leave").expect(403, "DENIED")
        self.do(self.ana, session, "leave").expect(409, "CONFLICT")
        stream.close()

    def test_nobody_picks_up_more_than_allowed(self):
        limit = lambda n: self.broker.api("PATCH", f"/users/{CAT}", {"max_sessions": n}, token=self.admin).expect(200)
        held = self.broker.api("GET", "/presence", token=self.cat).expect(200)["technicians"]
        limit(next(r["sessions"] for r in held if r["email"] == CAT) + 1)
        first, second = self.visitor("print")[0], self.visitor("print")[0]
        self.pickup(self.cat, first).expect(200)
        self.pickup(self.cat, second).expect(409, "TOO_MANY_SESSIONS")
        self.assertEqual(self.get(self.cat, second)["state"], "waiting")
        limit(0)
        self.pickup(self.cat, second).expect(200)

    def test_the_account_of_a_session_tells_who_and_why(self):
        session, applet = self.visitor(problem="no paper")
        self.pickup(self.ana, session).expect(200)
        event = {"seq": 1, "time": "2026-11-24T05:28:46Z", "type": "link.up", "actor": "console",
                 "data": {"path": "relay"}}
        self.broker.api("POST", f"/sessions/{session}/log", {"events": [event]}, token=self.ana).expect(200)
        self.do(self.ana, session, "transfer", to=BEN, comment="speaks French").expect(200)
        self.pickup(self.ben, session).expect(200)
        self.broker.api("POST", "/applet/end", {"reason": "enough"}, identity=applet).expect(200)
        told = self.broker.api("GET", f"/sessions/{session}/explain", token=self.ben).expect(200)
        self.assertEqual([s["state"] for s in told["states"]], ["created", "waiting", "active", "transferring", "active", "closed"])
        self.assertEqual([s["by"] for s in told["states"]], ["visitor", "applet", ANA, ANA, BEN, "user"])
        self.assertEqual(told["states"][3]["why"], f"to {BEN}: speaks French")
        self.assertEqual([(t["technician"], t["why"]) for t in told["technicians"]],
                         [(ANA, f"transferred to {BEN}: speaks French"), (BEN, "the session ended")])
        self.assertEqual([(p["technician"], p["path"]) for p in told["paths"]], [(ANA, "relay")])
        self.broker.api("GET", f"/sessions/{session}/explain", token=self.cat).expect(403, "DENIED")


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
