#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_stats.py BUSY DIGITS CSV - VANE_STATS: every call is counted, in words and in metrics."""
import os
import re
import shutil
import subprocess
import sys

from exposition import Wrong, parse, total
from watch import busy, check, main, run, skip

BUSY, DIGITS, CSV = map(os.path.abspath, sys.argv[1:4])
ODD = 'a "b\\c"\nd\x01\ufffd\u00e4'  # its byte that is no UTF-8 is replaced


def read(path):
    with open(path, encoding="utf-8", newline="") as f:
        return parse(f.read())


def the_parser_is_strict():
    good = '# HELP a_total b\n# TYPE a_total counter\na_total{x="\\"\\\\\\n"} 1\n'
    check(total(parse(good), "a_total", x='"\\\n') == 1, "a good text is read")
    for bad in (good[:-1], good.replace("\\n\"", "\\t\""), good + 'a_total{x="\\"\\\\\\n"} 2\n',
                good.replace("counter", "count"), good.replace("} 1", "} one"), good.replace("} 1", "} -1"),
                good.replace("x=", "1x="), good.replace("# TYPE a_total counter\n", ""), good + "b 1\n"):
        try:
            parse(bad)
            check(False, f"accepted: {bad!r}")
        except Wrong:
            check(True, "")


def metrics_count_every_call():
    did, err = busy(BUSY, VANE_STATS="m.prom")
    f = read("m.prom")
    check(err == "", f"stderr: {err}")
    calls = f["vane_calls_total"]["samples"]
    check(sum(calls.values()) == sum(did[k] for k in ("add", "neg", "relu", "late", "tanh")), f"calls: {calls}")
    check(total(f, "vane_calls_total", op="add", backend="odd", device=ODD) == did["add"], f"add: {calls}")
    check(total(f, "vane_calls_total", op="add", backend="scalar") == did["late"], f"late: {calls}")
    check(total(f, "vane_calls_total", op="relu", dtype="f32") == did["relu"], f"relu: {calls}")
    check(total(f, "vane_calls_total", op="tanh", dtype="f32") == did["tanh"], f"of the stream: {calls}")
    check(total(f, "vane_calls_total", op="tanh", backend="none") == 0, "somebody computed them")
    check(total(f, "vane_calls_total", op="neg", backend="frail") == 0, "frail computed nothing")
    check(total(f, "vane_calls_total", op="neg") == did["neg"], f"neg: {calls}")
    check(f["vane_device_health"]["samples"] and total(f, "vane_device_health", state="good") * 3
          == len(f["vane_device_health"]["samples"]), "every device is well")
    check(total(f, "vane_resting") == 0, "nobody is left alone")
    check(total(f, "vane_fallbacks_total", op="neg", backend="frail") == did["neg"], "each neg was a fallback")
    check(total(f, "vane_fallbacks_total") == did["neg"], "and nothing else was")
    check(total(f, "vane_call_failures_total") == 0, "no call failed")
    check(total(f, "vane_route_changes_total", op="add", backend="odd", to_backend="scalar") == 1, "one route changed")
    check(total(f, "vane_flops_total", op="add") == 64 * (did["add"] + did["late"]), "flops of add")
    check(total(f, "vane_bytes_total", op="add") == 768 * (did["add"] + did["late"]), "bytes of add")
    seconds = total(f, "vane_call_seconds_total")
    check(0 < seconds < 300, f"seconds: {seconds}")
    check(total(f, "vane_uncounted_calls_total") == 0, "none uncounted")
    check(set(dict(next(iter(calls)))) == {"op", "dtype", "backend", "device", "width"}, "the labels of a call")


def the_file_is_replaced_whole():
    busy(BUSY, VANE_STATS="m.prom")
    check(os.stat("m.prom").st_mode & 0o777 == 0o600, "a new file is its owner's")
    os.chmod("m.prom", 0o644)
    os.symlink("m.prom", "link")
    inode = os.stat("m.prom").st_ino
    busy(BUSY, VANE_STATS="link")
    check(os.path.islink("link"), "a link stays one")
    check(os.stat("m.prom").st_mode & 0o777 == 0o644, "an old file keeps its mode")
    check(os.stat("m.prom").st_ino != inode, "it was renamed into place")
    check(sorted(os.listdir(".")) == ["link", "m.prom"], f"nothing is left behind: {os.listdir('.')}")
    out, _ = run(BUSY, VANE_STATS="/dev/stdout")
    check("vane_calls_total{" in out, "what is no regular file is written to")
    _, err = busy(BUSY, "loud", VANE_STATS="no/such/folder/m")
    check(len(re.findall("VANE_STATS: no/such/folder/m: ", err)) == 1, f"one log line: {err}")


def a_child_counts_its_own():
    did, _ = busy(BUSY, "fork", VANE_STATS="m.prom")
    mine, child = read("m.prom"), read(f"m.prom.{did['child']}")
    check(total(mine, "vane_calls_total", op="add") == did["add"] + did["late"], "the parent's calls")
    check(total(child, "vane_calls_total") == did["child_add"], "the child's")


def the_summary_adds_up():
    did, err = busy(BUSY, VANE_STATS=1)
    lines = err.rstrip("\n").split("\n")
    check(lines[0].startswith(f"vane: what ran where, process {did['pid']}, in "), f"its head: {err}")
    rows = [re.fullmatch(r"  (\S+ \S+) +(.+?) +(x\d+) +(\d+)  +([\d.]+ [num]?s)  +([\d.]+) %  .*", x) for x in lines]
    rows = [r.groups() for r in rows if r]
    last = re.search(r"\n  all +(\d+) ", err)
    everything = sum(did[k] for k in ("add", "neg", "relu", "late", "tanh"))
    check(sum(int(r[3]) for r in rows) == everything and last and int(last.group(1)) == everything, f"calls: {err}")
    check(abs(sum(float(r[5]) for r in rows) - 100) < 1, f"shares: {err}")
    units = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
    times = [float(r[4].split()[0]) * units[r[4].split()[1]] for r in rows]
    check(times == sorted(times, reverse=True) and len(times) >= 4, f"the longest first: {err}")
    check(f"fallback: frail kit failed neg f32 {did['neg']} times; " in err, f"fallbacks: {err}")
    check("routes changed 4 times\n" in err, f"routes: {err}")
    check(len({len(x) for x in lines[1:3 + len(rows)]}) == 1, f"the columns are aligned: {err}")
    _, err = busy(BUSY, VANE_STATS=0)
    check(err == "", f"0 is off: {err}")


def digits_in_metrics():
    out, err = run(DIGITS, "--no-table", CSV, VANE_STATS="m.prom")
    f = read("m.prom")
    check("accuracy" in out and err == "", f"digits: {out} {err}")
    check(total(f, "vane_calls_total", op="gemm") > 1000, "its products are counted")
    promtool = shutil.which("promtool")
    if promtool is None:
        skip("promtool", "not installed")
        return
    with open("m.prom", "rb") as text:
        p = subprocess.run([promtool, "check", "metrics"], stdin=text, capture_output=True, check=False)
    check(p.returncode == 0, f"promtool: {p.stdout} {p.stderr}")


main(the_parser_is_strict, metrics_count_every_call, the_file_is_replaced_whole, a_child_counts_its_own,
     the_summary_adds_up, digits_in_metrics)
