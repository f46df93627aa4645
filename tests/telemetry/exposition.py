# SPDX-License-Identifier: MIT
"""exposition.py - the text format of Prometheus, version 0.0.4, read strictly.

https://prometheus.io/docs/instrumenting/exposition_formats: what a scraper forgives is an error
here.
"""
import math
import re

METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
VALUE = re.compile(r"[+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf|NaN)")
TYPES = ("counter", "gauge", "histogram", "summary", "untyped")


class Wrong(Exception):
    pass


def expect(good, text):
    if not good:
        raise Wrong(text)


def read_value(line, at):
    """A label's value from behind its first quote; (value, index behind the last)."""
    out = []
    while True:
        expect(at < len(line), f"no quote ends the value in {line!r}")
        c = line[at]
        if c == '"':
            return "".join(out), at + 1
        if c == "\\":
            expect(line[at + 1:at + 2] in ("\\", '"', "n"), f"a strange escape in {line!r}")
            out.append("\n" if line[at + 1] == "n" else line[at + 1])
            at += 1
        else:
            out.append(c)
        at += 1


def read_labels(line, at):
    labels = {}
    while line[at:at + 1] != "}":
        name = LABEL.match(line, at)
        expect(name, f"no label's name at {at} in {line!r}")
        at = name.end()
        expect(line[at:at + 2] == '="', f"no =\" at {at} in {line!r}")
        value, at = read_value(line, at + 2)
        expect(name.group() not in labels, f"{name.group()} twice in {line!r}")
        labels[name.group()] = value
        expect(line[at:at + 1] in (",", "}"), f"neither , nor }} at {at} in {line!r}")
        at += line[at] == ","
    return labels, at + 1


def read_sample(line):
    name = METRIC.match(line)
    expect(name, f"no metric's name in {line!r}")
    at, labels = name.end(), {}
    if line[at:at + 1] == "{":
        labels, at = read_labels(line, at + 1)
    expect(line[at:at + 1] == " ", f"no blank before the value in {line!r}")
    expect(VALUE.fullmatch(line, at + 1), f"no value in {line!r}")
    return name.group(), labels, float(line[at + 1:])


def read_comment(line, families):
    word, name, rest = (line.split(" ", 3)[1:] + ["", ""])[:3]
    expect(METRIC.fullmatch(name), f"no metric's name in {line!r}")
    if word == "HELP":
        expect(name not in families, f"{name} is described twice, or its lines lie apart")
        expect("\\" not in re.sub(r"\\[\\n]", "", rest), f"a strange escape in {line!r}")
        families[name] = {"type": None, "samples": {}}
    elif word == "TYPE":
        expect(name in families and families[name]["type"] is None, f"TYPE of {name} is out of place")
        expect(rest in TYPES, f"no type: {line!r}")
        families[name]["type"] = rest
    else:
        raise Wrong(f"what is {line!r}?")


def parse(text):
    """{metric: {"type": ..., "samples": {((label, value), ...): value}}}; raises Wrong."""
    families, current = {}, None
    expect(text.endswith("\n"), "the last line does not end")
    expect("\r" not in text, "a carriage return")
    for line in text[:-1].split("\n"):
        if line.startswith("#"):
            read_comment(line, families)
            current = line.split(" ")[2]
            continue
        name, labels, value = read_sample(line)
        expect(name == current, f"{name} under {current}")
        family, key = families[name], tuple(sorted(labels.items()))
        expect(family["type"], f"{name} has no type")
        expect(key not in family["samples"], f"twice: {line!r}")
        if family["type"] == "counter":
            expect(name.endswith("_total") and value >= 0 and math.isfinite(value), f"no counter: {line!r}")
        family["samples"][key] = value
    return families


def total(families, name, **labels):
    """The sum of a metric's samples that have these labels."""
    return sum(v for k, v in families[name]["samples"].items() if set(labels.items()) <= set(k))
