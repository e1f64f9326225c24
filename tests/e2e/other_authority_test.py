#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A broker whose certificate is of another authority than the site's own, as from a public one: whole sessions, with gateways
that the site's own authority has certified, as always."""
import pathlib
import ssl
import subprocess
import sys
import unittest
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import YES, SiteCase, sha256  # noqa: E402
from support.site import free_port, wait_for  # noqa: E402


def openssl(*argv, **more):
    return subprocess.run(["openssl", *[str(a) for a in argv]], check=True, capture_output=True, **more).stdout


class Authority:
    """A certificate authority that has nothing to do with Rescue."""

    def __init__(self, folder):
        self.folder = folder
        self.pem, self.key = folder / "authority.pem", folder / "authority.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
                "/CN=Example Public Authority", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", self.key, "-out",
                self.pem)

    def certify(self, key, chain):
        """A server certificate for this machine, as an administrator puts it into the broker's folder."""
        request, extensions = self.folder / "request.pem", self.folder / "extensions.cnf"
        extensions.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n"
                              "basicConstraints=critical,CA:FALSE\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=broker",
                "-keyout", key, "-out", request)
        leaf = openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key, "-CAcreateserial", "-days", "2",
                       "-extfile", extensions)
        chain.write_bytes(leaf + self.pem.read_bytes())
        key.chmod(0o600)


class OtherAuthority(SiteCase):
    """Clients are told the authority by --ca."""

    @classmethod
    def prepare(cls):
        site, init = cls.site, cls.site.init_broker
        cls.authority = Authority(site.dir)

        def init_and_certify():
            init()
            cls.authority.certify(site.broker_state / "broker.key", site.broker_state / "broker.pem")
        site.init_broker = init_and_certify
        cls.trust()

    @classmethod
    def trust(cls):
        cls.site.trust = ["--ca", cls.authority.pem]

    def test_a_whole_session(self):
        meeting = self.meet({**YES, "chat": [{"reply": "good morning", "delay": "1ms"}]})
        meeting.script.call("chat", text="hello")
        self.assertEqual(meeting.script.event("chat", **{"from": "applet"})["text"], "good morning")
        meeting.ask("desktop_view", "send_files")
        self.assertGreater(meeting.script.call("view")["width"], 0)
        path = meeting.file("notes.txt", 20_000)
        meeting.script.call("send", path=str(path))
        self.assertEqual(sha256(meeting.downloads / path.name), sha256(path))
        # Fresh tickets, and with them the word of how gateways are checked, come from the broker.
        self.site.gateway.stop()
        meeting.script.event("link", timeout=60, up=False)
        type(self).site.gateway = self.site.start_gateway(self.site.gateway_state, self.site.gateway_port)
        meeting.script.event("link", timeout=60, up=True)
        meeting.close()
        meeting.wait_log("session.closed")

    def test_a_gateway_more(self):
        """Enrolling goes over the broker's certificate; what it gives is of the site's own authority."""
        state, port = self.site.enroll_gateway(self.site.admin, f"more-{free_port()}")
        gateway = self.site.start_gateway(state, port)
        chain = (state / "server.pem").read_text()
        own = (self.site.broker_state / "ca.pem").read_text().strip()
        self.assertIn(own, chain)
        wait_for(lambda: sum(bool(g["connected"]) for g in self.site.admin.run(
            "admin", "gateway", "list", "-o", "json").json()) == 2, "it to be at the broker")
        gateway.stop()

    def test_what_people_are_told_to_type(self):
        context = ssl.create_default_context(cafile=str(self.authority.pem))
        with urllib.request.urlopen(self.site.url + "/", context=context, timeout=10) as answer:
            page = answer.read().decode()
        self.assertIn("rescue-applet --server", page)
        self.assertNotIn("--ca-pin", page, "the pin is of no use with this certificate")


class SystemStore(OtherAuthority):
    """The authority is one that the machine trusts anyway, as a public one is: nobody says anything about it."""

    @classmethod
    def trust(cls):
        cls.site.trust = []
        cls.site.env["SSL_CERT_FILE"] = str(cls.authority.pem)  # openssl-env(7)


if __name__ == "__main__":
    unittest.main()
