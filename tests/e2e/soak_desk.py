# SPDX-License-Identifier: Apache-2.0
"""A support desk for a long time: many people wait with their applets, technicians help one after the other, and sessions
end in every way. Afterwards every session is accounted for in the log, nothing runs on, no program has grown."""
import collections
import concurrent.futures
import os
import pathlib
import queue
import random
import signal
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "readers"))
from receipt_reader import Log  # noqa: E402
from support.case import Meeting, end_of, sha256  # noqa: E402
from support.ledger import Ledger, account  # noqa: E402
from support.site import Failed, wait_for  # noqa: E402
from support.wire import api  # noqa: E402

PATIENCE = 120           # for one step, with everything else going on
GROWTH = 12 << 20        # bytes that a program of the site may gain from the middle of a long run to its end
SETTLED, MIDDLE = 0.4, 0.6  # of the run: caches are warm from here; the first mean is over what lies between

# The way sessions end, as often as here.
ENDINGS = ("technician",) * 6 + ("user", "user", "shell", "unserved", "applet_killed", "agent_killed")


class Plan:
    """What happens in session `number`: the same each time."""

    def __init__(self, number):
        self.number = number
        self.random = random.Random(f"desk {number}")
        self.ending = ENDINGS[number % len(ENDINGS)] if number < len(ENDINGS) else self.random.choice(ENDINGS)
        self.deeds = self.random.sample(sorted(DEEDS), self.random.randint(2, 5))
        self.refused = self.random.choice([p for p in PERMISSIONS]) if self.random.random() < 0.3 else None

    def scenario(self):
        prompts = [{"answer": "yes", "delay": "520ms"}]
        if self.refused:
            prompts.insert(0, {"permission": self.refused, "answer": "no", "delay": "520ms"})
        out = {"prompts": prompts, "questions": [{"answer": "yes", "delay": "520ms"}],
               "files": {"name": f"from-user-{self.number}.bin", "bytes": self.random.randint(0, 300_000)},
               "chat": [{"contains": "question", "reply": f"answer {self.number}", "delay": "1ms"}],
               "desktop": {"displays": [{"width": 320 + 16 * (self.number % 40), "height": 240}], "period": "300ms"}}
        if self.ending == "user":
            out["chat"], out["steps"] = [], [{"when": "chat", "after": "50ms", "do": "end"}]
            self.deeds = [d for d in self.deeds if d not in ("talk", "hold", "hand over")]  # at the first line of chat the user ends it
        return out


