# SPDX-License-Identifier: Apache-2.0
"""The second visit of the demo: one answer for everything, a script, a restart of the machine, hold, transfer to a colleague,
and everything taken back with one key."""
import os
import pathlib
import shlex
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "readers"))
from receipt_reader import Log  # noqa: E402
from support.desktop import Desktop  # noqa: E402
from support.person import MAIN, Person  # noqa: E402
from support.site import Failed, Script, wait_for  # noqa: E402
from support.visitor import Visitor  # noqa: E402

WHO = "#!/bin/sh\n# What is this machine?\nuname -sr\nid -un\n"
BO = "bo@example.test"


def stamped_applets(site):
    """The broker gives out this build's applet, without the symbols that nobody needs on the way."""
    folder = site.dir / "applets"
    folder.mkdir()
    subprocess.run(["strip", "-o", folder / "linux-x86_64", site.bin / "rescue-applet"], check=True)
    site.broker_settings += f'\n[applets]\nlinux_x86_64 = "{folder / "linux-x86_64"}"\n'


def download(site, pin, to, step):
    """The person types the PIN at the site's page and gets a program that belongs to this session alone."""
    visitor = Visitor(site)
    applet, digest = visitor.download(visitor.enter("/", pin=pin), to)
    step(f"the person typed the PIN at {site.url}/ and downloaded the applet: {applet.stat().st_size} bytes, sha256 {digest[:16]}…, as the page says")
    return applet


class Machine:
    """The person's computer, which can be told to restart: `systemctl` there is a program of ours that only notes it."""

    def __init__(self, site, folder):
        self.site, self.restarts = site, folder / "told-to-restart"
        self.config = site.dir / "desktop" / "config"
        tools = site.dir / "machine"
        tools.mkdir()
        (tools / "systemctl").write_text(f"#!/bin/sh\necho \"$*\" >> '{self.restarts}'\n")
        (tools / "systemctl").chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"

    @property
    def env(self):
        return dict(self.site.desktop_env, PATH=self.path, XDG_CONFIG_HOME=str(self.config),
                    XDG_STATE_HOME=str(self.site.dir / "desktop" / "state"))

    def goes_down(self, *programs):
        """All that runs on it ends at once, the X server too."""
        for program in programs:
            program.kill()
        self.site.xvfb.kill()
        self.site.xvfb.wait(10)

    def comes_up(self):
        """A new X server, and a sign-in that starts what is to be started."""
        self.site.start_display()
        Desktop(self.site).start()
        entries = list((self.config / "autostart").glob("*.desktop"))
        if len(entries) != 1:
            raise Failed(f"to be started at the sign-in: {entries}")
        line = next(line for line in entries[0].read_text().splitlines() if line.startswith("Exec="))
        applet = self.site.start("applet-restarted", shlex.split(line.removeprefix("Exec=")), env=self.env)
        wait_for(lambda: not entries[0].exists(), "the entry to remove itself")
        return applet


def colleague(site):
    site.admin.run("admin", "user", "add", BO, "--name", "Bo Example", "--role", "technician", "--password-stdin",
                   stdin="a long passphrase for bo 43\n")
    bo = site.technician("bo")
    bo.login(BO, "a long passphrase for bo 43")
    return bo


def one_prompt(site):
    """The group's technicians may ask for everything at once."""
    group = site.admin.run("admin", "group", "list", "-o", "name").out.split()[0]
    site.admin.run("admin", "group", "set", group, "--single-prompt", "yes")


def pick_up(technician, session, name, verb="pickup"):
    return Script(technician.start(name, "session", verb, session, "--script", "-"))


def yes_to_everything(script, person, step):
    number = script.send("ask", permission="desktop_view")
    person.answer(True)
    script.reply(number, 30)
    allowed = sorted(script.call("state")["permissions"])
    step(f"one question about everything, one Yes: {len(allowed)} permissions")


