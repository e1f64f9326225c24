# SPDX-License-Identifier: Apache-2.0
"""What a session must have left in the log, kept while it is held, and compared with the log afterwards: both ways, so that
neither an event that is missing nor one that nobody caused stays unseen."""
import collections

from .case import broken_sequences

# Ways in which a session can end, and the state and the cause that the site must have written down for each.
ENDINGS = {
    "technician": ("closed", "technician"),
    "user": ("closed", "user"),
    "shell": ("closed", "technician"),       # `rescue session close`, by the same technician
    "unserved": ("closed", "technician"),    # closed before anybody picked it up
    "applet_killed": ("closed", "technician"),
    "agent_killed": ("closed", "technician"),
}


STEPS = ("session.held", "session.resumed", "session.transferred", "session.transfer_taken", "session.transfer_returned")


class Ledger:
    """Of one session. `plan` says how it is to end; everything else is noted as it happens."""

    def __init__(self, session, ending):
        self.session, self.ending = session, ending
        self.said = {"console": [], "applet": []}  # chat by who wrote it
        self.granted, self.denied = [], []
        self.files = []                            # (name, sha256, direction)
        self.counts = collections.Counter()        # event type -> how often, from the applet
        self.steps = collections.Counter()         # the same, from the broker
        self.picked_up = 0

    def defects(self, events, shown):
        """What does not hold, as text."""
        wrong = broken_sequences(events)
        state, by = ENDINGS[self.ending]
        if shown is None:
            return ["the site does not list it"]
        if shown["state"] != state:
            wrong.append(f"its state is {shown['state']}, not {state}")
        self.events = collections.defaultdict(list)
        for event in events:
            self.events[event["source"], event["type"]].append(event["data"])
        for kind, count in (("session.created", 1), ("session.applet_registered", 1), ("session.closed", 1),
                            ("session.timed_out", 0), ("session.key_refused", 0), ("session.picked_up", self.picked_up),
                            ("alert", 0), *(((kind, self.steps[kind]) for kind in STEPS))):
            self._count(wrong, "broker", kind, count)
        closed = self.events["broker", "session.closed"]
        if closed and closed[0].get("by") != by:
            wrong.append(f"ended by {closed[0].get('by')}, not {by}")
        self._chat(wrong)
        self._consent(wrong)
        self._files(wrong)
        for kind, count in self.counts.items():
            self._count(wrong, "applet", kind, count)
        return wrong

    def _whole(self, source):
        """False for an end that was killed: what it had not sent by then is not in the log."""
        return self.ending != f"{'agent' if source == 'console' else 'applet'}_killed"

    def _count(self, wrong, source, kind, count):
        got = len(self.events[source, kind])
        if got > count or got < count and self._whole(source):
            wrong.append(f"{got} x {kind} of the {source}, not {count}")

    def _same(self, wrong, source, what, got, expected):
        extra = collections.Counter(got) - collections.Counter(expected)
        missing = collections.Counter(expected) - collections.Counter(got)
        if extra or missing and self._whole(source):
            wrong.append(f"{what} of the {source}: too much {dict(extra)}, missing {dict(missing)}")

    def _chat(self, wrong):
        """Each end writes down what it says and what it hears."""
        for source in ("console", "applet"):
            heard = [data.get("text") for data in self.events[source, "chat.message"]]
            self._same(wrong, source, "chat", heard, self.said["console"] + self.said["applet"])

    def _consent(self, wrong):
        for kind, expected in (("consent.granted", self.granted), ("consent.denied", self.denied)):
            self._same(wrong, "applet", kind, [d.get("permission") for d in self.events["applet", kind]], expected)

    def _files(self, wrong):
        for source, sends in (("console", "to_applet"), ("applet", "to_console")):
            for kind, mine in (("file.sent", True), ("file.received", False)):
                expected = [(name, digest) for name, digest, direction in self.files if (direction == sends) == mine]
                got = [(d.get("name"), d.get("sha256")) for d in self.events[source, kind]]
                self._same(wrong, source, kind, got, expected)


def account(ledgers, events, sessions):
    """All of them at once: text by session of what does not hold; what the site has of sessions that nobody held is wrong."""
    by_session = collections.defaultdict(list)
    for event in events:
        by_session[event.get("session")].append(event)
    listed = {s["id"]: s for s in sessions}
    wrong = {ledger.session: found for ledger in ledgers
             if (found := ledger.defects(by_session[ledger.session], listed.get(ledger.session)))}
    for stranger in sorted(set(listed) - {ledger.session for ledger in ledgers}):
        wrong[stranger] = [f"nobody held it, the site says {listed[stranger]['state']}"]
    return wrong
