#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The story of Rescue, for real: a person at an X desktop is helped by a technician at a shell. One line per step.

usage: demo.py --build DIR [--keep] [--out DIR]
"""
import argparse
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import demo_desk  # noqa: E402
from support.desktop import Desktop  # noqa: E402
from support.person import MAIN, Person  # noqa: E402
from support.site import Failed, Script, Site, wait_for  # noqa: E402

START = time.monotonic()


def step(text):
    print(f"[{time.monotonic() - START:6.1f} s] {text}", flush=True)


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def expect(what, got, wanted):
    if got != wanted:
        raise Failed(f"{what}: got {got!r}, expected {wanted!r}")


def servers(site):
    demo_desk.stamped_applets(site)
    site.up()
    step(f"broker at {site.url}, gateway at 127.0.0.1:{site.gateway_port}; development CA {site.ca_pin[:16]}…")
    tech = site.technician("tech")
    site.admin.run("admin", "user", "add", "ada@example.test", "--name", "Ada Example", "--role", "technician",
                   "--password-stdin", stdin="a long passphrase for ada 42\n")
    tech.login("ada@example.test", "a long passphrase for ada 42")
    step(f"technician signed in: {tech.run('whoami', '-o', 'json').json()['email']}")
    return tech


def desktop(site):
    site.start_display()
    desk = Desktop(site)
    desk.start()
    step(f"X desktop on {site.display}: openbox, a terminal that shows load, a terminal that writes what is typed to a file")
    return desk


def meet(site, tech, out):
    created = tech.run("session", "create", "--note", "demo", "-o", "json").json()
    step(f"session created, PIN {created['pin']}")
    applet = demo_desk.download(site, created["pin"], out / "rescue-applet-from-the-site", step)
    offered = out / "report-from-the-pc.txt"
    offered.write_text("\n".join(f"line {n} of a report on the supported machine" for n in range(5000)))
    downloads = out / "downloads-on-the-pc"
    downloads.mkdir()
    site.start("applet", [applet, "--download-dir", downloads, "--offer-file", offered], env=site.desktop_env)
    tech.run("session", "wait", created["id"], "--state", "waiting", "--timeout", "30s")
    step("the applet has registered and waits at the gateway")
    program = tech.start("script", "session", "pickup", created["id"], "--script", "-", "--record", out)
    person = Person(site)
    person.wait_window(MAIN)
    script = Script(program)
    # --record makes the technician's side ask at once.
    person.answer(True)
    script.event("consent", permission="record_session", state="granted")
    step("asked for record_session: the person pressed Yes")
    return created["id"], script, person, offered, downloads


def talk(script, person):
    script.call("chat", text="Hello, this is Ada from Example Support. May I look at your screen?")
    step("technician: Hello, this is Ada from Example Support. May I look at your screen?")
    person.say("yes please, my terminal is stuck")
    got = script.event("chat", **{"from": "applet"})
    expect("chat from the person", got["text"], "yes please, my terminal is stuck")
    step(f"person typed into the applet's window: {got['text']}")


def ask(script, person, permission, yes=True):
    number = script.send("ask", permission=permission)
    person.answer(yes)
    got = script.reply(number, 30)
    step(f"asked for {permission}: the person pressed {'Yes' if yes else 'No'} ({got['event']})")
    return got


def help_out(script, person, desk, out):
    refused = script.refuse("view")
    step(f"view before consent: refused ({refused['error']})")
    ask(script, person, "desktop_view")
    script.call("view")
    ask(script, person, "remote_control")
    script.call("control")
    x, y = desk.centre_of_editor()
    for buttons in (0, 1, 0):
        script.call("pointer", x=x, y=y, buttons=buttons)
    wait_for(lambda: desk.active() == desk.window("editor"), "the click to give the terminal the keyboard")
    text = "typed by the technician: Grüße, 3 × 14 = 42"
    script.call("type", text=text + "\n")
    wait_for(lambda: desk.typed().rstrip("\n") == text, f"the terminal to have got the text, it has {desk.typed()!r}")
    step(f"remote control: the program on the desktop received: {desk.typed().strip()}")
    picture = out / "desktop.png"
    script.call("screenshot", path=str(picture))
    script.call("uncontrol")
    return picture


def fetched_folder(out):
    folder = out / "fetched-by-the-technician"
    folder.mkdir(exist_ok=True)
    return folder


def exchange(script, person, tech_file, downloads, offered, out):
    ask(script, person, "send_files")
    sent = script.call("send", path=str(tech_file), timeout=60)
    received = downloads / tech_file.name
    wait_for(received.exists, "the sent file")
    expect("SHA-256 of the sent file on both sides", sha256(received), sha256(tech_file))
    step(f"file sent: {tech_file.name}, {tech_file.stat().st_size} bytes, sha256 {sha256(received)[:16]}… on both sides")
    ask(script, person, "receive_files")
    got = script.call("receive", directory=str(fetched_folder(out)), timeout=60)
    fetched = pathlib.Path(got["path"])
    expect("SHA-256 of the received file on both sides", sha256(fetched), sha256(offered))
    step(f"file received: {offered.name}, {offered.stat().st_size} bytes, sha256 {sha256(fetched)[:16]}… on both sides")
    return sent


def system_information(script, person):
    ask(script, person, "system_information")
    got = script.call("sysinfo")
    items = {f"{name}.{key}": value for name, section in got["sections"].items() for key, value in section.items()}
    step(f"system information: {len(items)} items, for example " + ", ".join(f"{k}={v}" for k, v in list(items.items())[:3]))


def convert(tech, out):
    rcrec = max(out.glob("*.rcrec"), key=lambda p: p.stat().st_mtime)
    info = tech.run("recording", "info", rcrec, "-o", "json").json()
    tech.run("recording", "verify", rcrec)
    step(f"recording {rcrec.name}: {rcrec.stat().st_size} bytes, verifies")
    avi = out / "session.avi"
    tech.run("recording", "convert", rcrec, "-o", avi, timeout=120)
    probe = json.loads(subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-select_streams", "v:0", "-show_entries",
                                       "stream=codec_name,width,height,nb_read_frames:format=duration", "-of", "json", avi],
                                      check=True, capture_output=True).stdout)
    stream = probe["streams"][0]
    step(f"converted to AVI: {stream['codec_name']} {stream['width']}x{stream['height']}, {stream['nb_read_frames']} frames, "
         f"{float(probe['format']['duration']):.1f} s, {avi.stat().st_size} bytes (ffprobe)")
    return rcrec, avi, info


def audit(tech, session, out):
    log = out / "session-log.jsonl"
    wait_for(lambda: "session.closed" in tech.run("log", "query", "--session", session, "--all", "-o", "jsonl").out, "the log to be complete")
    log.write_text(tech.run("log", "query", "--session", session, "--all", "-o", "jsonl").out)
    types = [json.loads(line)["type"] for line in log.read_text().splitlines()]
    for needed in ("session.created", "session.applet_registered", "session.picked_up", "chat.message", "consent.granted",
                   "view.started", "control.started", "file.sent", "sysinfo.sent", "recording.ended", "session.closed"):
        if needed not in types:
            raise Failed(f"the log has no {needed}: {sorted(set(types))}")
    step(f"log: {len(types)} events, {len(set(types))} kinds; `rescue log show {session}` reads it like this:")
    for line in tech.run("log", "show", session).out.splitlines()[-6:]:
        print("           " + line)
    return log


def keep_running(site):
    site.admin.run("admin", "user", "add", "bob@example.test", "--name", "Bob Example", "--role", "technician",
                   "--password-stdin", stdin="a long passphrase for bob 43\n")
    bob = site.technician("bob")
    bob.login("bob@example.test", "a long passphrase for bob 43")
    created = bob.run("session", "create", "--note", "second session, left open", "-o", "json").json()
    site.start_applet("--server", site.url, "--ca-pin", site.ca_pin, "--pin", created["pin"], name="applet-kept")
    bob.run("session", "wait", created["id"], "--state", "waiting", "--timeout", "30s")
    print(f"""
