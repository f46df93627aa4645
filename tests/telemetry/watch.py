# SPDX-License-Identifier: MIT
"""watch.py - what the tests of telemetry share: running a program, counting checks."""
import json
import os
import subprocess
import sys
import tempfile

results = {"passed": 0, "failed": 0, "skipped": 0}
os.environ["VANE_PLUGIN_PATH"] = ":".join(
    os.path.abspath(p) for p in os.environ.get("VANE_PLUGIN_PATH", "").split(":") if p)
for variable in list(os.environ):  # what the tester's shell sets must not decide
    if variable.startswith("VANE_") and variable != "VANE_PLUGIN_PATH":
        del os.environ[variable]
os.environ["VANE_CACHE"] = os.environ["VANE_LOAD"] = os.environ["VANE_TOP"] = "0"  # nothing of the user's, nor of other tests beside


def check(good, text):
    results["passed" if good else "failed"] += 1
    if not good:
        print("FAILED:", text)


def skip(name, why):
    results["skipped"] += 1
    print(f"skipped: {name}: {why}")


def run(*command, code=0, **environment):
    """(stdout, stderr) of it."""
    env = {**os.environ, **{k: str(v) for k, v in environment.items()}}
    p = subprocess.run([str(c) for c in command], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       encoding="utf-8", errors="replace", timeout=300, check=False)
    check(p.returncode == code, f"{command[0]}: code {p.returncode}, expected {code}: {p.stderr[-500:]}")
    return p.stdout, p.stderr


def busy(program, *how, code=0, **environment):
    """What it says that it did, and its stderr."""
    out, err = run(program, *how, code=code, **environment)
    return json.loads(out), err


def main(*tests):
    """Each in a folder of its own."""
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            test()
            os.chdir("/")
    print("{passed} passed, {failed} failed, {skipped} skipped".format(**results))
    sys.exit(results["failed"] > 0 or results["passed"] == 0)
