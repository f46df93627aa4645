#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tally.py NAME testlog.json SECONDS - count what one build's tests checked.

A libcheck program says "Checks: N, Failures: N, Errors: N"; others may end with
"N passed, N failed, N skipped". Where a test says neither, it counts as one. Skips and
failures are named. The last line printed is "passed failed skipped" for the caller to add.
"""
import json
import re
import sys

CHECK = re.compile(r"Checks: (\d+), Failures: (\d+), Errors: (\d+)")
PLAIN = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", re.M)


def count(test):
    text = test.get("stdout", "") + test.get("stderr", "")
    good = test["result"] == "OK"
    if test["result"] == "SKIP":
        return 0, 0, 1
    if test["result"] == "EXPECTEDFAIL":  # what it printed as failed is what it had to find
        return 1, 0, 0
    passed = failed = skipped = said = 0
    for checks, failures, errors in CHECK.findall(text):
        said += 1
        passed += int(checks) - int(failures) - int(errors)
        failed += int(failures) + int(errors)
    for p, f, s in PLAIN.findall(text):
        said += 1
        passed, failed, skipped = passed + int(p), failed + int(f), skipped + int(s or 0)
    if said and passed + failed + skipped == 0:
        return 0, 1, 0  # it says that it checked nothing
    if not said:
        return (1, 0, 0) if good else (0, 1, 0)
    return passed, failed if good else max(failed, 1), skipped


def main():
    name, path, seconds = sys.argv[1:4]
    total = [0, 0, 0]
    tests = 0
    try:
        lines = open(path, encoding="utf-8").read().splitlines()
    except OSError as error:
        print(f"FAILED: {name}: no test ran ({error})\n0 1 0")
        return
    for line in lines:
        test = json.loads(line)
        tests += 1
        result = count(test)
        total = [a + b for a, b in zip(total, result)]
        if result[1]:
            print(f"FAILED: {name}: {test['name']} ({test['result']})")
            print((test.get("stdout", "") + test.get("stderr", ""))[-3000:])
        elif result[2]:
            for reason in re.findall(r"^skipped: (.*)$", test.get("stdout", ""), re.M)[:40]:
                print(f"skipped: {name}: {test['name']}: {reason}")
    if tests == 0:
        print(f"FAILED: {name}: no test ran")
        total[1] += 1
    print(f"{name}: {tests} tests, {total[0]} checks passed, {total[1]} failed, {total[2]} skipped, {seconds} s")
    print(*total)


main()
