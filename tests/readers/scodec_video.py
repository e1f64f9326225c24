#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second reader of what packets of the screen codec say about video, written from man scodec(7), VIDEO: the standard library and
FFmpeg's own VP9 decoder (the program ffmpeg), which shares no code with libvpx.

usage: scodec_video.py STREAM    packets, each behind a four-byte big-endian length
Checks every packet's canvas check. Prints as JSON the number of packets, of those with video, and the CRC-32C of the pictures of all
regions after each such packet.
"""
import json
import struct
import subprocess
import sys

from scodec_reader import Decoder, Refused, VIDEO, crc32c

MOST_PIXELS, MOST_BYTES, LEAST_SIDE, REGIONS = 4194304, 1048576, 16, 4


def need(condition, what):
    if not condition:
        raise Refused(what)


class Stream:
    def __init__(self, place):
        self.place, self.frames = place, []

    def pictures(self):
        """Of all frames, as bytes B, G, R, 0."""
        _, _, width, height = self.place
        ivf = b"DKIF" + struct.pack("<HHIHHIIII", 0, 32, 0x30395056, width, height, 15, 1, len(self.frames), 0)
        for i, frame in enumerate(self.frames):
            ivf += struct.pack("<IQ", len(frame), i) + frame
        planes = subprocess.run(["ffmpeg", "-v", "error", "-f", "ivf", "-c:v", "vp9", "-i", "-", "-vsync", "passthrough", "-f", "rawvideo",
                                 "-"], input=ivf, stdout=subprocess.PIPE, check=True).stdout
        half = (width + 1) // 2
        chroma = half * ((height + 1) // 2)
        size = width * height + 2 * chroma
        need(len(planes) == size * len(self.frames), "frames that do not decode")
        return [pixels(planes[i:i + size], width, height, half, chroma) for i in range(0, len(planes), size)]


def clamp(v):
    return 0 if v < 0 else 255 if v > 255 else v


def pixels(planes, width, height, half, chroma):
    out = bytearray()
    for y in range(height):
        for x in range(width):
            luma = planes[y * width + x]
            at = width * height + (y >> 1) * half + (x >> 1)
            u, v = planes[at] - 128, planes[at + chroma] - 128
            out += bytes((clamp(luma + ((116130 * u + 32768) >> 16)), clamp(luma - ((22554 * u + 46802 * v + 32768) >> 16)),
                          clamp(luma + ((91881 * v + 32768) >> 16)), 0))
    return bytes(out)


class Regions:
    """What the regions show after each packet, as (stream, number of the frame)."""

    def __init__(self):
        self.now, self.shown, self.lengths = {}, [], []

    def section(self, body, width, height):
        steps, at, last = body[0], 1, -1
        need(1 <= steps <= 4, "number of steps")
        for _ in range(steps):
            kind, region = body[at] >> 4, body[at] & 15
            at += 1
            need(kind <= 2 and last < region < REGIONS, "kind or region")
            last = region
            if kind == 1:
                x, y, w, h = place = struct.unpack_from(">4H", body, at)
                at += 8
                need(w >= LEAST_SIDE and h >= LEAST_SIDE and x + w <= width and y + h <= height, "place")
                self.now[region] = Stream(place)
            need(region in self.now, "region that did not begin")
            if kind == 2:
                del self.now[region]
                continue
            length = int.from_bytes(body[at:at + 3], "big")
            need(0 < length <= MOST_BYTES and at + 3 + length <= len(body), "length")
            self.now[region].frames.append(body[at + 3:at + 3 + length])
            at += 3 + length
        need(sum(s.place[2] * s.place[3] for s in self.now.values()) <= MOST_PIXELS, "pixels")
        self.shown.append([(s, len(s.frames) - 1) for _, s in sorted(self.now.items())])
        self.lengths.append(at)


class Player(Decoder):
    """Decodes packets whose regions' pictures are known already: (length of the section, list of (place, picture)) of each section."""

    def __init__(self, sections):
        super().__init__()
        self.sections, self.now = iter(sections), []

    def decode(self, packet):
        head = 12 if packet[3] & 1 else 8
        if packet[3] & 1:
            self.now = []
        if packet[3] & 16:
            length, self.now = next(self.sections)
            packet = packet[:3] + bytes([packet[3] & ~16]) + packet[4:head] + packet[head + length:]
        super().decode(packet)

    def shows_video(self, x, y, w, h):
        return any(px < x + w and x < px + pw and py < y + h and y < py + ph for (px, py, pw, ph), _ in self.now)

    def copies(self):
        super().copies()
        for number, tile in enumerate(self.tiles):
            if not tile.painted or not tile.photo(VIDEO):
                continue
            x, y, w, h = self.rect(number)
            for (px, py, pw, ph), picture in self.now:
                for row in range(max(y, py), min(y + h, py + ph)):
                    for column in range(max(x, px), min(x + w, px + pw)):
                        at = 4 * ((row - py) * pw + column - px)
                        self.canvas[row][column] = int.from_bytes(picture[at:at + 3], "little")


def packets_of(data):
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        yield data[at + 4:at + 4 + length]
        at += 4 + length


def main():
    with open(sys.argv[1], "rb") as file:
        packets, regions, size = list(packets_of(file.read())), Regions(), None
    for packet in packets:
        need(packet[:2] == b"\xd5\x02", "codec")
        head = 8
        if packet[3] & 1:
            size, head = struct.unpack_from(">HH", packet, 8), 12
            regions.now = {}
        if packet[3] & 16:
            need(packet[2] >= 2, "flags")
            regions.section(packet[head:], *size)
    decoded = {}
    everything = bytearray()
    for shown in regions.shown:
        for stream, frame in shown:
            if stream not in decoded:
                decoded[stream] = stream.pictures()
            everything += decoded[stream][frame]
    player = Player((length, [(s.place, decoded[s][frame]) for s, frame in shown])
                    for length, shown in zip(regions.lengths, regions.shown))
    for packet in packets:
        player.decode(packet)
    print(json.dumps({"packets": len(packets), "with_video": len(regions.shown), "crc": crc32c(everything)}))


if __name__ == "__main__":
    main()
