# SPDX-License-Identifier: Apache-2.0
"""What matrix_test.py does to the supported end, action by action: how a console begins each on the wire, and what must then
be seen from outside. The expectations are written by hand from man rescue-protocol(7)."""
import base64
import dataclasses
import hashlib

# Numbers of session.fbs.
VIEW, CONTROL, TO_CONSOLE, SYSINFO, FILES, URL, REBOOT, CREDENTIALS, CLIPBOARD, SCRIPT = 1, 2, 5, 6, 8, 9, 10, 11, 12, 13
NOT_IN_GRANT, NO_CONSENT, BAD_NAME, TOO_LARGE, UNAVAILABLE = 1, 2, 5, 6, 8     # RefusalReason
STOP_REVOKED = 2                                                              # StopReason
FILE_NO_PERMISSION, FILE_BAD_NAME, FILE_TOO_LARGE, FILE_DISK, FILE_REVOKED = 3, 4, 5, 6, 9  # FileStop
ASKED, DONE, DECLINED, CANCELED = 1, 2, 3, 6                                  # Outcome
RUNNING, ENDED, SCRIPT_FAILED, KILLED = 2, 3, 6, 7                            # ScriptPhase
FS_LIST, FS_STAT, FS_MAKE, FS_RENAME, FS_REMOVE, FS_GET, FS_PUT = 2, 3, 4, 5, 6, 7, 8  # FsOp
FS_OK, FS_NOT_FOUND, FS_DENIED, FS_BAD_NAME, FS_OUTSIDE = 0, 1, 2, 6, 10     # FsStatus
FILES_OF_TREES = 1 << 30  # the purpose in a transfer's number
GiB = 1 << 30


@dataclasses.dataclass
class Row:
    """One action. `ask`: (channel, message, fields) that begins it. `refused`: the message by which the applet says no, given
    a RefusalReason. `over`: the message that says that it has ended because the user took it back; `ended`: that event in
    the log. `malformed`: one that breaks the protocol."""
    name: str
    permission: str
    ask: tuple
    refused: object
    over: tuple = ()
    ended: tuple = ()
    malformed: tuple = ()


def action(number, request=0):
    return lambda reason: ("ActionRefused", {"action": number, "id": request, "reason": reason})


def file_refused(_):
    return "FileReject", {"transfer": 1, "reason": FILE_NO_PERMISSION}


def text_bytes(text):
    return list(text.encode())


ROWS = (
    Row("view", "desktop_view", ("control", "ViewStart", {"display": 0}), action(VIEW),
        ("ViewState", {"active": False, "reason": STOP_REVOKED}), ("view.ended", {"reason": "revoked"}),
        (("chat", "ViewStart", {"display": 0}),)),
    Row("control", "remote_control", ("control", "ControlStart", {"request": 1}), action(CONTROL, 1),
        ("ControlState", {"active": False, "reason": STOP_REVOKED}), ("control.ended", {"reason": "revoked"}),
        (("input", "InputText", {"text": "x" * 5000}),)),
    Row("send a file", "send_files", ("files", "FileOffer", {"transfer": 1, "size": 10_000_000, "name": "half.bin"}),
        file_refused, ("FileReject", {"transfer": 1, "reason": FILE_REVOKED}),
        ("file.failed", {"direction": "to_applet", "reason": "revoked"}),
        (("files", "FileChunk", {"transfer": 1, "offset": 0, "data": [0] * 65537}),)),
    Row("fetch a file", "receive_files", ("files", "FileRequest", {"request": 1}), action(TO_CONSOLE, 1),
        ("FileCancel", {"reason": FILE_REVOKED}), ("file.failed", {"direction": "to_console", "name": "of-the-user.bin", "reason": "revoked"}),
        (("files", "FileAccept", {"transfer": 1, "offset": 5, "prefix_sha256": [1] * 31}),)),
    Row("file manager", "file_manager", ("files", "FsRequest", {"request": 1, "op": FS_LIST, "path": "/"}), action(FILES, 1), (),
        ("files.ended", {"operation": "get", "outcome": "revoked"}),
        (("files", "FsRequest", {"request": 1, "op": FS_STAT, "path": "/" * 4097}),)),
    Row("system information", "system_information", ("files", "SysinfoRequest", {"request": 1}), action(SYSINFO, 1), (), (),
        (("files", "SysinfoRequest", {"request": 1, "sections": ["x"] * 65}),)),
    Row("address", "send_urls", ("control", "UrlSend", {"request": 1, "url": "https://support.example/page"}), action(URL, 1),
        ("UrlState", {"request": 1, "outcome": CANCELED}), ("url.ended", {"outcome": "canceled"}),
        (("control", "UrlState", {"request": 1, "outcome": DONE}),)),
    Row("restart", "reboot", ("control", "RebootRequest", {"request": 1}), action(REBOOT, 1),
        ("RebootState", {"request": 1, "outcome": CANCELED}), ("reboot.ended", {"outcome": "canceled"}),
        (("control", "RebootRequest", {"request": 1, "kind": 7}),)),
    Row("credentials", "windows_credentials", ("control", "CredentialsRequest", {"request": 1, "reason": "to repair it"}),
        action(CREDENTIALS, 1), ("CredentialsState", {"request": 1, "outcome": CANCELED}),
        ("credentials.ended", {"outcome": "canceled"}),
        (("control", "CredentialsRequest", {"request": 1, "reason": "x" * 1001}),)),
    Row("clipboard", "clipboard_sync", ("control", "ClipboardStart", {"to_applet": True, "to_console": True}), action(CLIPBOARD),
        ("ClipboardState", {"to_applet": False, "to_console": False}), ("clipboard.ended", {}),
        (("files", "ClipboardText", {"serial": 1, "text": [65] * 65537}),)),
    Row("script", "deploy_scripts", ("files", "ScriptRun", {"request": 1, "interpreter": "sh", "text": "echo hello"}),
        action(SCRIPT, 1), ("ScriptState", {"request": 1, "phase": KILLED}), ("script.ended", {"outcome": "killed"}),
        (("files", "ScriptRun", {"request": 1, "text": "#" * (256 * 1024 + 1)}),)),
)

# Names that leave a folder, hide what they are, or are none.
BAD_FILE_NAMES = ("../evil", "a/b", "..", ".", "", "a\\b", "con\nsole", "\u202egnp.exe", "\x1b[31mred", "n" * 241)
BAD_ADDRESSES = ("javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ftp://host/", "http://", "", "no address",
                 "https://a\nb.example/", " https://a.example/", "HTTPS:/\\a.example")
BAD_SCRIPTS = ({"name": "up\x1b[2Jdate", "text": "true"}, {"name": "safe", "text": "echo safe #\u202edlrow"},
               {"name": "safe\nRun? yes", "text": "true"}, {"text": "echo a\u200bb"})


def digests(data):
    return {"size": len(data), "md5": list(hashlib.md5(data).digest()), "sha256": list(hashlib.sha256(data).digest())}


def decoded(fields, name):
    """A vector of bytes of a message, as the console prints it."""
    value = fields.get(name, [])
    return bytes(value) if isinstance(value, list) else base64.b64decode(value)
