# SPDX-License-Identifier: MIT
"""harness.py - starts the vane command for test_cli.py and checks codes and sentences."""
import json
import math
import os
import re
import subprocess
import sys
import tempfile
import traceback

VANE, OPS_DEF, WRONG = map(os.path.abspath, sys.argv[1:4])
os.environ["VANE_PLUGIN_PATH"] = ":".join(
    os.path.abspath(p) for p in os.environ.get("VANE_PLUGIN_PATH", "").split(":") if p)
for variable in list(os.environ):  # what the tester's shell sets must not decide
    if variable.startswith("VANE_") and variable not in ("VANE_PLUGIN_PATH", "VANE_OPENCL_CACHE_DIR"):
        del os.environ[variable]
os.environ["VANE_CACHE"] = os.environ["VANE_TOP"] = "0"  # nothing of the user's is read or written


class Skip(Exception):
    pass


def vane(*args, code=0, env=None, **more):
    """Runs it, checks the exit code; (stdout, stderr)."""
    p = subprocess.run([VANE, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       encoding="utf-8", timeout=120, env={**os.environ, **(env or {})}, **more)
    assert p.returncode == code, f"{args}: code {p.returncode}, expected {code}\n{p.stdout}{p.stderr}"
    return p.stdout, p.stderr


def refused(code, words, *args, env=None):
    """It fails with that code and one sentence that holds the words; stdout stays empty."""
    out, err = vane(*args, code=code, env=env)
    assert out == "", out
    assert re.fullmatch(r"vane: [^\n]+\n", err), err
    for word in [words] if isinstance(words, str) else words:
        assert word in err, f"{word!r} is not in {err!r}"


def as_json(*args):
    return json.loads(vane(*args, "--json")[0])


def backends():
    return sorted({d["backend"] for d in as_json("info")["devices"]})


def near(got, want, error=1e-6):
    assert len(got) == len(want), (got, want)
    for g, w in zip(got, want):
        assert math.isclose(g, w, rel_tol=error, abs_tol=error), (got, want)


def run_all(tests):
    """Each in a folder of its own; the exit code."""
    passed = failed = skipped = 0
    for name, function in tests:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            try:
                function()
                passed += 1
            except Skip as reason:
                skipped += 1
                print(f"skipped: {name}: {reason}")
            except Exception:
                failed += 1
                print(f"FAILED: {name}")
                traceback.print_exc(file=sys.stdout)
            os.chdir("/")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed else 0
