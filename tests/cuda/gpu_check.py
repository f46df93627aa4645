#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""gpu_check.py SOURCE BUILD - tools/gpu-check on the stand-in driver, with tiny sizes: what it writes, that it takes up where
it ended, what it says when something is missing; and the verdicts of its table on made-up measurements. Ends with
`N passed, N failed, N skipped`."""
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import traceback

SOURCE, BUILD = map(os.path.abspath, sys.argv[1:3])
SCRIPT = os.path.join(SOURCE, "tools", "gpu-check")
sys.dont_write_bytecode = True
spec = importlib.util.spec_from_file_location("table", os.path.join(SOURCE, "tools", "gpu", "table.py"))
table = importlib.util.module_from_spec(spec)
spec.loader.exec_module(table)


def gpu_check(out, *parts, code=0, **env):
    p = subprocess.run(["sh", SCRIPT, "-q", "-b", BUILD, "-o", out, *parts], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       encoding="utf-8", check=False, env={**os.environ, **env})
    assert p.returncode == code, f"{parts}: code {p.returncode}, expected {code}\n{p.stdout}{p.stderr}"
    return p.stdout, p.stderr


def read(out, name):
    with open(os.path.join(out, name), encoding="utf-8") as f:
        return f.read()


def cells(document):
    rows = [line.strip("| ").split(" | ") for line in document.splitlines() if line.startswith("| ")]
    return [[c.strip() for c in r] for r in rows]


# ---- the script ------------------------------------------------------------------------------


def test_all_of_it_on_the_stand_in(out):
    said = gpu_check(out, "conformance", "bench", "table")[0]
    told = read(out, "gpu-check.md")
    assert told in said and "Stand-in GPU 0, driver CUDA 13.0" in told
    assert "Not a GPU" in told and "PASS (" not in told and "MISS (" not in told, "the stand-in is judged"
    assert "0 PASS, 0 MISS, 0 WRONG, 0 FAILED." in told
    whats = {(c[0], c[1]) for c in cells(told)}
    for what in ["driver: launch", "driver: relu", "driver: copy", "driver: up", "driver: down"]:
        assert (what, "") in whats, whats
    for what in ["relu", "copy", "add", "exp", "reduce_sum", "argmax", "softmax", "matmul"]:
        assert (what, "f32") in whats, what
    products = {c[3] for c in cells(told) if c[0] == "matmul"}
    assert {"matmul_f32", "cublas_gemm_f32", "matmul_f16", "cublas_gemm_f16"} <= products, products
    rows = [json.loads(line) for line in read(out, "gpu-check.jsonl").splitlines()]
    assert all(r["device"] == "Stand-in GPU 0" and r["samples"] >= 3 for r in rows)
    assert all(r["result"] == "ok" for r in rows if r["kind"] != "bare")
    for name in ["f32", "stream", "threads"]:
        assert f"| {name} | " in told and " 0 failed" in read(out, f"conformance-{name}.out")
    before = os.stat(os.path.join(out, "bench-matmul.out")).st_mtime_ns
    os.remove(os.path.join(out, "bench-launch.done"))  # as if it had been ended there
    said = gpu_check(out, "conformance", "bench")[0]
    assert "bench-launch: done\n" in said and "bench-matmul: done before\n" in said, said
    assert os.stat(os.path.join(out, "bench-matmul.out")).st_mtime_ns == before


def test_failures_are_told(out):
    wrong = {"VANE_FAKE_CUDA": "fail=cuLaunchKernel:2@1+,misuse=report"}
    said = gpu_check(out, "bench", code=1, **wrong)[0]
    assert "bench-launch: FAILED" in said and "bench-before: FAILED" in said, said
    gpu_check(out, "table", **wrong)
    told = read(out, "gpu-check.md")
    assert " FAILED: " in told and "Conformance was not run." in told, told


def test_what_is_missing_is_one_sentence(out):
    def missing(words, part, **env):
        said, why = gpu_check(out, part, code=1, **env)
        assert said == "" and why.startswith("gpu-check: ") and why.count("\n") == 1, (said, why)
        assert words in why, why
    missing("no device", "bench", VANE_FAKE_CUDA="devices=0")
    missing("cuInit gave its code 999", "conformance", VANE_FAKE_CUDA="fail=cuInit:999")
    missing("nothing was measured", "table")
    if not os.path.exists("/dev/nvidiactl"):  # here there may be a real one
        missing("no NVIDIA driver: libcuda.so.1", "build", LD_LIBRARY_PATH="")
    p = subprocess.run(["sh", SCRIPT, "-b", out, "bench"], stderr=subprocess.PIPE, encoding="utf-8", check=False)
    assert p.returncode == 1 and f"nothing is built in {out}" in p.stderr, p.stderr
    p = subprocess.run(["sh", SCRIPT, "dance"], stderr=subprocess.PIPE, encoding="utf-8", check=False)
    assert p.returncode == 2 and "tools/gpu-check" in p.stderr, p.stderr


# ---- the verdicts ----------------------------------------------------------------------------


def op(what, shape, gb_per_s, **more):
    return {"kind": "op", "what": what, "name": f"{what}_f32", "dtype": "f32", "shape": shape, "device": "Made-up GPU",
            "driver": "1", "median_ns": 1e6, "bytes": 1, "gb_per_s": gb_per_s, "gflop_per_s": 1, "chosen": None,
            "settled": False, "result": "ok", "why": None, **more}


def bare(what, name, **more):
    return {"kind": "bare", "what": what, "name": name, "device": "Made-up GPU", "driver": "1", "median_ns": 1e6,
            "bytes": 0, "gb_per_s": 0, **more}


def verdicts(*rows):
    return [table.line(r, rows)[-1] for r in rows if r["kind"] != "bare"]


def test_shares_of_the_copy(_out):
    peers = [bare("copy", "device", gb_per_s=900), bare("copy", "device", gb_per_s=1000)]  # the better one counts
    large, small = "67108864", "67108863"
    got = verdicts(*peers, op("add", large, 900), op("add", large, 899), op("add", small, 1),
                   op("reduce_sum", large, 850), op("dot", large, 849), op("softmax", "32768x2048", 800),
                   op("softmax", "32768x2048", 799))
    assert got == ["PASS (asked: 90%)", "MISS (asked: 90%)", "", "PASS (asked: 85%)", "MISS (asked: 85%)",
                   "PASS (asked: 80%)", "MISS (asked: 80%)"], got
    halves = op("add", large, 1, dtype="f16")
    assert verdicts(*peers, halves) == [""] and verdicts(op("add", large, 900)) == [""]
    assert verdicts(*peers, op("add", large, 900, result="WRONG", why="element | 3")) == ["WRONG: element / 3"]


def test_launches_and_link(_out):
    def link(gb_per_s, name, size):
        return {**op("up", "", gb_per_s), "kind": "link", "name": name, "bytes": size, "dtype": None, "shape": None}
    peers = [bare("relu", "one wait", median_ns=3000), bare("relu", "one wait", median_ns=2000),
             bare("up", "pinned", gb_per_s=50), bare("up", "plain", gb_per_s=10)]
    launches = [{**op("relu", "1", None), "kind": "launch", "name": "one wait", "median_ns": ns} for ns in (3000, 3001)]
    got = verdicts(*peers, *launches, link(45, "pinned", 1 << 24), link(44.9, "pinned", 1 << 24), link(1, "pinned", 1 << 20),
                   link(1, "plain", 1 << 24))
    assert got == ["PASS (asked: 1 us)", "MISS (asked: 1 us)", "PASS (asked: 90%)", "MISS (asked: 90%)", "", ""], got


def test_products(_out):
    def both(own_ns, library_ns, taken, settled=True):
        rows = [op("matmul", "8x8", 1, median_ns=own_ns, chosen=taken == 0, settled=settled),
                op("matmul", "8x8", 1, median_ns=library_ns, chosen=taken == 1, settled=settled, name="cublas_gemm_f32")]
        return verdicts(*rows)
    assert both(100, 60, 1) == ["PASS (asked: 60%)", "taken by the policy: PASS"]
    assert both(101, 60, 0) == ["MISS (asked: 60%); taken by the policy: MISS", ""]
    assert both(100, 105, 1, settled=False) == ["PASS (asked: 60%)", "taken by the policy: PASS, not settled"]
    assert verdicts(op("matmul", "8x8", 1)) == [""]


def test_the_stand_in_is_never_judged(_out):
    rows = [bare("copy", "device", gb_per_s=1000, device="Stand-in GPU 0"),
            op("add", "67108864", 999, device="Stand-in GPU 0")]
    told = "\n".join(table.document("x", rows, [], "2026-01-01"))
    assert "Not a GPU" in told and "0 PASS, 0 MISS" in told and "not judged" in told
    assert "Not a GPU" not in "\n".join(table.document("x", [op("add", "1", 1)], [], "2026-01-01"))


def main():
    passed = failed = 0
    for name, test in [(n, f) for n, f in globals().items() if n.startswith("test_")]:
        with tempfile.TemporaryDirectory() as out:
            try:
                test(out)
                passed += 1
            except Exception:
                failed += 1
                print(f"FAILED: {name}")
                traceback.print_exc(file=sys.stdout)
    print(f"{passed} passed, {failed} failed, 0 skipped")
    return 1 if failed or not passed else 0


sys.exit(main())