class Visit:
    """One session from the waiting applet to its end."""

    def __init__(self, desk, technician, number):
        self.desk, self.technician, self.plan = desk, technician, Plan(number)
        self.meeting = desk.invite(technician, self.plan.scenario(), number)
        self.ledger = Ledger(self.meeting.id, self.plan.ending)
        self.script, self.said = None, {}  # permission -> the user's answer, as long as it stands

    def hold(self):
        ending = self.plan.ending
        if ending != "unserved":
            self.script = self.meeting.script = self.meeting.view("pickup")
            self.ledger.picked_up = 1
            for deed in self.plan.deeds:
                self.desk.think(self.plan.random)
                DEEDS[deed](self)
                self.desk.done[deed] += 1
        getattr(self, "end_" + ending)()
        self.leave()
        self.desk.done["end: " + ending] += 1

    # -- ends ------------------------------------------------------------------------------------------------------
    def end_technician(self):
        self.script.call("close", reason=f"done {self.plan.number}", timeout=PATIENCE)
        self.ended(self.script.program, 0)
        self.ended(self.meeting.applet, 0)

    def end_user(self):
        self.say("please end it yourself")
        self.script.event("ended", timeout=PATIENCE, by="user")
        self.ended(self.script.program, 0)
        self.ended(self.meeting.applet, 0)

    def end_shell(self):
        self.technician.run("session", "close", self.meeting.id, "--reason", "from the shell", timeout=PATIENCE)
        self.ended(self.meeting.applet, 0)
        if self.script:
            self.ended(self.script.program, 0)

    end_unserved = end_shell

    def end_applet_killed(self):
        self.meeting.applet.kill()
        self.script.event("link", timeout=PATIENCE, up=False)
        self.script.call("close", reason="it is gone", timeout=PATIENCE)
        self.ended(self.script.program, 0)

    def end_agent_killed(self):
        for pid in wait_for(self.meeting.agent_pids, "the session's background process"):
            os.kill(pid, signal.SIGKILL)
        self.ended(self.script.program, 9)
        self.technician.run("session", "close", self.meeting.id, "--reason", "my end broke", timeout=PATIENCE)
        self.ended(self.meeting.applet, 0)

    @staticmethod
    def ended(program, code):
        try:
            got = program.process.wait(PATIENCE)
        except Exception as late:
            raise Failed(f"{program.name} does not end; {program.tail()}") from late
        if got != code:
            raise Failed(f"{program.name} ended with {got}, not {code}; {program.tail()}")

    def leave(self):
        """Lets go of everything but the ledger: thousands of sessions come and go."""
        partial = [p.name for p in self.meeting.downloads.iterdir() if p.name not in {name for name, _, way in self.ledger.files
                                                                                      if way == "to_applet"}]
        if partial:
            raise Failed(f"left on the supported machine: {partial}")
        end_of(self.meeting)

    # -- what technicians do -----------------------------------------------------------------------------------------
    def say(self, text):
        self.script.call("chat", text=text, timeout=PATIENCE)
        self.ledger.said["console"].append(text)

    def ask(self, permission):
        """True when the user says yes."""
        if permission in self.said:
            return self.said[permission]
        reply = self.script.reply(self.script.send("ask", permission=permission), PATIENCE)
        yes = permission != self.plan.refused
        if (reply["event"] == "result") != yes:
            raise Failed(f"ask {permission}: {reply}, the user says {'yes' if yes else 'no'}")
        (self.ledger.granted if yes else self.ledger.denied).append(permission)
        self.said[permission] = yes
        return yes

    def talk(self):
        """There and back: a line that is only on its way is lost with the link that a hold or an end takes away."""
        self.say(f"question {self.plan.number}")
        self.script.event("chat", timeout=PATIENCE, text=f"answer {self.plan.number}")
        self.ledger.said["applet"].append(f"answer {self.plan.number}")

    def look(self):
        if not self.ask("desktop_view"):
            return
        got = self.script.call("view", timeout=PATIENCE)
        if (got["width"], got["height"]) != (320 + 16 * (self.plan.number % 40), 240):
            raise Failed(f"another display: {got}")
        self.script.call("unview", timeout=PATIENCE)
        self.ledger.counts["view.started"] += 1
        self.ledger.counts["view.ended"] += 1

    def drive(self):
        if not self.ask("remote_control"):
            return
        self.script.call("control", timeout=PATIENCE)
        self.script.call("type", text=f"typed {self.plan.number}\n", timeout=PATIENCE)
        self.script.call("uncontrol", timeout=PATIENCE)
        self.ledger.counts["control.started"] += 1
        self.ledger.counts["control.ended"] += 1

    def send(self):
        if not self.ask("send_files"):
            return
        path = self.meeting.file(f"fix-{self.plan.number}.bin", self.plan.random.choice((0, 1, 70_000, 400_000)))
        self.script.call("send", path=str(path), timeout=PATIENCE)
        digest = sha256(self.meeting.downloads / path.name)
        if digest != sha256(path):
            raise Failed(f"{path.name} is another file there")
        self.ledger.files.append((path.name, digest, "to_applet"))

    def fetch(self):
        if not self.ask("receive_files"):
            return
        got = self.script.call("receive", directory=str(self.meeting.folder), timeout=PATIENCE)
        if sha256(got["path"]) != got["sha256"]:
            raise Failed(f"{got['path']} is not what the reply says")
        self.ledger.files.append((got["name"], got["sha256"], "to_console"))

    def inspect(self):
        if not self.ask("system_information"):
            return
        if not self.script.call("sysinfo", timeout=PATIENCE)["sections"]:
            raise Failed("no system information")
        self.ledger.counts["sysinfo.sent"] += 1

    def deploy(self):
        if not self.ask("deploy_scripts"):
            return
        got = self.script.call("run", text=f"echo {self.plan.number}; exit 3", name="soak", timeout=PATIENCE)
        if got["exit_code"] != 3:
            raise Failed(f"a script that ends with 3: {got}")
        self.script.event("script_output", timeout=PATIENCE, text=f"{self.plan.number}\n")
        for kind in ("script.asked", "script.started", "script.ended"):
            self.ledger.counts[kind] += 1

    def manage(self):
        if not self.ask("file_manager"):
            return
        folder = self.meeting.folder / "theirs"
        path = self.meeting.file(f"put-{self.plan.number}.bin", 20_000)
        self.script.call("fs_make", path=str(folder), timeout=PATIENCE)
        self.script.call("fs_put", path=str(path), to=str(folder), timeout=PATIENCE)
        listed = self.script.call("fs_list", path=str(folder), timeout=PATIENCE)["entries"]
        if [e["name"] for e in listed] != [path.name] or sha256(folder / path.name) != sha256(path):
            raise Failed(f"put there: {listed}")
        self.script.call("fs_remove", path=str(folder), recursive=True, timeout=PATIENCE)
        if folder.exists():
            raise Failed("it is still there")
        self.ledger.files.append((path.name, sha256(path), "to_applet"))
        self.ledger.counts.update({"files.started": 3, "files.ended": 3, "files.listed": 1})

    def hold_on(self):
        """Puts the session aside and goes on with it; what was allowed before has to be asked for again."""
        self.talk()
        self.technician.run("session", "hold", self.meeting.id, timeout=PATIENCE)
        self.go_on_with(self.technician, "resume")
        self.ledger.steps.update(("session.held", "session.resumed"))

    def hand_over(self):
        """Another technician takes it; the visit goes on with that one."""
        self.talk()
        others = [t for t in self.desk.technicians if t is not self.technician]
        other = self.plan.random.choice(others)
        self.technician.run("session", "transfer", self.meeting.id, "--to", other.email, "--comment", "knows more", timeout=PATIENCE)
        self.technician = self.meeting.tech = other
        self.go_on_with(other, "pickup")
        self.ledger.steps.update(("session.transferred", "session.transfer_taken"))

    def go_on_with(self, technician, verb):
        program = self.script.program
        program.process.wait(PATIENCE)
        self.script = self.meeting.script = self.meeting.view(verb, who=technician)
        program.stop()
        self.desk.site.programs.remove(program)
        self.talk()
        self.ledger.picked_up += 1
        self.said = {}