All is still running: broker, gateway, X display {site.display}, an applet that waits. Be the second technician, Bob:

  export PATH={site.bin}:$PATH HOME={bob.home} XDG_RUNTIME_DIR={bob.runtime} \\
         XDG_CONFIG_HOME={bob.home}/config XDG_STATE_HOME={bob.home}/state
  rescue session list
  rescue session pickup {created['id']}        # then chat, /view, /control, /send FILE, /sysinfo, /close

Answer for the person: DISPLAY={site.display} xdotool key alt+y    Look at the desktop: any VNC server or screenshot tool on {site.display}
Ctrl-C here ends everything.""", flush=True)
    stopped = []
    for sig in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sig, lambda *_: stopped.append(True))
    while not stopped:
        time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--keep", action="store_true", help="leave everything running and print how to join")
    parser.add_argument("--out", help="folder for recording, AVI, picture and log (default: build/demo-TIME)")
    args = parser.parse_args()
    out = pathlib.Path(args.out or pathlib.Path(args.build).parent / f"demo-{time.strftime('%Y%m%d-%H%M%S')}").resolve()
    out.mkdir(parents=True, exist_ok=True)
    with Site(args.build) as site:
        tech = servers(site)
        desk = desktop(site)
        session, script, person, offered, downloads = meet(site, tech, out)
        talk(script, person)
        picture = help_out(script, person, desk, out)
        tech_file = out / "fix-from-the-technician.bin"
        tech_file.write_bytes(os.urandom(3_000_000))
        exchange(script, person, tech_file, downloads, offered, out)
        system_information(script, person)
        script.call("chat", text="All done. Goodbye!")
        script.call("close", reason="solved")
        expect("exit of the technician's script", script.program.process.wait(30), 0)
        step("session closed by the technician; rights ended with it")
        rcrec, avi, _ = convert(tech, out)
        log = audit(tech, session, out)
        demo_desk.second_visit(site, tech, out, step)
        print(f"\nrecording  {rcrec}\nAVI        {avi}\npicture    {picture}\nlog        {log}", flush=True)
        if args.keep:
            keep_running(site)
    step("done")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(f"demo failed: {failure}", file=sys.stderr)
        sys.exit(1)
