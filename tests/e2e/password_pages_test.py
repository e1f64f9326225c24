#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pages on which people set and change their password, in a real browser: the live meter, the invitation that leaves the
address bar, forms with and without JavaScript; then the same by the command line."""
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.browser import Browser  # noqa: E402
from support.case import SiteCase  # noqa: E402

SENTENCE = "three grey owls under a tin roof"
OTHER = "seven brown kettles sing quietly"


class PasswordPages(SiteCase):
    def invite(self, email, name="Ida Lovelace"):
        made = self.site.admin.run("admin", "user", "add", email, "--name", name, "--invite", "-o", "json").json()
        self.assertNotIn("initial_password", made)
        return made["invitation"]["link"]

    def login(self, email, password, expect=0):
        person = self.site.technician(f"person-{len(self.site.technicians)}")
        return person.run("login", "--server", self.site.url, "--ca-pin", self.site.ca_pin, "--email", email,
                          "--password-stdin", "-o", "json", stdin=password + "\n", expect=expect)

    def keep(self, browser, name):
        """A picture for people, where RESCUE_PICTURES names a folder."""
        if folder := os.environ.get("RESCUE_PICTURES"):
            browser.screenshot(pathlib.Path(folder) / f"{name}.png")

    def test_an_invited_person_sets_a_password_with_the_meter(self):
        link = self.invite("ida@example.test")
        code = link.split("#")[1]
        with Browser(self.site.dir) as browser:
            self.assertEqual(browser.open(link), "")
            browser.wait_text("Set your password")
            browser.wait("location.hash === ''", "the code to leave the address")
            self.assertNotIn(code, browser.url())
            self.assertTrue(browser.js("document.getElementById('code-row').hidden"))
            self.assertTrue(browser.js("document.getElementById('strength').hidden"), "nothing typed, nothing to judge")

            browser.fill("#new", "lovelace ida")
            browser.wait("document.getElementById('verdict').className === 'problem'")
            self.assertLess(browser.js("document.getElementById('score').value"), 3)
            self.assertIn("a part of your name", browser.text())
            self.assertIn('at least good is needed', browser.text())
            self.keep(browser, "invite-weak")

            browser.fill("#new", SENTENCE)
            browser.wait("document.getElementById('verdict').textContent === 'strong'")
            self.assertEqual(browser.js("document.getElementById('score').value"), 4)
            browser.fill("#again", SENTENCE + "x")
            browser.wait_text("not the same yet")
            browser.fill("#again", SENTENCE)
            browser.wait("document.getElementById('differs').hidden")
            self.keep(browser, "invite-strong")
            browser.click("button")
            browser.wait_text("Your password is set.")
            self.assertIn("rescue login --server", browser.text())
            self.assertEqual(browser.problems, [], "nothing was blocked by the content policy, no script failed")
            self.assertEqual([url for url in browser.requested() if code in url.split("#")[0]], [], "the code is in no URL")
            foreign = [url for url in browser.requested() if not url.startswith((self.site.url, "about:", "data:"))]
            self.assertEqual(foreign, [], "nothing comes from elsewhere")
        self.login("ida@example.test", SENTENCE)
        again = self.site.technician("again").run(
            "accept-invitation", "--ca-pin", self.site.ca_pin, "--code-stdin", "--new-password-stdin", "-o", "json",
            stdin=f"{link}\n{OTHER}\n", expect=5)
        self.assertEqual(again.error()["error"], "INVITATION_INVALID")

    def test_without_javascript_the_forms_do(self):
        link = self.invite("eve@example.test", "Eve")
        with Browser(self.site.dir, script=False) as browser:
            browser.open(link)
            browser.wait_text("Copy the link you were given")
            browser.fill("#code", link)
            browser.fill("#new", "password")
            browser.fill("#again", "password")
            browser.click("button")
            browser.wait_text("choose a stronger password")
            browser.fill("#new", SENTENCE)
            browser.fill("#again", SENTENCE)
            browser.click("button")
            browser.wait_text("Your password is set.")

            browser.open(self.site.url + "/password")
            browser.wait_text("Change your password")
            for field, text in (("email", "eve@example.test"), ("current", "wrong"), ("new", OTHER), ("again", OTHER)):
                browser.fill("#" + field, text)
            browser.click("button")
            browser.wait_text("e-mail address or password is wrong")
            for field, text in (("current", SENTENCE), ("new", OTHER), ("again", OTHER)):
                browser.fill("#" + field, text)
            self.keep(browser, "password-without-script")
            browser.click("button")
            browser.wait_text("Your password is changed.")
        self.login("eve@example.test", SENTENCE, expect=4)
        self.login("eve@example.test", OTHER)

    def test_by_the_command_line(self):
        link = self.invite("cli@example.test", "Cleo")
        person = self.site.technician("cleo")
        accept = lambda password, expect: person.run(
            "accept-invitation", "--ca-pin", self.site.ca_pin, "--code-stdin", "--new-password-stdin",
            stdin=f"{link}\n{password}\n", expect=expect)
        refused = accept("cleo1999", 2)
        self.assertIn("Strength: [", refused.err)
        self.assertNotIn("cleo1999", refused.err)
        done = accept(SENTENCE, 0)
        self.assertIn("Strength: [####] strong", done.err)
        person.run("login", "--server", self.site.url, "--ca-pin", self.site.ca_pin, "--email", "cli@example.test",
                   "--password-stdin", stdin=SENTENCE + "\n")
        changed = person.run("passwd", "--current-password-stdin", "--new-password-stdin", stdin=f"{SENTENCE}\n{OTHER}\n")
        self.assertIn("Strength: [####] strong", changed.err)
        back = person.run("passwd", "--current-password-stdin", "--new-password-stdin", "-o", "json",
                          stdin=f"{OTHER}\n{SENTENCE}\n", expect=2)
        self.assertEqual(back.error()["error"], "PASSWORD_TOO_WEAK")
        admin = self.site.admin
        admin.run("admin", "policy", "set", "password.min_score=4", "password.history=0")
        self.assertEqual(admin.run("admin", "policy", "show", "password.min_score", "-o", "json").json()[0]["value"], "4")
        person.run("passwd", "--current-password-stdin", "--new-password-stdin", stdin=f"{OTHER}\n{SENTENCE}\n")
        admin.run("admin", "policy", "set", "--reset", "password.min_score", "--reset", "password.history")
        admin.run("admin", "policy", "set", "password.min_score=7", expect=2)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
