# SPDX-License-Identifier: Apache-2.0
"""The screen codec beside its peers, on desktop clips: KB per minute of the whole clip with its first picture, CPU of all
threads, and what decoding gives back. Each peer and each mode of ours decodes every picture again and compares it."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import peers

HERE = pathlib.Path(__file__).resolve().parent

MODES = {  # name: title, flags of codec_bench
    "exact": ("exact", []),
    "parts": ("exact, in parts", ["--work", "100000"]),
    "visual": ("photos visually lossless", ["--fidelity", "visual"]),
    "video": ("the same, films as video", ["--fidelity", "visual", "--video", "500"]),
    "refined": ("the same, exact when at rest", ["--fidelity", "visual", "--video", "500", "--refine"]),
    "coarse": ("photos coarse", ["--fidelity", "coarse"]),
}
LIVE = {  # presented in real time, in parts; work and rate are those of the applet (applet/core/rate_control.hpp)
    "live15": ("exact, live at 15/s", ["--work", "100000", "--fps", "15"]),
    "live60": ("exact, live at 60/s", ["--work", "100000", "--fps", "60"]),
    "live60-video": ("all means, live at 60/s", ["--fidelity", "visual", "--refine", "--video", "500", "--work", "100000", "--fps", "60"]),
}
LIVE_TITLES = [title for title, _ in LIVE.values()]
QUICK_SECONDS = 10


def clips_of(args):
    """Clips that were named, else those of the folder, else a visit that is made."""
    if args.clip:
        return [pathlib.Path(c).resolve() for c in args.clip]
    if args.clips:
        found = sorted(pathlib.Path(args.clips).glob("*.xcp.zst"))
        if not found:
            sys.exit(f"bench: no *.xcp.zst in {args.clips}")
        return found
    return [visit_clip(args, 15)]


def visit_clip(args, fps):
    """Made once for each state of its scripts and kept with the build."""
    sources = b"".join(p.read_bytes() for p in sorted((HERE / "visit").glob("*.*")) if p.suffix != ".md")
    clip = args.build / "bench" / f"visit{fps}-{hashlib.sha256(sources).hexdigest()[:12]}.xcp.zst"
    if not clip.exists():
        print(f"making {clip.name}: 150 s of a support visit on a virtual display", flush=True)
        done = subprocess.run([sys.executable, HERE / "visit" / "visit.py", "--bench", args.build / "bench", "--out", clip, "--fps", str(fps)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr.strip())
        print(f"  {done.stdout.strip()}", flush=True)
    return clip


def chosen(names, wanted, what):
    if wanted is None:
        return list(names)
    wanted = [w.strip() for w in wanted.split(",") if w.strip() not in ("", "none")]
    unknown = [w for w in wanted if w not in names]
    if unknown:
        sys.exit(f"bench: no {what} '{unknown[0]}'; there are: {', '.join(names)}")
    return wanted


def priority():
    """Presenting in real time needs the processor when it asks: other work on the machine waits meanwhile."""
    can = shutil.which("chrt") and subprocess.run(["chrt", "-f", "1", "true"], capture_output=True).returncode == 0
    return ["chrt", "-f", "1"] if can else []


class Screen:
    def __init__(self, args):
        self.args, self.bench = args, args.build / "bench"
        self.until = args.until or (QUICK_SECONDS if args.quick else None)
        self.peers = chosen([*peers.VIDEO, *peers.VNC, *peers.LZ], args.peers or ",".join(peers.QUICK if args.quick else peers.DEFAULT), "peer")
        self.modes = chosen({**MODES, **LIVE}, args.modes or (",".join(MODES) if args.quick else None), "mode")
        self.results, self.failures = [], []

    def note(self, clip, name, kind, got):
        got.update(clip=clip, name=name, kind=kind)
        self.results.append(got)

    def fail(self, clip, name, why):
        self.failures.append(f"{clip}, {name}: {why}")
        print(f"  FAILED {clip}, {name}: {why}", flush=True)

    def ours(self, clip, name, mode):
        title, flags = {**MODES, **LIVE}[mode]
        argv = [*(priority() if "--fps" in flags else []), self.bench / "codec_bench", "--json", *flags, *peers.cut(self.until), clip]
        if self.args.pictures and "--fps" not in flags:
            argv[-1:-1] = ["--pictures", str(self.args.pictures)]
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode != 0:
            return self.fail(name, title, done.stderr.strip()[-300:])
        got = json.loads(done.stdout)
        self.note(name, title, "ours", got)
        if got["dropped"] > 0:
            self.failures.append(f"{name}, {title}: {got['dropped']} pictures dropped")
        return got

    def peer(self, clip, name, info, peer, folder):
        try:
            got = peers.run(peer, clip, info, self.bench, folder, self.until)
        except peers.PeerError as error:
            return self.fail(name, peers.TITLES[peer], error)
        seconds = min(info["seconds"], self.until or info["seconds"])
        got["kb_per_min"] = got["bytes"] / 1024 * 60 / seconds
        self.note(name, peers.TITLES[peer], "peer", got)
        return got

    def plan(self):
        """Clips with the modes and peers for each. The visit is made twice: pictures that came 60 times a second are for
        presenting at that rate, and the peers need not see the same work again."""
        if self.args.clip or self.args.clips:
            return [(clip, self.modes, self.peers) for clip in clips_of(self.args)]
        plan = [(visit_clip(self.args, 15), [m for m in self.modes if not m.startswith("live60")], self.peers)]
        often = [m for m in self.modes if m.startswith("live60")]
        return plan + ([(visit_clip(self.args, 60), often, [])] if often else [])

    def run(self):
        with tempfile.TemporaryDirectory() as folder:
            for clip, modes, others in self.plan():
                name = clip.name.split(".")[0].split("-")[0]
                info = json.loads(subprocess.run([self.bench / "xcp_frames", "info", clip], check=True, capture_output=True).stdout)
                print(f"{name}: {info['width']}x{info['height']}, {info['seconds']:.1f} s, {info['pictures']} pictures"
                      f"{f', the first {self.until:g} s' if self.until else ''}", flush=True)
                for mode in modes:
                    if got := self.ours(clip, name, mode):
                        print(f"  {got['name']:36} {got['kb_per_min']:10.1f} KB/min {got['encode_cpu_s']:8.2f} s CPU", flush=True)
                for peer in others:
                    if got := self.peer(clip, name, info, peer, folder):
                        print(f"  {peers.TITLES[peer]:36.36} {got['kb_per_min']:10.1f} KB/min {got['cpu_s']:8.2f} s CPU", flush=True)
        self.tables()
        if self.args.json:
            pathlib.Path(self.args.json).write_text(json.dumps({"load": os.getloadavg()[0], "until": self.until, "results": self.results,
                                                                "failures": self.failures}, indent=1))
        for failure in self.failures:
            print(f"FAILED: {failure}")
        return 1 if self.failures else 0

    # -- tables, in Markdown ------------------------------------------------------------------------------------------

    def table(self, title, columns, rows):
        print(f"\n{title}\n\n| | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}")
        for name, cells in rows:
            print(f"| {name} | {' | '.join(cells)} |")

    def by_clip(self, title, value, keep=lambda r: True):
        clips = list(dict.fromkeys(r["clip"] for r in self.results))
        rows = []
        for name in dict.fromkeys(r["name"] for r in self.results if keep(r)):
            cells = {r["clip"]: value(r) for r in self.results if r["name"] == name and keep(r)}
            ours = any(r["kind"] == "ours" and r["name"] == name for r in self.results)
            rows.append((f"**{name}**" if ours else name, [cells.get(c, "failed") for c in clips]))
        if rows:
            self.table(title, clips, rows)

    def tables(self):
        def cpu(r):
            return r["encode_cpu_s"] if r["kind"] == "ours" else r["cpu_s"]

        def loss(r):
            if r["exact_pictures"] == r["pictures"]:
                return "exact"
            return f"{r['inexact_psnr']:.1f} dB, {r['inexact_share'] * 100:.1f} %, {r['smudged_edges'] * 100:.2f} %"

        still = lambda r: r["name"] not in LIVE_TITLES
        self.by_clip("KB per minute", lambda r: f"{r['kb_per_min']:,.0f}", still)
        self.by_clip("CPU seconds of encoding", lambda r: f"{cpu(r):.1f}", still)
        self.by_clip("Loss: PSNR of the inexact tiles, their share, edge pixels off by more than 24 levels", loss,
                     lambda r: still(r) and "inexact_share" in r and r["kind"] == "ours" or not r.get("exact_pictures", 0) == r.get("pictures", 0))
        for clip in dict.fromkeys(r["clip"] for r in self.results if r["kind"] == "ours"):
            mine = [r for r in self.results if r["kind"] == "ours" and r["clip"] == clip]
            self.table(f"{clip}: encoding and decoding, ms of CPU", ["calls", "mean", "p95", "p99", "most", "a picture, mean", "p95", "p99",
                                                                    "decoding, mean", "% of a core", "dropped", "delay p95, ms"],
                       [(r["name"], [str(r["packets"]), f"{r['call_ms_mean']:.1f}", f"{r['call_ms_p95']:.1f}", f"{r['call_ms_p99']:.1f}",
                                     f"{r['call_ms_max']:.0f}", f"{r['frame_ms_mean']:.1f}", f"{r['frame_ms_p95']:.1f}", f"{r['frame_ms_p99']:.1f}",
                                     f"{r['decode_ms_mean']:.1f}", f"{r['core_percent']:.1f}",
                                     str(r["dropped"]) if r["name"] in LIVE_TITLES else "", f"{r['delay_ms_p95']:.1f}" if r["name"] in LIVE_TITLES else ""])
                        for r in mine])


def run(args):
    return Screen(args).run()
