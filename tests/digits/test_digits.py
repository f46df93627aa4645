#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""test_digits.py WEIGHTS-FILE DIGITS-CSV COMMAND... - the example on every backend of this machine.

Each backend reaches the same accuracy, at 1 and 2 threads (under a sanitizer or an emulator at 2);
those that promise the same bits (avx2, avx512, neon) train the very weights that the file names, here and on any machine.
A sanitizer watches 2 epochs of 20.
Forcing, masking and misspelling a backend do what the README says.
"""
import os
import re
import subprocess
import sys

WEIGHTS, DATA = sys.argv[1], sys.argv[2]
COMMAND = sys.argv[3:]
EPOCHS, LEAST = (2, 90) if os.environ.get("VANE_TEST_SHORT") == "1" else (20, 94)
THREADS = (2,) if os.environ.get("VANE_TEST_BRIEF") == "1" else (1, 2)
SAME_BITS = ("avx2", "avx512", "neon")
results = {"passed": 0, "failed": 0, "skipped": 0}


def check(good, text):
    results["passed" if good else "failed"] += 1
    if not good:
        print("FAILED:", text)


def run(extra=(), **environment):
    env = {**os.environ, **{k: str(v) for k, v in environment.items()}}
    p = subprocess.run([*COMMAND, "--no-table", *extra, DATA], env=env, capture_output=True, text=True, check=False)
    found = re.search(r"weights (\w+)[\s\S]*accuracy on \d+ unseen digits: ([\d.]+) %", p.stdout)
    return p, (found.group(1), float(found.group(2))) if found else (None, None)


def backends():
    """The names that the error for a misspelt one lists, and that can run here."""
    p, _ = run(VANE_BACKEND="avx9")
    check(p.returncode == 1 and "avx9" in p.stderr, f"avx9 is refused: {p.stderr}")
    listed = re.search(r"there are: ([\w, ]+)", p.stderr)
    check(listed is not None, f"the names are listed: {p.stderr}")
    names = [n.strip() for n in listed.group(1).split(",")] if listed else []
    known = [n for n in names if n in ("scalar", "generic", "opencl", *SAME_BITS)]
    check("scalar" in known, f"scalar is among {names}")
    return known


def test_backend(name, expected, accuracies):
    for threads in THREADS:
        p, (weights, accuracy) = run(("--epochs", str(EPOCHS)), VANE_BACKEND=name, VANE_THREADS=threads)
        if p.returncode != 0 and "refused" in p.stderr and ("CPU" in p.stderr or name == "opencl"):
            results["skipped"] += 1
            print(f"skipped: {name}: {p.stderr.strip()}")
            return
        check(p.returncode == 0, f"{name} x{threads}: {p.stderr}")
        check(accuracy is not None and accuracy >= LEAST,
              f"{name} x{threads}: accuracy {accuracy}, expected {LEAST} or more")
        accuracies[name, threads] = accuracy
        if name in SAME_BITS:
            check(weights == expected, f"{name} x{threads}: weights {weights}, expected {expected}")


def test_mask():
    p, _ = run(("--epochs", "1"), VANE_CPU_MASK="avx2", LD_DEBUG="files")
    check(p.returncode == 0, f"masked run: {p.stderr[-300:]}")
    check("vane-avx512.so" not in p.stderr, "VANE_CPU_MASK=avx2 mapped avx512 all the same")
    check("vane-avx2.so" in p.stderr, "LD_DEBUG shows no avx2 either: the check above proves nothing")


def main():
    with open(WEIGHTS, encoding="ascii") as f:
        expected = {int(epochs): weights for weights, epochs in re.findall(r"^(\w+) .* (\d+) epochs", f.read(), re.M)}[EPOCHS]
    names, accuracies = backends(), {}
    for name in names:
        test_backend(name, expected, accuracies)
    check(len(set(accuracies.values())) == 1, f"one accuracy for all: {accuracies}")
    if "avx512" in names and ("avx512", 2) in accuracies and not any("qemu" in c for c in COMMAND):
        test_mask()
    print(f"accuracy {sorted(set(accuracies.values()))} on {sorted(set(n for n, _ in accuracies))}")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**results))
    sys.exit(results["failed"] > 0)


main()
