# SPDX-License-Identifier: Apache-2.0
"""The person to be helped, at the site's pages: enters the PIN, or writes into a channel's form, and downloads the applet."""
import hashlib
import http.client
import pathlib
import re
import ssl
import urllib.parse

from .site import Failed

LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


class Visitor:
    def __init__(self, site):
        self.site, self.cookie = site, None

    def call(self, method, path, **fields):
        """(status, headers, body). What the tests' own loopback server shows as its certificate is not what is tested here."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.site.broker_port, timeout=60, context=context)
        headers = {"User-Agent": LINUX, **({"Cookie": self.cookie} if self.cookie else {})}
        body = None
        if method == "POST":
            body = urllib.parse.urlencode(fields)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            got = response.read()
            if cookie := response.getheader("Set-Cookie"):
                self.cookie = cookie.split(";")[0]
            return response.status, response.headers, got
        finally:
            connection.close()

    def enter(self, path, **fields):
        """Sends the form at `path`, as far as the page with the download: its text."""
        status, headers, got = self.call("POST", path, **fields)
        if status != 303:
            raise Failed(f"the form at {path}: {status} {got[:2000]!r}")
        return self.call("GET", headers["Location"])[2].decode()

    def download(self, page, to):
        """The applet, checked against the SHA-256 on the page and made executable: its path and that hash."""
        status, _, program = self.call("POST", "/download", system="linux-x86_64", part="file")
        said = re.search(r'<pre id="sha256">([0-9a-f]{64})</pre>', page)
        digest = hashlib.sha256(program).hexdigest()
        if status != 200 or not said or said[1] != digest:
            raise Failed(f"the download: {status}, {len(program)} bytes, sha256 {digest}; the page says {said and said[1]}")
        to = pathlib.Path(to)
        to.write_bytes(program)
        to.chmod(0o700)
        return to, digest
