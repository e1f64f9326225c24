# SPDX-License-Identifier: Apache-2.0
"""The second factor over the API: set up, asked for, guessed, lost, required. Codes are computed here from RFC 6238."""
import base64
import hashlib
import hmac
import struct
import time
import unittest

from support import ADMIN, TECHNICIAN_PASSWORD, Broker

STEP = 30


def totp(secret, step):
    mac = hmac.new(base64.b32decode(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06}"


class Authenticator:
    """Never gives a code twice: the present step's and the next one's are good, so two are there without waiting."""

    def __init__(self, secret):
        self.secret, self.used = secret, 0

    def code(self):
        step = int(time.time()) // STEP
        if self.used > step:  # both are spent
            time.sleep(STEP - time.time() % STEP + 0.2)
            step = int(time.time()) // STEP
        self.used = max(step, self.used + 1)
        return totp(self.secret, self.used)


class SecondFactor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker("organisation = \"Example & Co\"\n[rate]\nlogin_per_address = 10000\n").start()
        cls.admin = cls.broker.login()
        cls.count = 0

    @classmethod
    def tearDownClass(cls):
        cls.broker.__exit__(None, None, None)

    def api(self, *call, **more):
        return self.broker.api(*call, **more)

    def person(self):
        type(self).count += 1
        self.email = f"person{self.count}@example.test"
        return self.broker.add_user(self.admin, self.email)

    def sign_in(self, **more):
        return self.api("POST", "/auth/login", {"email": self.email, "password": TECHNICIAN_PASSWORD, **more})

    def enrolled(self):
        token = self.person()
        made = self.api("POST", "/auth/mfa/enroll", token=token).expect(200)
        device = Authenticator(made["secret"])
        codes = self.api("POST", "/auth/mfa/confirm", {"code": device.code()}, token=token).expect(200)["recovery_codes"]
        return token, device, codes

    def test_the_whole_way(self):
        token = self.person()
        other = self.sign_in().expect(200)["token"]
        status = lambda: self.api("GET", "/auth/mfa", token=token).expect(200)
        self.assertEqual(status(), {"enrolled": False, "enrolled_at": None, "recovery_codes_left": 0, "required": False})
        made = self.api("POST", "/auth/mfa/enroll", token=token).expect(200)
        self.assertEqual(made["uri"], f"otpauth://totp/Example%20%26%20Co:{self.email.replace('@', '%40')}?secret={made['secret']}"
                                      "&issuer=Example%20%26%20Co&algorithm=SHA1&digits=6&period=30")
        self.sign_in().expect(200)  # it does not count yet
        self.api("POST", "/auth/mfa/confirm", {"code": "000000"}, token=token).expect(401, "CODE_NEEDED")
        device = Authenticator(made["secret"])
        first = device.code()
        codes = self.api("POST", "/auth/mfa/confirm", {"code": first}, token=token).expect(200)["recovery_codes"]
        self.assertEqual(len(set(codes)), 10)
        self.api("GET", "/auth/whoami", token=other).expect(401, "SIGN_IN_NEEDED")
        self.sign_in().expect(403, "CODE_NEEDED")
        self.sign_in(code=first).expect(401, "CODE_NEEDED")
        self.sign_in(code=device.code()).expect(200)
        self.sign_in(code=codes[0]).expect(200)
        self.sign_in(code=codes[0]).expect(401, "CODE_NEEDED")
        self.assertEqual(status()["recovery_codes_left"], 9)
        self.assertTrue(status()["enrolled"])
        self.api("POST", "/auth/mfa/enroll", token=token).expect(409, "CONFLICT")
        fresh = self.api("POST", "/auth/mfa/codes", {"code": codes[1]}, token=token).expect(200)["recovery_codes"]
        self.sign_in(code=codes[2]).expect(401, "CODE_NEEDED")
        self.api("POST", "/auth/mfa/remove", {"code": fresh[0]}, token=token).expect(200)
        self.sign_in().expect(200)
        log = [e["type"] for e in self.broker.log_events(self.admin, type="auth.*") if e["actor"] == self.email]
        for kind in ("auth.mfa_enrolled", "auth.recovery_code_used", "auth.recovery_codes_made", "auth.mfa_removed"):
            self.assertIn(kind, log)

    def test_a_wrong_password_asks_for_no_code(self):
        self.enrolled()
        wrong = self.api("POST", "/auth/login", {"email": self.email, "password": "wrong"}).expect(401, "SIGN_IN_NEEDED")
        nobody = self.api("POST", "/auth/login", {"email": "nobody@example.test", "password": "wrong"}).expect(401)
        self.assertEqual(wrong["message"], nobody["message"])

    def test_guessing_codes_locks_the_account_for_everything_that_takes_one(self):
        token, device, codes = self.enrolled()
        for _ in range(5):
            self.sign_in(code="123456").expect(401, "CODE_NEEDED")
        self.sign_in(code=codes[0]).expect(401, "SIGN_IN_NEEDED")
        self.api("POST", "/auth/mfa/remove", {"code": codes[0]}, token=token).expect(401, "SIGN_IN_NEEDED")
        self.api("POST", f"/users/{self.email}/unlock", token=self.admin).expect(200)
        for _ in range(5):
            self.api("POST", "/auth/mfa/codes", {"code": "123456"}, token=token).expect(401, "CODE_NEEDED")
        self.sign_in(code=codes[0]).expect(401, "SIGN_IN_NEEDED")

    def test_an_administrator_resets_it(self):
        token, _, _ = self.enrolled()
        other = self.broker.add_user(self.admin, "colleague@example.test")
        self.api("POST", f"/users/{self.email}/reset-mfa", token=other).expect(403, "DENIED")
        self.api("POST", f"/users/{self.email}/reset-mfa", token=self.admin).expect(200)
        self.api("GET", "/auth/whoami", token=token).expect(401)
        self.sign_in().expect(200)
        reset = self.broker.log_events(self.admin, type="user.mfa_reset")[-1]
        self.assertEqual((reset["actor"], reset["data"]["email"]), (ADMIN, self.email))

    def test_a_group_requires_it_from_the_next_sign_in_on(self):
        before = self.person()
        email = self.email
        self.api("POST", "/groups", {"name": "strict", "require_mfa": True}, token=self.admin).expect(201)
        self.api("PATCH", f"/users/{email}", {"group": "strict"}, token=self.admin).expect(200)
        self.api("GET", "/sessions", token=before).expect(200)
        answer = self.sign_in().expect(200)
        self.assertTrue(answer["must_enrol_mfa"])
        token = answer["token"]
        for method, path, body in (("GET", "/sessions", None), ("POST", "/sessions", {"kind": "private"}), ("GET", "/log", None)):
            self.api(method, path, body, token=token).expect(403, "MFA_ENROLMENT_REQUIRED")
        self.api("GET", "/auth/whoami", token=token).expect(200)
        made = self.api("POST", "/auth/mfa/enroll", token=token).expect(200)
        self.api("GET", "/sessions", token=token).expect(403, "MFA_ENROLMENT_REQUIRED")
        device = Authenticator(made["secret"])
        codes = self.api("POST", "/auth/mfa/confirm", {"code": device.code()}, token=token).expect(200)["recovery_codes"]
        self.api("GET", "/sessions", token=token).expect(200)
        self.assertFalse(self.sign_in(code=codes[0]).expect(200)["must_enrol_mfa"])
        self.api("POST", "/auth/mfa/remove", {"code": codes[1]}, token=token).expect(200)
        self.api("GET", "/sessions", token=token).expect(403, "MFA_ENROLMENT_REQUIRED")

    def test_an_api_token_has_none(self):
        self.api("POST", "/users", {"email": "robot@example.test", "name": "Robot", "role": "service"}, token=self.admin).expect(201)
        secret = self.api("POST", "/users/robot@example.test/tokens", {"name": "nightly", "scopes": ["log.read"]},
                          token=self.admin).expect(201)["secret"]
        self.api("POST", "/auth/mfa/enroll", token=secret).expect(403, "DENIED")

    def test_asking_for_the_code_is_no_wrong_guess(self):
        with Broker("[rate]\nlogin_per_address = 3\nrefill = \"1h\"\n") as broker:
            admin = broker.login()
            made = broker.api("POST", "/auth/mfa/enroll", token=admin).expect(200)
            device = Authenticator(made["secret"])
            broker.api("POST", "/auth/mfa/confirm", {"code": device.code()}, token=admin).expect(200)
            body = {"email": ADMIN, "password": "correct horse battery staple 17"}
            for _ in range(6):  # an office of people who sign in, each first without a code
                broker.api("POST", "/auth/login", body).expect(403, "CODE_NEEDED")
            for _ in range(3):
                broker.api("POST", "/auth/mfa/codes", {"code": "111111"}, token=admin).expect(401, "CODE_NEEDED")
            broker.api("POST", "/auth/mfa/codes", {"code": "111111"}, token=admin).expect(429, "RATE_LIMITED")

    def test_nothing_secret_reaches_the_log_or_the_database(self):
        _, device, codes = self.enrolled()
        self.sign_in(code=codes[0]).expect(200)
        texts = [device.secret, *codes]
        logged = self.broker.log_text() + "".join(str(e) for e in self.broker.log_events(self.admin, type="auth.*"))
        stored = b"".join(p.read_bytes() for p in self.broker.state.iterdir() if p.name.startswith("rescue.db"))
        for text in texts:
            self.assertNotIn(text, logged)
            self.assertNotIn(text.encode(), stored)
        self.assertNotIn(base64.b32decode(device.secret), stored)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
