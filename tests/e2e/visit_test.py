#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The way in of the person who is helped, in a real browser: link, PIN, channel, download; the very file that was downloaded is
started on a real X display. With and without JavaScript, in two languages, on a telephone and a desk, for a screen reader."""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.browser import Browser  # noqa: E402
from support.case import SiteCase, YES  # noqa: E402
from support.site import Script, wait_for  # noqa: E402

MADE = pathlib.Path(os.environ["RESCUE_BUILD"]) / "tests" / "stamp_fixtures"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
PHONE = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
LOGO = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 270 48" width="270" height="48"><rect width="48" height="48" rx="10"
fill="#0a6b52"/><path d="M13 25l8 8 15-18" fill="none" stroke="#fff" stroke-width="5"/><text x="60" y="32" font-size="22"
font-family="sans-serif" fill="#0a6b52">Example Support</text></svg>"""


class Visit(SiteCase):
    @classmethod
    def prepare(cls):
        folder = cls.site.dir / "given-out"
        folder.mkdir()
        subprocess.run(["strip", "-o", folder / "linux", cls.site.bin / "rescue-applet"], check=True)
        for name in ("rsa.key", "rsa-chain.pem"):
            shutil.copy(MADE / name, folder / name)
            (folder / name).chmod(0o600)
        (folder / "logo.svg").write_text(LOGO)
        cls.site.broker_settings = f"""
[applets]
linux_x86_64 = "{folder}/linux"
windows_x86_64 = "{MADE}/windows.exe"
signing_chain = "{folder}/rsa-chain.pem"
signing_key = "{folder}/rsa.key"
[page]
logo = "{folder}/logo.svg"
accent = "#0a6b52"
contact = "+49 30 1234567, help@example.test"
privacy = "We keep who helped whom, when, and what was allowed, for two years."
privacy_de = "Wir bewahren zwei Jahre lang auf, wer wem wann geholfen hat und was erlaubt wurde."
"""

    def browser(self, agent=LINUX, language="en", size=(1000, 900), **options):
        browser = Browser(self.site.dir, size=size, **options)
        self.addCleanup(browser.close)
        browser.call("Emulation.setUserAgentOverride", {"userAgent": agent, "acceptLanguage": language})
        width, height = size
        browser.call("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1,
                                                             "mobile": width < 600})
        browser.downloads = pathlib.Path(browser.profile) / "downloads"
        browser.call("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(browser.downloads)})
        return browser

    def keep(self, browser, name):
        """A picture of the whole page for people, where RESCUE_PICTURES names a folder."""
        if folder := os.environ.get("RESCUE_PICTURES"):
            size = browser.call("Page.getLayoutMetrics")["cssContentSize"]
            got = browser.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True,
                                                          "clip": {"x": 0, "y": 0, "width": size["width"],
                                                                   "height": size["height"], "scale": 1}})
            (pathlib.Path(folder) / f"{name}.png").write_bytes(base64.b64decode(got["data"]))

    def new_session(self):
        created = self.tech.run("session", "create", "-o", "json").json()
        return created["id"], created["pin"], created["link"]

    def fetch(self, browser, name="rescue-applet"):
        """Presses the page's download button; the file, once it is whole."""
        browser.click("main form button")
        file = browser.downloads / name
        wait_for(lambda: file.exists() and not list(browser.downloads.glob("*.crdownload")), "the download", 60)
        return file

    def clean(self, browser):
        """Nothing was blocked, failed or fetched from elsewhere."""
        self.assertEqual(browser.problems, [])
        self.assertEqual([u for u in browser.requested() if not u.startswith((self.site.url, "about:", "data:"))], [])

    def test_from_a_link_to_a_session_by_the_file_that_was_downloaded(self):
        session, pin, link = self.new_session()
        self.assertTrue(link.endswith("/#" + pin))
        browser = self.browser()
        browser.open(link)
        browser.wait(f"document.getElementById('pin').value === '{pin}'", "the PIN in its field")
        self.assertEqual(browser.url(), self.site.url + "/", "and no longer in the address")
        self.keep(browser, "start-desktop")
        browser.click("main form button")
        browser.wait_text("Download for Linux")
        self.keep(browser, "ready-desktop")
        told = browser.js("document.getElementById('sha256').textContent")
        file = self.fetch(browser)
        self.assertEqual(hashlib.sha256(file.read_bytes()).hexdigest(), told)
        self.clean(browser)
        self.assertEqual([u for u in browser.requested() if pin in u.split("#")[0]], [], "the PIN is in no request's address")

        self.site.start_display()
        program = self.site.dir / "from-the-browser"
        shutil.copy(file, program)
        program.chmod(0o755)
        applet = self.site.start("downloaded", [program], env=self.site.desktop_env)
        self.tech.run("session", "wait", session, "--state", "waiting", "--timeout", "60s")
        browser.open(self.site.url + "/ready")
        browser.wait_text("The program is connected")
        script = Script(self.tech.start("technician", "session", "pickup", session, "--script", "-"))
        script.event("link")
        script.call("chat", text="do you see me?")
        wait_for(lambda: self.window(), "its window")
        script.call("close", reason="done")
        self.assertEqual(script.program.process.wait(60), 0)
        applet.kill(15)
        browser.open(self.site.url + "/ready")
        browser.wait_text("This is over")
        events = [e["type"] for e in self.tech.run("log", "query", "--session", session, "--all", "-o", "jsonl").jsonl()]
        for kind in ("session.pin_redeemed", "session.applet_downloaded", "session.applet_registered", "session.picked_up"):
            self.assertIn(kind, events)

    def window(self):
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--name", "."], env=self.site.desktop_env,
                               capture_output=True, text=True, check=False)
        return found.stdout.split()

    def test_a_changed_file_says_so_and_does_nothing(self):
        _, pin, link = self.new_session()
        browser = self.browser(script=False)
        browser.open(link)
        browser.fill("#pin", pin)
        browser.click("main form button")
        browser.wait_text("Download for Linux")
        good = self.fetch(browser).read_bytes()
        scenario = self.site.dir / "nobody.json"
        scenario.write_text("{}")
        at = good.rindex(b"Rescue slot 1" + b"\0" * 3)  # the program's code has that text, too
        length = int.from_bytes(good[at + 16:at + 20], "big")
        # The envelope's signature, the payload behind its head, the padding behind it.
        for name, where in (("signature", at + 32 + 20), ("payload", at + 32 + length - 9), ("padding", at + 6000)):
            with self.subTest(name):
                changed = bytearray(good)
                changed[where] ^= 1
                program = self.site.dir / f"changed-{name}"
                program.write_bytes(changed)
                program.chmod(0o755)
                applet = self.site.start(f"changed-{name}", [program, "--headless", "--scenario", scenario])
                self.assertEqual(applet.process.wait(60), 10, applet.tail())
                self.assertIn("download it again", applet.log_text())
        self.assertEqual(self.site.admin.run("session", "list", "--state", "waiting", "-o", "json").json(), [])

    def test_for_windows_it_is_signed(self):
        _, _, link = self.new_session()
        browser = self.browser(WINDOWS)
        browser.open(link)
        browser.wait("document.getElementById('pin').value !== ''")
        browser.click("main form button")
        browser.wait_text("Download for Windows")
        self.keep(browser, "ready-windows")
        told = browser.js("document.getElementById('sha256').textContent")
        file = self.fetch(browser, "rescue-applet.exe")
        self.assertEqual(hashlib.sha256(file.read_bytes()).hexdigest(), told)
        verify = lambda: subprocess.run(["osslsigncode", "verify", "-CAfile", MADE / "root.pem", "-in", file], capture_output=True,
                                        text=True, check=False)
        self.assertEqual(verify().returncode, 0, verify().stdout)
        changed = bytearray(file.read_bytes())
        changed[changed.rindex(b"Rescue slot 1\0") + 50] ^= 1
        file.write_bytes(changed)
        self.assertNotEqual(verify().returncode, 0)
        self.clean(browser)

    def test_without_javascript_and_in_german(self):
        _, pin, _ = self.new_session()
        browser = self.browser(language="de-DE,de;q=0.9,en;q=0.5", script=False)
        browser.open(self.site.url + "/")
        browser.wait_text("Hilfe von Example Support")
        self.assertEqual(browser.js("document.documentElement.lang"), "de")
        browser.fill("#pin", "000000" if pin != "000000" else "000001")
        browser.click("main form button")
        browser.wait_text("Diese PIN ist nicht bekannt")
        browser.wait("document.activeElement.id === 'pin'", "the field to have the focus, to be put right at once")
        self.keep(browser, "wrong-pin-german")
        browser.fill("#pin", f"{pin[:3]} {pin[3:]}")
        browser.click("main form button")
        browser.wait_text("Für Linux herunterladen")
        browser.click("footer a[hreflang=en]")
        browser.wait_text("Download for Linux")
        self.fetch(browser)
        self.assertEqual([p for p in browser.problems if "404" not in p], [])

    def test_a_channel_s_page_leads_to_its_queue(self):
        self.site.admin.run("admin", "channel", "add", "billing & more")
        group = self.site.admin.run("admin", "group", "list", "-o", "json").json()[0]["name"]
        self.site.admin.run("admin", "channel", "assign", "billing & more", group)
        browser = self.browser()
        browser.open(self.site.url + "/c/billing%20%26%20more")
        browser.wait_text("Get help: billing & more")
        self.keep(browser, "channel-desktop")
        browser.fill("#name", "Eve Example")
        browser.fill("#what", "The printer prints nothing but <b>bold</b>.")
        browser.click("main form button")
        browser.wait_text("Download for Linux")
        file = self.fetch(browser)
        self.clean(browser)
        program = self.site.dir / "of-the-channel"
        shutil.copy(file, program)
        program.chmod(0o755)
        scenario = self.site.dir / "yes.json"
        scenario.write_text(json.dumps(YES))
        applet = self.site.start("of-the-channel", [program, "--headless", "--scenario", scenario])
        waiting = wait_for(lambda: [s for s in self.tech.run("session", "list", "--state", "waiting", "-o", "json").json()
                                    if s["note"].startswith("The printer")], "the session in the queue", 60, 0.3)
        self.assertEqual(waiting[0]["customer"], {"name": "Eve Example"})
        script = Script(self.tech.start("channel-technician", "session", "pickup", waiting[0]["id"], "--script", "-"))
        script.event("link")
        script.call("close", reason="done")
        self.assertEqual(applet.process.wait(60), 0, applet.tail())
        browser.open(self.site.url + "/c/nothing")
        browser.wait_text("There is no such page")

    def test_it_fits_a_telephone_and_large_letters(self):
        for agent, name in ((PHONE, "phone"), (LINUX, "narrow")):
            _, pin, link = self.new_session()
            browser = self.browser(agent, size=(360, 740))
            for step, path in (("start", link), ("german", self.site.url + "/?lang=de")):
                browser.open(path)
                browser.wait("document.readyState === 'complete'")
                self.assertLessEqual(browser.js("document.documentElement.scrollWidth"), 360, f"{name} {step}")
                self.keep(browser, f"{step}-{name}")
            browser.fill("#pin", pin)
            browser.click("main form button")
            browser.wait_text("Windows")
            self.assertLessEqual(browser.js("document.documentElement.scrollWidth"), 360, name)
            self.keep(browser, f"ready-{name}")
            for control in ("main form button", "#pin"):
                box = browser.js(f"(e => e ? e.getBoundingClientRect().height : 99)(document.querySelector('{control}'))")
                self.assertGreaterEqual(box, 44, "fingers are not pointed")
        self.assertIn("There is no program for this device", self.on_phone())

    def on_phone(self):
        _, pin, _ = self.new_session()
        browser = self.browser(PHONE, size=(360, 740))
        browser.open(self.site.url + "/")
        browser.fill("#pin", pin)
        browser.click("main form button")
        browser.wait_text("There is no program")
        return browser.text()

    def test_a_screen_reader_finds_its_way(self):
        _, pin, _ = self.new_session()
        browser = self.browser()
        browser.open(self.site.url + "/")
        browser.wait_text("Get help from")
        nodes = self.accessible(browser)
        self.assertEqual([n for n in nodes if n[0] == "heading"][0], ("heading", "Get help from Example Support", ""))
        self.assertIn(("textbox", "PIN", "Six digits or more. Spaces do not matter."), nodes)
        self.assertIn(("button", "Continue", ""), nodes)
        self.assertIn(("complementary", "Did somebody you do not know call you?", ""), nodes)
        self.assertIn(("image", "Example Support", ""), nodes)
        for landmark in ("banner", "main", "contentinfo"):
            self.assertEqual(len([n for n in nodes if n[0] == landmark]), 1, landmark)
        browser.fill("#pin", "12")
        browser.click("main form button")
        browser.wait_text("six to twelve digits")
        nodes = self.accessible(browser)
        self.assertIn("alert", [n[0] for n in nodes])
        self.assertIn(("textbox", "PIN", "A PIN has six to twelve digits. Six digits or more. Spaces do not matter."), nodes)
        browser.fill("#pin", pin)
        browser.click("main form button")
        browser.wait_text("Download for Linux")
        self.assertTrue([n for n in self.accessible(browser) if n[0] == "button" and n[1].startswith("Download for Linux (")])
        for dark in ("light", "dark"):
            browser.call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": dark}]})
            self.assertEqual(self.faint(browser), [], dark)
            self.keep(browser, f"ready-{dark}")

    @staticmethod
    def accessible(browser):
        browser.call("Accessibility.enable")
        tree = browser.call("Accessibility.getFullAXTree")["nodes"]
        value = lambda node, key: node.get(key, {}).get("value", "")
        return [(value(n, "role"), value(n, "name"), value(n, "description")) for n in tree if not n.get("ignored")]

    @staticmethod
    def faint(browser):
        """Texts whose contrast with what is behind them is below that of WCAG 2.2 AA (4.5)."""
        return browser.js("""(() => {
          const parse = (c) => (c.match(/[0-9.]+/g) || []).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
          const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
          const out = [];
          for (const e of document.querySelectorAll('h1, h2, p, li, a, button, label, summary, pre, strong')) {
            if (!e.textContent.trim() || !e.getClientRects().length) continue;
            let alpha = 1;
            for (let a = e; a; a = a.parentElement) alpha *= Number(getComputedStyle(a).opacity);
            const back = behind(e);
            const front = parse(getComputedStyle(e).color).slice(0, 3).map((v, i) => v * alpha + back[i] * (1 - alpha));
            const [a, b] = [light(front), light(back)].sort((x, y) => y - x);
            if ((a + 0.05) / (b + 0.05) < 4.5) out.push(e.tagName + ' ' + e.textContent.slice(0, 30));
          }
          return out;
        })()""")


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
