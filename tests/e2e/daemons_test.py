#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Gateway and broker stop in order on SIGTERM, at once on a second one, and load certificates anew on SIGHUP."""
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase  # noqa: E402
from support.site import wait_for  # noqa: E402


def listening(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


def certificate(port, alpn=None):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if alpn:
        context.set_alpn_protocols([alpn])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as raw, context.wrap_socket(raw) as tls:
        return tls.getpeercert(binary_form=True)


class Daemons(SiteCase):
    def connected(self, count):
        wait_for(lambda: sum(bool(g.get("connected")) for g in self.site.admin.run(
            "admin", "gateway", "list", "-o", "json").json()) == count, f"{count} gateways at the broker", 60)

    def hears(self, meeting, text):
        meeting.script.call("chat", text=text)
        wait_for(lambda: any(e.get("text") == text for e in meeting.user_log()), f"'{text}' to be read")

    def test_a_gateway_drains(self):
        """Pairs go on for the grace and move to another gateway when it ends; new sessions go there at once."""
        state, port = self.site.enroll_gateway(self.site.admin, "drained")
        self.site.gateway.stop()  # alone, it must be the one that is used
        leaving = self.site.start_gateway(state, port, "--drain-grace", "4s")
        self.connected(1)
        meeting = self.meet()
        self.hears(meeting, "before")
        type(self).site.gateway = self.site.start_gateway(self.site.gateway_state, self.site.gateway_port)
        self.connected(2)

        leaving.process.terminate()
        wait_for(lambda: not listening(port), "the gateway to stop listening")
        self.hears(meeting, "while it drains")
        self.assertTrue(leaving.running())
        other = self.meet(name="-other")
        self.hears(other, "at the other gateway")
        other.close()
        self.assertEqual(leaving.process.wait(30), 0)
        meeting.script.event("link", timeout=60, up=False)
        meeting.script.event("link", timeout=60, up=True)
        self.hears(meeting, "after it has gone")
        meeting.close()

    def test_a_gateway_stops_at_once_on_a_second_signal(self):
        meeting = self.meet()
        self.hears(meeting, "before")
        self.site.gateway.process.terminate()
        wait_for(lambda: not listening(self.site.gateway_port), "the gateway to stop listening")
        self.assertTrue(self.site.gateway.running())
        self.site.gateway.process.terminate()
        self.site.gateway.process.wait(10)
        type(self).site.gateway = self.site.start_gateway(self.site.gateway_state, self.site.gateway_port)
        self.hears(meeting, "and again")
        meeting.close()

    def test_a_gateway_loads_its_certificate_anew(self):
        meeting = self.meet()
        self.hears(meeting, "before")
        before = certificate(self.site.gateway_port, "rescue-gw/1")
        loads = self.site.gateway.log_text().count("certificate loaded")
        self.site.gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.site.gateway.log_text().count("certificate loaded") == loads + 1, "the certificate to be loaded")
        self.assertEqual(certificate(self.site.gateway_port, "rescue-gw/1"), before)
        good = (self.site.gateway_state / "server.pem").read_bytes()
        (self.site.gateway_state / "server.pem").write_text("this is no certificate\n")
        self.site.gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: '"level":"error"' in self.site.gateway.log_text(), "the error to be logged")
        self.assertEqual(certificate(self.site.gateway_port, "rescue-gw/1"), before, "it goes on with the one it has")
        (self.site.gateway_state / "server.pem").write_bytes(good)
        self.hears(meeting, "after")
        meeting.close()

    def test_a_broker_loads_its_certificate_anew(self):
        before = certificate(self.site.broker_port)
        key, chain = self.site.broker_state / "broker.key", self.site.broker_state / "broker.pem"
        old = key.read_bytes(), chain.read_bytes()
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                            "2", "-subj", "/CN=another", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", chain],
                           check=True, capture_output=True)
            self.site.broker.process.send_signal(signal.SIGHUP)
            wait_for(lambda: certificate(self.site.broker_port) != before, "the new certificate")
        finally:
            key.write_bytes(old[0])
            chain.write_bytes(old[1])
        self.site.broker.process.send_signal(signal.SIGHUP)
        wait_for(lambda: certificate(self.site.broker_port) == before, "the old certificate")
        self.tech.run("whoami")

    def test_a_broker_stops_in_order(self):
        meeting = self.meet()
        watch = self.tech.start("watch", "session", "watch", "-o", "jsonl")
        self.hears(meeting, "before")
        self.site.broker.process.terminate()
        self.assertEqual(self.site.broker.process.wait(20), 0)
        self.hears(meeting, "without the broker")
        self.site.start_broker(self.site.broker_port)
        wait_for(lambda: meeting.shown()["applet"]["online"], "the applet to be back", 60)
        self.assertTrue(watch.running())
        self.connected(1)
        meeting.close()

    def test_what_they_tell_of_themselves(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for path in ("/healthz", "/readyz", "/metrics"):
            with urllib.request.urlopen(self.site.url + path, context=context, timeout=10) as answer:
                self.assertEqual(answer.status, 200)
                body = answer.read().decode()
        self.assertTrue(body.endswith("# EOF\n"))
        metrics = self.site.gateway.ready_line.get("metrics")
        self.assertTrue(metrics, json.dumps(self.site.gateway.ready_line))
        with urllib.request.urlopen(f"http://{metrics}/metrics", timeout=10) as answer:
            self.assertIn("rescue_gateway", answer.read().decode())


if __name__ == "__main__":
    unittest.main()
