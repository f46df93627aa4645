#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_trace.py BUSY DIGITS CSV LANDINGS - VANE_TRACE: every event is as the format wants it."""
import glob
import json
import os
import re
import resource
import signal
import subprocess
import sys

from events import Wrong, names, parse
from watch import busy, check, main, run

BUSY, DIGITS, CSV, LANDINGS = map(os.path.abspath, sys.argv[1:5])


def read(path, closed=True):
    with open(path, encoding="utf-8") as f:
        return parse(f.read(), closed)


def calls(events, op=None):
    return [e for e in events if e["ph"] == "X" and e["cat"] == "call" and op in (None, e["name"])]


def the_checker_is_strict():
    def x(ts, dur, **more):
        return {"ph": "X", "pid": 1, "tid": 1, "name": "a", "cat": "c", "ts": ts, "dur": dur, **more}

    name = {"ph": "M", "pid": 1, "tid": 0, "name": "process_name", "args": {"name": "p"}}
    arrow = {"ph": "s", "pid": 1, "tid": 1, "name": "a", "cat": "c", "ts": 1, "id": 1}
    check(len(parse(json.dumps([name, x(0, 9), x(1, 2), x(9, 1)]))[0]) == 4, "a good trace is read")
    for bad in ([x(0, 9)], [name, x(0, 5), x(4, 2)], [name, x(0, -1)], [name, x("0", 1)], [name, x(0, 5), arrow],
                [name, {**x(0, 1), "ph": "Q"}], [name, name], [name, {**arrow, "ph": "f"}], {}):
        try:
            parse(json.dumps(bad))
            check(False, f"accepted: {bad}")
        except Wrong:
            check(True, "")


def every_call_is_a_slice():
    did, err = busy(BUSY, VANE_TRACE="t.json")
    events, arrows = read("t.json")
    check(err == "" and arrows == did["tanh"], f"stderr: {err}, {arrows} arrows")
    landed = calls(events, "tanh")
    check(len(landed) == did["tanh"] and {e["pid"] for e in landed}.isdisjoint({did["pid"]}), "on a device's track")
    given = [e for e in events if e["ph"] == "X" and e["cat"] == "given"]
    check({(e["pid"], e["tid"]) for e in given} == {(did["pid"], did["pid"])}, "given by the first thread")
    check(len(calls(events, "add")) == did["add"] + did["late"], "add")
    check(len(calls(events)) == sum(did[k] for k in ("add", "neg", "relu", "late", "tanh")), "all calls")
    threads = names(events, "thread_name")
    check(sorted(set(threads.values())) == ["busy", 'one "\\', "two\n"], f"threads: {threads}")
    check({k[0] for k in threads} == {did["pid"]}, "of one process")
    odd = next(e["args"] for e in calls(events, "add") if e["args"]["backend"] == "odd")
    check(odd["device"] == 'a "b\\c"\nd\x01\ufffd\u00e4' and odd["kernel"] == 'k"\\\n', f"names: {odd}")
    check(odd["shapes"] == "8x8,8x8->8x8" and odd["dtype"] == "f32" and odd["width"] == 1, f"args: {odd}")
    check(odd["flops"] == 64 and odd["bytes"] == 768 and odd["status"] == "VANE_OK", f"args: {odd}")
    negs = calls(events, "neg")
    check(all(e["args"]["retries"] == 1 and e["args"]["backend"] != "frail" for e in negs), "fallbacks")
    routes = [e for e in events if e["ph"] == "i" and e["args"]["from"] != "none"]
    # the order changed: of each op that was called, whoever had it gave it to the one preferred
    check({e["name"] for e in routes} == {f"route {op}" for op in ("add", "neg", "relu", "tanh")}
          and len(routes) == 4, f"routes: {routes}")
    check({e["args"]["to"] for e in routes} == {"scalar"}, f"routes: {routes}")
    args = next(e["args"] for e in routes if e["name"] == "route add")
    check((args["from"], args["to"]) == ("odd", "scalar") and args["predicted_ns"] > 0 and args["why"], f"{args}")
    late = [e["ts"] for e in calls(events, "add") if e["args"]["backend"] == "scalar"]
    check(max(e["ts"] for e in calls(events, "relu")) < min(late), "times are of one clock")


def digits_in_a_trace():
    out, _ = run(DIGITS, "--no-table", CSV, VANE_TRACE="t.json")
    events, _ = read("t.json")
    check("accuracy" in out and len(calls(events, "gemm")) > 1000, "the example's products are there")
    check(os.stat("t.json").st_mode & 0o777 == 0o600, "the file is its owner's")


def asynchronous_work_lands():
    run(LANDINGS, VANE_TRACE="t.json")
    events, arrows = read("t.json")
    given = [e for e in events if e["ph"] == "X" and e["cat"] == "given"]
    check(arrows == 6 and len(given) == 6, f"{arrows} arrows, {len(given)} given")
    check({e["tid"] for e in given} == {71, 72}, "on the threads that gave it")
    device = {e["pid"] for e in calls(events)}
    check(len(device) == 1 and not device & {e["pid"] for e in given}, "the device has a process of its own")
    check(len(calls(events)) == 7, "each work is a slice there")


def a_trace_of_the_killed_opens():
    did, _ = busy(BUSY, "die", code=-signal.SIGKILL, VANE_TRACE="t.json")
    events, _ = read("t.json", closed=False)
    check(100 < len(events) < 2 * did["add"], f"{len(events)} events were written before")


def a_child_has_its_own():
    did, _ = busy(BUSY, "fork", VANE_TRACE="t.json")
    mine, _ = read("t.json")
    child, _ = read(f"t.json.{did['child']}")
    check(len(calls(mine, "add")) == did["add"] + did["late"], "the parent's calls")
    check(len(calls(child)) == did["child_add"] and {e["pid"] for e in child} == {did["child"]}, "the child's")


def two_contexts_do_not_mix():
    did, err = busy(BUSY, "twice", VANE_TRACE="t.json")
    first, second = read("t.json")[0], read(f"t.json.{did['pid']}")[0]
    check(len(calls(first)) > 1000 and not calls(second), "one file each")
    check(err == "", f"stderr: {err}")


def what_cannot_be_written_harms_nobody():
    for path in ("/dev/full", "no/such/folder/t.json"):
        _, err = busy(BUSY, "loud", VANE_TRACE=path)
        lines = re.findall("VANE_TRACE: [^\n]*", err)
        check(len(lines) == 1 and ("No space" in lines[0] or "No such file" in lines[0]), f"one log line: {err}")

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))

    p = subprocess.run([BUSY, "loud"], env={**os.environ, "VANE_TRACE": "t.json"}, capture_output=True,
                       preexec_fn=small, check=False)
    check(p.returncode == 0 and p.stderr.count(b"VANE_TRACE: writing failed") == 1, f"a full disk: {p.stderr}")
    events, _ = read("t.json", closed=False)
    check(len(events) > 50, f"what was written before is whole: {len(events)} events")
    check(not glob.glob("t.json.*"), "and nothing else is there")


main(the_checker_is_strict, every_call_is_a_slice, digits_in_a_trace, asynchronous_work_lands,
     a_trace_of_the_killed_opens, a_child_has_its_own, two_contexts_do_not_mix, what_cannot_be_written_harms_nobody)