DEEDS = {"talk": Visit.talk, "look": Visit.look, "drive": Visit.drive, "send": Visit.send, "fetch": Visit.fetch,
         "inspect": Visit.inspect, "deploy": Visit.deploy, "manage": Visit.manage, "hold": Visit.hold_on, "hand over": Visit.hand_over}
PERMISSIONS = ("desktop_view", "remote_control", "send_files", "receive_files", "system_information", "deploy_scripts", "file_manager")


class Desk:
    def __init__(self, site, technicians, pace):
        self.site, self.technicians, self.pace = site, technicians, pace
        self.ledgers, self.failures, self.lock = [], [], threading.Lock()
        self.done = collections.Counter()
        self.numbers, self.stop = iter(range(1 << 30)), threading.Event()
        self.waiting = {t.name: queue.Queue() for t in technicians}

    def think(self, chance):
        self.stop.wait(chance.uniform(0, self.pace))

    def invite(self, technician, scenario, number):
        """A session and its waiting applet. Straight from the API: the technicians' own programs have enough to do."""
        status, created = api(self.site, "POST", "/sessions", {"kind": "private", "note": f"visit {number}"}, token=technician.token)
        if status != 201:
            raise Failed(f"visit {number}: {status} {created}")
        meeting = Meeting(self.site, technician, scenario, name=f"-{number}", seed=number + 1, start=False,
                          created={"id": created["session"]["id"], "pin": created["pin"]})
        wait_for(lambda: '"state":"waiting"' in meeting.applet.log_text(), f"visit {number} to wait; {meeting.applet.tail()}", PATIENCE)
        return meeting

    def arrive(self, technician):
        with self.lock:
            number = next(self.numbers)
        visit = Visit(self, technician, number)
        with self.lock:
            self.ledgers.append(visit.ledger)
        self.waiting[technician.name].put(visit)

    def work(self, technician):
        """One technician: helps who waits longest; for each who is helped another arrives."""
        while not self.stop.is_set():
            try:
                self.waiting[technician.name].get_nowait().hold()
                if not self.stop.is_set():
                    self.arrive(technician)
            except Exception as failure:  # pylint: disable=broad-except
                with self.lock:
                    self.failures.append(f"{technician.name}: {failure}")
                self.stop.set()

    def go_home(self, technician):
        """The desk closes: who still waits is told so."""
        while not self.waiting[technician.name].empty():
            visit = self.waiting[technician.name].get_nowait()
            visit.plan.ending = visit.ledger.ending = "unserved"
            visit.end_unserved()
            visit.leave()


class Resident:
    """One session that lasts from the first minute to the last, with something always going on."""

    def __init__(self, desk, technician):
        self.visit = Visit(desk, technician, 1 << 20)
        self.visit.plan.ending = self.visit.ledger.ending = "technician"
        desk.ledgers.append(self.visit.ledger)
        self.visit.script = self.visit.meeting.script = self.visit.meeting.view("pickup")
        self.visit.ledger.picked_up = 1
        self.visit.plan.refused = None
        self.desk = desk

    def work(self):
        rounds = 0
        try:
            while not self.desk.stop.is_set():
                for deed in ("talk", "look", "drive", "inspect"):
                    DEEDS[deed](self.visit)
                rounds += 1
                self.visit.script.events.clear()
                self.desk.stop.wait(self.desk.pace / 4)
            self.visit.end_technician()
            self.visit.leave()
        except Exception as failure:  # pylint: disable=broad-except
            self.desk.failures.append(f"the long session, round {rounds}: {failure}")
            self.desk.stop.set()
        return rounds


