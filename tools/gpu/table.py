#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""table.py COMMIT FOLDER STEPS OPS - writes the Markdown of gpu-check from the files in FOLDER: each
measurement of Vane beside what the driver or cuBLAS reached in the same run, and PASS or MISS where
something is asked of it, NOT MEASURED where it or what it stands beside is missing. STEPS: what should
have ended, OPS: what should have been measured, each one argument of several words. Figures of the
tests' stand-in driver are named so, and judged nowhere. Ends with 3 unless all is there and passes."""
import datetime
import json
import os
import platform
import re
import sys

MIB = 1 << 20
SHARES = {"elementwise": 0.90, "reduction": 0.85, "softmax": 0.80}  # of the driver's copy on the device
LINK, OWN_MATMUL, LAUNCH_NS = 0.90, 0.60, 1000
LAUNCHES = ("given", "one wait")  # those of which it is asked
MISSING = "NOT MEASURED"
LARGE, LARGE_LINK = 256 * MIB, 16 * MIB  # bytes of an operand, of a copy, from which on it counts
NEAR = 1.05  # of two kernels so near the policy may take either
BYTES = {"f64": 8, "i64": 8, "f32": 4, "i32": 4, "f16": 2, "bf16": 2}


def family(op):
    if op in ("matmul", "gemm"):
        return "product"
    if op.startswith("reduce_") or op in ("argmax", "dot"):
        return "reduction"
    return op if op == "softmax" else "elementwise"


def operand_bytes(row):
    """Of the first input."""
    count = 1
    for n in row["shape"].split(":")[0].split("x"):
        count *= int(n)
    return count * BYTES.get(row["dtype"], 1)


def peer(rows, what, name):
    """The driver's best: (GB/s, ns), 0 and None where it was not measured."""
    mine = [r for r in rows if r["kind"] == "bare" and r["what"] == what and r["name"] == name]
    return max((r["gb_per_s"] for r in mine), default=0), min((r["median_ns"] for r in mine), default=None)


def mark(good):
    return "PASS" if good else "MISS"


def limit(row):
    """What is asked of it: a share of its peer, for a launch the ns beside its own; 0 for nothing."""
    if row["kind"] == "launch":
        return LAUNCH_NS if row["name"] in LAUNCHES else 0
    if row["kind"] == "link":
        return LINK if row["name"] == "pinned" and row["bytes"] >= LARGE_LINK else 0
    kind = family(row["what"])
    if kind == "product":
        return OWN_MATMUL if row["what"] == "matmul" and row["dtype"] == "f32" and "cublas" not in row["name"] else 0
    return SHARES[kind] if operand_bytes(row) >= LARGE else 0


def verdict(word, asked):
    return f"{word} (asked: {f'{asked:.0%}' if asked <= 1 else f'{asked / 1e3:g} us'})" if asked else ""


def share_of(row, rate, of):
    """The cells share, of and verdict of a rate beside a peer's."""
    asked = limit(row)
    if not rate or not row["gb_per_s"]:
        return "", "not measured", verdict(MISSING, asked)
    share = row["gb_per_s"] / rate
    return f"{share:.0%}", of, verdict(mark(share >= asked), asked)


def judge_launch(row, rows):
    """Beside the same work launched by hand: an empty kernel takes the device less than one that reads and writes."""
    ns = peer(rows, "relu", row["name"])[1]
    asked = limit(row)
    if ns is None:
        return "", "not measured", verdict(MISSING, asked)
    more = row["median_ns"] - ns
    return f"{more / 1e3:+.2f} us", f"cuLaunchKernel, {ns / 1e3:.2f} us", verdict(mark(more <= asked), asked)


def same_case(row, rows):
    return [r for r in rows if r["kind"] == "op" and all(r[k] == row[k] for k in ("what", "dtype", "shape"))]


def judge_choice(row, case):
    """The row that the policy takes, beside the fastest of its case."""
    best = min(r["median_ns"] for r in case)
    return f"taken by the policy: {mark(row['median_ns'] <= NEAR * best)}" + ("" if row["settled"] else ", not settled")


def judge_own_product(row, case):
    """A kernel of ours beside cuBLAS."""
    library = [r for r in case if "cublas" in r["name"]]
    good = [r for r in library if r["result"] == "ok"]
    asked = limit(row)
    if not good:
        return "", "cuBLAS failed" if library else "no cuBLAS here", verdict(MISSING, asked)
    ratio = good[0]["median_ns"] / row["median_ns"]
    return f"{ratio:.0%}", "cuBLAS", verdict(mark(ratio >= asked), asked)


def judge_product(row, rows):
    case = same_case(row, rows)
    share, of, said = ("", "", "") if "cublas" in row["name"] else judge_own_product(row, case)
    good = [r for r in case if r["result"] == "ok"]
    choice = judge_choice(row, good) if row["chosen"] and len(good) > 1 else ""
    return share, of, "; ".join(filter(None, (said, choice)))


def judge(row, rows):
    if row["result"] != "ok":
        told = f"{row['result']}: {row['why'] or ''}".replace("|", "/")
        counted = row["result"] in ("WRONG", "FAILED") or not limit(row)
        return "", "", told if counted else f"{MISSING}: {told}"
    if row["kind"] == "launch":
        return judge_launch(row, rows)
    if row["kind"] == "link":
        return share_of(row, peer(rows, row["what"], row["name"])[0], f"cuMemcpy, {row['name']}")
    if family(row["what"]) == "product":
        return judge_product(row, rows)
    return share_of(row, peer(rows, "copy", "device")[0], "cuMemcpyDtoD")


def is_stand_in(device):
    return "stand-in" in device.lower()


