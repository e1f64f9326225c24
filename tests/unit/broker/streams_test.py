# SPDX-License-Identifier: Apache-2.0
"""Events for technicians, applets and gateways, against a real broker."""
import concurrent.futures
import hashlib
import subprocess
import time
import unittest
import uuid

from support import (Broker, EventStream, Identity, WebSocket, flatc_binary, flatc_json, unb64, wait_for)


class Base(unittest.TestCase):
    CONFIG = ""

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(cls.CONFIG).start()
        cls.admin = cls.broker.login()
        cls.names = iter(range(1000))

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def identity(self):
        return Identity(self.broker.dir, f"{type(self).__name__}{next(self.names)}")

    def waiting_session(self, token=None):
        made = self.broker.new_session(token or self.admin)
        applet = self.identity()
        self.broker.register(made["pin"], applet).expect(200)
        return made["session"]["id"], applet

    def pickup(self, session, console, token=None, **more):
        return self.broker.api("POST", f"/sessions/{session}/pickup", {"console_key": console.public, **more},
                               token=token or self.admin)


class AppletEvents(Base):
    def test_grants_come_and_go_on_the_stream(self):
        session, applet = self.waiting_session()
        stream = EventStream(self.broker, applet)
        self.assertEqual(stream.status, 200)
        self.assertEqual(stream.event()[:2], ("synced", {"technicians": []}))
        console = self.identity()
        picked = self.pickup(session, console).expect(200)
        kind, data, ident = stream.event()
        self.assertEqual((kind, ident), ("grant", "1"))
        admin = {"name": "Site Admin", "email": "admin@example.test"}
        self.assertEqual(stream.event()[:2], ("people", {"technicians": [admin]}))
        self.assertEqual(stream.event()[:2], ("state", {"state": "active", "technician": admin, "to": ""}))
        grant = flatc_json("tokens", unb64(data["grant"])[76:])["token"]
        self.assertEqual(bytes(grant["console_fingerprint"]).hex(),
                         hashlib.sha256(console.spki).hexdigest())
        self.assertTrue(picked["session"]["applet"]["online"])
        self.broker.api("POST", f"/sessions/{session}/close", {"reason": "solved"}, token=self.admin).expect(200)
        self.assertEqual(stream.until("close")[1]["reason"], "solved")
        self.assertIsNone(stream.event())
        again = EventStream(self.broker, applet)
        self.assertEqual(again.event()[0], "close", "an applet that missed the end is told it")
        again.close()

    def test_a_disabled_technician_loses_the_session(self):
        technician = self.broker.add_user(self.admin, "gone@example.test")
        session, applet = self.waiting_session(technician)
        stream = EventStream(self.broker, applet)
        self.pickup(session, self.identity(), technician).expect(200)
        stream.until("grant")
        self.broker.api("POST", "/users/gone@example.test/disable", token=self.admin).expect(200)
        stream.until("state")
        self.assertIn(stream.event()[0], ("revoke", "close"))
        stream.close()

    def test_the_user_ends_the_session(self):
        session, applet = self.waiting_session()
        watch = WebSocket(self.broker, "/api/v1/events?topics=sessions", self.admin)
        watch.event(lambda m: m["type"] == "ready")
        self.broker.api("POST", "/applet/end", {"reason": "enough"}, identity=applet).expect(200)
        ended = watch.event(lambda m: m["type"] == "session" and m["session"]["id"] == session
                            and m["session"]["state"] == "closed")["session"]
        self.assertEqual(ended["end_reason"], "enough")
        self.broker.api("POST", "/applet/end", {}, identity=applet).expect(409, "CONFLICT")
        watch.close()

    def test_strangers_get_no_stream(self):
        stranger = EventStream(self.broker, self.identity())
        self.assertEqual(stranger.status, 401)
        stranger.close()


