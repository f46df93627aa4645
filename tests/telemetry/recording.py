# SPDX-License-Identifier: MIT
"""recording.py - what VANE_RECORD writes, read by its description in core/telemetry/record.h."""
import struct


class Wrong(Exception):
    pass


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Wrong("it ends too early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self):
        value = shift = 0
        while True:
            b = self.take(1)[0]
            value |= (b & 0x7f) << shift
            shift += 7
            if b < 0x80:
                return value

    def signed(self):
        twice = self.number()
        return ~(twice >> 1) if twice & 1 else twice >> 1

    def text(self):
        return self.take(self.number()).decode("utf-8", "replace")

    def real(self):
        return struct.unpack("<d", self.take(8))[0]


def operand(b):
    t = {"dtype": b.number()}
    t["shape"] = [b.number() for _ in range(b.number())]
    t["stride"] = None if b.number() else [b.signed() for _ in t["shape"]]
    return t


def kind(b):
    k = {"op": b.number(), "name": b.text(), "dtype": b.number(), "class": b.number(), "place": b.number(),
         "flops": b.real(), "bytes": b.real()}
    n_in = b.number()
    k["params"] = b.take(b.number())
    k["operands"] = [operand(b) for _ in range(n_in + 1)]
    return k


def run(b, before):
    r = {"kind": b.number(), "who": b.number(), "thread": b.number(), "begin": before + b.signed(), "ns": b.number()}
    flags = b.number()
    r["trials"] = b.number() if flags & 1 else 0
    r["retries"] = b.number() if flags & 2 else 0
    r["status"] = b.signed() if flags & 4 else 0
    r["asynchronous"] = bool(flags & 8)
    return r


def parse(data):
    """{"process", "version", "kinds", "whos", "runs", "left_out"}; every entry is read to its end."""
    b = Bytes(data)
    if b.take(8) != b"VANEREC\n":
        raise Wrong("no recording")
    out = {"kinds": [], "whos": [], "runs": [], "left_out": 0}
    begin = 0
    while b.at < len(data):
        letter = b.take(1)
        entry = Bytes(b.take(b.number()))
        if letter == b"V":
            if "process" in out or entry.number() != 1:
                raise Wrong("its head")
            out["process"], out["version"] = entry.number(), entry.text()
        elif letter == b"C":
            out["kinds"].append(kind(entry))
        elif letter == b"W":
            out["whos"].append((entry.text(), entry.text(), entry.text(), entry.number()))
        elif letter == b"R":
            one = run(entry, begin)
            begin = one["begin"]
            one["kind"], one["who"] = out["kinds"][one["kind"]], out["whos"][one["who"]]
            out["runs"].append(one)
        elif letter == b"L":
            out["left_out"] = entry.number()
        else:
            raise Wrong(f"what is {letter}?")
        if entry.at != len(entry.data):
            raise Wrong(f"{letter} has more bytes than it needs")
    return out