def size_of(row):
    if row["kind"] == "op":
        return row["shape"]
    return f"{row['bytes'] / MIB:.3g} MiB" if row["bytes"] else ""


def figure(value, digits=3):
    return f"{value:.{digits}g}" if value < 1000 else f"{value:.0f}"


ORDER = ["bare", "launch", "link", "elementwise", "reduction", "softmax", "product"]


def place(row):
    """Where it stands in the table; what is alike stays in the order of the measurements."""
    return ORDER.index(family(row["what"]) if row["kind"] == "op" else row["kind"])


def line(row, rows):
    share, of, said = judge(row, rows) if row["kind"] != "bare" else ("", "", "")
    if said and is_stand_in(row["device"]) and row.get("result", "ok") == "ok":
        said = "stand-in: not judged"
    what = f"driver: {row['what']}" if row["kind"] == "bare" else row["what"]
    ns, flops = row["median_ns"], row.get("gflop_per_s") or 0
    return [what, row.get("dtype") or "", size_of(row), row["name"], f"{figure(ns / 1e3)} us" if ns else "-",
            figure(row["gb_per_s"]) if row["gb_per_s"] else "",
            figure(flops / 1e3) if row["kind"] == "op" and flops else "", share, of, said]


HEADS = ["what", "type", "size", "kernel", "time", "GB/s", "TFLOP/s", "share", "of", "verdict"]


def missing_pinned(rows):
    """Of each size that was copied from plain memory; there may be no pinned memory of that size."""
    links = [r for r in rows if r["kind"] == "link" and r["bytes"] >= LARGE_LINK]
    there = {(r["what"], r["bytes"]) for r in links if r["name"] == "pinned"}
    sizes = {r["bytes"] for r in links} or {LARGE_LINK}
    return [(way, "", f"{size / MIB:.3g} MiB", "pinned", LINK)
            for way in ("up", "down") for size in sorted(sizes) if (way, size) not in there]


def missing(rows, ops):
    """A line of the table for each figure that is asked for and has no row."""
    there = {(r["what"], r["name"] if r["kind"] == "launch" else "") for r in rows
             if r["kind"] in ("op", "launch") and limit(r)}
    gone = [("relu", "", "", name, LAUNCH_NS) for name in LAUNCHES if ("relu", name) not in there]
    gone += missing_pinned(rows)
    asked = [(op, SHARES[family(op)]) for op in ops] + [("matmul", OWN_MATMUL)]
    gone += [(op, "f32", "", "", least) for op, least in asked if (op, "") not in there]
    return [[*cells, "-", "", "", "", "", verdict(MISSING, least)] for *cells, least in gone]


def conformance(folder, steps):
    told = []
    for step in (s for s in steps if s.startswith("conformance-") and os.path.exists(os.path.join(folder, f"{s}.out"))):
        with open(os.path.join(folder, f"{step}.out"), encoding="utf-8", errors="replace") as f:
            last = (f.read().splitlines() or ["it wrote nothing"])[-1]
        failed = "" if has_ended(folder, step) else "FAILED"
        told.append(f"| {step[len('conformance-'):]} | {last.replace('|', '/')} | {failed} |")
    return ["", "| conformance | result | |", "| --- | --- | --- |", *told] if told else ["", "Conformance was not run."]


def has_ended(folder, step):
    return os.path.exists(os.path.join(folder, f"{step}.done"))


def header(commit, rows, today):
    devices = sorted({(r["device"], r["driver"]) for r in rows})
    out = ["# What the CUDA backend reaches", ""]
    for device, driver in devices:
        out += [f"{device}, driver {driver}, {platform.processor() or platform.machine()} with "
                f"{os.cpu_count()} CPUs, {today}, commit {commit}."]
    if any(is_stand_in(device) for device, _ in devices):
        out += ["", "**Not a GPU: this is the tests' stand-in for the driver, which computes on the CPU. The figures only "
                    "show that the script works.**"]
    return out + ["", "GB/s count bytes read and bytes written. Shares are of what the driver alone, or cuBLAS, reached in the "
                      "same run."]


def summary(verdicts, steps, unended):
    """Its lines, and whether all is there and passes."""
    counts = {word: len(re.findall(rf"\b{word}\b", " ".join(verdicts)))
              for word in ("PASS", "MISS", "WRONG", "FAILED", MISSING)}
    out = ["", ", ".join(f"{n} {word}" for word, n in counts.items()) +
           f"; {len(unended)} of {len(steps)} steps FAILED or not finished."]
    if unended:
        out += ["", *(f"- {step}: FAILED or not finished" for step in unended)]
    return out, not unended and all(n == 0 for word, n in counts.items() if word != "PASS")


def document(commit, rows, ops, steps, unended, today):
    """Its lines but for conformance's, and whether all is there and passes."""
    cells = [line(r, rows) for r in sorted(rows, key=place)]
    if not any(is_stand_in(r["device"]) for r in rows):
        cells += missing(rows, ops)
    out = header(commit, rows, today) + ["", f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"]
    out += [f"| {' | '.join(c)} |" for c in cells]
    told, good = summary([c[-1] for c in cells], steps, unended)
    return out + told, good


def main():
    commit, folder = sys.argv[1:3]
    steps, ops = sys.argv[3].split(), sys.argv[4].split()
    with open(os.path.join(folder, "gpu-check.jsonl"), encoding="utf-8") as f:
        rows = [json.loads(text) for text in f]
    if not rows:
        sys.exit("table.py: nothing was measured")
    unended = [s for s in steps if not has_ended(folder, s)]
    told, good = document(commit, rows, ops, steps, unended, datetime.date.today().isoformat())
    print("\n".join(told + conformance(folder, steps)))
    return 0 if good else 3


if __name__ == "__main__":
    sys.exit(main())
