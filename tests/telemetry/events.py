# SPDX-License-Identifier: MIT
"""events.py - the Trace Event Format, checked event by event.

docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU: fields that each phase
needs, slices that nest, arrows that end.
"""
import collections
import json

NUMBER = (int, float)


class Wrong(Exception):
    pass


def expect(good, text):
    if not good:
        raise Wrong(text)


def fields(e):
    phase = e.get("ph")
    expect(phase in ("X", "M", "i", "C", "s", "f"), f"phase: {e}")
    expect(type(e.get("pid")) is int and type(e.get("tid")) is int, f"pid, tid: {e}")
    expect(isinstance(e.get("name"), str) and e["name"], f"name: {e}")
    expect(phase == "M" or isinstance(e.get("ts"), NUMBER) and e["ts"] >= 0, f"ts: {e}")
    expect(phase != "X" or isinstance(e.get("dur"), NUMBER) and e["dur"] >= 0, f"dur: {e}")
    expect(phase != "i" or e.get("s") in ("g", "p", "t"), f"scope: {e}")
    expect(phase != "M" or e["name"] in ("process_name", "thread_name"), f"metadata: {e}")
    expect(phase != "M" or isinstance(e["args"].get("name"), str), f"metadata: {e}")
    expect(phase != "C" or e["args"] and all(isinstance(v, NUMBER) for v in e["args"].values()), f"counter: {e}")
    expect(phase not in "sf" or "id" in e and "cat" in e, f"arrow: {e}")
    expect(phase != "f" or e.get("bp") == "e", f"an arrow ends at the slice around it: {e}")


def nanoseconds(us):
    return round(us * 1000)


def slices_nest(events):
    """{(pid, tid): [(begin, end)]} in ns; of two slices of a thread one is inside the other, or apart."""
    tracks = collections.defaultdict(list)
    for e in events:
        if e["ph"] == "X":
            begin = nanoseconds(e["ts"])
            tracks[e["pid"], e["tid"]].append((begin, begin + nanoseconds(e["dur"])))
    for track, slices in tracks.items():
        open_until = []
        for begin, end in sorted(slices, key=lambda s: (s[0], -s[1])):
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            expect(not open_until or end <= open_until[-1], f"slices of {track} overlap at {begin}")
            open_until.append(end)
    return tracks


def arrows_end(events, tracks):
    """How many there are; each begins and ends in a slice, and goes forward."""
    arrows = collections.defaultdict(dict)
    for e in events:
        if e["ph"] in "sf":
            expect(e["ph"] not in arrows[e["id"]], f"two {e['ph']} of arrow {e['id']}")
            arrows[e["id"]][e["ph"]] = e
            at = nanoseconds(e["ts"])
            expect(any(b <= at <= x for b, x in tracks[e["pid"], e["tid"]]), f"no slice around {e}")
    for one in arrows.values():
        expect(set(one) == {"s", "f"}, f"half an arrow: {one}")
        expect(one["s"]["ts"] <= one["f"]["ts"], f"an arrow goes back: {one}")
        expect((one["s"]["name"], one["s"]["cat"]) == (one["f"]["name"], one["f"]["cat"]), f"two arrows in one: {one}")
    return len(arrows)


def names(events, what):
    found = collections.defaultdict(list)
    for e in events:
        if e["ph"] == "M" and e["name"] == what:
            found[e["pid"], e["tid"] if what == "thread_name" else 0].append(e["args"]["name"])
    expect(all(len(n) == 1 for n in found.values()), f"named twice: {found}")
    return {k: v[0] for k, v in found.items()}


def parse(text, closed=True):
    """(events, number of arrows) of a trace; raises Wrong."""
    if not closed:
        expect(not text.rstrip().endswith("]"), "it is closed")
        text += "]"
    events = json.loads(text)
    expect(isinstance(events, list) and events, "no array of events")
    for e in events:
        fields(e)
    tracks = slices_nest(events)
    processes = names(events, "process_name")
    expect(all((e["pid"], 0) in processes for e in events), f"a process has no name: {processes}")
    return events, arrows_end(events, tracks)
