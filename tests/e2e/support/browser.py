# SPDX-License-Identifier: Apache-2.0
"""A real browser for tests: Debian's Chromium without a window, driven over a pipe (the DevTools protocol, JSON messages that
end in NUL on descriptors 3 and 4). Needs nothing but the browser. Errors of pages and of their scripts are kept, so that a test
can say that a page had none."""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import time

from .site import Failed

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


def above_standard(fd):
    """The same file under a number that the browser does not use."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


class Browser:
    """One browser with one page and a profile of its own. A context manager; leaving it ends every process of it."""

    def __init__(self, log_dir, env=None, script=True, size=(1000, 800)):
        self.profile = pathlib.Path(tempfile.mkdtemp(prefix="rsc-web-"))
        self.log_path = pathlib.Path(log_dir) / f"browser-{self.profile.name[-6:]}.log"
        (to_browser, self.out), (self.inp, from_browser) = (map(above_standard, os.pipe()) for _ in range(2))
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                 "--no-default-browser-check", "--disable-extensions", "--disable-background-networking", "--disable-sync",
                 "--disable-component-update", "--password-store=basic", "--use-mock-keychain", "--no-proxy-server", "--log-level=3",
                 "--remote-debugging-pipe", f"--user-data-dir={self.profile}", f"--window-size={size[0]},{size[1]}", "about:blank"]
        # The shell puts the pipes where the browser looks for them, whatever numbers they have here.
        line = f'exec "$@" 3<&{to_browser} 4>&{from_browser} {to_browser}<&- {from_browser}>&-'
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(["bash", "-c", line, "browser", CHROMIUM, *flags], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=dict(env or os.environ, HOME=str(self.profile)),
                                            pass_fds=(to_browser, from_browser), start_new_session=True)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer, self.count, self.replies, self.events = b"", 0, {}, []
        self.session = None
        self.problems = []  # texts of errors on the console, exceptions of scripts and refusals by a content policy
        try:
            target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
            self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.call(f"{domain}.enable")
            # The sites of tests have authorities of their own, which no browser knows.
            self.call("Security.setIgnoreCertificateErrors", {"ignore": True})
            if not script:
                self.call("Emulation.setScriptExecutionDisabled", {"value": True})
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()

    def close(self):
        for end in (self.out, self.inp):
            try:
                os.close(end)
            except OSError:
                pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        shutil.rmtree(self.profile, ignore_errors=True)

    # -- protocol ----------------------------------------------------------------------------------------------------
    def _read(self, timeout):
        """Takes what has come; False when nothing came in time."""
        if not select.select([self.inp], [], [], max(0, timeout))[0]:
            return False
        chunk = os.read(self.inp, 1 << 20)
        if not chunk:
            raise Failed(f"the browser ended: {self.log_path.read_text(errors='replace')[-1500:]}")
        *messages, self.buffer = (self.buffer + chunk).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.replies[message["id"]] = message
            else:
                self._event(message)
        return True

    def _event(self, message):
        method, params = message["method"], message.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            if params["entry"].get("url", "").endswith("/favicon.ico"):
                return  # asked for by the browser when it has the time, not by the page
            self.problems.append(params["entry"]["text"] + " " + params["entry"].get("url", ""))
        elif method in ("Page.frameNavigated", "Network.requestWillBeSent"):
            self.events.append((method, params))

    def call(self, method, params=None, timeout=60):
        self.count += 1
        number = self.count
        message = {"id": number, "method": method, "params": params or {}}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        while number not in self.replies:
            if not self._read(deadline - time.monotonic()):
                raise Failed(f"the browser gave no answer to {method} within {timeout} s")
        reply = self.replies.pop(number)
        if "error" in reply:
            raise Failed(f"{method}: {reply['error']}")
        return reply["result"]

    # -- what a person does --------------------------------------------------------------------------------------------
    def open(self, url):
        """Goes there. Gives what kept it from arriving, "" when nothing did."""
        return self.call("Page.navigate", {"url": url}).get("errorText", "")

    def js(self, expression):
        """The value of a JavaScript expression in the page; None while no page is there (between two of them)."""
        try:
            got = self.call("Runtime.evaluate", {"expression": expression, "returnByValue": True, "awaitPromise": True})
        except Failed as gone:
            if "context" in str(gone) or "navigated" in str(gone):
                return None
            raise
        if "exceptionDetails" in got:
            raise Failed(f"{expression}: {got['exceptionDetails']}")
        return got["result"].get("value")

    def wait(self, expression, what=None, timeout=60):
        """Waits until the expression is true; gives its value."""
        deadline = time.monotonic() + timeout
        while True:
            try:
                got = self.js(expression)
            except Failed as fault:
                if "TypeError" not in str(fault):  # an element that is not there yet
                    raise
                got = None
            if got:
                return got
            if time.monotonic() > deadline:
                raise Failed(f"waited {timeout} s for {what or expression}; the page {self.url()} says: {self.text()[:1500]}")
            self._read(0.05)

    def url(self):
        return self.js("location.href")

    def text(self):
        return self.js("document.body ? document.body.innerText : ''") or ""

    def wait_text(self, part, timeout=60):
        return self.wait(f"document.body && document.body.innerText.includes({json.dumps(part)})", f"the text '{part}'", timeout)

    def fill(self, selector, text):
        """Clicks into the field and types, as keys do; scripts of the page hear of it."""
        self.wait(f"(e => e && (e.focus(), e.select && e.select(), true))(document.querySelector({json.dumps(selector)}))",
                  f"the field {selector}")
        self.call("Input.insertText", {"text": text})

    def click(self, selector):
        self.wait(f"(e => e && (e.click(), true))(document.querySelector({json.dumps(selector)}))", f"the element {selector}")

    def requested(self):
        """The URLs of all requests so far."""
        return [params["request"]["url"] for method, params in self.events if method == "Network.requestWillBeSent"]

    def screenshot(self, path):
        got = self.call("Page.captureScreenshot", {"format": "png"})
        pathlib.Path(path).write_bytes(base64.b64decode(got["data"]))
