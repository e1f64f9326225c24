#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A recording for an auditor: who made it cannot read it, the site's log has its hash, the auditor sees and hears all."""
import json
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase, sha256  # noqa: E402
from support.site import wait_for  # noqa: E402

SECRET = "the combination is nineteen seventeen"


class EncryptedRecording(SiteCase):
    def key(self, name):
        made = self.tech.run("recording", "keygen", "-o", self.site.dir / name, "--output", "json").json()
        return made["key_id"], made["path"], made["public_path"]

    def test_only_the_auditor_reads_it_and_the_log_has_its_hash(self):
        key_id, private, public = self.key("auditor.key")
        _, stranger, _ = self.key("stranger.key")
        folder = self.site.dir / "recordings"
        meeting = self.meet({"prompts": [{"answer": "yes"}], "desktop": {"period": "50ms"}},
                            pickup=("--record", str(folder), "--record-to", public))
        meeting.ask("record_session", "desktop_view")
        meeting.script.call("view")
        meeting.script.call("chat", text=SECRET)
        wait_for(lambda: meeting.script.call("state")["frames"] >= 10, "some pictures", 60)
        meeting.close()

        path, = folder.glob("*.rcrec")
        ended, = [e for e in meeting.wait_log("recording.ended", name=str(path)) if e["data"].get("sha256")]
        self.assertEqual(ended["data"]["sha256"], sha256(path), "the log tells which file is the session's")
        content = path.read_bytes()
        for secret in (SECRET, "ada@", "desktop_view"):
            self.assertNotIn(secret.encode(), content)

        # Without the key, and with another: the structure, and whose it is.
        verified = self.tech.run("recording", "verify", path, "-o", "json").json()
        self.assertEqual((verified["verdict"], verified["content"]), ("intact", "not read: encrypted"))
        self.assertEqual(verified["sha256"], sha256(path))
        for flags in ((), ("--key", stranger)):
            refused = self.tech.run("recording", "events", path, *flags, expect=5)
            self.assertIn(key_id, refused.err)

        # With it: all of the session on one time line, and the video.
        self.assertEqual(self.tech.run("recording", "verify", path, "--key", private, "-o", "json").json()["content"], "read")
        info = self.tech.run("recording", "info", path, "--key", private, "-o", "json").json()
        self.assertIn("@", info["head"]["technician"]["email"])
        self.assertEqual(len(info["head"]["host"]["fingerprint"]), 64)
        self.assertGreater(info["frames"], 0)
        events = self.tech.run("recording", "events", path, "--key", private, "-o", "jsonl").jsonl()
        kinds = {e["type"] for e in events}
        for kind in ("recording.started", "view.started", "display", "chat"):
            self.assertIn(kind, kinds)
        self.assertIn(SECRET, [e.get("text") for e in events])
        avi = self.site.dir / "auditor.avi"
        self.tech.run("recording", "convert", path, "-o", avi, "--key", private, timeout=120)
        probed = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                                 "stream=nb_read_frames", "-of", "json", avi], check=True, capture_output=True, timeout=60)
        self.assertGreater(int(json.loads(probed.stdout)["streams"][0]["nb_read_frames"]), 1)


if __name__ == "__main__":
    unittest.main()
