# SPDX-License-Identifier: Apache-2.0
"""What else could carry a desktop: video encoders through FFmpeg, VNC through libvncserver, LZ over everything at once.

Video encoders get what helps them: each changed picture once, no keyframe but the first, no cursor, one thread, and no
container to pay for idle time. Their CPU has the conversion of colours in it. All of them are decoded and compared.
"""
import dataclasses
import json
import os
import pathlib
import subprocess

TO_YUV = "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int"
FROM_YUV = "scale=in_color_matrix=bt709:in_range=tv:flags=accurate_rnd+full_chroma_int"


@dataclasses.dataclass
class Video:
    title: str
    encoder: str
    pixels: str
    options: list
    lossless: bool = True
    container: str = "mkv"

    def missing(self):
        known = subprocess.run(["ffmpeg", "-hide_banner", "-encoders"], capture_output=True, text=True).stdout
        return None if f" {self.encoder} " in known else f"this ffmpeg has no encoder {self.encoder}"


VIDEO = {
    "x264-lossless": Video("x264 RGB lossless, veryfast", "libx264rgb", "bgr24", ["-qp", "0", "-preset", "veryfast"]),
    "x264-crf18": Video("x264 crf 18, 4:2:0, veryfast", "libx264", "yuv420p", ["-crf", "18", "-preset", "veryfast"], False),
    "zmbv": Video("ZMBV", "zmbv", "bgr0", [], container="avi"),
    "ffv1": Video("FFV1", "ffv1", "bgr0", ["-level", "3", "-coder", "1", "-context", "0", "-g", "1"]),
    "vp9-lossless": Video("VP9 lossless, good, cpu 4", "libvpx-vp9", "gbrp", ["-lossless", "1", "-deadline", "good", "-cpu-used", "4",
                                                                            "-tune-content", "screen"]),
    "svt-av1": Video("SVT-AV1 crf 25, preset 10, screen", "libsvtav1", "yuv420p", ["-preset", "10", "-crf", "25", "-svtav1-params", "scm=1"],
                     False),
    "av1-lossless": Video("AV1 lossless (aom, cpu 6)", "libaom-av1", "gbrp", ["-crf", "0", "-aom-params", "lossless=1:tune-content=screen",
                                                                              "-cpu-used", "6", "-usage", "good"]),
}
# The AVI that the recording is compared with: sampled at 15 a second, cursor drawn in, the encoders' own keyframes.
AVI = {
    "avi-crf20-medium": Video("AVI, x264 crf 20 medium", "libx264", "yuv420p", ["-crf", "20", "-preset", "medium"], False, "avi"),
    "avi-crf18-veryfast": Video("AVI, x264 crf 18 veryfast", "libx264", "yuv420p", ["-crf", "18", "-preset", "veryfast"], False, "avi"),
}
VNC = {"tight": "VNC Tight, lossless", "zrle": "VNC ZRLE"}
LZ = {"zstd": "zstd --ultra -20 --long=27 over all changed tiles"}
DEFAULT = [*(name for name in VIDEO if name != "av1-lossless"), *VNC, *LZ]
QUICK = ["x264-lossless", "x264-crf18", "tight"]
TITLES = {**{k: v.title for k, v in {**VIDEO, **AVI}.items()}, **VNC, **LZ}


class PeerError(Exception):
    pass


def cut(until):
    return ["--until", str(until)] if until else []


def piped(source, sink, **more):
    """Both to their end; what the second says, its resources and both outcomes."""
    first = subprocess.Popen(source, stdout=subprocess.PIPE)
    second = subprocess.Popen(sink, stdin=first.stdout, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
    first.stdout.close()
    out = second.stdout.read()  # FFmpeg says little with -v error: the pipe of its errors does not fill
    errors = second.stderr.read()
    _, status, usage = os.wait4(second.pid, 0)
    second.returncode = os.waitstatus_to_exitcode(status)
    first.wait()
    if second.returncode != 0 or first.returncode != 0:
        raise PeerError(f"{pathlib.Path(sink[0]).name}: {errors.decode(errors='replace').strip()[-300:] or 'failed'}")
    return out, usage.ru_utime + usage.ru_stime


def video(peer, clip, info, bench, folder, until=None, avi=False):
    """bytes, CPU seconds of encoding, and the quality of what a decoder makes of it."""
    if why := peer.missing():
        raise PeerError(why)
    out = pathlib.Path(folder) / f"peer.{peer.container}"
    out.unlink(missing_ok=True)
    frames = [*(["--fps", "15", "--cursor"] if avi else []), *cut(until)]
    size = f"{info['width']}x{info['height']}"
    yuv = peer.pixels.startswith("yuv")
    _, cpu = piped([bench / "xcp_frames", "dump", clip, *frames],
                   ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr0", "-s", size, "-r", "15", "-i", "-",
                    *(["-vf", TO_YUV, "-colorspace", "bt709"] if yuv else []), "-pix_fmt", peer.pixels, "-threads", "1",
                    *([] if avi else ["-g", "100000"]), "-c:v", peer.encoder, *peer.options, str(out)])
    quality, _ = piped(["ffmpeg", "-v", "error", "-i", str(out), *(["-vf", FROM_YUV] if yuv else []), "-pix_fmt", "bgr0", "-vsync",
                        "passthrough", "-f", "rawvideo", "-"], [bench / "xcp_frames", "compare", clip, *frames])
    result = dict(json.loads(quality), bytes=out.stat().st_size, cpu_s=cpu)
    if result["missing"] or result["extra"]:
        raise PeerError(f"{result['missing']} pictures missing, {result['extra']} too many after decoding")
    if peer.lossless and result["exact_pictures"] != result["pictures"]:
        raise PeerError(f"not lossless: {result['exact_pictures']} of {result['pictures']} pictures are exact")
    out.unlink()
    return result


def run(name, clip, info, bench, folder, until=None):
    if name in VIDEO or name in AVI:
        return video({**VIDEO, **AVI}[name], clip, info, bench, folder, until, avi=name in AVI)
    if name in LZ:
        return said([bench / "xcp_frames", "zstd", clip, *cut(until)])
    program = bench / "vnc_bytes"
    if not program.exists():
        raise PeerError("vnc_bytes was not built: install libvncserver-dev and run './dev bench' again")
    # The library's limit of rectangles in an update, or none to speak of: whichever takes less here.
    return min((said([program, name, clip, "--rects", rects, *cut(until)]) for rects in ("50", "20000")), key=lambda got: got["bytes"])


def said(argv):
    done = subprocess.run(argv, capture_output=True, text=True)
    if done.returncode != 0:
        raise PeerError(done.stderr.strip()[-300:])
    return json.loads(done.stdout)