class Scale:
    """Resident memory of some programs over the run."""

    def __init__(self, pids):
        self.pids, self.seen = pids, {name: [] for name in pids}

    def weigh(self):
        for name, pid in self.pids.items():
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except OSError as gone:
                raise Failed(f"{name} has gone") from gone
            self.seen[name].append(int(status.split("VmRSS:")[1].split()[0]) * 1024)

    def defects(self, report):
        wrong = []
        for name, seen in self.seen.items():
            count = len(seen)
            middle = statistics.mean(seen[int(count * SETTLED):int(count * MIDDLE)])
            end = statistics.mean(seen[-max(1, count // 5):])
            report(f"  {name}: {middle / 2**20:.1f} MiB in the middle, {end / 2**20:.1f} MiB at the end of {count} readings")
            if end > middle + GROWTH:
                wrong.append(f"{name} grew from {middle:.0f} to {end:.0f} bytes")
        return wrong


def settle(desk, site):
    """Waits for the last events, then: what of the log does not hold."""
    def wrong():
        events = site.admin.run("log", "query", "--all", "-o", "jsonl", timeout=600).jsonl()
        sessions = site.admin.run("session", "list", "--all", "-o", "json", timeout=600).json()
        return account(desk.ledgers, events, sessions), events
    deadline = time.monotonic() + PATIENCE
    found, events = wrong()
    while found and time.monotonic() < deadline:
        time.sleep(2)
        found, events = wrong()
    if found:
        first = "\n".join(f"  {session}: {'; '.join(defects)}" for session, defects in list(found.items())[:10])
        raise Failed(f"{len(found)} of {len(desk.ledgers)} sessions are not accounted for:\n{first}")
    return len(events), receipts(events)


def receipts(events):
    """How many answers of users and operations of technicians the logs have; each operation stands under a yes, and the chain of
    signed answers is whole."""
    by_session = collections.defaultdict(list)
    for event in events:
        if event.get("session"):
            by_session[event["session"]].append(event)
    count = operations = 0
    for session, of_it in by_session.items():
        log = Log(of_it)
        if log.problems:
            raise Failed(f"receipts of session {session}: {log.problems[:5]}")
        count, operations = count + len(log.receipts), operations + log.operations
    return count, operations


def open_desk(site, count, pace):
    technicians = []
    for number in range(count):
        email, password = f"tech{number}@example.test", f"a long passphrase for number {number}"
        site.admin.run("admin", "user", "add", email, "--name", f"Technician {number}", "--role", "technician", "--password-stdin",
                       stdin=password + "\n")
        technician = site.technician(f"tech{number}")
        technician.name, technician.email = f"tech{number}", email
        technician.login(email, password)
        technician.token = next((technician.home / "config/rescue/tokens").iterdir()).read_text().strip()
        technicians.append(technician)
    return Desk(site, technicians, pace)


def run(site, size, memory, report):
    desk = open_desk(site, size.technicians, size.pace)
    with concurrent.futures.ThreadPoolExecutor(size.technicians + 1) as pool:
        list(pool.map(desk.arrive, [t for _ in range(size.applets // size.technicians) for t in desk.technicians]))
        resident = Resident(desk, desk.technicians[0])
        report(f"sessions: {size.applets} applets wait, {size.technicians} technicians begin")
        began = time.monotonic()
        agent = wait_for(resident.visit.meeting.agent_pids, "the background process of the long session")[0]
        scale = Scale({"broker": site.broker.pid, "gateway": site.gateway.pid, "agent of the long session": agent,
                       "applet of the long session": resident.visit.meeting.applet.pid})
        at_work = [pool.submit(desk.work, t) for t in desk.technicians] + [pool.submit(resident.work)]
        try:
            while time.monotonic() < began + size.seconds and not desk.stop.is_set():
                scale.weigh()
                desk.stop.wait(1)
        finally:
            desk.stop.set()
        concurrent.futures.wait(at_work)
        took = time.monotonic() - began
        if not desk.failures:
            list(pool.map(desk.go_home, desk.technicians))
    if desk.failures:
        raise Failed("\n".join(desk.failures[:5]))
    held = sum(ledger.picked_up for ledger in desk.ledgers)
    events, (answers, operations) = settle(desk, site)
    report(f"sessions: {len(desk.ledgers)} in {took:.0f} s, {held} of them helped; the long one went {at_work[-1].result()} rounds; "
           f"{events} events of the log account for every one, {answers} receipts cover {operations} operations")
    report("  " + ", ".join(f"{count} x {what}" for what, count in sorted(desk.done.items())))
    if memory:
        if wrong := scale.defects(report):
            raise Failed("; ".join(wrong))
