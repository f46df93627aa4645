#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_record.py BUSY DIGITS CSV LANDINGS VANE - VANE_RECORD and vane replay."""
import json
import os
import re
import signal
import statistics
import subprocess
import sys

from recording import parse
from watch import busy, check, main, run

BUSY, DIGITS, CSV, LANDINGS, VANE = map(os.path.abspath, sys.argv[1:6])


def read(path):
    with open(path, "rb") as f:
        return parse(f.read())


def replay(*args, **environment):
    return json.loads(run(VANE, "replay", *args, "--json", **environment)[0])


def ops(recording, name):
    return [r for r in recording["runs"] if r["kind"]["name"] == name]


def every_call_is_recorded():
    did, err = busy(BUSY, VANE_RECORD="b.rec")
    r = read("b.rec")
    check(err == "" and r["process"] == did["pid"] and r["left_out"] == 0, f"its head: {r['process']} {err}")
    check(len(ops(r, "add")) == did["add"] + did["late"] and len(ops(r, "relu")) == did["relu"], "add, relu")
    check(len(r["runs"]) == sum(did[k] for k in ("add", "late", "neg", "relu", "tanh")), f"calls: {len(r['runs'])}")
    check(all(n["retries"] == 1 and n["who"][0] != "frail" for n in ops(r, "neg")), "fallbacks")
    check(all(x["asynchronous"] == (x["kind"]["name"] == "tanh") for x in r["runs"]), "the stream's work")
    check(len({x["thread"] for x in r["runs"] if not x["asynchronous"]}) == did["threads"] + 1, "threads")
    check([x["who"][0] for x in ops(r, "add")].count("odd") == did["add"], "who computed")
    one = ops(r, "add")[0]["kind"]
    check([o["shape"] for o in one["operands"]] == [[8, 8]] * 3, f"shapes: {one}")
    check((one["flops"], one["bytes"], one["place"]) == (64, 768, 0), f"work: {one}")
    check(len(r["kinds"]) == 4, f"each kind is described once: {len(r['kinds'])}")
    bytes_each = os.path.getsize("b.rec") / len(r["runs"])
    check(bytes_each < 16, f"{bytes_each} bytes a call")


def asynchronous_work_is_recorded():
    run(LANDINGS, VANE_RECORD="a.rec")
    r = read("a.rec")
    check([x["ns"] for x in r["runs"]] == [30000, 38000, 36000, 31000, 40000, 20000, 0], "from given to landed")
    check(all(x["asynchronous"] for x in r["runs"]), "and it says so")


def other_files_for_others():
    did, _ = busy(BUSY, "fork", VANE_RECORD="b.rec")
    check(len(read(f"b.rec.{did['child']}")["runs"]) == did["child_add"], "the child's calls")
    check(len(ops(read("b.rec"), "add")) == did["add"] + did["late"], "the parent's")
    did, _ = busy(BUSY, "twice", VANE_RECORD="t.rec")
    check(len(read("t.rec")["runs"]) > 1000 and not read(f"t.rec.{did['pid']}")["runs"], "one file for each context")
    _, err = busy(BUSY, "loud", VANE_RECORD="/dev/full")
    check(len(re.findall("VANE_RECORD: ", err)) == 1, f"one log line: {err}")
    busy(BUSY, "die", code=-signal.SIGKILL, VANE_RECORD="d.rec")
    if os.path.getsize("d.rec"):
        read("d.rec")  # whole entries only


def replay_agrees_with_the_recording():
    run(DIGITS, "--no-table", CSV, VANE_RECORD="d.rec", VANE_POLICY="heuristic")
    r, j = read("d.rec"), replay("d.rec", "--policy", "heuristic")
    check((j["calls"], j["policy"], j["refused"]) == (len(r["runs"]), "heuristic", 0), f"{j['calls']} calls")
    check(j["recorded_ns"] == sum(max(0, x["ns"] - x["trials"]) for x in r["runs"]), f"time: {j['recorded_ns']}")
    groups = {}
    for x in r["runs"]:
        groups.setdefault(repr(x["kind"]), {}).setdefault(x["who"], []).append(max(0, x["ns"] - x["trials"]))
    medians = sum(len(t) * statistics.median(t) for k in groups.values() for t in k.values())
    best = sum(sum(map(len, k.values())) * min(map(statistics.median, k.values())) for k in groups.values())
    check(abs(j["medians_ns"] - medians) < 1 and abs(j["best_ns"] - best) < 1, f"medians: {j['medians_ns']} {medians}")
    check(abs(j["regret_ns"] - (medians - best)) < 1 and j["regret_ns"] >= 0, f"regret: {j['regret_ns']}")
    check(sum(k["calls"] for k in j["kinds"]) == j["calls"], "kinds add up")
    times = [k["sum_ns"] for k in j["kinds"]]
    check(times == sorted(times, reverse=True), "the longest first")


