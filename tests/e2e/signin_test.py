#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Signing in and being refused: exit codes, error objects, and usage errors of the technician's program."""
import pathlib
import socket
import stat
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import ADA, ADA_PASSWORD, SiteCase  # noqa: E402
from support.site import free_port  # noqa: E402


class SignIn(SiteCase):
    def setUp(self):
        self.person = self.site.technician(f"person-{len(self.site.technicians)}")

    def login(self, expect, password=ADA_PASSWORD, email=ADA, server=None, ca_pin=None, more=()):
        done = self.person.run("login", "--server", server or self.site.url, "--ca-pin", ca_pin or self.site.ca_pin, "--email",
                               email, "--password-stdin", "-o", "json", *more, stdin=password + "\n", expect=expect)
        if expect != 0:
            self.assertEqual(done.out, "")
            error = done.error()
            self.assertEqual(error["code"], expect)
            self.assertTrue(error["message"])
            self.assertNotIn(password, done.err)
            return error
        return done.json()

    def test_right(self):
        self.login(0)
        self.assertEqual(self.person.run("whoami", "-o", "json").json()["email"], ADA)
        tokens = list((self.person.home / "config/rescue/tokens").iterdir())
        self.assertEqual([stat.S_IMODE(p.stat().st_mode) for p in tokens], [0o600])
        self.person.run("logout")
        self.assertEqual(self.person.run("whoami", "-o", "json", expect=4).error()["error"], "SIGN_IN_NEEDED")

    def test_wrong_password_and_unknown_account_look_alike(self):
        wrong = self.login(4, password="not the password of ada 1")
        unknown = self.login(4, email="nobody@example.test")
        self.assertEqual(wrong["error"], "SIGN_IN_NEEDED")
        self.assertEqual((wrong["error"], wrong["message"].replace(ADA, "X")),
                         (unknown["error"], unknown["message"].replace("nobody@example.test", "X")))
        failed = self.site.admin.run("log", "query", "--type", "auth.login_failed", "-o", "jsonl").jsonl()
        self.assertGreaterEqual(len(failed), 2)

    def test_server_that_is_not_there(self):
        error = self.login(9, server=f"https://127.0.0.1:{free_port()}")
        self.assertEqual(error["error"], "UNREACHABLE")
        self.assertTrue(error["retryable"])
        self.assertIn("127.0.0.1", error["message"])

    def test_server_that_is_another(self):
        error = self.login(10, ca_pin="ab" * 32)
        self.assertFalse(error["retryable"])

    def test_server_that_speaks_something_else(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def answer():
                connection, _ = server.accept()
                connection.sendall(b"220 mail.example.test ESMTP\r\n")
                connection.close()
            thread = threading.Thread(target=answer)
            thread.start()
            done = self.person.run("login", "--server", f"https://127.0.0.1:{server.getsockname()[1]}", "--ca-pin",
                                   self.site.ca_pin, "--email", ADA, "--password-stdin", "-o", "json", stdin="x\n", expect=None)
            thread.join()
        self.assertIn(done.code, (9, 10), done.err)
        self.assertEqual(done.error()["code"], done.code)

    def test_plain_http_is_refused(self):
        self.login(2, server="http://127.0.0.1:1")

    def test_not_signed_in(self):
        for command in (("session", "list"), ("session", "create"), ("log", "query"), ("admin", "user", "list"), ("whoami",)):
            error = self.person.run(*command, "--server", self.site.url, "--ca-pin", self.site.ca_pin, "-o", "json",
                                    expect=4).error()
            self.assertEqual((error["error"], error["code"]), ("SIGN_IN_NEEDED", 4))

    def test_no_site_known(self):
        """Who has never signed in anywhere is asked for that, not blamed for a flag."""
        for command in (("session", "list"), ("log", "query"), ("whoami",), ("logout",)):
            error = self.person.run(*command, "-o", "json", expect=4).error()
            self.assertEqual((error["error"], error["code"]), ("SIGN_IN_NEEDED", 4))
            self.assertIn("rescue login --server URL", error["message"])
        self.person.run("login", "--email", ADA, "--password-stdin", stdin="x\n", expect=2)

    def test_no_right_and_not_found(self):
        self.assertEqual(self.tech.run("admin", "user", "list", "-o", "json", expect=5).error()["code"], 5)
        self.assertEqual(self.tech.run("admin", "gateway", "enroll", "x", "-o", "json", expect=5).error()["code"], 5)
        nothing = "00000000-0000-4000-8000-000000000000"
        for command in (("session", "show", nothing), ("session", "close", nothing), ("session", "pickup", nothing)):
            error = self.tech.run(*command, "-o", "json", expect=6).error()
            self.assertEqual((error["error"], error["code"]), ("SESSION_NOT_FOUND", 6))

    def test_disabled_in_the_middle(self):
        self.site.admin.run("admin", "user", "add", "eve@example.test", "--name", "Eve", "--role", "technician",
                            "--password-stdin", stdin="a long passphrase for eve 11\n")
        self.login(0, email="eve@example.test", password="a long passphrase for eve 11")
        self.site.admin.run("admin", "user", "disable", "eve@example.test")
        self.assertIn(self.person.run("whoami", "-o", "json", expect=None).code, (4, 5))
        self.assertIn(self.person.run("login", "--server", self.site.url, "--ca-pin", self.site.ca_pin, "--email",
                                      "eve@example.test", "--password-stdin", stdin="a long passphrase for eve 11\n",
                                      expect=None).code, (4, 5))

    def test_waiting_in_vain(self):
        created = self.tech.run("session", "create", "-o", "json").json()
        error = self.tech.run("session", "wait", created["id"], "--timeout", "300ms", "-o", "json", expect=8).error()
        self.assertEqual(error["code"], 8)
        self.assertEqual(self.tech.run("session", "pickup", created["id"], "--detach", "-o", "json", expect=None).code, 7)
        self.tech.run("session", "close", created["id"])
        self.assertEqual(self.tech.run("session", "wait", created["id"], "-o", "json", expect=7).error()["code"], 7)
        self.assertEqual(self.tech.run("session", "close", created["id"], "-o", "json", expect=7).error()["code"], 7)

    def test_usage(self):
        for words in (["fly"], ["session"], ["session", "creat"], ["session", "show"], ["session", "show", "1", "2"],
                      ["session", "list", "--limit", "many"], ["session", "list", "--state", "happy"], ["--nonsense"],
                      ["log", "query", "--since", "yesterday-ish"], ["login", "--ca-pin", "zz"]):
            with self.subTest(" ".join(words)):
                done = self.person.run(*words, "-o", "json", expect=2)
                self.assertEqual(done.out, "")
                error = done.error()
                self.assertEqual((error["code"], error["retryable"]), (2, False))
        self.assertEqual(self.person.run("session", "creat", "-o", "json", expect=2).error()["suggestion"], "create")
        plain = self.person.run("session", "creat", expect=2)
        self.assertTrue(plain.err.startswith("rescue: "), plain.err)


if __name__ == "__main__":
    unittest.main()
