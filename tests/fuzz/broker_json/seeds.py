# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of tests/fuzz/corpus/broker_json: one right body for each reader of fuzz.cpp, and some wrong ones."""
import json
import pathlib

RIGHT = [
    {"email": "ada@example.test", "password": "x", "device": "laptop"},
    {"email": "ada@example.test", "name": "Ada", "role": "technician", "password": "long enough sentence"},
    {"kind": "private", "note": "line\nline", "customer": {"name": "Eve", "phone": "1"}},
    {"console_key": "AAECAw", "generation": 9007199254740991, "join": True, "profile": "aes256-sha"},
    {"events": [{"seq": 1, "time": "2026-11-24T05:28:46.5Z", "type": "chat.message", "actor": "a", "data": {"text": "hi", "n": [1, [2]]}}]},
    {"token": "rsc_x", "name": "gw", "public_key": "AAEC", "addresses": ["h:1", "[::1]:2"], "csr_pem": "-----BEGIN\n"},
    {"pin": "123456"},
    {"guid": "0a0b0c0d-0e0f-1011-1213-141516171819", "host": {"name": "pc", "os": "Linux", "user": "eve", "version": "1"}},
    {"note": "n"},
    {"challenge": "A" * 43, "port": 4711, "state": "a" * 22},
    {"password": "x", "email": "ada@example.test", "name": "Ada", "invitation": "rsi_AAAA"},
]
WRONG = {
    "empty": b"\x08", "open": b"\x00{", "deep": b"\x04" + b'{"a":' * 200, "array": b"\x05[]", "bytes": b"\x01\xff\xfe\xfd",
    "nul": b"\x02" + json.dumps({"kind": "private", "note": "\0"}).encode(), "number": b'\x03{"console_key":"AA","generation":1e300}',
    "twice": b'\x06{"pin":"123456","pin":"x"}', "surrogate": b'\x08{"note":"\\ud800"}',
    "form": b"\x09SAMLResponse=PHg%2BPC94Pg%3D%3D&RelayState=x", "map": b'\x09{"group_map":[{"value":"v","group":"g"}],"enabled":true}',
    "accept": b'\x0a{"code":"rsi_AAAA","password":"four plain words here"}',
    "policy": b'\x0a{"settings":{"password.min_score":4,"password.max_age":null,"allowed_networks":["10.0.0.0/8"],"sso.enabled":true}}',
    "invite": b"\x0acode=rsi_AAAA&new=a+b%20c&again=%C3%A4", "change": b"\x0aemail=a%40b&current=x&otp=1&new=y&again=y",
    "transfer": b'\x08{"to":"bob@example.test","comment":"speaks French"}', "presence": b'\x08{"presence":"away"}',
    "visit": b'\x08{"channel":"billing","name":"Eve","problem":"no\\npaper"}',
    "code": b'\x09{"code":"K7QF-9XTM-2HVR","verifier":"v","device":"d"}',
}

folder = pathlib.Path(__file__).resolve().parents[1] / "corpus" / "broker_json"
folder.mkdir(parents=True, exist_ok=True)
for n, body in enumerate(RIGHT):
    (folder / f"right{n}").write_bytes(bytes([n]) + json.dumps(body).encode())
for name, data in WRONG.items():
    (folder / name).write_bytes(data)
