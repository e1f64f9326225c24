# SPDX-License-Identifier: Apache-2.0
"""What nobody in particular can make a broker hold: unfinished requests over raw sockets, and what is answered meanwhile."""
import concurrent.futures
import json
import pathlib
import socket
import sqlite3
import ssl
import unittest

from support import ADMIN, PASSWORD, Broker, wait_for

MIB = 1024 * 1024
# Of lib/net/limits.hpp.
TOTAL, PER_ADDRESS = 64 * MIB, 16 * MIB
BODY = 1_000_000
CONNECTIONS = 300
ROOM = 48 * MIB  # for three hundred TLS connections, with sanitizers


class Unfinished:
    """One request from `source` of which the last byte is missing, sent as far as the broker takes it."""

    def __init__(self, broker, source):
        raw = socket.create_connection(("127.0.0.1", broker.port), timeout=30, source_address=(source, 0))
        self.socket = broker.tls().wrap_socket(raw, server_hostname="127.0.0.1")
        self.answer = b""
        head = f"POST /api/v1/applet/log HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {BODY + 1}\r\n\r\n"
        self.socket.sendall(head.encode())
        try:
            self.socket.sendall(b" " * BODY)
        except OSError:
            pass  # refused meanwhile; the answer says so

    def refusal(self):
        """Status and JSON, or None while the broker waits for the rest."""
        self.socket.settimeout(0.01)
        try:
            while chunk := self.socket.recv(65536):
                self.answer += chunk
        except (TimeoutError, ssl.SSLWantReadError):
            pass
        except OSError:
            return (0, {}) if not self.answer else self._read()
        return self._read() if b"\r\n\r\n" in self.answer else None

    def _read(self):
        head, body = self.answer.split(b"\r\n\r\n", 1)
        return int(head.split(b" ")[1]), {**json.loads(body), "head": head.decode().lower()}

    def close(self):
        self.socket.close()


