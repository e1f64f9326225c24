#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The worked examples run unchanged against a real site."""
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.site import Site  # noqa: E402

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


def run(site, person, *argv):
    env = dict(person.env, PATH=f"{site.bin}:{person.env['PATH']}")
    return subprocess.run([str(a) for a in argv], env=env, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


class Examples(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Site(os.environ["RESCUE_BUILD"]).up()
        cls.site.admin.run("admin", "user", "add", "harness@example.test", "--name", "Harness", "--role", "technician",
                           "--password-stdin", stdin="a long passphrase for the harness 42\n")
        cls.tech = cls.site.technician("harness")
        cls.tech.login("harness@example.test", "a long passphrase for the harness 42")

    @classmethod
    def tearDownClass(cls):
        cls.site.close()

    def test_one_session_unattended(self):
        done = run(self.site, self.tech, EXAMPLES / "harness/one-session.sh", self.site.url, self.site.ca_pin)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("the refusal is in the log", done.stdout)

    def test_two_sessions_at_once(self):
        done = run(self.site, self.tech, EXAMPLES / "harness-two-sessions.sh", self.site.url, self.site.ca_pin)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("sha256 ", done.stdout)

    def test_support_desk_of_200(self):
        script = EXAMPLES / "provision-support-desk.sh"
        folder = self.site.dir / "links"
        folder.mkdir()
        done = run(self.site, self.site.admin, script, folder)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("the desk stands", done.stdout)
        links = (folder / "links.csv").read_text().splitlines()
        self.assertEqual(len(links), 201, "a header, and a link for each person")
        self.assertEqual((folder / "links.csv").stat().st_mode & 0o777, 0o600)
        users = self.site.admin.run("admin", "user", "list", "--all", "-o", "json").json()
        desk = [u for u in users if u["email"].endswith("@desk.example")]
        self.assertEqual(len(desk), 201, "200 people and a service")
        self.assertEqual([u["email"] for u in desk if u["disabled"]], ["jon.adler@desk.example"])
        # The first of them begins with the link alone.
        link = dict(line.split(",")[:2] for line in links[1:])["hal.adler@desk.example"]
        person = self.site.technician("hal")
        password = "a sentence that Hal alone knows 77"
        person.run("accept-invitation", *self.site.trust_flags(), "--code-stdin", "--new-password-stdin",
                   stdin=f"{link}\n{password}\n")
        person.login("hal.adler@desk.example", password)
        self.assertEqual(person.run("whoami", "-o", "json").json()["name"], "Hal Adler")
        again = run(self.site, self.site.admin, script)
        self.assertIn("plan: 0 to create", again.stdout, again.stderr)

    def test_accounts_from_csv_and_again(self):
        script, csv = EXAMPLES / "provision/five-technicians.sh", EXAMPLES / "provision/technicians.csv"
        first = run(self.site, self.site.admin, script, csv)
        self.assertEqual(first.returncode, 0, first.stderr)
        self.assertEqual(len(first.stdout.splitlines()), 5)
        again = run(self.site, self.site.admin, script, csv)
        self.assertEqual((again.returncode, again.stdout), (0, ""), again.stderr)
        users = self.site.admin.run("admin", "user", "list", "--all", "-o", "json").json()
        self.assertEqual({u["role"] for u in users if u["email"] in ("dee@example.test", "eve@example.test")},
                         {"auditor", "administrator"})


if __name__ == "__main__":
    unittest.main()