class Presence(Base):
    CONFIG = "[session]\napplet_grace = \"200ms\"\n"

    def test_an_applet_that_stays_away_is_offline_until_it_is_back(self):
        session, applet = self.waiting_session()
        state = lambda: self.broker.api("GET", "/sessions/" + session, token=self.admin).expect(200)["session"]["state"]
        wait_for(lambda: state() == "offline", "the session to go offline")
        stream = EventStream(self.broker, applet)
        wait_for(lambda: state() == "waiting", "the session to wait again")
        stream.close()


class TechnicianEvents(Base):
    def test_changes_and_log_events_arrive_as_they_are_committed(self):
        watch = WebSocket(self.broker, "/api/v1/events", self.admin)
        self.assertEqual(watch.status, 101)
        watch.event(lambda m: m["type"] == "ready")
        made = self.broker.new_session(self.admin, note="hello")
        session = made["session"]["id"]
        seen = watch.event(lambda m: m["type"] == "session" and m["session"]["id"] == session)
        self.assertEqual(seen["session"]["note"], "hello")
        self.broker.api("POST", f"/sessions/{session}/note", {"note": "changed"}, token=self.admin).expect(200)
        event = watch.event(lambda m: m["type"] == "log" and m["event"]["type"] == "session.noted")["event"]
        self.assertEqual(event["session"], session)
        watch.close()

    def test_nothing_is_lost_between_after_and_live(self):
        self.broker.new_session(self.admin)
        newest = self.broker.api("GET", "/log?limit=1", token=self.admin).expect(200)["events"][0]["id"]
        for _ in range(20):
            self.broker.new_session(self.admin)
        watch = WebSocket(self.broker, f"/api/v1/events?topics=log&after={newest}", self.admin)
        for _ in range(20):
            self.broker.new_session(self.admin)
        last = self.broker.api("GET", "/log?limit=1", token=self.admin).expect(200)["events"][0]["id"]
        ids = []
        while not ids or ids[-1] < last:
            ids.append(watch.event(lambda m: m["type"] == "log")["event"]["id"])
        self.assertEqual(ids, list(range(newest + 1, last + 1)))
        watch.close()

    def fill(self, texts):
        """One chat event for each text, in a session of the administrator's."""
        session, _ = self.waiting_session()
        self.pickup(session, self.identity()).expect(200)
        events = [{"seq": n, "time": "2026-11-24T05:28:46Z", "type": "chat.message", "data": {"text": text}}
                  for n, text in enumerate(texts, 1)]
        for at in range(0, len(events), 50):
            self.broker.api("POST", f"/sessions/{session}/log", {"events": events[at:at + 50]}, token=self.admin).expect(200)

    def newest(self):
        return self.broker.api("GET", "/log?limit=1", token=self.admin).expect(200)["events"][0]["id"]

    def past(self, watch):
        """(ids sent, the behind message, the ready message)"""
        ids, behind = [], None
        while True:
            message = watch.event(lambda m: m["type"] in ("log", "behind", "ready"))
            if message["type"] == "ready":
                return ids, behind, message
            if message["type"] == "log":
                self.assertIsNone(behind, "nothing older comes behind the gap")
                ids.append(message["event"]["id"])
            else:
                behind = message

    def pages(self, token, after, through):
        ids = []
        while events := self.broker.log_events(token, after=after):
            ids += [e["id"] for e in events if e["id"] <= through]
            after = events[-1]["id"]
        return ids

    def test_who_missed_too_much_is_told_to_read_the_log(self):
        technician = self.broker.add_user(self.admin, "away@example.test")
        self.broker.new_session(technician, note="old")
        self.fill(["x"] * 1100)
        for token in (self.admin, technician):
            watch = WebSocket(self.broker, "/api/v1/events?topics=log&after=0", token)
            ids, behind, ready = self.past(watch)
            self.assertEqual((ids, behind["after"]), ([], 0))
            self.assertEqual(ready["through"], behind["through"])
            self.assertGreaterEqual(behind["through"], 1100)
            fresh = self.broker.new_session(token)["session"]["id"]
            event = watch.event(lambda m: m["type"] == "log")["event"]
            self.assertEqual(event["session"], fresh)
            self.assertGreater(event["id"], ready["through"])
            watch.close()
        # From where it is told to be, a technician is not behind, whatever others did meanwhile.
        watch = WebSocket(self.broker, f"/api/v1/events?topics=log&after={ready['through']}", technician)
        self.assertIsNone(self.past(watch)[1])
        watch.close()

    def test_large_events_are_sent_or_named_and_none_is_lost(self):
        after = self.newest()
        self.fill(["y" * 8000] * 150)
        watch = WebSocket(self.broker, f"/api/v1/events?topics=log&after={after}", self.admin)
        ids, behind, ready = self.past(watch)
        self.assertEqual(behind["after"], ids[-1])
        everything = ids + self.pages(self.admin, behind["after"], behind["through"])
        self.assertEqual(everything, list(range(after + 1, ready["through"] + 1)))
        watch.close()

    def test_a_technician_sees_the_own_sessions_alone(self):
        mine = self.broker.add_user(self.admin, "mine@example.test")
        theirs = self.broker.add_user(self.admin, "theirs@example.test")
        self.broker.new_session(mine)
        watch = WebSocket(self.broker, "/api/v1/events", mine)
        watch.event(lambda m: m["type"] == "ready")
        self.broker.new_session(theirs)
        own = self.broker.new_session(mine)["session"]["id"]
        first = watch.event(lambda m: m["type"] == "session")
        self.assertEqual(first["session"]["id"], own)
        watch.close()

    def test_a_receiver_that_does_not_read_is_dropped_and_the_others_are_not(self):
        session = self.broker.new_session(self.admin)["session"]["id"]
        slow = WebSocket(self.broker, "/api/v1/events", self.admin, receive_buffer=4096)
        quick = WebSocket(self.broker, "/api/v1/events?topics=sessions", self.admin)
        quick.event(lambda m: m["type"] == "ready")
        dropped = lambda: "rescue_broker_event_receivers_dropped_total 1" in self.broker.call("GET", "/metrics").body
        note = lambda n: self.broker.api("POST", f"/sessions/{session}/note", {"note": f"{n} " + "x" * 3900}, token=self.admin)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            for batch in range(100):
                for answer in pool.map(note, range(batch * 40, batch * 40 + 40)):
                    answer.expect(200)
                mark = note(-2 - batch).expect(200)["session"]["note"]
                quick.event(lambda m, mark=mark: m["session"]["note"] == mark)  # this one reads all
                if dropped():
                    break
        self.assertTrue(dropped())
        last = note(-1).expect(200)["session"]["note"]
        quick.event(lambda m: m["type"] == "session" and m["session"]["note"] == last)
        slow.close()
        quick.close()

    def test_signing_out_ends_the_stream(self):
        token = self.broker.login()
        watch = WebSocket(self.broker, "/api/v1/events", token)
        self.broker.api("POST", "/auth/logout", token=token).expect(200)
        while (message := watch.message())[0] != "close":
            pass
        self.assertEqual(message[1], 1008)

    def test_refusals_come_before_the_upgrade(self):
        self.assertEqual(WebSocket(self.broker, "/api/v1/events").status, 401)
        self.assertEqual(WebSocket(self.broker, "/api/v1/events?topics=weather", self.admin).status, 400)
        self.assertEqual(WebSocket(self.broker, "/api/v1/gateway/connect").status, 401)
        self.assertEqual(WebSocket(self.broker, "/api/v1/gateway/connect", identity=self.identity()).status, 401)

    def test_a_receiver_that_talks_too_much_is_closed(self):
        watch = WebSocket(self.broker, "/api/v1/events", self.admin)
        watch.send(1, b"x" * 2000)
        while (message := watch.message())[0] != "close":
            pass
        self.assertEqual(message[1], 1009)


