#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second decoder of the screen codec "context", written from man scodec(7) and nothing else: the standard library only.

usage: scodec_reader.py STREAM    packets, each behind a four-byte big-endian length
Checks every packet's canvas check; prints as JSON the number of packets, the size and the CRC-32C of the last picture.
Slow; for streams of small pictures.
"""
import json
import sys

M64 = (1 << 64) - 1
M32 = (1 << 32) - 1
K1, K2, K3, K4, K5, KM = (0x9FB21C651E98DF25, 0xD6E8FEB86659FD93, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9,
                          0x27D4EB2F165667C5, 0x9E3779B97F4A7C15)
KNOTS = [22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4972, 7812, 11954, 17625, 24743, 32768,
         40793, 47911, 53582, 57724, 60564, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514]
RATES = (128, 86, 64, 44, 32, 24, 18, 16)
EXACT, CACHED, PHOTO = 0, 1, 2
LOSSY, REFINED, VIDEO = 1, 2, 3  # forms of photos; 0: exact
ZIGZAG = (0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
          28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
          47, 55, 62, 63)
BASE = ([24, 22, 24, 28, 36, 46, 60, 76, 92, 108, 124] + [140] * 4, [52, 56, 72, 104, 152, 192, 224] + [240] * 8,
        [44, 48, 64, 92, 132, 168, 196] + [212] * 8)
SIXTHS = (16, 18, 20, 23, 25, 28)
WAVES = ((64,) * 8, (89, 75, 50, 18, -18, -50, -75, -89), (83, 36, -36, -83, -83, -36, 36, 83),
         (75, -18, -89, -50, 50, 89, 18, -75), (64, -64, -64, 64, 64, -64, -64, 64), (50, -89, 18, 75, -75, -18, 89, -50),
         (36, -83, 83, -36, -36, 83, -83, 36), (18, -50, 75, -89, 89, -75, 50, -18))


class Refused(Exception):
    pass


def clamp(v, low, high):
    return max(low, min(high, v))


def mix64(h):
    g = (h ^ (h >> 29)) * KM & M64
    return g ^ (g >> 32)


def rotr(v, n):
    v &= M64
    return (v >> n | v << (64 - n)) & M64


def median(w, n, nw):
    return min(w, n) if nw >= max(w, n) else max(w, n) if nw <= min(w, n) else w + n - nw


def squash(x):
    x = clamp(x, -2047, 2047) + 2048
    return (KNOTS[x >> 7] * (128 - (x & 127)) + KNOTS[(x >> 7) + 1] * (x & 127) + 64) >> 7


def make_stretch():
    table, x = [], -2047
    for s in range(4096):
        while x < 2047 and squash(x) < 16 * s + 8:
            x += 1
        table.append(x)
    return table


STRETCH = make_stretch()
SQUASH = [squash(x) for x in range(-2047, 2048)]


def make_crc_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = (i >> 1) ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


CRC = make_crc_table()


def crc32c(data):
    crc = M32
    for byte in data:
        crc = (crc >> 8) ^ CRC[(crc ^ byte) & 255]
    return crc ^ M32


def green(p):
    return p >> 8 & 255


def red(p):
    return p >> 16 & 255


def blue(p):
    return p & 255


class Coder:
    def __init__(self, body):
        self.body, self.at, self.low, self.high, self.value = body, 0, 0, M32, 0
        for _ in range(4):
            self.value = self.value << 8 | self.byte()

    def byte(self):
        self.at += 1
        if self.at > len(self.body) + 4:
            raise Refused("cut off")
        return self.body[self.at - 1] if self.at <= len(self.body) else 0

    def bit(self, p):
        middle = self.low + ((self.high - self.low) * p >> 16)
        bit = self.value <= middle
        if bit:
            self.high = middle
        else:
            self.low = middle + 1
        while (self.low ^ self.high) >> 24 == 0:
            self.low = self.low << 8 & M32
            self.high = (self.high << 8 & M32) | 255
            self.value = (self.value << 8 & M32) | self.byte()
        return int(bit)

    def plain(self, n):
        v = 0
        for _ in range(n):
            v = v << 1 | self.bit(32768)
        return v


class Steady:
    __slots__ = ("quick", "slow")

    def __init__(self):
        self.quick = self.slow = 32768

    def p(self):
        return (self.quick + self.slow) >> 1

    def learn(self, bit):
        if bit:
            self.quick += (65535 - self.quick) >> 4
            self.slow += (65535 - self.slow) >> 7
        else:
            self.quick -= self.quick >> 4
            self.slow -= self.slow >> 7


class Young:
    __slots__ = ("q", "n")

    def __init__(self):
        self.q, self.n = 4096, 0

    def p(self):
        return self.q * 8

    def learn(self, bit):
        d = ((8191 if bit else 0) - self.q) * RATES[self.n]
        self.q += (d + 128) >> 8 if d >= 0 else -((-d + 128) >> 8)
        self.n = min(self.n + 1, 7)


class Counted:
    __slots__ = ("q", "n")

    def __init__(self):
        self.q, self.n = 32768, 0

    def p(self):
        return self.q

    def learn(self, bit):
        self.q += ((65535 if bit else 0) - self.q) * (131072 // (2 * self.n + 3)) >> 16
        self.n = min(self.n + 1, 120)


def to_tint(p):
    co = red(p) - blue(p)
    t = blue(p) + (co >> 1)
    cg = green(p) - t
    return t + (cg >> 1), co, cg


def to_pixel(y, co, cg):
    t = y - (cg >> 1)
    b = t - (co >> 1)
    return clamp(b + co, 0, 255) << 16 | clamp(cg + t, 0, 255) << 8 | clamp(b, 0, 255)


def size_class(n):
    return min(n.bit_length(), 7)


def sign_class(n):
    return 2 if n > 0 else 1 if n < 0 else 0


def small(n):
    return clamp(n, -3, 3) + 3


class Block:
    """Levels by channel and place, and how many of them were told."""

    def __init__(self):
        self.level = [[0] * 64 for _ in range(3)]
        self.count = [0] * 3


class Table(dict):
    """Models by context, made when first asked for."""

    def __init__(self, kind):
        super().__init__()
        self.kind = kind

    def __missing__(self, key):
        self[key] = model = self.kind()
        return model


class Slot:
    __slots__ = ("first", "count", "second", "tag", "young")

    def __init__(self):
        self.first = self.count = self.second = self.tag = 0
        self.young = [Young() for _ in range(4)]


class Tile:
    def __init__(self):
        self.painted, self.kind, self.reference, self.slot, self.form = False, EXACT, -1, 0, 0

    def photo(self, form):
        return self.painted and self.kind == PHOTO and self.form == form


class Decoder:
    def __init__(self):
        self.width = self.height = 0
        self.ready = False

    def reset(self, width, height):
        self.width, self.height = width, height
        self.columns, self.rows = (width + 15) // 16, (height + 15) // 16
        count = self.columns * self.rows
        self.canvas = [[0] * width for _ in range(height)]
        self.before = [[0] * width for _ in range(height)]
        self.background = [[0] * width for _ in range(height)]
        self.number = [[0] * width for _ in range(height)]
        self.picture, self.cache, self.next_slot = 0, {}, 0
        self.vectors, self.touched = [(0, 0)], {}
        self.painted_before, self.row_before = [0] * count, [0] * self.rows
        self.last_slot, self.step, self.miss, self.past, self.literal = 65535, 0, 0, 0, 0
        self.inexact, self.version = [0] * count, 0
        self.models = {}
        self.weights = {}
        self.slots = {"wide": {}, "near": {}, "closest": {}}
        self.places = {}

    # models ---------------------------------------------------------------------------------------------------------
    def steady(self, name, context):
        table = self.models.setdefault(name, Table(Steady))
        model = table[context]
        bit = self.coder.bit(clamp(model.p(), 24, 65512))
        model.learn(bit)
        return bit

    def model(self, name, kind, context):
        return self.models.setdefault(name, Table(kind))[context]

    def mixed(self, name, which, inputs, rate):
        weights = self.weights.setdefault((name, which), [19660] * len(inputs))
        t = [0 if m is None else STRETCH[m.p() >> 4] for m in inputs]
        x = clamp(sum(a * b for a, b in zip(t, weights)) >> 16, -2047, 2047)
        p = SQUASH[x + 2047]
        bit = self.coder.bit(clamp(p, 24, 65512))
        e = (65535 if bit else 0) - p
        for i, a in enumerate(t):
            weights[i] = clamp(weights[i] + (a * e >> rate), -4194304, 4194304)
        for m in inputs:
            if m is not None:
                m.learn(bit)
        return bit

    # map ------------------------------------------------------------------------------------------------------------
    def take_number(self, name):
        if self.steady(name, 0):
            return 0
        negative = self.steady(name, 1)
        e = 0
        while e < 15 and self.steady(name, 2 + e):
            e += 1
        v = 1 << e | self.coder.plain(e)
        return -v if negative else v

    def take_vectors(self):
        count = 1
        while count < 8 and self.steady("vectors", count):
            count += 1
        self.vectors = [(0, 0)]
        for _ in range(count - 1):
            dx = self.take_number("dx")
            self.vectors.append((dx, self.take_number("dy")))

    def take_map(self):
        columns = self.columns
        self.tiles = [Tile() for _ in range(columns * self.rows)]
        above, last = 0, 0
        for row in range(self.rows):
            below = self.row_before[row + 1] if row + 1 < self.rows else 0
            above = self.steady("row", above + 2 * self.row_before[row] + 4 * below)
            self.row_before[row] = above
            for i in range(columns):
                at = row * columns + i
                if not above:
                    self.painted_before[at] = 0
                    continue
                left = self.tiles[at - 1] if i > 0 else Tile()
                up = self.tiles[at - columns] if row > 0 else Tile()
                up_right = self.tiles[at - columns + 1] if row > 0 and i + 1 < columns else Tile()
                up_left = self.tiles[at - columns - 1] if row > 0 and i > 0 else Tile()
                left2 = self.tiles[at - 2] if i > 1 else Tile()
                right_before = self.painted_before[at + 1] if i + 1 < columns else 0
                context = (64 * left.painted + 32 * up.painted + 16 * up_right.painted + 8 * up_left.painted +
                           4 * self.painted_before[at] + 2 * right_before + left2.painted)
                tile = self.tiles[at]
                tile.painted = bool(self.steady("painted", context))
                self.painted_before[at] = int(tile.painted)
                if tile.painted:
                    last = self.take_kind(tile, left, up, last)
                    if self.version > 1:
                        self.take_form(tile, left, up, at)

    def take_kind(self, tile, left, up, last):
        of = [min(t.kind, 4) if t.painted else 5 for t in (left, up)]
        context = (of[0] * 6 + of[1]) * 6 + min(last, 4)
        guess = left.kind if left.painted else up.kind if up.painted else last
        if self.steady("kind", (context, 0)):
            kind = guess
        elif self.steady("kind", (context, 1)):
            kind = EXACT
        elif self.steady("kind", (context, 2)):
            kind = CACHED
        elif self.steady("kind", (context, 3)):
            kind = PHOTO
        else:
            kind = 3
            while kind < len(self.vectors) + 1 and self.steady("vector choice", kind):
                kind += 1
        tile.kind = kind
        if kind == CACHED:
            self.take_slot(tile, left, up)
        if kind == EXACT:
            near = left.reference if left.painted and left.kind == EXACT else (
                left.kind - 2 if left.painted and left.kind > 2 else 0)
            if self.steady("reference", 0 if near < 0 else 1 if near == 0 else 2):
                tile.reference = near
            else:
                r = -1
                while r < len(self.vectors) - 1 and self.steady("reference", 9 + r):
                    r += 1
                tile.reference = r
        return kind

    def take_form(self, tile, left, up, at):
        if tile.kind == PHOTO:
            of = [1 + t.form if t.painted and t.kind == PHOTO else 0 for t in (left, up)]
            context = 5 * of[0] + of[1]
            if self.steady("form", (context, 0)):
                tile.form = LOSSY
            elif self.steady("form", (context, 1)):
                tile.form = REFINED
            elif self.steady("form", (context, 2)):
                tile.form = VIDEO
            self.inexact[at] = int(tile.form in (LOSSY, VIDEO))
            return
        column = at % self.columns
        context = (16 * (0 if tile.kind == EXACT else 1 if tile.kind == CACHED else 2) +
                   8 * (self.inexact[at - 1] if column > 0 else 0) +
                   4 * (self.inexact[at - self.columns] if at >= self.columns else 0) + 2 * self.inexact[at] +
                   (self.inexact[at + 1] if column + 1 < self.columns else 0))
        self.inexact[at] = self.steady("inexact", context)

    def take_slot(self, tile, left, up):
        left_cached = left.painted and left.kind == CACHED
        up_cached = up.painted and up.kind == CACHED
        if self.steady("slot", 1 if left_cached else 0):
            slot = self.last_slot + 1
        elif up_cached and self.steady("slot", 2):
            slot = up.slot + self.step
        elif self.steady("slot", 4):
            slot = self.last_slot
        else:
            slot = self.coder.plain(16)
        slot &= 65535
        if up_cached:
            self.step = slot - up.slot
        self.last_slot = tile.slot = slot

    def rect(self, at):
        x, y = at % self.columns * 16, at // self.columns * 16
        return x, y, min(16, self.width - x), min(16, self.height - y)

    def check_map(self):
        for at, tile in enumerate(self.tiles):
            if not tile.painted:
                continue
            x, y, w, h = self.rect(at)
            vector = tile.kind - 2 if tile.kind > 2 else tile.reference if tile.kind == EXACT else -1
            if vector >= len(self.vectors):
                raise Refused("no such vector")
            if vector >= 0:
                dx, dy = self.vectors[vector]
                if x + dx < 0 or y + dy < 0 or x + dx + w > self.width or y + dy + h > self.height:
                    raise Refused("from outside")
            if tile.kind == CACHED and (w < 16 or h < 16 or tile.slot not in self.cache):
                raise Refused("cache slot")
            if (tile.photo(VIDEO) and not self.shows_video(x, y, w, h)) or (tile.photo(LOSSY) and (w % 8 or h % 8)):
                raise Refused("form of a photo")

    # pixels ---------------------------------------------------------------------------------------------------------
    @staticmethod
    def at(plane, x, y):
        return plane[y][x] if 0 <= y < len(plane) and 0 <= x < len(plane[y]) else 0

    def around(self, x, y):
        get, c = self.at, self.canvas
        return {"W": get(c, x - 1, y), "N": get(c, x, y - 1), "NW": get(c, x - 1, y - 1), "NE": get(c, x + 1, y - 1),
                "WW": get(c, x - 2, y), "NN": get(c, x, y - 2), "NWW": get(c, x - 2, y - 1), "NEE": get(c, x + 2, y - 1),
                "NNE": get(c, x + 1, y - 2)}

    def reference_at(self, x, y):
        reference = self.tiles[y // 16 * self.columns + x // 16].reference
        return None if reference < 0 else self.vectors[reference]

    def exact_strip(self, x0, y0, w, h):
        for y in range(y0, y0 + h):
            x = x0
            while x < x0 + w:
                a = self.around(x, y)
                broken = False
                if a["W"] == a["N"] == a["NE"] == a["NW"]:
                    x, broken = self.flat_run(x, y, x0 + w, a)
                    if not broken:
                        continue
                    a = self.around(x, y)
                self.canvas[y][x] = self.pixel(x, y, a, broken)
                x += 1

    def flat_run(self, x, y, end, a):
        n = a["N"]
        most = 1
        while x + most < end and self.at(self.canvas, x + most + 1, y - 1) == n:
            most += 1
        c = most.bit_length()
        limit = min(most, min((x // 16 + 1) * 16, end) - x)
        hint, agree = limit, 0
        v = self.reference_at(x, y)
        if v is not None:
            bx, by = x + v[0], y + v[1]
            agree = 1 + (self.at(self.before, bx - 1, by) == n) + (self.at(self.before, bx, by - 1) == n)
            hint = 0
            while hint < limit and self.at(self.before, bx + hint, by) == n:
                hint += 1
        hinted = int(hint < limit)
        context = (4 * c + (a["WW"] == n) + 2 * (a["NN"] == n)) * 4 + agree
        broken = False
        if self.steady("run", 2 * context + hinted):
            run = most
        else:
            broken = True
            if hinted and most > 1 and self.steady("run", 2048 + context):
                run = hint
            elif most > 1:
                k = 0
                while k < (most - 1).bit_length() and self.steady("run length", (c, k)):
                    k += 1
                run = k if k <= 1 else min((1 << (k - 1)) + self.coder.plain(k - 1), most - 1)
            else:
                run = 0
        self.canvas[y][x:x + run] = [n] * run
        return x + run, broken

    def recall(self, name, size, key):
        table = self.slots[name]
        number = key & (size - 1)
        slot = table.get(number)
        if slot is None:
            slot = table[number] = Slot()
        tag = key >> 40 & 255
        return slot, tag, (slot.first, slot.count) != (0, 0) and slot.tag == tag

    @staticmethod
    def teach(slot, tag, v):
        if slot.tag != tag or (slot.first, slot.count) == (0, 0):
            slot.first, slot.count, slot.second, slot.tag = v, 1, v, tag
            slot.young = [Young() for _ in range(4)]
        elif slot.first == v:
            slot.count = min(slot.count + 1, 255)
        elif slot.count > 1 and slot.second != v:
            slot.count, slot.second = slot.count >> 1, v
        else:
            slot.second, slot.first, slot.count = slot.first, v, 1

    def pixel(self, x, y, a, broken):
        w, n = a["W"], a["N"]
        near_hash = mix64(n * K1 & M64 ^ rotr((a["NW"] << 32 | a["NE"]) * K2, 7) ^ 0x1234567)
        wide_hash = mix64(near_hash ^ rotr((a["WW"] << 32 | a["NN"]) * K3, 13) ^
                          rotr((a["NEE"] << 32 | a["NNE"]) * K4, 19) ^ rotr(a["NWW"] * K5, 11))
        wide = self.recall("wide", 1 << 20, mix64(wide_hash ^ w * K1 & M64))
        near = self.recall("near", 1 << 18, mix64(near_hash ^ w * K1 & M64))
        closest = self.recall("closest", 1 << 16, mix64((w << 32 | n) * K1 & M64))
        ref = pattern = 0
        ref_colour = 0
        v = self.reference_at(x, y)
        if v is not None:
            bx, by = x + v[0], y + v[1]
            get = lambda i, k: self.at(self.before, bx + i, by + k)
            ref_colour = get(0, 0)
            ref = 1 + (get(-1, 0) == w) + 2 * (get(0, -1) == n)
            pattern = (128 + (get(-1, 0) == w) + 2 * (get(0, -1) == n) + 4 * (get(-1, -1) == a["NW"]) +
                       8 * (get(1, -1) == a["NE"]) + 16 * (get(-2, 0) == a["WW"]) + 32 * (get(2, -1) == a["NEE"]) +
                       64 * (get(0, -2) == a["NN"]))
        back_colour = self.background[y][x]
        back = (self.at(self.background, x - 1, y) == w) + 2 * (self.at(self.background, x, y - 1) == n)
        if back == 3 and broken and back_colour == n:
            back = 0

        candidates = []

        def add(colour, source, confidence):
            if not (broken and colour == n) and all(colour != c[0] for c in candidates):
                candidates.append((colour, source, confidence))

        def conf(r):
            return 3 if r[0].count > 15 else 2 if r[0].count > 3 else 1 if r[0].count > 1 else 0

        if ref == 4:
            add(ref_colour, 0, back)
        if back == 3:
            add(back_colour, 4 if candidates else 3, 1 if ref == 4 else 0)
        if wide[2]:
            add(wide[0].first, 1, conf(wide))
        if near[2]:
            add(near[0].first, 2, conf(near))
        if ref in (1, 2, 3):
            add(ref_colour, 3, ref - 1)
        if back in (1, 2):
            add(back_colour, 3, 3)
        if wide[2]:
            add(wide[0].second, 4, conf(wide))
        if closest[2]:
            add(closest[0].first, 5, conf(closest))
        for colour, source, confidence, known in ((near[0].second, 6, conf(near), near[2]), (w, 7, 0, True),
                                                  (n, 7, 1, True), (a["NE"], 7, 2, True)):
            if len(candidates) < 5 and known:
                add(colour, source, confidence)
        agree = wide[2] and near[2] and wide[0].first == near[0].first
        out = None
        for rank, (colour, source, confidence) in enumerate(candidates[:5]):
            context = ((((8 * rank + source) * 4 + confidence) * 2 + agree) * 5 + ref) * 4 + (colour == w) + 2 * (colour == n)
            context = context * 4 + 2 * (self.miss > 0) + (back == 3)
            pair = mix64(((colour << 32 | w) * KM + source) & M64) & 65535
            inputs = [self.model("structure", Steady, context),
                      wide[0].young[(0, 1, 3, 3, 2, 3, 3, 3)[source]] if wide[2] else None,
                      near[0].young[(0, 3, 1, 3, 3, 3, 2, 3)[source]] if near[2] else None,
                      self.model("pattern", Steady, ((8 * pattern + source) * 4 + min(rank, 3)) * 8 + (self.past & 7)),
                      self.model("pair", Young, pair)]
            which = 8 * (8 * rank + source) + 4 * broken + 2 * wide[2] + near[2]
            if self.mixed("guess", which, inputs, 16):
                out = colour
                self.miss, self.past = (max(self.miss - 1, 0), 2 * self.past) if rank == 0 else (2, 2 * self.past + 1)
                break
        if out is None:
            out = self.take_literal(a)
            self.miss, self.past = 3, 2 * self.past + 1
        self.past &= M32
        for r in (wide, near, closest):
            self.teach(r[0], r[1], out)
        return out

    @staticmethod
    def activity(a):
        gw, gn, gnw, gne = (green(a[k]) for k in ("W", "N", "NW", "NE"))
        return min((abs(gw - gnw) + abs(gn - gnw) + abs(gn - gne)).bit_length(), 9)

    def take_literal(self, a):
        gw, gn, gnw, gne = (green(a[k]) for k in ("W", "N", "NW", "NE"))
        m = median(gw, gn, gnw)
        activity = self.activity(a)
        hashes = [((gw >> 4) << 40 | (gn >> 4) << 32 | (gnw >> 5) << 24 | (gne >> 5) << 16 | m << 8 | 3) * K3 & M64,
                  (self.literal << 32 | m << 8 | 4) * K4 & M64 ^ a["NN"] * K5 & M64]
        node = 1
        for done in range(8):
            if done in (0, 4):
                groups = [mix64(h + node * KM & M64) & 16383 for h in hashes]
                inner = 1
            inputs = [self.model("group", Young, (groups[0], inner)), self.model("group", Young, (groups[1], inner)),
                      self.model("direct", Young, 256 * activity + node),
                      self.model("direct", Young, 256 * (16 + m) + node)]
            bit = self.mixed("byte", 16 * done + activity, inputs, 15)
            node, inner = 2 * node + bit, 2 * inner + bit
        value = (m + node) & 255
        d = (value - m) & 255
        d = d - 256 if d > 127 else d
        self.literal = self.take_colours(a, value, min(abs(d).bit_length(), 6))
        return self.literal

    def take_colours(self, a, value, cls):
        keys = [(0, mix64((a["W"] << 8 | value) * KM & M64) & 16383), (1, mix64((a["N"] << 8 | value) * K2 & M64) & 16383),
                (2, value)]
        held = [self.places.get(k) for k in keys]
        equal = (held[0] == held[1]) + 2 * (held[0] == held[2]) + 4 * (held[1] == held[2])
        out, tried = None, set()
        for i, colour in enumerate(held):
            if colour is None or green(colour) != value or colour in tried:
                continue
            tried.add(colour)
            if self.steady("colour", (8 * i + equal) * 4 + 2 * (self.past >> 1 & 1) + (cls > 3)):
                out = colour
                break
        if out is None:
            out = self.differences(a, value, cls, 0)
        for k in keys:
            self.places[k] = out
        return out

    def differences(self, a, value, cls, base):
        near, parts = cls, []
        for channel, of in ((1, red), (2, blue)):
            d = {k: of(a[k]) - green(a[k]) for k in ("W", "N", "NW")}
            m = clamp(value + median(d["W"], d["N"], d["NW"]), 0, 255)
            t = min((abs(d["W"] - d["NW"]) + abs(d["N"] - d["NW"])).bit_length(), 3)
            r = self.residual(channel, base + 4 * near + t)
            parts.append((m + r) & 255)
            near = (cls + min(abs(r).bit_length(), 6) + 1) >> 1
        return parts[0] << 16 | value << 8 | parts[1]

    def residual(self, c, context):
        if self.steady("zero", (c, context)):
            return 0
        negative = self.steady("sign", (c, context))
        e = 0
        while e < 7 and self.steady("magnitude", (c, context, e)):
            e += 1
        v = 1
        for i in range(e):
            if i < 2:
                v = 2 * v + self.steady("mantissa", (c, e, 1 + (v & 1) if i == 1 else 0))
            else:
                v = 2 * v + self.coder.bit(32768)
        return -v if negative else v

    def photo_strip(self, x0, y0, w, h):
        for y in range(y0, y0 + h):
            for x in range(x0, x0 + w):
                a = self.around(x, y)
                m = median(green(a["W"]), green(a["N"]), green(a["NW"]))
                r = self.residual(0, self.activity(a))
                self.canvas[y][x] = self.differences(a, (m + r) & 255, min(abs(r).bit_length(), 6), 32)

    # inexact photos -------------------------------------------------------------------------------------------------
    def counted(self, name, context):
        model = self.model(name, Counted, context)
        bit = self.coder.bit(clamp(model.p(), 24, 65512))
        model.learn(bit)
        return bit

    def opinions(self, name, which, contexts):
        return self.mixed(name, which, [self.model(name, Counted, (i, *c)) for i, c in enumerate(contexts)], 15)

    def lossy_strip(self, x0, y0, w, h):
        row, blocks = y0 // 16, {}
        for tile in range(x0, x0 + w, 16):
            for y in range(y0, y0 + h, 8):
                for x in range(tile, min(tile + 16, x0 + w), 8):
                    left = blocks.get((x - 8, y))
                    up = blocks.get((x, y - 8)) if y > y0 else self.lowest.get((x, row - 1))
                    blocks[x, y] = self.block(x, y, left, up)
        for (x, y), block in blocks.items():
            if y == y0 + h - 8:
                self.lowest[x, row] = block

    def block(self, x, y, left, up):
        some = left or up
        pixels = []
        if left if some else x > 0:
            pixels += [self.canvas[y + i][x - 1] for i in range(8)]
        if up if some else y > 0:
            pixels += self.canvas[y - 1][x:x + 8]
        if pixels:
            half = len(pixels) // 2
            mean = [(sum(of) + half) // len(pixels) for of in zip(*map(to_tint, pixels))]
        else:
            mean = [128, 0, 0]
        out = Block()
        for channel in range(3):
            out.count[channel] = self.take_count(channel, out, left, up)
            self.take_levels(channel, out, left, up)
        samples = [self.transform(channel, out.level[channel]) for channel in range(3)]
        for i in range(64):
            self.canvas[y + i // 8][x + i % 8] = to_pixel(*(samples[c][i] + mean[c] for c in range(3)))
        return out

    def take_count(self, channel, block, left, up):
        def coarse(n):
            return n if n < 4 else min(2 * n.bit_length() + (n >> (n.bit_length() - 2) & 1) - 2, 12)
        a, b = (n.count[channel] if n else 65 for n in (left, up))
        first = block.count[0] if channel > 0 else 66
        second = block.count[1] if channel == 2 else 0
        contexts = (b if a == 65 else a if b == 65 else (a + b + 1) >> 1, 13 * coarse(a) + coarse(b),
                    13 * coarse(first) + coarse(second))

        def ask(which, node):
            inputs = [self.model("count", Counted, (i, channel, c, node)) for i, c in enumerate(contexts)]
            return self.mixed(which[0], which[1:], inputs, 15)
        if not ask(("none", channel), 0):
            return 0
        node = 1
        for k in range(5, -1, -1):
            node = 2 * node + ask(("count", channel, k), node)
        return (node & 63) + 1

    def take_levels(self, channel, block, left, up):
        level, told, count = block.level[channel], 0, block.count[channel]
        for i in range(count - 1, -1, -1):
            place = ZIGZAG[i]
            v, u = divmod(place, 8)

            def size(right, down):
                return abs(level[place + right + 8 * down]) if u + right < 8 and v + down < 8 else 0
            around = 2 * size(1, 0) + 2 * size(0, 1) + size(1, 1) + size(2, 0) + size(0, 2)
            at_left, at_up = (n.level[channel][place] if n else 0 for n in (left, up))
            here = [abs(block.level[c][place]) for c in range(2)]
            cross = size_class((told, 2 * here[0], 2 * here[1] + here[0])[channel])
            near, across = size_class(around), size_class(abs(at_left) + abs(at_up))
            if i != count - 1:
                ks = (8 * near + cross, 4 * min(abs(at_left), 3) + min(abs(at_up), 3), 8 * near + across, count - 1,
                      min(around, 63))
                if not self.opinions("level zero", (channel, place), [(channel, place, k) for k in ks]):
                    continue
            n, band = 1, min(u + v, 7)
            ks = (8 * near + band, 8 * across + near, place, 8 * cross + band)
            while n < 15 and self.opinions("level more", (channel, n), [(channel, n, k) for k in ks]):
                n += 1
            if n == 15:
                e = 0
                while e < 13 and self.coder.plain(1):
                    e += 1
                n = 14 + (1 << e) + self.coder.plain(e)
            if u == 0 or v == 0:
                negative = self.counted("wave sign", (channel, place, 3 * sign_class(at_left) + sign_class(at_up)))
            else:
                negative = self.coder.plain(1)
            told += n
            level[place] = -n if negative else n

    def transform(self, channel, level):
        scale = SIXTHS[self.quality % 6] << (self.quality // 6)
        c = [clamp(level[i] * max(BASE[channel][i // 8 + i % 8] * scale + 128 >> 8, 4), -32767, 32767) for i in range(64)]
        a = [[(sum(WAVES[v][y] * c[8 * v + u] for v in range(8)) + 64) >> 7 for u in range(8)] for y in range(8)]
        return [(sum(WAVES[u][x] * a[y][u] for u in range(8)) + 1024) >> 11 for y in range(8) for x in range(8)]

    def refined_strip(self, x0, y0, w, h):
        of = (green, red, blue)
        errors = {}
        for y in range(y0, y0 + h):
            for x in range(x0, x0 + w):
                shown = self.canvas[y][x]
                right = self.canvas[y][x + 1] if x + 1 < x0 + w else shown
                below = self.canvas[y + 1][x] if y + 1 < y0 + h else shown
                texture = size_class(abs(green(shown) - green(right)) + abs(green(shown) - green(below)))
                a = self.around(x, y)
                near = [errors.get(k, (0, 0, 0)) for k in ((x - 1, y), (x, y - 1), (x - 1, y - 1), (x + 1, y - 1))]
                e, parts = [0, 0, 0], [0, 0, 0]
                for c in range(3):
                    if c == 0:
                        expected = median(green(a["W"]), green(a["N"]), green(a["NW"]))
                    else:
                        d = {k: of[c](a[k]) - green(a[k]) for k in ("W", "N", "NW")}
                        expected = clamp(parts[0] + median(d["W"], d["N"], d["NW"]), 0, 255)
                    e[c] = self.take_error(c, [n[c] for n in near], e, texture, expected - of[c](shown))
                    parts[c] = (of[c](shown) + e[c]) & 255
                errors[x, y] = tuple(e)
                self.canvas[y][x] = parts[1] << 16 | parts[0] << 8 | parts[2]

    def take_error(self, c, near, e, texture, hint):
        w, n, nw, ne = near
        around = size_class(2 * (abs(w) + abs(n)) + abs(nw) + abs(ne))
        first, second = small(e[0]) if c > 0 else 7, small(e[1]) if c > 1 else 7
        hint = clamp(hint, -7, 7) + 7
        ks = (8 * around + texture, 8 * first + second, 4 * hint + (min(around, 6) >> 1), 8 * small(w) + small(n))
        if not self.opinions("error zero", c, [(c, k) for k in ks]):
            return 0
        signs = 27 * sign_class(w) + 9 * sign_class(n) + 3 * sign_class(e[0]) + sign_class(e[1])
        negative = self.opinions("error sign", c, [(c, signs), (c, 3 * hint + sign_class(e[0]))])
        size = 1
        while size < 24 and self.opinions("error more", (c, size), [(c, size, k) for k in ks]):
            size += 1
        if size == 24:
            size += self.coder.plain(8)
        return -size if negative else size

    # packets --------------------------------------------------------------------------------------------------------
    def end_picture(self):
        for at, refined in self.touched.items():
            x0, y0, w, h = self.rect(at)
            for y in range(y0, y0 + h):
                for x in range(x0, x0 + w):
                    if refined:
                        self.before[y][x] = self.canvas[y][x]
                    elif self.canvas[y][x] != self.before[y][x]:
                        if (self.picture - self.number[y][x]) % 256 >= 10:
                            self.background[y][x] = self.before[y][x]
                        self.number[y][x] = self.picture
                        self.before[y][x] = self.canvas[y][x]
        self.touched = {}
        self.picture = (self.picture + 1) % 256

    @staticmethod
    def shows_video(_x, _y, _w, _h):
        return False  # scodec_video.py reads video

    def copies(self):
        for at, tile in enumerate(self.tiles):
            if not tile.painted or tile.kind in (EXACT, PHOTO):
                continue
            x, y, w, h = self.rect(at)
            for k in range(h):
                if tile.kind == CACHED:
                    self.canvas[y + k][x:x + w] = self.cache[tile.slot][k]
                else:
                    dx, dy = self.vectors[tile.kind - 2]
                    self.canvas[y + k][x:x + w] = self.before[y + k + dy][x + dx:x + dx + w]

    def strips(self):
        at, self.lowest = 0, {}
        if any(tile.photo(LOSSY) for tile in self.tiles):
            self.quality = self.coder.plain(6)
        forms = (self.photo_strip, self.lossy_strip, self.refined_strip)
        while at < len(self.tiles):
            tile, end = self.tiles[at], at + 1
            if not tile.painted or tile.kind not in (EXACT, PHOTO) or tile.photo(VIDEO):
                at += 1
                continue
            while end % self.columns and self.tiles[end].painted and self.tiles[end].kind == tile.kind \
                    and self.tiles[end].form == tile.form:
                end += 1
            x, y, _, h = self.rect(at)
            right = min(self.width, x + 16 * (end - at))
            (self.exact_strip if tile.kind == EXACT else forms[tile.form])(x, y, right - x, h)
            at = end

    def check(self):
        total = 0
        for at in range(self.columns * self.rows):
            x, y, w, h = self.rect(at)
            pixels = b"".join(p.to_bytes(4, "little") for k in range(h) for p in self.canvas[y + k][x:x + w])
            total += crc32c(at.to_bytes(4, "big") + pixels)
        return (total >> 16 ^ total) & 65535

    def decode(self, packet):
        if len(packet) < 8 or packet[0] != 0xD5 or packet[1] != 2 or packet[2] not in (1, 2) or \
                packet[3] & ~(7 if packet[2] == 1 else 15):
            raise Refused("head")  # scodec_video.py reads video
        keyframe, continues, incomplete = packet[3] & 1, packet[3] & 2, packet[3] & 4
        sequence, check = int.from_bytes(packet[4:6], "big"), int.from_bytes(packet[6:8], "big")
        body = packet[12:] if keyframe else packet[8:]
        if keyframe:
            self.reset(int.from_bytes(packet[8:10], "big"), int.from_bytes(packet[10:12], "big"))
        elif not self.ready or sequence != self.due or (continues and not self.incomplete):
            raise Refused("order")
        elif not continues:
            self.end_picture()
        if packet[2] < self.version:
            raise Refused("version")
        self.version = packet[2]
        self.ready = False
        self.incomplete = incomplete
        self.coder = Coder(body)
        if not continues:
            self.take_vectors()
        self.take_map()
        self.check_map()
        self.copies()
        self.strips()
        if self.coder.at < len(body):
            raise Refused("bytes left over")
        for at, tile in enumerate(self.tiles):
            if not tile.painted:
                continue
            self.touched[at] = tile.photo(REFINED) and self.touched.get(at, True)
            x, y, w, h = self.rect(at)
            if tile.kind in (EXACT, PHOTO) and not tile.photo(VIDEO) and w == 16 and h == 16:
                self.cache[self.next_slot] = [self.canvas[y + k][x:x + 16] for k in range(16)]
                self.next_slot = (self.next_slot + 1) % 32768
        if any(self.inexact) != bool(packet[3] & 8):
            raise Refused("exact or not")
        if self.check() != check:
            raise Refused("canvas check")
        self.due = (sequence + 1) % 65536
        self.ready = True


def main():
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    decoder, at, packets = Decoder(), 0, 0
    while at < len(data):
        length = int.from_bytes(data[at:at + 4], "big")
        try:
            decoder.decode(data[at + 4:at + 4 + length])
        except Refused as refused:
            print(f"scodec_reader: packet {packets}: {refused}", file=sys.stderr)
            return 1
        at += 4 + length
        packets += 1
    last = b"".join(p.to_bytes(4, "little") for row in decoder.canvas for p in row)
    print(json.dumps({"packets": packets, "width": decoder.width, "height": decoder.height, "crc": crc32c(last)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
