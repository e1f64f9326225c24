#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scripts and restarts of the supported machine, seen from its processes, its files, the technician's end and the log."""
import os
import pathlib
import re
import signal
import sqlite3
import stat
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from support.case import SiteCase, broken_sequences  # noqa: E402
from support.site import wait_for  # noqa: E402

YES = {"prompts": [{"answer": "yes"}], "questions": [{"answer": "yes"}]}


def alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def words(command):
    """The arguments of a desktop entry's Exec line."""
    value = command.replace("\\\\", "\\")
    return [re.sub(r"\\(.)", r"\1", m[0] or m[1]).replace("%%", "%") for m in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', value)]


class Machine(SiteCase):
    # ---- scripts

    def run_there(self, meeting, text, **fields):
        """Starts a script and returns its number once it runs."""
        self.reply = meeting.script.send("run", text=text, **fields)
        return meeting.script.event("script", state="running")["script"]

    def output(self, meeting, stream="out", until="\n"):
        text = ""
        while until not in text:
            text += meeting.script.event("script_output", stream=stream)["text"]
        return text

    def test_runs_what_the_user_has_read(self):
        meeting = self.meet(YES)
        meeting.ask("deploy_scripts")
        path = meeting.folder / "repair.py"
        path.write_text("#!/usr/bin/env python3\nimport sys\nprint('hällo', sys.argv[1:])\nprint('bad', file=sys.stderr)\nsys.exit(3)\n")
        result = meeting.script.call("run", path=str(path), arguments=["a b", "$HOME"])
        self.assertEqual((result["state"], result["exit_code"]), ("ended", 3))
        self.assertEqual(self.output(meeting), "hällo ['a b', '$HOME']\n")
        self.assertEqual(self.output(meeting, "err"), "bad\n")
        shown = [e for e in meeting.user_log() if e.get("msg") == "question"]
        self.assertEqual(len(shown), 1)
        ended = meeting.wait_log("script.ended", 2)
        self.assertEqual({e["source"] for e in ended}, {"applet", "console"})
        self.assertEqual({e["data"]["exit_code"] for e in ended}, {3})
        self.assertEqual(len({e["data"]["sha256"] for e in ended + meeting.log("script.asked")}), 1)
        self.assertEqual(meeting.script.refuse("kill", script=result["script"])["code"], 7)
        meeting.close()

    def test_ends_with_its_right(self):
        """With the permission, and with an applet that is killed."""
        for how in ("revoke", "SIGKILL"):
            with self.subTest(how=how):
                scenario = dict(YES, steps=[{"when": "chat", "do": "revoke_all"}])
                meeting = self.meet(scenario, name=how)
                meeting.ask("deploy_scripts")
                self.run_there(meeting, "setsid sleep 1000 & echo $! $$; trap '' TERM; while :; do sleep 0.1; done")
                pids = [int(p) for p in self.output(meeting).split()]
                self.assertTrue(all(map(alive, pids)))
                if how == "revoke":
                    meeting.script.call("chat", text="stop")
                    self.assertEqual(meeting.script.reply(self.reply)["state"], "killed")
                else:
                    meeting.applet.kill(signal.SIGKILL)
                wait_for(lambda p=pids: not any(map(alive, p)), f"no process of the script, {how}")
                if how == "revoke":
                    meeting.close()
                    self.assertEqual({e["data"]["outcome"] for e in meeting.wait_log("script.ended", 2)}, {"killed"})

    # ---- restart

    def set_single_prompt(self, value):
        with sqlite3.connect(self.site.broker_state / "rescue.db", timeout=20) as db:
            db.execute("update groups set single_prompt = ?", (value,))

    def machine(self, scenario=None, refuses=False):
        """A session at a machine whose `systemctl reboot` does nothing but say so in a file."""
        folder = self.site.dir / f"machine-{len(list(self.site.dir.glob('machine-*')))}"
        (folder / "bin").mkdir(parents=True)
        self.told = folder / "told"
        program = folder / "bin" / "systemctl"
        program.write_text(f"#!/bin/sh\necho \"$*\" >> {self.told}\n" + ("echo 'Access denied' >&2; exit 1\n" if refuses else ""))
        program.chmod(0o755)
        self.home = folder / "home with $pace %u"
        self.home.mkdir()
        self.env = {**self.site.env, "PATH": f"{folder}/bin:{os.environ['PATH']}", "HOME": str(self.home)}
        for variable in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            self.env.pop(variable, None)
        return self.meet(scenario or YES, env=self.env)

    def files(self, meeting):
        return (self.home / ".local/state/rescue-applet" / f"resume-{meeting.id}",
                self.home / ".config/autostart" / f"rescue-applet-{meeting.id}.desktop")

    def go_down(self, meeting, sig):
        self.assertEqual(meeting.script.call("reboot")["state"], "restarting")
        wait_for(self.told.exists, "the word to the system")
        self.assertEqual(self.told.read_text(), "--no-ask-password reboot\n")
        self.assertEqual(meeting.shown()["state"], "rebooting")
        meeting.applet.kill(sig)
        meeting.applet.process.wait(30)
        meeting.script.event("link", up=False)
        state, entry = self.files(meeting)
        self.assertEqual(stat.S_IMODE(state.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(state.parent.stat().st_mode), 0o700)
        line = next(line for line in entry.read_text().splitlines() if line.startswith("Exec="))
        return words(line[5:])

    def come_back(self, meeting, command):
        meeting.applet = self.site.start(f"again-{meeting.id[:8]}", command, env=self.env)
        meeting.script.event("reboot", state="back")
        self.assertFalse(any(p.exists() for p in self.files(meeting)), "gone at first use")
        wait_for(lambda: meeting.shown()["state"] == "active", "an active session")

    def test_the_session_goes_on_and_nothing_else_does(self):
        meeting = self.machine()
        meeting.ask("desktop_view", "remote_control", "reboot", "deploy_scripts")
        meeting.script.call("view")
        reply = meeting.script.send("run", text="sleep 1000")
        meeting.script.event("script", state="running")
        command = self.go_down(meeting, signal.SIGTERM)
        self.come_back(meeting, command)
        self.assertEqual(meeting.script.event("result", id=reply)["state"], "killed")
        state = meeting.script.call("state")
        self.assertEqual({k for k, v in state["permissions"].items() if v != "none"}, set())
        self.assertFalse(state["viewing"])
        meeting.script.call("chat", text="are you there?")
        self.assertEqual(meeting.script.refuse("view")["error"], "DENIED")
        meeting.ask("desktop_view")
        meeting.script.call("view")
        self.assertEqual([e["data"]["outcome"] for e in meeting.wait_log("reboot.ended", 2)], ["done", "done"])
        meeting.wait_log("session.rebooting")
        meeting.close()
        self.assertEqual(broken_sequences(meeting.log()), [])
        self.assertEqual(meeting.log("alert"), [])
        again = self.site.start(f"twice-{meeting.id[:8]}", command, env=self.env)
        self.assertNotEqual(again.process.wait(30), 0, "once")

    def test_one_yes_to_everything_outlasts_it(self):
        self.set_single_prompt(1)
        self.addCleanup(self.set_single_prompt, 0)
        meeting = self.machine({"prompts": [{"single": True, "answer": "yes", "times": 1}], "questions": [{"answer": "yes"}]})
        meeting.ask("reboot")
        command = self.go_down(meeting, signal.SIGKILL)
        self.come_back(meeting, command)
        meeting.script.event("consent", permission="desktop_view", state="granted")
        meeting.script.call("view")
        meeting.close()
        self.assertEqual(meeting.log("alert"), [])

    def test_a_system_that_refuses(self):
        meeting = self.machine(refuses=True)
        meeting.ask("reboot", "desktop_view")
        self.assertEqual(meeting.script.call("reboot")["state"], "restarting")
        failed = meeting.script.event("reboot", state="failed")
        self.assertIn("Access denied", failed["detail"])
        wait_for(lambda: not any(p.exists() for p in self.files(meeting)), "nothing left for a restart")
        wait_for(lambda: meeting.shown()["state"] == "active", "an active session")
        meeting.script.call("view")
        meeting.close()
        self.assertEqual(broken_sequences(meeting.log()), [])

    def test_the_users_no(self):
        meeting = self.machine({"prompts": [{"answer": "yes"}], "questions": [{"answer": "no"}]})
        mark = meeting.folder / "mark"
        self.assertEqual(meeting.script.refuse("run", text=f"touch {mark}")["error"], "DENIED")
        meeting.ask("deploy_scripts")
        hidden = meeting.script.refuse("run", text=f"touch {mark}; echo a\u202eb")
        self.assertIn("U+202E", hidden["message"])
        self.assertEqual(meeting.script.refuse("run", text=f"touch {mark}")["error"], "DENIED")
        self.assertEqual(meeting.log("script.started"), [])
        self.assertFalse(mark.exists())
        self.assertEqual(meeting.script.refuse("reboot")["error"], "DENIED")
        meeting.ask("reboot")
        self.assertEqual(meeting.script.refuse("reboot")["error"], "DENIED")
        self.assertFalse(self.told.exists())
        self.assertFalse(any(p.exists() for p in self.files(meeting)))
        meeting.close()


if __name__ == "__main__":
    unittest.main()