def resident(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


def metric(broker, name):
    for line in broker.call("GET", "/metrics").expect(200).splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    raise AssertionError(f"no metric {name}")


class RequestMemory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # A sanitizer's quarantine would keep what the broker has freed.
        cls.broker = Broker(environment={"ASAN_OPTIONS": "quarantine_size_mb=1:malloc_context_size=2"})
        cls.broker.__enter__()
        cls.broker.login()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def fill(self, sources):
        """One unfinished megabyte for each of `sources`; those that the broker refused, and those that it holds."""
        opened = []
        try:
            for source in sources:
                opened.append(Unfinished(self.broker, source))
            refused, held = [], []
            for one in opened:
                got = one.refusal()
                (held if got is None else refused).append((one, got))
            return opened, held, refused
        except BaseException:
            for one in opened:
                one.close()
            raise

    def sign_in_from(self, source):
        context = self.broker.tls()
        with socket.create_connection(("127.0.0.1", self.broker.port), timeout=60, source_address=(source, 0)) as raw, \
                context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
            body = json.dumps({"email": ADMIN, "password": PASSWORD})
            tls.sendall((f"POST /api/v1/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
            return int(tls.recv(4096).split(b" ")[1])

    def test_one_address_has_its_share(self):
        before = resident(self.broker.process.pid)
        opened, held, refused = self.fill(["127.0.0.1"] * CONNECTIONS)
        try:
            self.assertLessEqual(len(held) * BODY, PER_ADDRESS)
            self.assertGreater(len(held) * BODY, PER_ADDRESS // 2)
            for _, (status, told) in refused:
                if status:  # a few are cut while they still send
                    self.assertEqual((status, told["error"], told["retryable"]), (503, "UNAVAILABLE", True))
                    self.assertIn("retry-after: 5", told["head"])
                    self.assertIn("this address", told["message"])
            self.assertGreater(sum(status == 503 for _, (status, _) in refused), CONNECTIONS // 2)
            grown = resident(self.broker.process.pid) - before
            self.assertLess(grown, 2 * PER_ADDRESS + ROOM, f"{grown / MIB:.0f} MiB for {CONNECTIONS} unfinished requests")
            self.assertEqual(self.sign_in_from("127.0.0.2"), 200, "others are served")
            self.assertGreater(metric(self.broker, "rescue_broker_requests_refused_busy_total"), CONNECTIONS // 2)
        finally:
            for one in opened:
                one.close()
        wait_for(lambda: metric(self.broker, "rescue_broker_request_bytes") == 0, "the memory to be given back")

    def test_all_together_have_theirs_and_people_can_still_sign_in(self):
        before = resident(self.broker.process.pid)
        opened, held, refused = self.fill([f"127.0.1.{1 + n % 12}" for n in range(120)])
        try:
            self.assertLessEqual(len(held) * BODY, TOTAL)
            self.assertTrue(refused)
            self.assertTrue(any("too many requests are under way" in told.get("message", "") for _, (_, told) in refused))
            grown = resident(self.broker.process.pid) - before
            self.assertLess(grown, 2 * TOTAL + ROOM, f"{grown / MIB:.0f} MiB")
            self.assertEqual(self.sign_in_from("127.0.2.1"), 200)
        finally:
            for one in opened:
                one.close()
        wait_for(lambda: metric(self.broker, "rescue_broker_request_bytes") == 0, "the memory to be given back")


class Guessing(unittest.TestCase):
    """Many people behind one address at the same instant: none is taken for a guesser, and no guesser gains by it."""
    TOGETHER = 40

    def at_once(self, broker, path, bodies):
        """The statuses of these requests, which all stand on open connections before the first is sent."""
        sockets = []
        for _ in bodies:
            raw = socket.create_connection(("127.0.0.1", broker.port), timeout=60)
            sockets.append(broker.tls().wrap_socket(raw, server_hostname="127.0.0.1"))
        for one, body in zip(sockets, bodies):
            text = json.dumps(body)
            one.sendall((f"POST /api/v1{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                         f"Content-Length: {len(text)}\r\n\r\n{text}").encode())
        statuses = [int(one.recv(4096).split(b" ")[1]) for one in sockets]
        for one in sockets:
            one.close()
        return statuses

    def test_right_pins_of_one_address_at_once(self):
        with Broker() as broker:
            admin = broker.login()
            pins = [broker.new_session(admin)["pin"] for _ in range(self.TOGETHER)]
            self.assertEqual(self.at_once(broker, "/pin", [{"pin": pin} for pin in pins]), [200] * self.TOGETHER)
            self.assertEqual(metric(broker, "rescue_broker_pins_limited_total"), 0)

    def test_right_passwords_of_one_address_at_once(self):
        with Broker() as broker:
            right = {"email": ADMIN, "password": PASSWORD}
            self.assertEqual(self.at_once(broker, "/auth/login", [right] * 12), [200] * 12)

    def test_wrong_pins_at_once_get_no_more_than_the_allowance(self):
        with Broker("[rate]\npin_per_address = 3\n") as broker:
            pin = broker.new_session(broker.login())["pin"]
            wrong = [{"pin": f"{n:06}"} for n in range(self.TOGETHER) if f"{n:06}" != pin]
            statuses = self.at_once(broker, "/pin", wrong)
            self.assertEqual((statuses.count(404), statuses.count(429)), (3, len(wrong) - 3))
            broker.api("POST", "/pin", {"pin": pin}).expect(429, "RATE_LIMITED")


class LogQueries(unittest.TestCase):
    """A log so long that a query whose filter fits nothing takes a while."""
    ROWS = 2_000_000
    SLOW = "/log?source=gateway"  # no row has it, and no index

    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("[log]\nquery_limit = \"50s\"\n")
        cls.broker.start()
        cls.admin = cls.broker.login()
        cls.broker.stop()
        with sqlite3.connect(cls.broker.state / "rescue.db") as database:
            database.execute("PRAGMA synchronous=OFF")
            database.execute(
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) INSERT INTO log_events "
                "(session, source, origin, seq, time, server_time, type, actor, data) SELECT zeroblob(16), 'broker', "
                "zeroblob(16), i + 1000, 1000000 + i, 2000000000000000 + i, 'link.up', 'x', '{}' FROM n", [cls.ROWS])
        database.close()
        cls.broker.start()

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def restart(self, limit):
        self.broker.stop()
        self.broker.config.write_text(f"[log]\nquery_limit = \"{limit}\"\n")
        self.broker.start()

    def test_others_are_answered_while_queries_walk(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            queries = [pool.submit(self.broker.api, "GET", self.SLOW, token=self.admin) for _ in range(8)]
            wait_for(lambda: metric(self.broker, "rescue_broker_queue") > 0, "more queries than threads for them")
            for _ in range(5):
                self.broker.api("GET", "/auth/whoami", token=self.admin).expect(200)
                self.broker.api("GET", "/sessions", token=self.admin).expect(200)
            self.assertGreaterEqual(sum(not q.done() for q in queries), 3, "they were answered first")
            for query in queries:
                self.assertEqual(query.result().expect(200)["events"], [])

    def test_a_query_that_takes_too_long_says_so(self):
        self.restart("5ms")
        try:
            told = self.broker.api("GET", self.SLOW, token=self.admin)
            self.assertEqual((told.status, told.error), (503, "TIMED_OUT"))
            self.assertIn("narrow it by session", told.json["message"])
            self.broker.api("GET", "/log?limit=1", token=self.admin).expect(200)
        finally:
            self.restart("50s")

    def test_a_query_ends_when_its_client_leaves(self):
        sockets = []
        for _ in range(40):
            raw = socket.create_connection(("127.0.0.1", self.broker.port), timeout=30)
            one = self.broker.tls().wrap_socket(raw, server_hostname="127.0.0.1")
            one.sendall(f"GET /api/v1{self.SLOW} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.admin}\r\n\r\n"
                        .encode())
            sockets.append(one)
        wait_for(lambda: metric(self.broker, "rescue_broker_queue") > 30, "the queries to wait")
        for one in sockets:
            one.close()
        answered = lambda: self.broker.log_text().count('"path":"/api/v1/log","status":200')  # noqa: E731
        before = answered()
        self.broker.api("GET", "/log?limit=1", token=self.admin).expect(200)
        self.assertLess(answered() - before, 5, "it did not wait for forty that nobody wants")


if __name__ == "__main__":
    unittest.main()