def run_script(script, person, step):
    number = script.send("run", text=WHO, name="what is this machine")
    person.answer(True)
    done = script.reply(number, 60)
    said = "".join(e["text"] for e in script.events if e["event"] == "script_output" and e["stream"] == "out")
    if done.get("exit_code") != 0 or said.split() != subprocess.run(["sh", "-c", WHO], capture_output=True, text=True, check=True).stdout.split():
        raise Failed(f"the script: {done} {said!r}")
    step(f"a script, shown whole and allowed, ran there: {' / '.join(said.splitlines())}, exit code 0")


def restart(machine, applet, script, person, step):
    number = script.send("reboot")
    person.answer(True)
    script.reply(number, 60)
    wait_for(machine.restarts.exists, "the machine to be told to restart", 60)
    machine.goes_down(applet)
    step(f"the person allowed a restart: systemctl {machine.restarts.read_text().strip()}; the machine is down")
    applet = machine.comes_up()
    script.event("reboot", timeout=60, state="back")
    step("the machine is up, the person has signed in: the same session goes on, the entry that started it is gone")
    script.call("chat", text="There you are again.", timeout=60)
    return applet


def hold_and_resume(tech, session, script, step):
    tech.run("session", "hold", session, "--reason", "I ask a colleague")
    wait_for(lambda: tech.run("session", "show", session, "-o", "json").json()["state"] == "on_hold", "the session to be on hold")
    script.program.process.wait(30)
    step("session put on hold: the technician's link has ended, the person's window says so")
    script = pick_up(tech, session, "script-resumed", "resume")
    script.call("chat", text="Back with you; my colleague Bo knows this.", timeout=60)
    step("and taken up again by the same technician")
    return script


def transfer(tech, bo, session, script, step):
    tech.run("session", "transfer", session, "--to", BO, "--comment", "knows this printer")
    script = pick_up(bo, session, "script-bo")
    script.call("chat", text="Hello, Bo here.", timeout=60)
    step(f"session transferred to {BO} with a comment; Bo has picked it up")
    return script


def take_back(script, person, step):
    number = script.send("ask", permission="desktop_view")
    person.answer(True)
    script.reply(number, 30)
    script.call("view")
    person.press("F12")
    script.event("view", active=False, reason="revoked")
    step("the person pressed F12: Bo sees nothing any more")


def second_visit(site, tech, out, step):
    bo, machine = colleague(site), Machine(site, out)
    one_prompt(site)
    created = tech.run("session", "create", "--note", "second visit", "-o", "json").json()
    session = created["id"]
    step(f"second visit: PIN {created['pin']}")
    applet = site.start("applet-second", [download(site, created["pin"], out / "rescue-applet-second", step)], env=machine.env)
    tech.run("session", "wait", session, "--state", "waiting", "--timeout", "30s")
    script = pick_up(tech, session, "script-second")
    person = Person(site)
    person.wait_window(MAIN)
    yes_to_everything(script, person, step)
    run_script(script, person, step)
    applet = restart(machine, applet, script, person, step)
    script = hold_and_resume(tech, session, script, step)
    script = transfer(tech, bo, session, script, step)
    take_back(script, Person(site), step)
    script.call("close", reason="the printer prints")
    applet.process.wait(30)
    wait_for(lambda: "closed" in tech.run("session", "explain", session).out, "the site to have the end of it")
    step("second visit ended by Bo; `rescue session explain` tells how it went:")
    for line in tech.run("session", "explain", session).out.splitlines():
        if " path: " not in line:
            print("           " + line.replace("\t", "  "))
    check_receipts(tech, session, step)


def check_receipts(tech, session, step):
    """By a reader that shares no line with what wrote them."""
    log = Log(tech.run("log", "query", "--session", session, "--all", "-o", "jsonl").jsonl())
    if log.problems:
        raise Failed(f"receipts: {log.problems}")
    step(f"{len(log.receipts)} answers of the person, signed by the machine's key, cover all {log.operations} operations in the log")
