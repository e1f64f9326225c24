# SPDX-License-Identifier: Apache-2.0
"""Recordings of desktop clips beside the AVI of the same session: sizes, what the container costs, and how fast the one
becomes the other. The AVI that `rescue recording convert` makes is decoded by ffprobe and counted."""
import json
import pathlib
import subprocess
import tempfile

import peers
import screen

MODES = {  # flags of xcp_to_rcrec
    "exact": [],
    "photos visually lossless, films as video": ["--fidelity", "visual", "--video", "500"],
}


def timed(bench, argv):
    """Wall and CPU seconds of one run, and its peak in MB."""
    out = subprocess.run([*screen.priority(), bench / "run_cost", *map(str, argv)], check=True, capture_output=True, text=True).stdout
    wall, cpu, peak = (float(v) for v in out.split())
    return wall / 1e6, cpu / 1e6, peak / 1024


def counted(video):
    out = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-show_entries",
                          "stream=nb_read_frames:format=duration", "-of", "json", video], check=True, capture_output=True).stdout
    got = json.loads(out)
    return int(got["streams"][0]["nb_read_frames"]), float(got["format"]["duration"])


def run(args):
    bench, until = args.build / "bench", args.until or (screen.QUICK_SECONDS if args.quick else None)
    failed = 0
    print("| clip, photos | recorded, s | RCREC KB/min | over its payload | convert, s | CPU, s | x real time | AVI of it, KB/min | "
          "RCREC / AVI | / AVI crf 20 medium | / AVI crf 18 veryfast |\n|" + "---|" * 11)
    with tempfile.TemporaryDirectory() as folder:
        for clip in screen.clips_of(args):
            info = json.loads(subprocess.run([bench / "xcp_frames", "info", clip], check=True, capture_output=True).stdout)
            others = [peers.run(name, clip, info, bench, folder, until)["bytes"] for name in peers.AVI]
            for mode, flags in MODES.items():
                rcrec, avi = pathlib.Path(folder) / "clip.rcrec", pathlib.Path(folder) / "clip.avi"
                made = json.loads(subprocess.run([bench / "xcp_to_rcrec", clip, rcrec, *flags, *peers.cut(until)], check=True,
                                                 capture_output=True).stdout)
                avi.unlink(missing_ok=True)
                wall, cpu, _ = timed(bench, [args.build / "bin" / "rescue", "recording", "convert", rcrec, "-o", avi])
                size, seconds = made["bytes"], made["seconds"]
                frames, duration = counted(avi)
                if abs(duration - seconds) > 1 / 15 or abs(frames - seconds * 15) > 1:
                    print(f"FAILED: {clip.name}: {frames} frames, {duration:.2f} s in the AVI of {seconds:.2f} s")
                    failed = 1
                rate = lambda n: n / 1024 * 60 / seconds
                print(f"| {clip.name.split('.')[0]}, {mode} | {seconds:.1f} | {rate(size):,.0f} | {made['overhead'] * 100:.2f} % | {wall:.2f} | "
                      f"{cpu:.2f} | {seconds / wall:.1f} | {rate(avi.stat().st_size):,.0f} | {size / avi.stat().st_size:.3f} | "
                      + " | ".join(f"{size / other:.3f}" for other in others) + " |", flush=True)
    return failed


def run_long(args):
    """A recording of 24 hours and 1 GB, made from a cycle of pictures: opened, sought in, converted."""
    hours, megabytes = (1, 40) if args.quick else (24, 1000)
    with tempfile.TemporaryDirectory(dir=args.build) as folder:
        rcrec = pathlib.Path(folder) / "long.rcrec"
        for kind, flags in (("plain", []), ("encrypted", ["--encrypted"])):
            if kind == "encrypted":
                rcrec.unlink()
            out = subprocess.run([args.build / "bench" / "long_recording", rcrec, "--hours", str(hours), "--megabytes", str(megabytes), *flags],
                                 check=True, capture_output=True).stdout
            got = json.loads(out)
            print(f"{kind}: {got['duration_s'] / 3600:.0f} h, {got['bytes'] / 1e6:,.0f} MB: opened in {got['open_ms']:.1f} ms ({got['open_bytes']:,} bytes read), "
                  f"found a place in {got['seek_ms']:.1f} ms at most, its picture in {got['picture_ms']:.0f} ms", flush=True)
            if kind == "encrypted":
                break
            for part in (1,) if args.quick else (1, 4):
                avi = pathlib.Path(folder) / "part.avi"
                avi.unlink(missing_ok=True)
                wall, cpu, peak = timed(args.build / "bench", [args.build / "bin" / "rescue", "recording", "convert", rcrec, "-o", avi,
                                                               "--to", f"{part}h"])
                print(f"  {part} h of it to AVI: {wall:.0f} s ({part * 3600 / wall:.0f} x real time), {cpu:.0f} s CPU, at most {peak:.0f} MB", flush=True)
    return 0
