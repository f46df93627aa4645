#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""failures.py EXERCISE CONTRACT VANE PLUGIN TABLE... - every function of the tables fails on the stand-in driver, at its first,
middle and last call (one at more), as out of memory, plainly and for good. Each run must end in right results or errors
with sentences (exercise.c judges), with nothing left over in the driver. Ends with `N passed, N failed, N skipped`; the line
before says how many of the functions failed at least once, which must be all."""
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

EXERCISE, CONTRACT, VANE, PLUGIN = sys.argv[1:5]
BRIEF = os.environ.get("VANE_TEST_BRIEF") == "1"  # a sanitizer is slow: the first call in two ways, the last plainly
CODES = {"out of memory": 2, "plain": 304, "for good": 719}
LATER = ["run.kernel", "run.copy", "run.set", "run.host"]  # while work runs

# What is called where: the first world that calls a function is the one in which it fails.
WORLDS = [
    ("two devices", [EXERCISE], "devices=2", {"VANE_POLICY": "fixed"}),
    ("one", [EXERCISE], "", {"VANE_POLICY": "fixed"}),
    ("no pools", [EXERCISE], "pools=0", {"VANE_POLICY": "fixed"}),
    ("little memory", [EXERCISE], "memory=7M", {"VANE_POLICY": "fixed"}),
    ("traced", [EXERCISE], "", {"VANE_POLICY": "fixed", "VANE_TRACE": "/dev/null"}),
    ("learning", [EXERCISE], "", {"VANE_POLICY": "adaptive"}),
    ("contract", [CONTRACT], "", {"VANE_POLICY": "fixed"}),
    ("long ago", [CONTRACT], "age=3600", {"VANE_POLICY": "fixed"}),
    ("no NVML", [CONTRACT], "fail=nvmlInit_v2:9", {"VANE_POLICY": "fixed"}),
    ("no end of a recording", [EXERCISE], "fail=cuStreamEndCapture:304", {"VANE_POLICY": "fixed"}),
    ("told", [VANE, "info"], "", {}),
    ("products", [VANE, "check", PLUGIN, "--quick", "--op", "gemm", "--dtype", "f32"], "misuse=report", {}),
    ("small check", [VANE, "check", PLUGIN, "--quick", "--op", "add", "--dtype", "f32"], "misuse=report", {}),
]
# That of which one is left over when it fails.
ENDS = re.compile("Destroy|Free|Unload|Release|run.")


def tables():
    names = []
    for path in sys.argv[5:]:
        with open(path, encoding="utf-8") as f:
            names += re.findall(r"^(?:CUDA|NVML|BLAS)_FN\((\w+)", f.read(), re.M)
    return names


def run(world, fail=None, lost=False):
    """(how it ended, what was called: {name: (calls, failed)}, what is left)"""
    _, argv, spec, more = world
    with tempfile.NamedTemporaryFile(suffix=".report") as report:
        items = [s for s in [spec, "report=" + report.name] if s]
        if fail:
            items += ["fail=" + fail] + ([] if "misuse=report" in spec else ["misuse=report"])
        env = {**os.environ, "VANE_UNLOAD": "1", "VANE_EXCLUDE": "opencl", **more, "VANE_FAKE_CUDA": ",".join(items)}
        if lost:  # core keeps what a device that cannot be waited for may still be at
            env["LSAN_OPTIONS"] = env.get("LSAN_OPTIONS", "") + ":detect_leaks=0"
        try:
            p = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=600, check=False)
            end, text = p.returncode, p.stdout + p.stderr
        except subprocess.TimeoutExpired:
            end, text = "no end in 600 s", ""
        lines = report.read().decode().split("\n")
    calls = {m[1]: (int(m[2]), int(m[3])) for m in (re.match(r"call (\S+) (\d+) failed (\d+)", x) for x in lines) if m}
    left = {m[1]: int(m[2]) for m in (re.match(r"(live \S+|left-over|misuses) (\d+)", x) for x in lines) if m}
    return end, text, calls, left


def judge(name, code, fails, world):
    """What is wrong with one run, in words; "" nothing."""
    end, text, calls, left = run(world, fails, code == CODES["for good"] or name in LATER)
    judged = world[1][0] in (EXERCISE, CONTRACT)
    if not calls:
        return f"no report; it ended with {end}: {text[-600:]}", True
    if isinstance(end, int) and calls.get(name, (0, 0))[1] == 0:
        return "", False  # not so many calls this time: who polls does it as often as time allows
    if not isinstance(end, int) or end < 0 or (judged and end != 0):
        return f"it ended with {end}: {text[-600:]}", True
    if left.get("misuses") and "CtxP" not in name:
        return f"{left['misuses']} misuses: {text[-600:]}", True
    most = 1 if ENDS.search(name) else 0
    over = {k: n for k, n in left.items() if n > most and k != "misuses"}
    if over and code != CODES["for good"] and "CtxP" not in name and name != "cuDevicePrimaryCtxRelease_v2":
        return f"left over: {over}: {text[-600:]}", True
    return "", True


def plan(wanted, seen):
    """(name, code, spec, world) of every run"""
    for name in wanted:
        often = [(calls.get(name, (0, 0))[0], world) for world, calls in seen]
        # the first where it is called several times: what is called once may be another time not at all
        n, world = next((o for o in often if o[0] > 2), max(often, key=lambda o: o[0]))
        which = {1, n} if BRIEF else {1, (n + 1) // 2, n}
        if "EventSynchronize" in name:  # the last are those of a copy in pieces: others of them are under way
            which |= set(range(max(1, n - 8), n))
        for k in sorted(which) if n else []:
            ways = CODES if not BRIEF else ["plain"] if k > 1 else ["out of memory", "for good"]
            for code in (CODES[w] for w in ways):
                yield name, code, f"{name}:{code}@{k}", world


def main():
    passed = failed = late = 0
    seen, wanted = [], tables()
    for world in WORLDS:
        end, text, calls, left = run(world)
        seen.append((world, calls))
        if end != 0 or any(left.values()):
            print(f"FAILED: {world[0]}: without failures it ended with {end}, left over {left}: {text[-600:]}")
            failed += 1
    reached = set()
    jobs = list(plan(wanted + LATER, seen))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for job, (wrong, came) in zip(jobs, pool.map(lambda j: judge(*j[:3], j[3]), jobs)):
            passed += came and not wrong
            failed += bool(wrong)
            late += not came and not wrong
            if came:
                reached.add(job[0])
            if wrong:
                print(f"FAILED: {job[2]} ({job[3][0]}): {wrong}")
    missing = [n for n in wanted if n not in reached]
    if missing:
        failed += 1
        print("FAILED: never failed:", " ".join(missing))
    print(f"{len(wanted) - len(missing)} of {len(wanted)} functions failed at least once, in {len(jobs) - late} runs")
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)


main()
