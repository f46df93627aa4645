#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""table.py COMMIT MEASUREMENTS.jsonl CONFORMANCE.out... - writes the Markdown of gpu-check: each
measurement of Vane beside what the driver or cuBLAS reached in the same run, and PASS or MISS where
something is asked of it. Figures of the tests' stand-in driver are named so, and judged nowhere."""
import datetime
import json
import os
import platform
import re
import sys

MIB = 1 << 20
SHARES = {"elementwise": 0.90, "reduction": 0.85, "softmax": 0.80}  # of the driver's copy on the device
LINK, OWN_MATMUL, LAUNCH_NS = 0.90, 0.60, 1000
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


def share_of(row, rate, of, asked, counts):
    """The cells share, of and verdict of a rate beside a peer's."""
    if not rate or not row["gb_per_s"]:
        return "", "not measured", ""
    share = row["gb_per_s"] / rate
    return f"{share:.0%}", of, f"{mark(share >= asked)} (asked: {asked:.0%})" if asked and counts else ""


def judge_launch(row, rows):
    """Beside the same work launched by hand: an empty kernel takes the device less than one that reads and writes."""
    ns = peer(rows, "relu", row["name"])[1]
    if ns is None:
        return "", "not measured", ""
    more = row["median_ns"] - ns
    asked = row["name"] in ("given", "one wait")
    return (f"{more / 1e3:+.2f} us", f"cuLaunchKernel, {ns / 1e3:.2f} us",
            f"{mark(more <= LAUNCH_NS)} (asked: 1 us)" if asked else "")


def judge_link(row, rows):
    rate = peer(rows, row["what"], row["name"])[0]
    asked = LINK if row["name"] == "pinned" else None
    return share_of(row, rate, f"cuMemcpy, {row['name']}", asked, row["bytes"] >= LARGE_LINK)


def same_case(row, rows):
    return [r for r in rows if r["kind"] == "op" and r["result"] == "ok"
            and all(r[k] == row[k] for k in ("what", "dtype", "shape"))]


def judge_choice(row, case):
    """The row that the policy takes, beside the fastest of its case."""
    best = min(r["median_ns"] for r in case)
    return f"taken by the policy: {mark(row['median_ns'] <= NEAR * best)}" + ("" if row["settled"] else ", not settled")


def judge_product(row, rows):
    case = same_case(row, rows)
    library = [r for r in case if "cublas" in r["name"]]
    share, of, said = "", "", []
    if not library:
        of = "no cuBLAS here"
    elif row not in library:
        ratio = library[0]["median_ns"] / row["median_ns"]
        share, of = f"{ratio:.0%}", "cuBLAS"
        if row["what"] == "matmul" and row["dtype"] == "f32":
            said.append(f"{mark(ratio >= OWN_MATMUL)} (asked: {OWN_MATMUL:.0%})")
    if row["chosen"] and len(case) > 1:
        said.append(judge_choice(row, case))
    return share, of, "; ".join(said)


def judge(row, rows):
    if row["result"] != "ok":
        return "", "", f"{row['result']}: {row['why'] or ''}".replace("|", "/")
    if row["kind"] == "launch":
        return judge_launch(row, rows)
    if row["kind"] == "link":
        return judge_link(row, rows)
    kind = family(row["what"])
    if kind == "product":
        return judge_product(row, rows)
    rate = peer(rows, "copy", "device")[0]
    return share_of(row, rate, "cuMemcpyDtoD", SHARES[kind], operand_bytes(row) >= LARGE)


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
    share, of, verdict = judge(row, rows) if row["kind"] != "bare" else ("", "", "")
    if verdict and is_stand_in(row["device"]) and row.get("result", "ok") == "ok":
        verdict = "stand-in: not judged"
    what = f"driver: {row['what']}" if row["kind"] == "bare" else row["what"]
    ns, flops = row["median_ns"], row.get("gflop_per_s") or 0
    return [what, row.get("dtype") or "", size_of(row), row["name"], f"{figure(ns / 1e3)} us" if ns else "-",
            figure(row["gb_per_s"]) if row["gb_per_s"] else "",
            figure(flops / 1e3) if row["kind"] == "op" and flops else "", share, of, verdict]


HEADS = ["what", "type", "size", "kernel", "time", "GB/s", "TFLOP/s", "share", "of", "verdict"]


def conformance(paths):
    told = []
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as f:
            last = (f.read().splitlines() or ["it wrote nothing"])[-1]
        ended = os.path.exists(re.sub(r"\.out$", ".done", path))
        name = re.sub(r"^conformance-|\.out$", "", os.path.basename(path))
        told.append(f"| {name} | {last.replace('|', '/')} | {'' if ended else 'FAILED'} |")
    return ["", "| conformance | result | |", "| --- | --- | --- |", *told] if told else ["", "Conformance was not run."]


def document(commit, rows, conformances, today):
    devices = sorted({(r["device"], r["driver"]) for r in rows})
    out = ["# What the CUDA backend reaches", ""]
    for device, driver in devices:
        out += [f"{device}, driver {driver}, {platform.processor() or platform.machine()} with "
                f"{os.cpu_count()} CPUs, {today}, commit {commit}."]
    if any(is_stand_in(device) for device, _ in devices):
        out += ["", "**Not a GPU: this is the tests' stand-in for the driver, which computes on the CPU. The figures only "
                    "show that the script works.**"]
    out += ["", "GB/s count bytes read and bytes written. Shares are of what the driver alone, or cuBLAS, reached in the "
                "same run.", "", f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"]
    cells = [line(r, rows) for r in sorted(rows, key=place)]
    out += [f"| {' | '.join(c)} |" for c in cells]
    verdicts = " ".join(c[-1] for c in cells)
    counts = {word: len(re.findall(rf"\b{word}\b", verdicts)) for word in ("PASS", "MISS", "WRONG", "FAILED")}
    out += ["", ", ".join(f"{n} {word}" for word, n in counts.items()) + "."]
    return out + conformances


def main():
    rows = []
    with open(sys.argv[2], encoding="utf-8") as f:
        rows = [json.loads(text) for text in f if text.strip()]
    if not rows:
        sys.exit("table.py: nothing was measured")
    print("\n".join(document(sys.argv[1], rows, conformance(sys.argv[3:]), datetime.date.today().isoformat())))


if __name__ == "__main__":
    main()