def another_environment_runs_elsewhere():
    run(DIGITS, "--no-table", CSV, VANE_RECORD="d.rec", VANE_POLICY="heuristic", VANE_EXCLUDE="scalar")
    j = replay("d.rec", VANE_BACKEND="scalar")
    check(j["elsewhere"] == j["calls"] and j["here_recorded_ns"] == 0, f"all would move: {j['elsewhere']}")
    check({k["here"]["backend"] for k in j["kinds"]} == {"scalar"}, "to scalar")
    check({k["recorded"]["backend"] for k in j["kinds"]}.isdisjoint({"scalar"}), "from others")
    check({k["basis"] for k in j["kinds"]} == {"predicted"}, "by what it declares")
    j = replay("d.rec", "--policy", "fixed", VANE_BACKEND="scalar")
    check({k["basis"] for k in j["kinds"]} == {"unknown"}, "an order predicts nothing")
    check(abs(j["here_ns"] - j["medians_ns"]) < 1 and j["here_unknown_ns"] == j["here_ns"], "it is taken as usual")
    check(not j["crossovers"], "where there is one backend, no choice changes")
    run(DIGITS, "--no-table", CSV, VANE_RECORD="s.rec", VANE_BACKEND="scalar")
    j = replay("s.rec", VANE_BACKEND="scalar")
    check(j["elsewhere"] == 0 and j["here_recorded_ns"] == j["here_ns"] == j["best_ns"], "nothing changes, no regret")


def it_runs_again():
    run(DIGITS, "--no-table", CSV, VANE_RECORD="d.rec")
    j = replay("d.rec", "--run")
    check((j["runs"], j["not_run"]) == (j["calls"], 0) and j["run_ns"] > 0, f"all of it: {j['runs']} {j['not_run']}")
    check(all(k["run_ns"] > 0 for k in j["kinds"]), "each kind has a time")
    out, _ = run(VANE, "replay", "d.rec", "--run", "--memory", "1")
    check("run again" in out and "the choice changes with size" in out, f"in words: {out}")


def custom_ops_and_backends_are_not_here():
    did, _ = busy(BUSY, VANE_RECORD="b.rec")
    j = replay("b.rec", "--policy", "fixed")
    add = next(k for k in j["kinds"] if k["op"] == "add")
    check(add["recorded"]["backend"] == "odd" and add["here"]["backend"] != "odd", f"{add}")
    check(did["add"] <= add["elsewhere"] <= did["add"] + did["late"], f"elsewhere: {add['elsewhere']}")


def damaged_files_are_one_sentence():
    busy(BUSY, VANE_RECORD="b.rec")
    with open("b.rec", "rb") as f:
        whole = f.read()
    accepted = refused = 0
    cuts = [*range(0, 120, 3), *range(120, len(whole), len(whole) // 20)]
    for cut in cuts:
        with open("cut.rec", "wb") as f:
            f.write(whole[:cut])
        p = subprocess.run([VANE, "replay", "cut.rec"], capture_output=True, encoding="utf-8", errors="replace", check=False)
        accepted += p.returncode == 0
        refused += p.returncode == 1 and re.fullmatch(r"vane: cut.rec: [^\n]+\n", p.stderr) is not None and not p.stdout
    check(accepted + refused == len(cuts) and refused > 20, f"{accepted} accepted, {refused} refused of {len(cuts)}")
    for bad, words in ((["none.rec"], "No such file"), ([CSV], "no recording")):
        _, err = run(VANE, "replay", *bad, code=1)
        check(words in err and err.count("\n") == 1, f"{bad}: {err}")
    _, err = run(VANE, "replay", "b.rec", "--policy", "lucky", code=2)
    check("lucky" in err, err)
    run(VANE, "replay", code=2)


main(every_call_is_recorded, asynchronous_work_is_recorded, other_files_for_others, replay_agrees_with_the_recording,
     another_environment_runs_elsewhere, it_runs_again, custom_ops_and_backends_are_not_here,
     damaged_files_are_one_sentence)
