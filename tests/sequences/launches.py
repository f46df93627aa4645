#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""launches.py EVERYWHERE - on the stand-in for CUDA's driver, where calls are counted: a run of a sequence is one call that
launches, however many calls are in it, and few others. Ends with `N passed, N failed, N skipped`."""
import os
import subprocess
import sys
import tempfile

passed = failed = 0


def check(good, what):
    global passed, failed
    passed += bool(good)
    failed += not good
    if not good:
        print("FAILED:", what)


def calls(runs):
    """{function: calls} of so many runs"""
    with tempfile.NamedTemporaryFile(suffix=".report") as report:
        env = {**os.environ, "VANE_FAKE_CUDA": "report=" + report.name, "VANE_UNLOAD": "1", "VANE_EXCLUDE": "opencl"}
        p = subprocess.run([sys.argv[1], "cuda", str(runs)], env=env, capture_output=True, text=True, timeout=120, check=False)
        check(p.returncode == 0, f"{runs} runs ended with {p.returncode}: {p.stdout + p.stderr}")
        lines = [line.split() for line in report.read().decode().split("\n")]
    check(["misuses", "0"] in lines, "misuses")
    check(["left-over", "0"] in lines, "something was left over")
    return {x[1]: int(x[2]) for x in lines if x and x[0] == "call"}


few, many = calls(10), calls(110)
more = {name: many[name] - few.get(name, 0) for name in many}
check(more["cuGraphLaunch"] == 100, f"100 runs more are {more['cuGraphLaunch']} launches of graphs")
check(more["cuLaunchKernel"] == 0, f"{more['cuLaunchKernel']} kernels were launched by themselves")
check(few["cuLaunchKernel"] >= 14, f"{few['cuLaunchKernel']} kernels for the first run and the recording")
check(many["cuStreamBeginCapture_v2"] == 1, f"{many['cuStreamBeginCapture_v2']} recordings")
others = {n: k for n, k in more.items() if k > 0 and n.startswith("cu") and n != "cuGraphLaunch"}
print("beside 100 launches:", ", ".join(f"{n} {k}" for n, k in sorted(others.items())))
check(others.get("cuEventRecord", 0) <= 40, "runs in a row share no event")
print(f"{passed} passed, {failed} failed, 0 skipped")
sys.exit(failed > 0)
