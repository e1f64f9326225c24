# SPDX-License-Identifier: Apache-2.0
"""The broker tells of views and controls that a rule wants recorded and of which no recording is heard."""
import time
import unittest

from support import Broker, Identity, wait_for

PATIENCE = 1.2


class ForcedRecording(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker(f"[recording]\npatience = \"{int(PATIENCE * 1000)}ms\"\n").start()
        cls.admin = cls.broker.login()
        for name, forced in (("recorded", True), ("free", False)):
            cls.broker.api("POST", "/groups", {"name": name, "force_recording": forced, "permissions": ["private_sessions", "remote_control"]},
                           token=cls.admin).expect(201)
        cls.ada = cls.broker.add_user(cls.admin, "ada@example.test", group="recorded")
        cls.bob = cls.broker.add_user(cls.admin, "bob@example.test", group="free")

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def meet(self, token):
        made = self.broker.new_session(token)
        session = made["session"]["id"]
        applet, console = (Identity(self.broker.dir, f"{end}-{session}") for end in ("applet", "console"))
        self.broker.register(made["pin"], applet).expect(200)
        self.broker.api("POST", f"/sessions/{session}/pickup", {"console_key": console.public}, token=token).expect(200)
        return session, applet

    @staticmethod
    def event(seq, kind, actor=None, **data):
        out = {"seq": seq, "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "type": kind, "data": data}
        return {"events": [out | ({"actor": actor} if actor else {})]}

    def applet_says(self, applet, *args, **data):
        self.broker.api("POST", "/applet/log", self.event(*args, **data), identity=applet).expect(200)

    def alerts(self, session):
        events = self.broker.log_events(self.admin, session=session, type="alert")
        return [e for e in events if e["source"] == "broker"]

    def test_control_without_a_recording_is_an_alert(self):
        session, applet = self.meet(self.ada)
        self.applet_says(applet, 1, "control.started", "ada@example.test")
        alert = wait_for(lambda: self.alerts(session), "the alert")[0]
        self.assertEqual({k: alert["data"][k] for k in ("reason", "technician", "doing")},
                         {"reason": "recording_missing", "technician": "ada@example.test", "doing": "control"})
        self.assertGreaterEqual(alert["data"]["quiet_us"], PATIENCE * 1e6)
        found = self.broker.log_events(self.admin, session=session, type="alert", technician="ada@example.test")
        self.assertEqual([e["id"] for e in found], [alert["id"]], "whoever looks for the technician's events finds it")
        time.sleep(2 * PATIENCE)
        self.assertEqual(len(self.alerts(session)), 1, "once a stretch")
        # It is heard of again, and no more: that is another stretch.
        self.broker.api("POST", f"/sessions/{session}/log", self.event(1, "recording.tip", name="a", chunks=3, tip="00"), token=self.ada).expect(200)
        wait_for(lambda: len(self.alerts(session)) == 2, "the second alert")

    def test_what_is_recorded_what_nobody_wants_recorded_and_what_ended_is_none(self):
        recorded, applet = self.meet(self.ada)
        self.applet_says(applet, 1, "view.started", "ada@example.test")
        free, other = self.meet(self.bob)
        self.applet_says(other, 1, "control.started", "bob@example.test")
        ended, third = self.meet(self.ada)
        self.applet_says(third, 1, "view.started", "ada@example.test")
        self.applet_says(third, 2, "view.ended", "applet", technician="ada@example.test")
        # One that is overdue shows that the others were looked at; tips are far closer than the patience.
        silent, fourth = self.meet(self.ada)
        self.applet_says(fourth, 1, "view.started", "ada@example.test")
        seq = 0
        while not self.alerts(silent):
            seq += 1
            self.broker.api("POST", f"/sessions/{recorded}/log", self.event(seq, "recording.tip", name="a", chunks=seq, tip="00"),
                            token=self.ada).expect(200)
            time.sleep(PATIENCE / 20)
        self.assertEqual([self.alerts(s) for s in (recorded, free, ended)], [[], [], []])

    def test_who_is_beside_a_recorded_technician_is_recorded_too(self):
        session, applet = self.meet(self.ada)
        console = Identity(self.broker.dir, f"beside-{session}")
        self.broker.api("POST", f"/sessions/{session}/pickup", {"console_key": console.public, "join": True}, token=self.bob).expect(200)
        self.applet_says(applet, 1, "control.started", "bob@example.test")
        alert = wait_for(lambda: self.alerts(session), "the alert")[0]
        self.assertEqual((alert["data"]["reason"], alert["data"]["technician"]), ("recording_missing", "bob@example.test"))

    def test_it_is_remembered_over_a_restart(self):
        with Broker(f"[recording]\npatience = \"{int(PATIENCE * 1000)}ms\"\n") as broker:
            admin = broker.login()
            group = broker.api("POST", "/groups", {"name": "recorded", "force_recording": True, "permissions": ["private_sessions"]}, token=admin)
            group.expect(201)
            ada = broker.add_user(admin, "ada@example.test", group="recorded")
            made = broker.new_session(ada)
            session = made["session"]["id"]
            applet, console = Identity(broker.dir, "applet"), Identity(broker.dir, "console")
            broker.register(made["pin"], applet).expect(200)
            broker.api("POST", f"/sessions/{session}/pickup", {"console_key": console.public}, token=ada).expect(200)
            broker.api("POST", "/applet/log", self.event(1, "view.started", "ada@example.test"), identity=applet).expect(200)
            broker.restart()
            alert = wait_for(lambda: broker.log_events(admin, session=session, type="alert"), "the alert after the restart")[0]
            self.assertEqual((alert["data"]["reason"], alert["data"]["doing"]), ("recording_missing", "view"))


if __name__ == "__main__":
    unittest.main()