class Gateways(Base):
    def enroll(self, name, address="127.0.0.1:8444"):
        token = self.broker.api("POST", "/gateways/tokens", {"name": name}, token=self.admin).expect(201)["token"]
        identity = self.identity()
        body = {"token": token, "name": name, "public_key": identity.public, "addresses": [address],
                "csr_pem": identity.csr()}
        return identity, body, self.broker.api("POST", "/gateways/enroll", body)

    def gateway_socket(self, identity, name):
        socket = WebSocket(self.broker, "/api/v1/gateway/connect", identity=identity)
        self.assertEqual(socket.status, 101)
        socket.send(2, flatc_binary("gateway", {"message_type": "Register", "message": {
            "name": name, "addresses": ["127.0.0.1:8444"], "capacity_pairs": 100, "software": "test"}}))
        registered = self.next(socket)
        self.assertEqual(registered["message_type"], "Registered")
        return socket

    @staticmethod
    def next(socket):
        kind, data = socket.message()
        assert kind == "binary", (kind, data)
        return flatc_json("gateway", data)

    def admit(self, socket, session, role, guid_id, spki, number=7, remote="192.0.2.9:5"):
        socket.send(2, flatc_binary("gateway", {"message_type": "AdmitRequest", "message": {
            "id": number, "session": list(uuid.UUID(session).bytes), "role": role, "guid_id": list(guid_id),
            "holder_fingerprint": list(hashlib.sha256(spki).digest()), "remote_address": remote}}))
        reply = self.next(socket)
        self.assertEqual((reply["message_type"], reply["message"]["id"]), ("AdmitReply", number))
        return reply["message"].get("verdict", "admitted")

    def test_a_token_enrols_once(self):
        _, body, enrolled = self.enroll("once")
        enrolled.expect(201)
        leaf, authority = self.broker.dir / "leaf.pem", self.broker.state / "ca.pem"
        leaf.write_text(enrolled.json["certificate_pem"])
        verify = lambda purpose: subprocess.run(["openssl", "verify", "-CAfile", authority, "-purpose", purpose, leaf],
                                                capture_output=True).returncode
        self.assertEqual(verify("any"), 0)
        self.assertNotEqual(verify("sslserver"), 0, "a gateway cannot stand in for the broker")
        self.assertEqual(len(enrolled.json["token_keys"]), 1)
        self.broker.api("POST", "/gateways/enroll", body).expect(403, "DENIED")
        self.broker.api("POST", "/gateways/tokens", {"name": "once"}, token=self.admin).expect(409, "CONFLICT")

    def test_a_certificate_is_for_the_addresses_and_not_for_what_its_request_says(self):
        """The request of Identity.csr() names 127.0.0.1."""
        _, _, enrolled = self.enroll("gw-elsewhere", "gw7.example.test:8444")
        leaf = enrolled.expect(201)["certificate_pem"]
        names = subprocess.run(["openssl", "x509", "-noout", "-ext", "subjectAltName"], input=leaf.encode(), check=True,
                               capture_output=True).stdout.decode().split("\n", 1)[1].split()
        self.assertEqual(names, ["DNS:gw7.example.test"])

    def test_a_console_is_admitted_from_its_networks_only_and_leaves_when_they_change(self):
        identity, _, enrolled = self.enroll("gw-networks")
        enrolled.expect(201)
        socket = self.gateway_socket(identity, "gw-networks")
        token = self.broker.add_user(self.admin, "roaming@example.test")
        made = self.broker.new_session(token)
        session, applet, console = made["session"]["id"], self.identity(), self.identity()
        guid = self.broker.guid_of(made["pin"])
        guid_id = hashlib.sha256(uuid.UUID(guid).bytes).digest()
        self.broker.register(made["pin"], applet, guid).expect(200)
        self.pickup(session, console, token).expect(200)
        allow = lambda *networks: self.broker.api("PATCH", "/users/roaming@example.test", {"allowed_networks": networks},
                                                  token=self.admin).expect(200)
        admit = lambda remote, role="console", spki=console.spki: self.admit(socket, session, role, guid_id, spki,
                                                                             remote=remote)
        self.assertEqual(admit("203.0.113.9:5"), "admitted", "from anywhere")
        allow("203.0.113.0/24", "2001:db8:7::/48")
        self.assertEqual(admit("203.0.113.9:5"), "admitted", "still allowed there, and nobody was told to leave")
        allow("198.51.100.0/24", "2001:db8:7::/48")
        began = time.monotonic()
        kicked = self.next(socket)
        self.assertEqual((kicked["message_type"], bytes(kicked["message"]["session"])), ("Kick", uuid.UUID(session).bytes))
        self.assertLess(time.monotonic() - began, 1.0)
        self.assertEqual(admit("203.0.113.9:5"), "network")
        self.assertEqual(admit("[2001:db8:8::1]:5"), "network")
        self.assertEqual(admit("[2001:db8:7::1]:5"), "admitted")
        self.assertEqual(admit("somewhere"), "network", "who does not say from where")
        self.assertEqual(admit("203.0.113.9:5", "applet", applet.spki), "admitted", "whoever is helped may be anywhere")
        socket.socket.close()

    def test_a_connected_gateway_admits_by_the_database(self):
        identity, _, enrolled = self.enroll("gw-admit")
        enrolled.expect(201)
        socket = self.gateway_socket(identity, "gw-admit")
        made = self.broker.new_session(self.admin)
        session, applet, console = made["session"]["id"], self.identity(), self.identity()
        guid = self.broker.guid_of(made["pin"])
        guid_id = hashlib.sha256(uuid.UUID(guid).bytes).digest()
        registered = self.broker.register(made["pin"], applet, guid).expect(200)
        self.assertIn("gw-admit", [g["name"] for g in registered["gateways"]])
        self.assertEqual(self.admit(socket, session, "applet", guid_id, applet.spki), "admitted")
        self.assertEqual(self.admit(socket, session, "applet", guid_id, console.spki), "wrong_key")
        self.assertEqual(self.admit(socket, session, "applet", bytes(32), applet.spki), "wrong_key")
        self.assertEqual(self.admit(socket, session, "console", guid_id, console.spki), "wrong_key")
        self.assertEqual(self.admit(socket, str(uuid.uuid4()), "applet", guid_id, applet.spki), "unknown_session")
        self.pickup(session, console).expect(200)
        self.assertEqual(self.admit(socket, session, "console", guid_id, console.spki), "admitted")
        self.broker.api("POST", f"/sessions/{session}/close", {}, token=self.admin).expect(200)
        kick = self.next(socket)
        self.assertEqual((kick["message_type"], bytes(kick["message"]["session"])), ("Kick", uuid.UUID(session).bytes))
        self.assertEqual(self.admit(socket, session, "applet", guid_id, applet.spki), "session_ended")
        socket.close()

    def test_a_gateway_that_has_not_registered_gets_no_answer(self):
        identity, _, enrolled = self.enroll("gw-hasty")
        enrolled.expect(201)
        socket = WebSocket(self.broker, "/api/v1/gateway/connect", identity=identity)
        socket.send(2, flatc_binary("gateway", {"message_type": "AdmitRequest", "message": {
            "id": 7, "session": list(bytes(16)), "role": "applet", "guid_id": list(bytes(32)),
            "holder_fingerprint": list(bytes(32)), "remote_address": "192.0.2.9:5"}}))
        self.assertEqual(socket.message(), ("close", 1002))

    def test_a_message_beyond_the_cap_ends_the_connection_before_it_has_come(self):
        identity, _, enrolled = self.enroll("gw-long")
        enrolled.expect(201)
        socket = self.gateway_socket(identity, "gw-long")
        # The head of a frame of 16385 bytes, of which none comes.
        socket.socket.sendall(bytes([0x82, 0x80 | 126]) + (16 * 1024 + 1).to_bytes(2, "big") + bytes(4))
        self.assertEqual(socket.message(), ("close", 1009))
        again = self.gateway_socket(identity, "gw-long")
        again.socket.sendall(bytes([0x82, 0x80 | 126]) + (16 * 1024).to_bytes(2, "big") + bytes(4) + bytes(16 * 1024))
        self.assertEqual(again.message(), ("close", 1002), "as long as it may be, and nonsense")

    def test_incidents_connection_and_loss_are_in_the_log(self):
        identity, _, enrolled = self.enroll("gw-log")
        gateway = enrolled.expect(201)["id"]
        socket = self.gateway_socket(identity, "gw-log")
        session, _ = self.waiting_session()
        socket.send(2, flatc_binary("gateway", {"message_type": "Incident", "message": {
            "session": list(uuid.UUID(session).bytes), "role": "applet", "reason": "wrong_holder", "remote_address": "192.0.2.9:5"}}))
        alerts = wait_for(lambda: self.broker.log_events(self.admin, session=session, type="alert"), "the alert")
        self.assertEqual(alerts[0]["source"], "gateway")
        self.assertEqual(alerts[0]["data"]["reason"], "wrong_holder")
        listed = next(g for g in self.broker.api("GET", "/gateways", token=self.admin).expect(200)["gateways"] if g["id"] == gateway)
        self.assertTrue(listed["connected"])
        drained = self.broker.api("POST", "/gateways/gw-log/drain", token=self.admin).expect(200)["gateway"]
        self.assertTrue(drained["draining"])
        self.assertEqual(self.next(socket)["message_type"], "Drain")
        socket.close()
        wait_for(lambda: self.broker.log_events(self.admin, type="gateway.lost"), "the loss")

    def test_a_flood_of_incidents_does_not_fill_the_log(self):
        identity, _, enrolled = self.enroll("gw-flood")
        enrolled.expect(201)
        socket = self.gateway_socket(identity, "gw-flood")
        session, applet = self.waiting_session()
        incident = flatc_binary("gateway", {"message_type": "Incident", "message": {
            "session": list(uuid.UUID(session).bytes), "role": "applet", "reason": "wrong_holder"}})
        began = time.monotonic()
        for _ in range(1000):
            socket.send(2, incident)
        self.admit(socket, session, "applet", bytes(32), applet.spki)  # by now all have been read
        alerts = wait_for(lambda: len(got := self.broker.log_events(self.admin, session=session, type="alert")) >= 50 and got,
                          "the alerts")
        self.assertLessEqual(len(alerts), 52 + time.monotonic() - began)
        socket.close()

    def test_an_applet_is_sent_where_it_waits(self):
        sockets = {}
        for name in ("gw-a", "gw-b", "gw-c"):
            identity, _, enrolled = self.enroll(name)
            enrolled.expect(201)
            sockets[name] = self.gateway_socket(identity, name)
        session, _ = self.waiting_session()
        self.pickup(session, console := self.identity()).expect(200)
        first = lambda: self.broker.api("POST", f"/sessions/{session}/ticket", {"console_key": console.public},
                                        token=self.admin).expect(200)["gateways"][0]["name"]
        for name, socket in sockets.items():
            waiting = {"session": list(uuid.UUID(session).bytes), "role": "applet", "waiting": 1}
            socket.send(2, flatc_binary("gateway", {"message_type": "WaitingChanged", "message": waiting}))
            wait_for(lambda n=name: first() == n, f"{name} to be first")
            waiting["waiting"] = 0
            socket.send(2, flatc_binary("gateway", {"message_type": "WaitingChanged", "message": waiting}))
        for socket in sockets.values():
            socket.close()

    def test_nonsense_ends_the_connection(self):
        identity, _, enrolled = self.enroll("gw-bad")
        enrolled.expect(201)
        for opcode, payload in ((1, b"{}"), (2, b"\0" * 64), (2, flatc_binary("gateway", {"message_type": "Resume", "message": {}}))):
            socket = WebSocket(self.broker, "/api/v1/gateway/connect", identity=identity)
            socket.send(opcode, payload)
            self.assertEqual(socket.message(), ("close", 1002))
        self.broker.api("DELETE", "/gateways/gw-bad", token=self.admin).expect(200)
        self.assertEqual(WebSocket(self.broker, "/api/v1/gateway/connect", identity=identity).status, 401)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")  # sockets that a refusal leaves behind
